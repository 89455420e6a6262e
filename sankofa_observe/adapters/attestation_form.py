"""Proposals, answers and signatures as files of JSON: what is written, and how what a stranger may have written is read.

An answer is signed by the attestor's key as typed data of a domain of its own, so that an objection can be shown to others; no
signature over an answer is one over a batch. Every reader raises `Unusable` in words that hold nothing of the file but its place.
"""

from __future__ import annotations

import json
import re
from typing import Any

import rfc8785
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_hash.auto import keccak

from sankofa_observe.adapters.contract import typed_batch
from sankofa_observe.adapters.whole_files import DIGEST
from sankofa_observe.errors import Unusable
from sankofa_observe.ports import Answer, Asked, AttestorSet, Proposal, Signer, Word
from sankofa_observe.sla.settlement import MAX_BATCH, MAX_REVISION, ChainIdentity

PROPOSAL, ANSWER, SIGNATURE, BEAT = (f"sankofa-{one}/1" for one in ("proposal", "answer", "signature", "attestor"))
MOST_BYTES = 256 * 1024  # of each of these; a batch of 100 rows has 10 kB
MOST_REASON_CHARS = 2000
MOST_DOCUMENT_BYTES = 64 * 2**20
_SIGNATURE = re.compile(r"0x[0-9a-f]{130}")
_ADDRESS = re.compile(r"0x[0-9a-f]{40}")
_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0  # the contract takes no larger s
_TYPES = {
    "document": "bytes32",
    "word": "string",
    "reason": "string",
    "since": "uint64",
    "at": "uint64",
    "papers": "bytes32",
}
_DOMAIN = {"name": "string", "version": "string", "chainId": "uint256", "verifyingContract": "address"}
_MAX_SECONDS = 2**40


def proposal_raw(proposal: Proposal) -> bytes:
    return rfc8785.dumps(
        {
            "format": PROPOSAL,
            "chain_id": proposal.chain.chain_id,
            "contract": proposal.chain.contract,
            "epoch": proposal.attestors.epoch,
            "config_digest": proposal.attestors.config_digest,
            "rows": [{"document": one, "revision": revision} for one, revision in proposal.revisions.items()],
        }
    )


def digest_of(raw: bytes) -> str:
    """The name of a proposal's file."""
    return "0x" + keccak(raw).hex()


def asked_of(raw: bytes, name: str, where: str) -> Asked:
    """A proposal as it was read; its name is the digest of its bytes."""
    if digest_of(raw) != name:
        raise Unusable(f"{where}: torn or changed; it is no proposal of its name")
    found = _object(raw, where, {"format", "chain_id", "contract", "epoch", "config_digest", "rows"}, PROPOSAL)
    rows = [
        one if isinstance(one, dict) and set(one) == {"document", "revision"} else {} for one in _list(found["rows"])
    ]
    documents = [one.get("document") for one in rows]
    whole = (
        _is_number(found["chain_id"], 2**53)
        and _matches(_ADDRESS, found["contract"])
        and _is_number(found["epoch"], 2**32 - 1)
        and _matches(DIGEST, found["config_digest"])
        and 1 <= len(documents) <= MAX_BATCH
        and all(_matches(DIGEST, one) for one in documents)
        and all(_is_number(one["revision"], MAX_REVISION) and one["revision"] for one in rows)
        and len(set(documents)) == len(documents)
    )
    if not whole:
        raise Unusable(
            f"{where}: no proposal; expected a contract, a set of attestors and 1 to {MAX_BATCH} documents with revisions"
        )
    return Asked(
        id=name,
        chain=ChainIdentity(chain_id=found["chain_id"], contract=found["contract"]),
        attestors=AttestorSet(members=(), threshold=0, epoch=found["epoch"], config_digest=found["config_digest"]),
        revisions={str(one["document"]): int(one["revision"]) for one in rows},
    )


def answer_raw(answer: Answer, chain: ChainIdentity, key: Signer) -> bytes:
    values = {
        "document": answer.document,
        "word": answer.word.value,
        "reason": answer.reason[:MOST_REASON_CHARS],
        "since": answer.since_at,
        "at": answer.at,
        "papers": answer.papers,
    }
    signature = key.sign_typed_data(_typed_answer(values, chain))
    return rfc8785.dumps({"format": ANSWER, **values, "signature": "0x" + signature.hex()})


