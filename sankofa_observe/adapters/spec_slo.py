"""OpenSLO documents to objectives, with the checks that no shape can express."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from sankofa_observe.adapters import spec_versions
from sankofa_observe.adapters.spec_faults import (
    ANNOTATION,
    INDICATOR_PLACE,
    Draft,
    Fault,
    Place,
    is_inside,
    note_fault,
    note_path,
)
from sankofa_observe.adapters.spec_indicator import (
    DERIVED_KINDS,
    KIND_PLACE,
    METRIC_PLACE,
    Kind,
    kind_of,
    read_indicator,
)
from sankofa_observe.adapters.spec_models import Indicator, Metadata, SliDocument, SloDocument
from sankofa_observe.adapters.spec_slot import SLOT_PLACES, exact_ppm, slot_rule
from sankofa_observe.adapters.spec_window import read_window
from sankofa_observe.sla.terms import counting_digest
from sankofa_observe.slo.objective import Budgeting, NoTraffic, Slo, SlotRule
from sankofa_observe.slo.site import GROUPS, TIERS
from sankofa_observe.units import PPM

# Who honours which setting; what is not honoured is refused, never ignored.
_ALL = {"tier", "slot", "scrape", "no-traffic", "promise", "unknown-when", "pays", "proven-on"} | spec_versions.SETTINGS
_ANNOTATIONS = {
    Kind.EVENTS: _ALL | {"sources", "start-time", "longest-gap", "history", "leaves", "settles", "burst-factor"},
    Kind.STATES: _ALL | {"sources", "combine"},
    Kind.LEVELS: _ALL | {"sources", "combine", "reading", "total", "demand"},
    Kind.COMPOSITE: _ALL | {"composite", "parts"},
    Kind.OUTAGE: _ALL | {"outage-of", "limit"},
    Kind.MEMBERS: _ALL | {"members-of", "at-least", "spare"},
}
OF_THE_SOURCE = ("tier", "scrape")  # an SLO that says another than its SLI is of another source
TAKEN_AWAY = "none"
SETTING_NAMES = sorted(set().union(*_ANNOTATIONS.values()))
_TARGETS = ("/spec/objectives/0/target", "/spec/objectives/0/targetPercent")
RESTARTS_PPM = 999_900  # one restart a day hides about 700 ppm of its events
SETTLES_SECONDS = 60


def add_slo(place: Place, document: SloDocument, draft: Draft) -> None:
    name, faults = document.metadata.name, list[Fault]()
    if document.spec.indicator_ref in draft.slis:
        place = replace(place, sli=draft.slis[document.spec.indicator_ref][0])
    named = place.stands("/metadata/name")
    version, starts_at = spec_versions.read_version(place, _ours(document.metadata), faults)
    own = draft.slo_documents.setdefault(name, {}) if named else {}
    first = own.setdefault(version, place)
    if first is not place and version != spec_versions.UNREADABLE:
        which = f"version {version} of SLO {name}" if version > 1 else f"SLO {name}"
        faults.append(Fault("/metadata/name", "slo.twice", f"{which} is defined twice, first in {first.spot}"))
    with_indicator = _with_indicator(document, draft, faults)
    slo = None if with_indicator is None else _slo(with_indicator, version, starts_at, faults)
    whole = draft.tell(place, faults)
    draft.unread |= not named
    if slo and whole:
        draft.catalog.slos[slo.counted_as] = slo
        draft.warn(place, _warnings(slo))
    else:
        draft.broken_slos.add(name)


def add_sli(place: Place, document: SliDocument, draft: Draft) -> None:
    """An indicator that SLOs may name: it is looked at by itself, whether one does or not."""
    name, faults = document.metadata.name, list(_own_faults(document))
    faults += [
        Fault(note_path(setting), "slo.annotation", "an SLI has no version; the SLOs that name it have")
        for setting in sorted(spec_versions.SETTINGS & _ours(document.metadata).keys())
    ]
    named = place.stands("/metadata/name")
    if named and name in draft.slis:
        first = draft.slis[name][0].spot
        faults.append(Fault("/metadata/name", "sli.twice", f"SLI {name} is defined twice, first in {first}"))
    elif named:
        draft.slis[name] = place, document
    if not draft.tell(place, faults):
        draft.broken_slis.add(name)
    draft.unread |= not named


def _own_faults(document: SliDocument) -> Iterator[Fault]:
    """What is wrong with an SLI whatever SLO names it: what follows from nothing but its own parts."""
    bound = {"op": "gte", "value": 1} if document.spec.threshold_metric else {}
    anyone = SloDocument.model_validate(
        {
            "apiVersion": "openslo/v1",
            "kind": "SLO",
            "metadata": document.metadata,
            "spec": {
                "service": "",
                "indicator": {"metadata": document.metadata, "spec": document.spec},
                "timeWindow": [{"duration": "30d", "isRolling": True}],
                "budgetingMethod": "Timeslices",
                "objectives": [{"target": Decimal("0.9"), **bound}],
            },
        }
    )
    kind, faults = kind_of(anyone), list[Fault]()
    notes = _annotations(anyone, kind, faults)
    _words(notes, faults)
    read_indicator(anyone, kind, notes, faults)
    slot_rule(anyone, notes, faults)
    own = (INDICATOR_PLACE, *map(note_path, notes))
    for fault in faults:
        if all(any(is_inside(path, one) for one in own) for path in (fault.path, *fault.leans_on)):
            yield replace(fault, path=_in_sli(fault.path), leans_on=tuple(map(_in_sli, fault.leans_on)))


def _in_sli(path: str) -> str:
    """A part of an SLO's indicator as the SLI has it."""
    for place in (METRIC_PLACE, INDICATOR_PLACE):
        if is_inside(path, place):
            return f"/spec{path.removeprefix(place)}"
    return path


