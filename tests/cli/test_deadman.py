"""`sankofa-observe deadman` as it starts: what could call nobody, or forget whom it called, is refused before it says that it is ready."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import Run


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--page.command", "no-such-mailer noc@example.org"), "--page.command: no program 'no-such-mailer' here"),
        (("--page.command", "cat", "--state.file", "{folder}/gone/state.json"), "/gone/state.json: no folder"),
    ],
)
def test_a_judge_that_could_call_nobody_or_remember_nothing_does_not_start(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], problem: str
) -> None:
    """The first call is made on the worst of days: it is too late to learn then that the mailer was never installed."""
    named = [argument.format(folder=tmp_path) for argument in arguments]
    ended = run("deadman", "--observer", "east", "--web.listen-address", "127.0.0.1:1", *named)
    assert ended.code == 2
    assert problem in ended.err
