"""What a real Alertmanager mutes: amtool knows routes only, so inhibition is proved by running it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pytest

from deploy.alertmanager.render import render
from deploy.lab.alertmanager import start_alertmanager
from deploy.lab.client import local
from deploy.lab.ports import free_port
from deploy.lab.processes import Processes

SITE_DOWN = {"alertname": "SiteDown", "severity": "page", "kind": "cause", "scope": "site"}
SITE_SILENT = SITE_DOWN | {"alertname": "SiteSilent", "kind": "meta"}
SLO_BURN = SITE_DOWN | {"alertname": "SloBurn", "kind": "slo", "slo": "availability-edge"}
FLEET_DOWN = SITE_DOWN | {"alertname": "FleetDown", "scope": "fleet", "site": "all", "region": "all"}
REGION_DOWN = SITE_DOWN | {"alertname": "RegionDown", "scope": "region", "site": "all"}
CEPH_DOWN = SITE_DOWN | {"alertname": "CephDown", "severity": "ticket", "scope": "system", "system": "ceph"}
NOT_KNOWN = CEPH_DOWN | {"alertname": "SystemNotKnown", "kind": "meta"}
SLO_DRAIN = SLO_BURN | {"alertname": "SloDrain", "severity": "ticket"}


@dataclass(frozen=True, kw_only=True)
class Muting:
    """Two alerts that fire at once, and whether the first mutes the second."""

    source: dict[str, str]
    target: dict[str, str]
    mutes: bool
    site: str = "s1"  # of the second, where it names none


CASES = (
    Muting(source=SITE_DOWN, target=CEPH_DOWN, mutes=True),
    Muting(source=SITE_DOWN, target=NOT_KNOWN, mutes=True),
    Muting(source=SITE_SILENT, target=CEPH_DOWN, mutes=True),
    Muting(source=SITE_DOWN, target=CEPH_DOWN, mutes=False, site="s2"),
    Muting(source=SITE_DOWN, target=SLO_DRAIN, mutes=False),
    Muting(source=SITE_DOWN, target=SLO_BURN, mutes=False),
    Muting(source=SITE_DOWN, target=SITE_SILENT, mutes=False, site="s2"),
    Muting(source=SLO_BURN, target=CEPH_DOWN, mutes=False),
    Muting(source=FLEET_DOWN, target=SITE_DOWN, mutes=False),
    Muting(source=FLEET_DOWN, target=CEPH_DOWN, mutes=False),
    Muting(source=FLEET_DOWN, target=REGION_DOWN, mutes=False),
    Muting(source=REGION_DOWN, target=SITE_DOWN, mutes=False),
    Muting(source=REGION_DOWN, target=CEPH_DOWN, mutes=False),
    Muting(source=CEPH_DOWN, target=NOT_KNOWN, mutes=False),
)


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterable[str]:
    """The address of an Alertmanager with our configuration, whose receivers nobody hears."""
    folder = tmp_path_factory.mktemp("alertmanager")
    config = folder / "alertmanager.yml"
    config.write_text(render(f"http://127.0.0.1:{free_port()}"))
    address = f"127.0.0.1:{free_port()}"
    with Processes(folder=folder) as processes:
        start_alertmanager(processes, config, address)
        yield f"http://{address}"


@pytest.mark.real("prometheus-alertmanager")
@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: f"{case.source['alertname']} {case.target['alertname']} {case.mutes}"
)
def test_inhibition_mutes_the_explained_and_nothing_else(alertmanager: str, case: Muting) -> None:
    """With both firing, the second is suppressed exactly when the first explains it; each case has a region of its own."""
    brought = {"region": f"region-{CASES.index(case)}", "tier": "edge", "system": "all"}
    source = brought | {"site": "s1"} | case.source
    target = brought | {"site": case.site} | case.target
    for one in (source, target):
        local.post(f"{alertmanager}/api/v2/alerts", json=[{"labels": one}]).raise_for_status()
    matchers = [f'{name}="{value}"' for name, value in target.items()]
    (found,) = local.get(f"{alertmanager}/api/v2/alerts", params={"filter": matchers}).json()
    assert (found["status"]["state"] == "suppressed") == case.mutes, found["status"]
