"""What is counted good, late, failed or not known, and that our own delay takes no side."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sankofa_exporters.canary.families import BUCKETS
from sankofa_exporters.canary.snapshot import Ended, Failure, Outcome, Reply, Unknown
from sankofa_exporters.canary.verdict import Expected, borne_seconds, decided_seconds, judge, settled, watched_seconds
from sankofa_exporters.probe.delay import Delay, Measured
from sankofa_exporters.probe.source import Verdict

PLAIN = Expected(statuses=frozenset({200, 204}))
WITH_BODY = Expected(statuses=frozenset({200}), pattern=re.compile(rb"is well"))
WITH_KEY = Expected(statuses=frozenset({200}), with_credentials=True)


@pytest.mark.parametrize(
    ("expected", "reply", "outcome"),
    [
        (PLAIN, Reply(status=200), None),
        (PLAIN, Reply(status=204, whole=False, plain=False), None),  # nothing is asked of its body
        (PLAIN, Reply(status=301), Failure.STATUS),
        (PLAIN, Reply(status=401), Failure.STATUS),
        (PLAIN, Reply(status=429), Failure.STATUS),
        (PLAIN, Reply(status=503), Failure.STATUS),
        (WITH_KEY, Reply(status=401), Unknown.CREDENTIALS),
        (WITH_KEY, Reply(status=403), Unknown.CREDENTIALS),
        (WITH_KEY, Reply(status=500), Failure.STATUS),
        (WITH_BODY, Reply(status=200, body=b"all is well\n"), None),
        (WITH_BODY, Reply(status=200, body=b"all is well", whole=False), None),
        (WITH_BODY, Reply(status=200, body=b"sign in"), Failure.BODY),
        (WITH_BODY, Reply(status=200), Failure.BODY),
        (WITH_BODY, Reply(status=200, body=b"x" * 99, whole=False), Unknown.UNREADABLE),
        (WITH_BODY, Reply(status=200, body=b"\x1f\x8b", plain=False), Unknown.UNREADABLE),
        (WITH_BODY, Reply(status=500, body=b"all is well"), Failure.STATUS),
    ],
)
def test_answer_is_expected_failed_or_not_known(expected: Expected, reply: Reply, outcome: Outcome) -> None:
    """The status first; what could not be read, or may be our credentials' fault, is not known."""
    assert expected.outcome(reply) is outcome


def quiet(seconds: float) -> Measured:
    return Measured(seconds=seconds, delay=Delay(worked=0.001))


@pytest.mark.parametrize(
    ("outcome", "took", "watched", "found"),
    [
        (None, quiet(0.004), quiet(0.03), None),
        (None, quiet(0.3), quiet(0.03), None),  # late, and counted as that
        (Failure.STATUS, quiet(0.004), quiet(0.03), Failure.STATUS),
        (Failure.TIMEOUT, quiet(1.0), quiet(0.03), Failure.TIMEOUT),
        (Unknown.NETWORK, quiet(0.001), quiet(0.03), Unknown.NETWORK),
        # We stood for 30 ms: quick or late, answered or failed, nothing is counted.
        (None, quiet(0.004), Measured(seconds=0.05, delay=Delay(stood=0.03)), Unknown.DELAY),
        (None, quiet(0.3), Measured(seconds=0.05, delay=Delay(stood=0.03)), Unknown.DELAY),
        (Failure.REFUSED, quiet(0.001), Measured(seconds=0.05, delay=Delay(waited=0.03)), Unknown.DELAY),
        # A stop of four seconds after the stretch: the answer was late before.
        (None, Measured(seconds=4.3, delay=Delay(stood=4.28)), quiet(0.03), None),
        (Failure.TIMEOUT, Measured(seconds=5, delay=Delay(stood=4)), quiet(0.03), Failure.TIMEOUT),
        # Over the bound by less than our own work in that time.
        (None, Measured(seconds=0.0105, delay=Delay(worked=0.001)), quiet(0.03), Unknown.DELAY),
        (None, Measured(seconds=0.0115, delay=Delay(worked=0.001)), quiet(0.03), None),
        # It was begun so late that its time was over before the bound.
        (Failure.TIMEOUT, quiet(0.005), quiet(0.03), Unknown.DELAY),
    ],
)
def test_request_is_known_by_what_we_did(outcome: Outcome, took: Measured, watched: Measured, found: Outcome) -> None:
    """With a bound of 10 ms."""
    later = Measured(seconds=watched.seconds + 0.04, delay=watched.delay)

    assert settled(outcome, took=took, watched=watched, later=later, objective_seconds=0.01) is found


