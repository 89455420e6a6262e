"""Small writes into a pool at a rate: `writer.py CEPH.CONF POOL OPERATIONS_A_SECOND`, until it is ended.

Run by the distribution's own Python, whose packages bring Ceph's client library. One of each object is under way at most, so that
each OSD has some where one hangs: it tells nobody of its own, the others tell of those that wait for it.
"""

import itertools
import sys
import time

import rados  # type: ignore[import-not-found]

OBJECTS, SIZE_BYTES = 16, 512


def main() -> None:
    settings, pool, operations = sys.argv[1:]
    with rados.Rados(conffile=settings) as cluster, cluster.open_ioctx(pool) as pool_of_all:
        under_way: dict[int, rados.Completion] = {}
        due = time.monotonic()
        for number in itertools.cycle(range(OBJECTS)):
            if number in under_way:
                under_way[number].wait_for_complete()
            under_way[number] = pool_of_all.aio_write_full(f"load-{number}", b"x" * SIZE_BYTES)
            due = max(due + 1 / int(operations), time.monotonic() - 1)
            time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
