"""`sankofa-observe keys`: API keys for tenants, and encrypted signing keys."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from sankofa_observe import shown
from sankofa_observe.cli.output import say
from sankofa_observe.errors import InvalidInput
from sankofa_observe.secret_files import refuse_open


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Make API keys and signing keys.")
    group.command("new")(new)
    group.command("keystore")(keystore)
    app.add_typer(group, name="keys")


def new(
    tenant: Annotated[str, typer.Option(help="The tenant the key belongs to.")],
    file: Annotated[Path, typer.Option(help="The keys file of the API; made when absent.")],
) -> None:
    """Make an API key: it is printed once, the file holds only its hash. Taking its entry out revokes it.

    Example: sankofa-observe keys new --tenant acme --file keys.yaml
    """
    from sankofa_observe.api.keys import add_key

    print(add_key(file, tenant))  # noqa: T201  the one time it is shown


def keystore(
    file: Annotated[Path, typer.Argument(help="Where to write the encrypted key.")],
    password_file: Annotated[Path, typer.Option(help="A file with the password.")],
) -> None:
    """Make a signing key, encrypted with a password from a file, and print its account.

    Example: sankofa-observe keys keystore sender.json --password-file sender.password
    """
    from eth_account import Account

    from sankofa_observe.adapters.keys import write_keystore

    _writable(file)
    password = _password(password_file)
    account = Account.create()
    write_keystore(account, file, password)
    say(account.address)


def _writable(file: Path) -> None:
    """Told before a key is made: encrypting one takes a second."""
    if shown.exists(file) or file.is_symlink():
        raise InvalidInput(f"{file}: exists, and a key is never overwritten; name a file that is not there")
    if not file.parent.is_dir():
        raise InvalidInput(f"{file}: no folder {file.parent}; make it first, readable by its owner alone: mkdir -m 700")
    if not os.access(file.parent, os.W_OK | os.X_OK):
        raise InvalidInput(f"{file}: folder {file.parent} cannot be written; name one that is yours. No key was made")


def _password(file: Path) -> str:
    from sankofa_observe.adapters.keys import read_password

    refuse_open(file)
    password = read_password(file, _WANTED)
    if not password:
        raise InvalidInput(f"{shown.path(file)}: is empty; {_WANTED}")
    return password


_WANTED = (
    "expected a password in a line, in a file of mode 600: (umask 077; openssl rand -base64 24 > FILE). No key was made"
)
