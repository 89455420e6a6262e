"""The interface table of the lab's device, asked by snmpd (pass_persist: PING, get, getnext, in lines on standard input).

Started by snmpd as `link_agent.py STATE.json`, so it needs nothing but Python. Speaks the parts of IF-MIB that the SNMP exporter
of this checkout reads.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

IF_TABLE, IF_X_TABLE = ".1.3.6.1.2.1.2.2.1", ".1.3.6.1.2.1.31.1.1.1"
COUNTER32, COUNTER64 = 2**32, 2**64
UP = 1


@dataclass(frozen=True, kw_only=True)
class Interface:
    """Counters that were `…` at the Unix time `since` and grow at a rate from then on."""

    index: int
    speed_mbit: int = 100_000
    oper_status: int = UP  # RFC 2863: 1 up, 2 down, 7 lowerLayerDown
    since: float = 0.0
    out_octets: float = 1_000_000.0
    in_octets: float = 1_000_000.0
    out_discards: float = 0.0
    out_octets_per_second: float = 0.0
    in_octets_per_second: float = 0.0
    out_discards_per_second: float = 0.0

    def at(self, now: float) -> Interface:
        """The same, with the counters of `now`."""
        passed = now - self.since if self.since else 0.0
        return replace(
            self,
            since=now,
            out_octets=self.out_octets + passed * self.out_octets_per_second,
            in_octets=self.in_octets + passed * self.in_octets_per_second,
            out_discards=self.out_discards + passed * self.out_discards_per_second,
        )


Row = tuple[tuple[int, ...], str, str]
"""Object identifier, type in the protocol's words, value."""


def table(interfaces: dict[str, Interface], now: float) -> list[Row]:
    """All rows, sorted as SNMP walks them."""
    return sorted(row for name, one in interfaces.items() for row in _rows(name, one.at(now)))


def _rows(name: str, one: Interface) -> Iterator[Row]:
    columns = (
        (IF_TABLE, 1, "integer", one.index),
        (IF_TABLE, 8, "integer", one.oper_status),
        (IF_TABLE, 19, "counter", int(one.out_discards) % COUNTER32),
        (IF_X_TABLE, 1, "string", name),
        (IF_X_TABLE, 6, "counter64", int(one.in_octets) % COUNTER64),
        (IF_X_TABLE, 10, "counter64", int(one.out_octets) % COUNTER64),
        (IF_X_TABLE, 15, "gauge", one.speed_mbit),
    )
    for base, column, kind, value in columns:
        yield (*_numbers(base), column, one.index), kind, str(value)


def _numbers(oid: str) -> tuple[int, ...]:
    return tuple(int(part) for part in oid.strip(".").split("."))


def answer(command: str, oid: str, rows: list[Row]) -> list[str]:
    asked = _numbers(oid)
    for found, kind, value in rows:
        if found == asked if command == "get" else found > asked:
            return ["." + ".".join(map(str, found)), kind, value]
    return ["NONE"]


def _read(state: Path) -> dict[str, Interface]:
    found = json.loads(state.read_text(encoding="utf-8"))
    return {name: Interface(**fields) for name, fields in found.items()}


def main() -> None:
    state = Path(sys.argv[1])
    while line := sys.stdin.readline():
        command = line.strip()
        if command == "PING":
            reply = ["PONG"]
        elif command in {"get", "getnext"}:
            reply = answer(command, sys.stdin.readline().strip(), table(_read(state), time.time()))
        else:  # set: its two lines are read and refused
            sys.stdin.readline()
            sys.stdin.readline()
            reply = ["not-writable"]
        print(*reply, sep="\n", flush=True)


if __name__ == "__main__":
    main()
