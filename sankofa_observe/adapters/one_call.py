"""One HTTP call to a service that holds something of ours: its own connection, one deadline, TLS with our certificate, no detours.

A connection a call: no state is left between two, none is found closed, and every thread may call. No redirect is followed, no proxy and
no certificate store is taken from the environment. Files of secrets are looked at before anything is asked, and are named, never shown.
"""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import requests
from urllib3.util.retry import Retry

from sankofa_observe import shown
from sankofa_observe.adapters.away import why
from sankofa_observe.adapters.bounded import BoundedAdapter, NotWaitedFor, for_ever
from sankofa_observe.adapters.redaction import Redaction, shortened
from sankofa_observe.errors import InvalidInput, Unavailable
from sankofa_observe.secret_files import refuse_open

MAX_ANSWER_BYTES = 4 * 2**20  # a signed transaction has at most some 128 KiB, and twice that in hex
_OURS = {"accept", "connection", "content-length", "content-type", "host", "transfer-encoding"}
_LOOPBACK = re.compile(r"localhost|127\.[0-9.]+|::1")


@dataclass(frozen=True, kw_only=True)
class Service:
    """An address, and who we are there. Raises `InvalidInput` with everything that cannot be used."""

    name: str  # as errors call it
    url: str = field(repr=False)
    ca_file: Path | None = field(default=None, repr=False)
    client_certificate_file: Path | None = field(default=None, repr=False)
    client_key_file: Path | None = field(default=None, repr=False)
    header_file: Path | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if fault := shown.fault_of(self.url):
            raise InvalidInput(f"{self.name} {shown.address(self.url)}: the address {fault}; nothing was sent")
        files = (self.ca_file, self.client_certificate_file, self.client_key_file)
        if any(files) and not self.url.startswith("https:"):
            raise self._wrong(
                "has certificates and no TLS, expected https:// in its address, or none of the three files"
            )
        if bool(self.client_certificate_file) != bool(self.client_key_file):
            raise self._wrong("has one of client_certificate_file and client_key_file, expected both or none")
        if self.header_file and not self._is_private:
            raise self._wrong("would send its header in clear over a network, expected https://")
        refuse_open(*(file for file in (self.client_key_file, self.header_file) if file))
        self._refuse_unusable_certificates()

    @property
    def who(self) -> str:
        return f"{self.name} {shown.address(self.url)}"

    @property
    def _is_private(self) -> bool:
        parts = urlsplit(self.url)
        return parts.scheme == "https" or bool(_LOOPBACK.fullmatch(parts.hostname or ""))

    def _refuse_unusable_certificates(self) -> None:
        """What TLS would say at each call, in words without the path of a library's error. An encrypted key would wait for a keyboard."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if self.ca_file:
            self._loaded("ca_file", self.ca_file, lambda: context.load_verify_locations(self.ca_file))
        if self.client_certificate_file and self.client_key_file:
            pair = (self.client_certificate_file, self.client_key_file)
            self._loaded("client_certificate_file", pair[0], pair[0].read_bytes)
            self._loaded("client_key_file", pair[1], lambda: context.load_cert_chain(*pair, password=_no_password))

    def _loaded(self, setting: str, file: Path, load: Callable[[], object]) -> None:
        expected = "expected PEM, of a client's key without a password and of its certificate"
        try:
            load()
        except (OSError, ValueError) as error:  # of TLS as well
            told = getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
            raise self._wrong(f"{setting} {shown.path(file)}: {told}; {expected}") from None

    def _wrong(self, problem: str) -> InvalidInput:
        return InvalidInput(f"{self.who}: {problem}; nothing was sent")

    def header(self) -> dict[str, str]:
        """Read at each call, so that one that was changed holds at once."""
        if self.header_file is None:
            return {}
        refuse_open(self.header_file)
        expected = (
            "expected one line like `Authorization: Bearer …`, in ASCII, and a name that a call does not set itself"
        )
        try:
            text = self.header_file.read_text(encoding="ascii").strip()
        except (OSError, ValueError) as error:
            raise self._wrong(
                f"header_file {shown.path(self.header_file)}: {type(error).__name__}; {expected}"
            ) from None
        found = re.fullmatch(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([!-~](?:[ -~]*[!-~])?)", text)
        if not found or found[1].lower() in _OURS:
            raise self._wrong(f"header_file {shown.path(self.header_file)}: {len(text)} characters, {expected}")
        return {found[1]: found[2]}


def _no_password() -> str:
    raise ValueError("the key has a password")


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    body: bytes
    redacted: Callable[[str], str]

    def words(self) -> str:
        """What it says, in a line of an error."""
        return told(self.body.decode(errors="replace"), self.redacted)


def told(text: str, redacted: Callable[[str], str]) -> str:
    return shortened(" ".join(redacted(text).split()))


def post(service: Service, body: bytes, *, until: float, waits_no_more: Callable[[], bool] = for_ever) -> Answer:
    """What a service answers to JSON, whatever its status; raises `Unavailable` where it is not whole at `until`, of `time.monotonic`."""
    headers = service.header()
    redacted = Redaction(headers, service.url)
    seconds = max(until - time.monotonic(), 0.001)

    def ends() -> bool:
        """Names, connections and handshakes have no deadline of their own."""
        return waits_no_more() or time.monotonic() > until

    bounded = BoundedAdapter(
        seconds=seconds, max_bytes=MAX_ANSWER_BYTES, retries=Retry(0, read=False), waits_no_more=ends
    )
    try:
        with requests.Session() as session:
            session.trust_env = False
            session.mount(service.url.partition("://")[0] + "://", bounded)
            response = session.post(
                service.url,
                data=body,
                headers={
                    "Content-Type": "application/json",
                    "Accept": "application/json",
                    "Connection": "close",
                    **headers,
                },
                timeout=seconds,
                verify=str(service.ca_file) if service.ca_file else True,
                cert=(str(service.client_certificate_file), str(service.client_key_file))
                if service.client_key_file
                else None,
                allow_redirects=False,
            )
            return Answer(status=response.status_code, body=response.content, redacted=redacted)
    except NotWaitedFor as error:
        late = time.monotonic() > until
        problem = "no whole answer in time" if late else str(error)
    except requests.RequestException as error:
        problem = told(why(error), redacted)
    except (OSError, ValueError) as error:  # a file of TLS went away: its text shows the path
        problem = f"the call could not be made, {type(error).__name__}"
    # Nothing is chained: what the error came from may show the whole address.
    raise Unavailable(f"{service.who} did not answer: {problem}; nothing was sent on, try again")
