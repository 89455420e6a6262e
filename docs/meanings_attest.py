"""What each setting of an attestor apart means, and of a key that is elsewhere: what the code has no words for."""  # noqa: INP001  beside a script

from __future__ import annotations

WEB3SIGNER_MEANINGS = {
    "": "A Web3Signer that holds the key, in place of a keystore: [keep keys](../how-to/keep-keys.md).",
    ".url": "Where it listens, in its eth1 mode.",
    ".account": "The account it signs for.",
    ".ca_file": "PEM of the authority its certificate is of. None: the public ones.",
    ".client_certificate_file": "PEM of our certificate, where it asks for one.",
    ".client_key_file": "PEM of its key, without a password, mode 600 or 640.",
    ".header_file": "File with one header, `Name: value`, for a proxy before it: `Authorization` for a password or a token. Mode 600 or 640.",
}
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
    "jurisdictions": "As in the settings of the platform, of the attestor's own folders.",
    "metrics_listen": "Where its metrics are scraped. Empty: nowhere.",
}
ATTEST_MEANINGS |= {f"key.web3signer{name}": text for name, text in WEB3SIGNER_MEANINGS.items()}
