"""What each witness holds of one chain: verified headers by hash, and which hash each witness has at each height.

Headers are immutable, so they are kept by hash and read once; a witness adds only the seals that others had not shown.
Bounded: `keep` heights for each witness, and at most twice the headers that witnesses hold. No I/O.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sankofa_exporters.besu.network.snapshot.headers import Header, extra_digest, parse_header


@dataclass(kw_only=True)
class ChainView:
    """Grows by `learn`, forgets by itself."""

    keep: int
    headers: dict[bytes, Header] = field(default_factory=dict)
    copies: dict[bytes, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    held: dict[str, dict[int, bytes]] = field(default_factory=lambda: defaultdict(dict))
    full: int = 0  # headers at which those that nobody holds any more are looked for

    def learn(self, witness: str, headers: Iterable[Header]) -> None:
        """Take over what a witness showed now; a height that it showed otherwise before is overwritten."""
        mine = self.held[witness]
        for header in headers:
            known = self.headers.get(header.hash)
            self.headers[header.hash] = known.joined(header) if known else header
            self.copies[header.hash].add(header.extra_digest)
            mine[header.number] = header.hash
        self._forget(mine)

    def recall(self, block: Any) -> Header | None:
        """The header of a block whose very copy was read before; spares its hash and its signatures."""
        try:
            block_hash = bytes.fromhex(block["hash"][2:])
        except (KeyError, TypeError, ValueError):
            return None
        digest = extra_digest(block)
        return self.headers.get(block_hash) if digest in self.copies.get(block_hash, ()) else None

    def read(self, blocks: Sequence[Any]) -> list[Header]:
        """Headers of the blocks, in order; raises `CollectorError` at the first that is not what it says."""
        return [self.recall(block) or parse_header(block) for block in blocks]

    def set_validators(self, header: Header, validators: tuple[bytes, ...]) -> None:
        """For a header that lists none: what the node answered; `CollectorError` when the seals contradict it."""
        known = self.headers.get(header.hash, header)
        self.headers[header.hash] = replace(known, validators=validators).checked()

    def at(self, witness: str, number: int) -> Header | None:
        block_hash = self.held.get(witness, {}).get(number)
        return None if block_hash is None else self.headers.get(block_hash)

    def missing(self, witness: str, low: int, high: int) -> list[int]:
        """Heights from `low` up to and without `high` that this witness has not shown."""
        mine = self.held.get(witness, {})
        return [number for number in range(low, high) if number not in mine]

    def drop(self, witness: str, low: int, high: int = 1 << 64) -> None:
        """Forget what a witness showed from `low` up to and without `high`: it tells another history now."""
        mine = self.held[witness]
        for number in [number for number in mine if low <= number < high]:
            del mine[number]

    def run(self, witness: str, head: Header, length: int) -> list[Header]:
        """The longest contiguous run that ends in `head`, at most `length`, oldest first."""
        found = [self.headers.get(head.hash, head)]
        while len(found) < length:
            parent = self.at(witness, found[-1].number - 1)
            if parent is None or parent.hash != found[-1].parent_hash:
                break
            found.append(parent)
        return found[::-1]

    def shared(self, witnesses: Iterable[str]) -> Iterator[Mapping[str, bytes]]:
        """For each height that two or more witnesses have shown: who holds which hash."""
        by_height: dict[int, dict[str, bytes]] = defaultdict(dict)
        for witness in witnesses:
            for number, block_hash in self.held.get(witness, {}).items():
                by_height[number][witness] = block_hash
        return (holders for _, holders in sorted(by_height.items()) if len(holders) > 1)

    def _forget(self, mine: dict[int, bytes]) -> None:
        while len(mine) > self.keep:
            del mine[min(mine)]
        if len(self.headers) > max(self.full, 2 * self.keep):
            wanted = {block_hash for one in self.held.values() for block_hash in one.values()}
            self.headers = {block_hash: header for block_hash, header in self.headers.items() if block_hash in wanted}
            self.copies = defaultdict(set, {one: self.copies[one] for one in self.headers})
            self.full = 2 * len(self.headers)
