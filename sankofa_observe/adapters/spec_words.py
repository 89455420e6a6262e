"""What the fields of our documents mean, in a sentence each: editors show them beside the field.

By the model and its attribute (`spec_models`), and for settings by the name of the annotation (`spec_slo`). A test holds that each
field has a sentence and that no sentence has lost its field.
"""

from __future__ import annotations

DOCUMENTS = {
    "SloDocument": "A promise to each site of a tier, in OpenSLO v1.",
    "SliDocument": "An indicator by itself, in OpenSLO v1, for SLOs that name it.",
    "FleetDocument": "The sites, and what is probed there.",
    "AgreementDocument": "What two parties agreed: promises, fee, credits and clocks.",
}

FIELDS: dict[str, dict[str, str]] = {
    "Metadata": {
        "name": "Lower-case letters, digits and inner hyphens, 63 at most.",
        "display_name": "For people.",
        "labels": "For people.",
        "annotations": "Those under sankofa.observe/ are settings; any others are left alone.",
    },
    "QuerySpec": {"query": "A series selector: a metric name with matchers, and no function, range or offset."},
    "MetricSource": {"type": "Samples are read from Prometheus.", "spec": "What is read."},
    "Metric": {"metric_source": "Where it is read."},
    "RatioMetric": {
        "counter": "true: counters of events. false: gauges of 0 and 1, up and known.",
        "good": "Good events, or of gauges: up.",
        "bad": "Bad events, in place of the good ones.",
        "total": "All valid events, or of gauges: known. Of a histogram its _count.",
    },
    "IndicatorSpec": {
        "ratio_metric": "Events, or a state that is up or down.",
        "threshold_metric": "A gauge against op and value of the objective.",
    },
    "Indicator": {"metadata": "Its name.", "spec": "Exactly one of ratioMetric and thresholdMetric."},
    "Calendar": {
        "start_time": "Where a period begins in the zone, like 2026-01-01 00:00:00.",
        "time_zone": "Of the IANA database, like Africa/Nairobi.",
    },
    "TimeWindow": {
        "duration": "1d, 1w, 1M (month; 1m is a minute) or 1Q of the calendar, or a length in s, h or d.",
        "is_rolling": "false: periods that follow each other. true: the last such length, for what is watched and not agreed.",
        "calendar": "Where periods begin; not for a rolling window.",
    },
    "Objective": {
        "display_name": "For people.",
        "target": "As a share: above 0, under 1, six decimals at most. Or targetPercent.",
        "target_percent": "As a percentage: above 0, under 100, four decimals at most. Or target.",
        "op": "Of a thresholdMetric: how its value is compared with the bound.",
        "value": "Of a thresholdMetric: the bound.",
        "time_slice_target": "Share of good in a slot that makes the slot good.",
        "time_slice_window": "Length of a slot; wins over the annotation slot.",
    },
    "SloSpec": {
        "description": "For people; it stands beside each verdict.",
        "service": "For people.",
        "indicator": "What is measured; composites, outages and members have none.",
        "indicator_ref": "In place of it: the name of a document of kind SLI.",
        "time_window": "Exactly one.",
        "budgeting_method": "Timeslices: slots are counted. Occurrences: events are counted.",
        "objectives": "Exactly one; another target is another SLO.",
    },
    "SloDocument": {
        "api_version": "The format.",
        "kind": "What the document is.",
        "metadata": "Name and settings.",
        "spec": "The promise.",
    },
    "SliDocument": {
        "api_version": "The format.",
        "kind": "What the document is.",
        "metadata": "Its name, and settings that hold where an SLO has none of that name.",
        "spec": "Exactly one of ratioMetric and thresholdMetric.",
    },
    "SiteSpec": {
        "name": "As the label site of its series has it.",
        "tier": "One SLO serves a tier.",
        "region": "For boards.",
        "zone": "A group of regions; the place of tier region with the same zone counts its sites.",
        "owner": "Who is asked about it.",
        "role": "Of a core datacenter.",
        "needs": "Of a place of tier region: how many sites carry its load.",
        "since": "UTC like 2026-03-01T00:00:00Z: before, nothing was promised of it.",
        "targets": "What the exporters probe there, by system and name; they check it.",
    },
    "FleetSpec": {"sites": "Every place that is promised something."},
    "FleetDocument": {
        "api_version": "The format.",
        "kind": "What the document is.",
        "metadata": "Its name.",
        "spec": "The sites.",
    },
    "Party": {"id": "A name; the tenant's is that of its API key.", "account": "The address that signs."},
    "Fee": {
        "amount_minor": "Of one period, in minor units: 125000 is 1250.00 USD.",
        "currency": "Of ISO 4217.",
        "exponent": "The decimals of its minor unit: USD 2, JPY 0, KWD 3.",
    },
    "Band": {
        "below_ppm": "Attainment under so many parts per million; 995000 is 99.5 %.",
        "credit_ppm": "credits this share of the fee, in parts per million.",
    },
    "PromiseSpec": {
        "slo": "Name of an SLO.",
        "site": "Name of a site of its tier.",
        "bands": "The first starts at the objective; each next one is lower and pays more.",
    },
    "AgreementSpec": {
        "version": "Counts up with each change of terms that is not on chain yet.",
        "salt": "32 random bytes, kept off chain: openssl rand -hex 32.",
        "provider": "Who proposes, and owes.",
        "tenant": "Who accepts, and is owed.",
        "fee": "Of one period.",
        "cap_ppm": "Credits of one period never exceed this share of the fee, in parts per million.",
        "starts_at": "UTC, where a period of its SLOs starts, like 2027-01-01T00:00:00Z.",
        "grace_seconds": "How long after a period's end late samples may arrive; then it is judged.",
        "dispute_window_seconds": "So long after a report it may be disputed.",
        "dispute_window_blocks": "And so many blocks.",
        "excluded_slots": "What an excluded slot is: as if it had not been, or up.",
        "exclusion_notice_seconds": "How long before it begins an exclusion is announced.",
        "tolerance_slots": "In how many slots an attestor's count may differ before it refuses to sign.",
        "promises": "One or more, all with the same window.",
    },
    "AgreementDocument": {
        "api_version": "The format.",
        "kind": "What the document is.",
        "metadata": "Its name, which with the salt makes its id.",
        "spec": "The terms.",
    },
}

