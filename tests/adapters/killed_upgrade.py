"""Ends with SIGKILL after the nth statement of an upgrade, for every n there is; a program, because it forks.

`python -m tests.adapters.killed_upgrade URL STEP` with `{n}` in the URL where each upgrade has a database of its own, for every
STEPth n. Prints as JSON the first n that was not reached, and what was wrong with the ledger that was opened afterwards.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import sys
from typing import Any

from sqlalchemy import event, inspect

from sankofa_observe.adapters.ledger import SqlLedger, migrations  # noqa: F401  before the first fork: no child imports it
from sankofa_observe.adapters.ledger.database import Database
from sankofa_observe.adapters.ledger.tables import metadata


def upgraded(url: str, last: int) -> bool:
    """Upgrade in a child that ends after so many statements; False when there were fewer."""
    child = os.fork()
    if not child:
        database, count = Database(url), itertools.count(1)

        def after(*_: Any) -> None:
            if next(count) == last:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(database.engine, "after_cursor_execute", after)
        database.upgrade()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def opened(url: str) -> str:
    """What is there when the ledger has been opened again: nothing missing, or why not."""
    ledger = SqlLedger(url)
    found = set(inspect(ledger._database.engine).get_table_names())
    answer = ledger.versions("none")
    ledger.close()
    return "" if found == {*metadata.tables, "alembic_version"} and answer == [] else f"tables {sorted(found)}"


def main() -> None:
    url, step, fresh = sys.argv[1], int(sys.argv[2]), "{n}" in sys.argv[1]
    problems, n = {}, 0
    for n in itertools.count(1, step):
        own = url.replace("{n}", str(n))
        if not upgraded(own, n):
            break
        if fresh and (problem := opened(own)):
            problems[n] = problem
    problem = opened(url.replace("{n}", str(n)))
    sys.stdout.write(json.dumps({"beyond": n, "problems": problems | ({n: problem} if problem else {})}))


if __name__ == "__main__":
    main()
