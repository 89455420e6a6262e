"""The shapes of the YAML documents, strict: what is not named here is refused.

SLOs are OpenSLO v1. What OpenSLO has no field for stands in `metadata.annotations` under `sankofa.observe/`. Fleets and
agreements are documents of our own. Durations are `<number><unit>` with OpenSLO's units (m minute, h, d, w, M month, Q
quarter, Y year); `s` for seconds is our one addition.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from sankofa_observe.sla.agreement import (
    EXCLUSION_NOTICE_SECONDS,
    NOTICE_SECONDS,
    REPORT_SECONDS,
    RESTATE_SECONDS,
    RULING_SECONDS,
)
from sankofa_observe.slo.site import JURISDICTION, TIERS

Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
# Of what is probed at a site, as the exporters read it too (decision 0042): an address is none.
TargetName = Annotated[str, Field(pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9._:@-]|/[A-Za-z0-9._:@-]){0,127}$")]
Hex32 = Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")]
Jurisdiction = Annotated[str, Field(pattern=f"^{JURISDICTION}$")]
Account = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$")]
Ppm = Annotated[int, Field(ge=1, le=1_000_000, strict=True)]
MOST_SECONDS, MOST_WINDOW_BLOCKS = 366 * 86_400, 1 << 24  # of a dispute window and of a ruling, in the contract
Uint32 = Annotated[int, Field(ge=0, le=2**32 - 1, strict=True)]  # as wide as the contract holds it
Duration = Annotated[str, Field(pattern=r"^[1-9][0-9]*[smhdwMQY]$")]


def _exact(value: Any) -> Any:
    """A YAML number as the decimal its author wrote, not as the double next to it."""
    return Decimal(repr(value)) if isinstance(value, float) else value


def _timestamp(value: Any) -> Any:
    """An unquoted YAML timestamp, back as the text its author wrote."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ") if value.tzinfo else value.strftime("%Y-%m-%d %H:%M:%S")
    return value