OUTCOMES: st.SearchStrategy[Outcome] = st.sampled_from([None, *(one for one in Failure if one is not Failure.TIMEOUT)])
BOUNDS = st.sampled_from(BUCKETS)
SECONDS = st.floats(min_value=0, max_value=20)
DELAYS = st.builds(Delay, stood=st.floats(0, 2), waited=st.floats(0, 2), worked=st.floats(0, 2))


@given(BOUNDS, OUTCOMES, SECONDS, DELAYS)
def test_delay_in_the_stretch_leaves_out_whatever_the_answer_was(
    objective: float, outcome: Outcome, seconds: float, delay: Delay
) -> None:
    """More than is borne leaves out each request, the quickest like the latest; what is borne leaves out none."""
    watched = Measured(seconds=watched_seconds(objective) + delay.seconds, delay=delay)
    later = Measured(seconds=decided_seconds(objective) + delay.seconds, delay=delay)
    took = Measured(seconds=seconds)
    found = settled(outcome, took=took, watched=watched, later=later, objective_seconds=objective)

    assert found is (Unknown.DELAY if delay.seconds > borne_seconds(objective) else outcome)


@given(BOUNDS, SECONDS, DELAYS, st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)))
def test_no_answer_is_late_by_our_doing(
    objective: float, seconds: float, delay: Delay, parts: tuple[float, float, float]
) -> None:
    """One that is counted over the bound would be over it without us; `seconds` is what the target took.

    `parts` of the delay had passed at the request's end, at that of the stretch, and when it is decided, in their order.
    """
    nominal = {"took": seconds, "watched": watched_seconds(objective), "later": decided_seconds(objective)}
    measured = {}
    for (name, length), part in zip(sorted(nominal.items(), key=lambda one: one[1]), sorted(parts), strict=True):
        held = Delay(stood=delay.stood * part, waited=delay.waited * part, worked=delay.worked)
        measured[name] = Measured(seconds=length + held.seconds, delay=held)
    found = settled(None, **measured, objective_seconds=objective)

    if found is None and measured["took"].seconds > objective:
        assert seconds > objective


@given(BOUNDS, st.floats(0, 1), st.floats(0, 1), st.floats(0, 20))
def test_who_is_silent_until_it_is_decided_is_late_whatever_was_borne(
    objective: float, stood: float, waited: float, worked: float
) -> None:
    """It is long enough that what came after it, our stops included, decides nothing."""
    borne = borne_seconds(objective)
    delay = Delay(stood=stood * borne, waited=waited * borne, worked=worked)

    assert Measured(seconds=decided_seconds(objective), delay=delay).exceeds(objective) is True
    assert objective < watched_seconds(objective) <= decided_seconds(objective)


@pytest.mark.parametrize(
    ("newest", "verdict"),
    [
        (None, Verdict.UNKNOWN),
        (Ended(outcome=None, seconds=0.1), Verdict.UP),
        (Ended(outcome=Failure.BODY, seconds=0.1), Verdict.DOWN),
        (Ended(outcome=Unknown.SOCKETS, seconds=0.1), Verdict.UNKNOWN),
    ],
)
def test_newest_request_decides(newest: Ended | None, verdict: Verdict) -> None:
    """Up by an answer as expected, down by a failure, unknown by what is ours."""
    assert judge(newest) is verdict
