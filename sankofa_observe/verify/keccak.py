"""keccak-256, as Ethereum hashes: the padding of before SHA-3, which Python's own library does not have.

Written from the specification of Keccak, for the few words that the contract hashes; not fast, and no place for secrets.
"""

from __future__ import annotations

RATE = 136  # bytes of the state that take input, for 256 bits of output
_MASK = (1 << 64) - 1


def keccak(data: bytes) -> bytes:
    padded = bytearray(data) + b"\x01" + bytes(-(len(data) + 1) % RATE)
    padded[-1] |= 0x80
    state = [0] * 25
    for start in range(0, len(padded), RATE):
        for lane in range(RATE // 8):
            at = start + 8 * lane
            state[lane] ^= int.from_bytes(padded[at : at + 8], "little")
        state = _permuted(state)
    return b"".join(lane.to_bytes(8, "little") for lane in state[:4])


def _permuted(state: list[int]) -> list[int]:
    """Keccak-f[1600]: 24 rounds over 25 lanes, lane x, y at x + 5 * y."""
    for constant in _CONSTANTS:
        column = [state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20] for x in range(5)]
        mixed = [column[x - 1] ^ _turned(column[(x + 1) % 5], 1) for x in range(5)]
        moved = [0] * 25
        for lane in range(25):
            x, y = lane % 5, lane // 5
            moved[y + 5 * ((2 * x + 3 * y) % 5)] = _turned(state[lane] ^ mixed[x], _OFFSETS[lane])
        state = [moved[lane] ^ (~moved[_right(lane, 1)] & _MASK & moved[_right(lane, 2)]) for lane in range(25)]
        state[0] ^= constant
    return state


def _right(lane: int, by: int) -> int:
    return lane // 5 * 5 + (lane + by) % 5


def _turned(lane: int, by: int) -> int:
    return (lane << by | lane >> (64 - by)) & _MASK


def _offsets() -> list[int]:
    """By how much each lane is turned: triangular numbers along the way of the specification."""
    offsets, x, y = [0] * 25, 1, 0
    for step in range(24):
        offsets[x + 5 * y] = (step + 1) * (step + 2) // 2 % 64
        x, y = y, (2 * x + 3 * y) % 5
    return offsets


def _constants() -> list[int]:
    """Of each round, from the specification's shift register."""
    constants, register = [], 1
    for _ in range(24):
        constant = 0
        for place in range(7):
            if register & 1:
                constant |= 1 << ((1 << place) - 1)
            register <<= 1
            if register >> 8:
                register ^= 0x171
        constants.append(constant)
    return constants


_OFFSETS = _offsets()
_CONSTANTS = _constants()
