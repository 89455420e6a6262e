"""What each setting of an attestor apart means: the part of its table that the code has no words for."""  # noqa: INP001  beside a script

from __future__ import annotations

ATTEST_MEANINGS = {
    "name": "Name in its log.",
    "data_dir": "Folder of its own, in which it remembers what it has said; made when absent.",
    "folder": "The folder that it shares with the proposer; it must be there.",
    "specs": "Its own copy of the fleet, the SLOs and the agreements.",
    "prometheus.url": "Its own Prometheus, that scrapes its own exporters.",
    "prometheus.headers": "Headers sent with each query.",
    "chain.chain_id": "The chain of the contract that it signs for.",
    "chain.contract": "Address of the contract: for another one it signs nothing.",
    "key.keystore": "Its encrypted key.",
    "key.password_file": "File with its password.",
    "exclusions_file": "What it was told of exclusions: as `exclusions list --json` writes it. Without it, it knows of none.",
    "every_seconds": "Seconds between two turns.",
    "metrics_listen": "Where its metrics are scraped. Empty: nowhere.",
}
