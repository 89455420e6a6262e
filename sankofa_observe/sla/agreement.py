"""What two parties agreed: promises, fee, credits, caps and clocks. Immutable; a change is a new version from a boundary on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sankofa_observe.sla.calendar import Calendar, calendar_of
from sankofa_observe.sla.overlay import ExcludedSlots
from sankofa_observe.sla.schedule import CreditBand, Formula, Schedule
from sankofa_observe.sla.settlement import agreement_key, slo_id
from sankofa_observe.sla.stacking import Credit, CreditRules, agreement_year, period_credit, year_periods
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.quorum import Quorum
from sankofa_observe.slo.window import Window
from sankofa_observe.units import Money, Period, share_floor

MOST_SLOS, MOST_BANDS = 8, 6  # promises of an agreement, and bands of a promise, in the contract
EXCLUSION_NOTICE_SECONDS = 3 * 86_400
"""How long before it begins an exclusion is announced, where an agreement says nothing else."""
RULING_SECONDS = 14 * 86_400
"""How long after the dispute window the arbiter may rule, where an agreement says nothing else; then the report stands."""
REPORT_SECONDS = 90 * 86_400
"""How long after the grace a breach may still be reported, where an agreement says nothing else: a person may have to look first."""
RESTATE_SECONDS = 365 * 86_400
"""How long after the grace a report may still be restated, where an agreement says nothing else: as long as books stay open."""
NOTICE_SECONDS = 30 * 86_400
"""How long before its end a termination is said, where an agreement says nothing else."""


@dataclass(frozen=True, kw_only=True)
class Promise:
    """One objective at one site, with the credits of missing it: by bands, or by a formula, and then there are no bands."""

    slo: Slo
    site: str
    bands: tuple[CreditBand, ...] = ()
    formula: Formula | None = None

    def __post_init__(self) -> None:
        if any("/" in name for name in (self.slo.name, self.site)):
            raise ValueError(
                f"promise of {self.slo.name!r} at {self.site!r}: no name has a slash, which joins them in its id"
            )

        if (self.formula is None) != bool(self.bands):
            raise ValueError(f"promise of {self.slo.name!r} at {self.site!r}: expected either bands or a formula")

    @property
    def schedule(self) -> Schedule:
        return self.formula or self.bands

    @property
    def label(self) -> str:
        """What is hashed into the contract's `sloId`."""
        return f"{self.slo.name}/{self.site}"

    @property
    def slo_id(self) -> str:
        return slo_id(self.label)


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """One version of a service level agreement as both parties signed it.

    `terms_hash` is the SHA-256 of the canonical terms document, salt included; `id` never changes over versions. Both are
    lower-case hex with 0x. `began_at` is where its first version begins, from which its calendar and its years of credits count;
    None in that one itself. `ends_at` is where the next version begins: that one's term, and none of this one.
    """

    id: str
    name: str
    version: int
    tenant: str
    tenant_account: str
    provider_account: str
    currency: str
    exponent: int
    fee_minor: int
    cap_ppm: int
    starts_at: int  # of a later version: its boundary, where a period begins
    grace_seconds: int
    dispute_window_seconds: int
    dispute_window_blocks: int
    tolerance_slots: int  # slots in which an attestor's own count may differ before it refuses to sign
    promises: tuple[Promise, ...]
    excluded_slots: ExcludedSlots = ExcludedSlots.LEAVES_BASE
    exclusion_notice_seconds: int = EXCLUSION_NOTICE_SECONDS
    ruling_seconds: int = RULING_SECONDS
    report_seconds: int = REPORT_SECONDS
    restate_seconds: int = RESTATE_SECONDS
    notice_seconds: int = NOTICE_SECONDS
    credit_rules: CreditRules = field(default_factory=CreditRules)
    observers: Quorum = field(default_factory=Quorum)  # whose slots it is judged from
    jurisdiction: str = ""  # of its tenant: where the tenant's data may lie; no term of the agreement
    terms_hash: str = ""
    terms_document: str = field(default="", repr=False)  # the canonical JSON that was hashed
    began_at: int | None = None
    ends_at: int | None = None

    @property
    def key(self) -> str:
        """What the contract calls it, in all its versions."""
        return agreement_key(self.provider_account, self.id)

    @property
    def version_id(self) -> str:
        """One name for each version of each agreement."""
        return version_id(self.key, self.version)

    @property
    def calendar(self) -> Calendar:
        """Of all its versions; raises `InvalidInput` where the contract holds none of such periods."""
        return calendar_of(self.window, self.starts_at if self.began_at is None else self.began_at)

    @property
    def first_period(self) -> int:
        """From which period of the calendar on this version holds."""
        return self._index_at(self.starts_at)

    @property
    def year_periods(self) -> int:
        """How many periods a year of the agreement has."""
        return year_periods(self.window)

    def year_at(self, period: Period) -> int:
        """Which year of the agreement a period of its calendar is in, from 0; each has `year_periods`."""
        began = self.first_period if self.began_at is None else self._index_at(self.began_at)
        return agreement_year(began, self.year_periods, self.calendar.index_of(period))

    def _index_at(self, at: int) -> int:
        return self.calendar.index_of(self.window.period_at(at))

    def slo_index(self, promise: Promise) -> int:
        """The place of a promise in the contract's terms, where they stand in the order of their ids."""
        return sorted(one.slo_id for one in self.promises).index(promise.slo_id)

    @property
    def title(self) -> str:
        """Its name; with its version, where there are several."""
        several = self.version > 1 or self.ends_at is not None
        return f"{self.name}, version {self.version}" if several else self.name

    @property
    def holds_until(self) -> int:
        """Where it ends: with the next version, or with its calendar."""
        last = self.calendar.reaches.ends_at
        return last if self.ends_at is None else min(self.ends_at, last)

    def covers(self, at: int) -> bool:
        """Whether a period that begins then is of this version."""
        return self.starts_at <= at < self.holds_until

    @property
    def window(self) -> Window:
        """The billing period: every promise of an agreement has the same one."""
        return self.promises[0].slo.window

    @property
    def cap_minor(self) -> int:
        """The most that the credits of one period come to."""
        return share_floor(self.fee_minor, self.cap_ppm)

    def credit_minor(self, found: Iterable[Credit]) -> int:
        """What the credits of one period's promises come to."""
        return period_credit(self.credit_rules, self.fee_minor, self.cap_ppm, found)

    def alone_minor(self, credit: Credit) -> int:
        """What one promise is worth by itself, rounded down, before anything that is agreed of several."""
        return share_floor(self.fee_minor, credit.share_ppm) + credit.amount_minor

    def money(self, amount_minor: int) -> Money:
        return Money(amount_minor=amount_minor, currency=self.currency, exponent=self.exponent)


def version_id(key: str, version: int) -> str:
    return f"{key}/{version}"
