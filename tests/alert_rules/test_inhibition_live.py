"""What a real Alertmanager mutes: amtool knows routes only, so inhibition is proved by running it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import httpx
import pytest

from deploy.alertmanager.render import render
from deploy.lab.ports import free_port
from deploy.lab.processes import Processes, answers
from deploy.parts import need_program
from sankofa_rules.book import alerts

ALERTS = {alert.name: alert for alert in alerts()}


@dataclass(frozen=True, kw_only=True)
class Muting:
    """Two alerts that fire at once, and whether the first mutes the second."""

    source: str
    target: str
    mutes: bool
    source_site: str = "s1"
    target_site: str = "s1"
    target_slo: str = "availability-edge"


CASES = (
    Muting(source="SiteSilent", target="PveNotKnown", mutes=True),
    Muting(source="SiteSilent", target="PveNotKnown", mutes=False, target_site="s2"),
    Muting(source="SiteSilent", target="SloDrain", mutes=False),
    Muting(source="SiteSilent", target="PveQuorumLost", mutes=False),
    Muting(source="PveQuorumLost", target="PveNodeOffline", mutes=True),
    Muting(source="PveQuorumLost", target="BesuNodeDown", mutes=False),
    Muting(source="BesuHeadStalled", target="BesuNodeDown", mutes=False, source_site="mainland"),
    Muting(source="SloBurn", target="SloDrain", mutes=True),
    Muting(source="SloBurn", target="SloDrain", mutes=False, target_slo="latency-chain-query"),
    Muting(source="SettlementHeld", target="PipelineStalled", mutes=False),
)


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterable[str]:
    """The address of an Alertmanager with our configuration, whose receivers nobody hears."""
    folder = tmp_path_factory.mktemp("alertmanager")
    config = folder / "alertmanager.yml"
    config.write_text(render(f"http://127.0.0.1:{free_port()}"))
    address = f"127.0.0.1:{free_port()}"
    with Processes(folder=folder) as processes:
        command = [
            need_program("prometheus-alertmanager"),
            f"--config.file={config}",
            f"--storage.path={folder / 'data'}",
        ]
        child = processes.start(
            "alertmanager",
            [*command, f"--web.listen-address={address}", "--cluster.listen-address=", "--log.level=error"],
        )
        processes.wait_until(child, answers(f"http://{address}/-/ready"))
        yield f"http://{address}"


def _labels(name: str, region: str, site: str, slo: str) -> dict[str, str]:
    """The labels that the alert would carry in this case; every case has a region of its own."""
    alert = ALERTS[name]
    fixed = {key: text for key, text in alert.document()["labels"].items() if text}
    brought = {"tier": "edge", "region": region, "site": site, "system": "proxmox"}
    return {"alertname": name, **brought, **({"slo": slo} if alert.kind == "slo" else {}), **fixed}


@pytest.mark.real("prometheus-alertmanager")
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.source} {case.target} {case.mutes}")
def test_inhibition_mutes_the_explained_and_nothing_else(alertmanager: str, case: Muting) -> None:
    """With both firing, the second is suppressed exactly when the first explains it."""
    region = f"region-{CASES.index(case)}"
    source = _labels(case.source, region, case.source_site, "availability-edge")
    target = _labels(case.target, region, case.target_site, case.target_slo)
    client = httpx.Client(base_url=alertmanager, trust_env=False)
    with client:
        client.post("/api/v2/alerts", json=[{"labels": source}]).raise_for_status()
        client.post("/api/v2/alerts", json=[{"labels": target}]).raise_for_status()
        matchers = [f'{name}="{value}"' for name, value in target.items()]
        (found,) = client.get("/api/v2/alerts", params={"filter": matchers}).json()
    assert (found["status"]["state"] == "suppressed") == case.mutes, found["status"]
