"""The demo as a program: it ends with all its parts, a second run finds nothing in its way, and what it lacks is one line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.lab import children, demo, watcher
from deploy.parts import CHECKOUT
from tests.pace import limit

PARTS = pytest.mark.real("prometheus", "prometheus-alertmanager", "anvil", "fakepve")
pytestmark = pytest.mark.timeout(600)


@contextmanager
def running_demo(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A demo with all of the lab's parts started."""
    log = folder.parent / "said"
    with log.open("wb") as output:
        command = [sys.executable, "-m", "deploy.lab.demo", "--folder", str(folder)]
        process = children.start(command, cwd=CHECKOUT, stdout=output, stderr=output)
    try:
        while "Prometheus of the provider and of the tenant" not in log.read_text():
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)
        yield process
    finally:
        children.end(process, grace_seconds=0)


def descendants(pid: int) -> list[watcher.Process]:
    """What the demo has started and what that has started, its watcher included."""
    processes, members = watcher.all_processes(), {pid}
    while more := {one.pid for one in processes.values() if one.parent in members} - members:
        members |= more
    return [processes[one] for one in members - {pid}]


def wait_until_gone(started: list[watcher.Process]) -> None:
    """The limit is the test's own."""
    while any((now := watcher.look_up(one.pid)) and now.started == one.started and now.state != "Z" for one in started):
        time.sleep(0.05)


@PARTS
def test_demo_that_is_killed_leaves_nothing_in_the_way_of_the_next(tmp_path: Path) -> None:
    """SIGKILL: every part is gone after it, and a second run in the same folder, begun at once, starts all of them."""
    folder = tmp_path / "demo"
    with running_demo(folder) as first:
        parts = descendants(first.pid)
        first.kill()
        first.wait()
        with running_demo(folder) as second:
            wait_until_gone(parts)
            again = len(descendants(second.pid))

    assert (len(parts) >= 7, again >= 7) == (True, True)


@PARTS
@pytest.mark.parametrize(
    "number",
    [
        signal.SIGTERM,
        pytest.param(signal.SIGINT, marks=pytest.mark.tier("test-all")),
        pytest.param(signal.SIGHUP, marks=pytest.mark.tier("test-all")),
    ],
)
def test_demo_that_is_asked_to_end_ends_every_part(number: signal.Signals, tmp_path: Path) -> None:
    """It says so, with exit code 130, and nothing of it runs any more."""
    with running_demo(tmp_path / "demo") as process:
        parts = descendants(process.pid)
        process.send_signal(number)
        code = process.wait()
    wait_until_gone(parts)

    assert (code, (tmp_path / "said").read_text().splitlines()[-1]) == (130, "stopped; every part ends with it")


@pytest.mark.parametrize("caught", ["", "except BaseException: pass"])
def test_a_signal_whose_exception_is_lost_ends_what_waits_all_the_same(caught: str) -> None:
    """Whether a destructor catches it, or Python prints it: each wait of the story looks whether one came."""
    script = (
        "import os, signal, sys, time\nfrom pathlib import Path\nfrom rich.console import Console\n"
        "from deploy.lab.demo import leaving_on_signals\nfrom deploy.lab.processes import Processes\n"
        "from deploy.lab.stack import Lab\nfrom deploy.lab.story import Story\n"
        "class Swallows:\n    def __del__(self):\n        try: os.kill(os.getpid(), signal.SIGHUP); time.sleep(0.01)\n"
        f"        {caught or 'finally: pass'}\n"
        "try:\n    with leaving_on_signals() as look, Processes(folder=Path(), look=look) as processes:\n"
        "        told = Story(lab=Lab(processes=processes), console=Console(quiet=True))\n"
        "        one = Swallows(); del one; told.wait_until(time.time() + 3600, 'a signal')\n"
        "except KeyboardInterrupt: print('stopped')\n"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=limit(30), check=False)

    assert (done.returncode, done.stdout) == (0, "stopped\n")


@pytest.mark.parametrize("place", ["file", "full"])
def test_demo_that_cannot_write_says_so_in_a_line(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that cannot be made, and a disk that is full: one line with the cure, exit 2."""
    folder = tmp_path / "demo"
    if place == "file":
        folder.write_text("")
        reason = "File exists"
    else:
        monkeypatch.setattr(Path, "touch", _full)
        reason = "No space left on device"
    monkeypatch.setattr(demo, "missing_programs", lambda _: [])
    code = demo.main(["--folder", str(folder)])
    said = capsys.readouterr().out.splitlines()

    assert (code, len(said)) == (2, 1)
    assert said[0].endswith(f": {reason}; make room or choose another folder with --folder")


def _full(path: Path) -> None:
    raise OSError(28, os.strerror(28), str(path))


def test_demo_empties_no_folder_of_somebody_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that holds anything and was not made by a demo is left as it is."""
    (tmp_path / "letters").write_text("dear")
    monkeypatch.setattr(demo, "missing_programs", lambda _: [])
    code = demo.main(["--folder", str(tmp_path)])

    assert (code, [one.name for one in tmp_path.iterdir()]) == (2, ["letters"])
    assert "not empty, and not of an earlier demo" in capsys.readouterr().out


def test_demo_without_its_programs_says_what_to_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is missing is named in one line with the cure; nothing is written."""
    monkeypatch.setattr(demo, "missing_programs", lambda names: iter(names[:2]))
    code = demo.main(["--folder", str(tmp_path / "demo")])

    assert (code, capsys.readouterr().out, list(tmp_path.iterdir())) == (
        2, "missing: prometheus, prometheus-alertmanager; run: make setup\n", [],
    )  # fmt: skip


def test_second_demo_in_one_folder_is_told_of_the_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one runs the next one does not empty its folder under it."""
    monkeypatch.setattr(demo, "missing_programs", lambda _: [])
    monkeypatch.setattr(demo, "PATIENCE_SECONDS", 1)
    folder = tmp_path / "demo"
    with demo.alone(folder):
        (folder / "sankofa.yaml").write_text("")
        code = demo.main(["--folder", str(folder)])
        kept = (folder / "sankofa.yaml").exists()

    assert (code, kept) == (2, True)
    assert "another demo runs here" in capsys.readouterr().out
