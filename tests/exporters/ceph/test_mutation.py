"""Spoiled answers of either witness: no exception leaves the probe, no false up, and what is written can be read back."""

from __future__ import annotations

import asyncio
import atexit
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from sankofa_exporters.model.exposition import encode
from tests.exporters.mutation import CASES, spoiled

from .recorded import VERSIONS, Payloads, one_mgr, probed, recorded, values

# What each question's families begin with: they must be there as long as their own answer is whole.
OWN = {
    "health": "ceph_health_status",
    "flags": "ceph_osd_flag",
    "pools": "ceph_pool_stored_bytes",
    "osds": "ceph_osds_reporting",
    "mgr": "ceph_pool_writes_total",
    "mirror": "ceph_mirror_images",
}
FOLDER = Path(tempfile.mkdtemp(prefix="ceph-mutation-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)


def check(payloads: Payloads, spoilt: set[str], version: str = "pacific") -> dict[tuple[str, ...], Any]:
    """The claims that hold for whatever a cluster says."""
    report = asyncio.run(probed(one_mgr(payloads, FOLDER, mirroring=True, skip=("filesystems",))))
    found = values(report)

    assert (found["ceph_up",], found["ceph_known",]) in {(1, 1), (0, 1), (0, 0)}
    assert not [failure for failure in report.failures.values() if failure.reason.startswith("unexpected")]
    assert list(text_string_to_metric_families(encode(report.samples).body.decode()))
    names = {key[0] for key in found}
    for collector, family in OWN.items():
        if collector not in spoilt and (collector != "mirror" or version == "squid"):
            assert family in names
    return found


def serving(pools: Any) -> bool:
    """Written apart from the parser: every pool has PGs, all of them active and heard of."""
    return bool(pools) and all(
        pool["pg_status"]
        and pool["pg_num"] <= sum(pool["pg_status"].values())
        and all(
            "active" in state.split("+") and "stale" not in state for state, count in pool["pg_status"].items() if count
        )
        for pool in pools
    )


def minority(health: Any) -> bool:
    """Written apart from the parser: the answer names a quorum that is none."""
    try:
        quorum, mons = health["mon_status"]["quorum"], health["mon_status"]["monmap"]["mons"]
        return (
            isinstance(quorum, list)
            and isinstance(mons, list)
            and all(type(rank) is int for rank in quorum)
            and len(quorum) < len(mons) / 2
        )
    except (KeyError, TypeError, IndexError):
        return False


@settings(max_examples=CASES)
@given(spoiled(recorded()["health"]))
def test_spoiled_health_is_never_a_false_up(health: Any) -> None:
    """Keys dropped, types changed, rows doubled or cut: up only with as many OSDs as there were, and never without a quorum."""
    found = check({**recorded(), "health": health}, {"health"})
    if found["ceph_up",]:
        assert found.get(("ceph_osds",), 3) == 3
        assert found["ceph_mons_in_quorum",] == 3
        assert not minority(health)


@settings(max_examples=CASES)
@given(spoiled(recorded("quincy")["pools"]))
def test_spoiled_pools_are_never_a_false_up(pools: Any) -> None:
    """A pool lost, a state changed, a count that is none: up only when every pool that was there serves, by whoever says so."""
    found = check({**recorded("quincy"), "pools": pools}, {"pools"})
    if found["ceph_up",] and found["collector_success", "pools"]:
        assert len({pool["pool_name"] for pool in pools}) == 2
        assert serving(pools)


@settings(max_examples=CASES)
@given(spoiled(recorded()["flags"]), spoiled(recorded()["summary"]), spoiled(recorded()["monitor"]))
def test_spoiled_flags_and_link_are_never_a_false_up(flags: Any, summary: Any, monitor: Any) -> None:
    """Up only where the link was proven and the flags could be read; noout hides nothing from the mgr's side."""
    payloads = {**recorded(), "flags": flags, "summary": summary, "monitor": monitor}
    found = check(payloads, {"flags", "health", "pools", "osds"})
    if found["ceph_up",]:
        assert not (isinstance(summary, dict) and summary.get("have_mon_connection") is False)
        assert not {"pause", "pauserd", "pausewr", "full"} & set(flags)


@settings(max_examples=CASES)
@given(spoiled(recorded()["osds"]))
def test_spoiled_reports_cost_only_what_leans_on_them(osds: Any) -> None:
    """Up only when every OSD of the map is listed and half of those that are up have reported."""
    found = check({**recorded(), "osds": osds}, {"osds", "pools"})
    if found["ceph_up",]:
        # A row that names no OSD hides none of the map, and equal rows are one.
        rows = {str(osd.get("id", osd.get("osd"))): osd for osd in osds if isinstance(osd, dict)}
        assert {"0", "1", "2"} <= rows.keys()
        assert found["ceph_osds_reporting",] * 2 >= sum(osd.get("up") in (1, "1", True) for osd in rows.values())


@settings(max_examples=100)
@given(spoiled(recorded("squid")["mirror"]))
def test_spoiled_mirror_costs_only_itself(mirror: Any) -> None:
    """Whatever is said of mirrors, the cluster is judged as before."""
    payloads = {**recorded(), "mirror": mirror}

    assert check(payloads, {"mirror"})["ceph_up",] == 1


@settings(max_examples=CASES)
@given(spoiled(recorded("squid")["filesystems"]), spoiled(recorded("squid")["snapshot"]))
def test_spoiled_snapshot_and_filesystems_cost_only_themselves(filesystems: Any, snapshot: Any) -> None:
    """The answers of later versions: up only with the OSDs and pools that there are."""
    payloads = {**recorded("squid"), "filesystems": filesystems, "snapshot": snapshot}
    found = values(asyncio.run(probed(one_mgr(payloads, FOLDER))))

    assert (found["ceph_up",], found["ceph_known",]) in {(1, 1), (0, 1), (0, 0)}
    assert {"ceph_osd_flag", "ceph_pool_stored_bytes", "ceph_osds_reporting", "ceph_mons"} <= {key[0] for key in found}
    if found["ceph_up",]:
        assert found.get(("ceph_osds",), 3) == 3


LINE = st.sampled_from(["drop", "double", "cut", "help", "quote", "garbage", "change"])
GARBAGE = [
    "# HELP",
    "# HELP ceph_pg_active",
    "{} 1",
    "ceph_pg_active{ 1",
    'ceph_pg_total{pool_id="9"} 1',
    "\x00",
    "<html>",
]


def spoil_line(lines: list[str], at: int, action: str, extra: str) -> None:
    line = lines[at]
    match action:
        case "drop":
            lines[at] = ""
        case "double":
            lines[at] = f"{line}\n{line}"
        case "cut":
            lines[at] = line[: len(line) // 2]
        case "help":
            lines.insert(at, f"# HELP {line.split('{')[0]}")
        case "quote":
            lines[at] = line.replace('"', '""', 1) if '"' in line else f'{line}"'
        case "garbage":
            lines.insert(at, extra)
        case "change":
            lines[at] = f"{line.rpartition(' ')[0]} {extra}"


@st.composite
def spoiled_text(draw: st.DrawFn, text: str) -> str:
    """The exposition after one to six changes of lines that matter, or cut anywhere."""
    lines = text.splitlines()
    wanted = [
        at
        for at, line in enumerate(lines)
        if line.startswith(("ceph_pg", "ceph_pool", "ceph_mgr", "ceph_health", "ceph_mon", "ceph_prom"))
    ]
    for _ in range(draw(st.integers(1, 6))):
        extra = draw(st.sampled_from([*GARBAGE, "NaN", "-1", "1e400", "0.5", "+Inf", "1_0", ""]))
        spoil_line(lines, draw(st.sampled_from(wanted)), draw(LINE), extra)
    whole = "\n".join(lines) + "\n"
    return whole[: draw(st.integers(0, len(whole)))] if draw(st.booleans()) else whole


@settings(max_examples=CASES)
@given(
    st.sampled_from(VERSIONS).flatmap(
        lambda version: st.tuples(st.just(version), spoiled_text(recorded(version)["metrics"]))
    )
)
def test_spoiled_text_leaves_the_dashboards_word_alone(case: tuple[str, str]) -> None:
    """Lines dropped, cut, doubled, HELP without text, stray quotes: the dashboard's verdict and families stay."""
    version, text = case
    payloads = recorded(version)
    if "health" not in payloads:
        payloads["health"] = payloads["snapshot"]
    found = check({**payloads, "metrics": text}, {"mgr"}, version)

    assert (found["ceph_up",], found["ceph_known",]) == (1, 1)


@settings(max_examples=CASES)
@given(spoiled_text(recorded()["metrics"]))
def test_spoiled_text_alone_is_never_a_false_up(text: str) -> None:
    """While they say that some flag is set, which may be a pause, the metrics alone never say up."""
    found = check(
        {**recorded(), "monitor": 500, "metrics": text}, {"mgr", "health", "flags", "pools", "osds", "mirror"}
    )
    if FLAGGED in text:
        assert found["ceph_up",] == 0


FLAGGED = 'ceph_health_detail{name="OSDMAP_FLAGS",severity="HEALTH_WARN"} 1.0\n'
BROKEN = (
    recorded()["metrics"]
    .replace('ceph_pg_active{pool_id="1"} 8.0', 'ceph_pg_active{pool_id="1"} 0.0')
    .replace('name="OSDMAP_FLAGS",severity="HEALTH_WARN"} 1.0', 'name="OSDMAP_FLAGS",severity="HEALTH_WARN"} 0.0')
)


@settings(max_examples=CASES)
@given(spoiled_text(BROKEN))
def test_spoiled_text_of_a_broken_pool_is_never_up(text: str) -> None:
    """No PG is active: whatever is dropped, cut or doubled, nobody says up."""
    spoilt = {"mgr", "health", "flags", "pools", "osds", "mirror"}

    assert check({**recorded(), "monitor": 500, "metrics": text}, spoilt)["ceph_up",] == 0
