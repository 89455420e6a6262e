"""A real HAProxy with two backends and the exporter it has itself, for the entry `gateway`; a real nginx with its exporter."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from deploy.lab.client import local
from deploy.lab.pace import measured
from deploy.lab.ports import free_port
from deploy.lab.processes import Child, Processes, answers
from deploy.lab.sources.origin import HEALTH, Origin
from deploy.parts import need_program

# `http-server-close`: connections of health checks and users are told apart, and none outlives a stopped origin.
_HAPROXY = """\
global
    maxconn 1000
defaults
    mode http
    timeout connect 2s
    timeout client 30s
    timeout server 30s
    timeout queue 20s
frontend api
    bind 127.0.0.1:{users}
    default_backend api
backend api
    option httpchk GET {health}
    http-check expect status 200
    default-server inter 200ms fall 2 rise 2 maxconn {slots}
{servers}
frontend metrics
    bind 127.0.0.1:{metrics}
    http-request use-service prometheus-exporter if {{ path /metrics }}
"""
_NGINX = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{users};
        location / {{ proxy_pass http://{origin}; }}
    }}
    server {{
        listen 127.0.0.1:{status};
        location = /stub_status {{ stub_status; }}
    }}
}}
"""


def ask(url: str, times: int, *, at_once: int = 1) -> list[int]:
    """GET `url` so many times and tell the status codes; 0 where nobody answered."""
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(_status, [url] * times))


def _status(url: str) -> int:
    try:
        return local.get(url, timeout=measured().limit(30)).status_code
    except httpx.HTTPError:
        return 0


@dataclass(kw_only=True)
class HaProxy:
    """HAProxy in front of `origins`; each of them serves `slots` requests at once, and the rest wait in the queue."""

    processes: Processes
    origins: Sequence[Origin]
    slots: int = 2
    users: int = field(default_factory=free_port)
    metrics: int = field(default_factory=free_port)
    child: Child | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.users}/"

    @property
    def exporter(self) -> str:
        return f"127.0.0.1:{self.metrics}"

    def start(self) -> None:
        servers = "\n".join(f"    server origin-{n} {one.address} check" for n, one in enumerate(self.origins, 1))
        text = _HAPROXY.format(users=self.users, metrics=self.metrics, servers=servers, slots=self.slots, health=HEALTH)
        config = _write(self.processes.folder / "haproxy.cfg", text)
        self.child = self.processes.start("haproxy", [need_program("haproxy"), "-db", "-f", str(config)])
        self.processes.wait_until(self.child, answers(self.url))


@dataclass(kw_only=True)
class Nginx:
    """nginx in front of one origin, and the exporter that reads its stub_status."""

    processes: Processes
    origin: Origin
    users: int = field(default_factory=free_port)
    status: int = field(default_factory=free_port)
    metrics: int = field(default_factory=free_port)
    child: Child | None = None
    agent: Child | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.users}/"

    @property
    def exporter(self) -> str:
        return f"127.0.0.1:{self.metrics}"

    def start(self) -> None:
        self.start_server()
        self.start_agent()

    def start_server(self) -> None:
        folder = self.processes.folder / "nginx"
        folder.mkdir(exist_ok=True)
        text = _NGINX.format(folder=folder, users=self.users, status=self.status, origin=self.origin.address)
        command = [need_program("nginx"), "-p", str(folder), "-c", str(_write(folder / "nginx.conf", text))]
        # Without -e the compiled-in log file of the system is opened before the configuration is read.
        self.child = self.processes.start("nginx", [*command, "-e", str(folder / "error.log")])
        self.processes.wait_until(self.child, answers(self.url))

    def start_agent(self) -> None:
        source = f"-nginx.scrape-uri=http://127.0.0.1:{self.status}/stub_status"
        listen = f"-web.listen-address={self.exporter}"
        self.agent = self.processes.start("nginx-exporter", [need_program("prometheus-nginx-exporter"), source, listen])
        self.processes.wait_until(self.agent, answers(f"http://{self.exporter}/metrics"))


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path
