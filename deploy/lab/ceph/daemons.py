"""Real Ceph daemons on loopback, in one folder: mons, mgrs with prometheus and dashboard, OSDs in memory.

Assumes Debian's packages and no systemd. Everything lives in the folder given; /etc/ceph and /var/lib/ceph are neither
read nor written. It never authenticates between daemons (auth none), so it is for loopback and for nothing else.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.lab.ceph.client import PYTHON, Client
from deploy.lab.pace import measured
from deploy.lab.ports import free_port
from deploy.lab.processes import Child, LabError, Processes
from deploy.parts import need_program

HOST = "127.0.0.1"
POOL = "edge-data"
PGS = 8
MODULES = ("prometheus", "dashboard")
UNUSED_MODULES = (
    "alerts", "diskprediction_local", "influx", "insights", "iostat", "k8sevents", "localpool", "mirroring", "nfs", "osd_perf_query",
    "osd_support", "restful", "rook", "selftest", "snap_schedule", "stats", "telegraf", "test_orchestrator", "zabbix",
)  # fmt: skip
WRITER = Path(__file__).with_name("writer.py")
USER = "probe"
BOOT_SECONDS = 90
PROGRAMS = ("ceph", "ceph-mon", "ceph-mgr", "ceph-osd", "monmaptool", "rados")
SETTINGS = """\
[global]
fsid = {fsid}
mon host = {mon_host}
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
admin socket =
pid file =
run dir = {folder}
crash dir = {folder}
log file = {folder}/logs/$name.ceph.log
mon cluster log file = {folder}/logs/cluster.ceph.log
mon data = {folder}/mon/$id
mgr data = {folder}/mgr/$id
osd data = {folder}/osd/$id
mgr module path = {module_path}
mgr initial modules = {modules}
# A mgr imports each module that it finds, enabled or not, which is half of what its start costs. Its ten that are always on stay.
mgr disabled modules = {unused_modules}
osd objectstore = memstore
memstore device bytes = {osd_bytes}
osd pool default size = {size}
osd pool default min size = {min_size}
osd pool default pg num = {pgs}
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd crush update on start = true
mon warn on insecure global id reclaim allowed = false
mon warn on pool no redundancy = false
mon data avail warn = 1
mon data avail crit = 0
# A lab is in a hurry: a dead OSD is seen after 4 s (Ceph's default is 20 s), the mgr hears news each second (5 s)
# and is given up after 6 s of silence (30 s); the ticks must be shorter than that, else mons forgive each silence.
osd heartbeat interval = 1
osd heartbeat grace = 4
mon osd min down reporters = 1
mgr stats period = 1
mon mgr digest period = 1
mgr beacon period = 1
mon mgr beacon grace = 6
mgr tick period = 1
mon tick interval = 1
"""


@dataclass(kw_only=True)
class Daemon:
    """One daemon, started and ended many times; `fresh` says that its store must be made first."""

    kind: str
    id: str
    child: Child | None = None
    frozen: bool = False
    fresh: bool = True
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    ports: dict[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.kind}.{self.id}"

    @property
    def state(self) -> str:
        if self.child is None or not self.child.alive():
            return "stopped"
        return "frozen" if self.frozen else "running"

    def address(self, part: str) -> str:
        return f"http://{HOST}:{self.ports[part]}"


@dataclass(kw_only=True)
class Ceph:
    """The cluster. Methods raise LabError with the program's own words."""

    folder: Path
    processes: Processes
    mons: int = 1
    mgrs: int = 1
    osds: int = 3
    size: int = 3
    min_size: int = 2
    osd_bytes: int = 1 << 30
    fsid: str = field(default_factory=lambda: str(uuid.uuid4()))
    daemons: dict[str, Daemon] = field(default_factory=dict)
    client: Client = field(init=False)
    writer: Child | None = None

    def __post_init__(self) -> None:
        log = self.folder / "logs" / "client.log"
        self.client = Client(settings=self._settings, pool=POOL, env={**os.environ, **self._env}, log=log)
        for number in range(self.mons):
            self._add("mon", "abcde"[number], msgr=free_port())
        for number in range(self.mgrs):
            self._add("mgr", "xyz"[number], metrics=free_port(), dashboard=free_port())
        for number in range(self.osds):
            self._add("osd", str(number))

    def _add(self, kind: str, id_: str, **ports: int) -> None:
        daemon = Daemon(kind=kind, id=id_, ports=ports)
        self.daemons[daemon.name] = daemon

    def of(self, kind: str) -> Iterator[Daemon]:
        return (daemon for daemon in self.daemons.values() if daemon.kind == kind)

    @property
    def password_file(self) -> Path:
        return self.folder / "password"

    # -- starting and ending -------------------------------------------------------------------------------------

    def boot(self, stop: threading.Event | None = None) -> None:
        """From an empty folder to a clean pool with data, unless `stop` is set meanwhile."""
        for program in PROGRAMS:
            need_program(program)
        self._write_settings()
        for mon in self.of("mon"):
            self.start(mon)
        for name, value in self._module_settings():
            self.client.tell("config set", who="mgr", name=f"mgr/{name}", value=value, force=True)
        for osd in self.of("osd"):
            self.client.tell("osd new", uuid=osd.uuid, id=int(osd.id))
        for daemon in (*self.of("mgr"), *self.of("osd")):
            self.start(daemon)
        self.client.tell("osd pool create", pool=POOL, pg_num=PGS, pgp_num=PGS, pool_type="replicated")
        self.client.tell("osd pool application enable", pool=POOL, app="lab")
        self._wait(stop or threading.Event())
        self._write_user()
        self.write_objects(16)

    def _wait(self, stop: threading.Event) -> None:
        limit = measured().limit(BOOT_SECONDS)
        deadline = time.monotonic() + limit
        while not self._serves():
            dead = [child for child in self.processes.children if not child.alive()]
            if dead:
                raise LabError(f"{dead[0].name}: ended; its last lines:\n{dead[0].tail()}")
            if time.monotonic() > deadline:
                raise LabError(f"not clean after {limit:.0f} s: {self.client.tell('status')}")
            if stop.wait(0.3):
                raise LabError("told to stop while booting")

    def _serves(self) -> bool:
        """All PGs clean, all mgrs known, and the active one's two modules listen."""
        status = self.client.ask("status")
        states = {row["state_name"]: row["count"] for row in status["pgmap"].get("pgs_by_state", [])}
        return (
            states == {"active+clean": PGS}
            and status["mgrmap"]["num_standbys"] == self.mgrs - 1
            and set(MODULES) <= set(status["mgrmap"].get("services", {}))
        )

    def start(self, daemon: Daemon) -> None:
        if daemon.state != "stopped":
            return
        if daemon.fresh:
            self._make_store(daemon)
        command = [need_program(f"ceph-{daemon.kind}"), "-f", "-i", daemon.id, "-c", str(self._settings)]
        daemon.child = self.processes.start(daemon.name, command, env=self._env)

    def stop(self, daemon: Daemon) -> None:
        """As an orderly shutdown: an OSD tells the mons, and keeps its objects."""
        self.thaw(daemon)
        if daemon.child is not None:
            daemon.child.stop(grace_seconds=20)

    def kill(self, daemon: Daemon) -> None:
        """As a crash; an OSD in memory loses its objects and starts again with an empty store."""
        if daemon.child is not None:
            daemon.child.kill()
        daemon.frozen = False
        daemon.fresh = daemon.kind == "osd"

    def freeze(self, daemon: Daemon) -> None:
        """SIGSTOP: its sockets stay open and nobody answers."""
        if daemon.child is not None and daemon.state == "running":
            os.killpg(daemon.child.process.pid, signal.SIGSTOP)
            daemon.frozen = True

    def thaw(self, daemon: Daemon) -> None:
        if daemon.child is not None and daemon.frozen:
            os.killpg(daemon.child.process.pid, signal.SIGCONT)
        daemon.frozen = False

    def close(self) -> None:
        """Let all end: a frozen process cannot be ended by SIGTERM."""
        self.client.close()
        for daemon in self.daemons.values():
            self.thaw(daemon)

    # -- asking and telling --------------------------------------------------------------------------------------

    def write_objects(self, count: int, size: int = 65_536) -> None:
        """`count` objects of `size` bytes into the pool, by the real client."""
        self.client.write(count, secrets.token_bytes(size))

    def set_quota(self, objects: int) -> None:
        self.client.tell("osd pool set-quota", pool=POOL, field="max_objects", val=str(objects))

    def set_full(self, *, full: bool) -> None:
        """The three ratios far below what an empty OSD uses, or Ceph's defaults."""
        for name, low, usual in (
            ("nearfull", 1e-7, 0.85),
            ("backfillfull", 2e-7, 0.9),
            ("full", 3e-7, 0.95),
        ):
            self.client.tell(f"osd set-{name}-ratio", ratio=low if full else usual)

    def bench(self, seconds: int) -> None:
        """Small writes for a while: client operations that move the counters."""
        self._run([*self._rados, "bench", str(seconds), "write", "-b", "4096", "-t", "8"], seconds=seconds + 30)

    def load(self, operations: int) -> None:
        """So many small writes a second by the real client library, until told otherwise."""
        if self.writer is not None:
            self.writer.stop()
            self.writer = None
        if operations:
            command = [PYTHON, str(WRITER), str(self._settings), POOL, str(operations)]
            self.writer = self.processes.start("writer", command, env=self._env)

    def state(self) -> dict[str, Any]:
        """What a test or a person needs to point an exporter at the cluster."""
        return {
            "fsid": self.fsid,
            "folder": str(self.folder),
            "mgrs": [mgr.address("metrics") for mgr in self.of("mgr")],
            "dashboards": [mgr.address("dashboard") for mgr in self.of("mgr")],
            "username": USER,
            "password_file": str(self.password_file),
            "pool": POOL,
            "daemons": {daemon.name: daemon.state for daemon in self.daemons.values()},
        }

    # -- inside --------------------------------------------------------------------------------------------------

    @property
    def _settings(self) -> Path:
        return self.folder / "ceph.conf"

    @property
    def _env(self) -> dict[str, str]:
        """Without a venv in front: the mgr's own Python would look for its libraries there."""
        return {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "CEPH_CONF": str(self._settings),
        }

    @property
    def _rados(self) -> list[str]:
        return [need_program("rados"), "-c", str(self._settings), "-p", POOL]

    def _run(self, command: Sequence[str], *, seconds: float) -> None:
        env, limit = {**os.environ, **self._env}, measured().limit(seconds)
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, env=env, capture_output=True, text=True, timeout=limit, check=False
            )
        except subprocess.TimeoutExpired:
            raise LabError(f"{' '.join(command)}: no answer in {limit:g} s") from None
        if done.returncode:
            raise LabError(f"{' '.join(command)}: exit {done.returncode}: {done.stderr.strip()[-400:]}")

    def _write_settings(self) -> None:
        for kind in ("logs", "mon", "mgr", "osd"):
            (self.folder / kind).mkdir(parents=True, exist_ok=True)
        hosts = ",".join(f"v2:{HOST}:{mon.ports['msgr']}" for mon in self.of("mon"))
        self._settings.write_text(
            SETTINGS.format(
                fsid=self.fsid,
                mon_host=hosts,
                folder=self.folder,
                module_path=_module_path(),
                modules=" ".join(MODULES),
                unused_modules=",".join(UNUSED_MODULES),
                osd_bytes=self.osd_bytes,
                pgs=PGS,
                size=self.size,
                min_size=self.min_size,
            )
        )
        members = [word for mon in self.of("mon") for word in ("--addv", mon.id, f"[v2:{HOST}:{mon.ports['msgr']}]")]
        monmap = [need_program("monmaptool"), "--create", "--fsid", self.fsid, "--clobber", *members]
        self._run([*monmap, str(self.folder / "monmap")], seconds=10)

    def _make_store(self, daemon: Daemon) -> None:
        data = self.folder / daemon.kind / daemon.id
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir(parents=True)
        program = [need_program(f"ceph-{daemon.kind}"), "-i", daemon.id, "-c", str(self._settings), "--mkfs"]
        if daemon.kind == "mon":
            self._run([*program, "--monmap", str(self.folder / "monmap")], seconds=30)
        if daemon.kind == "osd":
            self._run([*program, "--osd-uuid", daemon.uuid], seconds=30)
        daemon.fresh = False

    def _module_settings(self) -> Iterator[tuple[str, str]]:
        yield "devicehealth/enable_monitoring", "false"
        yield "prometheus/server_addr", HOST
        yield "prometheus/scrape_interval", "1.0"
        yield "dashboard/ssl", "false"
        yield "dashboard/server_addr", HOST
        for mgr in self.of("mgr"):
            yield f"prometheus/{mgr.id}/server_port", str(mgr.ports["metrics"])
            yield f"dashboard/{mgr.id}/server_port", str(mgr.ports["dashboard"])

    def _write_user(self) -> None:
        """A dashboard user who may only read, with its password in a file of its owner."""
        self.password_file.touch(mode=0o600)
        self.password_file.chmod(0o600)
        password = f"Aa1-{secrets.token_urlsafe(18)}\n"
        self.password_file.write_text(password)
        self.client.tell_mgr("dashboard ac-user-create", given=password, username=USER, rolename="read-only")


def _module_path() -> str:
    folder = Path("/usr/share/ceph/mgr")
    for module in MODULES:
        if not (folder / module).is_dir():
            raise LabError(f"{folder / module}: not found; install it with: apt-get install ceph-mgr-dashboard")
    return str(folder)
