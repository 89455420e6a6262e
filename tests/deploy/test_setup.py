"""Set-up on machines that lack something: one line with the cure, exit 2, and nothing half done."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import parts
from deploy.lab import children, watcher
from deploy.parts import CHECKOUT, HIDE_PARTS
from deploy.setup import debian, plan, python, steps
from deploy.setup.steps import SetupError
from tests.pace import until
from tests.repository.tree import ROOT, files

NEEDED = ("deploy", "requirements", "pyproject.toml", "contracts", "dashboards")
CLOSED = "http://127.0.0.1:9"  # nothing listens on the discard port
OLD = """\
import runpy, sys
sys.version_info = (3, 9, 2, "final", 0)
option, value, *rest = [word for word in sys.argv[1:] if word != "-B"]
sys.argv = [value, *rest]
sys.path.insert(0, "")
exec(value) if option == "-c" else runpy.run_module(value, run_name="__main__", alter_sys=True)
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A fresh copy of what set-up reads, with nothing installed."""
    for path in files():
        if path.parts[0].startswith(NEEDED) and path.suffix in {".py", ".sh", ".toml", ".lock", ".json"}:
            target = tmp_path / "checkout" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, target)
    return tmp_path / "checkout"


def set_up(checkout: Path, *options: str, **env: str) -> tuple[int, list[str], list[str]]:
    """Of the demo's set-up: exit code, the lines of the plan and of the steps, and the lines that say what is wrong."""
    command = [str(checkout / "deploy" / "setup.sh"), "demo", *options]
    done = subprocess.run(
        command, env={**os.environ, "PYTHON": sys.executable, **env}, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout.splitlines(), done.stderr.splitlines()


def made(checkout: Path) -> set[str]:
    """What set-up has left in the checkout, logs and its lock aside."""
    found = {path.name for path in checkout.iterdir()} - {path.parts[0] for path in files()}
    cached = {path.name for path in (checkout / ".cache").glob("*")} - {"setup"}
    return found - {".cache"} | cached | {path.name for path in (checkout / ".cache/setup/scratch").glob("*")}


def only(folder: Path, *programs: str) -> str:
    """A PATH on which nothing is but these."""
    folder.mkdir()
    for program in programs:
        (folder / program).symlink_to(parts.need_program(program))
    return str(folder)


def test_setup_with_an_old_python_says_which_it_needs(checkout: Path, tmp_path: Path) -> None:
    """A Python before 3.11 is refused with its version, the one that is needed and how to name another."""
    code, old = tmp_path / "old.py", tmp_path / "python3"
    code.write_text(OLD)
    old.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{code}" "$@"\n')
    old.chmod(0o755)
    status, _, wrong = set_up(checkout, PYTHON=str(old))

    assert status == 2
    assert [line.partition(" is ")[2] for line in wrong] == [
        "Python 3.9, 3.11 or newer is needed; install python3.11, or name one: make demo PYTHON=/path/to/python3"
    ]
    assert made(checkout) == set()


def test_setup_without_any_python_says_so(checkout: Path) -> None:
    """An interpreter that is not there is named with the way to get one."""
    status, _, wrong = set_up(checkout, PYTHON="no-such-python")
    assert (status, len(wrong)) == (2, 1)
    assert "no-such-python is not here, or no Python; on Debian: apt-get install python3" in wrong[0]


def test_setup_without_apt_names_what_to_install_by_hand(checkout: Path, tmp_path: Path) -> None:
    """Where there is no apt-get, all programs it would have brought are named at once with their oldest versions."""
    path = only(tmp_path / "bin", "sh", "dirname")
    status, plan, wrong = set_up(checkout, PATH=path, **{HIDE_PARTS: "prometheus,alertmanager"})

    assert status == 2
    assert wrong == [
        "setup: no apt-get here: install by hand prometheus (2.42 or newer), alertmanager (0.25 or newer) and put them on PATH"
    ]
    assert any("MB to fetch" in line for line in plan)
    assert made(checkout) == set()


def test_setup_without_network_leaves_no_environment_behind(checkout: Path) -> None:
    """When nothing answers, one line says so, with the log; a .venv that could not be filled is gone.

    Where Python has no pip, Debian's is asked for first.
    """
    closed = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), CLOSED)
    without = ",".join(part.name for part in parts.parts_of("demo") if part.unpack)
    status, _, wrong = set_up(checkout, "--without", without, no_proxy="", NO_PROXY="", **closed)

    assert (status, len(wrong)) == (2, 1)
    cure = r"check the network and the (package index|sources of apt), then run this again \(log: \.cache/setup/\w+\.log\)$"
    assert re.search(cure, wrong[0])
    assert made(checkout) == set()


def test_setup_without_a_part_that_does_not_exist_is_refused(checkout: Path) -> None:
    """A name that is no part is told with those there are, before anything is brought."""
    status, plan, wrong = set_up(checkout, "--without", "anvil, cehp")

    assert (status, plan, len(wrong)) == (2, [], 1)
    assert wrong[0].startswith("setup: part 'cehp' is unknown; parts.toml has: python-packages, prometheus")


def test_setup_says_what_it_will_do_before_it_starts(checkout: Path, tmp_path: Path) -> None:
    """Each part that is missing has a line with its way, sizes and purpose, before the sum and before any step."""
    path = only(tmp_path / "bin", "sh", "dirname")
    _, plan, _ = set_up(checkout, PATH=path, **{HIDE_PARTS: "prometheus"})
    prometheus = next(line for line in plan if "prometheus" in line and "MB down" in line)

    assert plan[0] == "setup: make demo needs, and does not find:"
    assert prometheus.split(maxsplit=2)[2].endswith("scrapes, keeps samples, evaluates rules")
    assert "48 MB on disk" in prometheus


