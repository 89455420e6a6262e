"""The listener's own TLS and passwords: what a stranger sees, what a renewed certificate does, what a broken file says."""

from __future__ import annotations

import asyncio
import ssl
import sys
import time
from pathlib import Path
from typing import Any

import bcrypt
import httpx
import pytest

from deploy.lab.client import local
from deploy.lab.ports import free_port
from deploy.lab.processes import Child, Processes
from sankofa_exporters.config.document import BrokenConfigError
from sankofa_exporters.serving.listener import LONGEST_LANE, Lane, Passwords, TooManyChecksError, guarded, load_web
from tests.pace import limit

from .certificates import self_signed

PASSWORD = "nightly-shift-7"
HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
CONFIG = 'modules:\n  node: {}\ntargets:\n  replica-1: {module: node, endpoint: "http://127.0.0.1:1"}\n'


@pytest.fixture
def web_file(tmp_path: Path) -> Path:
    certificate, key = self_signed(tmp_path / "tls")
    file = tmp_path / "web.yml"
    file.write_text(
        f"tls_server_config: {{cert_file: {certificate}, key_file: {key}}}\nbasic_auth_users: {{prometheus: '{HASH}'}}\n"
    )
    return file


@pytest.fixture
def served(web_file: Path, tmp_path: Path, processes: Processes) -> tuple[str, Child]:
    """A running exporter behind TLS and a password: its URL and its process."""
    config = tmp_path / "besu.yml"
    config.write_text(CONFIG)
    address = f"127.0.0.1:{free_port()}"
    options = ["--config.file", str(config), "--web.config.file", str(web_file), "--web.listen-address", address]
    child = processes.start("exporter", [sys.executable, "-m", "sankofa_exporters.cli", "besu", *options])
    processes.wait_until(child, lambda: get(f"https://{address}/-/ready", tmp_path).status_code == 200)
    return f"https://{address}", child


def get(url: str, folder: Path, auth: tuple[str, str] | None = ("prometheus", PASSWORD)) -> httpx.Response:
    verify = ssl.create_default_context(cafile=str(folder / "tls" / "ca.pem"))
    return httpx.get(url, verify=verify, auth=auth, trust_env=False, timeout=limit(5))


@pytest.mark.real("openssl")
def test_strangers_get_401_on_every_path(served: tuple[str, Child], tmp_path: Path) -> None:
    """Without a password, with a wrong one and under a stranger's name: 401; with the right one 200."""
    url, child = served
    tries = [None, ("prometheus", "wrong"), ("nobody", PASSWORD), ("", ""), ("prometheus", PASSWORD)]
    paths = ("/", "/metrics", "/probe?target=replica-1", "/sd", "/-/healthy")
    answers = {path: [get(url + path, tmp_path, auth) for auth in tries] for path in paths}
    realms = {first.headers["www-authenticate"] for first, *_ in answers.values()}

    found = {path: [one.status_code for one in of_path] for path, of_path in answers.items()}
    assert found == {path: [401, 401, 401, 401, 200] for path in paths}
    assert realms == {'Basic realm="sankofa-exporter"'}
    assert PASSWORD not in child.log.read_text()
    assert HASH not in child.log.read_text()


@pytest.mark.real("openssl")
def test_plain_http_and_other_certificates_are_refused(served: tuple[str, Child], tmp_path: Path) -> None:
    """A client that does not trust the certificate, or speaks no TLS, gets nothing."""
    url, _ = served
    with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
        local.get(f"{url}/metrics")
    with pytest.raises(httpx.HTTPError):
        local.get(url.replace("https", "http") + "/metrics")


@pytest.mark.real("openssl")
def test_renewed_certificate_needs_no_restart(served: tuple[str, Child], tmp_path: Path) -> None:
    """A new connection is served with the files as they are now; a broken file keeps the last good ones."""
    url, _ = served
    certificate = tmp_path / "tls" / "ca.pem"
    before = certificate.read_text()
    self_signed(tmp_path / "new")
    for name in ("ca.pem", "key.pem"):
        (tmp_path / "new" / name).replace(tmp_path / "tls" / name)

    assert certificate.read_text() != before
    assert get(f"{url}/-/healthy", tmp_path).status_code == 200

    verify = ssl.create_default_context(cafile=str(certificate))
    certificate.write_text("not a certificate")
    assert httpx.get(f"{url}/-/healthy", verify=verify, auth=("prometheus", PASSWORD), trust_env=False).is_success


