"""SLO documents that are wrong: each mistake has its code, its place and a hint at what was meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.adapters.spec_documents import (
    BUCKET,
    LATENCY,
    NOTE,
    OBJECTIVE,
    QUERY,
    RATIO,
    SELECTED,
    SLO,
    TOTAL,
    WINDOW,
    Change,
    Expected,
    at,
    changed,
    composite,
    found,
    level,
    note,
    notes,
    put,
    rolling,
    violations,
    write,
    zone,
)

TARGET, SLICE = "/spec/objectives/0/target", "/spec/objectives/0/timeSliceWindow"
CALENDAR_OF_UTC = {"startTime": "2026-01-01 00:00:00", "timeZone": "UTC"}
CALENDAR, PERIOD = "/spec/timeWindow/0/calendar", "/spec/timeWindow/0"


def of_level(op: str, value: float, **settings: str) -> Change:
    return lambda one: (level(op=op, value=value)(one), notes(**settings)(one))


STATES: dict[str, tuple[Change, Expected]] = {
    "target-over-1": (put(OBJECTIVE + "target", 99.5), [("slo.target-range", TARGET)]),
    "target-1": (put(OBJECTIVE + "target", 1), [("slo.target-range", TARGET)]),
    "target-0": (put(OBJECTIVE + "target", 0), [("slo.target-range", TARGET)]),
    "target-negative": (put(OBJECTIVE + "target", -0.5), [("slo.target-range", TARGET)]),
    "target-too-fine": (put(OBJECTIVE + "target", 0.99950001), [("slo.ppm", TARGET)]),
    "target-finer-than-28-digits": (put(OBJECTIVE + "target", "0.9" + "0" * 40 + "1"), [("slo.ppm", TARGET)]),
    "target-tiny": (put(OBJECTIVE + "target", "1E-999999"), [("slo.ppm", TARGET)]),
    "target-enormous": (put(OBJECTIVE + "target", "1E+999999"), [("slo.target-range", TARGET)]),
    "target-nan": (put(OBJECTIVE + "target", float("nan")), [("spec.finite-number", TARGET)]),
    "target-missing": (put(OBJECTIVE + "target", ...), [("slo.target", TARGET)]),
    "target-twice": (put(OBJECTIVE + "targetPercent", 99.5), [("slo.target", TARGET)]),
    "percent-a-share": (
        put("spec|objectives|0", {"targetPercent": 0.995}),
        [("slo.target-range", f"{TARGET}Percent")],
    ),
    "percent-100": (put("spec|objectives|0", {"targetPercent": 100}), [("slo.target-range", f"{TARGET}Percent")]),
    "percent-0": (put("spec|objectives|0", {"targetPercent": 0}), [("slo.target-range", f"{TARGET}Percent")]),
    "percent-too-fine": (put("spec|objectives|0", {"targetPercent": 99.99999}), [("slo.ppm", f"{TARGET}Percent")]),
    "slot-of-a-month": (put(OBJECTIVE + "timeSliceWindow", "1M"), [("slo.duration", SLICE)]),
    "slot-too-short": (put(OBJECTIVE + "timeSliceWindow", "15s"), [("slo.slot", SLICE)]),
    "slot-not-whole-scrapes": (put(OBJECTIVE + "timeSliceWindow", "40s"), [("slo.slot", SLICE)]),
    "slot-not-of-a-day": (put(OBJECTIVE + "timeSliceWindow", "7m"), [("slo.slot", SLICE)]),
    "slot-of-two-days": (put(OBJECTIVE + "timeSliceWindow", "2d"), [("slo.slot", SLICE)]),
    "slot-enormous": (put(OBJECTIVE + "timeSliceWindow", f"{'9' * 5000}s"), [("slo.duration", SLICE)]),
    "slice-target-over-1": (
        put(OBJECTIVE + "timeSliceTarget", 1.5),
        [("slo.share", "/spec/objectives/0/timeSliceTarget")],
    ),
    "slice-target-too-fine": (
        put(OBJECTIVE + "timeSliceTarget", 0.9999999),
        [("slo.ppm", "/spec/objectives/0/timeSliceTarget")],
    ),
    "period-of-a-minute": (put(WINDOW + "duration", "1m"), [("slo.duration", f"{PERIOD}/duration")]),
    "period-of-two-months": (put(WINDOW + "duration", "2M"), [("slo.duration", f"{PERIOD}/duration")]),
    "period-without-unit": (
        put(WINDOW + "duration", "30"),
        [("spec.string-pattern-mismatch", f"{PERIOD}/duration")],
    ),
    "period-off-slots": (put(WINDOW + "duration", "90s"), [("slo.period-slot", PERIOD)]),
    "no-calendar": (put(WINDOW + "calendar", ...), [("slo.calendar", CALENDAR)]),
    "rolling-in-a-calendar": (
        put("spec|timeWindow", [{"duration": "4w", "isRolling": True, "calendar": CALENDAR_OF_UTC}]),
        [("slo.calendar", CALENDAR)],
    ),
    "rolling-minute": (rolling("1m"), [("slo.duration", f"{PERIOD}/duration")]),
    "rolling-month": (rolling("1M"), [("slo.duration", f"{PERIOD}/duration")]),
    "rolling-off-slots": (rolling("90s"), [("slo.period-slot", f"{PERIOD}/duration")]),
    "zone-unknown": (zone("Kenya/Nairobi"), [("slo.calendar", f"{CALENDAR}/timeZone")]),
    "zone-a-folder": (zone("Africa"), [("slo.calendar", f"{CALENDAR}/timeZone")]),
    "zone-a-path": (zone("../etc"), [("slo.calendar", f"{CALENDAR}/timeZone")]),
    "zone-empty": (zone(""), [("slo.calendar", f"{CALENDAR}/timeZone")]),
    "zone-of-this-machine": (zone("localtime"), [("slo.calendar", f"{CALENDAR}/timeZone")]),
    "zone-with-leap-seconds": (zone("right/UTC"), [("slo.calendar", f"{CALENDAR}/timeZone")]),
    "start-no-date": (zone("UTC", "soon"), [("slo.calendar", f"{CALENDAR}/startTime")]),
    "start-before-time": (zone("UTC", "0001-01-01 00:00:00"), [("slo.calendar", f"{CALENDAR}/startTime")]),
    "start-after-time": (zone("UTC", "9999-12-01 00:00:00"), [("slo.calendar", f"{CALENDAR}/startTime")]),
    "zone-and-start": (
        zone("Mars", "soon"),
        [("slo.calendar", f"{CALENDAR}/timeZone"), ("slo.calendar", f"{CALENDAR}/startTime")],
    ),
    "start-inside-a-month": (
        zone("UTC", "2026-01-15 12:00:00"),
        [("slo.calendar-start", f"{CALENDAR}/startTime")],
    ),
    "start-on-a-sunday": (
        zone("UTC", "2026-01-04 00:00:00", duration="1w"),
        [("slo.calendar-start", f"{CALENDAR}/startTime")],
    ),
    "hour-in-kathmandu": (zone("Asia/Kathmandu", slot="1h"), [("slo.period-slot", PERIOD)]),
    "hour-in-kolkata": (zone("Asia/Kolkata", slot="1h"), [("slo.period-slot", PERIOD)]),
    "half-an-hour-in-kathmandu": (zone("Asia/Kathmandu", slot="30m"), [("slo.period-slot", PERIOD)]),
    "day-in-nairobi": (zone("Africa/Nairobi", slot="1d"), [("slo.period-slot", PERIOD)]),
    "day-in-new-york": (zone("America/New_York", duration="1d", slot="1d"), [("slo.period-slot", PERIOD)]),
    "day-in-london-summer": (zone("Europe/London", slot="1d"), [("slo.period-slot", PERIOD)]),
    "hour-in-lord-howe": (zone("Australia/Lord_Howe", slot="1h"), [("slo.period-slot", PERIOD)]),
    "rate": (put(QUERY, "rate(up[5m])"), [("slo.selector", at(QUERY))]),
    "sum": (put(QUERY, "sum(up)"), [("slo.selector", at(QUERY))]),
    "range": (put(QUERY, "up[5m]"), [("slo.selector", at(QUERY))]),
    "newline": (put(QUERY, 'up{job="pve"}\n'), [("slo.selector", at(QUERY))]),
    "no-query": (put(QUERY, ""), [("slo.selector", at(QUERY))]),
    "up-is-known": (put(QUERY, "sankofa_pve_known"), [("slo.indicator", at(RATIO + "total"))]),
    "nothing-good": (put(RATIO + "good", ...), [("slo.indicator", at(RATIO[:-1]))]),
    "no-indicator": (put("spec|indicator", ...), [("slo.indicator", "/spec/indicator")]),
    "no-metric": (put(RATIO[:-1], ...), [("slo.indicator", "/spec/indicator/spec")]),
    "bad-of-gauges": (
        lambda one: put(RATIO + "bad", one["spec"]["indicator"]["spec"]["ratioMetric"].pop("good"))(one),
        [("slo.indicator", at(RATIO + "bad"))],
    ),
    "bound-without-a-level": (put(OBJECTIVE + "op", "gt"), [("slo.threshold", "/spec/objectives/0")]),
    "level-without-a-bound": (level(op="lte"), [("slo.threshold", "/spec/objectives/0")]),
    "level-of-a-changing-set": (
        lambda one: (level(op="lte", value=5)(one), notes(sources="changing")(one)),
        [("slo.annotation", note("sources"))],
    ),
    "level-of-a-rate": (
        lambda one: (level(op="lte", value=5)(one), put(f"spec|indicator|spec|thresholdMetric{SELECTED}", "a+b")(one)),
        [("slo.selector", "/spec/indicator/spec/thresholdMetric/metricSource/spec/query")],
    ),
    **{
        f"{reading}-{op}-{value}": (
            of_level(op, value, reading=reading),
            [("slo.threshold", "/spec/objectives/0/value")],
        )
        for reading, op, value in (
            ("rate", "lt", 0),
            ("rate", "lte", -1),
            ("rate", "gte", 0),
            ("rate", "gt", -0.5),
            ("age", "lte", 0),
            ("age", "gt", 0),
        )
    },
    "sum-below-0": (
        of_level("gte", 0, total="yes"),
        [("slo.threshold", "/spec/objectives/0/value")],
    ),
    **{
        f"demand-{text}": (of_level("gte", 5, demand=text), [("slo.annotation", note("demand"))])
        for text in (
            "queue",
            "queue >= 1",
            "queue > 0 and dropped > 0",
            "queue > 0 or",
            "rate(dropped[5m]) > 0",
            "rate dropped > -1",
            "lag_seconds > 0 * room",
            "age written > 5 * room",
            "queue > 0 or queue > 0",
            "none",
            "",
        )
    },
    "demand-of-what-is-too-much": (
        of_level("lte", 5, demand="queue > 0"),
        [("slo.annotation", note("demand"))],
    ),
    "members-of-a-core": (
        lambda one: (
            composite()(one),
            put(NOTE + "composite", ...)(one),
            put(NOTE + "parts", ...)(one),
            notes(tier="core", members_of="up", at_least="2")(one),
        ),
        [("slo.members", note("tier"))],
    ),
    "members-of-a-link": (
        lambda one: (
            composite()(one),
            put(NOTE + "composite", ...)(one),
            put(NOTE + "parts", ...)(one),
            notes(tier="link", members_of="up", at_least="2")(one),
        ),
        [("slo.members", note("tier"))],
    ),
    "states-as-occurrences": (
        put("spec|budgetingMethod", "Occurrences"),
        [("slo.budgeting", "/spec/budgetingMethod")],
    ),
    "states-of-a-changing-set": (notes(sources="changing"), [("slo.annotation", note("sources"))]),
    "sources-no-name": (notes(sources="a b"), [("slo.annotation", note("sources"))]),
    "states-without-traffic": (notes(no_traffic="excluded"), [("slo.annotation", note("no-traffic"))]),
    "combine-unknown": (notes(combine="most"), [("slo.annotation", note("combine"))]),
    "combine-none": (notes(combine="atLeast: 0"), [("slo.annotation", note("combine"))]),
    "settings-of-events": (
        notes(settles="30s", longest_gap="10m", history="1h", leaves="30s", burst_factor="3", start_time="a"),
        [
            ("slo.annotation", note(name))
            for name in ("settles", "longest-gap", "history", "leaves", "burst-factor", "start-time")
        ],
    ),
    "floor-is-gone": (notes(coverage_floor="0.8"), [("slo.annotation", note("coverage-floor"))]),
    "floor-unquoted": (put(NOTE + "coverage-floor", 0.8), [("spec.string-type", note("coverage-floor"))]),
    "tier-unknown": (notes(tier="moon"), [("slo.annotation", note("tier"))]),
    "tier-missing": (put(NOTE + "tier", ...), [("slo.annotation", note("tier"))]),
    "setting-unknown": (notes(teir="edge"), [("slo.annotation", note("teir"))]),
    "no-traffic-unknown": (notes(no_traffic="bad"), [("slo.annotation", note("no-traffic"))]),
    "composite-with-an-indicator": (
        notes(parts="power"),
        [
            ("slo.annotation", note("sources")),
            ("slo.indicator", "/spec/indicator"),
            ("slo.indicator", "/spec/objectives/0/timeSliceTarget"),
        ],
    ),
    "composite-how": (composite("most"), [("slo.annotation", note("composite"))]),
    "composite-share-for-all": (composite("all 0.5"), [("slo.annotation", note("composite"))]),
    "composite-without-share": (composite("weighted"), [("slo.annotation", note("composite"))]),
    "composite-share-nan": (composite("weighted NaN"), [("slo.share", note("composite"))]),
    "composite-share-no-number": (composite("weighted much"), [("slo.share", note("composite"))]),
    "composite-share-enormous": (composite("weighted 1E+999999"), [("slo.share", note("composite"))]),
    "composite-share-too-fine": (composite("weighted 0.1234567"), [("slo.ppm", note("composite"))]),
    "composite-part-twice": (composite(parts="power, power"), [("slo.annotation", note("parts"))]),
    "composite-part-weight-0": (composite(parts="power=0"), [("slo.annotation", note("parts"))]),
    "composite-without-parts": (composite(parts=""), [("slo.annotation", note("parts"))]),
    "composite-as-occurrences": (
        lambda one: (composite()(one), put("spec|budgetingMethod", "Occurrences")(one)),
        [("slo.budgeting", "/spec/budgetingMethod")],
    ),
    "composite-with-a-slice-target": (
        lambda one: (composite()(one), put(OBJECTIVE + "timeSliceTarget", 0.9)(one)),
        [("slo.indicator", "/spec/objectives/0/timeSliceTarget")],
    ),
    "composite-with-sources": (
        lambda one: (composite()(one), notes(sources="proxmox", combine="any")(one)),
        [("slo.annotation", note("sources")), ("slo.annotation", note("combine"))],
    ),
    "field-unknown": (put("spec|objective", {}), [("spec.extra-forbidden", "/spec/objective")]),
    "field-missing": (put("spec|service", ...), [("spec.missing", "/spec/service")]),
    "name-with-capitals": (put("metadata|name", "Edge"), [("spec.string-pattern-mismatch", "/metadata/name")]),
    "kind-unknown": (put("kind", "Slo"), [("spec.kind", "/")]),
    "version-unknown": (put("apiVersion", "openslo/v2"), [("spec.kind", "/")]),
}
EVENTS: dict[str, tuple[Change, Expected]] = {
    "every-bucket": (put(QUERY, BUCKET), [("slo.bucket", at(QUERY))]),
    "every-bucket-of-a-job": (put(QUERY, f'{BUCKET}{{job="a",file="x,le=1"}}'), [("slo.bucket", at(QUERY))]),
    "buckets-by-pattern": (put(QUERY, f'{BUCKET}{{le=~"0.1|0.5"}}'), [("slo.bucket", at(QUERY))]),
    "all-buckets-but-one": (put(QUERY, f'{BUCKET}{{le!="0.1"}}'), [("slo.bucket", at(QUERY))]),
    "two-bounds": (put(QUERY, f'{BUCKET}{{le="0.1",le="0.5"}}'), [("slo.bucket", at(QUERY))]),
    "bound-no-number": (put(QUERY, f'{BUCKET}{{le="200ms"}}'), [("slo.bucket", at(QUERY))]),
    "bound-with-zeros": (put(QUERY, f'{BUCKET}{{le="0.20"}}'), [("slo.bucket", at(QUERY))]),
    "bound-of-everything": (put(QUERY, f'{BUCKET}{{le="+Inf"}}'), [("slo.bucket", at(QUERY))]),
    "total-of-every-bucket": (put(TOTAL, BUCKET), [("slo.bucket", at(TOTAL))]),
    "good-and-bad": (put(RATIO + "bad", LATENCY["spec"]["indicator"]["spec"]["ratioMetric"]["good"]),
                     [("slo.indicator", at(RATIO[:-1]))]),
    "start-time-no-selector": (notes(start_time="min(x)"), [("slo.selector", note("start-time"))]),
    "start-time-empty": (notes(start_time=""), [("slo.selector", note("start-time"))]),
    "combine-of-events": (notes(combine="any"), [("slo.annotation", note("combine"))]),
    "burst-factor-0": (notes(burst_factor="0"), [("slo.annotation", note("burst-factor"))]),
    "burst-factor-a-share": (notes(burst_factor="1.5"), [("slo.annotation", note("burst-factor"))]),
    "leaves-of-a-fixed-set": (notes(leaves="1m"), [("slo.annotation", note("leaves"))]),
    "longest-gap-of-a-scrape": (notes(longest_gap="15s"), [("slo.annotation", note("longest-gap"))]),
    "longest-gap-of-a-week": (notes(longest_gap="7d"), [("slo.annotation", note("longest-gap"))]),
    "history-of-a-scrape": (notes(history="15s"), [("slo.annotation", note("history"))]),
    "history-of-months": (notes(history="90d"), [("slo.annotation", note("history"))]),
    "settles-no-length": (notes(settles="soon"), [("slo.duration", note("settles"))]),
    "settles-over-two-slots": (notes(settles="1m"), [("slo.annotation", note("settles"))]),
    "settles-of-bad-events": (
        lambda one: (
            notes(settles="30s")(one),
            put(RATIO + "bad", one["spec"]["indicator"]["spec"]["ratioMetric"].pop("good"))(one),
        ),
        [("slo.annotation", note("settles"))],
    ),
    "scrapes-longer-than-the-longest-gap": (notes(scrape="30m", slot="1h"), [("slo.annotation", note("longest-gap"))]),
    "settings-all-wrong": (
        notes(burst_factor="x", history="1", settles="1M", slot="1m", scrape="7s"),
        [
            ("slo.annotation", note("burst-factor")),
            ("slo.duration", note("history")),
            ("slo.duration", note("settles")),
            ("slo.slot", note("slot")),
        ],
    ),
}  # fmt: skip
BROKEN = [*(("states", case) for case in STATES), *(("events", case) for case in EVENTS)]


@pytest.mark.parametrize(("kind", "case"), BROKEN)
def test_specs_name_what_is_wrong_with_an_slo(kind: str, case: str, tmp_path: Path) -> None:
    """Each mistake has its code and its place, and none hides behind a traceback."""
    document, cases = {"states": (SLO, STATES), "events": (LATENCY, EVENTS)}[kind]
    change, expected = cases[case]
    folder = write(tmp_path, slo=changed(document, change))
    assert found(folder) == [(code, f"slo.yaml#1:{path}") for code, path in expected]


HINTS = {
    "percent": (put(OBJECTIVE + "target", 99.5), "did you mean targetPercent: 99.5?"),
    "minutes": (put(WINDOW + "duration", "1m"), "1M is a month"),
    "months": (put(OBJECTIVE + "timeSliceWindow", "1M"), "M is a month; a minute is m"),
    "rate": (put(QUERY, "rate(up[5m])"), "no rate(), sum() or range"),
    "rolling": (put(WINDOW + "isRolling", True), "write days, like 30d; M, Q and Y are calendar periods"),
    "no-calendar": (put(WINDOW + "calendar", ...), "or isRolling: true"),
    "start": (zone("UTC", "2026-01-15 12:00:00"), "the one around it starts '2026-01-01 00:00:00'"),
    "start-in-a-zone": (zone("Africa/Nairobi", "2026-03-09 07:00:00", "1w"), "starts '2026-03-09 00:00:00'"),
    "kathmandu": (zone("Asia/Kathmandu", slot="1h"), "starts at 2025-12-31T18:15:00Z"),
    "indicator-ref": (put("spec|indicatorRef", "x"), "there are: none"),
    "alerts": (put("spec|alertPolicies", []), "alert rules are made from the SLOs"),
    "raw": (put(RATIO + "rawType", "success"), "raw counters or gauges are read: good (or bad) and total"),
    "objectives": (lambda one: one["spec"]["objectives"].append({}), "one objective a document"),
    "unknown": (notes(teir="edge"), "known: at-least, burst-factor, combine, composite, "),
    "events-only": (notes(settles="30s"), "an SLO of states has no use for it; it is for events"),
}


@pytest.mark.parametrize("case", HINTS)
def test_specs_hint_at_the_next_step(case: str, tmp_path: Path) -> None:
    """The usual slips are told with what was probably meant."""
    change, hint = HINTS[case]
    assert hint in "\n".join(map(str, violations(write(tmp_path, slo=changed(SLO, change)))))


def test_specs_hint_at_one_bucket(tmp_path: Path) -> None:
    """A selector that meets several buckets is told which series to take."""
    slo = changed(LATENCY, put(QUERY, BUCKET), put(TOTAL, f"all_{BUCKET}"))
    assert [one.hint for one in violations(write(tmp_path, slo=slo))] == [
        'name one bucket, like le="0.2"',
        "for all events take all_duration_seconds_count",
    ]
