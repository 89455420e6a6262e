"""Against real Ceph: three mons, two mgrs, three OSDs in memory. Waits are for Ceph's own map, not for a time."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from deploy.lab.client import local
from deploy.lab.processes import Processes
from tests.exporters.watching import Watch, watching
from tests.pace import limit

from .lab import Lab, fully_known, pair

pytestmark = [pytest.mark.real("ceph-mon", "ceph-mgr", "ceph-osd", "ceph"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("ceph")
    with Processes(folder=folder) as processes:
        yield Lab(folder, processes)


@pytest.fixture
def lab(running: Lab) -> Lab:
    running.clean()
    return running


@pytest.fixture
async def watch(lab: Lab) -> AsyncIterator[Watch]:
    async with watching(lab.exporter()) as found:
        yield found


async def test_healthy_cluster_is_known_at_the_first_probe(watch: Watch) -> None:
    """The first probe waits for the quorum's next word and knows; the second has the mgr's metrics too."""
    first = await watch.values()
    second = await watch.until(fully_known)

    assert pair(first) == pair(second) == (1, 1)
    assert (second["ceph_osds",], second["ceph_osds_up",], second["ceph_osds_reporting",]) == (3, 3, 3)
    assert (second["ceph_mon_margin_votes",], second["ceph_osds_missing_from_mgr",]) == (1, 0)
    assert second["ceph_pool_available_ratio", "edge-data"] == 1
    assert sorted(value for key, value in second.items() if key[0] == "ceph_mgr_active") == [0, 1]
    assert not [key for key in second if key[0] == "collector_error"]


async def test_stopped_osd_shows_in_the_scrape_after_ceph_s_map(lab: Lab, watch: Watch) -> None:
    """One OSD stops: counts follow at once, redundancy when the PGs have peered, and the cluster serves on."""
    await watch.values()
    lab.switch("osd.2/stop")
    lab.wait(lambda osdmap: osdmap["up"] == [0, 1])
    found = await watch.values()
    # A group is undersized as soon as the map says so, and serves again once its two are agreed.
    wanted = {("ceph_pgs_in_state", "undersized"): 8, ("ceph_pool_pgs_serving", "edge-data"): 8}
    peered = await watch.until(lambda seen: wanted.items() <= seen.items())

    assert (found["ceph_osds",], found["ceph_osds_up",], found["ceph_osds_in",]) == (3, 2, 3)
    assert {key[-1]: value for key, value in found.items() if key[0] == "ceph_osd_up"} == {"0": 1, "1": 1, "2": 0}
    assert [value for key, value in found.items() if key[0] == "ceph_host_osds_up"] == [2]
    assert {key[-1] for key in found if key[0] == "ceph_osd_used_ratio"} == {"0", "1"}
    assert (peered["ceph_pool_pgs_serving", "edge-data"], peered["ceph_pool_pgs_redundant", "edge-data"]) == (8, 0)
    assert pair(peered) == (1, 1)


async def test_pool_without_enough_copies_is_down(lab: Lab, watch: Watch) -> None:
    """Two of three OSDs stop: the pool needs two copies to serve, so it is down, and known to be."""
    await watch.values()
    for name in ("osd.1", "osd.2"):
        lab.switch(f"{name}/stop")
    lab.wait(lambda osdmap: osdmap["up"] == [0])
    found = await watch.values()

    assert (pair(found), found["ceph_pool_pgs_serving", "edge-data"]) == ((0, 1), 0)
    assert (found["ceph_slow_operations",], ("ceph_waiting_operations",) in found) == (0, False)


@pytest.mark.parametrize("flag", ["pause", "noout"])
async def test_pause_is_down_and_noout_is_not(lab: Lab, watch: Watch, flag: str) -> None:
    """Both are OSDMAP_FLAGS to the mgr; only the one that stops reads and writes is down."""
    await watch.values()
    lab.switch(f"flag/{flag}/set")
    lab.wait(lambda osdmap: bool({"noout", "pausewr"} & set(osdmap["flags"])))
    try:
        found = await watch.until(lambda seen: 1 in {seen["ceph_osd_flag", "noout"], seen["ceph_osd_flag", "pausewr"]})
    finally:
        lab.switch(f"flag/{flag}/unset")

    paused = flag == "pause"
    assert (pair(found), found["ceph_writable",]) == ((0, 1) if paused else (1, 1), not paused)


async def test_full_osds_are_down_and_a_quota_is_not(lab: Lab, watch: Watch) -> None:
    """Ceph sets `full` on the pool for both; want of space is an outage, a quota is what was agreed."""
    await watch.values()
    lab.switch("quota/2")
    at_quota = await watch.until(lambda seen: seen["ceph_pool_at_quota", "edge-data"] == 1)
    lab.switch("quota/0")
    await watch.until(lambda seen: seen["ceph_pool_at_quota", "edge-data"] == 0)
    lab.switch("full/set")
    full = await watch.until(
        lambda seen: (seen["ceph_pool_writable", "edge-data"], seen["ceph_health_status",]) == (0, 2)
    )
    levels = {key[-1]: value for key, value in full.items() if key[0] == "ceph_osd_full_level"}
    lab.switch("full/unset")

    assert (pair(at_quota), pair(full)) == ((1, 1), (0, 1))
    assert (at_quota["ceph_pool_quota_objects", "edge-data"], ("ceph_pool_quota_bytes", "edge-data") in at_quota) == (
        2,
        False,
    )
    assert 3 in levels.values()
    assert pair(await watch.until(lambda seen: seen["ceph_pool_writable", "edge-data"] == 1)) == (1, 1)


async def test_client_work_is_counted(lab: Lab, watch: Watch) -> None:
    """Two seconds of small writes move the pool's counters by what was written."""
    before = await watch.until(fully_known)
    lab.switch("bench/2")
    after = await watch.until(
        lambda seen: (
            seen.get(("ceph_pool_writes_total", "edge-data"), 0) > before["ceph_pool_writes_total", "edge-data"]
        )
    )

    written = after["ceph_pool_written_bytes_total", "edge-data"] - before["ceph_pool_written_bytes_total", "edge-data"]
    assert written >= 4096


