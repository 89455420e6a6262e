"""Keep the generated parts of docs/reference true: `python docs/generate.py --check|--write`.

A page has two markers; what stands between them is made from the code: settings from `config.Settings`, commands from the
parser, metrics from `telemetry`. Nothing outside the markers is touched.
"""  # noqa: INP001  a script, not a package

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import typer
import yaml
from annotated_types import Ge, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from deploy.integrations.page import integrations_page
from docs.meanings_attest import ATTEST_MEANINGS, WEB3SIGNER_MEANINGS
from sankofa_dashboards.page import boards_page
from sankofa_observe import telemetry
from sankofa_observe.attest_config import AttestSettings
from sankofa_observe.cli import app
from sankofa_observe.config import Settings
from sankofa_observe.pipeline.stages import STAGES, URGENT

BEGIN, END = "<!-- generated: begin (python docs/generate.py --write) -->", "<!-- generated: end -->"
FOLDER = Path(__file__).parent / "reference"
PROGRAM, WIDTH = "sankofa-observe", 100

# What each setting means: the one part of the table that the code has no words for.
MEANINGS = {
    "data_dir": "Folder of the ledger, the slot table and the evidence; made when absent.",
    "specs": "Files and folders with the fleet, the SLOs and the agreements.",
    "observer": "Name written beside every slot this process counts. Change it and it counts anew.",
    "observers": "Other observers, whose slots agreements may be judged from as well. Each counts in a process of its own: `serve --observer NAME`.",
    "observers[].name": "Name written beside every slot it counts, as agreements name it.",
    "observers[].prometheus.url": "The Prometheus beside it.",
    "observers[].prometheus.headers": "Headers sent with each of its queries.",
    "observers[].metrics_listen": "Where the metrics of its process are scraped. Empty: nowhere.",
    "observers[].prometheus.data_dir": "Folder of its data, where it is on the same machine: how much space is left is a metric.",
    "prometheus.data_dir": "Folder of its data, where it is on this machine: how much space is left is a metric.",
    "prometheus.url": "The Prometheus whose raw samples are counted.",
    "prometheus.headers": "Headers sent with each query, such as a tenant's. One line of ASCII each; not shown in errors or logs.",
    "late.delay_seconds": "How long after its end a slot is counted first.",
    "jurisdictions": "By code of a jurisdiction the folders and addresses in which its data may lie: [keep data where it belongs](../how-to/keep-data-where-it-belongs.md). None: nobody's place is looked at.",
    "retention_years": "For how many years after a period is closed its slots and evidence are kept at least; then `retention apply` deletes them. Totals of days and records stay for ever.",
    "ledger_url": "SQLAlchemy address of the ledger. Empty: `ledger.sqlite` in `data_dir`.",
    "slot_table": "Folder or object-store address of the Delta table. Empty: `slots` in `data_dir`.",
    "chain": "The SLA contract. Without it periods are judged, and nothing is priced or settled.",
    "chain.rpc_url": "A chain node's JSON-RPC address.",
    "chain.chain_id": "The chain that is expected there; another one stops settling.",
    "chain.contract": "Address of the SLA contract, as `chain deploy` printed it.",
    "chain.gas_price_wei": "Price of gas in every transaction. 0 is for free-gas networks.",
    "chain.from_block": "Block of the contract's deployment, as `chain deploy` printed it: events are read from here.",
    "chain.genesis": "Hash of the chain's first block, as `chain deploy` printed it: on another chain of the same number nothing is sent.",
    "chain.confirmations": "Blocks that must stand on another before it is believed: 0 on QBFT and IBFT, where a block is final, and more elsewhere.",
    "chain.sender.keystore": "Encrypted key of the account that sends reports and finalisations. It and `password_file`, or `web3signer`.",
    "chain.sender.password_file": "File with its password.",
    "chain.stalled_after_seconds": "A newest block older than this: nothing is sent.",
    "attestors": "Who recounts and signs. As many as the contract's threshold must be reachable. Each is in this process, or a process of its own where it has a `folder`.",
    "attestors[].account": "Of one that is apart: the account of its key, by which its part of the folder is named.",
    "attestors[].folder": "Of one that is apart: the folder that is shared with it ([run an attestor](../how-to/run-an-attestor.md)).",
    "attestors[].keystore": "Of one in this process: its encrypted key. It and `password_file`, or `web3signer`.",
    "attestors[].exclusions_file": "What it was told of exclusions: as `exclusions list --json` writes it. Without it, it asks this ledger.",
    "attestors[].password_file": "File with its password.",
    "attestors[].name": "Name in logs.",
    "attestors[].prometheus_url": "The attestor's own Prometheus.",
    "api.listen": "Where the API answers. It speaks plain HTTP: put TLS in front of it.",
    "api.keys_file": "The API keys, as `keys new` writes them. Needed to serve the API.",
    "api.secret_file": "By which cursors of lists are sealed: 32 bytes or more in hex. Without it `api.secret` in `data_dir`, made at the first start; "
    "where several hosts serve the API, all have the same.",
    "api.metrics_listen": "Where an API that runs without the scheduler answers /metrics. Empty: nowhere.",
    "schedule.observe_seconds": "Seconds between two turns of observe.",
    "schedule.judge_seconds": "Seconds between two turns of evaluate, assess and announce.",
    "schedule.settle_seconds": "Seconds between two turns of settle and credit; each goes on until nothing moves.",
    "schedule.metrics_listen": "Where the metrics of a process with the scheduler are scraped.",
    "alerting": "Who is told of alerts, and who silences them: `alertmanager generate` writes Alertmanager's configuration from it.",
    "alerting.alertmanager_url": "Where approved exclusions become silences.",
    "alerting.heartbeat": "The judge of the dead man's switch (`sankofa-observe deadman`), as Alertmanager reaches it.",
    "alerting.incidents": "Where `serve` stores pages and alerts of promises as incidents.",
    "alerting.incidents.listen": "Where it listens for Alertmanager. It speaks plain HTTP.",
    "alerting.incidents.url": "The same as Alertmanager reaches it.",
    "alerting.incidents.metrics_listen": "Where the metrics of `serve --part incidents` are scraped. Empty: nowhere.",
    "alerting.incidents.token_file": "File with the token that Alertmanager sends.",
}
_TOLD = {
    "pagerduty": "Services of PagerDuty.",
    "pagerduty[].routing_key_file": "File with the integration's routing key (Events API v2).",
    "pagerduty[].url": "Where events are posted.",
    "opsgenie": "Teams of Opsgenie.",
    "opsgenie[].api_key_file": "File with the integration's API key.",
    "opsgenie[].url": "Where its API is.",
    "slack": "Channels of Slack.",
    "slack[].url_file": "File with the address of the incoming webhook, which is a secret.",
    "slack[].channel": "Where it is said.",
    "email": "Mailboxes.",
    "email[].to": "Who reads it.",
    "email[].sender": "Who it is from.",
    "email[].smarthost": "The server that sends it.",
    "email[].username": "Its login there. Empty: none.",
    "email[].password_file": "File with its password.",
    "email[].require_tls": "Whether mail is only sent over TLS.",
    "webhook": "Programs that are posted to.",
    "webhook[].url": "Where. Alertmanager has no file for it: let it hold no secret.",
    "webhook[].token_file": "File with a bearer token.",
    "webhook[].max_alerts": "Alerts of one notification; 0 is all.",
}
MEANINGS |= {f"alerting.{who}.{name}": text for who in ("pages", "tickets") for name, text in _TOLD.items()}
MEANINGS |= {
    f"alerting.heartbeat.{name.removeprefix('webhook[].')}": text
    for name, text in _TOLD.items()
    if name.startswith("webhook[].")
}