@pytest.mark.real("openssl")
def test_broken_web_file_tells_every_violation_and_no_secret(tmp_path: Path) -> None:
    """A password that is no hash, a key of another certificate, an unknown key: each a line, the password in none."""
    certificate, _ = self_signed(tmp_path / "one")
    _, other = self_signed(tmp_path / "two")
    file = tmp_path / "web.yml"
    file.write_text(
        f"tls_server_config: {{cert_file: {certificate}, key_file: {other}}}\n"
        f"basic_auth_users: {{prometheus: {PASSWORD}}}\nbasic_auth_user: x\n"
    )
    with pytest.raises(BrokenConfigError) as caught:
        load_web(file)

    assert str(caught.value).replace(str(file), "FILE").splitlines() == [
        (
            "FILE: tls_server_config: saw a mapping of 2; expected PEM files: a certificate and the key that belongs to it"
        ),
        (
            "FILE: basic_auth_users.prometheus: saw a value that is not shown; expected a bcrypt hash such as "
            "`htpasswd -nBC 10 NAME` prints"
        ),
        "FILE: basic_auth_user: saw an unknown key; expected a known key; hint: did you mean basic_auth_users?",
    ]


async def test_right_password_is_slow_once() -> None:
    """Bcrypt is asked for a password once; afterwards a keyed digest answers."""
    slow = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(10)).decode()
    passwords = Passwords(users={"prometheus": slow})
    header = httpx.BasicAuth("prometheus", PASSWORD)._auth_header
    first = time.process_time()
    assert await passwords.admit(header)
    once = time.process_time() - first
    assert all([await passwords.admit(header) for _ in range(20)])

    assert time.process_time() - first < 3 * once
    assert PASSWORD not in repr(passwords)
    assert slow not in repr(passwords)


async def test_flood_of_wrong_passwords_delays_no_right_one() -> None:
    """Strangers wait in a lane of their own and of bounded length; each user has another."""
    slow = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(10)).decode()
    passwords = Passwords(users={"prometheus": slow, "grafana": slow})
    flood = [
        asyncio.create_task(passwords.admit(httpx.BasicAuth(user, f"guess-{number}")._auth_header))
        for number in range(200)
        for user in ("nobody", "prometheus")
    ]
    await asyncio.sleep(0)
    assert await passwords.admit(httpx.BasicAuth("grafana", PASSWORD)._auth_header)
    checked = sum(one.done() and one.exception() is None for one in flood)
    outcomes = await asyncio.gather(*flood, return_exceptions=True)

    assert checked < 2 * LONGEST_LANE
    assert [type(one) for one in outcomes].count(TooManyChecksError) == 2 * (200 - LONGEST_LANE)
    assert not any(one is True for one in outcomes)


async def test_reload_forgets_no_password_that_stays() -> None:
    """Who scrapes through a flood goes on after a reload; a user whose hash has changed is checked anew."""
    other = bcrypt.hashpw(b"other", bcrypt.gensalt(4)).decode()
    before = Passwords(users={"prometheus": HASH, "grafana": HASH})
    admitted = [await before.admit(httpx.BasicAuth(user, PASSWORD)._auth_header) for user in before.users]
    after = before.renewed({"prometheus": HASH, "grafana": other})

    assert admitted == [True, True]
    assert list(after.right.values()) == ["prometheus"]
    assert not await after.admit(httpx.BasicAuth("grafana", PASSWORD)._auth_header)


async def test_flood_from_one_address_keeps_no_other_out() -> None:
    """Guesses for a user that exists fill the lane of whoever guesses."""
    passwords = Passwords(users={"prometheus": bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(10)).decode()})
    guesses = [httpx.BasicAuth("prometheus", f"guess-{number}")._auth_header for number in range(200)]
    flood = [asyncio.create_task(passwords.admit(one, "10.0.0.9")) for one in guesses]
    await asyncio.sleep(0)
    assert await passwords.admit(httpx.BasicAuth("prometheus", PASSWORD)._auth_header, "10.0.0.1")
    await asyncio.gather(*flood, return_exceptions=True)

    assert passwords.lanes == {}


async def test_lane_that_is_full_answers_429() -> None:
    """Who cannot be checked now is told when to come back, not that the password was wrong."""
    passwords = Passwords(users={"prometheus": HASH})
    passwords.lanes["prometheus", "127.0.0.1"] = Lane(gate=asyncio.Semaphore(1), longest=0)
    transport = httpx.ASGITransport(app=guarded(refuse, lambda: passwords))
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        answer = await client.get("/metrics", auth=("prometheus", PASSWORD))

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")


async def refuse(_scope: Any, _receive: Any, _send: Any) -> None:
    raise AssertionError("the app was reached")


@pytest.mark.parametrize("header", ["", "Basic", "Basic %%%", "Basic \xff", "Bearer eA==", "Basic eA=="])
async def test_malformed_authorization_is_refused(header: str) -> None:
    """What is not Basic with a name and a password is not admitted, and raises nothing."""
    assert not await Passwords(users={"prometheus": HASH}).admit(header)


@pytest.mark.real("openssl")
def test_client_ca_without_its_type_is_refused(tmp_path: Path) -> None:
    """A listener that names a CA for its clients and verifies none of them does not start."""
    certificate, key = self_signed(tmp_path / "tls")
    file = tmp_path / "web.yml"
    file.write_text(
        f"tls_server_config: {{cert_file: {certificate}, key_file: {key}, client_ca_file: {certificate}}}\n"
    )
    with pytest.raises(BrokenConfigError, match="client_auth_type too, because client_ca_file alone verifies nobody"):
        load_web(file)
