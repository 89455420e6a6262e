"""Imported beside eth_account and web3, for what these do to the process.

They import py_ecc, which raises the limit of recursion to 100,000: from then on an answer of a node that is nested deeply enough ends
the process by a fault of its stack, where it should be refused. Here the limit is put back.
"""

from __future__ import annotations

import sys

import eth_keyfile  # noqa: F401  what imports py_ecc: once that was done, it is not done again

LIMIT = 1000  # Python's own

sys.setrecursionlimit(LIMIT)
