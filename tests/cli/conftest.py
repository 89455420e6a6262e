"""The command line, run in this process."""

from __future__ import annotations

import sys

import pytest

from sankofa_observe import cli
from tests.cli.running import Ended, Run


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command line in this process, as the installed script does."""

    def command(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["sankofa-observe", *arguments])
        with pytest.raises(SystemExit) as left:
            cli.main()
        captured = capsys.readouterr()
        code = left.value.code
        return Ended(code=code if isinstance(code, int) else 0, out=captured.out, err=captured.err)

    return command
