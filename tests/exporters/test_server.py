"""The HTTP face answers known targets with 200 and strangers with a reason."""

from __future__ import annotations

import asyncio
import gzip
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from sankofa_exporters.config.settings import Document, Module, Target
from sankofa_exporters.model.bounds import Bounds
from sankofa_exporters.probe.resolver import THREADS, Resolver
from sankofa_exporters.probe.source import Collector
from sankofa_exporters.registry import System
from sankofa_exporters.serving.app import Exporter, build_app
from sankofa_exporters.serving.files import Settings
from sankofa_exporters.serving.logs import LogfmtFormatter
from sankofa_exporters.serving.self_metrics import TARGET_LABELS
from sankofa_exporters.serving.sources import PROBES_OF_A_TARGET
from tests.pace import limit

from .doubles import KNOWN, UP, DoubleSource, lead, sleeping

SYSTEM = System(
    name="double",
    title="Double <exporter>",
    default_address=":0",
    module_type=Module,
    target_type=Target,
    open=lambda module, target, bounds: DoubleSource(
        collectors=(lead(), Collector(name="slow", fetch=sleeping, samples=lambda _: ())),
    ),
    families=(UP, KNOWN),
)
DOCUMENT = Document[Module, Target](
    modules={"m": Module(), "n": Module()},
    targets={"edge-1": Target(module="m"), "edge-2": Target(module="m")},
    limits=Bounds(),
)


@pytest.fixture
def exporter() -> Exporter:
    return Exporter(system=SYSTEM, settings=Settings(document=DOCUMENT))


@pytest.fixture
async def client(exporter: Exporter) -> AsyncIterator[httpx.AsyncClient]:
    app = build_app(exporter)
    transport = httpx.ASGITransport(app=app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://x") as found:
        yield found


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("", "target is missing: /probe?target=NAME\n"),
        ("?target=nobody", "unknown target 'nobody': it is not in the configuration's targets\n"),
        (
            "?target=http://169.254.169.254/",
            "unknown target 'http://169.254.169.254/': it is not in the configuration's targets\n",
        ),
        ("?target=edge-1&module=z", "unknown module 'z': it is not in the configuration's modules\n"),
        ("?target=edge-1&target=edge-2", "target: 2 values in the query; expected one\n"),
        ("?target=edge-1&module=m&module=n", "module: 2 values in the query; expected one\n"),
        ("?target=edge-1&collect[]=leed", "collect[]: no collector 'leed'; this target has lead, slow\n"),
    ],
)
async def test_probe_refuses_strangers_with_the_reason(client: httpx.AsyncClient, query: str, reason: str) -> None:
    """An unknown target or module, and an address instead of a name, is 400 and says why."""
    answer = await client.get(f"/probe{query}")

    assert (answer.status_code, answer.text) == (400, reason)


async def test_probe_answers_200_with_partial_data(client: httpx.AsyncClient) -> None:
    """A hanging collector costs its families and not the answer, inside the scrape timeout."""
    answer = await client.get("/probe?target=edge-1", headers={"x-prometheus-scrape-timeout-seconds": "0.4"})

    assert answer.status_code == 200
    assert "sankofa_double_up 1.0\n" in answer.text
    assert 'sankofa_collector_error{collector="slow",kind="timeout"} 1.0\n' in answer.text


async def test_probe_compresses_when_asked(client: httpx.AsyncClient) -> None:
    """Gzip is given to who accepts it, with the content type of the negotiated format."""
    headers = {
        "x-prometheus-scrape-timeout-seconds": "0.2",
        "accept": "application/openmetrics-text",
        "accept-encoding": "gzip",
    }
    async with client.stream("GET", "/probe?target=edge-1", headers=headers) as answer:
        body = b"".join([chunk async for chunk in answer.aiter_raw()])

    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert gzip.decompress(body).endswith(b"# EOF\n")


