"""The two kinds of files of this format, and what is checked of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

from sankofa_observe.verify.chain import NOT_ASKED, NOT_BOUND, NOT_NAMED
from sankofa_observe.verify.evidence_2 import summary, tree
from sankofa_observe.verify.evidence_2.calendar import calendar_checks, refuse_calendar
from sankofa_observe.verify.evidence_2.form import (
    DOCUMENT,
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
from sankofa_observe.verify.evidence_2.observers import (
    count_of,
    each_of,
    edges_of,
    merged,
    named,
    outside,
    refuse_observers,
    together,
)
from sankofa_observe.verify.evidence_2.outages import one_history
from sankofa_observe.verify.evidence_2.overlay import JUDGED, add_up, refuse_overlay, uses
from sankofa_observe.verify.evidence_2.period import Sums, bands_fall, bounded, judge, price
from sankofa_observe.verify.evidence_2.rows import is_unrecorded, row_checks, settled_before
from sankofa_observe.verify.evidence_2.rules import (
    completeness,
    days_of,
    refuse_exponent,
    refuse_unknown,
    scrapes_of_a_slot,
    starts_in,
    starts_of,
)
from sankofa_observe.verify.findings import CannotCheck, Check, Claims, Findings, OnChain
from sankofa_observe.verify.row import Row as ChainRow

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
    refuse_observers(identity)
    refuse_overlay(identity)
    refuse_calendar(identity)
    checks = list(_document_checks(raw, file, rows))
    document_hash = tree.document_hash(identity["root"], tree.rest_of(identity))
    attained = {name: number(count) for name, count in identity["attainment"].items()}
    high = attained["good"] + attained["unknown"]
    claimed = dict(zip(identity["observers"]["names"] or [""], each_of(identity, rows), strict=True))
    row = _row_of(identity, high, high + attained["bad"], document_hash)
    return Findings(
        checks=tuple(checks),
        summary={**summary.of_document(identity), "document": document_hash},
        on_chain=_on_chain(identity, row, _claims(identity)),
        proved=(
            "slots follow from the raw samples in the file, and are complete",
            "verdict and credit follow from slots and terms",
            "hash, root and settlement id are those of these numbers",
        ),
        not_proved=(_SAMPLES, *_claimed(identity, claimed), *_excluded(identity, rows), _TERMS, NOT_ASKED, NOT_NAMED),
    )


def _claimed(file: dict[str, Any], by_observer: dict[str, list[Row]]) -> Iterator[str]:
    """What no sample in the file speaks for, as far as this one claims any."""
    if edges := outside(file):
        yield f"what stands outside the period and may belong to it ({', '.join(edges)}): attestors count it from their own"
    for name, rows in by_observer.items():
        if never := sum(is_unrecorded(file["slo"], row) for row in rows):
            slots = f"{never} slot{'s' if never > 1 else ''}{f' of {name}' if name else ''} {'were' if never > 1 else 'was'}"
            yield f"that {slots} never recorded: attestors look for samples of their own"


def _excluded(identity: dict[str, Any], rows: list[Row]) -> Iterator[str]:
    """Exclusions are applied here as they are listed; that they were agreed is known to those who were told of them."""
    rows = each_of(identity, rows)[0]  # of each observer the same slots
    overlay, taken = identity["overlay"], sum(use != JUDGED for use in uses(identity, rows))
    if overlay["since_at"]:
        yield f"that the site was deployed at second {overlay['since_at']}, before which nothing is promised: attestors have the fleet file"
    if listed_ones := overlay["exclusions"]:
        yield (
            f"that {len(listed_ones)} exclusion{'s were' if len(listed_ones) > 1 else ' was'} announced in time and approved: attestors "
            f"compare with those they know, and so can you ({taken} of {len(rows)} slots {overlay['excluded_slots']})"
        )


def _row_of(file: dict[str, Any], good: int, valid: int, document_hash: str) -> ChainRow:
    return ChainRow(**file["row"], good=good, valid=valid, document_hash=document_hash)


def _on_chain(file: dict[str, Any], row: ChainRow, claims: Claims | None) -> OnChain:
    start, end = file["period"]
    return OnChain(
        chain_id=file["chain"]["chain_id"],
        contract=file["chain"]["contract"],
        row=row,
        settlement_id=file["settlement_id"],
        promise=f"{file['slo']['name']}/{file['slo']['site']}",
        period=(start, end),
        claims=claims,
    )


def _claims(identity: dict[str, Any]) -> Claims:
    terms = identity["agreement"]
    return Claims(
        calendar=identity["calendar"]["id"],
        version=terms["version"],
        terms_hash=terms["terms_hash"],
        currency=terms["currency"],
        exponent=terms["exponent"],
        fee_minor=number(terms["fee_minor"]),
        cap_ppm=terms["cap_ppm"],
        bands=tuple((below, credit) for below, credit in terms["bands"]),
        credit_ppm=identity["credit"]["credit_ppm"],
    )


def _document_checks(raw: bytes, file: dict[str, Any], rows: list[Row]) -> Iterator[Check]:
    identity = file["identity"]
    observers = count_of(identity)
    yield canonical_form(raw, file)
    yield Check(what="format of the identity", claimed=identity["format"], found=FORMAT)
    document_hash = tree.document_hash(identity["root"], tree.rest_of(identity))
    sealed = sha256(canonical({"document_hash": document_hash, "provenance": file["provenance"]}))
    yield Check(what="checksum", claimed=file["checksum"], found=sealed)
    yield scrapes_of_a_slot(identity["slo"])
    yield from completeness(identity, rows, observers)
    yield from _day_checks(file)
    if len(rows) != observers * len(starts_of(identity)) or len(file["days"]) % observers:
        return
    for n, (own, days) in enumerate(zip(each_of(identity, rows), each_of(identity, file["days"]), strict=True)):
        yield from _row_checks(identity, n, own, days)
    attained, is_bounded, judged = _attained(identity, each_of(identity, rows))
    claimed = {name: number(count) for name, count in identity["attainment"].items()}
    verdict = judge(identity["slo"], judged, attained, is_bounded=is_bounded)
    yield Check(what="attainment", claimed=_named(claimed), found=_named(attained))
    yield Check(what="verdict", claimed=identity["verdict"], found=verdict)
    yield Check(what="bands fall from the target and pay more", claimed="True", found=str(bands_fall(identity)))
    credit = {name: number(value) for name, value in identity["credit"].items()}
    yield Check(what="credit", claimed=_named(credit), found=_named(price(identity["agreement"], attained)))
    yield from calendar_checks(identity)
    yield _settlement_id(identity)


def _row_checks(identity: dict[str, Any], observer: int, rows: list[Row], days: list[Any]) -> Iterator[Check]:
    """Each row of one observer follows from its own proof and neighbours."""
    edges, where = edges_of(identity, observer), named(identity, observer)
    carried = dict(proof for day in days for proof in day["proofs"])
    stretch = Stretch(rules=identity["slo"], rows=rows, proofs=carried, settled=edges[0], after=tuple(edges[1:]))
    of_rows = (check for n in range(len(rows)) for check in row_checks(stretch, n))
    for check in chain(of_rows, one_history(stretch)):
        yield replace(check, what=where + check.what) if where else check


def _attained(identity: dict[str, Any], each: list[list[Row]]) -> tuple[Sums, bool, list[Row]]:
    """What all observers say together, whether it is bounded, and the rows that it was judged from."""
    rules, used = identity["slo"], uses(identity, each[0])
    if rules["budgeting"] == "Timeslices":
        rows = merged(identity, each)
        return add_up(rules, rows, used, edges_of(identity, 0)), True, _judged(rows, used)
    sums = [
        (add_up(rules, rows, used, edges_of(identity, n)), bounded(rules, _judged(rows, used)))
        for n, rows in enumerate(each)
    ]
    return *together(identity, sums), [row for rows in each for row in _judged(rows, used)]


def _judged(rows: list[Row], used: list[str]) -> list[Row]:
    return [row for row, use in zip(rows, used, strict=True) if use == JUDGED]


def _day_checks(file: dict[str, Any]) -> Iterator[Check]:
    """The days are those of the period; each one's slots and proofs are its own, under its leaf; all leaves are under the root.

    Were a day without slots, or a proof under another day, let through, the same slots had many identities.
    """
    identity = file["identity"]
    leaves = identity["days"]
    days = [day["day"] for day in file["days"]]
    yield Check(what="days", claimed=listed(leaf[0] for leaf in leaves), found=listed(days))
    expected, observers = days_of(identity), count_of(identity)
    if len(days) != observers * len(expected):  # compared first: a period may be as long as a forger likes
        yield Check(what="days of the period", claimed=f"{len(days)} days", found=f"{observers * len(expected)} days")
    else:
        yield Check(what="days of the period", claimed=listed(days), found=listed(observers * list(expected)))
    for leaf, day in zip(leaves, file["days"], strict=False):
        yield _slots_of(identity, day)
        yield Check(what=f"day {day['day']}: number of slots", claimed=str(leaf[1]), found=str(len(day["rows"])))
        yield Check(what=f"day {day['day']}: slots", claimed=leaf[2], found=tree.lines_digest(day["rows"]))
        yield _proofs_of(day["rows"], [start for start, _ in day["proofs"]], f"day {day['day']}: ")
        digests = [(start, sha256(canonical(proof))) for start, proof in day["proofs"]]
        yield Check(what=f"day {day['day']}: proofs", claimed=leaf[3], found=tree.proofs_digest(digests))
    root = tree.root_of(tree.top_of(leaves), len(leaves), identity)
    yield Check(what="root", claimed=identity["root"], found=root)


def _slots_of(identity: dict[str, Any], day: dict[str, Any]) -> Check:
    """An entry has the slots of its day and no other: of several observers with one day each, none has a row of the next one's."""
    expected, starts = starts_in(identity, day["day"]), [int(line.partition(",")[0]) for line in day["rows"]]
    what = f"day {day['day']}: slots of the period"
    if len(starts) != len(expected):
        return Check(what=what, claimed=f"{len(starts)} slots", found=f"{len(expected)} slots")
    stray = next((f"{start}" for start, wanted in zip(starts, expected, strict=True) if start != wanted), "none")
    return Check(what=what, claimed="none", found=stray)


