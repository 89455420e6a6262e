"""The consensus APIs by their prefix: which method tells the validators, and which the votes that wait.

Besu has qbft_, ibft_ and, up to 26.2, clique_; Quorum has istanbul_ for both of its dialects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sankofa_exporters.besu.rpc.snapshot.dialects import MAX_VALIDATORS
from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.reading.coerce import flag

NEXT = "pending"  # Besu's name for the block that is yet to be made


class Api(NamedTuple):
    validators: str
    votes: str
    tells_next: bool = False  # the set of the block that is yet to be made


APIS = {
    "qbft": Api("qbft_getValidatorsByBlockNumber", "qbft_getPendingVotes", tells_next=True),
    "ibft": Api("ibft_getValidatorsByBlockNumber", "ibft_getPendingVotes", tells_next=True),
    "istanbul": Api("istanbul_getValidators", "istanbul_candidates"),
    "clique": Api("clique_getSigners", "clique_proposals"),
}
BY_DIALECT = {
    "qbft": ("qbft", "istanbul"),
    "ibft2": ("ibft",),
    "ibft1": ("istanbul",),
    "clique": ("clique",),
}


def parse_address(value: Any, method: str) -> bytes:
    try:
        found = bytes.fromhex(value[2:]) if isinstance(value, str) and value[:2] == "0x" else b""
    except ValueError:
        found = b""
    if len(found) != 20:  # noqa: PLR2004 - an address
        raise CollectorError(Kind.DECODE, f"{method}: not an address")
    return found


def parse_validators(value: Any, method: str) -> tuple[bytes, ...]:
    """Addresses in the node's order, each once."""
    if not isinstance(value, list) or not value:
        raise CollectorError(Kind.DECODE, f"{method}: no list of validators")
    if len(value) > MAX_VALIDATORS:
        raise CollectorError(Kind.LIMIT, f"{method}: more than {MAX_VALIDATORS} validators")
    found = tuple(parse_address(one, method) for one in value)
    if len(set(found)) != len(found):
        raise CollectorError(Kind.DECODE, f"{method}: a validator is listed twice")
    return found


def parse_votes(value: Any, method: str) -> Mapping[bytes, bool]:
    """Candidate to add (true) or drop (false)."""
    if not isinstance(value, Mapping):
        raise CollectorError(Kind.DECODE, f"{method}: no votes")
    if len(value) > MAX_VALIDATORS:
        raise CollectorError(Kind.LIMIT, f"{method}: more than {MAX_VALIDATORS} votes")
    votes = {parse_address(candidate, method): flag(vote) for candidate, vote in value.items()}
    if any(vote is None for vote in votes.values()):
        raise CollectorError(Kind.DECODE, f"{method}: a vote that is neither true nor false")
    return {candidate: bool(vote) for candidate, vote in votes.items()}


def first_answer(answers: Sequence[Any]) -> Any:
    """The first that is no error. When none is: an error that is not about a missing method tells more than one that is."""
    for answer in answers:
        if not isinstance(answer, CollectorError):
            return answer
    errors = [one for one in answers if isinstance(one, CollectorError)]
    telling = next((one for one in errors if one.failure.kind is not Kind.PERMISSION), errors[0])
    raise CollectorError.of(telling.failure)
