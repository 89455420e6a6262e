"""Evidence as bytes: RFC 8785, integers and strings only; an integer that a reader of JSON would round is text.

Python's own writer gives that form for what stands in these documents: keys are ASCII, no number is a float and none is over 2^53 - 1.
A test holds it to an independent implementation, which is slower.
"""

from __future__ import annotations

import hashlib
import json

from sankofa_observe.sla.calendar import Calendar, TableCalendar
from sankofa_observe.sla.evidence.document import FORMAT, Day, DayLeaf, EdgeCounts, Evidence, Identity, Json, RowName
from sankofa_observe.sla.overlay import plain
from sankofa_observe.sla.settlement import ChainIdentity, Row
from sankofa_observe.slo import quorum

DOCUMENT = b"\x03"  # the first byte of what is hashed into the hash on chain
MAX_SAFE = 2**53 - 1  # the largest integer that every reader of JSON keeps


def canonical(value: Json) -> bytes:
    """RFC 8785 bytes of a value that has only integers up to `MAX_SAFE`, strings, lists and objects."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def exact(number: int) -> int | str:
    """A number as the document writes it."""
    return number if -MAX_SAFE <= number <= MAX_SAFE else str(number)


def sha256(raw: bytes) -> str:
    return "0x" + hashlib.sha256(raw).hexdigest()


def written(evidence: Evidence) -> bytes:
    """The whole document, as the archive keeps it."""
    return canonical(json_of(evidence))


def document_hash(identity: Identity) -> str:
    """What goes on chain: over the root and, by one hash, all else of the identity, so that whoever shows the root need not show that."""
    return document_hash_of(identity.root, rest_digest(identity))


def attested_row(document: Evidence, revision: int = 1) -> tuple[ChainIdentity, Row]:
    """The one row of a reviewed document, and the contract it is for: what may be signed and nothing else."""
    identity = document.identity
    row = Row(
        **vars(identity.row),
        revision=revision,
        good=identity.high_good,
        valid=identity.base,
        document_hash=document_hash(identity),
    )
    return identity.chain, row


def document_hash_of(root: str, rest: str) -> str:
    return sha256(DOCUMENT + bytes.fromhex(root[2:]) + bytes.fromhex(rest[2:]))


def rest_digest(identity: Identity) -> str:
    """SHA-256 of the canonical identity without its root."""
    return sha256(canonical({name: value for name, value in identity_json(identity).items() if name != "root"}))


def json_of(evidence: Evidence) -> Json:
    source = evidence.provenance
    provenance = {**vars(source), "queries": list(source.queries)}
    return {
        "format": FORMAT,
        "identity": identity_json(evidence.identity),
        "days": [day_json(day) for day in evidence.days],
        "provenance": provenance,
        "checksum": checksum(document_hash(evidence.identity), provenance),
    }


def checksum(of_identity: str, provenance: Json) -> str:
    """Tells damage in what the hash on chain does not cover; it proves nothing."""
    return sha256(canonical({"document_hash": of_identity, "provenance": provenance}))


def identity_json(identity: Identity) -> Json:
    terms = identity.agreement
    return {
        "format": FORMAT,
        "settlement_id": identity.settlement_id,
        "chain": vars(identity.chain),
        "row": row_json(identity.row),
        "calendar": calendar_json(identity.calendar),
        "agreement": {
            **vars(terms),
            "fee_minor": exact(terms.fee_minor),
            "bands": [list(band) for band in terms.bands],
        },
        **counted_json(identity),
        "days": [leaf_json(leaf) for leaf in identity.days],
        "root": identity.root,
        "overlay": plain(identity.overlay),
        "attainment": {name: exact(getattr(identity, name)) for name in ("good", "bad", "unknown")},
        "verdict": identity.verdict,
        "credit": {"credit_ppm": identity.credit_ppm, "credit_minor": exact(identity.credit_minor)},
    }


def row_json(row: RowName) -> Json:
    return {"agreement": row.agreement_id, "period": row.period_index, "slo": row.slo_index}


def calendar_json(calendar: Calendar) -> Json:
    """Its id and what it is of: the bounds of a table, or anchor, seconds and number of periods."""
    table = list(calendar.bounds) if isinstance(calendar, TableCalendar) else []
    fixed = [] if isinstance(calendar, TableCalendar) else [calendar.anchor_at, calendar.seconds, calendar.periods]
    return {"id": calendar.id, "bounds": table, "fixed": fixed}


def counted_json(identity: Identity) -> Json:
    """What the root binds beside the days: by which rules and whom they were counted, and what stands at their edges."""
    return {
        "slo": vars(identity.slo),
        "period": [identity.period.starts_at, identity.period.ends_at],
        "observers": quorum.plain(identity.observers),
        "edges": [edges_json(each) for each in identity.edges],
    }


def edges_json(edges: EdgeCounts) -> Json:
    return [exact(n) for n in (edges.settled, edges.after_good, edges.after_bad, edges.after_hidden)]


def leaf_json(leaf: DayLeaf) -> Json:
    return [leaf.day, leaf.slots, leaf.rows_digest, leaf.proofs_digest]


def day_json(day: Day) -> Json:
    return {"day": day.day, "rows": list(day.rows), "proofs": [[start, proof] for start, proof in day.proofs]}
