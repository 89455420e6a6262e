"""HA services: what a fresh manager reports, believed only while the node it names can be believed too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sankofa_exporters.model.family import Sample, present
from sankofa_exporters.proxmox.families import ha as f
from sankofa_exporters.proxmox.snapshot.cluster import Cluster
from sankofa_exporters.proxmox.snapshot.ha import RUNS, Ha, Service

STATES = ("started", "stopped", "migrate", "relocate", "recovery", "fence", "error", "other", "unknown")


def ha_samples(ha: Ha, cluster: Cluster | None) -> Iterator[Sample]:
    """`cluster` is None when it is not known; the LRM's heartbeat then stands alone."""
    yield Sample(f.HA_KNOWN, float(ha.known))
    if ha.master is not None:
        yield from present((ha.master.node,), (f.HA_MASTER_TIMESTAMP, ha.master.timestamp or None))
    if ha.armed is not None:
        yield Sample(f.HA_ARMED, float(ha.armed == "armed"))
    for lrm in ha.lrms:
        yield Sample(f.HA_LRM_FRESH, float(lrm.fresh), (lrm.node,))
        yield Sample(f.HA_LRM_INFO, 1, (lrm.node, lrm.state))
        yield from present((lrm.node,), (f.HA_LRM_TIMESTAMP, lrm.timestamp or None))
    runs = [service_runs(service, ha, cluster) for service in ha.services]
    for service, running in zip(ha.services, runs, strict=True):
        yield from _service_samples(service, running)
    if not ha.complete:
        return
    counts = Counter(_state(service, running) for service, running in zip(ha.services, runs, strict=True))
    yield from (Sample(f.HA_SERVICES, counts[state], (state,)) for state in STATES)


def service_runs(service: Service, ha: Ha, cluster: Cluster | None) -> bool | None:
    """None when it is not known.

    That a service runs leans on its node as well: until the manager fences a dead node, it repeats the last state. That it does
    not run is the manager's own doing and needs no second witness.
    """
    runs = RUNS.get(service.state) if ha.known else None
    if runs and not (ha.lrm_is_fresh(service.node) and _may_be_online(service.node, cluster)):
        return None
    return runs


def _may_be_online(node: str, cluster: Cluster | None) -> bool:
    return cluster is None or cluster.online.get(node) is True


def _service_samples(service: Service, running: bool | None) -> Iterator[Sample]:  # noqa: FBT001 - three states
    labels = (service.sid,)
    requested = service.requested
    yield Sample(f.HA_SERVICE_STARTED, float(running is True), labels)
    yield Sample(f.HA_SERVICE_KNOWN, float(running is not None), labels)
    yield from present(labels, (f.HA_SERVICE_REQUESTED, None if requested is None else float(requested)))
    yield Sample(f.HA_SERVICE_INFO, 1, (service.sid, service.node, service.state, service.request))


def _state(service: Service, running: bool | None) -> str:  # noqa: FBT001 - three states
    if running is None:
        return "unknown"
    return service.state if service.state in STATES else "other"