async def test_narrowed_probe_asks_what_it_names_and_judges_nothing(client: httpx.AsyncClient) -> None:
    """Half a probe must not say that a target is unknown, or up."""
    text = (await client.get("/probe?target=edge-1&collect[]=lead")).text

    assert 'sankofa_double_value{name="lead"} 1.0\n' in text
    assert 'collector="slow"' not in text
    assert "sankofa_double_up" not in text
    assert "sankofa_double_known" not in text


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (
            "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
            "application/openmetrics-text",
        ),
        ("application/openmetrics-text", "application/openmetrics-text"),
        ("application/openmetrics-text;q=0", "text/plain"),
        ("application/openmetrics-text; q=0.0, */*", "text/plain"),
        ("text/plain;q=0.9, application/openmetrics-text;q=0.1", "text/plain"),
        ("application/openmetrics-text;q=x", "text/plain"),
        ("", "text/plain"),
    ],
)
async def test_format_is_the_one_that_is_liked_best(client: httpx.AsyncClient, accept: str, kind: str) -> None:
    """Quality values are honoured: 0 is a refusal."""
    answer = await client.get("/probe?target=edge-1&collect[]=lead", headers={"accept": accept})

    assert answer.headers["content-type"].split(";")[0] == kind


async def test_probes_in_flight_are_bounded_for_each_target(client: httpx.AsyncClient) -> None:
    """Who asks faster than a target answers gets 503; another target is answered."""
    hurried = [
        asyncio.create_task(client.get("/probe?target=edge-1", headers={"x-prometheus-scrape-timeout-seconds": "60"}))
        for _ in range(PROBES_OF_A_TARGET)
    ]
    async with asyncio.timeout(limit(10)):
        while await running(client) < PROBES_OF_A_TARGET:  # noqa: ASYNC110 - told by metrics alone
            await asyncio.sleep(0)
    refused = await client.get("/probe?target=edge-1")
    other = await client.get("/probe?target=edge-2&collect[]=lead")
    for one in hurried:
        one.cancel()
    await asyncio.gather(*hurried, return_exceptions=True)

    assert (refused.status_code, refused.headers["retry-after"], other.status_code) == (503, "1", 200)
    assert (await client.get("/probe?target=edge-1&collect[]=lead")).status_code == 200


async def running(client: httpx.AsyncClient) -> float:
    """How many probes are under way."""
    text = (await client.get("/metrics")).text
    return next(
        float(line.split()[1]) for line in text.splitlines() if line.startswith("sankofa_exporter_probes_running ")
    )


async def test_sources_open_once_for_target_and_module(client: httpx.AsyncClient, exporter: Exporter) -> None:
    """A target keeps its source between probes; another module makes another source; all close at the end."""
    headers = {"x-prometheus-scrape-timeout-seconds": "0.2"}
    for query in ("target=edge-1", "target=edge-1&module=m", "target=edge-1&module=n", "target=edge-2"):
        await client.get(f"/probe?{query}", headers=headers)
    opened = dict(exporter.sources.opened)
    sources = {key: found.source for key, found in opened.items()}
    await exporter.close()

    assert sorted(sources) == [("edge-1", "m"), ("edge-1", "n"), ("edge-2", "m")]
    assert all(isinstance(source, DoubleSource) and source.closed for source in sources.values())


