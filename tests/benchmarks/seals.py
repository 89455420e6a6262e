"""One IBFT2 block that the lab signed: header hashed, seals recovered by libsecp256k1, against eth-keys in Python."""

from __future__ import annotations

import time
from collections.abc import Callable

from eth_keys.backends.native.main import NativeECCBackend
from eth_keys.datatypes import PrivateKey

from sankofa_exporters.besu.network.snapshot.headers import parse_header
from tests.exporters.besu.vectors import LAB, vector

from .report import Row, Table, less

ROUNDS = 5


def run() -> Table:
    block = vector(LAB)
    header = parse_header(block)
    seals = len(header.signers)
    ours = _best(lambda: parse_header(block)) * 1000
    peer = _best(_slowly(seals)) * 1000
    return Table(
        title=f"Who sealed a block: {seals} seals of {len(header.validators)} validators",
        peer="eth-keys, pure Python",
        how=(
            "Ours reads the header from JSON, hashes it anew and recovers every seal; the peer recovers as many signatures and "
            f"does nothing else. CPU of the best of {ROUNDS} rounds. In steady state a probe does this for one or two new blocks."
        ),
        rows=(
            less("CPU for a block", ours, peer, "ms", 2),
            Row(what="CPU for one seal", ours=f"{ours / seals:.2f} ms", peer=f"{peer / seals:.2f} ms"),
        ),
    )


def _slowly(seals: int) -> Callable[[], object]:
    """Recovery of as many signatures as the block has seals, by a backend without C."""
    backend, key = NativeECCBackend(), PrivateKey(b"\x01" * 32)
    messages = [number.to_bytes(32, "big") for number in range(seals)]
    signed = [(message, key.sign_msg_hash(message)) for message in messages]

    def work() -> None:
        if {backend.ecdsa_recover(*pair) for pair in signed} != {key.public_key}:
            raise AssertionError("the peer recovered another key")

    return work


def _best(work: Callable[[], object]) -> float:
    durations = []
    for _ in range(ROUNDS):
        started = time.process_time()
        work()
        durations.append(time.process_time() - started)
    return min(durations)