MEANINGS |= {
    f"{who}.web3signer{name}": text
    for who in ("chain.sender", "attestors[]")
    for name, text in WEB3SIGNER_MEANINGS.items()
}


class StalePageError(Exception):
    """A page lacks its markers, or a setting lacks its meaning."""


def settings_table() -> str:
    """Every field of the settings, one a row: of the platform, and of an attestor apart."""
    return (
        f"{_settings(Settings, MEANINGS)}\n## Of an attestor that is a process of its own\n\n"
        "`sankofa-observe attest` reads a file of its own ([run an attestor](../how-to/run-an-attestor.md)). A variable of its environment "
        f"begins with `SANKOFA_ATTEST_`.\n\n{_settings(AttestSettings, ATTEST_MEANINGS)}"
    )


def _settings(model: type[BaseSettings], meanings: dict[str, str]) -> str:
    rows = list(_rows(model, "", required_parts=True))
    names = [name for name, *_ in rows]
    if unequal := set(names) ^ set(meanings):
        raise StalePageError(f"meanings in {__file__} and the settings differ in: {', '.join(sorted(unequal))}")
    prefix = str(model.model_config["env_prefix"])
    head = "| Setting | Type | Default | Environment | Meaning |\n|---|---|---|---|---|\n"
    return head + "".join(
        f"| `{name}` | {kind} | {default} | {_variable(prefix, name)} | {meanings[name]} |\n"
        for name, kind, default in rows
    )


