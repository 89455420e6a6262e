"""Prometheus rules as typed values, written to `generated/*.yaml` by `python -m sankofa_rules --write`.

Assumes the target labels tier, region, site and system on every exporter series. Rules are vectorised: their number grows with
SLOs, never with sites. `sankofa-observe rules generate` makes them of other specs; nothing else imports this package at run time.
"""
