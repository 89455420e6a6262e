"""Ceph's own client library, asked in lines: `librados.py CEPH.CONF POOL SECONDS`, a JSON object a line in and a line out, until the end.

Run by the distribution's own Python, whose packages bring the library. One process for all that a lab asks, because the `ceph` command
costs a Python, its modules and a connection for each question. An operation that has no answer in SECONDS fails; it never hangs.
"""

import json
import sys
from typing import Any

import rados  # type: ignore[import-not-found]

# A mon that is frozen under it is left after 3 s (Ceph's default is 30 s), and another one tried each second (3 s, then ever longer).
IN_A_HURRY = {
    "mon_client_ping_interval": "1",
    "mon_client_ping_timeout": "3",
    "mon_client_hunt_interval": "1",
    "mon_client_hunt_interval_max_multiple": "1",
}


def main() -> None:
    settings, pool, seconds = sys.argv[1:]
    bounds = dict.fromkeys(("rados_mon_op_timeout", "rados_osd_op_timeout", "client_mount_timeout"), seconds)
    with rados.Rados(conffile=settings, conf=bounds | IN_A_HURRY) as cluster:
        while line := sys.stdin.readline():
            print(json.dumps(answer(cluster, pool, json.loads(line))), flush=True)


def answer(cluster: Any, pool: str, asked: dict[str, Any]) -> dict[str, Any]:
    """`error` is empty where it was done; `output` is what a command printed."""
    try:
        if asked["to"] == "pool":
            return write(cluster, pool, asked)
        ask = {"mon": cluster.mon_command, "mgr": cluster.mgr_command}[asked["to"]]
        code, output, complaint = ask(json.dumps(asked["command"]), asked["given"].encode())
    except rados.Error as error:
        return {"error": str(error) or type(error).__name__, "output": ""}
    return {"error": f"{code}: {complaint}" if code else "", "output": bytes(output).decode()}


def write(cluster: Any, pool: str, asked: dict[str, Any]) -> dict[str, Any]:
    with cluster.open_ioctx(pool) as objects:
        for number in range(asked["count"]):
            objects.write_full(f"object-{number}", bytes.fromhex(asked["content"]))
    return {"error": "", "output": ""}


if __name__ == "__main__":
    main()