def _rows(model: type[BaseModel], prefix: str, *, required_parts: bool) -> Iterator[tuple[str, str, str]]:
    for name, field in model.model_fields.items():
        path, inner = prefix + name, _inner(field.annotation)
        part = isinstance(inner, type) and issubclass(inner, BaseModel)
        is_list = get_origin(field.annotation) in {list, tuple}
        optional = NoneType in get_args(field.annotation)
        if not _kinds(inner) and (not part or is_list or optional):
            kind = "section" if part and not is_list else "list of sections" if part else _kind(field)
            yield path, kind, _default(field, required=required_parts)
        nested = f"{path}[]." if is_list else f"{path}."
        if part:
            yield from _rows(inner, nested, required_parts=required_parts and not (is_list or optional))
        elif kinds := _kinds(inner):
            yield path, "list of sections", "none"
            yield from {row[0]: row for one in kinds for row in _rows(one, nested, required_parts=False)}.values()


def _kinds(annotation: Any) -> list[type[BaseModel]]:
    """Where an entry is of one of several kinds, each of them."""
    inside = get_args(get_args(annotation)[0]) if get_origin(annotation) is Annotated else ()
    return [
        get_args(one)[0] for one in inside if get_origin(one) is Annotated and issubclass(get_args(one)[0], BaseModel)
    ]


def _inner(annotation: Any) -> Any:
    """The type inside a list or an optional."""
    arguments = [one for one in get_args(annotation) if one is not NoneType]
    inside = get_origin(annotation) in {list, tuple, Union, UnionType}
    return arguments[0] if inside and arguments else annotation


def _kind(field: FieldInfo) -> str:
    described = [field, *getattr(_inner(field.annotation), "__metadata__", ())]  # of an optional, inside
    if form := next((one.description for one in described if isinstance(one, FieldInfo) and one.description), None):
        return f"text, {form}" if " " in form else f"text, `{form}`"
    words: dict[Any, str] = {
        str: "text",
        int: "integer",
        bool: "true or false",
        Path: "path",
        dict[str, str]: "map of text to text",
        dict[str, list[str]]: "map of text to list of texts",
    }
    text = words[_inner(field.annotation)]
    if get_origin(field.annotation) is list:
        text = f"list of {text}s"
    for limit in field.metadata:
        if isinstance(limit, Ge):
            text += f", {limit.ge} or more"
        elif isinstance(limit, MinLen):
            text += f", {limit.min_length} or more"
        elif pattern := getattr(limit, "pattern", None):
            text += f", `{pattern}`"
    return text


def _default(field: FieldInfo, *, required: bool) -> str:
    if field.is_required():
        return "required" if required else "required in its section"
    if field.default in (None, "", [], (), {}):
        return "none"
    return f"`{field.default}`"


def _variable(prefix: str, path: str) -> str:
    return "-" if "[]" in path else f"`{prefix}{path.upper().replace('.', '__')}`"


def commands() -> Iterator[tuple[str, Any]]:
    """Every command and group with the words that call it."""
    yield from _walk(typer.main.get_command(app), PROGRAM)


