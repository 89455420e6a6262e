"""Logs are asked for in pages: every block once, and no more at once than a node answers."""

from __future__ import annotations

import pytest

from sankofa_observe.adapters import books


@pytest.mark.parametrize("blocks", [1, 2, 7])
def test_pages_have_every_block_once_and_none_beyond_the_last(blocks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the last page is full or not; of a stretch without a block there is none."""
    monkeypatch.setattr(books, "LOG_PAGE_BLOCKS", blocks)
    for last in range(10, 30):
        found = list(books.pages(10, last))
        assert [number for page in found for number in page] == list(range(10, last + 1))
        assert {len(page) for page in found[:-1]} <= {blocks}
        assert 0 < len(found[-1]) <= blocks
    assert list(books.pages(10, 9)) == []
