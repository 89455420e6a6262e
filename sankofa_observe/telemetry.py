"""The platform's own series: name, kind, labels and meaning of each, here and nowhere else.

Metrics are made of these, alert rules and boards ask for them, and their reference is printed from them: a series that is renamed is
renamed everywhere, one that goes is an error where it was asked for. Imports nothing of the package, so that whoever names a series
pays for nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

Kind = Literal["gauge", "counter", "histogram"]


@dataclass(frozen=True, kw_only=True)
class Series:
    """A metric of a platform process (job sankofa-platform); its text is its name, as a query writes it."""

    name: str
    kind: Kind = "gauge"
    labels: tuple[str, ...] = ()
    meaning: str
    buckets: tuple[float, ...] = ()  # of a histogram, upper bounds in its unit

    def __post_init__(self) -> None:
        if self.name.endswith("_total") != (self.kind == "counter"):
            raise ValueError(f"series {self.name}: a counter's name ends with _total, and no other one's does")
        if bool(self.buckets) != (self.kind == "histogram"):
            raise ValueError(f"series {self.name}: a histogram has buckets, and nothing else does")

    def __str__(self) -> str:
        return self.name

    @property
    def names(self) -> tuple[str, ...]:
        """What a query can ask for."""
        return tuple(f"{self.name}_{part}" for part in ("bucket", "count", "sum")) if self.buckets else (self.name,)


_PROMISE = ("slo", "site", "tier")

SITE_INFO = Series(
    name="sankofa_site_info", labels=("site", "tier", "region"), meaning="A site of the fleet; always 1."
)

# What each site is expected to have: exporters say the same of their own targets, at their own /metrics.
TARGET_INFO = Series(
    name="sankofa_target_info",
    labels=("tier", "region", "site", "system", "target"),
    meaning="A target that should be scraped; always 1.",
)
SLO_OBJECTIVE = Series(name="sankofa_slo_objective_ratio", labels=("slo", "tier"), meaning="The target of an SLO.")
SLO_SLOTS = Series(
    name="sankofa_slo_period_slots", labels=(*_PROMISE, "state"), meaning="Slots of the current period by state."
)
SLO_LOW = Series(
    name="sankofa_slo_attainment_low_ratio", labels=_PROMISE, meaning="Attained so far if all that is unknown was bad."
)
SLO_HIGH = Series(
    name="sankofa_slo_attainment_high_ratio",
    labels=_PROMISE,
    meaning="Attained so far if all that is unknown was good.",
)
SLO_SPENT = Series(
    name="sankofa_slo_error_budget_spent_ratio", labels=_PROMISE, meaning="Bad over allowed so far; may exceed 1."
)

SETTLEMENTS = Series(name="sankofa_settlements", labels=("state",), meaning="Settlements by state.")
# Money is in units of its currency (exponent applied): for people, never for a settlement.
PENALTY = Series(
    name="sankofa_penalty",
    labels=("currency",),
    meaning="Penalties assessed so far, before caps, in units of the currency.",
)
CREDIT = Series(
    name="sankofa_service_credit",
    labels=("tenant", "currency"),
    meaning="Credits granted so far, in units of the currency.",
)
_PRICED = ("agreement", "slo", "site", "tenant", "currency")
PRICED = Series(
    name="sankofa_priced_promise",
    labels=_PRICED,
    meaning="A promise that has a price in a period that runs; always 1, also while nothing of it is known.",
)
CREDIT_NOW = Series(
    name="sankofa_credit_now",
    labels=_PRICED,
    meaning="What the running period of a promise would cost if all that is not known, and all that is left of it, was good; absent while nothing of it is known.",
)
CREDIT_NEXT = Series(
    name="sankofa_credit_next",
    labels=_PRICED,
    meaning="What it would cost from the next step of its schedule on; absent where it cannot get dearer.",
)
CREDIT_AT_RISK = Series(
    name="sankofa_credit_at_risk",
    labels=_PRICED,
    meaning="What more it would cost at its end if the rest was as bad as what is known of it.",
)
SLOTS_TO_NEXT_BAND = Series(
    name="sankofa_slots_to_next_band",
    labels=("agreement", "slo", "site"),
    meaning="So many bad slots to come make it dearer; absent where it cannot get dearer.",
)
SECONDS_TO_NEXT_BAND = Series(
    name="sankofa_seconds_to_next_band",
    labels=("agreement", "slo", "site"),
    meaning="The same in bad seconds, by the slot length of the SLO.",
)

# Of the last closed period that was judged, so that a breach does not vanish with the period it was in.
_JUDGED = ("agreement", "slo", "site", "tier")
JUDGED_VERDICT = Series(
    name="sankofa_judged_verdict",
    labels=(*_JUDGED, "verdict"),
    meaning="Of a promise's last judged period: 1 for its verdict (met, breach, undetermined), 0 for the others.",
)
JUDGED_END = Series(
    name="sankofa_judged_period_end_timestamp_seconds", labels=_JUDGED, meaning="When that period ended."
)
JUDGED_LOW = Series(
    name="sankofa_judged_attainment_low_ratio",
    labels=_JUDGED,
    meaning="Attained in it if all that is unknown was bad; absent where nothing is known.",
)
JUDGED_HIGH = Series(
    name="sankofa_judged_attainment_high_ratio",
    labels=_JUDGED,
    meaning="Attained in it if all that is unknown was good; absent where nothing is known.",
)
JUDGED_SPENT = Series(
    name="sankofa_judged_error_budget_spent_ratio",
    labels=_JUDGED,
    meaning="Bad over allowed in it; absent where nothing is known.",
)

UNDETERMINED = Series(
    name="sankofa_undetermined_verdicts",
    labels=("slo",),
    meaning="Verdicts that the slots cannot tell and nobody has reviewed.",
)
UNDETERMINED_SINCE = Series(
    name="sankofa_undetermined_period_end_timestamp_seconds",
    labels=("slo",),
    meaning="End of the oldest period among them; absent while there is none.",
)
UNDETERMINED_STAKE = Series(
    name="sankofa_undetermined_at_stake",
    labels=("currency",),
    meaning="The most that may be owed for them, in units of the currency and within caps.",
)
WAITING = Series(
    name="sankofa_waiting", labels=("subject",), meaning="What is due and cannot be done yet, like judging a period."
)
WAITING_SECONDS = Series(
    name="sankofa_waiting_seconds",
    labels=("kind", "reason"),
    meaning="For how long the oldest of what is due and cannot be done yet has waited; 0 while nothing does.",
)

OBSERVER_NEWEST = Series(
    name="sankofa_observer_newest_slot_timestamp_seconds",
    labels=("observer",),
    meaning="Start of an observer's newest slot, of the SLO it is farthest behind with; 0 where it has none.",
)
OBSERVER_VERDICTS = Series(
    name="sankofa_observer_verdicts",
    labels=("observer", "alone"),
    meaning="Of agreements with several, promises by what this observer alone says of their newest judged period: the same, otherwise, cannot tell.",
)

ATTESTOR_HEARD = Series(
    name="sankofa_attestor_heard_timestamp_seconds",
    labels=("attestor",),
    meaning="When an attestor was last at work, as far as its proposer sees it; from when the proposer began where it never was.",
)

PIPELINE_SUCCESS = Series(
    name="sankofa_pipeline_last_success_timestamp_seconds", labels=("stage",), meaning="When a stage last succeeded."
)
PIPELINE_FAILURES = Series(
    name="sankofa_pipeline_failures_total", kind="counter", labels=("stage",), meaning="Turns of a stage that failed."
)
PIPELINE_DURATION = Series(
    name="sankofa_pipeline_stage_duration_seconds",
    kind="histogram",
    labels=("stage",),
    meaning="How long a turn of a stage took, whether it failed or not.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900),
)
CHAIN_HEAD = Series(
    name="sankofa_chain_head_timestamp_seconds",
    meaning="When the newest block of the settlement chain was made, by its own clock; NaN until the chain first answers.",
)
CHAIN_ASKED = Series(
    name="sankofa_chain_asked_timestamp_seconds",
    meaning="When the chain answered with that block: an age of the head is the difference, and no time since.",
)
CONTRACT_PAUSED = Series(
    name="sankofa_contract_paused",
    labels=("contract",),
    meaning="1 while the SLA contract is paused; absent until asked.",
)
CONTRACT_CHANGES = Series(
    name="sankofa_contract_changes_total",
    kind="counter",
    labels=("contract", "event"),
    meaning="Events of the SLA contract that change who may do what, since it was deployed; absent until all blocks so far were read.",
)
DISK_FREE = Series(
    name="sankofa_disk_free_ratio",
    labels=("role",),
    meaning="Free space of the file system that holds the ledger, slots, evidence, or Prometheus' data, as far as they are on this machine.",
)
CLOCK_OFFSET = Series(
    name="sankofa_clock_offset_seconds",
    labels=("of",),
    meaning="By how much the clock of an observer's Prometheus is ahead of ours; absent where it took too long to answer.",
)

API_DURATION = Series(
    name="sankofa_api_request_duration_seconds",
    kind="histogram",
    labels=("route", "status"),
    meaning="How long a request took, by the template of its route and the class of its status, like 2xx.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
API_ANSWERS = Series(
    name="sankofa_api_answers_total",
    kind="counter",
    labels=("status",),
    meaning="Answers of the API by status, like 401.",
)
API_KEYS = Series(name="sankofa_api_keys", meaning="API keys that open the API.")
API_KEY_CHANGES = Series(
    name="sankofa_api_key_changes_total",
    kind="counter",
    labels=("kind",),
    meaning="API keys that were made or revoked since they were first looked at, those while no API ran among them.",
)
INCIDENT_ALERTS = Series(
    name="sankofa_incident_alerts_total",
    kind="counter",
    labels=("outcome",),
    meaning="Alerts that Alertmanager told of as incidents: stored, same (nothing new), refused, truncated (it cut them off).",
)
ERRORS = Series(
    name="sankofa_errors_total",
    kind="counter",
    labels=("part", "kind"),
    meaning="Errors by part (scheduler, api, incidents, attest) and kind: invalid_input, unavailable, invariant_broken, unexpected.",
)

SERIES = (
    SITE_INFO, TARGET_INFO, SLO_OBJECTIVE, SLO_SLOTS, SLO_LOW, SLO_HIGH, SLO_SPENT, SETTLEMENTS, PENALTY, CREDIT,
    PRICED, CREDIT_NOW, CREDIT_NEXT, CREDIT_AT_RISK, SLOTS_TO_NEXT_BAND, SECONDS_TO_NEXT_BAND,
    JUDGED_VERDICT, JUDGED_END, JUDGED_LOW, JUDGED_HIGH, JUDGED_SPENT,
    UNDETERMINED, UNDETERMINED_SINCE, UNDETERMINED_STAKE, WAITING, WAITING_SECONDS,
    OBSERVER_NEWEST, OBSERVER_VERDICTS, ATTESTOR_HEARD,
    PIPELINE_SUCCESS, PIPELINE_FAILURES, PIPELINE_DURATION, CHAIN_HEAD, CHAIN_ASKED, CONTRACT_PAUSED, CONTRACT_CHANGES,
    DISK_FREE, CLOCK_OFFSET, API_DURATION, API_ANSWERS, API_KEYS, API_KEY_CHANGES, INCIDENT_ALERTS, ERRORS,
)  # fmt: skip

# Of the dead man's judge, a process of its own:
DEADMAN_SILENT = Series(
    name="sankofa_deadman_silent_seconds",
    labels=("observer",),
    meaning="For how long an observer was not heard of, or since the judge began.",
)
DEADMAN_BEATS = Series(
    name="sankofa_deadman_beats_total",
    kind="counter",
    labels=("observer",),
    meaning="Heartbeats that said something new.",
)
DEADMAN_LATE = Series(
    name="sankofa_deadman_late", labels=("observer",), meaning="Whether that is longer than it may be: 1 or 0."
)
DEADMAN_CALLS = Series(
    name="sankofa_deadman_calls_total",
    kind="counter",
    labels=("word", "outcome"),
    meaning="Calls by the second channel, by what was told (late, back) and whether they reached somebody (reached, failed).",
)
DEADMAN_SERIES = (DEADMAN_BEATS, DEADMAN_SILENT, DEADMAN_LATE, DEADMAN_CALLS)

# Of an attestor that is a process of its own:
ATTEST_DOCUMENTS = Series(
    name="sankofa_attest_documents",
    labels=("word",),
    meaning="Documents that are asked for, by what it says of them: agrees, objects, cannot tell, or waiting, which it has not come to.",
)
ATTEST_WAITING_SECONDS = Series(
    name="sankofa_attest_waiting_seconds",
    meaning="For how long it cannot tell, of the document that is oldest; 0 while there is none.",
)
ATTEST_FAULTS = Series(
    name="sankofa_attest_faults",
    meaning="Files and proposals that it could not read, or write, in its last turn.",
)
ATTEST_RECOUNTS = Series(name="sankofa_attest_recounts_total", kind="counter", meaning="Documents that were recounted.")
ATTEST_SIGNED = Series(
    name="sankofa_attest_signed_total", kind="counter", meaning="Batches that were signed by this process."
)
ATTEST_TURN = Series(name="sankofa_attest_last_turn_timestamp_seconds", meaning="When it last took a turn to its end.")
ATTEST_SERIES = (
    ATTEST_DOCUMENTS, ATTEST_WAITING_SECONDS, ATTEST_FAULTS, ATTEST_RECOUNTS, ATTEST_SIGNED, ATTEST_TURN,
)  # fmt: skip

# Recorded by the alert rules, and read by boards: `sankofa:<what>:<window or unit>`. Of the state of things, by tier, region and site:


class State(IntEnum):
    """Numbers of SITE_STATE on every board; SYSTEM_STATE has GOOD (its word is up), DOWN and NOT_KNOWN of them."""

    GOOD = 0
    BURNING = 1
    BREACH = 2
    DOWN = 3
    NOT_KNOWN = 4
    NO_TARGET = 5
    EXCLUDED = 6


TARGET_EXPECTED = "sankofa:target_expected:now"  # and by system: how many targets there should be
TARGET_DUE = "sankofa:target_due:now"  # of them, where silence means something by now
TARGET_BAD = "sankofa:target_bad:2m"  # by target and observer: samples known to be down, where there are any
TARGET_BAD_QUICK = "sankofa:target_bad:45s"
TARGET_UP_QUICK = "sankofa:target_up:45s"  # likewise: 1, up alone, where anybody has bad samples
TARGET_VOTES = "sankofa:target_votes:now"  # by target: those who say down less those who say up
SYSTEM_KNOWN_TARGETS = "sankofa:system_known_targets:2m"  # and by system: targets of which enough samples are known
SYSTEM_UP_TARGETS = "sankofa:system_up_targets:2m"  # and by system: targets of which enough samples are up
SYSTEM_SEEN = "sankofa:system_seen:45s"  # and by system: targets of which anything is known
SYSTEM_UNSEEN = "sankofa:system_unseen:45s"  # and by system: due, and nothing is known of any of its targets
SYSTEM_EXPLAINED = "sankofa:system_explained:now"  # and by system: unseen with its observer, or with its whole fleet
SYSTEM_DOWN = "sankofa:system_down:now"  # and by system: 1 or 0
SYSTEM_NOT_KNOWN = "sankofa:system_not_known:now"  # and by system: 1 or 0
SYSTEM_STATE = "sankofa:system_state:now"  # and by system: a State
OBSERVER_ISOLATED = "sankofa:observer_isolated:now"  # by observer alone: 1 or 0
PLATFORM_DOWN = "sankofa:platform_down:now"  # by site and instance: 1 or 0
PIPELINE_AGE = "sankofa:pipeline_age:now"  # seconds of the stage that is farthest behind, as last told
ATTESTOR_AGE = "sankofa:attestor_age:now"  # by attestor alone: seconds since it was last at work, as last told
OBSERVER_AGE = "sankofa:observer_age:now"  # by observer alone: seconds of its newest slot, as last told
SETTLEMENT_CHAIN_AGE = "sankofa:settlement_chain_age:now"  # seconds of its newest block, as last told
SETTLEMENTS_HELD = "sankofa:settlements_held:now"  # as last told
VERDICTS_DIFFER = "sankofa:verdicts_differ:now"  # observers and promises where one alone says otherwise, as last told
VERDICTS_UNDETERMINED = "sankofa:verdicts_undetermined:now"  # that nobody has reviewed, as last told
AT_STAKE = "sankofa:undetermined_at_stake:now"  # by currency alone: the most that may be owed for them, as last told
WAITED = "sankofa:waiting_seconds:now"  # by kind and reason alone: seconds of the oldest of what waits, as last told
RULER_MISSED = "sankofa:ruler_missed:5m"  # by observer alone: share of rule evaluations
OBSERVER_PAGED = "sankofa:observer_isolated:paged"  # likewise: ObserverIsolated fires
TARGET_ISOLATED = "sankofa:target_isolated:now"  # and by system: behind an observer that is isolated
FLEET_NOT_KNOWN = "sankofa:fleet_not_known:now"  # by system alone: 1 or 0
FLEET_NOT_KNOWN_PAGED = "sankofa:fleet_not_known:paged"  # 1 or 0: FleetNotKnown fires
SITE_DOWN = "sankofa:site_down:now"  # 1 or 0
SITE_LOST = "sankofa:site_lost:now"  # 1 or 0: down or silent, by all the evidence that a page needs
SITE_LOST_QUICK = "sankofa:site_lost:45s"  # 1 or 0: by as much as a storm is seen from
SITE_FRESH = "sankofa:site_fresh:now"  # lost quickly, and not for long
REGION_STORM = "sankofa:region_storm:now"  # by region alone: 1 or 0
FLEET_STORM = "sankofa:fleet_storm:now"  # by tier alone: 1 or 0
SITE_IN_FLEET = "sankofa:site_in_fleet:now"  # 1 or 0: FleetDown speaks for it
SITE_IN_REGION = "sankofa:site_in_region:now"  # 1 or 0: RegionDown speaks for it
FLEET_DOWN = "sankofa:fleet_down:paged"  # by tier alone: 1 or 0
FLEET_STORMS = "sankofa:fleet_storms:paged"  # by tier alone: how many storms FleetDown stands for, one after the other
REGION_DOWN = "sankofa:region_down:paged"  # by region alone: 1 or 0
SITE_PAGED = "sankofa:site_paged:now"  # 1 or 0: SiteDown or SiteSilent fires for it
FAULT_SEEN = "sankofa:fault_seen:now"  # and by system and fault (an alert's name): 1 or 0, absent while it is not known
FAULT_PAGED = "sankofa:fault:paged"  # likewise: 1 or 0
SITE_BREACH = "sankofa:site_breach:now"  # 1 where a promise is broken; else absent
SITE_STATE = "sankofa:site_state:now"  # a State
SITE_NOT_KNOWN = "sankofa:site_not_known:now"  # 1 where the State is NOT_KNOWN; else absent
SITE_RANK = "sankofa:site_rank:now"  # the worst has the largest
SLO_PROVEN = "sankofa:slo_proven:now"  # and by slo and system: where a row of the page is over, by how much
SLO_BURNING = "sankofa:slo_burning:now"  # and by slo and system: 1 or 0, as it is paged
SLO_BURN = "sankofa:slo_burn:1h"
SLO_BAD_STEP = "sankofa:slo_bad:step"
SLO_VALID_STEP = "sankofa:slo_valid:step"
SLO_PART_BAD_STEP = "sankofa:slo_part_bad:step"  # of an SLO that others are made of, and that promises nothing itself
SLO_PART_VALID_STEP = "sankofa:slo_part_valid:step"
SLO_BUDGET = "sankofa:slo_budget:ppm"  # by slo, and by `derived` where what the SLO is made of pages by itself
SLO_PAGE_GATE = "sankofa:slo_page_gate:z2"


def slo_bad(window: str) -> str:
    """Bad slots or events of an SLO, added up over a window like 5m."""
    return f"sankofa:slo_bad:{window}"


def slo_valid(window: str) -> str:
    """All slots of the same window, or the events of a whole one: what was not seen counts as if it had been like what was."""
    return f"sankofa:slo_valid:{window}"