def _proofs_of(lines: list[str], carried: list[int], where: str = "") -> Check:
    """There is one proof for each slot of a day that is not GOOD, in order, and no other."""
    not_good = [line.partition(",")[0] for line in lines if not line.endswith(",GOOD")]
    return Check(what=f"{where}proofs are of the slots not GOOD", claimed=listed(carried), found=listed(not_good))


def slot(raw: bytes, file: dict[str, Any]) -> Findings:
    """The proof of one slot: its day and the way up to the root that the contract holds."""
    check_shape(file, SLOT)
    rows = [row_of(line) for line in file["rows"]]
    refuse_unknown(file, rows, file["proof"])
    refuse_observers(file)
    at = next((n for n, row in enumerate(rows) if row[0] == file["slot"]), None)
    if at is None:
        raise CannotCheck(f"slot {file['slot']} has no row in its file")
    stretch = _day_of(file, rows)
    settled = settled_before(stretch, at)
    not_proved = [_SAMPLES, *_claimed(file, {_whose(file): [rows[at]]}), NOT_BOUND, _NO_TERMS, NOT_ASKED, NOT_NAMED]
    if settled is None:
        not_proved.insert(
            0, "the slot's state: what settled before it stands in the day before, which is not in this file"
        )
    document_hash = tree.document_hash(file["root"], file["rest"])
    row = _row_of(file, number(file["good"]), number(file["valid"]), document_hash)
    checks = [*_slot_checks(raw, file, rows, at)]
    if settled is not None:
        checks += row_checks(stretch, at)
    return Findings(
        checks=tuple(checks),
        summary=summary.of_slot(file, rows[at], _whose(file)),
        on_chain=_on_chain(file, row, None),
        proved=("the slot is in its day, and the day under the root of the period",)
        + (("the slot follows from the raw samples in the file",) if settled is not None and file["proof"] else ()),
        not_proved=tuple(not_proved),
    )


