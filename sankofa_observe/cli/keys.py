"""`sankofa-observe keys`: API keys for tenants, and encrypted signing keys."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sankofa_observe import shown
from sankofa_observe.cli.output import say
from sankofa_observe.errors import InvalidInput


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

    from sankofa_observe.adapters.keys import read_password, write_keystore

    if shown.exists(file):
        raise InvalidInput(f"{file}: exists; a key is never overwritten")
    password = read_password(password_file)
    if not password:
        raise InvalidInput(f"{shown.path(password_file)}: is empty; a key is not written without a password")
    account = Account.create()
    write_keystore(account, file, password)
    say(account.address)
