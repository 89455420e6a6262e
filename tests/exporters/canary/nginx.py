"""A real nginx whose access log is the truth: it answers /ok by itself, and logs each request with its status."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deploy.lab.ports import free_port
from deploy.lab.processes import Child, Processes, answers
from deploy.parts import need_program

_SETTINGS = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
    log_format truth '$request_uri $status';
    access_log {folder}/access.log truth;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=511;
        location /ok {{ return 200 "all is well\\n"; }}
        location /away {{ return 503; }}
    }}
}}
"""


@dataclass(frozen=True, kw_only=True)
class Nginx:
    """A running nginx."""

    child: Child
    url: str
    log: Path

    def served(self) -> list[str]:
        """A line a request: path and status."""
        return self.log.read_text().splitlines()


def start_nginx(processes: Processes) -> Nginx:
    folder = processes.folder / "nginx"
    folder.mkdir()
    port = free_port()
    settings = folder / "nginx.conf"
    settings.write_text(_SETTINGS.format(folder=folder, port=port))
    # Without -e the compiled-in log file of the system is opened before the configuration is read.
    command = [need_program("nginx"), "-p", str(folder), "-c", str(settings), "-e", str(folder / "error.log")]
    child = processes.start("nginx", command)
    processes.wait_until(child, answers(f"http://127.0.0.1:{port}/ok/ready"))
    return Nginx(child=child, url=f"http://127.0.0.1:{port}", log=folder / "access.log")