def _walk(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    command.rich_markup_mode = None  # plain text, no boxes and no colours
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from _walk(inner, f"{path} {name}")


def help_texts() -> str:
    """The help of every command, as `--help` says it, without boxes."""
    return "\n".join(f"## {path}\n\n```text\n{_help(command, path)}\n```\n" for path, command in commands())


def _help(command: Any, path: str) -> str:
    context = command.context_class(command, info_name=path, terminal_width=WIDTH, max_content_width=WIDTH)
    lines = str(command.get_help(context)).splitlines()
    return "\n".join(line.rstrip() for line in lines).strip()


def metrics_table() -> str:
    """The platform's own series, one a row."""
    head = "| Name | Kind | Labels | Meaning |\n|---|---|---|---|\n"
    stages = ", ".join(f"`{stage.name}`" for stage in STAGES)
    urgent = ", ".join(f"`{stage.name}`" for stage in STAGES if stage.name in URGENT)
    return (
        f"{head}{''.join(_metric(one) for one in telemetry.SERIES)}\n"
        f"`stage` is one of {stages}. The time of a last success is kept of those that are late after minutes: {urgent}.\n"
        f"\n## Of the dead man's judge\n\n`sankofa-observe deadman` answers them at its own `/metrics`.\n\n"
        f"{head}{''.join(_metric(one) for one in telemetry.DEADMAN_SERIES)}"
        f"\n## Of an attestor that is a process of its own\n\n`sankofa-observe attest` answers them at its `metrics_listen`.\n\n"
        f"{head}{''.join(_metric(one) for one in telemetry.ATTEST_SERIES)}"
    )


def _metric(series: telemetry.Series) -> str:
    labels = ", ".join(f"`{label}`" for label in series.labels) or "-"
    return f"| `{series}` | {series.kind} | {labels} | {series.meaning} |\n"


def promises_table(root: Path = FOLDER.parents[1]) -> str:
    """The promises of the architecture from their specs, one a row, and every other figure of the document."""
    specs = root / "deploy" / "specs"
    documents = [(file, documents_of(file)) for file in sorted((specs / "slos").glob("*.yaml"))]
    measures = {
        one["metadata"]["name"]: one["metadata"]["displayName"]
        for file in sorted((specs / "slis").glob("*.yaml"))
        for one in documents_of(file)
    }
    rows = [_promise(file.relative_to(root), one, measures) for file, found in documents for one in found]
    head = "| Promise | The document's words | Of | Indicator | Objective | Unknown where | Who pays whom | Proven on |\n|---|---|---|---|---|---|---|---|\n"
    figures = yaml.safe_load((FOLDER / "figures.yaml").read_text(encoding="utf-8"))
    return f"{head}{''.join(rows)}\n## The other figures\n\n{_figures(figures, {one['metadata']['name'] for _, found in documents for one in found})}"


def _promise(file: Path, document: Any, measures: dict[str, str]) -> str:
    spec, notes = document["spec"], document["metadata"]["annotations"]
    note = {name.removeprefix("sankofa.observe/"): text for name, text in notes.items()}
    name = document["metadata"]["name"]
    indicator = measures[spec["indicatorRef"]] if "indicatorRef" in spec else spec["description"]
    objective = spec["objectives"][0]
    target = f"{Decimal(str(objective['target'])) * 100:f}".rstrip("0").rstrip(".")
    counted = "of slots" if spec["budgetingMethod"] == "Timeslices" else "of requests"
    cells = [
        f"[`{name}`](../../{file.as_posix()})",
        note["promise"],
        note["tier"],
        indicator,
        f"{objective['displayName']}, {target} % {counted} a month",
        f"{note['unknown-when'][0].upper()}{note['unknown-when'][1:]}.",
        note["pays"],
        note["proven-on"],
    ]
    return f"| {' | '.join(cells)} |\n"


def _figures(figures: Any, promises: set[str]) -> str:
    head = "| The document's words | Judged by | How, or why not |\n|---|---|---|\n"
    if unknown := {one["judged"] for one in figures} - promises - {""}:
        raise StalePageError(f"figures.yaml: no promise {', '.join(sorted(unknown))}")
    rows = (
        f"| {one['words']} | {'`' + one['judged'] + '`' if one['judged'] else 'not'} | {one['how']} |\n"
        for one in figures
    )
    return head + "".join(rows)


def documents_of(file: Path) -> list[Any]:
    return list(yaml.safe_load_all(file.read_text(encoding="utf-8")))


PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings_table,
    "cli.md": help_texts,
    "metrics.md": metrics_table,
    "promises.md": promises_table,
    "integrations.md": integrations_page,
    "boards.md": boards_page,
}


def renewed(page: str, made: str) -> str:
    """The page with its generated part made anew."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise StalePageError(f"the page needs the lines {BEGIN!r} and {END!r}")
    return f"{before}{BEGIN}\n\n{made}\n{END}{after}"


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when written or fresh, 1 when a page is stale."""
    parser = argparse.ArgumentParser(prog="python docs/generate.py", description=__doc__)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--check", action="store_true", help="exit 1 and name the page when one is stale")
    action.add_argument("--write", action="store_true", help="write the generated parts")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args(arguments)
    stale = 0
    for name, make in PAGES.items():
        file: Path = options.folder / name
        page = file.read_text(encoding="utf-8")
        wanted = renewed(page, make())
        if options.write:
            file.write_text(wanted, encoding="utf-8")
        elif page != wanted:
            sys.stderr.write(f"{file}: stale; run python docs/generate.py --write\n")
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main())
