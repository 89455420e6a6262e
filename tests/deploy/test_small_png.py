"""Pictures of boards are cut and get few colours, whatever way Chromium has written them."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from deploy.lab.boards import small_png

Pixels = NDArray[np.uint8]
FILTERS = {0: "none", 1: "left", 2: "above", 3: "mean", 4: "nearest of three"}


def _guess(kind: int, left: int, above: int, corner: int) -> int:
    """What PNG takes off a byte, by its standard."""
    first = left + above - corner
    by_distance = sorted((left, above, corner), key=lambda one: abs(first - one))
    return (0, left, above, (left + above) // 2, by_distance[0])[kind]


def _png(path: Path, pixels: Pixels, kind: int) -> None:
    height, width, each = pixels.shape
    rows = np.zeros((height + 1, (width + 1) * each), dtype=np.int64)
    rows[1:, each:] = pixels.reshape(height, -1)
    body = bytearray()
    for y in range(1, height + 1):
        body.append(kind)
        for x in range(each, rows.shape[1]):
            guess = _guess(kind, rows[y, x - each], rows[y - 1, x], rows[y - 1, x - each])
            body.append((int(rows[y, x]) - int(guess)) & 255)
    header = struct.pack(">IIBBBBB", width, height, 8, 2 if each == 3 else 6, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(body))), (b"IEND", b""))
    path.write_bytes(
        small_png.SIGNATURE
        + b"".join(
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
            for name, data in chunks
        )
    )


def _restless(channels: int) -> Pixels:
    return np.random.default_rng(7).integers(0, 256, size=(9, 11, channels), dtype=np.uint8)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("kind", FILTERS, ids=FILTERS.values())
def test_a_picture_is_read_as_it_was_written(tmp_path: Path, kind: int, channels: int) -> None:
    """Each of the five ways in which PNG stores differences, with and without transparency."""
    pixels = _restless(channels)
    _png(tmp_path / "one.png", pixels, kind)
    assert np.array_equal(small_png.read(tmp_path / "one.png"), pixels[:, :, :3])


def test_few_colours_are_kept_as_they_are_and_empty_lines_at_the_foot_go(tmp_path: Path) -> None:
    """A picture of three colours has the same pixels afterwards, and a palette; below the last drawn line a margin is left."""
    pixels = np.full((60, 20, 3), 17, dtype=np.uint8)
    pixels[5:20, 3:9] = (196, 22, 42)
    pixels[10, 4] = (142, 124, 195)
    path = tmp_path / "few.png"
    _png(path, pixels, 0)
    small_png.shrink(path)
    palette, places = _palette(path)
    assert np.array_equal(palette[places], pixels[: 20 + small_png.MARGIN])


def _palette(path: Path) -> tuple[Pixels, Pixels]:
    chunks = dict(small_png.chunks(path.read_bytes()))
    width, height, depth, kind, *_ = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (depth, kind) == (8, 3)
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), dtype=np.uint8).reshape(height, width + 1)
    return np.frombuffer(chunks[b"PLTE"], dtype=np.uint8).reshape(-1, 3), lines[:, 1:]


def test_a_picture_is_never_lower_than_it_must_be(tmp_path: Path) -> None:
    """A screen that is empty below stays a screen."""
    path = tmp_path / "screen.png"
    pixels = np.zeros((60, 20, 3), dtype=np.uint8)
    pixels[0] = 255
    _png(path, pixels, 2)
    small_png.shrink(path, least=50)
    assert _palette(path)[1].shape == (50, 20)


def test_many_colours_become_near_ones(tmp_path: Path) -> None:
    """No pixel of a picture with more colours than a palette holds is far from what it was."""
    shades = np.arange(0, 256, dtype=np.uint8)
    pixels = np.stack(np.broadcast_arrays(shades[:, None], shades[None, :], np.uint8(40)), axis=-1)
    path = tmp_path / "many.png"
    _png(path, pixels, 1)
    small_png.shrink(path)
    palette, places = _palette(path)
    assert np.abs(palette[places].astype(int) - pixels[: len(places)].astype(int)).mean() < 24


def test_what_is_no_such_picture_is_refused(tmp_path: Path) -> None:
    """Another file, and another depth, are named."""
    path = tmp_path / "other"
    path.write_bytes(b"GIF89a")
    with pytest.raises(ValueError, match="no PNG"):
        small_png.read(path)
