"""What reached the people: each notification of each alert, with its time, and the counts that a budget speaks of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from deploy.lab.pager import Page

FIRING, RESOLVED = "firing", "resolved"


@dataclass(frozen=True, kw_only=True)
class Told:
    """One alert in one notification; `at` is when the webhook had it, by the wall clock."""

    at: float
    path: str
    name: str
    status: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    fingerprint: str

    def is_of(self, name: str, labels: Mapping[str, str]) -> bool:
        return self.name == name and labels.items() <= self.labels.items()

    def __str__(self) -> str:
        place = " ".join(self.labels.get(name, "") for name in ("tier", "region", "site"))
        return f"{self.path} {self.status} {self.name} {place} {self.annotations.get('summary', '')}"


def told(pages: Iterable[Page], path: str = "/page") -> list[Told]:
    """All that came to the path, in order of arrival."""
    return [_told(page, alert) for page in pages if page.path == path for alert in page.body["alerts"]]


def _told(page: Page, alert: Mapping[str, Any]) -> Told:
    return Told(
        at=page.at,
        path=page.path,
        name=alert["labels"]["alertname"],
        status=alert["status"],
        labels=alert["labels"],
        annotations=alert["annotations"],
        fingerprint=alert["fingerprint"],
    )
