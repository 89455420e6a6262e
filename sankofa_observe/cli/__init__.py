"""The command line `sankofa-observe`. Each command says what it did in words, or with --json for a program.

Exit codes: 0 done · 1 something did not answer, or is refused for now · 2 the input is wrong, nothing was written · 3 two truths disagree.
"""

from __future__ import annotations

import sys

import typer

from sankofa_observe.cli import (
    agreements,
    attest,
    audit,
    chain,
    credit,
    deadman,
    demo,
    disputes,
    evidence,
    exclusions,
    fleet,
    generate,
    incidents,
    integrations,
    keys,
    ledger,
    persons,
    pipeline,
    retention,
    runbook,
    serve,
    settlements,
    slots,
    specs,
    transactions,
    verdicts,
    verify,
    what_if,
)
from sankofa_observe.cli.output import complain
from sankofa_observe.errors import SankofaError, exit_code

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # boxes cost --help as much again as all of typer
    context_settings={"max_content_width": 100},
    help=__doc__,
)
for module in (
    demo,
    specs,
    fleet,
    integrations,
    generate,
    serve,
    attest,
    deadman,
    runbook,
    pipeline,
    verdicts,
    exclusions,
    incidents,
    slots,
    what_if,
    settlements,
    transactions,
    ledger,
    persons,
    retention,
    audit,
    evidence,
    verify,
    keys,
    chain,
    agreements,
    disputes,
    credit,
):
    module.register(app)


def main() -> None:
    """Run the command line; errors of ours are told in a sentence, not as a traceback."""
    try:
        app()
    except SankofaError as error:
        complain(str(error))
        sys.exit(exit_code(error))
