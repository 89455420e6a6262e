"""Ask both contracts of the chain a file names what they hold of it, at one block: whether it is what was reported, and what of it is in force."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sankofa_observe.verify.agreed import Agreed, agreed_checks
from sankofa_observe.verify.answers import Ask, Chain, quantity
from sankofa_observe.verify.books import Books
from sankofa_observe.verify.findings import Check, Findings
from sankofa_observe.verify.history import Progress
from sankofa_observe.verify.settled import SUPERSEDED, Settled, settled
from sankofa_observe.verify.told import utc

NOT_ASKED = "that the contract says the same: give --rpc, a node of a chain you know"
NOT_NAMED = "that the contract is the one you signed with: give --contract"
NOT_BOUND = "that this root, with the hash of the rest, is the settlement's: the contract's commitment binds them"


def _silent(_: int, __: int, ___: int) -> None:
    """Nobody watches."""


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Whom to ask, where to begin a search of events if not at the period's end, and whom to tell how far it is."""

    ask: Ask
    from_block: int | None = None
    progress: Progress = _silent


def held_by_contract(found: Findings, asking: Asking | None, contract: str | None) -> Findings:
    """The findings with what the contract says, and with whose contract it is."""
    checks, on_chain = [*found.checks], found.on_chain
    proved, not_proved = list(found.proved), [one for one in found.not_proved if one not in {NOT_ASKED, NOT_NAMED}]
    if contract is None:
        not_proved.append(NOT_NAMED)
    else:
        checks.append(Check(what="chain: contract", claimed=on_chain.contract, found=contract.lower()))
        proved.append("the file is of the contract you signed with")
    if asking is None:
        not_proved.append(NOT_ASKED)
    found = replace(found, checks=tuple(checks), proved=tuple(proved), not_proved=tuple(not_proved))
    return found if asking is None else _asked(found, asking)


def _asked(found: Findings, asking: Asking) -> Findings:
    on_chain = found.on_chain
    seen = quantity(asking.ask("eth_chainId", []), "eth_chainId")
    of_chain = Check(what="chain: id", claimed=str(on_chain.chain_id), found=str(seen))
    books = Books.at(Chain.newest(asking.ask), on_chain.contract)
    checks, agreed = agreed_checks(on_chain, books)
    said = Settled() if agreed is None else settled(on_chain, books, agreed, asking.from_block, asking.progress)
    books.chain.refuse_replaced()
    block = books.chain.block
    return replace(
        found,
        checks=(*found.checks, of_chain, *checks, *said.checks),
        summary={**_summary(found, said), "block": f"{block.number}, {block.hash}, of {utc(block.at)}", **said.summary},
        proved=(*found.proved, *_proved(said, agreed, block.number)),
        not_proved=(*(one for one in found.not_proved if one != NOT_BOUND), *said.not_proved),
        standing=said.standing,
    )


def _summary(found: Findings, said: Settled) -> dict[str, str]:
    """What the file says; its credit is not left to stand alone where it is not in force."""
    told = dict(found.summary)
    if said.standing == SUPERSEDED and "credit" in told:
        told["credit"] = f"NOT in force: {told['credit']}"
    return told


def _proved(said: Settled, agreed: Agreed | None, block: int) -> tuple[str, ...]:
    if agreed is None:
        return ()
    terms = f"calendar, promise and terms are those of version {agreed.version}, which both parties accepted, at block {block}"
    if not said.standing:
        return (terms,)
    if said.standing == SUPERSEDED:
        return terms, f"the file is what was settled as revision {said.revision}, which is superseded, at block {block}"
    return terms, f"the contract says the same at block {block}"
