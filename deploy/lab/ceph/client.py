"""The one client of a lab cluster: a process of Ceph's own library, whom every question is asked (`librados.py`).

It is started with the first question, and ends with `close` or with us. Questions wait for each other.
"""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.lab.pace import measured
from deploy.lab.processes import LabError

LIBRARY = Path(__file__).with_name("librados.py")
PYTHON = "/usr/bin/python3"  # of the distribution, whose packages hold the library
ANSWER_SECONDS = 30
END_SECONDS = 5


@dataclass(kw_only=True)
class Client:
    """Methods raise LabError with Ceph's own words."""

    settings: Path
    pool: str
    env: Mapping[str, str]
    log: Path
    process: subprocess.Popen[str] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def tell(self, prefix: str, **arguments: Any) -> str:
        """A command of `ceph`, in the names of its JSON form, to the mons; what it printed."""
        return self._ask({"to": "mon", "command": {"prefix": prefix, **arguments}, "given": ""})

    def tell_mgr(self, prefix: str, *, given: str = "", **arguments: Any) -> str:
        """The same to the active mgr, with a file that the command takes (`ceph -i`)."""
        return self._ask({"to": "mgr", "command": {"prefix": prefix, **arguments}, "given": given})

    def ask(self, prefix: str, **arguments: Any) -> Any:
        """What a command answers as JSON."""
        return json.loads(self.tell(prefix, format="json", **arguments))

    def write(self, count: int, content: bytes) -> None:
        """So many objects of one content into the pool."""
        self._ask({"to": "pool", "count": count, "content": content.hex()})

    def close(self) -> None:
        with self.lock:
            if (process := self.process) is None:
                return
            self.process = None
            process.kill()  # it keeps nothing, and may wait for a mon that is frozen
            process.communicate(timeout=measured().limit(END_SECONDS))

    def _ask(self, question: Mapping[str, Any]) -> str:
        with self.lock:
            process = self._started()
            assert process.stdin is not None  # noqa: S101  both are pipes
            assert process.stdout is not None  # noqa: S101
            try:
                process.stdin.write(json.dumps(question) + "\n")
                process.stdin.flush()
                line = process.stdout.readline()
            except OSError:  # it ended before
                line = ""
            if not line:
                self.process = None
                raise LabError(f"Ceph's library ended at {_brief(question)}; its last words: {self._tail()}")
        answer = json.loads(line)
        if answer["error"]:
            raise LabError(f"{_brief(question)}: {answer['error']}")
        return str(answer["output"])

    def _started(self) -> subprocess.Popen[str]:
        if self.process is None:
            seconds = str(int(measured().limit(ANSWER_SECONDS)))
            command = [PYTHON, str(LIBRARY), str(self.settings), self.pool, seconds]
            with self.log.open("a", encoding="utf-8") as log:
                self.process = subprocess.Popen(
                    command, env={**self.env}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
                )
        return self.process

    def _tail(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")[-400:]


def _brief(question: Mapping[str, Any]) -> str:
    return " ".join(f"{word}" for word in question.get("command", {"prefix": "write objects"}).values())
