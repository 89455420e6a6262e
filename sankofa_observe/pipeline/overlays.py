"""What agreements lay over slots: the exclusions that are known, and when sites were deployed; asked once a period for all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sankofa_observe.ports import KnownExclusions
from sankofa_observe.sla.agreement import Agreement, Promise
from sankofa_observe.sla.exclusion import ExclusionRecord, overlay_of
from sankofa_observe.sla.overlay import Overlay, reach_seconds
from sankofa_observe.units import Period


@dataclass(kw_only=True)
class Overlays:
    """`since_at` is when each site was deployed, of those of which that is known."""

    agreements: Sequence[Agreement]
    known: KnownExclusions
    since_at: Mapping[str, int]
    _by_period: dict[Period, Mapping[str, list[ExclusionRecord]]] = field(default_factory=dict)

    def over(self, agreement: Agreement, promise: Promise, period: Period) -> Overlay:
        """What an agreement lays over a promise in a period."""
        if period not in self._by_period:
            by_agreement: dict[str, list[ExclusionRecord]] = defaultdict(list)
            longest = max(reach_seconds(one.slo) for each in self.agreements for one in each.promises)
            whole = Period(starts_at=period.starts_at - longest, ends_at=period.ends_at)
            for one in self.known.exclusions_in(whole):
                by_agreement[one.exclusion.agreement_id].append(one)
            self._by_period[period] = by_agreement
        records = self._by_period[period].get(agreement.id, ())
        return overlay_of(agreement, promise, period, records, self.since_at.get(promise.site))


@dataclass(frozen=True, kw_only=True)
class NoExclusions:
    """Nothing is known: for what was counted where no ledger is."""

    def exclusions_in(self, period: Period) -> Sequence[ExclusionRecord]:  # noqa: ARG002  none in any
        return ()
