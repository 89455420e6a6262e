"""When certificates end: those that servers of a target show, and the one that an exporter shows itself."""

from __future__ import annotations

import ssl
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.parts import need_program
from sankofa_exporters.canary.settings import CanaryModule, CanaryTarget
from sankofa_exporters.canary.system.source import open_source
from sankofa_exporters.model.bounds import Bounds
from sankofa_exporters.model.catalogue import UPSTREAM_CERTIFICATE
from sankofa_exporters.model.certificates import KEPT_SECONDS, Certificates
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.runtime import probe
from sankofa_exporters.probe.source import Collector, Source
from sankofa_exporters.reading.http import Answer, exchange, open_client, tls_context
from sankofa_exporters.serving.self_metrics import SelfMetrics
from sankofa_exporters.serving.web_certificate import ends_at
from tests.pace import limit

from .certificates import self_signed
from .doubles import DoubleSource, constant, lead, loopback

pytestmark = pytest.mark.real("openssl")


def end_by_openssl(certificate: Path) -> float:
    command = [need_program("openssl"), "x509", "-noout", "-enddate", "-in", str(certificate)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    return datetime.strptime(told, "notAfter=%b %d %H:%M:%S %Y GMT").replace(tzinfo=UTC).timestamp()


def server_of(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return context


def asking(client: httpx.AsyncClient, url: str) -> DoubleSource:
    async def ask(budget: Budget) -> Answer:
        return await exchange(client, client.build_request("GET", url), budget=budget, body_bytes=9)

    return DoubleSource(collectors=[lead(), Collector(name="asks", fetch=ask, samples=lambda _: ())])


async def shown(source: Source, certificates: Certificates) -> list[float]:
    """What one probe says of its servers' certificates."""
    report = await probe(source, budget=Budget.of(limit(10)), bounds=Bounds(), certificates=certificates)
    return [one.value for one in report.samples if one.family is UPSTREAM_CERTIFICATE and isinstance(one.value, float)]


async def test_a_probe_tells_when_the_first_certificate_of_its_servers_ends(tmp_path: Path) -> None:
    """By each of two servers, over a new connection and over one that was kept; without TLS there is nothing to tell."""
    (soon, key), (late, other) = self_signed(tmp_path / "soon", days=1), self_signed(tmp_path / "late", days=9)
    seen = Certificates()
    async with (
        loopback(constant(b"[]"), tls=server_of(soon, key)) as first,
        loopback(constant(b"[]"), tls=server_of(late, other)) as second,
        loopback(constant(b"[]")) as plain,
        open_client(verify=tls_context(soon)) as to_first,
        open_client(verify=tls_context(late)) as to_second,
    ):
        ways = ((to_second, plain), (to_second, second), (to_first, first), (to_second, plain), (to_first, first))
        told = [await shown(asking(client, server.url), seen) for client, server in ways]

    assert told == [[], [end_by_openssl(late)], *[[end_by_openssl(soon)]] * 3]


async def test_a_canary_tells_of_requests_that_it_sends_between_probes(tmp_path: Path) -> None:
    """They are sent by a task that has a context of its own."""
    certificate, key = self_signed(tmp_path / "tls")
    async with loopback(constant(b"well"), tls=server_of(certificate, key)) as gateway:
        module = CanaryModule(
            ca_file=certificate, objective_seconds=0.01, interval_seconds=limit(1), timeout_seconds=limit(1)
        )
        source = open_source(module, CanaryTarget(module="m", endpoint=gateway.url), Bounds())
        told = await shown(source, Certificates())
        await source.close()

    assert told == [end_by_openssl(certificate)]


def test_a_server_that_is_met_no_more_is_forgotten() -> None:
    """A node that left the cluster must not be called out for ever for a certificate that nobody shows."""
    seen = Certificates()
    seen.seen = {"gone:443": ("Jan  1 00:00:00 2030 GMT", 0.0), "here:443": ("Jan  1 00:00:00 2031 GMT", 60.0)}
    moments = iter((KEPT_SECONDS, KEPT_SECONDS + 1, KEPT_SECONDS + 61))
    seen.clock = lambda: next(moments)

    assert [seen.earliest() for _ in range(3)] == [
        datetime(2030, 1, 1, tzinfo=UTC).timestamp(),
        datetime(2031, 1, 1, tzinfo=UTC).timestamp(),
        None,
    ]


@pytest.mark.parametrize("days", [2, 15_000])
def test_the_end_of_a_certificate_is_what_openssl_says(days: int, tmp_path: Path) -> None:
    """Before 2050 and after, when its form is another; a file cut off anywhere is refused."""
    certificate, _ = self_signed(tmp_path / "tls", days=days)
    assert ends_at(certificate) == end_by_openssl(certificate)

    text = certificate.read_text()
    for length in range(0, len(text) // 3, 7):
        certificate.write_text(text[:length])
        with pytest.raises(ValueError, match="expected a certificate in PEM"):
            ends_at(certificate)


def test_an_exporter_tells_when_its_own_certificate_ends(tmp_path: Path) -> None:
    """A renewed file is another end; one that cannot be read is not known; without TLS there is no series."""
    certificate, _ = self_signed(tmp_path / "old")
    own, told = SelfMetrics(), []
    told.append(web_certificate(own))
    own.serve_with(certificate)
    told.append(web_certificate(own))
    renewed, _ = self_signed(tmp_path / "new", days=30)
    renewed.replace(certificate)
    told.append(web_certificate(own))
    expected = ["", str(end_by_openssl(certificate))]
    certificate.write_text("half")
    told.append(web_certificate(own))

    assert (told[0], told[2], told[3]) == (*expected, "nan")
    assert float(told[1]) < float(told[2])


def web_certificate(own: SelfMetrics) -> str:
    families = text_string_to_metric_families(own.encode("", "").body.decode())
    name = "sankofa_exporter_web_certificate_expiry_timestamp_seconds"
    return next((str(one.value) for family in families for one in family.samples if one.name == name), "")
