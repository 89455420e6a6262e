"""Who signs, as settings: a key in a keystore here, or a signer elsewhere that holds it. One of the two, for each role.

What a section lacks is told with all else that is wrong in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from sankofa_observe.fields import Part, Url

_KEYSTORE = ("keystore", "password_file")
ELSEWHERE = "web3signer"


class Web3SignerSettings(Part):
    """Where a Web3Signer listens in its eth1 mode, and who we are there."""

    url: Url
    account: Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$", repr=False)]
    ca_file: Path | None = Field(None, repr=False)
    client_certificate_file: Path | None = Field(None, repr=False)
    client_key_file: Path | None = Field(None, repr=False)
    header_file: Path | None = Field(None, repr=False)


class KeySettings(Part):
    """A keystore with its password's file, or `web3signer`."""

    keystore: Path | None = Field(None, repr=False)  # where a key stands in its place, nothing shows it
    password_file: Path | None = Field(None, repr=False)
    web3signer: Web3SignerSettings | None = None

    @model_validator(mode="wrap")
    @classmethod
    def _one_signer(cls, given: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        faults = list(_faults(given)) if isinstance(given, Mapping) else []
        try:
            made = handler(given)
        except ValidationError as error:
            faults += map(_again, error.errors())
            raise ValidationError.from_exception_data(cls.__name__, faults, hide_input=True) from None
        if faults:
            raise ValidationError.from_exception_data(cls.__name__, faults, hide_input=True)
        return made


def _faults(given: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
    there = [name for name in _KEYSTORE if given.get(name) is not None]
    if given.get(ELSEWHERE) is None:
        yield from (
            InitErrorDetails(type="missing", loc=(name,), input=None) for name in _KEYSTORE if name not in there
        )
    elif there:
        told = f"stands beside {' and '.join(there)}, expected one signer"
        yield InitErrorDetails(type=PydanticCustomError("two_signers", told), loc=(ELSEWHERE,), input=None)


def _again(error: Any) -> InitErrorDetails:
    """What the fields themselves say, in the same words."""
    # A message in braces would be a template.
    told = PydanticCustomError(error["type"], "{told}", {"told": error["msg"]})
    return InitErrorDetails(type=told, loc=error["loc"], input=error["input"])
