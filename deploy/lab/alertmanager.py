"""A real Alertmanager on this host, alone: it clusters with nobody."""

from __future__ import annotations

from pathlib import Path

from deploy.lab.processes import Child, Processes, answers
from deploy.parts import need_program


def start_alertmanager(processes: Processes, config: Path, address: str, *, log_level: str = "warn") -> Child:
    """Running and ready at `address` (host:port); what it keeps lies beside its configuration, and outlives it."""
    command = [
        need_program("prometheus-alertmanager"), f"--config.file={config}", f"--storage.path={config.parent / 'alertmanager'}",
        f"--web.listen-address={address}", "--cluster.listen-address=", f"--log.level={log_level}",
    ]  # fmt: skip
    child = processes.start("alertmanager", command)
    processes.wait_until(child, answers(f"http://{address}/-/ready"))
    return child
