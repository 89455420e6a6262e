"""The contract's ABI, as far as it is asked: words of 32 bytes, read one after the other, each refused where it is not of its type."""

from __future__ import annotations

from sankofa_observe.verify.findings import CannotCheck

WORD_BYTES = 32


def word(value: int | str) -> bytes:
    """A number in the low bytes of its word, hex in the high ones."""
    if isinstance(value, int):
        return value.to_bytes(WORD_BYTES, "big")
    return bytes.fromhex(value[2:]).ljust(WORD_BYTES, b"\0")


class Words:
    """An answer that is read from its beginning to its end; `what` is whose it is, for who is told that it cannot be read."""

    def __init__(self, raw: bytes, what: str) -> None:
        self._raw, self._what, self._at = raw, what, 0

    def number(self, bits: int) -> int:
        found = int.from_bytes(self._next(), "big")
        return found if found < 1 << bits else self._refuse(f"{found}", f"a number below 2^{bits}")

    def signed(self, bits: int) -> int:
        found = int.from_bytes(self._next(), "big", signed=True)
        return (
            found if -1 << bits - 1 <= found < 1 << bits - 1 else self._refuse(f"{found}", f"a number of {bits} bits")
        )

    def flag(self) -> bool:
        return bool(self.number(1))

    def hex(self, size: int) -> str:
        """So many bytes, which stand in front."""
        found = self._next()
        if any(found[size:]):
            self._refuse("0x" + found.hex(), f"{size} bytes and zeros")
        return "0x" + found[:size].hex()

    def address(self) -> str:
        return f"0x{self.number(160):040x}"

    def expect(self, number: int) -> None:
        """A word that says where something stands: there is one place for it."""
        if (found := self.number(256)) != number:
            self._refuse(str(found), str(number))

    def end(self) -> None:
        if self._at != len(self._raw):
            self._refuse(f"{len(self._raw)} bytes", f"{self._at}")

    def _next(self) -> bytes:
        found = self._raw[self._at : self._at + WORD_BYTES]
        if len(found) < WORD_BYTES:
            self._refuse(f"{len(self._raw)} bytes", f"{self._at + WORD_BYTES} or more")
        self._at += WORD_BYTES
        return found

    def _refuse(self, found: str, expected: str) -> int:
        raise CannotCheck(
            f"{self._what} answered {found[:80]}, expected {expected}; is this the chain that the file names? If so, ask another node"
        )
