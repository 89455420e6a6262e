"""Options of commands that sign: a keystore with its password's file, or a file that says who signs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sankofa_observe.errors import InvalidInput

if TYPE_CHECKING:
    from sankofa_observe.ports import Signer

Keystore = Annotated[Path | None, typer.Option(help="Encrypted key of whoever acts.")]
PasswordFile = Annotated[Path | None, typer.Option(help="File with its password.")]
SignerFile = Annotated[
    Path | None,
    typer.Option("--signer", help="File that names the signer, in place of a keystore: docs/how-to/keep-keys.md."),
]


def signer_of(keystore: Path | None, password_file: Path | None, signer: Path | None) -> Signer:
    """Whoever signs, by what was given; raises `InvalidInput` where that is none, or two."""
    from sankofa_observe.bootstrap import open_signer
    from sankofa_observe.signers import KeySettings

    given = {"--keystore": keystore, "--password-file": password_file, "--signer": signer}
    names = [name for name, value in given.items() if value is not None]
    if names == ["--signer"] and signer:
        from sankofa_observe.config import load_signer

        return open_signer(load_signer(signer))
    if names == ["--keystore", "--password-file"]:
        return open_signer(KeySettings(keystore=keystore, password_file=password_file))
    raise InvalidInput(
        f"given: {', '.join(names) or 'no key'}; expected --keystore with --password-file, or --signer alone; nothing was sent"
    )
