"""Where the next page begins, as callers hold it: a place in one list of one tenant, sealed, so that it opens nothing else."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field

from sankofa_observe.api.problems import Cause, Problem

_MAC_BYTES = 16
_FORM = b"sankofa-cursor/1"
MOST_LETTERS = 300


@dataclass(frozen=True)
class Cursors:
    """Sealed by the installation's secret: every process that has it reads what another one wrote, for as long as it stays the same."""

    secret: bytes = field(repr=False)

    def seal(self, place: str, *of: str) -> str:
        """`of` names the list: its tenant, its operation, and what it is narrowed by."""
        raw = place.encode()
        return base64.urlsafe_b64encode(self._mac(raw, of) + raw).rstrip(b"=").decode()

    def open(self, cursor: str, *of: str) -> str:
        """The place; raises `Problem` for what was not sealed for this list."""
        try:
            whole = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            mac, raw = whole[:_MAC_BYTES], whole[_MAC_BYTES:]
            if hmac.compare_digest(mac, self._mac(raw, of)):
                return raw.decode()
        except (binascii.Error, ValueError):
            pass
        raise Problem(
            Cause.INVALID_CURSOR,
            "`cursor` is not the `next_cursor` of a page of this list with these parameters; begin without one",
        )

    def _mac(self, raw: bytes, of: tuple[str, ...]) -> bytes:
        parts = b"".join(len(one.encode()).to_bytes(4, "big") + one.encode() for one in of)
        return hmac.new(self.secret, _FORM + parts + raw, hashlib.sha256).digest()[:_MAC_BYTES]