def answer_of(raw: bytes, document: str, chain: ChainIdentity, account: str, where: str) -> Answer:
    """An attestor's answer on this document, by its own key and for this contract."""
    found = _object(raw, where, {"format", *_TYPES, "signature"}, ANSWER)
    whole = (
        all(isinstance(found[name], str) for name in ("word", "reason", "signature"))
        and found["word"] in set(Word)
        and len(found["reason"]) <= MOST_REASON_CHARS
        and all(_is_number(found[name], _MAX_SECONDS) for name in ("since", "at"))
        and _matches(DIGEST, found["papers"])
        and _matches(_SIGNATURE, found["signature"])
    )
    if not whole:
        raise Unusable(f"{where}: no answer; expected a word, its reason, its times and a signature")
    if found["document"] != document:
        raise Unusable(f"{where}: an answer on another document")
    values = {name: found[name] for name in _TYPES}
    signer = _signer(_typed_answer(values, chain), bytes.fromhex(found["signature"][2:]), where)
    if signer != account:
        raise Unusable(f"{where}: signed by {signer}, expected {account}: a stranger's key, or for another contract")
    return Answer(
        document=document,
        word=Word(found["word"]),
        reason=found["reason"],
        since_at=found["since"],
        at=found["at"],
        papers=found["papers"],
    )


def signature_raw(asked: Asked, signature: bytes) -> bytes:
    return rfc8785.dumps({"format": SIGNATURE, "proposal": asked.id, "signature": "0x" + signature.hex()})


def signature_of(raw: bytes, proposal: Proposal, account: str, where: str) -> bytes:
    """65 bytes that the contract takes for this account's over exactly this batch."""
    found = _object(raw, where, {"format", "proposal", "signature"}, SIGNATURE)
    if found["proposal"] != digest_of(proposal_raw(proposal)) or not _matches(_SIGNATURE, found["signature"]):
        raise Unusable(f"{where}: no signature of this proposal; expected its digest and 65 bytes")
    signature = bytes.fromhex(found["signature"][2:])
    signer = _signer(typed_batch(proposal.rows, proposal.attestors, proposal.chain), signature, where)
    if signer != account:
        raise Unusable(f"{where}: signed by {signer}, expected {account}: a stranger's key, or another batch")
    return signature


def beat_raw(at: int) -> bytes:
    return rfc8785.dumps({"format": BEAT, "at": at})


def beat_of(raw: bytes, where: str) -> int:
    found = _object(raw, where, {"format", "at"}, BEAT)
    if not _is_number(found["at"], _MAX_SECONDS):
        raise Unusable(f"{where}: no time of a turn")
    return int(found["at"])


def _signer(message: dict[str, Any], signature: bytes, where: str) -> str:
    if signature[64] not in {27, 28} or not 0 < int.from_bytes(signature[32:64], "big") <= _HALF_ORDER:
        raise Unusable(f"{where}: a signature in a form that the contract does not take")
    try:
        return str(Account.recover_message(encode_typed_data(full_message=message), signature=signature)).lower()
    except Exception as error:  # noqa: BLE001  whatever a library makes of a stranger's bytes
        raise Unusable(f"{where}: no signature ({type(error).__name__})") from None


def _typed_answer(values: dict[str, Any], chain: ChainIdentity) -> dict[str, Any]:
    fields = {
        name: [{"name": one, "type": kind} for one, kind in of.items()]
        for name, of in (("EIP712Domain", _DOMAIN), ("Answer", _TYPES))
    }
    message = {
        name: bytes.fromhex(values[name][2:]) if kind == "bytes32" else values[name] for name, kind in _TYPES.items()
    }
    domain = {
        "name": "SankofaAttestorAnswer",
        "version": "1",
        "chainId": chain.chain_id,
        "verifyingContract": chain.contract,
    }
    return {"types": fields, "primaryType": "Answer", "domain": domain, "message": message}


def _object(raw: bytes, where: str, keys: set[str], form: str) -> dict[str, Any]:
    """An object of exactly these names."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Unusable(f"{where}: no JSON ({type(error).__name__}); torn, or none of ours") from None
    if not isinstance(found, dict) or set(found) != keys or found["format"] != form:
        raise Unusable(f"{where}: not of the form {form}")
    return found


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_number(value: Any, most: int) -> bool:
    return type(value) is int and 0 <= value <= most
