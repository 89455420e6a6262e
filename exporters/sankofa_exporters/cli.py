"""`sankofa-exporter SYSTEM [KIND] --config.file FILE --web.listen-address ADDRESS`, in the habit of Prometheus exporters.

Exit codes: 0 after a graceful stop or a good `--check-config`, 1 when the address cannot be listened on or a file not be written, 2 for a broken
command line or configuration.
"""

from __future__ import annotations

import argparse
import errno
import logging
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sankofa_exporters.config.document import BrokenConfigError
from sankofa_exporters.config.fleet import write_discovery
from sankofa_exporters.config.place import warn_of_placeless
from sankofa_exporters.config.settings import Document, exposed_files

from . import __version__
from .registry import SYSTEM_NAMES, System, system
from .serving.files import Files
from .serving.logs import FORMATS, set_up

log = logging.getLogger(__name__)
EXAMPLE = """\
example:
  sankofa-exporter proxmox --config.file proxmox.yml --web.listen-address :9221
  curl 'http://127.0.0.1:9221/probe?target=edge-nairobi-1'

  sankofa-exporter canary http --config.file canary.yml --web.listen-address :9548
  sankofa-exporter besu --config.file besu.yml --fleet.file fleet.yaml --check-config
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """The entry point; returns the exit code."""
    parser = command_line()
    options = parser.parse_intermixed_args(arguments)
    chosen = system(options.system)
    if options.kind is not None and options.kind not in chosen.kinds:
        expected = (
            f"expected {' or '.join(chosen.kinds)}" if chosen.kinds else f"{chosen.name} has no kinds; leave it out"
        )
        parser.error(f"argument KIND: saw {options.kind!r}; {expected}")
    set_up(options.log_level, options.log_format)
    return _run(chosen, options)


def _run(chosen: System, options: argparse.Namespace) -> int:
    files = Files(system=chosen, config=options.config_file, fleet=options.fleet_file, web=options.web_config_file)
    try:
        settings = files.read()
    except BrokenConfigError as error:
        return _fail(2, str(error))
    for sentence in exposed_files(settings.document):
        log.warning("secret file", extra={"exposed": sentence})
    if options.check_config:
        warn_of_placeless(settings.document)
        sys.stdout.write(f"{options.config_file}: good, {len(settings.document.targets)} targets\n")
        return 0
    if options.sd_folder is not None:
        warn_of_placeless(settings.document)
        return _write_discovery(settings.document, chosen, options.sd_folder)
    address = options.listen_address or chosen.default_address
    try:
        listener = listen(address)
    except (OSError, ValueError) as error:
        return _fail(1, _cannot_listen(address, error))
    warn_of_placeless(settings.document)
    from .serving.app import Exporter
    from .serving.run import serve

    return serve(Exporter(system=chosen, settings=settings, read=files.read), listener)


def _write_discovery(document: Document[Any, Any], chosen: System, folder: Path) -> int:
    try:
        for path in write_discovery(document, chosen, folder):
            sys.stdout.write(f"{path}\n")
    except OSError as error:
        return _fail(1, f"cannot write into {folder}: {error.strerror}; name a folder that this user may write to")
    return 0


def command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sankofa-exporter",
        description="Prometheus exporter: /probe?target=NAME for each target of the configuration.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("system", metavar="SYSTEM", choices=SYSTEM_NAMES, help=" or ".join(SYSTEM_NAMES))
    parser.add_argument("kind", metavar="KIND", nargs="?", help="of canary: http, which is meant without it too")
    parser.add_argument(
        "--config.file", dest="config_file", metavar="FILE", type=Path, required=True, help="modules and targets, YAML"
    )
    parser.add_argument(
        "--web.listen-address",
        dest="listen_address",
        metavar="ADDRESS",
        help="HOST:PORT or :PORT (default: the system's own port on every address)",
    )
    parser.add_argument(
        "--fleet.file",
        dest="fleet_file",
        metavar="FILE",
        type=Path,
        help="sites and their targets, YAML, besides the config's",
    )
    parser.add_argument(
        "--web.config.file",
        dest="web_config_file",
        metavar="FILE",
        type=Path,
        help="TLS and passwords of this listener",
    )
    parser.add_argument(
        "--sd.write-folder",
        dest="sd_folder",
        metavar="FOLDER",
        type=Path,
        help="write target files for Prometheus' file discovery, listen to nothing, exit",
    )
    parser.add_argument("--check-config", action="store_true", help="check the configuration, listen to nothing, exit")
    parser.add_argument(
        "--log.level", dest="log_level", default="info", choices=("debug", "info", "warning", "error"), help="to stderr"
    )
    parser.add_argument("--log.format", dest="log_format", default="logfmt", choices=FORMATS, help="to stderr")
    parser.add_argument("--version", action="version", version=f"sankofa-exporter {__version__}")
    return parser


def listen(address: str) -> socket.socket:
    """A listening socket for `HOST:PORT`, `[V6]:PORT` or `:PORT`; ValueError for another form."""
    host, colon, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004 - the largest port
        raise ValueError(address)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, int(port)), family=family, backlog=1024)
    # Accepted sockets inherit it. asyncio sets it only on sockets made with proto=TCP, and without it head and body of
    # an answer on a reused connection are 40 ms apart.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _cannot_listen(address: str, error: OSError | ValueError) -> str:
    if isinstance(error, ValueError):
        return f"cannot listen on {address!r}: expected HOST:PORT or :PORT, such as 127.0.0.1:9221"
    if error.errno == errno.EADDRINUSE:
        return f"cannot listen on {address}: the port is in use; stop the other process or choose another port"
    return f"cannot listen on {address}: {error.strerror}; choose an address of this host and a port above 1023"


def _fail(code: int, text: str) -> int:
    sys.stderr.write(f"{text}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