def _with_indicator(document: SloDocument, draft: Draft, faults: list[Fault]) -> SloDocument | None:
    """The document with the indicator that it names in its place; None where nothing can be said of that one."""
    spec = document.spec
    name = spec.indicator_ref
    if name is None:
        return document
    if spec.indicator is not None:
        problem = "give one of indicator and indicatorRef"
        faults.append(Fault("/spec/indicatorRef", "slo.indicator", problem, leans_on=("/spec/indicator",)))
    if name not in draft.slis or name in draft.broken_slis:
        if name not in draft.slis and not draft.unread:
            known = ", ".join(sorted(draft.slis)) or "none"
            faults.append(Fault("/spec/indicatorRef", "slo.indicator", f"no SLI {name}", f"there are: {known}"))
        return None
    _, sli = draft.slis[name]
    notes = _merged(sli, document, faults)
    return document.model_copy(
        update={
            "metadata": document.metadata.model_copy(update={"annotations": notes}),
            "spec": spec.model_copy(update={"indicator": Indicator(metadata=sli.metadata, spec=sli.spec)}),
        }
    )


def _merged(sli: SliDocument, document: SloDocument, faults: list[Fault]) -> dict[str, str]:
    """The annotations of an SLI, with those of the SLO over them: `none` takes one away, and what the source is nobody changes."""
    own, theirs = document.metadata.annotations, sli.metadata.annotations
    for name in OF_THE_SOURCE:
        said, known = own.get(f"{ANNOTATION}{name}"), theirs.get(f"{ANNOTATION}{name}")
        if said is not None and known not in {None, said}:
            faults.append(note_fault(name, said, f"{known!r} as SLI {sli.metadata.name} has it, or nothing"))
    return {name: text for name, text in {**theirs, **own}.items() if text != TAKEN_AWAY or name not in theirs}


def _slo(document: SloDocument, version: int, starts_at: int | None, faults: list[Fault]) -> Slo | None:
    spec, kind = document.spec, kind_of(document)
    notes = _annotations(document, kind, faults)
    target_ppm = _target(spec.objectives[0].target, spec.objectives[0].target_percent, faults)
    indicator = read_indicator(document, kind, notes, faults)
    slot = slot_rule(document, notes, faults)
    window = read_window(spec.time_window[0], slot, faults)
    no_traffic, tier = notes.get("no-traffic", "good"), notes.get("tier", "")
    _words({"tier": tier, **notes}, faults)
    if kind is Kind.MEMBERS and tier in {*TIERS} - {*GROUPS}:
        problem = f"a place of tier {tier} has no members; expected {', '.join(GROUPS)}"
        faults.append(
            Fault(note_path("tier"), "slo.members", problem, f"whose members they are says {note_path('members-of')}")
        )
    _fits(document, kind, notes, slot, faults)
    if slot is None or window is None or indicator is None or target_ppm is None or faults:
        return None
    made = Slo(
        name=document.metadata.name,
        tier=tier,
        indicator=indicator,
        target_ppm=target_ppm,
        budgeting=Budgeting(spec.budgeting_method),
        window=window,
        slot=slot,
        no_traffic=NoTraffic(no_traffic),
        description=spec.description,
        version=version,
        starts_at=starts_at,
    )
    return replace(made, digest=counting_digest(made))


def _words(notes: dict[str, str], faults: list[Fault]) -> None:
    """Settings of few words."""
    for name, known in (("tier", TIERS), ("no-traffic", tuple(NoTraffic))):
        if name in notes and notes[name] not in known:
            faults.append(note_fault(name, notes[name], ", ".join(known)))


def _annotations(document: SloDocument, kind: Kind | None, faults: list[Fault]) -> dict[str, str]:
    """The settings that are ours; one that is not known, or that the kind of indicator has no use for, is refused."""
    ours = _ours(document.metadata)
    for name in ours:
        if name not in SETTING_NAMES:
            hint = f"known: {', '.join(SETTING_NAMES)}"
            faults.append(Fault(note_path(name), "slo.annotation", "no such setting", hint))
        elif kind and name not in _ANNOTATIONS[kind]:
            users = ", ".join(one for one, names in _ANNOTATIONS.items() if name in names)
            problem = f"an SLO of {kind} has no use for it; it is for {users}"
            faults.append(Fault(note_path(name), "slo.annotation", problem, leans_on=(KIND_PLACE,)))
    return ours