def test_setup_without_root_names_the_command_and_the_way_around(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user without root or sudo gets the whole command, and the parts to do without."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "sudo" else f"/usr/bin/{name}")
    with pytest.raises(SetupError) as refused:
        plan.refuse_what_cannot_be("test-all", [parts.named("haproxy"), parts.named("snmpd")])

    assert str(refused.value) == (
        "root is needed once, and there is no sudo: as root run: apt-get install --no-install-recommends haproxy snmpd; "
        "or do without: make test-all WITHOUT=haproxy,snmpd"
    )


def test_setup_on_a_full_disk_is_refused_before_it_writes(tmp_path: Path) -> None:
    """The room that is there and the room that is needed are said."""
    with pytest.raises(SetupError, match=r"\d+ MB free, 999999999999 MB are needed; make room and run this again"):
        steps.need_room(999_999_999_999, tmp_path)


def test_part_that_is_too_old_is_named_with_both_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An old program on PATH does not pass for the part; what it is and what is needed are said."""
    old = tmp_path / "haproxy"
    old.write_text("#!/bin/sh\necho HAProxy version 1.8.4-1 2018\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert parts.shortcoming(parts.named("haproxy")) == "version 1.8.4 is too old, 2.6 or newer is needed"


def test_holder_of_the_package_lock_is_named() -> None:
    """Apt's own words about a lock give the process that holds it."""
    line = "Waiting for cache lock: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 4711 (apt-get)... 3s"
    assert debian.holder(line) == "process 4711 (apt-get)"


def test_failed_command_says_the_line_that_tells_why(tmp_path: Path) -> None:
    """Of all that a command prints, the error is shown with the cure; the rest is in the log."""
    script = "echo reading; echo 'E: Unable to locate package nothing'; echo bye; exit 100"
    with pytest.raises(
        SetupError, match=r"^E: Unable to locate package nothing; try this \(log: \.cache/setup/trial\.log\)$"
    ):
        steps.run(["sh", "-c", script], log="trial", cure="try this")


def test_pin_of_a_lock_file_comes_with_its_hashes() -> None:
    """One package is fetched by the pin and the hashes of the lock file; one that is not there is refused."""
    lock = "a==1 \\\n    --hash=sha256:11\nuv==2 \\\n    --hash=sha256:22 \\\n    --hash=sha256:33\n    # via x\nz==3\n"
    assert python.requirement("uv", lock) == "uv==2 \\\n    --hash=sha256:22 \\\n    --hash=sha256:33\n"
    with pytest.raises(SetupError, match="v: not in the lock file"):
        python.requirement("v", lock)


def test_settings_of_pip_are_read_by_their_strength() -> None:
    """The user's file is stronger for `install` than in general, and the environment than both; other tools' are left out."""
    listed = (
        ":env:.cert='/etc/ca.pem'\ninstall.index-url='https://two/simple'\nglobal.index-url='https://one/simple'\n"
        "global.cert='/old.pem'\ndownload.index-url='https://three/simple'\nglobal.timeout='9'\n"
    )
    found = {"index-url": "https://two/simple", "cert": "/etc/ca.pem", "timeout": "9"}
    assert python.pip_settings(listed) == found


def test_index_of_pip_s_own_file_reaches_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pip.conf is enough: the package index of a company is asked by uv as well, unless uv was told another."""
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://packages.example/simple\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    for name in ("UV_DEFAULT_INDEX", "PIP_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    assert python.uv_settings()["UV_DEFAULT_INDEX"] == "https://packages.example/simple"

    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://mine.example/simple")
    assert "UV_DEFAULT_INDEX" not in python.uv_settings()


def test_command_of_a_killed_setup_ends_with_it(tmp_path: Path) -> None:
    """SIGKILL leaves no download behind that writes into the checkout while the next set-up does."""
    code = f"from deploy.setup.steps import run; run(['sh', '-c', 'echo $$ > {tmp_path}/pid; exec sleep 600'], log='trial', cure='')"
    with children.start([sys.executable, "-c", code], cwd=CHECKOUT) as process:
        until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().endswith("\n"))
        process.kill()
    pid = int((tmp_path / "pid").read_text())
    until(lambda: (one := watcher.look_up(pid)) is None or one.state == "Z")


@pytest.mark.parametrize("name", ["node", "solc", "python-packages"])
def test_what_every_check_needs_cannot_be_left_out(checkout: Path, name: str) -> None:
    """It is refused by name at once; style and generated files could not be checked without it."""
    status, plan, wrong = set_up(checkout, "--without", name)
    told = f"setup: WITHOUT={name}: every check needs this part; no root is needed to bring it"
    assert (status, plan, wrong) == (2, [], [told])


def test_program_with_a_fixed_folder_finds_its_files_beside_itself() -> None:
    """The folder in the program becomes one of the same length below the folder it is started in; without it, it is refused."""
    data = "/usr/share/prometheus/alertmanager"
    moved = debian.moved(b"\0" + data.encode() + b"/ui/\0rest", data)

    assert moved == b"\0/proc/self/cwd//share/alertmanager/ui/\0rest"
    with pytest.raises(SetupError, match=f"no longer looks for its files in {data}"):
        debian.moved(b"another program", data)


def test_every_tier_brings_what_the_project_itself_is_built_with() -> None:
    """Of a tier that needs Python packages, whichever: the project is installed beside them, and its builder is in one lock file."""
    wanted = [parts.named("python-tools")]
    [step] = [said for said, _ in plan.plan(wanted, wanted) if "into .venv" in said]
    assert "requirements.lock" in step
    assert "hatchling==" in (ROOT / "requirements.lock").read_text()
