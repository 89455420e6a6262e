"""A BFT chain on loopback that signs genuine QBFT, IBFT2 or IBFT1 headers: `python deploy/lab/bft_chain.py --help`.

It stands for a network of Besu nodes, which cannot be had here. Every node answers JSON-RPC under `/NAME` of one port;
what it follows and what it leaves out is told in `bft/network.py`, and the shapes are those of Besu's documentation.
Both listeners are bound to 127.0.0.1 and refuse everybody else.

Control, on its own port. GET / is the state. POST /run, /stall: blocks on the clock, or none. POST /advance/N: the time
of N blocks passes at once. POST /wait/SECONDS: time passes without blocks.
POST /node/NAME/crash|return|lag|catch-up|slow|quick. POST /split/NAME,NAME and /heal. POST /equivocate/on|off (both parts of a
split commit). POST /join/NAME and /leave/NAME (all validators vote). POST /dialect/qbft|ibft2|ibft1 (from the next block).
POST /empty/SECONDS, /ahead/SECONDS, /transactions/N, /emit/ADDRESS/TOPIC, /call/ADDRESS, /revert/ADDRESS.
POST /arriving/N (transactions a second that come to the pool), /capacity/N|off (most that a block takes),
/calls/NAME/MILLISECONDS (by which the node's eth_call is late).
POST /api/NAME/API/on|off (API as TXPOOL or txpool).
POST /http/NAME/ok|500|401|403|429|503|html|redirect|garbage|huge|hang|drip|lying-state|lying-round.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import ClientSession, web

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from deploy.lab.bft.control import DIALECTS, Lab, throw
from deploy.lab.bft.faults import FAULTS, MODES, RETRY_AFTER_SECONDS, STATUSES
from deploy.lab.bft.network import Network
from deploy.lab.bft.rpc import DEFAULT_OFF, Rpc
from deploy.lab.misbehaviour import HOST, loopback_only

EVM = web.AppKey("evm", ClientSession)


def build_rpc(lab: Lab) -> web.Application:
    async def serve(request: web.Request) -> web.StreamResponse:
        node = lab.network.nodes.get(request.match_info["name"])
        if node is None:
            return web.json_response({"error": "no such node"}, status=404)
        if not node.alive:
            if request.transport is not None:
                request.transport.abort()
            raise ConnectionResetError
        if node.fault in FAULTS:
            return await FAULTS[node.fault](request)
        if node.fault in STATUSES:
            wait = RETRY_AFTER_SECONDS.get(node.fault)
            return web.Response(status=STATUSES[node.fault], headers={"retry-after": wait} if wait else None)
        document = await request.json()
        if isinstance(document, dict) and document.get("method") == "eth_call":
            await asyncio.sleep(node.call_seconds)
            if lab.evm:
                async with request.app[EVM].post(lab.evm, json=document) as answer:
                    return web.json_response(await answer.json())
        return web.json_response(Rpc(network=lab.network, node=node).answer(document))

    app = web.Application(middlewares=[loopback_only])
    app.cleanup_ctx.append(_evm_client)
    app.router.add_post("/{name}", serve)
    return app


async def _evm_client(app: web.Application) -> AsyncIterator[None]:
    async with ClientSession() as app[EVM]:
        yield


def build_control(lab: Lab) -> web.Application:
    """Every answer is the state after the change, or 404 with what there is."""

    async def show(_request: web.Request) -> web.Response:
        return web.json_response(lab.state())

    async def change(request: web.Request) -> web.Response:
        try:
            throw(lab, request.path.strip("/").split("/"))
        except (KeyError, TypeError, ValueError) as error:
            known = {"error": f"{request.path}: {error}", "nodes": sorted(lab.network.nodes), "modes": MODES}
            return web.json_response(known, status=404)
        return web.json_response(lab.state())

    app = web.Application(middlewares=[loopback_only])
    app.router.add_get("/", show)
    app.router.add_post("/{path:.+}", change)
    return app


@contextlib.asynccontextmanager
async def served(lab: Lab, control_port: int | None = None) -> AsyncIterator[Lab]:
    """Both listeners, until the block ends."""
    runners = []
    for app, port in ((build_rpc(lab), lab.port), *(((build_control(lab), control_port),) if control_port else ())):
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, HOST, port).start()
        runners.append(runner)
    try:
        yield lab
    finally:
        for runner in runners:
            await runner.cleanup()


def build(options: argparse.Namespace) -> Lab:
    network = Network.of(
        dialect=options.dialect,
        validators=options.validators,
        replicas=options.replicas,
        backlog=options.backlog,
        period=options.period,
        timeout=options.round_timeout,
        in_contract=options.contract_validators,
    )
    for node in network.nodes.values():
        node.off = set() if options.all_apis else set(DEFAULT_OFF)
    return Lab(network=network, port=options.port, running=not options.stalled, evm=options.evm)


async def run(options: argparse.Namespace) -> None:
    lab = build(options)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with served(lab, options.control_port):
        clock = asyncio.create_task(lab.run())
        print(f"ready {json.dumps(lab.state())} control=http://{HOST}:{options.control_port}", flush=True)
        await stop.wait()
        clock.cancel()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True, help="of JSON-RPC; each node is a path of it")
    parser.add_argument("--control-port", type=int, required=True, help="of the control endpoint")
    parser.add_argument("--dialect", choices=DIALECTS, default="qbft")
    parser.add_argument("--validators", type=int, default=4)
    parser.add_argument("--replicas", type=int, default=1)
    parser.add_argument("--period", type=int, default=2, help="seconds from block to block")
    parser.add_argument(
        "--round-timeout", type=int, default=4, help="seconds of a block's first round; doubled for each other"
    )
    parser.add_argument("--backlog", type=int, default=40, help="blocks there are at the start")
    parser.add_argument("--contract-validators", action="store_true", help="the header lists none, as with a contract")
    parser.add_argument("--all-apis", action="store_true", help="ADMIN and TXPOOL too, which are off by default")
    parser.add_argument(
        "--evm", default="", help="address of a node that executes eth_call for all; default: each call answers 0x"
    )
    parser.add_argument("--stalled", action="store_true", help="no block until POST /run")
    try:
        asyncio.run(run(parser.parse_args()))
    except OSError as error:
        print(f"bft_chain: {error.strerror or error}; choose other ports", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