async def test_own_metrics_tell_who_is_expected_and_follow_a_reload(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """All configured targets with their place, scraped or not; one without a place is counted and named in the log instead."""
    place = {"tier": "edge", "region": "east"}
    documents = [
        Document[Module, Target](
            modules={"m": Module()},
            targets={name: Target(module="m", labels=place | labels) for name, labels in targets.items()},
        )
        for targets in (
            {"one": {"site": "edge-1"}, "two": {"site": "edge-2"}},
            {"two": {"site": "edge-2"}, "lost": {}},
        )
    ]
    settings = iter([Settings(document=document) for document in documents])
    exporter = Exporter(system=SYSTEM, settings=next(settings), read=lambda: next(settings))
    told = [expected(exporter)]
    assert await exporter.reload()
    told.append(expected(exporter))

    one, two = (("edge", "east", f"edge-{n}", "double", name) for n, name in ((1, "one"), (2, "two")))
    assert told == [({one, two}, 0), ({two}, 1)]
    [line] = [record for record in caplog.records if record.message == "targets without a place"]
    assert (line.__dict__["targets"], line.__dict__["consequence"]) == (
        "lost",
        "no rule expects them, no SLO counts them",
    )


def expected(exporter: Exporter) -> tuple[set[tuple[str, ...]], float]:
    """The labels of all that is expected, and how many have no place."""
    text = exporter.metrics.encode("", "").body.decode()
    families = {family.name: family.samples for family in text_string_to_metric_families(text)}
    named = {
        tuple(one.labels[label] for label in TARGET_LABELS) for one in families["sankofa_target_info"] if one.value == 1
    }
    return named, families["sankofa_exporter_targets_without_place"][0].value


async def test_own_metrics_are_about_the_process_only(client: httpx.AsyncClient) -> None:
    """/metrics counts probes and never says how a target is."""
    await client.get("/probe?target=edge-1", headers={"x-prometheus-scrape-timeout-seconds": "0.2"})
    text = (await client.get("/metrics")).text

    assert "sankofa_exporter_probes_total 1.0\n" in text
    assert "process_resident_memory_bytes" in text
    assert "edge-1" not in text
    assert "sankofa_double" not in text


@pytest.mark.parametrize(("path", "text"), [("/-/healthy", "healthy\n"), ("/-/ready", "ready\n")])
async def test_health_and_readiness_answer(client: httpx.AsyncClient, path: str, text: str) -> None:
    """Both health paths answer 200 while the process serves."""
    answer = await client.get(path)

    assert (answer.status_code, answer.text) == (200, text)


async def test_hanging_resolver_delays_no_answer(client: httpx.AsyncClient) -> None:
    """Every thread that looks up names is stuck; a probe is still rendered and answered."""
    stuck = threading.Event()
    threads = Resolver.of_loop().threads
    lookups = [asyncio.get_running_loop().run_in_executor(threads, stuck.wait, 3600) for _ in range(THREADS)]
    try:
        async with asyncio.timeout(limit(5)):
            answer = await client.get("/probe?target=edge-1", headers={"x-prometheus-scrape-timeout-seconds": "0.2"})
    finally:
        stuck.set()
        await asyncio.gather(*lookups)

    assert answer.status_code == 200


async def test_landing_page_links_targets_and_escapes(client: httpx.AsyncClient) -> None:
    """The landing page links each target's probe and is not a way to inject markup."""
    text = (await client.get("/")).text

    assert '<a href="/probe?target=edge-1">edge-1</a>' in text
    assert "<exporter>" not in text


async def test_trouble_is_logged_when_it_changes(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    """The same failure at every scrape is one line in the log, not one line a scrape."""
    for _ in range(3):
        await client.get("/probe?target=edge-1", headers={"x-prometheus-scrape-timeout-seconds": "0.1"})

    lines = [LogfmtFormatter().format(record) for record in caplog.records if record.name.startswith("sankofa")]
    assert [line.partition(" msg=")[2] for line in lines] == [
        '"collector failed" target=edge-1 collector=slow kind=timeout reason="did not end by the probe\'s deadline"'
    ]


def test_wheel_side_imports_stay_small() -> None:
    """No module of the exporters imports the platform or its heavy libraries."""
    forbidden = ("sankofa_observe", "polars", "web3", "fastapi", "fakepve")
    package = Path(__file__).resolve().parents[2] / "exporters" / "sankofa_exporters"
    found = [
        f"{file.name}: {line}"
        for file in package.rglob("*.py")
        for line in file.read_text().splitlines()
        if line.startswith(("import ", "from ", "    import ", "    from "))
        and any(line.split()[1].split(".")[0] == name for name in forbidden)
    ]

    assert found == []
