"""A screenshot cut to what is on it, with at most 256 colours: a third of the size, and no eye sees it on a board.

Reads what Chromium writes (8 bits a channel, not interlaced) and nothing else.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOURS, DEPTH = 256, 8
MARGIN = 8
CHANNELS = {2: 3, 6: 4}  # of PNG's colour types: RGB, RGBA
Pixels = NDArray[np.uint8]


def shrink(path: Path, *, least: int = 0) -> None:
    """Rewrite the picture in its most frequent colours, each other one as the nearest of them, without empty lines below `least`."""
    pixels = cut(read(path), least)
    codes = pixels.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], dtype=np.uint32)
    seen, places, counts = np.unique(codes, return_inverse=True, return_counts=True)
    kept = _spread(seen, counts)
    nearest = _nearest(_channels(seen), _channels(kept))
    write(path, nearest[places].reshape(codes.shape), _channels(kept).astype(np.uint8))


def cut(pixels: Pixels, least: int) -> Pixels:
    """Without the lines at the foot that are like the last one."""
    differs = (pixels != pixels[-1, 0]).any(axis=(1, 2))
    used = int(differs.nonzero()[0].max(initial=0)) + 1 + MARGIN
    return pixels[: max(used, least)]


def _spread(seen: NDArray[np.uint32], counts: NDArray[np.int64]) -> NDArray[np.uint32]:
    """The most frequent colours, and of all others one of each cube of colours, cubes as small as there is room for."""
    order = seen[np.argsort(-counts, kind="stable")]
    frequent, others = order[: COLOURS // 2], order[COLOURS // 2 :]
    for shift in range(8):
        _, first = np.unique(_channels(others) >> shift, axis=0, return_index=True)
        if len(first) <= COLOURS - len(frequent):
            return np.concatenate([frequent, others[first]])
    raise AssertionError("a cube of 128 leaves eight")


def _channels(codes: NDArray[np.uint32]) -> NDArray[np.int32]:
    return np.stack([codes >> 16 & 255, codes >> 8 & 255, codes & 255], axis=-1).astype(np.int32)


def _nearest(seen: NDArray[np.int32], kept: NDArray[np.int32]) -> Pixels:
    far = np.full(len(seen), np.iinfo(np.int32).max, dtype=np.int32)
    found = np.zeros(len(seen), dtype=np.uint8)
    for place, colour in enumerate(kept):
        distance = ((seen - colour) ** 2).sum(axis=1, dtype=np.int32)
        nearer = distance < far
        far[nearer], found[nearer] = distance[nearer], place
    return found


def read(path: Path) -> Pixels:
    """Rows of pixels, red, green and blue."""
    found = list(chunks(path.read_bytes()))
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", found[0][1])
    if depth != DEPTH or kind not in CHANNELS or interlaced:
        raise ValueError(
            f"{path}: bit depth {depth}, colour type {kind}, interlaced {interlaced}; 8, 2 or 6 and 0 are read"
        )
    data = zlib.decompress(b"".join(body for name, body in found if name == b"IDAT"))
    each = CHANNELS[kind]
    lines = np.frombuffer(data, dtype=np.uint8).reshape(height, 1 + width * each)
    return _unfiltered(lines, each).reshape(height, width, each)[:, :, :3]


def _unfiltered(lines: Pixels, each: int) -> Pixels:
    """PNG stores differences: to the left, above, their mean, or the nearest of three neighbours."""
    found = np.zeros((len(lines) + 1, lines.shape[1] - 1), dtype=np.uint8)
    for place, line in enumerate(lines):
        _UNFILTER[line[0]](line[1:].astype(np.int32), found[place].astype(np.int32), found[place + 1], each)
    return found[1:]


def _plain(line: NDArray[np.int32], _above: NDArray[np.int32], out: Pixels, _each: int) -> None:
    out[:] = line


def _sub(line: NDArray[np.int32], _above: NDArray[np.int32], out: Pixels, each: int) -> None:
    out[:] = np.cumsum(line.reshape(-1, each), axis=0).reshape(-1) & 255


def _up(line: NDArray[np.int32], above: NDArray[np.int32], out: Pixels, _each: int) -> None:
    out[:] = (line + above) & 255


def _mean(line: NDArray[np.int32], above: NDArray[np.int32], out: Pixels, each: int) -> None:
    row, up, made = line.tolist(), above.tolist(), [0] * (each + len(line))
    for place, value in enumerate(row):
        made[place + each] = (value + (made[place] + up[place]) // 2) & 255
    out[:] = made[each:]


def _paeth(line: NDArray[np.int32], above: NDArray[np.int32], out: Pixels, each: int) -> None:
    row, up, made = line.tolist(), [0] * each + above.tolist(), [0] * (each + len(line))
    for place, value in enumerate(row):
        left, over, corner = made[place], up[place + each], up[place]
        guess = left + over - corner
        by_left, by_over, by_corner = abs(guess - left), abs(guess - over), abs(guess - corner)
        nearest = left if by_left <= by_over and by_left <= by_corner else over if by_over <= by_corner else corner
        made[place + each] = (value + nearest) & 255
    out[:] = made[each:]


_UNFILTER = (_plain, _sub, _up, _mean, _paeth)


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    if not data.startswith(SIGNATURE):
        raise ValueError("no PNG")
    place = len(SIGNATURE)
    while place < len(data):
        (size,) = struct.unpack_from(">I", data, place)
        yield data[place + 4 : place + 8], data[place + 8 : place + 8 + size]
        place += 12 + size


def write(path: Path, places: Pixels, palette: Pixels) -> None:
    """A picture of places in a palette."""
    height, width = places.shape
    lines = np.zeros((height, width + 1), dtype=np.uint8)
    lines[:, 1:] = places
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    body = zlib.compress(lines.tobytes(), 9)
    parts = ((b"IHDR", header), (b"PLTE", palette.tobytes()), (b"IDAT", body), (b"IEND", b""))
    path.write_bytes(SIGNATURE + b"".join(map(_chunk, parts)))


def _chunk(chunk: tuple[bytes, bytes]) -> bytes:
    name, body = chunk
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
