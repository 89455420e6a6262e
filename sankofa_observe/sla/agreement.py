"""What two parties agreed: promises, fee, credits, caps and clocks. Immutable; a change is a new version from a boundary on."""

from __future__ import annotations

from dataclasses import dataclass, field

from sankofa_observe.sla.overlay import ExcludedSlots
from sankofa_observe.sla.schedule import CreditBand, Formula, Schedule
from sankofa_observe.sla.settlement import on_chain_id
from sankofa_observe.sla.stacking import CreditRules
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.quorum import Quorum
from sankofa_observe.slo.window import Window
from sankofa_observe.units import Money, share_floor

EXCLUSION_NOTICE_SECONDS = 3 * 86_400
"""How long before it begins an exclusion is announced, where an agreement says nothing else."""


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


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """One version of a service level agreement as both parties signed it.

    `terms_hash` is the SHA-256 of the canonical terms document, salt included; `id` never changes over versions. Both are
    lower-case hex with 0x. `ends_at` is where the next version begins: that one's term, and none of this one.
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
    credit_rules: CreditRules = field(default_factory=CreditRules)
    observers: Quorum = field(default_factory=Quorum)  # whose slots it is judged from
    terms_hash: str = ""
    terms_document: str = field(default="", repr=False)  # the canonical JSON that was hashed
    ends_at: int | None = None

    @property
    def on_chain_id(self) -> str:
        return on_chain_id(self.id, self.version)

    @property
    def title(self) -> str:
        """Its name; with its version, where there are several."""
        several = self.version > 1 or self.ends_at is not None
        return f"{self.name}, version {self.version}" if several else self.name

    def covers(self, at: int) -> bool:
        """Whether a period that begins then is of this version."""
        return self.starts_at <= at and (self.ends_at is None or at < self.ends_at)

    @property
    def window(self) -> Window:
        """The billing period: every promise of an agreement has the same one."""
        return self.promises[0].slo.window

    @property
    def cap_minor(self) -> int:
        """The most that the credits of one period come to."""
        return share_floor(self.fee_minor, self.cap_ppm)

    def money(self, amount_minor: int) -> Money:
        return Money(amount_minor=amount_minor, currency=self.currency, exponent=self.exponent)
