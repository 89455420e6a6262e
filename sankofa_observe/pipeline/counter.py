"""counter: a party recounts a reported period from its own samples, as a document of the same row and its own root.

It is made by the party's own specs, exclusions and samples, as an attestor recounts; where the two documents differ is seen slot by slot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sankofa_observe.errors import InvalidInput
from sankofa_observe.pipeline.period import arranged, with_neighbours
from sankofa_observe.pipeline.reading import read_slots
from sankofa_observe.ports import KnownExclusions, SampleSource
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.evidence import Evidence, Origin, Provenance, evidence_of
from sankofa_observe.sla.evidence.building import queries_of
from sankofa_observe.sla.exclusion import overlay_of
from sankofa_observe.sla.overlay import reach_seconds
from sankofa_observe.slo.quorum import Quorum
from sankofa_observe.units import Period


def counter_evidence(
    document: Evidence,
    *,
    agreements: Mapping[str, Agreement],
    source: SampleSource,
    exclusions: KnownExclusions,
    since_at: Mapping[str, int],
    origin: Origin,
    at: int,
) -> Evidence:
    """The same period of the same promise, as the party's own samples have it.

    Raises:
        InvalidInput: the party's specs have no such agreement, version or promise.
        Unavailable: its own source does not answer.
    """
    claimed = document.identity
    agreement = next(
        (
            one
            for one in agreements.values()
            if (one.key, one.version) == (claimed.row.agreement_id, claimed.agreement.version)
        ),
        None,
    )
    wanted = (claimed.slo.name, claimed.slo.site)
    promise = next(
        (one for one in (agreement.promises if agreement else ()) if (one.slo.name, one.site) == wanted), None
    )
    if agreement is None or promise is None:
        raise InvalidInput(
            f"no promise of {' at '.join(wanted)} in version {claimed.agreement.version} of agreement {claimed.row.agreement_id} in your "
            "specs; recount by the specs that you accepted"
        )
    period = claimed.period
    known = exclusions.exclusions_in(
        Period(starts_at=period.starts_at - reach_seconds(promise.slo), ends_at=period.ends_at)
    )
    overlay = overlay_of(agreement, promise, period, known, since_at.get(promise.site))
    slots = read_slots(promise.slo, [promise.site], with_neighbours(period, promise.slo), source)
    own = arranged(promise.slo, promise.site, period, slots)
    return evidence_of(
        agreement=replace(agreement, observers=Quorum()),  # whoever objects is one observer
        promise=promise,
        period=period,
        seen=[own],
        attainment=own.attainment(promise.slo, overlay),
        overlay=overlay,
        chain=claimed.chain,
        provenance=Provenance(
            engine=origin.engine, observer=origin.observer, queries=queries_of(promise), revision=1, assessed_at=at
        ),
    )
