"""Prometheus rules as typed values, written to `generated/*.yaml` by `python -m sankofa_rules --write`.

Assumes the target labels site, tier and region on every exporter series. Rules are vectorised: their number grows with
the kinds of promises, never with sites. Built ahead of time and shipped as data; nothing imports this package at run time.
"""
