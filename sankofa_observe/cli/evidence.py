"""`sankofa-observe evidence`: look after the documents that settlements are proved by."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from sankofa_observe.cli.output import MISMATCH, AsJson, ConfigFile, show
from sankofa_observe.cli.person import By, who
from sankofa_observe.errors import InvalidInput

_FETCH = "expected an evidence document, as /v1/settlements/<id>/evidence answers it: fetch it again"


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        no_args_is_help=True, help="Hand out, check and rebuild evidence, and cut out the proof of a slot."
    )
    for command in (shown, check, rebuild, proof):
        group.command("show" if command is shown else None)(command)
    app.add_typer(group, name="evidence")


def shown(
    settlement: Annotated[str, typer.Argument(help="A settlement's id, 0x…")],
    config: ConfigFile,
    reason: Annotated[str, typer.Option(help="Why it is read: it is kept with who read it.")],
    by: By = None,
) -> None:
    """Print the document of a settlement, byte for byte as the tenant gets it. Who read it, when and why is a record before it is printed.

    Example: sankofa-observe evidence show 0x… --reason "asked for by the tenant, TICKET-9" --config sankofa.yaml > evidence.json
    """
    from sankofa_observe.adapters.archive import FolderArchive
    from sankofa_observe.adapters.clock import SystemClock
    from sankofa_observe.bootstrap import open_ledger
    from sankofa_observe.config import load_settings
    from sankofa_observe.errors import Unavailable
    from sankofa_observe.pipeline.handing_out import HandingOut
    from sankofa_observe.pipeline.persons import person
    from sankofa_observe.ports import Way
    from sankofa_observe.scope import OPERATOR
    from sankofa_observe.units import rfc3339

    settings = load_settings(config)
    with open_ledger(settings) as ledger:
        actor, found = person(who(by), reason, ledger), ledger.read(OPERATOR).settlement(settlement)
        if found is None:
            raise InvalidInput(f"no settlement {settlement[:80]!r} in the ledger; see sankofa-observe settlements list")
        handing = HandingOut(ledger=ledger, archive=FolderArchive(settings.evidence_folder), clock=SystemClock())
        raw = handing.document(found)
        if raw is None and (at := ledger.read(OPERATOR).removed_at(found.penalty.document_hash)):
            raise InvalidInput(
                f"evidence {found.penalty.document_hash} was removed {rfc3339(at)}: its retention was over; the tenant may have a copy"
            )
        if raw is None:
            raise Unavailable(
                f"evidence {found.penalty.document_hash} is not in the archive; write it anew: sankofa-observe evidence rebuild {settlement}"
            )
        handing.record(found, actor=actor, way=Way.CLI, reason=reason)
    sys.stdout.buffer.write(raw)


def check(config: ConfigFile, *, as_json: AsJson = False) -> None:
    """Say which settlements have no whole document; exit 1 if any. Everything is read, nothing is written.

    Example: sankofa-observe evidence check --config sankofa.yaml
    """
    from sankofa_observe.bootstrap import open_platform
    from sankofa_observe.config import load_settings
    from sankofa_observe.pipeline.rebuild import settlements, unproven

    with open_platform(load_settings(config), reading=True) as platform:
        found = [
            fault for one in settlements(platform.ledger) if (fault := unproven(one, platform.archive, platform.ledger))
        ]
    show(found, as_json=as_json, nothing="every settlement has its document, and each is whole")
    if found:
        raise typer.Exit(1)


def rebuild(
    config: ConfigFile,
    settlement: Annotated[str | None, typer.Argument(help="A settlement's id, 0x…")] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Each document that is missing or damaged.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write documents anew from slots and terms, where they are missing or damaged; a damaged file is kept beside.

    Written is only what has byte for byte the identity that the penalty names. Exit 3: slots or terms are others now.

    Example: sankofa-observe evidence rebuild --config sankofa.yaml --all
    """
    from sankofa_observe.bootstrap import open_platform
    from sankofa_observe.config import load_settings
    from sankofa_observe.pipeline import rebuild as stage
    from sankofa_observe.scope import OPERATOR
    from sankofa_observe.sla.evidence import Origin

    if (settlement is None) is not every:
        raise InvalidInput("rebuild: expected the id of a settlement, or --all; nothing was written")
    settings = load_settings(config)
    with open_platform(settings, reading=True) as platform:
        if platform.identity is None:
            raise InvalidInput(
                "rebuild: no chain in the settings; add the section `chain`, it is part of every document; nothing was written"
            )
        if settlement is None:
            records = list(stage.settlements(platform.ledger))
        else:
            one = platform.ledger.read(OPERATOR).settlement(settlement)
            if one is None:
                raise InvalidInput(f"no settlement {settlement!r} in the ledger; nothing was written")
            records = [one]
        asked = [one for one in records if stage.unproven(one, platform.archive, platform.ledger)]
        if asked:
            _need_slots(settings.slot_table)
        said = list(
            stage.rebuild(
                asked,
                panel_of=platform.panel_of,
                ledger=platform.ledger,
                archive=platform.archive,
                chain=platform.identity,
                origin=Origin(engine=platform.engine, observer=platform.observer),
            )
        )
    show(said, as_json=as_json, nothing="nothing to rebuild: what was asked for is there and whole")
    if any(isinstance(one, stage.NotRebuilt) for one in said):
        raise typer.Exit(MISMATCH)


def _need_slots(location: str) -> None:
    """A table that is not there would answer that every slot is another one now."""
    from sankofa_observe.adapters.slots.care import absent

    if gone := absent(location):
        raise InvalidInput(f"slot table {gone}; nothing was written")


def proof(
    file: Annotated[Path, typer.Argument(help="An evidence document, as the API answers it.")],
    slot: Annotated[str, typer.Option("--slot", help="A UTC instant in the slot, like 2026-11-01T00:01:00Z.")],
    observer: Annotated[str, typer.Option(help="Which of several observers counted it; else the first by name.")] = "",
) -> None:
    """Print the proof of one slot: its day and the way to the hash on chain, without fee and credit.

    It is a file of its own: hand it on, and check it with `sankofa-verify`.

    Example: sankofa-observe evidence proof evidence.json --slot 2026-11-01T00:01:00Z > slot.json
    """
    from sankofa_observe.cli.pipeline import instant
    from sankofa_observe.sla.evidence import parse
    from sankofa_observe.sla.evidence.slot import slot_proof

    at = instant("--slot", slot)
    try:
        evidence = parse(file.read_bytes())
    except OSError as error:
        raise InvalidInput(f"{file}: {error.strerror}; {_FETCH}") from error
    except InvalidInput as error:
        raise InvalidInput(f"{file}: {error}; {_FETCH}") from error
    try:
        cut = slot_proof(evidence, at, observer)
    except InvalidInput as error:
        raise InvalidInput(f"{file}: {error}") from error
    sys.stdout.buffer.write(cut)
