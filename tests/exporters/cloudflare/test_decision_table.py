"""What two witnesses come to, as pure functions: every pair of verdicts, and every pair of the account's two answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sankofa_exporters.cloudflare.snapshot.account import Connection, Connections, listing_of, parse_page
from sankofa_exporters.cloudflare.verdict import AccountAnswers, account_verdict, combined, connectors_verdict
from sankofa_exporters.model.failure import Failure, Kind
from sankofa_exporters.probe.remembered import Aged
from sankofa_exporters.probe.source import Verdict

from .recorded import OTHER, START, TUNNEL, document

UP, DOWN, UNKNOWN = Verdict.UP, Verdict.DOWN, Verdict.UNKNOWN
LIVE = Connection(is_pending=False, site="jnb", opened_at=START)


@pytest.mark.parametrize(
    ("connectors", "account", "expected"),
    [
        (UP, UP, (UP, 2, False)),
        (DOWN, DOWN, (DOWN, 2, False)),
        (UP, UNKNOWN, (UP, 1, False)),
        (UNKNOWN, UP, (UP, 1, False)),
        (DOWN, UNKNOWN, (DOWN, 1, False)),
        (UNKNOWN, DOWN, (DOWN, 1, False)),
        (UP, DOWN, (UNKNOWN, 2, True)),
        (DOWN, UP, (UNKNOWN, 2, True)),
        (UNKNOWN, UNKNOWN, (UNKNOWN, 0, False)),
    ],
)
def test_verdicts_are_combined_without_guessing(
    connectors: Verdict, account: Verdict, expected: tuple[Any, ...]
) -> None:
    """All nine pairs."""
    found = combined(connectors, account)

    assert (found.verdict, found.witnesses, found.is_disputed) == expected


def answers(
    status: str,
    counts: tuple[int, int, int],
    *,
    age: float,
    tunnel_id: str = TUNNEL,
    listed_active_at: str = "2020-01-01T00:00:00Z",
    **asked: Any,
) -> AccountAnswers:
    """A list 10 s old, and connections of the given age: live, pending and unknown ones; `asked` is what they remember."""
    live, pending, unknown = counts
    page = document("list.json")
    page["result"][0] |= {"status": status, "conns_active_at": listed_active_at}
    connections = Connections(
        clients=1, live=(LIVE,) * live, pending=pending, unknown=unknown, ids=None, fetched_at=START - age, **asked
    )
    return AccountAnswers(
        tunnel_id=tunnel_id,
        listing=Aged(value=listing_of([parse_page(page)], START - 10), age_seconds=10),
        connections=Aged(value=connections, age_seconds=age),
    )


DEAD, NONE, SOME, PARTLY = (0, 4, 0), (0, 0, 0), (3, 1, 0), (0, 3, 1)


@pytest.mark.parametrize(
    ("status", "connections", "age", "expected"),
    [
        ("healthy", SOME, 20, UP),
        ("healthy", DEAD, 20, DOWN),  # the status lags behind dead connections
        ("healthy", NONE, 20, UNKNOWN),  # a connector less proves nothing, and a status alone cannot be held against it
        ("healthy", PARTLY, 20, UP),  # the one that cannot be read may live
        ("healthy", DEAD, 61, UNKNOWN),  # no proof any more, and no agreement either
        ("healthy", NONE, 61, UNKNOWN),
        ("degraded", SOME, 20, UP),
        ("degraded", NONE, 20, UNKNOWN),
        ("down", SOME, 5, UNKNOWN),  # live ones younger than the list
        ("down", SOME, 20, DOWN),  # older than the list
        ("down", DEAD, 5, DOWN),
        ("down", NONE, 5, DOWN),
        ("inactive", NONE, 5, DOWN),
        ("inactive", SOME, 61, DOWN),
        ("odd", SOME, 20, UNKNOWN),  # up only when every part says so
        ("odd", DEAD, 20, DOWN),
        ("odd", DEAD, 61, UNKNOWN),
        ("down", DEAD, 61, DOWN),
        ("odd", NONE, 20, UNKNOWN),
    ],
)
def test_account_is_down_by_dead_connections_and_up_by_no_contradiction(
    status: str, connections: tuple[int, int, int], age: float, expected: Verdict
) -> None:
    """Status and connections of one tunnel."""
    assert account_verdict(answers(status, connections, age=age), fresh_seconds=60) is expected


@pytest.mark.parametrize("connections", [SOME, DEAD, NONE])
def test_account_gives_no_verdict_on_what_it_does_not_list(connections: tuple[int, int, int]) -> None:
    """Whatever the call about its connections answered: the id may be another's, or deleted."""
    other = answers("healthy", connections, age=5, tunnel_id="00000000-0000-4000-8000-000000000000")
    unlisted = AccountAnswers(tunnel_id=OTHER, listing=None, connections=other.connections)

    assert {account_verdict(one, fresh_seconds=60) for one in (other, unlisted)} == {UNKNOWN}


AWAY: list[dict[str, Any]] = [{"active_at": START - 3600}, {"was_inactive": True}]


def test_tunnel_that_came_back_is_not_held_down_by_older_connections() -> None:
    """The list is younger and says that the tunnel became active after its connections were seen dead, or gone."""
    back = datetime.fromtimestamp(START - 15, UTC).isoformat()
    for gone in (DEAD, NONE):
        for asked in AWAY:
            account = answers("healthy", gone, age=20, listed_active_at=back, **asked)

            assert account_verdict(account, fresh_seconds=60) is UP
            assert not account.is_doubtful


@pytest.mark.parametrize(
    "asked",
    [
        {"active_at": START + 600},  # the same stretch as when they were asked for
        {"active_at": START - 3600, "dead_opened_at": START + 600},  # the stretch that died
        {},  # nobody knows what was so then
    ],
)
def test_clock_of_cloudflare_ahead_of_ours_brings_no_tunnel_back(asked: dict[str, Any]) -> None:
    """Active since ten minutes from now: only another instant of Cloudflare's tells whether that is after the deaths."""
    ahead = datetime.fromtimestamp(START + 600, UTC).isoformat()
    account = answers("healthy", DEAD, age=20, listed_active_at=ahead, **asked)

    assert account_verdict(account, fresh_seconds=60) is DOWN


def test_failures_give_no_verdict() -> None:
    """No list, no connections, no connectors, and collectors that were not asked: unknown each."""
    failure = Failure(kind=Kind.REFUSED, reason="gone")
    nothing = AccountAnswers(tunnel_id=TUNNEL, listing=None, connections=None)

    assert account_verdict(nothing, fresh_seconds=60) is UNKNOWN
    assert {connectors_verdict(results) for results in ([failure, failure], [None], [])} == {UNKNOWN}
