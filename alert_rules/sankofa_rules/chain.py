"""Alerts of a chain: one for a network, not one for each of its readers, so that the site of such an alert is the network.

Nodes whose targets have no label `network` are taken to be of one chain: one of them that is behind is no stalled chain.
"""

from __future__ import annotations

UNNAMED_CHAIN = "chain"


def by_chain(expr: str) -> str:
    """`expr` is aggregated by network; its series get the site of the alert, and tier and region are the alert's constants."""
    named = f'label_replace({expr}, "site", "$1", "network", "(.+)")'
    return f'sum without (network) (label_replace({named}, "site", "{UNNAMED_CHAIN}", "site", ""))'
