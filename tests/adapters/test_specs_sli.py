"""Indicators by themselves (SLI): what SLOs take from them, may change and may not, and where faults are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from sankofa_observe.adapters.specs import load_catalog
from sankofa_observe.slo.indicator import Combine, LevelIndicator, Rule
from tests.adapters.spec_documents import (
    NOTE,
    OBJECTIVE,
    SLO,
    Change,
    Document,
    Expected,
    changed,
    found,
    named,
    note,
    notes,
    put,
    violations,
    write,
)


def _metric(query: str) -> Document:
    return {"metricSource": {"type": "Prometheus", "spec": {"query": query}}}


def _sli(spec: Document, **settings: str) -> Document:
    document: Document = {"apiVersion": "openslo/v1", "kind": "SLI", "metadata": {"name": "lag"}, "spec": spec}
    return changed(document, put("metadata|annotations", {}), notes(**settings))


LEVEL: Document = {"thresholdMetric": _metric("lag_seconds")}
EVENTS: Document = {"ratioMetric": {"counter": True, "good": _metric("good_total"), "total": _metric("all_total")}}


def _naming(*changes: Change) -> Document:
    """An SLO of a level that names its indicator."""
    return changed(
        named(SLO, "slo"),
        put("spec|indicator", ...),
        put("spec|indicatorRef", "lag"),
        put(NOTE + "sources", ...),
        put(NOTE + "scrape", ...),
        put(OBJECTIVE + "op", "gte"),
        put(OBJECTIVE + "value", 5),
        *changes,
    )


OWN: dict[str, tuple[Document, Expected]] = {
    "query": (
        _sli({"thresholdMetric": _metric("rate(lag_seconds[5m])")}),
        [("slo.selector", "/spec/thresholdMetric/metricSource/spec/query")],
    ),
    "every bucket": (
        _sli({"ratioMetric": {"counter": True, "good": _metric("x_bucket"), "total": _metric("x_count")}}),
        [("slo.bucket", "/spec/ratioMetric/good/metricSource/spec/query")],
    ),
    "two metrics": (_sli({**LEVEL, **EVENTS}), [("slo.indicator", "/spec")]),
    "no metric": (_sli({}), [("slo.indicator", "/spec")]),
    "good and total are one": (
        _sli({"ratioMetric": {"counter": True, "good": _metric("a"), "total": _metric("a")}}),
        [("slo.indicator", "/spec/ratioMetric/total")],
    ),
    "setting of another kind": (_sli(EVENTS, combine="any"), [("slo.annotation", note("combine"))]),
    "setting unknown": (_sli(LEVEL, raeding="rate"), [("slo.annotation", note("raeding"))]),
    "settings of composites": (_sli(LEVEL, parts="a, b"), [("slo.indicator", "/spec")]),
    "words": (
        _sli(LEVEL, combine="most", reading="speed", demand="queue", scrape="soon", tier="moon"),
        [
            ("slo.annotation", note("tier")),
            ("slo.annotation", note("combine")),
            ("slo.annotation", note("reading")),
            ("slo.annotation", note("demand")),
            ("slo.duration", note("scrape")),
        ],
    ),
}


@pytest.mark.parametrize("slos", [0, 1, 2])
@pytest.mark.parametrize("case", OWN)
def test_faults_of_an_sli_are_told_once_at_the_sli(case: str, slos: int, tmp_path: Path) -> None:
    """However many SLOs name it, and where none does."""
    sli, expected = OWN[case]
    documents = {f"slo{n}": named(_naming(), f"slo-{n}") for n in range(slos)}
    assert found(write(tmp_path, sli=sli, **documents)) == [(code, f"sli.yaml#1:{path}") for code, path in expected]


def test_what_an_slo_decides_is_no_fault_of_an_sli(tmp_path: Path) -> None:
    """It may lean on sources, scrapes, slots and bounds that only the SLO says."""
    for sli in (
        _sli(LEVEL, total="yes"),
        _sli(LEVEL, scrape="45s"),
        _sli(EVENTS, leaves="1m"),
        _sli(EVENTS, settles="2m"),
    ):
        assert load_catalog([write(tmp_path, sli=sli)]).slos == {}


TOGETHER: dict[str, tuple[Document, Document, str, str, str]] = {
    "demand of too much": (
        _sli(LEVEL, demand="queue > 0"),
        _naming(put(OBJECTIVE + "op", "lte")),
        "slo.annotation",
        f"sli.yaml#1:{note('demand')}",
        "none with lte or lt",
    ),
    "combined and added up": (
        _sli(LEVEL, sources="gateway", combine="any"),
        _naming(notes(total="yes")),
        "slo.annotation",
        f"sli.yaml#1:{note('combine')}",
        "are one source",
    ),
    "composite": (
        _sli(LEVEL),
        _naming(notes(parts="a"), put(OBJECTIVE + "op", ...), put(OBJECTIVE + "value", ...)),
        "slo.indicator",
        "slo.yaml#1:/spec/indicatorRef",
        "composites",
    ),
    "another tier": (
        _sli(LEVEL, tier="link"),
        _naming(),
        "slo.annotation",
        f"slo.yaml#1:{note('tier')}",
        "'edge'; expected 'link' as SLI lag has it, or nothing",
    ),
    "another scrape": (
        _sli(LEVEL, scrape="30s"),
        _naming(notes(scrape="15s")),
        "slo.annotation",
        f"slo.yaml#1:{note('scrape')}",
        "'15s'; expected '30s' as SLI lag has it, or nothing",
    ),
}


@pytest.mark.parametrize("case", TOGETHER)
def test_what_does_not_go_together_is_told_where_it_stands(case: str, tmp_path: Path) -> None:
    """A setting of the SLI at the SLI, with the SLO that it is of no use to."""
    sli, slo, code, where, problem = TOGETHER[case]
    (told, *_) = violations(write(tmp_path, sli=sli, slo=slo))
    assert (told.code, told.where) == (code, f"{tmp_path}/{where}")
    assert problem in told.problem
    assert told.line > 1
    if where.startswith("sli"):
        assert f"for the SLO in {tmp_path}/slo.yaml:1, which may say otherwise" in told.hint


def test_sources_that_no_site_lists_are_told_at_the_sli_that_names_them(tmp_path: Path) -> None:
    fleet = {
        "apiVersion": "sankofa.observe/v1",
        "kind": "Fleet",
        "metadata": {"name": "f"},
        "spec": {"sites": [{"name": "x", "tier": "edge", "region": "r", "targets": {"ceph": {"c": {}}}}]},
    }
    folder = write(tmp_path, fleet=fleet, sli=_sli(LEVEL, sources="gatway"), slo=_naming())
    assert found(folder) == [("slo.sources", f"sli.yaml#1:{note('sources')}")]


def test_an_slo_takes_the_settings_of_its_sli_says_others_and_takes_some_away(tmp_path: Path) -> None:
    sli = _sli(LEVEL, sources="gateway", combine="any", reading="rate", demand="queue > 0", scrape="30s")
    slos = {
        "as-is": named(_naming(), "as-is"),
        "other": named(_naming(notes(combine="atLeast: 2", reading="value", scrape="30s")), "other"),
        "added-up": named(_naming(notes(combine="none", total="yes", demand="none")), "added-up"),
    }
    catalog = load_catalog([write(tmp_path, sli=sli, **{name.replace("-", ""): one for name, one in slos.items()})])
    as_is, other, added_up = (catalog.slos[name].indicator for name in slos)
    assert isinstance(as_is, LevelIndicator) and isinstance(other, LevelIndicator)  # noqa: PT018
    assert isinstance(added_up, LevelIndicator)
    assert [len(one.demand) for one in (as_is, other, added_up)] == [1, 1, 0]
    assert [one.reading for one in (as_is, other, added_up)] == ["rate", "value", "rate"]
    assert [one.combine.rule for one in (as_is, other)] == [Rule.ANY, Rule.AT_LEAST]
    assert (added_up.combine, added_up.total) == (Combine(), True)
    assert {one.slot.scrape_seconds for one in catalog.slos.values()} == {30}


def test_what_no_sli_says_cannot_be_taken_away(tmp_path: Path) -> None:
    """A setting without an effect is refused."""
    folder = write(tmp_path, sli=_sli(LEVEL), slo=_naming(notes(combine="none")))
    assert found(folder) == [("slo.annotation", f"slo.yaml#1:{note('combine')}")]
