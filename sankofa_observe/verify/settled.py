"""What the settlement book says of a file's row: that it stands, that it was lawfully superseded, or that it was never reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sankofa_observe.verify import told
from sankofa_observe.verify.agreed import Agreed
from sankofa_observe.verify.books import DISPUTED, FINAL, NONE, REPORTED, VOIDED, Books, Settlement
from sankofa_observe.verify.findings import CannotCheck, Check, OnChain
from sankofa_observe.verify.history import Progress
from sankofa_observe.verify.replay import Pair, Replay, replayed

SUPERSEDED = "superseded"
STANDINGS = {REPORTED: "reported", FINAL: "final", **dict.fromkeys(DISPUTED, "disputed")}

_BY_EVENTS = "that the file was revision {}: no word commits to it any more, and the events that say so are this node's; ask another one too"


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What was found; `standing` is empty where the contract does not know the file, `revision` the one that the file is."""

    checks: tuple[Check, ...] = ()
    summary: Mapping[str, str] = field(default_factory=dict)
    not_proved: tuple[str, ...] = ()
    standing: str = ""
    revision: int = 0


def settled(of: OnChain, books: Books, agreed: Agreed, first: int | None, progress: Progress) -> Settled:
    """Of the row's settlement. Events are searched where the row is final or no word that stands commits to it."""
    words = books.settlement(of.row)
    clock = told.Clock(block=books.chain.block, unpaused_at=books.unpaused_at(), is_paused=books.is_paused())
    telling = told.Telling(words=words, agreed=agreed, clock=clock, balance=books.balance(of.row.agreement))
    mine = next((word for word in words if word.commits_to(of.row) and word.state != VOIDED), None)
    if words[0].state == NONE:
        return Settled(checks=(Check(what="chain: state", claimed="reported, disputed or final", found="none"),))
    replay = None
    if mine is None or mine.state == FINAL:
        since = agreed.period[1]
        replay = replayed(books, of.row, agreed.agreement, since=since, words=words, first=first, progress=progress)
    return _without_word(of, words, telling, replay) if mine is None else _by_word(of, mine, telling, replay)


def _by_word(of: OnChain, word: Settlement, telling: told.Telling, replay: Replay | None) -> Settled:
    checks = [Check(what="chain: row", claimed=of.row.commitment(word.revision), found=word.commitment)]
    if of.claims:
        checks.append(Check(what="chain: credit_ppm", claimed=str(of.claims.credit_ppm), found=str(word.credit_ppm)))
    unknown = (
        (
            f"what the period came to, and what the credit changed by: this node has not all events of revision {word.revision}",
        )
        if word.state == FINAL and replay is None
        else ()
    )
    return Settled(
        checks=tuple(checks),
        summary=telling.of_word(of.row, word, replay),
        not_proved=unknown,
        standing=STANDINGS[word.state],
        revision=word.revision,
    )


def _without_word(of: OnChain, words: Pair, telling: told.Telling, replay: Replay | None) -> Settled:
    """No word that stands commits to the row: the events say whether it ever was one."""
    revision = replay.revision_of(of.row) if replay else None
    if replay and revision:
        return Settled(
            checks=(Check(what="chain: row", claimed=told.row(of.row), found=told.row(replay.rows[revision])),),
            summary=telling.of_superseded(revision, replay),
            not_proved=() if any(word.commits_to(of.row) for word in words) else (_BY_EVENTS.format(revision),),
            standing=SUPERSEDED,
            revision=revision,
        )
    never_more = words[0].revision == 1 and words[1].state == NONE and words[0].state != VOIDED
    if replay is None and not never_more:
        newest = max(word.revision for word in words)
        raise CannotCheck(
            f"no word of the settlement commits to the file, and the events that this node has do not make its {newest} revisions; "
            "give --from-block with an earlier block, or ask a node that keeps all events"
        )
    return Settled(checks=(_never_reported(of, words, replay),))


def _never_reported(of: OnChain, words: Pair, replay: Replay | None) -> Check:
    if replay is None:
        claimed, found = of.row.commitment(words[0].revision), words[0].commitment
    else:
        claimed, found = told.row(of.row), told.rows(replay)
    return Check(what="chain: row", claimed=claimed, found=found)
