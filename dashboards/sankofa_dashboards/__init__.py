"""Grafana boards as typed values, written to `generated/*.json` by `python -m sankofa_dashboards --write`.

grafanalib lays out and serialises; `finish` brings its output to today's schema. Built ahead of time and shipped as data;
nothing but `sankofa-observe dashboards generate` imports this package at run time.
"""