SETTINGS = {
    "tier": "Whose promise it is.",
    "scrape": "How often the sources are scraped, like 15s.",
    "slot": "Length of a slot, like 1m: a whole number of scrapes, two or more, that divides a day.",
    "no-traffic": "What a slot without events is: good or excluded.",
    "sources": "A system of the fleet file whose targets are the sources of a site; or, for events, changing.",
    "combine": "How several sources make one state: all, any, or 'atLeast: 2'.",
    "reading": "What of a level is held against its bound: its value, its rate a second, or its age.",
    "total": "yes: the levels of all listed sources of the site are added up first.",
    "demand": "Selects what waits to be served: a level that misses its bound is bad only where something does.",
    "demand-above": "More than this waits.",
    "demand-reading": "value, or rate where the queue is told by a counter.",
    "outage-of": "The SLO whose bad slots are an outage.",
    "limit": "How long an outage may last, like 4h.",
    "members-of": "The SLO that sites are good under.",
    "at-least": "How many sites must be good: 3, or by role, active=3, standby=2.",
    "spare": "So many more: 1 is N+1.",
    "promise": "The words of the document that promises it.",
    "unknown-when": "What makes it unknown, for people.",
    "proven-on": "On which source a fault was counted by it, for people.",
    "pays": "Who pays whom, for people.",
    "start-time": "Selects when each source's process began, like process_start_time_seconds.",
    "longest-gap": "Over a longer gap a counter is not followed, like 30m.",
    "history": "How far back the busiest step of a source is looked for, like 1h.",
    "burst-factor": "What was not seen may have been this many times as busy as the busiest step near it: 1 to 99.",
    "settles": "A good event may be counted this much later than its valid one, like 30s.",
    "leaves": "A source of a changing set may have gone on this long after it was last seen, like 30s.",
    "composite": "all, any, or weighted and a share, like weighted 0.8.",
    "parts": "Names of SLOs of the tier, with a weight where it is not 1: power=2, network.",
}
