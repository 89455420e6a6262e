"""A second verifier of evidence, written anew from docs/reference/evidence.md and from nothing else.

It says one thing: whether a document holds. Where it and `sankofa_observe.verify` disagree, one of them is wrong. It reads a document
as one flat object, `slots` and `proofs` of all days in a row, one observer after the other; `packed` writes such an object as a document,
with the hashes of its days: to each observer an equal part of the rows, every row in the day of its start, and proofs in the order in
which they stand, as many in a day as it has rows for, whatever they are of.
`resealed` makes only the hashes of a document anew, for days that are another layout of the same slots.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import groupby, pairwise
from types import SimpleNamespace
from typing import Any

import rfc8785
from eth_hash.auto import keccak

Json = Any
SAFE = 2**53 - 1
TEXTS = {
    "format", "currency", "excluded_slots", "name", "site", "budgeting", "no_traffic", "counted", "combine", "observer", "queries", "engine",
    "verdict",
}  # fmt: skip
BYTES = {
    "contract": 20,
    "settlement_id": 32,
    "agreement": 32,
    "id": 16,
    "terms_hash": 32,
    "spec_digest": 32,
    "root": 32,
}
OVER_ZERO = {"slot_seconds", "slot_expected", "scrape_seconds", "chain_id", "version"}
PPM = {"target_ppm", "slot_target_ppm", "cap_ppm", "bands"}
NAME = "[a-z0-9]|[a-z0-9][a-z0-9-]{0,61}[a-z0-9]"
WORDS: dict[str, list[Json]] = {
    "counted": ["states", "events", "parts", "outages", "members"],
    "budgeting": ["Timeslices", "Occurrences"],
    "no_traffic": ["good", "excluded"],
    "counts_bad": [0, 1],
}
ROW = (
    "start", "good", "bad", "hidden", "blind", "over_good", "over_bad", "over_hidden", "settling", "expected", "seen", "state",
)  # fmt: skip
PARCEL = (
    "source", "kind", "first", "to", "good", "bad", "hidden", "blind", "since", "until", "good_before", "valid_before",
    "good_after", "valid_after", "top",
)  # fmt: skip
DOUBTS = (
    "the selector meets several buckets: le ",
    "series differ only by ",
    "several targets have one job and instance",
)


class Unheld(Exception):
    """A claim of the document does not hold."""


def holds(raw: bytes) -> bool:
    """Whether everything that can be recomputed is as the document says; what cannot be read does not hold."""
    try:
        _claims(flat(raw))
    except (Unheld, ValueError, TypeError, LookupError, ArithmeticError, RecursionError, AttributeError):
        return False
    return True


def made_whole(document: Json) -> Json:
    """The document with all its sums computed again, as a forger would; as it is where they cannot be."""
    try:
        return document | dict(_sums(document, [_Row(row) for row in document["slots"]]))
    except (Unheld, ValueError, TypeError, LookupError, ArithmeticError, AttributeError):
        return document


def flat(raw: bytes) -> Json:
    """The document as one object; its form, and the hashes of days and file, are looked at here."""
    file = json.loads(raw)
    must(rfc8785.dumps(file) == raw and set(file) == {"format", "identity", "days", "provenance", "checksum"})
    identity, days = file["identity"], file["days"]
    must(file["format"] == identity["format"] == "sankofa-evidence/2")
    must(file["checksum"] == _checksum(identity, file["provenance"]))
    must(identity["days"] == [_leaf(day) for day in days])
    must(all(set(day) == {"day", "rows", "proofs"} for day in days))
    rows = [(day["day"], line.split(",")) for day in days for line in day["rows"]]
    slots = [[*(text(int(one)) for one in line[:-1]), line[-1]] for _, line in rows]
    must(all(",".join(map(str, row)) == ",".join(line) for row, (_, line) in zip(slots, rows, strict=True)))
    must(all(int(line[0]) // 86_400 == day for day, line in rows))
    # An observer's days are those with slots, each once; that no slot is missing is looked at below.
    for own in _split(days, _observers(identity)):
        must([day["day"] for day in own] == sorted({day["day"] for day in own if day["rows"]}))
        must(sum(len(day["rows"]) for day in own) * _observers(identity) == len(rows))
    for day in days:
        wanted = [int(line.split(",")[0]) for line in day["rows"] if line.split(",")[-1] != "GOOD"]
        must([start for start, _ in day["proofs"]] == wanted)
    proofs = [proof for day in days for proof in day["proofs"]]
    names = {name: value for name, value in identity.items() if name != "days"}
    return names | {"slots": slots, "proofs": proofs, "provenance": file["provenance"]}


def packed(document: Json) -> bytes:
    """A flat object as the bytes of a document; its claims stay, the hashes of its days and of the file are made anew."""
    identity = {name: value for name, value in document.items() if name not in {"slots", "proofs", "provenance"}}
    days = _days(document)
    identity["days"] = [_leaf(day) for day in days]
    file = {"format": identity["format"], "identity": identity, "days": days, "provenance": document["provenance"]}
    return _written(file | {"checksum": _checksum(identity, document["provenance"])})


def resealed(file: Json) -> bytes:
    """A document with the leaves, the root and the checksum of its days as they stand; all else is as it was."""
    identity = file["identity"]
    leaves = [_leaf(day) for day in file["days"]]
    identity = identity | {"days": leaves, "root": _root_of(leaves, identity)}
    return _written(file | {"identity": identity, "checksum": _checksum(identity, file["provenance"])})


def _observers(document: Json) -> int:
    """How many there are; what is no list of names is looked at with the claims."""
    names = document["observers"]["names"]
    return max(1, len(names)) if type(names) is list else 1


def _split(whole: list[Json], number: int) -> list[list[Json]]:
    """As many equal parts, of what does not divide the last one smaller."""
    size = -(-len(whole) // number)
    return [whole[n * size : (n + 1) * size] for n in range(number)]


def _days(document: Json) -> Json:
    days: Json = []
    for slots in _split(document["slots"], _observers(document)):
        groups = groupby(slots, key=lambda row: int(row[0]) // 86_400)
        days += [{"day": day, "rows": [",".join(map(str, row)) for row in rows], "proofs": []} for day, rows in groups]
    left = list(document["proofs"])
    for day in days:
        wanted = len(left) if day is days[-1] else sum(not row.endswith(",GOOD") for row in day["rows"])
        day["proofs"], left = left[:wanted], left[wanted:]
    return days


def _leaf(day: Json) -> Json:
    rows = "".join(f"{line}\n" for line in day["rows"])
    proofs = "".join(f"{start}:{_sha(_written(proof))}\n" for start, proof in day["proofs"])
    return [day["day"], len(day["rows"]), _sha(rows.encode()), _sha(proofs.encode())]


def _checksum(identity: Json, provenance: Json) -> str:
    rest = _sha(_written({name: value for name, value in identity.items() if name != "root"}))
    root = identity["root"]
    if type(root) is not str or not re.fullmatch("0x[0-9a-f]{64}", root):
        root = _sha(_written(root))  # a forger's: it is refused as what it is
    document = _sha(b"\3" + bytes.fromhex(root[2:] + rest[2:]))
    return _sha(_written({"document_hash": document, "provenance": provenance}))


def _sha(raw: bytes) -> str:
    return "0x" + hashlib.sha256(raw).hexdigest()


def _written(value: Json) -> bytes:
    """As RFC 8785 has it; what a forger writes that it does not have, a float over 2^53 say, as Python writes it."""
    try:
        return rfc8785.dumps(value)
    except rfc8785.CanonicalizationError:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def must(what: object) -> None:
    if not what:
        raise Unheld


def below(part: int, whole: int, ppm: int) -> bool:
    return part * 10**6 < whole * ppm


def count(value: Json) -> int:
    number = value if type(value) is int else int(value) if type(value) is str else None
    must(number is not None and value == (number if abs(number) <= SAFE else str(number)))
    assert number is not None
    return number


def text(number: int) -> Json:
    return number if abs(number) <= SAFE else str(number)


def _Row(values: Json) -> SimpleNamespace:  # noqa: N802  a type, as far as a reader cares
    must(len(values) == len(ROW) and type(values[-1]) is str and type(values[0]) is int)
    return SimpleNamespace(**dict(zip(ROW, [*map(count, values[:-1]), values[-1]], strict=True)))


# ---------------------------------------------------------------------------------------------------------- the document


def _claims(document: Json) -> None:
    rules, slots = document["slo"], document["slots"]
    must(
        _exact(
            {
                name: value
                for name, value in document.items()
                if name not in {"slots", "observers", "edges", "proofs", "attainment", "overlay"}
            }
        )
    )
    must(all(rules[name] in words for name, words in WORDS.items()))
    length, (since, until) = rules["slot_seconds"], document["period"]
    must(rules["slot_expected"] == length // rules["scrape_seconds"])
    must(length <= 86_400)
    must(since < until and slots)
    must(all(re.fullmatch(NAME, rules[name]) for name in ("name", "site")))
    settles, events = rules["settles_seconds"] > 0, rules["counted"] == "events"
    must(document["agreement"]["exponent"] <= 18)
    must(events or not (settles or rules["counts_bad"]))
    must(not (settles and rules["counts_bad"]))
    must(events or rules["budgeting"] == "Timeslices")
    must(_combines(rules))
    _observed(document["observers"])
    first, observers = -(-since // length), _observers(document)
    every = max(until // length - first, 0)
    must(len(slots) == every * observers)
    rows = [_Row(row) for row in slots]
    must(all(row.start == (first + n % every) * length for n, row in enumerate(rows)))
    must([row.start for row in rows if row.state != "GOOD"] == [start for start, _ in document["proofs"]])
    must(all(type(start) is int for start, _ in document["proofs"]))
    for row in rows:
        _signs(row, settles)
    every_edge, left = _edges(document), list(document["proofs"])
    must(len(every_edge) == observers)
    for own, edges in zip(_split(rows, observers), every_edge, strict=True):
        must(min(edges.settled, edges.good, edges.hidden, 0 if settles else edges.bad) >= 0)
        must((settles or edges.settled == 0) and (events or not any(vars(edges).values())))
        carried = sum(row.state != "GOOD" for row in own)
        _slots(rules, own, dict(left[:carried]), edges)
        left = left[carried:]
    must(all(count(value) >= 0 for value in document["attainment"].values()))
    _overlaid(document)
    _rowed(document)
    must(all(document[name] == value for name, value in _sums(document, rows)))


def _observed(observers: Json) -> None:
    """Who observes, and how many decide, is written in its one form."""
    must(set(observers) == {"names", "bad", "good"})
    names, bad, good = observers["names"], observers["bad"], observers["good"]
    must(type(names) is list and all(type(one) is str and re.fullmatch(NAME, one) for one in names))
    must(all(one < following for one, following in pairwise(names)))
    number = len(names) or 1
    must(type(bad) is int and 1 <= bad <= number)
    must(type(good) is int and number / 2 < good <= number)


def _rowed(document: Json) -> None:
    """The row is of this period by the calendar, which is written in one of two forms."""
    row, calendar = document["row"], document["calendar"]
    must(set(row) == {"agreement", "period", "slo"} and set(calendar) == {"id", "bounds", "fixed"})
    must(row["slo"] < 8)
    bounds, fixed = calendar["bounds"], calendar["fixed"]
    if bounds:
        must(not fixed and 2 <= len(bounds) <= 512 and bounds == sorted(set(bounds)))
        edges = bounds
    else:
        anchor, seconds, periods = fixed
        must(0 < seconds < 2**32 and 0 < periods < 2**32)
        edges = range(anchor, anchor + seconds * periods + 1, seconds)
    must(row["period"] + 1 < len(edges))
    must(document["period"] == [edges[row["period"]], edges[row["period"] + 1]])


def _overlaid(document: Json) -> None:
    """The overlay is written in its one form."""
    overlay, (since, until) = document["overlay"], document["period"]
    since -= (_filled(document["slo"]) - 1) * document["slo"]["slot_seconds"]
    must(set(overlay) == {"excluded_slots", "since_at", "exclusions"})
    must(overlay["excluded_slots"] in ("leaves-base", "counts-as-up"))
    must(_is_instant(overlay["since_at"]) and (overlay["since_at"] == 0 or overlay["since_at"] > since))
    for one in overlay["exclusions"]:
        name, start, end = one
        must(type(name) is str and re.fullmatch("0x[0-9a-f]{64}", name) and _is_instant(start) and _is_instant(end))
        must(start < end and start < until and end > since)
    order = [(start, end, name) for name, start, end in overlay["exclusions"]]
    must(order == sorted(set(order)))


def _filled(rules: Json) -> int:
    return int(rules["combine"].split(" ")[0]) if rules["counted"] == "outages" else 1


def _taken(document: Json, row: Json) -> str:
    """What becomes of a slot: `in` the base, `out` of it, or `up`; a slot of an outage by all those that it follows from."""
    step = document["slo"]["slot_seconds"]
    uses = {_of_itself(document["overlay"], row.start - n * step, step) for n in range(_filled(document["slo"]))}
    return "out" if "out" in uses else "up" if "up" in uses else "in"


def _of_itself(overlay: Json, start: int, step: int) -> str:
    if start + step <= overlay["since_at"]:
        return "out"
    covers = [(start, overlay["since_at"]), *((since, until) for _, since, until in overlay["exclusions"])]
    at = start
    while at < start + step:
        reached = max([until for since, until in covers if since <= at < until], default=None)
        if reached is None:
            return "in"
        at = reached
    return "out" if overlay["excluded_slots"] == "leaves-base" else "up"


def _exact(value: Json, name: str = "") -> bool:
    """Whether texts are texts, and all else is whole numbers from 0."""
    if isinstance(value, dict):
        return all(_exact(one, key) for key, one in value.items())
    if isinstance(value, list):
        return all(_exact(one, name) for one in value)
    if name in {"fee_minor", "credit_minor"}:
        return count(value) >= 0
    if name in BYTES:
        return type(value) is str and re.fullmatch(f"0x[0-9a-f]{{{2 * BYTES[name]}}}", value) is not None
    least, most = int(name in OVER_ZERO | PPM), 10**6 if name in PPM else SAFE
    return type(value) is str if name in TEXTS else type(value) is int and least <= value <= most


def _combines(rules: Json) -> bool:
    """Whether `combine` is written in its one form for what is counted."""
    words: list[str] = rules["combine"].split(" ")
    if rules["counted"] == "events":
        return words == [""]
    if rules["counted"] == "states":
        return words in (["all"], ["any"]) or (
            words[0] == "atLeast" and len(words) == 2 and _plain(words[1]) and words[1] != "0"
        )
    if rules["counted"] == "members":
        roles = [one.split("=") for one in rules["combine"].split(",") if rules["combine"]]
        names = [role for role, *_ in roles]
        well = all(len(one) == 2 and re.fullmatch(f"|{NAME}", one[0]) and _needs(one[1]) for one in roles)
        return well and names == sorted(set(names))
    if rules["counted"] == "outages":
        slots, *name = words
        return (
            _plain(slots) and slots != "0" and len(slots) < 9 and len(name) == 1 and bool(re.fullmatch(NAME, name[0]))
        )
    wanted, weights = rules["combine"].split(" ", 1)
    pairs = [one.split("=") for one in weights.split(",")]
    names = [name for name, _ in pairs]
    return (
        _plain(wanted)
        and 1 <= int(wanted) <= 10**6
        and all(_plain(weight) and weight != "0" for _, weight in pairs)
        and all(re.fullmatch(NAME, name) for name in names)
        and names == sorted(set(names))
    )


def _needs(number: str) -> bool:
    return _plain(number) and 1 <= int(number) <= 9999


def _plain(number: str) -> bool:
    return number.isascii() and number.isdigit() and number == str(int(number)) and len(number) < 17


def _is_proof(rules: Json, proof: Json) -> bool:
    """Lists, texts and counts, as the page has them."""
    lists = [proof, *proof] if type(proof) is list else [None]
    if rules["counted"] == "states" and all(type(one) is list for one in lists):
        lists += [samples for _, samples in proof]
        lists += [sample for _, samples in proof if type(samples) is list for sample in samples]
    if not all(type(one) is list for one in lists):
        return False
    if rules["counted"] == "outages":
        return all(len(run) == 2 and type(run[0]) is str and _is_instant(run[1]) for run in proof)
    if rules["counted"] == "members":
        roles = all(len(role) == 3 and type(role[0]) is str and type(role[2]) is list for role in proof)
        return roles and all(
            _is_instant(needed)
            and needed > 0
            and all(type(site) is list and len(site) == 2 for site in sites)
            and all(type(word) is str for site in sites for word in site)
            for _, needed, sites in proof
        )
    if rules["counted"] == "parts":
        return all(len(part) == 2 and all(type(word) is str for word in part) for part in proof)
    if rules["counted"] == "states":
        return all(
            type(name) is str and all(len(one) == 2 and _is_instant(one[0]) and type(one[1]) is int for one in samples)
            for name, samples in proof
        )
    return True  # a parcel is read field by field


def _is_instant(value: Json) -> bool:
    return type(value) is int and 0 <= value <= SAFE


def _signs(row: SimpleNamespace, settles: bool) -> None:  # noqa: FBT001
    signed = {name: value for name, value in vars(row).items() if name not in {"start", "state"}}
    must(all(value >= 0 or (settles and name in {"bad", "over_bad"}) for name, value in signed.items()))
    must(settles or row.settling == 0)


def _edges(document: Json) -> list[SimpleNamespace]:
    every = [list(map(count, own)) for own in document["edges"]]
    return [SimpleNamespace(settled=settled, good=good, bad=bad, hidden=hidden) for settled, good, bad, hidden in every]


def _slots(rules: Json, rows: list[SimpleNamespace], proofs: Json, edges: SimpleNamespace) -> None:
    settled, events = edges.settled, rules["counted"] == "events"
    for n, row in enumerate(rows):
        proof = proofs.get(row.start)
        must(row.state == "GOOD" or _is_proof(rules, proof))
        if row.state == "GOOD":
            must(row.start not in proofs)
            _good_by_counts(rules, row, settled)
        elif not events:
            unrecorded = proof == [] and row.blind == rules["slot_seconds"]
            by = {"states": _states, "parts": _parts, "outages": _outage, "members": _members}[rules["counted"]]
            found = _unrecorded(rules) if unrecorded else by(rules, row, proof)
            must(vars(row) == {**dict.fromkeys(ROW, 0), "start": row.start, **found})
        else:
            parcels = [_parcel(one) for one in proof]
            _events(rules, row, parcels, settled)
            if parcels:
                beyond = rows[n + 1] if n + 1 < len(rows) else None
                skipped = (
                    beyond is not None and proofs.get(beyond.start) == [] and beyond.blind == rules["slot_seconds"]
                )
                if not skipped:
                    _carried(rules, row, parcels, beyond, edges)
        settled = row.settling
    if rules["counted"] == "outages":
        _one_history(rules, rows, proofs)


def _one_history(rules: Json, rows: list[SimpleNamespace], proofs: Json) -> None:
    """Every proof says of each slot what the others say; and a GOOD row has a slot that none of them calls other than good."""
    filled = int(rules["combine"].split(" ")[0])
    told: dict[int, str] = {}
    for n, row in enumerate(rows):
        states = [state for state, slots in proofs.get(row.start, []) for _ in range(slots)]
        for place, state in enumerate(states, n + 1 - filled):
            must(told.setdefault(place, state) == state)
    for n, row in enumerate(rows):
        must(row.state != "GOOD" or any(place not in told for place in range(n + 1 - filled, n + 1)))


def _carried(rules: Json, row: Json, parcels: list[Json], beyond: Json, edges: SimpleNamespace) -> None:
    later = [one for one in parcels if one.to > row.start // rules["slot_seconds"]]
    sums = [sum(one.good for one in later), sum(one.bad for one in later), sum(one.hidden for one in later)]
    if beyond is None:
        must([edges.good, edges.bad, edges.hidden] in ([0, 0, 0], sums))
    else:
        must([beyond.over_good, beyond.over_bad, beyond.over_hidden] == sums)


# ------------------------------------------------------------------------------------------- rows that are not of events


def _unrecorded(rules: Json) -> Json:
    return {"blind": rules["slot_seconds"], "expected": rules["slot_expected"], "state": "UNKNOWN"}


def _weighed(good: int, hidden: int, expected: int, ppm: int) -> Json:
    state = "BAD" if below(good + hidden, expected, ppm) else "UNKNOWN" if below(good, expected, ppm) else "GOOD"
    bad = expected - good - hidden
    found = {"good": good, "bad": bad, "hidden": hidden, "expected": expected, "seen": good + bad}
    return found | {"state": state}


def _states(rules: Json, row: Json, proof: Json) -> Json:
    scrape, expected = rules["scrape_seconds"], rules["slot_expected"]
    low, high = row.start * 1000, (row.start + rules["slot_seconds"]) * 1000
    names = [name for name, _ in proof]
    must(len(set(names)) == len(names))
    columns = []
    for _, samples in proof:
        must(all(type(up) is int and up in (0, 1) for _, up in samples))
        times = [at for at, _ in samples]
        must(
            all(a < b for a, b in pairwise(times))
            and sum(t < low for t in times) < 2
            and sum(t >= high for t in times) < 2
        )
        cells = [row.start // scrape + n for n in range(expected)]
        columns.append([_cell(samples, n * scrape * 1000, scrape * 1000) for n in cells])
    site = [_site(rules["combine"], [one[n] for one in columns]) for n in range(expected)]
    return _weighed(site.count("up"), site.count("?"), expected, rules["slot_target_ppm"])


def _cell(samples: Json, start: int, width: int) -> str:
    inside = {up for at, up in samples if start <= at < start + width}
    if inside:
        return "up" if inside == {1} else "down"
    earlier, later = [s for s in samples if s[0] < start][-1:], [s for s in samples if s[0] >= start + width][:1]
    if earlier and later and earlier[0][1] == later[0][1] and (later[0][0] - earlier[0][0]) * 10 <= 25 * width:
        return "up" if later[0][1] else "down"
    return "?"


def _site(rule: str, cells: list[str]) -> str:
    if rule in ("all", "any"):
        needed = 1 if rule == "any" else len(cells) or 1
    else:
        word, number = rule.split(" ")
        needed = int(number)
        must(word == "atLeast" and needed > 0)
    if cells.count("up") >= needed:
        return "up"
    return "down" if len(cells) >= needed > cells.count("up") + cells.count("?") else "?"


def _parts(rules: Json, _: Json, proof: Json) -> Json:
    wanted, weights = _combine(rules)
    must([name for name, _ in proof] == sorted(weights))
    must(all(state in ("GOOD", "BAD", "NO_TRAFFIC", "UNKNOWN") for _, state in proof))
    good = sum(weights[name] for name, state in proof if state in ("GOOD", "NO_TRAFFIC"))
    hidden = sum(weights[name] for name, state in proof if state == "UNKNOWN")
    return _weighed(good, hidden, sum(weights.values()), wanted)


STATES = ("GOOD", "BAD", "NO_TRAFFIC", "UNKNOWN")


def _outage(rules: Json, _: Json, proof: Json) -> Json:
    must(sum(slots for _, slots in proof) == int(rules["combine"].split(" ")[0]))
    must(all(slots > 0 and state in STATES for state, slots in proof))
    must(all(one[0] != following[0] for one, following in pairwise(proof)))
    seen = {state for state, _ in proof}
    state = "GOOD" if seen & {"GOOD", "NO_TRAFFIC"} else "BAD" if seen == {"BAD"} else "UNKNOWN"
    counts = {"good": int(state == "GOOD"), "bad": int(state == "BAD"), "hidden": int(state == "UNKNOWN")}
    return counts | {"expected": 1, "seen": 1 - counts["hidden"], "state": state}


def _needed(rules: Json) -> list[tuple[str, int]]:
    """The roles that the rules name."""
    pairs = [one.split("=") for one in rules["combine"].split(",") if rules["combine"]]
    return [(role, int(needed)) for role, needed in pairs]


def _members(rules: Json, _: Json, proof: Json) -> Json:
    must(_needed(rules) in ([], [(role, needed) for role, needed, _ in proof]))
    must(all(a[0] < b[0] for a, b in pairwise(proof)))
    must(all(a[0] < b[0] for _, _, sites in proof for a, b in pairwise(sites)))
    states: dict[str, str] = {}
    for _, _, sites in proof:
        for site, state in sites:
            must(state in STATES and states.setdefault(site, state) == state)
    well = [site for site in states if states[site] in ("GOOD", "NO_TRAFFIC")]
    open_ = [site for site in states if states[site] == "UNKNOWN"]
    enough = [sum(site in well for site, _ in sites) >= needed for _, needed, sites in proof]
    possible = [sum(site in well or site in open_ for site, _ in sites) >= needed for _, needed, sites in proof]
    state = "BAD" if not all(possible) else "GOOD" if enough and all(enough) else "UNKNOWN"
    counts = {"good": len(well), "hidden": len(open_), "bad": len(states) - len(well) - len(open_)}
    return counts | {"expected": len(states), "seen": counts["good"] + counts["bad"], "state": state}


def _combine(rules: Json) -> tuple[int, dict[str, int]]:
    wanted, listed = rules["combine"].split(" ", 1)
    return int(wanted), {name: int(weight) for name, weight in (one.split("=") for one in listed.split(","))}


def _good_by_counts(rules: Json, row: Json, settled: int) -> None:
    must(row.state == "GOOD" and row.blind == 0)
    if rules["counted"] == "events":
        _scraped(rules, row, 1)
        bad, hidden = max(row.bad, row.over_bad, 0), max(row.hidden, row.over_hidden)
        must(row.good > settled and not below(row.good - settled, row.good + bad + hidden, rules["slot_target_ppm"]))
        return
    ppm, every = rules["slot_target_ppm"], rules["slot_expected"]
    if rules["counted"] == "parts":
        ppm, weights = _combine(rules)
        every = sum(weights.values())
    if rules["counted"] in ("outages", "members"):
        roles = _needed(rules) if rules["counted"] == "members" else []
        every = row.expected if rules["counted"] == "members" else 1
        must(row.good >= max(1, sum(n for role, n in roles if role), sum(n for role, n in roles if not role)))
        ppm = 0
    must(row.good + row.bad + row.hidden == row.expected == every and row.seen == row.good + row.bad)
    must(row.over_good == row.over_bad == row.over_hidden == row.settling == 0 and not below(row.good, every, ppm))


# ------------------------------------------------------------------------------------------------------ rows of events


def _parcel(values: Json) -> SimpleNamespace:
    source, kind, *numbers = values
    must(type(source) is str and type(kind) is str and all(map(_is_instant, numbers[6:8])))
    one = SimpleNamespace(**dict(zip(PARCEL, [source, kind, *map(count, numbers)], strict=True)))
    must(min(one.hidden, one.blind, one.since, one.good_before, one.valid_before, one.good_after, one.valid_after) >= 0)
    must(one.top == -1 or one.top > 0)
    one.all = one.good + one.bad
    one.grown = one.good_after - one.good_before, one.valid_after - one.valid_before
    one.of_step = one.since < one.until and kind != "not seen"
    return one


def _scraped(rules: Json, row: Json, sources: int) -> None:
    must(row.expected > 0 and row.expected % rules["slot_expected"] == 0 and row.seen <= row.expected)
    must(row.expected // rules["slot_expected"] >= sources)


def _events(rules: Json, row: Json, parcels: list[Json], settled: int) -> None:
    number, end = row.start // rules["slot_seconds"], row.start + rules["slot_seconds"]
    groups, steps = defaultdict(list), defaultdict(list)
    for one in parcels:
        must(one.first <= number <= one.to)
        (_alone if not one.of_step else _of_step)(rules, one)
        groups[one.of_step, one.source, one.since, one.until].append(one)
    for (of_step, source, _, _), group in groups.items():
        if of_step:
            _together(rules, number, group)
            steps[source].append(group[0])
        else:
            must(len({one.kind for one in group}) == len(group))
    for one in parcels:
        if one.kind == "return" and number == one.first < _begins(rules, one):
            must(any(_may_be_left(other, one, number) for other in parcels))
    for every in steps.values():
        for one, later in pairwise(sorted(every, key=lambda step: step.since)):
            must(one.until <= later.since)
            same = (one.good_after, one.valid_after) == (later.good_before, later.valid_before)
            must(one.until < later.since or same)
    _scraped(rules, row, len({one.source for one in parcels}))
    _sums_of_parcels(rules, row, number, parcels)
    late = {
        (one.source, one.since): one.grown[1]
        for one in parcels
        if one.of_step and one.to == number and one.kind not in ("restart", "contradiction")
        if one.until > (end - rules["settles_seconds"] - rules["scrape_seconds"]) * 1000
    }
    settling = sum(late.values()) if rules["settles_seconds"] else 0
    in_doubt = any(one.kind.startswith(DOUBTS) for one in parcels)
    must(row.settling >= settling if in_doubt else row.settling == settling)
    must(row.state == _state(rules, row, parcels, settled))


def _may_be_left(one: Json, back: Json, number: int) -> bool:
    """Whether a parcel is what a later return of its source may be the way back from."""
    kinds = ("contradiction", "restart", "return", *DOUBTS)
    return bool(
        one.source == back.source and one.to == number and one.until <= back.since and one.kind.startswith(kinds)
    )


def _sums_of_parcels(rules: Json, row: Json, number: int, parcels: list[Json]) -> None:
    for name in ("good", "bad", "hidden"):
        must(getattr(row, name) == sum(getattr(one, name) for one in parcels if one.to == number))
        must(getattr(row, f"over_{name}") == sum(getattr(one, name) for one in parcels if one.first < number))
    blind, end = sum(one.blind for one in parcels if one.to == number), (number + 1) * rules["slot_seconds"] * 1000
    met = any(one.valid_before > 0 or (one.valid_after > 0 and one.until < end) for one in parcels)
    must(row.blind == blind or (row.blind == rules["slot_seconds"] > blind and not met))


def _state(rules: Json, row: Json, parcels: list[Json], settled: int) -> str:
    ppm = rules["slot_target_ppm"]
    certain, floating = ([one for one in parcels if (one.first == one.to) is sure] for sure in (True, False))
    good, bad = sum(one.good for one in certain), sum(one.bad for one in certain)
    may_good, may_bad = sum(one.good for one in floating), sum(one.bad for one in floating if one.bad > 0)
    hidden = sum(one.hidden for one in parcels)
    if row.blind > 0:
        return "UNKNOWN"
    if good + bad + may_good + may_bad + hidden == 0 and settled == 0:
        return "NO_TRAFFIC"
    if good + bad <= 0 or bad < 0:
        return "UNKNOWN"
    if below(good + min(bad, row.settling) + may_good + hidden, good + bad + may_good + hidden, ppm):
        return "BAD"
    return "UNKNOWN" if below(good - min(good, settled), good + bad + may_bad + hidden, ppm) else "GOOD"


def _alone(rules: Json, one: Json) -> None:
    """A parcel that is of no step."""
    slot = rules["slot_seconds"] * 1000
    counters = one.good_before, one.valid_before, one.good_after, one.valid_after
    if one.kind == "not seen":
        must(one.first == one.to and one.since == one.to * slot and one.until == one.since + slot)
        must(one.good == one.bad == 0 == max(counters))
        number, unit = (one.hidden, one.top) if one.top > 0 else (one.blind, rules["scrape_seconds"])
        must(number > 0 and number % unit == 0 and one.hidden + one.blind == number)
        return
    must(one.since == one.until and one.to == one.until // slot)
    if one.kind == "new source":
        must(one.first == one.to - 1 and one.good_before == one.valid_before == one.blind == 0)
        must(one.good_after <= one.valid_after > 0 and one.good >= 0 and one.bad >= 0)
        if one.valid_after <= one.top:
            must((_part(rules, one), one.all, one.hidden) == (one.good_after, one.valid_after, 0))
        else:
            must((one.good, one.bad, one.hidden) == (0, 0, one.valid_after))
        return
    must(one.kind.startswith(DOUBTS) and one.first == one.to and one.blind == rules["scrape_seconds"] and one.top == -1)
    must(one.good == one.bad == one.hidden == 0 == max(counters))


def _part(rules: Json, one: Json) -> int:
    part: int = one.bad if rules["counts_bad"] else one.good
    return part


def _spans(rules: Json, one: Json) -> int:
    """How many scheduled scrapes a step spans."""
    scrapes, rest = divmod(one.until - one.since, rules["scrape_seconds"] * 1000)
    nearest: int = scrapes + (2 * rest >= rules["scrape_seconds"] * 1000)
    return max(1, nearest)


def _begins(rules: Json, one: Json) -> int:
    """The slot of the first scheduled scrape of a step."""
    slot: int = (one.since + (one.until - one.since) // _spans(rules, one)) // (rules["slot_seconds"] * 1000)
    return slot


def _spread(rules: Json, one: Json) -> bool:
    if one.first != one.to or one.good != 0 or one.bad != 0:
        return False
    if one.top == -1:
        return bool(one.hidden == 0 and one.blind == rules["scrape_seconds"])
    of_last = one.kind == "restart" and one.to == one.until // (rules["slot_seconds"] * 1000)
    return one.blind == 0 and one.hidden in {one.top, one.top - one.valid_after if of_last else one.top}


def _of_step(rules: Json, one: Json) -> None:
    """A parcel of a step, by its kind."""
    n, slot, part = _spans(rules, one), rules["slot_seconds"] * 1000, _part(rules, one)
    (good_grown, valid_grown), most = one.grown, one.top * n
    if one.kind in ("restart", "contradiction") and _spread(rules, one):
        return
    earlier = one.kind == "return" and one.blind == 0 and one.first < _begins(rules, one)
    must((earlier or one.first == _begins(rules, one)) and one.to == one.until // slot)
    counts, hides = one.hidden == one.blind == 0, one.good == one.bad == one.blind == 0
    in_order = part <= one.all or rules["settles_seconds"] > 0
    counts_alone = counts and one.top == -1
    grows = counts_alone and part == good_grown >= 0 and one.all == valid_grown >= 0 and in_order
    grown = max(good_grown, valid_grown)
    rule: dict[str, Callable[[], bool]] = {
        "growth": lambda: n == 1 and grows,
        "gap": lambda: (
            n > 1 and (grows or (hides and max(1, most - valid_grown) <= one.hidden <= most and _fresh(one, most)))
        ),
        "birth": lambda: (
            (one.top == -1 or grown > most)
            and (
                (counts_alone and 0 <= part <= good_grown and 0 <= one.all <= valid_grown and in_order)
                or (hides and 1 <= one.hidden <= grown)
            )
        ),
        "return": lambda: valid_grown > 0 and _returns(rules, one, n, hides),
        "no good series": lambda: hides and one.hidden == valid_grown,
        "contradiction": lambda: (
            hides and (one.hidden == valid_grown or (rules["settles_seconds"] == 0 and 1 <= one.hidden <= good_grown))
        ),
        "restart": lambda: counts and (part, one.all) == (min(one.good_after, one.valid_after), one.valid_after),
    }
    must(rule[one.kind]())


def _fresh(one: Json, most: int) -> bool:
    return bool(one.valid_before > 0 and one.valid_after <= most)


def _returns(rules: Json, one: Json, n: int, hides: bool) -> bool:  # noqa: FBT001
    if one.top == -1:
        return bool(one.good == one.bad == one.hidden == 0 and one.blind == n * rules["scrape_seconds"])
    return bool(hides and one.top * n <= one.hidden <= max(one.top * n, one.valid_after))


def _together(rules: Json, number: int, step: list[Json]) -> None:
    """The parcels of one step, as far as they are in a slot."""
    one, kinds, slot = step[0], {each.kind for each in step}, rules["slot_seconds"] * 1000
    must(len({(p.good_before, p.valid_before, p.good_after, p.valid_after) for p in step}) == 1)
    must(len({p.top for p in step if p.hidden or p.blind or p.kind == "restart"}) < 2)
    must(len(kinds) == 1 or kinds <= {"birth", "gap", "contradiction"})
    here = _scrapes_in(rules, one, number * slot, number * slot + slot)
    hidden, blind = sum(each.hidden for each in step), sum(each.blind for each in step)
    if kinds == {"restart"}:
        must(sum(not _spread(rules, each) for each in step) == 1)
        own = min(one.top, one.valid_after) if number * slot <= one.until < number * slot + slot else 0
        must((hidden, blind) == ((here * one.top - own, 0) if one.top > 0 else (0, here * rules["scrape_seconds"])))
        return
    if kinds == {"contradiction"} and len(step) == here and all(_spread(rules, each) for each in step):
        return
    must(len({(each.kind, each.hidden > 0) for each in step}) == len(step))
    must(sum(each.hidden == 0 for each in step) <= 1)
    must(kinds == {"return"} or sum(each.all for each in step) + hidden >= one.grown[1])


def _scrapes_in(rules: Json, one: Json, low: int, high: int) -> int:
    """How many scheduled scrapes of a step are in a stretch, by halving: they rise."""
    n: int = _spans(rules, one)
    length = one.until - one.since

    def before(edge: int) -> int:
        least, most = 0, n
        while least < most:
            middle = (least + most + 1) // 2
            least, most = (middle, most) if one.since + length * middle // n < edge else (least, middle - 1)
        return least

    return before(high) - before(low)


# ------------------------------------------------------------------------------------------------------------- the sums


def _sums(document: Json, rows: list[SimpleNamespace]) -> Iterator[tuple[str, Json]]:
    counts, verdict = _period(document, rows)
    good, bad, unknown = counts
    yield "attainment", {"good": text(good), "bad": text(bad), "unknown": text(unknown)}
    yield "verdict", verdict
    yield "credit", _credit(document, good + unknown, sum(counts))
    yield "root", _root(document)
    yield "settlement_id", _identity(document)
    yield "calendar", document["calendar"] | {"id": _calendar_id(document["calendar"])}


Counts = tuple[int, int, int]  # good, bad, unknown


def _period(document: Json, rows: list[SimpleNamespace]) -> tuple[Counts, str]:
    """Attainment and verdict, of one observer or of several together."""
    rules, every = document["slo"], _split(rows, _observers(document))
    uses = [_taken(document, row) for row in every[0]]
    if rules["budgeting"] == "Timeslices" and len(every) > 1:
        every = [[_common(document["observers"], list(of_each)) for of_each in zip(*every, strict=True)]]
    judged = [[row for row, use in zip(own, uses, strict=True) if use == "in"] for own in every]
    found = [_attained(rules, own, uses, edges) for own, edges in zip(every, _edges(document), strict=False)]
    lost = [rules["budgeting"] == "Occurrences" and _is_unbounded(own) for own in judged]
    if len(found) == 1:
        return found[0], _verdict(rules, judged[0], found[0], lost[0])
    telling = [counts for counts, unbounded in zip(found, lost, strict=True) if sum(counts) and not unbounded]
    together = _bounds(document["observers"], telling)
    unbounded = together is None and (bool(telling) or any(lost))
    counts = together or (0, 0, 0)
    return counts, _verdict(rules, [row for own in judged for row in own], counts, unbounded)


def _common(observers: Json, of_each: list[SimpleNamespace]) -> SimpleNamespace:
    """The row that several observers have together: only its state is of them all."""
    votes = Counter(row.state for row in of_each)
    well = votes["GOOD"] + votes["NO_TRAFFIC"]
    state = "GOOD" if votes["NO_TRAFFIC"] < votes["GOOD"] else "NO_TRAFFIC"
    if well < observers["good"]:
        state = "UNKNOWN"
    if votes["BAD"] >= observers["bad"]:
        state = "BAD"
    return SimpleNamespace(**{**dict.fromkeys(ROW, 0), "start": of_each[0].start, "state": state})


def _bounds(observers: Json, telling: list[Counts]) -> Counts | None:
    """What several observers reach together, from the counts of those that say anything; None where too few do."""
    if len(telling) < min(observers["bad"], observers["good"]):
        return None
    common = 1
    for one in telling:
        common *= sum(one)
    base = sorted(map(sum, telling))[(len(telling) - 1) // 2]
    most = good = base
    if len(telling) >= observers["bad"]:
        share = sorted((one[0] + one[2]) * (common // sum(one)) for one in telling)[observers["bad"] - 1]
        most, good = -(-share * base // common), share * base // common
    if len(telling) < observers["good"]:
        return 0, base - most, most
    share = sorted(one[0] * (common // sum(one)) for one in telling)[-observers["good"]]
    good = min(good, share * base // common)
    return good, base - most, most - good


def _attained(rules: Json, rows: list[Json], uses: list[str], edges: SimpleNamespace) -> Counts:
    judged = [row for row, use in zip(rows, uses, strict=True) if use == "in"]
    if rules["budgeting"] == "Timeslices":
        states = [row.state for row in judged]
        idle = states.count("NO_TRAFFIC") if rules["no_traffic"] == "good" else 0
        return states.count("GOOD") + idle + uses.count("up"), states.count("BAD"), states.count("UNKNOWN")
    sums, n = [0, 0, 0], 0
    while n < len(rows):
        end = n
        while end < len(rows) and uses[end] == uses[n]:
            end += 1
        run, after = rows[n:end], rows[end] if end < len(rows) else None
        beside = SimpleNamespace(
            settled=rows[n - 1].settling if n else edges.settled,
            good=after.over_good if after else edges.good,
            bad=after.over_bad if after else edges.bad,
            hidden=after.over_hidden if after else edges.hidden,
        )
        if uses[n] == "in":
            sums = [one + more for one, more in zip(sums, _of_run(run, beside), strict=True)]
        elif uses[n] == "up":
            sums[0] += max(sum(row.good + row.bad for row in run) - run[0].over_good - run[0].over_bad, 0)
        n = end
    whole, rest = divmod(2 * sum(row.blind for row in judged) * _busiest(judged), rules["slot_seconds"])
    return sums[0], sums[1], sums[2] + whole + (rest > 0)


def _of_run(rows: list[Json], edges: SimpleNamespace) -> tuple[int, int, int]:
    first, last = rows[0], rows[-1]
    good = max(sum(row.good for row in rows) - first.over_good, 0)
    bad = sum(row.bad for row in rows) - first.over_bad
    unknown = sum(row.hidden for row in rows) + first.over_good + max(first.over_bad, 0)
    unknown += edges.good + max(edges.bad, 0) + edges.hidden
    early, late = min(good, edges.settled), min(max(bad, 0), last.settling)
    good, bad, unknown = good - early, bad - late, unknown + early + late
    moved = min(good, max(-bad, 0))
    return good - moved, max(bad, 0), unknown + moved


def _busiest(rows: list[Json]) -> int:
    return int(max([0, *(row.good + row.bad for row in rows if not row.hidden and not row.blind)]))


def _is_unbounded(rows: list[Json]) -> bool:
    return any(row.blind for row in rows) and _busiest(rows) == 0


def _verdict(rules: Json, rows: list[Json], counts: Counts, unbounded: bool) -> str:  # noqa: FBT001
    (good, _, unknown), base, target = counts, sum(counts), rules["target_ppm"]
    if unbounded:
        return "undetermined"
    if base == 0:
        idle = rules["no_traffic"] == "good" and {row.state for row in rows} == {"NO_TRAFFIC"}
        return "met" if idle or not rows else "undetermined"
    if below(good + unknown, base, target):
        return "breach"
    return "undetermined" if below(good, base, target) else "met"


def _credit(document: Json, good: int, base: int) -> Json:
    """What is owed, or nothing that a document can say where the bands are no schedule."""
    bands, credit = document["agreement"]["bands"], 0
    if bands[0][0] != document["slo"]["target_ppm"] or any(a[0] <= b[0] or a[1] >= b[1] for a, b in pairwise(bands)):
        return None
    for edge, share in bands:
        credit = share if below(good, base, edge) else credit
    if bands[0][1] < 1 or bands[-1][1] > 10**6:
        return None
    return {"credit_ppm": credit, "credit_minor": text(count(document["agreement"]["fee_minor"]) * credit // 10**6)}


def _root(document: Json) -> str:
    return _root_of([_leaf(day) for day in _days(document)], document)


def _root_of(leaves: list[Json], document: Json) -> str:
    top = _top([hashlib.sha256(b"\0" + _written(leaf)).digest() for leaf in leaves])
    counted = {"days": len(leaves), **{name: document[name] for name in ("slo", "period", "observers", "edges")}}
    return _sha(b"\2" + hashlib.sha256(_written(counted)).digest() + top)


def _top(nodes: list[bytes]) -> bytes:
    """Pairs from the left, an odd last one as it is, until one is left."""
    pairs = [nodes[n : n + 2] for n in range(0, len(nodes), 2)]
    above = [hashlib.sha256(b"\1" + b"".join(pair)).digest() if pair[1:] else pair[0] for pair in pairs]
    return _top(above) if above[1:] else above[0] if above else hashlib.sha256(b"").digest()


def _identity(document: Json) -> str:
    chain, row = document["chain"], document["row"]
    words = [f"{chain['chain_id']:064x}", chain["contract"][2:].rjust(64, "0"), row["agreement"][2:]]
    return "0x" + keccak(bytes.fromhex("".join([*words, *(f"{row[of]:064x}" for of in ("period", "slo"))]))).hex()


def _calendar_id(calendar: Json) -> str:
    bounds, fixed = calendar["bounds"], calendar["fixed"]
    words = [32, len(bounds), *bounds] if bounds else fixed
    return "0x" + keccak(bytes.fromhex("".join(f"{one:064x}" for one in words)))[:16].hex()
