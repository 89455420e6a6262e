"""The two kinds of files of this format, and what is checked of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sankofa_observe.verify.chain import NOT_ASKED, NOT_NAMED
from sankofa_observe.verify.evidence_2 import summary, tree
from sankofa_observe.verify.evidence_2.form import (
    DAY_SECONDS,
    DOCUMENT,
    EDGES,
    FORMAT,
    SLOT,
    Row,
    Stretch,
    canonical,
    canonical_form,
    check_shape,
    listed,
    number,
    row_of,
    sha256,
)
from sankofa_observe.verify.evidence_2.outages import one_history
from sankofa_observe.verify.evidence_2.overlay import JUDGED, add_up, refuse_overlay, uses
from sankofa_observe.verify.evidence_2.period import bands_fall, judge, price, settlement_id
from sankofa_observe.verify.evidence_2.rows import is_unrecorded, row_checks, settled_before
from sankofa_observe.verify.evidence_2.rules import (
    completeness,
    days_of,
    refuse_exponent,
    refuse_unknown,
    scrapes_of_a_slot,
    starts_of,
)
from sankofa_observe.verify.findings import CannotCheck, Check, Findings, OnChain

_SAMPLES = (
    "that the samples are those that were scraped, and GOOD slots good: attestors count from their own, and so can you"
)
_TERMS = "that the terms are yours: compare agreement.terms_hash, fee, cap and bands with your copy of the specs"
_NO_TERMS = "anything about terms, verdict and credit: the whole document has them"


def document(raw: bytes, file: dict[str, Any]) -> Findings:
    """A whole document: a period of one promise at one site."""
    check_shape(file, DOCUMENT)
    identity = file["identity"]
    rows = [row_of(line) for day in file["days"] for line in day["rows"]]
    carried = [proof for day in file["days"] for _, proof in day["proofs"]]
    refuse_unknown(identity, rows, carried)
    refuse_exponent(identity["agreement"]["exponent"])
    refuse_overlay(identity)
    checks = list(_document_checks(raw, file, rows))
    document_hash = sha256(canonical(identity))
    attained = {name: number(count) for name, count in identity["attainment"].items()}
    high = attained["good"] + attained["unknown"]
    words = {
        "documentHash": document_hash,
        "evidenceRoot": identity["root"],
        "good": str(high),
        "valid": str(high + attained["bad"]),
        "creditMinor": str(number(identity["credit"]["credit_minor"])),
    }
    return Findings(
        checks=tuple(checks),
        summary={**summary.of_document(identity), "document": document_hash},
        on_chain=_on_chain(identity, words),
        proved=(
            "slots follow from the raw samples in the file, and are complete",
            "verdict and credit follow from slots and terms",
            "hash, root and settlement id are those of these numbers",
        ),
        not_proved=(_SAMPLES, *_claimed(identity, rows), *_excluded(identity, rows), _TERMS, NOT_ASKED, NOT_NAMED),
    )


def _claimed(file: dict[str, Any], rows: list[Row]) -> Iterator[str]:
    """What no sample in the file speaks for, as far as this one claims any."""
    edges = [f"{name} {count}" for name, count in zip(EDGES, file["edges"], strict=True) if count]
    if edges:
        yield f"what stands outside the period and may belong to it ({', '.join(edges)}): attestors count it from their own"
    never = sum(is_unrecorded(file["slo"], row) for row in rows)
    if never:
        yield f"that {never} slot{'s were' if never > 1 else ' was'} never recorded: attestors look for samples of their own"


def _excluded(identity: dict[str, Any], rows: list[Row]) -> Iterator[str]:
    """Exclusions are applied here as they are listed; that they were agreed is known to those who were told of them."""
    overlay, taken = identity["overlay"], sum(use != JUDGED for use in uses(identity, rows))
    if overlay["since_at"]:
        yield f"that the site was deployed at second {overlay['since_at']}, before which nothing is promised: attestors have the fleet file"
    if listed_ones := overlay["exclusions"]:
        yield (
            f"that {len(listed_ones)} exclusion{'s were' if len(listed_ones) > 1 else ' was'} announced in time and approved: attestors "
            f"compare with those they know, and so can you ({taken} of {len(rows)} slots {overlay['excluded_slots']})"
        )


def _on_chain(file: dict[str, Any], words: dict[str, str]) -> OnChain:
    return OnChain(
        chain_id=file["chain"]["chain_id"],
        contract=file["chain"]["contract"],
        settlement_id=file["settlement_id"],
        words=words,
    )


def _document_checks(raw: bytes, file: dict[str, Any], rows: list[Row]) -> Iterator[Check]:
    identity = file["identity"]
    rules, edges = identity["slo"], [number(one) for one in identity["edges"]]
    yield canonical_form(raw, file)
    yield Check(what="format of the identity", claimed=identity["format"], found=FORMAT)
    document_hash = sha256(canonical(identity))
    sealed = sha256(canonical({"document_hash": document_hash, "provenance": file["provenance"]}))
    yield Check(what="checksum", claimed=file["checksum"], found=sealed)
    yield scrapes_of_a_slot(rules)
    yield from completeness(identity, rows)
    yield from _day_checks(file)
    if len(rows) != len(starts_of(identity)):
        return
    carried = dict(proof for day in file["days"] for proof in day["proofs"])
    stretch = Stretch(rules=rules, rows=rows, proofs=carried, settled=edges[0], after=tuple(edges[1:]))
    for n in range(len(rows)):
        yield from row_checks(stretch, n)
    yield from one_history(stretch)
    used = uses(identity, rows)
    attained, judged = (
        add_up(rules, rows, used, edges),
        [row for row, use in zip(rows, used, strict=True) if use == JUDGED],
    )
    claimed = {name: number(count) for name, count in identity["attainment"].items()}
    yield Check(what="attainment", claimed=_named(claimed), found=_named(attained))
    yield Check(what="verdict", claimed=identity["verdict"], found=judge(rules, judged, attained))
    yield Check(what="bands fall from the target and pay more", claimed="True", found=str(bands_fall(identity)))
    credit = {name: number(value) for name, value in identity["credit"].items()}
    yield Check(what="credit", claimed=_named(credit), found=_named(price(identity["agreement"], attained)))
    found = settlement_id(identity["chain"], identity["agreement"]["id"], identity)
    yield Check(what="settlement id", claimed=identity["settlement_id"], found=found)


def _day_checks(file: dict[str, Any]) -> Iterator[Check]:
    """The days are those of the period; each one's slots and proofs are its own, under its leaf; all leaves are under the root.

    Were a day without slots, or a proof under another day, let through, the same slots had many identities.
    """
    identity = file["identity"]
    leaves = identity["days"]
    days = [day["day"] for day in file["days"]]
    yield Check(what="days", claimed=listed(leaf[0] for leaf in leaves), found=listed(days))
    expected = days_of(identity)
    if len(days) != len(expected):  # compared first: a period may be as long as a forger likes
        yield Check(what="days of the period", claimed=f"{len(days)} days", found=f"{len(expected)} days")
    else:
        yield Check(what="days of the period", claimed=listed(days), found=listed(expected))
    for leaf, day in zip(leaves, file["days"], strict=False):
        starts = [int(line.partition(",")[0]) for line in day["rows"]]
        strays = [start for start in starts if start // DAY_SECONDS != day["day"]]
        yield Check(what=f"day {day['day']}: slots of other days", claimed="", found=listed(strays[:5]))
        yield Check(what=f"day {day['day']}: number of slots", claimed=str(leaf[1]), found=str(len(day["rows"])))
        yield Check(what=f"day {day['day']}: slots", claimed=leaf[2], found=tree.lines_digest(day["rows"]))
        yield _proofs_of(day["rows"], [start for start, _ in day["proofs"]], f"day {day['day']}: ")
        digests = [(start, sha256(canonical(proof))) for start, proof in day["proofs"]]
        yield Check(what=f"day {day['day']}: proofs", claimed=leaf[3], found=tree.proofs_digest(digests))
    root = tree.root_of(tree.top_of(leaves), len(leaves), identity)
    yield Check(what="root", claimed=identity["root"], found=root)


def _proofs_of(lines: list[str], carried: list[int], where: str = "") -> Check:
    """There is one proof for each slot of a day that is not GOOD, in order, and no other."""
    not_good = [line.partition(",")[0] for line in lines if not line.endswith(",GOOD")]
    return Check(what=f"{where}proofs are of the slots not GOOD", claimed=listed(carried), found=listed(not_good))


def slot(raw: bytes, file: dict[str, Any]) -> Findings:
    """The proof of one slot: its day and the way up to the root that the contract holds."""
    check_shape(file, SLOT)
    rows = [row_of(line) for line in file["rows"]]
    refuse_unknown(file, rows, file["proof"])
    at = next((n for n, row in enumerate(rows) if row[0] == file["slot"]), None)
    if at is None:
        raise CannotCheck(f"slot {file['slot']} has no row in its file")
    stretch = _day_of(file, rows)
    settled = settled_before(stretch, at)
    not_proved = [_SAMPLES, *_claimed(file, [rows[at]]), _NO_TERMS, NOT_ASKED, NOT_NAMED]
    if settled is None:
        not_proved.insert(
            0, "the slot's state: what settled before it stands in the day before, which is not in this file"
        )
    checks = [*_slot_checks(raw, file, rows, at)]
    if settled is not None:
        checks += row_checks(stretch, at)
    return Findings(
        checks=tuple(checks),
        summary=summary.of_slot(file, rows[at]),
        on_chain=_on_chain(file, {"evidenceRoot": file["root"]}),
        proved=("the slot is in its day, the day in the period, and the period's root is the settlement's",)
        + (("the slot follows from the raw samples in the file",) if settled is not None and file["proof"] else ()),
        not_proved=tuple(not_proved),
    )


def _day_of(file: dict[str, Any], rows: list[Row]) -> Stretch:
    """The day's rows; of proofs only the slot's own is there, so that of the next row only its counts are known."""
    edges = [number(one) for one in file["edges"]]
    first, last = file["index"] == 0, file["index"] == file["days"] - 1
    proofs = dict(zip([file["slot"]], file["proof"], strict=False))
    empty = sha256(canonical([]))
    proofs |= {start: [] for start, digest in file["proof_digests"] if digest == empty and start != file["slot"]}
    return Stretch(
        rules=file["slo"],
        rows=rows,
        proofs=proofs,
        settled=edges[0] if first else None,
        after=tuple(edges[1:]) if last else None,
    )


def _slot_checks(raw: bytes, file: dict[str, Any], rows: list[Row], at: int) -> Iterator[Check]:
    leaf, day = file["leaf"], file["leaf"][0]
    yield canonical_form(raw, file)
    yield scrapes_of_a_slot(file["slo"])
    starts = starts_of(file)
    own = range(
        max(starts.start, -(-day * DAY_SECONDS // starts.step) * starts.step),
        min(starts.stop, (day + 1) * DAY_SECONDS),
        starts.step,
    )
    yield Check(what="number of slots", claimed=str(leaf[1]), found=str(len(rows)))
    yield Check(
        what="slots of the day are complete", claimed=listed(row[0] for row in rows), found=listed(own[:DAY_SECONDS])
    )
    yield Check(what="slots", claimed=leaf[2], found=tree.lines_digest(file["rows"]))
    digests = [(start, digest) for start, digest in file["proof_digests"]]
    yield _proofs_of(file["rows"], [start for start, _ in digests])
    yield Check(what="proofs", claimed=leaf[3], found=tree.proofs_digest(digests))
    claimed = [digest for start, digest in digests if start == rows[at][0]]
    yield Check(
        what="proof of the slot", claimed=listed(claimed), found=listed(sha256(canonical(one)) for one in file["proof"])
    )
    days = days_of(file)
    yield Check(
        what="place of the day",
        claimed=f"{file['index']} of {file['days']}",
        found=f"{day - days.start} of {len(days)}",
    )
    top = tree.top_by_path(leaf, file["index"], file["days"], file["path"])
    yield Check(what="root", claimed=file["root"], found=tree.root_of(top, file["days"], file))
    found = settlement_id(file["chain"], file["agreement_id"], file)
    yield Check(what="settlement id", claimed=file["settlement_id"], found=found)


def _named(values: dict[str, int]) -> str:
    return " ".join(f"{name}={values[name]}" for name in sorted(values))
