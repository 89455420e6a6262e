"""The lab's chain as a process: it says when it is ready, runs on its clock, obeys its control port, and is a network."""

from __future__ import annotations

import asyncio
import json
import sys
import time

import httpx
import pytest

from deploy.lab.bft.control import Lab, throw
from deploy.lab.bft.network import Network
from deploy.lab.client import local
from deploy.lab.ports import free_port
from deploy.lab.processes import Child, Processes
from deploy.parts import CHECKOUT, need_program
from sankofa_exporters.besu.network.system.source import NetworkSource
from sankofa_exporters.besu.settings import BesuModule, BesuTarget
from sankofa_exporters.besu.system import open_source
from sankofa_exporters.model.bounds import Bounds
from tests.pace import limit

from .recorded import probed, values


def start(processes: Processes, *options: str) -> tuple[Child, str]:
    port, control = free_port(), free_port()
    command = [sys.executable, str(CHECKOUT / "deploy" / "lab" / "bft_chain.py"), "--port", str(port)]
    child = processes.start("bft-chain", [*command, "--control-port", str(control), *options])
    processes.wait_until(child, lambda: local.get(f"http://127.0.0.1:{control}/").is_success)
    return child, f"http://127.0.0.1:{control}"


def post(control: str, path: str) -> httpx.Response:
    return local.post(control + path, timeout=limit(10))


async def test_chain_in_a_process_of_its_own_is_watched_live(processes: Processes) -> None:
    """By the wall clock: up while it runs, its validators at work, and a crashed one told by name."""
    child, control = start(processes, "--period", "1", "--validators", "4", "--replicas", "1", "--dialect", "ibft2")
    state = post(control, "/run").json()
    witnesses = {name: node["url"] for name, node in state["nodes"].items()}
    source = open_source(BesuModule(window_blocks=20), BesuTarget(module="m", witnesses=witnesses), Bounds())
    assert isinstance(source, NetworkSource)
    try:
        first = values(await probed(source))
        deadline = time.monotonic() + limit(20)
        while (found := values(await probed(source)))["besu_blocks_total",] < 2:
            assert time.monotonic() < deadline, child.tail()
            await asyncio.sleep(0.2)  # the chain runs on the wall clock
        post(control, "/node/validator-2/crash")
        post(control, "/advance/4")
        crashed = values(await probed(source))
    finally:
        await source.close()
    missed = {key[1]: value for key, value in crashed.items() if key[0] == "besu_validator_missed_proposals" and value}

    assert (first["besu_network_up",], found["besu_network_up",]) == (1, 1)
    assert (found["besu_consensus_info", "ibft2"], found["besu_distinct_committers",]) == (1, 4)
    assert set(missed) == {state["nodes"]["validator-2"]["address"]}


def test_head_of_a_running_chain_is_never_ahead_of_its_clock() -> None:
    """With a validator down blocks wait for their rounds: in 120 s as many as fit, and none a period ahead."""
    clock = [1_750_000_000.0]
    network = Network.of(dialect="qbft", validators=4, backlog=4, clock=lambda: clock[0])
    network.nodes["validator-3"].alive = False
    ahead, before = [], network.nodes["validator-1"].head.number
    for _ in range(60):
        clock[0] += network.period
        network.tick()
        ahead.append(network.nodes["validator-1"].head.timestamp - clock[0])

    made = network.nodes["validator-1"].head.number - before
    assert (max(ahead), min(ahead), made) == (0, -4, 36)  # of three blocks one takes 6 s, the others 2


def test_chain_says_that_it_is_ready_and_answers_what_it_has(processes: Processes) -> None:
    """The line of readiness carries the state; a stranger of a switch is 404 with what there is."""
    child, control = start(processes, "--stalled", "--backlog", "5", "--contract-validators")
    ready = child.log.read_text().partition("ready ")[2].partition(" control=")[0]
    state = json.loads(ready)
    head = post(control, "/advance/2").json()["nodes"]["validator-1"]["head"]
    wrong = [
        post(control, path)
        for path in ("/nope", "/node/nobody/crash", "/advance/many", "/http/validator-1/loud", "/run/1")
    ] + [post(control, f"/api/validator-1/{words}") for words in ("nope/off", "TXPOOL/aus")]

    assert (state["running"], state["nodes"]["validator-1"]["head"], head) == (False, 5, 7)
    assert {answer.status_code for answer in wrong} == {404}
    assert "validator-1" in wrong[0].json()["nodes"]


def test_transactions_come_at_a_rate_and_a_block_takes_no_more_than_it_may() -> None:
    """What a full block leaves waits for the next one; without a limit all are taken."""
    now = [1_750_000_000.0]
    network = Network.of(dialect="qbft", validators=4, backlog=2, period=1, clock=lambda: now[0])
    lab = Lab(network=network, port=0)
    head = network.nodes["validator-1"]
    for switch in ("arriving/50", "capacity/20"):
        throw(lab, switch.split("/"))
    seen = []
    for _ in range(3):
        now[0] += 1
        before = network.waiting()
        network.tick()
        seen.append((before, len(head.head.transactions), network.waiting()))
    throw(lab, ["arriving", "0"])
    throw(lab, ["capacity", "off"])
    now[0] += 1
    network.tick()

    assert seen == [(50, 20, 30), (80, 20, 60), (110, 20, 90)]
    assert (len(head.head.transactions), network.waiting()) == (90, 0)


@pytest.mark.real("anvil")
def test_calls_run_on_a_real_evm_and_come_late_where_they_are_told_to(processes: Processes) -> None:
    """The identity precompile gives back what it was given; another node's calls are as quick as before."""
    evm = free_port()
    anvil = processes.start("anvil", [need_program("anvil"), "--port", str(evm), "--silent"])
    ask = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}
    processes.wait_until(anvil, lambda: local.post(f"http://127.0.0.1:{evm}", json=ask).is_success)
    _, control = start(processes, "--stalled", "--replicas", "2", "--evm", f"http://127.0.0.1:{evm}")
    nodes = post(control, "/calls/replica-1/700").json()["nodes"]
    call = {**ask, "method": "eth_call", "params": [{"to": "0x" + "00" * 19 + "04", "data": "0xc0ffee"}, "latest"]}
    took = {}
    for name in ("replica-1", "replica-2"):
        began = time.monotonic()
        answer = local.post(nodes[name]["url"], json=call, timeout=limit(10)).json()
        took[name] = time.monotonic() - began
        assert answer["result"] == "0xc0ffee"

    assert took["replica-1"] >= 0.7
    assert took["replica-2"] < took["replica-1"]


def test_api_is_switched_by_its_name_in_either_case() -> None:
    """Besu's settings write TXPOOL, and its methods begin with txpool_."""
    network = Network.of(dialect="qbft", validators=4, backlog=4, clock=lambda: 1_750_000_000.0)
    lab, node = Lab(network=network, port=1), network.nodes["validator-1"]
    throw(lab, ["api", "validator-1", "TXPOOL", "off"])
    off = set(node.off)
    throw(lab, ["api", "validator-1", "txpool", "on"])

    assert off - node.off == {"txpool"}


def test_chain_refuses_everybody_who_is_not_on_this_host(processes: Processes) -> None:
    """A browser that was sent here under another name gets 403."""
    _, control = start(processes, "--stalled", "--backlog", "1")
    answer = local.get(control, headers={"host": "chain.example"})

    assert answer.status_code == 403