def _ours(metadata: Metadata) -> dict[str, str]:
    return {k.removeprefix(ANNOTATION): v for k, v in metadata.annotations.items() if k.startswith(ANNOTATION)}


def _fits(
    document: SloDocument, kind: Kind | None, notes: dict[str, str], slot: SlotRule | None, faults: list[Fault]
) -> None:
    """What the kind of indicator and the way of counting ask of each other."""
    objective = document.spec.objectives[0]
    if kind and kind != Kind.EVENTS and document.spec.budgeting_method == "Occurrences":
        problem = f"only events can be counted as occurrences; {kind} are judged by Timeslices"
        faults.append(Fault("/spec/budgetingMethod", "slo.budgeting", problem, leans_on=(KIND_PLACE,)))
    if kind and kind != Kind.EVENTS and notes.get("no-traffic") == "excluded":
        faults.append(
            note_fault("no-traffic", "excluded", "good: only events have slots without traffic", (KIND_PLACE,))
        )
    if kind in DERIVED_KINDS and "time_slice_target" in objective.model_fields_set:
        problem = f"a slot of {kind} is good as the slots say that it is made of"
        faults.append(Fault("/spec/objectives/0/timeSliceTarget", "slo.indicator", problem))
    if kind == Kind.EVENTS and "leaves" in notes and notes.get("sources") != "changing":
        problem = "only sources of a changing set leave"
        faults.append(
            Fault(note_path("leaves"), "slo.annotation", problem, leans_on=(KIND_PLACE, note_path("sources")))
        )
    if kind == Kind.EVENTS and slot is not None:
        _lengths_fit(document, slot, faults)


def _lengths_fit(document: SloDocument, slot: SlotRule, faults: list[Fault]) -> None:
    """No counter is followed, and none measured, over less than two scrapes; what settles late does so one slot late at most."""
    places, least = (*SLOT_PLACES, note_path("scrape"), KIND_PLACE), 2 * slot.scrape_seconds
    for name, length in (("longest-gap", slot.longest_gap_seconds), ("history", slot.history_seconds)):
        if length < least:
            faults.append(note_fault(name, f"{length}s", f"two scrapes or more, {least}s", places))
    if not slot.settles_seconds:
        return
    settles = f"{slot.settles_seconds}s"
    if document.spec.indicator and (ratio := document.spec.indicator.spec.ratio_metric) and ratio.bad:
        bad = ("/spec/indicator/spec/ratioMetric/bad",)
        faults.append(note_fault("settles", settles, "none where bad events are selected", bad))
    if slot.settles_seconds + slot.scrape_seconds > slot.seconds:
        longest = slot.seconds - slot.scrape_seconds
        faults.append(note_fault("settles", settles, f"{longest}s or less: one slot late, not two", places))


def _warnings(slo: Slo) -> Iterator[Fault]:
    if slo.slot.settles_seconds and slo.budgeting is Budgeting.TIMESLICES and slo.slot.seconds <= SETTLES_SECONDS:
        problem = f"slots of {slo.slot.seconds} s with events that settle can hardly ever say met"
        yield Fault(note_path("settles"), "slo.hardly-met", problem, "take longer slots, or Occurrences")
    if slo.budgeting is Budgeting.OCCURRENCES and slo.target_ppm >= RESTARTS_PPM:
        problem = "a target of 99.99 % or more does not survive daily restarts: each hides what was counted before it"
        hint = "such a month ends undetermined; take Timeslices, or a lower target"
        yield Fault("/spec/objectives/0", "slo.daily-restarts", problem, hint)


def _target(target: Decimal | None, percent: Decimal | None, faults: list[Fault]) -> int | None:
    if (target is None) == (percent is None):
        problem = "give exactly one of target and targetPercent"
        faults.append(Fault(_TARGETS[0], "slo.target", problem, leans_on=_TARGETS))
        return None
    value, whole, digits, path = (target, 1, 6, _TARGETS[0]) if target is not None else (percent, 100, 4, _TARGETS[1])
    assert value is not None  # noqa: S101  exactly one is there
    if target is not None and target > 1:
        faults.append(Fault(path, "slo.target-range", f"{target} is over 1", f"did you mean targetPercent: {target}?"))
    elif percent is not None and 0 < percent <= 1:
        faults.append(Fault(path, "slo.target-range", f"{percent} %", f"did you mean target: {percent}?"))
    elif not 0 < value < whole:
        problem = f"{value} leaves no budget or no promise; expected between 0 and {whole}"
        faults.append(Fault(path, "slo.target-range", problem))
    elif (ppm := exact_ppm(value, digits)) is None or not 0 < ppm < PPM:
        problem = f"{value} is not a whole number of parts per million; use at most {digits} decimals"
        faults.append(Fault(path, "slo.ppm", problem))
    else:
        return ppm
    return None
