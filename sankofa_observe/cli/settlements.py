"""`sankofa-observe settlements`: where each stands, what it waits for, and what a person does about one that goes no further by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sankofa_observe.cli.output import AsJson, ConfigFile, Limit, pages, show
from sankofa_observe.cli.person import By, who

if TYPE_CHECKING:
    from sankofa_observe.pipeline.lane_acts import Done, LaneActs
    from sankofa_observe.ports import Page, SettlementRecord, Wait
    from sankofa_observe.sla.credit import ServiceCredit

Settlement = Annotated[str, typer.Argument(help="A settlement's id, 0x…")]
Reason = Annotated[str, typer.Option(help="Why: it is kept with who did it.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        no_args_is_help=True,
        help="See where settlements stand and what they wait for; release, adopt or close one that is stuck.",
    )
    group.command("list")(listed)
    group.command("show")(shown)
    group.command()(release)
    group.command()(adopt)
    group.command()(close)
    group.command("rebuild-evidence")(rebuild_evidence)
    app.add_typer(group, name="settlements")


def listed(
    config: ConfigFile,
    state: Annotated[str, typer.Option(help="Only those in this state, like held.")] = "",
    limit: Limit = None,
    after: Annotated[str | None, typer.Option(help="Go on where the list before ended: what it named.")] = None,
    *,
    waiting: Annotated[
        bool, typer.Option("--waiting", help="Only those that wait for something, longest first.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List settlements by period, with state and amount; or only those that wait, with what for and since when.

    Example: sankofa-observe settlements list --config sankofa.yaml --waiting
    """
    from sankofa_observe.bootstrap import open_records
    from sankofa_observe.errors import InvalidInput
    from sankofa_observe.pipeline.lane_waits import LANE, SETTLEMENT
    from sankofa_observe.sla.settlement import SettlementState

    if state and state not in set(SettlementState):
        raise InvalidInput(f"--state {state!r}: expected {', '.join(SettlementState)}")
    of_state = SettlementState(state) if state else None
    with open_records(config) as (reads, named):
        if waiting:
            ask: Callable[..., Page[Any]] = partial(reads.waits, SETTLEMENT, LANE)
        else:
            ask = partial(reads.settlements, of_state)
        found = pages(ask, limit=limit, after=after, whole=as_json)
        lines = found if waiting else (_line(one, as_json=as_json) for one in found)
        show(lines, as_json=as_json, nothing="nothing waits" if waiting else "no settlement", worded=named)


def shown(settlement: Settlement, config: ConfigFile, *, as_json: AsJson = False) -> None:
    """Show one: what is owed and proved by what, every move, those by persons with who and why, what it waits for and what leads out, and its grants.

    Example: sankofa-observe settlements show 0x… --config sankofa.yaml
    """
    from sankofa_observe.bootstrap import open_records
    from sankofa_observe.errors import InvalidInput
    from sankofa_observe.pipeline.lane_waits import SETTLEMENT

    with open_records(config) as (reads, named):
        found = reads.settlement(settlement)
        if found is None:
            raise InvalidInput(
                f"no settlement {settlement!r} in the ledger: one that is on the contract alone is taken over by sankofa-observe ledger reconcile"
            )
        wait, granted = reads.wait(SETTLEMENT, settlement), reads.credits(settlement).items
        told: list[Any] = [found, *([wait] if wait else []), *granted] if as_json else list(_told(found, wait, granted))
        show(told, as_json=as_json, nothing="", worded=named)


def release(
    settlement: Settlement, config: ConfigFile, reason: Reason, by: By = None, *, as_json: AsJson = False
) -> None:
    """Have one reported again that is held, or that the contract does not know any more.

    Where the contract holds another row, ours is reported as its restatement: attestors sign it and parties may dispute it, as any.

    Example: sankofa-observe settlements release 0x… --config sankofa.yaml --reason "block 4711 was rewritten, INC-7"
    """
    _act(config, by, reason, lambda acts: acts.release(settlement), as_json=as_json)


def adopt(
    settlement: Settlement,
    config: ConfigFile,
    reason: Reason,
    document: Annotated[
        Path | None, typer.Option(help="The evidence that it was reported with, where the archive has it no more.")
    ] = None,
    by: By = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Take over what the contract holds in the place of ours: its row, its state, and the evidence that it was reported with.

    Example: sankofa-observe settlements adopt 0x… --config sankofa.yaml --reason "reported by the ledger before the restore, INC-7"
    """
    from sankofa_observe.cli.disputes import read_document

    whole = read_document(document) if document else None
    _act(config, by, reason, lambda acts: acts.adopt(settlement, whole), as_json=as_json)


def close(
    settlement: Settlement,
    config: ConfigFile,
    reason: Reason,
    reference: Annotated[str, typer.Option(help="Of what was done elsewhere, like the number of a credit note.")],
    by: By = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Report one no more that the contract takes no more: what is owed by it is granted elsewhere. `release` takes it back.

    Where the contract holds our own row it is refused: that is paid there, and is taken over by `adopt`.

    Example: sankofa-observe settlements close 0x… --config sankofa.yaml --reason "reported too late, INC-7" --reference CN-2027-031
    """
    _act(config, by, reason, lambda acts: acts.close(settlement, reference), as_json=as_json)


def rebuild_evidence(settlement: Settlement, config: ConfigFile, *, as_json: AsJson = False) -> None:
    """Write the document of one anew from slots and recorded terms, where it is missing or damaged; as `evidence rebuild` does for all.

    Example: sankofa-observe settlements rebuild-evidence 0x… --config sankofa.yaml
    """
    from sankofa_observe.cli.evidence import rebuild

    rebuild(config, settlement, every=False, as_json=as_json)


def _act(config: Path, by: str | None, reason: str, act: Callable[[LaneActs], Done], *, as_json: bool) -> None:
    from sankofa_observe.bootstrap import open_lane_acts
    from sankofa_observe.config import load_settings

    with open_lane_acts(load_settings(config), by=who(by), reason=reason) as acts:
        show([act(acts)], as_json=as_json, nothing="")


def _line(record: SettlementRecord, *, as_json: bool) -> Any:
    if as_json:
        return record
    penalty = record.penalty
    return f"{penalty.settlement_id}  {record.state:<9} {penalty.amount} of {penalty.slo} at {penalty.site}, {penalty.period}"


def _told(record: SettlementRecord, wait: Wait | None, granted: Sequence[ServiceCredit]) -> Iterator[str]:
    from sankofa_observe.pipeline.lane_waits import Cause, cause_of

    penalty = record.penalty
    yield _line(record, as_json=False)
    yield f"of {penalty.tenant}, version {penalty.agreement_version} of agreement {penalty.agreement_id}"
    yield f"{penalty.good} good of {penalty.valid}, by revision {penalty.revision} of its verdict; evidence {penalty.document_hash}"
    yield from map(str, record.history)
    if wait is not None:
        held = cause_of(wait.reason) == Cause.HELD
        yield f"waits: {wait}"
        yield f"what leads out: sankofa-observe runbook {'SettlementHeld' if held else 'WaitingLong'}"
    for one in granted:
        yield f"granted: {one.amount} by revision {one.revision} on chain, in block {one.block_number}, transaction {one.transaction}"