async def test_frozen_mgr_is_unknown_until_another_takes_over(lab: Lab, watch: Watch) -> None:
    """The active mgr stops answering on both addresses: unknown, never down; then the standby's word is the verdict."""
    await watch.until(fully_known)
    active = lab.state("mgr")["active_name"]
    lab.switch(f"mgr.{active}/freeze")
    frozen = await watch.values(scrape_timeout=2)
    taken_over = await watch.until(fully_known, scrape_timeout=3)

    assert (pair(frozen), frozen["ceph_witnesses",]) == ((0, 0), 0)
    assert {key[2] for key in frozen if key[0] == "collector_error"} == {"timeout"}
    assert pair(taken_over) == (1, 1)


async def test_lost_quorum_is_unknown_though_every_answer_looks_well(lab: Lab, watch: Watch) -> None:
    """Two of three mons are frozen: the dashboard and the metrics repeat a quorum of three, whose age stands still."""
    await watch.until(fully_known)
    for name in ("mon.b", "mon.c"):
        lab.switch(f"{name}/freeze")
    found = await watch.until(lambda seen: seen["ceph_known",] == 0, scrape_timeout=4)

    assert (pair(found), found["collector_error", "link", "stale"]) == ((0, 0), 1)
    assert not [key for key in found if key[0].startswith("ceph_mon")]
    lab.clean()
    assert pair(await watch.until(lambda seen: seen["ceph_known",] == 1)) == (1, 1)


async def test_wrong_password_is_auth_and_leaves_the_verdict_to_the_metrics(lab: Lab, tmp_path: Path) -> None:
    """The dashboard refuses us: auth; the metrics still tell that the cluster serves, as one witness."""
    (tmp_path / "password").write_text("Wrong-password-1\n")
    async with watching(lab.exporter(password_file=tmp_path / "password")) as watch:
        found = await watch.until(lambda seen: seen["ceph_witnesses",] == 1)

        assert (pair(found), found["collector_error", "link", "auth"]) == ((1, 1), 1)
        (tmp_path / "password").write_text(lab.password())
        assert pair(await watch.until(fully_known)) == (1, 1)


async def test_read_only_user_may_not_write(lab: Lab) -> None:
    """The user of the documentation reads all that is asked, and a write is refused."""
    state = lab.state()
    accept = {"accept": "application/vnd.ceph.api.v1.0+json"}
    async with httpx.AsyncClient(trust_env=False, headers=accept, timeout=limit(10)) as client:
        login = {"username": state["username"], "password": lab.password()}
        answers = [await client.post(f"{url}/api/auth", json=login) for url in state["dashboards"]]
        index = next(index for index, answer in enumerate(answers) if answer.status_code == 201)
        token = {"authorization": f"Bearer {answers[index].json()['token']}"}
        refused = await client.put(
            f"{state['dashboards'][index]}/api/osd/flags", headers=token, json={"flags": ["noout"]}
        )

    assert refused.status_code == 403


async def test_osds_that_all_die_at_once_are_unknown(lab: Lab, watch: Watch) -> None:
    """Nobody is left to report them: Ceph's map still calls them up, and their silence is what we see. Last of all."""
    await watch.until(fully_known)
    for number in range(3):
        lab.switch(f"osd.{number}/freeze")
    exporter = lab.exporter(max_report_age_seconds=3)
    async with watching(exporter) as impatient:
        found = await impatient.until(lambda seen: seen.get(("ceph_osds_reporting",)) == 0)

    assert lab.state("osdmap")["up"] == [0, 1, 2]
    assert (pair(found), found["ceph_osds_up",], found["ceph_osds_reporting",]) == ((0, 0), 3, 0)


def test_lab_tells_of_itself(lab: Lab) -> None:
    """`ready` carries the state; what the switch or Ceph does not know is refused in their words; the password is its owner's."""
    ready = json.loads(lab.child.log.read_text().partition("ready ")[2].partition(" control=")[0])
    unknown = local.post(f"{lab.control}/osd.9/stop")
    refused = local.post(f"{lab.control}/flag/nonsense/set", timeout=limit(60))

    assert ready["daemons"] == lab.state()["daemons"]
    assert unknown.status_code == 404
    assert refused.status_code == 500
    assert refused.json()["error"].startswith("osd set nonsense: -22: ")
    assert Path(ready["password_file"]).stat().st_mode & 0o777 == 0o600
