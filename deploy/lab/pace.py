"""How fast this machine is now, measured once: limits are written for one machine and hold on any.

Two processes run a fixed loop at once, as `make test` and the demo keep two cores busy. Its CPU time tells a slow
core; its wall time tells a busy machine, a single core or a container's quota as well.
Assumes that the machine may get busier after the measure, so a limit is generous. A limit ends what hangs; it is never
a claim about speed.
`python -m deploy.lab.pace` prints the measure, with `told` as a child reads it from SANKOFA_PACE.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import time
from dataclasses import dataclass

STEPS = 3_000_000
QUIET_SECONDS = 0.33  # what STEPS take each of two at once on the machine of docs/reference/performance.md when quiet
AT_ONCE = 2
TOLD = "SANKOFA_PACE"  # a child reads what its parent measured
LATER = 3  # a machine may get this many times slower after it was measured
LEAST = 6  # and a quiet one this many times: eight busy loops on two cores make everything five times slower


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How many times longer work takes than on the quiet reference machine: 1.0 there, 2.0 is half as fast."""

    wall: float
    cpu: float

    def limit(self, seconds: float) -> float:
        """When to give up on what takes less than `seconds` at pace 1.0."""
        return seconds * max(LEAST, LATER * self.wall)

    def length(self, seconds: float) -> float:
        """How long a period must be to hold what fits into `seconds` at pace 1.0; never shorter than that."""
        return seconds * max(1.0, self.wall)

    def told(self) -> str:
        """As a child reads it from its environment."""
        return f"{self.wall:.3f} {self.cpu:.3f}"

    def __str__(self) -> str:
        return f"{self.wall:.1f} (by CPU time alone {self.cpu:.1f}; 1.0 is the machine of docs/reference/performance.md, quiet)"


@functools.cache
def measured() -> Pace:
    """The pace as this process or its parent measured it, once."""
    try:
        wall, cpu = map(float, os.environ.get(TOLD, "").split())
    except ValueError:  # nobody has told us, or nonsense
        pace = measure()
        os.environ[TOLD] = pace.told()
        return pace
    return Pace(wall=wall, cpu=cpu)


def measure() -> Pace:
    """Run the loop in two processes at once and compare the slower one with the reference (a quarter of a second)."""
    command = [sys.executable, "-I", "-S", __file__, "loop"]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(AT_ONCE)]
    seconds = [[float(figure) for figure in child.communicate()[0].split()] for child in children]
    return Pace(
        wall=max(wall for wall, _ in seconds) / QUIET_SECONDS, cpu=max(cpu for _, cpu in seconds) / QUIET_SECONDS
    )


def _loop() -> tuple[float, float]:
    """Wall and CPU seconds of the fixed loop in this process."""
    wall, cpu, state = time.perf_counter(), time.process_time(), 0
    for step in range(STEPS):
        state = (state * 31 + step) & 0xFFFFFF
    return time.perf_counter() - wall, time.process_time() - cpu


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["loop"]:
            print(*_loop())
        case ["told"]:
            print(measure().told())
        case _:
            print(measure())
