"""`sankofa-observe keys`: API keys for tenants, and encrypted signing keys."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from sankofa_observe import shown
from sankofa_observe.cli.output import say
from sankofa_observe.cli.signer import Keystore, PasswordFile, SignerFile, signer_of
from sankofa_observe.errors import InvalidInput
from sankofa_observe.secret_files import refuse_open


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Make API keys and signing keys.")
    group.command("new")(new)
    group.command("keystore")(keystore)
    group.command("check")(check)
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


def check(
    *,
    keystore: Keystore = None,
    password_file: PasswordFile = None,
    signer: SignerFile = None,
    chain_id: Annotated[int, typer.Option(help="The chain it is to sign for.", min=1)],
) -> None:
    """Have a signer sign what nobody can use, and check it as every signature is: whether it answers, for which account and which chain.

    Example: sankofa-observe keys check --signer sender.yaml --chain-id 1337
    """
    found = signer_of(keystore, password_file, signer)
    found.sign_typed_data(_typed_probe(chain_id))
    found.sign_transaction(_transaction_probe(found.account, chain_id))
    say(f"{found.account} signs typed data, and transactions of chain {chain_id}")


def _typed_probe(chain_id: int) -> dict[str, object]:
    """Of a domain that no contract has."""
    domain = {"name": "Check of a key by sankofa-observe", "chainId": chain_id}
    types = {
        "EIP712Domain": [_field("name", "string"), _field("chainId", "uint256")],
        "Check": [_field("says", "string")],
    }
    return {
        "types": types,
        "primaryType": "Check",
        "domain": domain,
        "message": {"says": "This binds nobody to anything."},
    }


def _field(name: str, kind: str) -> dict[str, str]:
    return {"name": name, "type": kind}


def _transaction_probe(account: str, chain_id: int) -> dict[str, object]:
    """Nothing, to oneself, under the last number that an account can use (EIP-2681): no account gets there."""
    return {"chainId": chain_id, "nonce": 2**64 - 2, "gas": 21_000, "gasPrice": 0, "to": account}


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