Timestamp = Annotated[str, BeforeValidator(_timestamp)]
Exact = Annotated[Decimal, BeforeValidator(_exact)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Metadata(Strict):
    name: Name
    display_name: str = Field("", alias="displayName")
    labels: dict[str, str | list[str]] = {}
    annotations: dict[str, str] = {}


class QuerySpec(Strict):
    query: str


class MetricSource(Strict):
    type: Literal["Prometheus"]
    spec: QuerySpec


class Metric(Strict):
    metric_source: MetricSource = Field(alias="metricSource")


class RatioMetric(Strict):
    counter: bool
    good: Metric | None = None
    bad: Metric | None = None
    total: Metric


class IndicatorSpec(Strict):
    ratio_metric: RatioMetric | None = Field(None, alias="ratioMetric")
    threshold_metric: Metric | None = Field(None, alias="thresholdMetric")


class Indicator(Strict):
    metadata: Metadata
    spec: IndicatorSpec


class Calendar(Strict):
    start_time: Timestamp = Field(alias="startTime")
    time_zone: str = Field(alias="timeZone")


class TimeWindow(Strict):
    duration: Duration
    is_rolling: bool = Field(alias="isRolling", strict=True)
    calendar: Calendar | None = None


class Objective(Strict):
    display_name: str = Field("", alias="displayName")
    target: Exact | None = None
    target_percent: Exact | None = Field(None, alias="targetPercent")
    op: Literal["lte", "lt", "gte", "gt"] | None = None
    value: Exact | None = None
    time_slice_target: Exact = Field(Decimal(1), alias="timeSliceTarget")
    time_slice_window: Duration | None = Field(None, alias="timeSliceWindow")


class SloSpec(Strict):
    description: str = ""
    service: str
    indicator: Indicator | None = None
    indicator_ref: Name | None = Field(None, alias="indicatorRef")
    time_window: Annotated[list[TimeWindow], Field(min_length=1, max_length=1)] = Field(alias="timeWindow")
    budgeting_method: Literal["Timeslices", "Occurrences"] = Field(alias="budgetingMethod")
    objectives: Annotated[list[Objective], Field(min_length=1, max_length=1)]


class SloDocument(Strict):
    api_version: Literal["openslo/v1"] = Field(alias="apiVersion")
    kind: Literal["SLO"]
    metadata: Metadata
    spec: SloSpec


class SliDocument(Strict):
    """An indicator by itself, for SLOs that name it."""

    api_version: Literal["openslo/v1"] = Field(alias="apiVersion")
    kind: Literal["SLI"]
    metadata: Metadata
    spec: IndicatorSpec


class SiteSpec(Strict):
    name: Name
    tier: Literal[TIERS]  # type: ignore[valid-type]
    region: Name
    zone: Name | Literal[""] = ""
    jurisdiction: Jurisdiction | Literal[""] = ""
    owner: str = ""
    role: Literal["active", "standby", ""] = ""
    needs: Annotated[int, Field(ge=1, le=1000, strict=True)] | None = None
    since: Timestamp | None = None
    targets: dict[
        Name, dict[TargetName, Any]
    ] = {}  # what stands under a name is the exporters' part of the file; they check it


class FleetSpec(Strict):
    sites: list[SiteSpec]


class FleetDocument(Strict):
    api_version: Literal["sankofa.observe/v1"] = Field(alias="apiVersion")
    kind: Literal["Fleet"]
    metadata: Metadata
    spec: FleetSpec


class Party(Strict):
    id: Name
    account: Account


class TenantParty(Party):
    jurisdiction: Jurisdiction | Literal[""] = ""


class Fee(Strict):
    amount_minor: Annotated[int, Field(ge=1, le=2**53 - 1, strict=True)] = Field(alias="amountMinor")
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    exponent: Annotated[int, Field(ge=0, le=4, strict=True)]


class Band(Strict):
    below_ppm: Ppm = Field(alias="belowPpm")
    credit_ppm: Ppm = Field(alias="creditPpm")


class FormulaSpec(Strict):
    kind: Name
    each_seconds: Uint32 | None = Field(None, alias="eachSeconds")
    each_ppm: Ppm | None = Field(None, alias="eachPpm")
    credit_ppm: Ppm | None = Field(None, alias="creditPpm")
    factor_ppm: Annotated[int, Field(ge=1, le=1_000_000_000, strict=True)] | None = Field(None, alias="factorPpm")
    counted: Literal["all", "beyond-objective"] = "all"
    rounding: Literal["completed", "started"] | None = None


class PromiseSpec(Strict):
    slo: Name
    site: Name
    bands: list[Band] = []
    formula: FormulaSpec | None = None


class CreditsSpec(Strict):
    stacking: Literal["sum", "largest"] = "sum"
    minimum_minor: Annotated[int, Field(ge=0, le=2**53 - 1, strict=True)] = Field(0, alias="minimumMinor")
    below_minimum: Literal["nothing", "minimum"] = Field("nothing", alias="belowMinimum")
    cap_year_minor: Annotated[int, Field(ge=1, le=2**53 - 1, strict=True)] | None = Field(None, alias="capYearMinor")
    claim_days: Annotated[int, Field(ge=1, le=3660, strict=True)] | None = Field(None, alias="claimDays")
    claim_periods: Annotated[int, Field(ge=1, le=120, strict=True)] | None = Field(None, alias="claimPeriods")


class ObserversSpec(Strict):
    names: Annotated[list[Name], Field(min_length=1, max_length=16)]
    bad: Annotated[int, Field(ge=1, strict=True)] | None = None
    good: Annotated[int, Field(ge=1, strict=True)] | None = None


class AgreementSpec(Strict):
    version: Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)]
    salt: Hex32
    provider: Party
    tenant: TenantParty
    fee: Fee
    cap_ppm: Ppm = Field(alias="capPpm")
    starts_at: Timestamp = Field(alias="startsAt")
    grace_seconds: Uint32 = Field(alias="graceSeconds")
    dispute_window_seconds: Annotated[Uint32, Field(ge=10, le=MOST_SECONDS)] = Field(alias="disputeWindowSeconds")
    dispute_window_blocks: Annotated[Uint32, Field(ge=1, le=MOST_WINDOW_BLOCKS)] = Field(alias="disputeWindowBlocks")
    ruling_seconds: Annotated[Uint32, Field(ge=1, le=MOST_SECONDS)] = Field(RULING_SECONDS, alias="rulingSeconds")
    report_seconds: Annotated[Uint32, Field(ge=1)] = Field(REPORT_SECONDS, alias="reportSeconds")
    restate_seconds: Annotated[Uint32, Field(ge=1)] = Field(RESTATE_SECONDS, alias="restateSeconds")
    notice_seconds: Uint32 = Field(NOTICE_SECONDS, alias="noticeSeconds")
    tolerance_slots: Uint32 = Field(0, alias="toleranceSlots")
    excluded_slots: Literal["leaves-base", "counts-as-up"] = Field("leaves-base", alias="excludedSlots")
    exclusion_notice_seconds: Uint32 = Field(EXCLUSION_NOTICE_SECONDS, alias="exclusionNoticeSeconds")
    credits: CreditsSpec = CreditsSpec()
    observers: ObserversSpec | None = None
    promises: Annotated[list[PromiseSpec], Field(min_length=1, max_length=64)]


class AgreementDocument(Strict):
    api_version: Literal["sankofa.observe/v1"] = Field(alias="apiVersion")
    kind: Literal["Agreement"]
    metadata: Metadata
    spec: AgreementSpec
