"""A real Ceph cluster on loopback, with a switch for its faults: `python deploy/lab/ceph_cluster.py --help`.

Boots mons, mgrs with prometheus and dashboard, and OSDs in memory from Debian's packages, in one folder, without systemd;
/etc/ceph and /var/lib/ceph are left alone. Runs as root or as an ordinary user. It is real Ceph in a hurry: heartbeats
and reports come each second. It does not do rgw, cephfs, rbd-mirror, real disks or authentication between daemons.
Everything it started ends with it on SIGTERM or Ctrl-C.

Prints `ready {json}` with the addresses and where the dashboard user's password is, and writes FOLDER/exporter.yml, the
configuration of an exporter for it. Control, on its own port:
GET / (state), GET /status (`ceph status`), GET /mgr (which is active), GET /osdmap (up, in, flags by Ceph's own map),
POST /NAME/stop|kill|start|freeze|thaw (NAME is osd.0, mgr.x, mon.a …), POST /flag/pause|noout|…/set|unset,
POST /objects/COUNT (write), POST /bench/SECONDS (many small writes), POST /load/OPERATIONS (writes a second, from now on; 0 ends
it), POST /slow-after/SECONDS (from when on an operation is slow; Ceph's default is 30), POST /full/set|unset (the full ratio below what is
used), POST /quota/COUNT (objects the pool may hold; 0 for no quota).
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from deploy.lab.ceph.control import serve
from deploy.lab.ceph.daemons import Ceph
from deploy.lab.ports import free_port
from deploy.lab.processes import LabError, Processes
from deploy.parts import PartsError


def exporter_settings(cluster: Ceph) -> str:
    """JSON is YAML; the target is called lab."""
    state = cluster.state()
    module = {"username": state["username"], "password_file": state["password_file"]}
    target = {"module": "ceph", "mgrs": state["mgrs"], "dashboards": state["dashboards"]}
    return json.dumps({"modules": {"ceph": module}, "targets": {"lab": target}}, indent=2) + "\n"


def run(options: argparse.Namespace) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    options.folder.mkdir(parents=True, exist_ok=True)
    folder = options.folder.resolve()
    with Processes(folder=folder) as processes:
        cluster = Ceph(folder=folder, processes=processes, mons=options.mons, mgrs=options.mgrs, osds=options.osds)
        try:
            cluster.boot(stop)
            (folder / "exporter.yml").write_text(exporter_settings(cluster))
            port = options.control_port or free_port()
            with serve(cluster, port):
                print(f"ready {json.dumps(cluster.state())} control=http://127.0.0.1:{port}", flush=True)
                stop.wait()
        finally:
            cluster.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--folder", type=Path, required=True, help="where everything is written; empty or of an earlier run"
    )
    parser.add_argument("--mons", type=int, default=1, choices=(1, 3, 5))
    parser.add_argument("--mgrs", type=int, default=1, choices=(1, 2, 3))
    parser.add_argument("--osds", type=int, default=3, help="at least 3: the pool keeps three copies")
    parser.add_argument(
        "--control-port", type=int, default=0, help="of the control endpoint (http); default: a free one"
    )
    try:
        run(parser.parse_args())
    except (LabError, PartsError) as error:
        print(f"ceph_cluster: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
