"""Small writes into a pool at a rate, one after the other: `writer.py CEPH.CONF POOL OPERATIONS_A_SECOND`, until it is ended.

Run by the distribution's own Python, whose packages bring Ceph's client library. A write that is not answered holds up the next.
"""

import sys
import time

import rados  # type: ignore[import-not-found]

OBJECTS, SIZE_BYTES = 16, 512


def main() -> None:
    settings, pool, operations = sys.argv[1:]
    with rados.Rados(conffile=settings) as cluster, cluster.open_ioctx(pool) as pool_of_all:
        number, due = 0, time.monotonic()
        while True:
            pool_of_all.write_full(f"load-{number % OBJECTS}", b"x" * SIZE_BYTES)
            number, due = number + 1, max(due + 1 / int(operations), time.monotonic() - 1)
            time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