def _day_of(file: dict[str, Any], rows: list[Row]) -> Stretch:
    """The day's rows; of proofs only the slot's own is there, so that of the next row only its counts are known."""
    days, edges = len(days_of(file)), edges_of(file, _observer_of(file))
    first, last = file["index"] % days == 0, file["index"] % days == days - 1
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


def _observer_of(file: dict[str, Any]) -> int:
    """Whose day it is by its place among the leaves; one after the last observer's is checked, and is none."""
    return min(int(file["index"]) // len(days_of(file)), count_of(file) - 1)


def _whose(file: dict[str, Any]) -> str:
    names = file["observers"]["names"]
    return names[_observer_of(file)] if names else ""


def _slot_checks(raw: bytes, file: dict[str, Any], rows: list[Row], at: int) -> Iterator[Check]:
    leaf, day = file["leaf"], file["leaf"][0]
    yield canonical_form(raw, file)
    yield scrapes_of_a_slot(file["slo"])
    yield Check(what="number of slots", claimed=str(leaf[1]), found=str(len(rows)))
    yield Check(
        what="slots of the day are complete",
        claimed=listed(row[0] for row in rows),
        found=listed(starts_in(file, day)),
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
        found=f"{_observer_of(file) * len(days) + day - days.start} of {count_of(file) * len(days)}",
    )
    top = tree.top_by_path(leaf, file["index"], file["days"], file["path"])
    yield Check(what="root", claimed=file["root"], found=tree.root_of(top, file["days"], file))
    yield _settlement_id(file)


def _settlement_id(file: dict[str, Any]) -> Check:
    found = _row_of(file, 0, 0, "").settlement_id(**file["chain"])
    return Check(what="settlement id", claimed=file["settlement_id"], found=found)


def _named(values: dict[str, int]) -> str:
    return " ".join(f"{name}={values[name]}" for name in sorted(values))
