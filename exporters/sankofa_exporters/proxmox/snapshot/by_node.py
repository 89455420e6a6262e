"""The remembered answers to one question that many were asked, each with its age."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from .cluster import Cluster

V = TypeVar("V")


@dataclass(frozen=True, kw_only=True)
class ByNode(Generic[V]):
    """By node, or by what a detail is of (a guest, a storage of a node); who has no answer here is not known."""

    answers: Mapping[str, V]
    ages: Mapping[str, float]

    @property
    def oldest_first(self) -> list[str]:
        return sorted(self.answers, key=lambda node: (-self.ages[node], node))

    @property
    def age_seconds(self) -> float:
        """Of the oldest answer that is still believed."""
        return max(self.ages.values(), default=0.0)

    def nodes_of(self, cluster: Cluster | None) -> Iterable[str]:
        """Every node that should have answered."""
        return self.answers if cluster is None else cluster.online
