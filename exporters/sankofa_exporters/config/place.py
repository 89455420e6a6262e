"""Where a target is, and who is expected: the labels by which rules, boards and SLOs know it.

A site's and a region's name have one grammar in every reader (decision 0042): it stands in alerts, in addresses of boards and in
names of files. The platform has the same words in `adapters/spec_models.py`; a test holds both to one list of hostile names.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import StringConstraints
from pydantic_core import PydanticCustomError

if TYPE_CHECKING:
    from sankofa_exporters.config.settings import Document

log = logging.getLogger(__name__)
PLACE_NAME = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
TARGET_NAME = r"^[A-Za-z0-9](?:[A-Za-z0-9._:@-]|/[A-Za-z0-9._:@-]){0,127}$"  # an address is none
PLACE_LABELS = ("tier", "region", "site")
SYSTEM_LABEL = "system"

PlaceName = Annotated[str, StringConstraints(pattern=PLACE_NAME)]
Tier = Literal["core", "regional", "edge", "chain", "link", "region", "fleet"]
TIERS: tuple[str, ...] = get_args(Tier)  # as in the platform's `slo/site.py`
MOST_SHOWN = 5
_PLACE = re.compile(PLACE_NAME)


def checked_labels(labels: dict[str, str]) -> dict[str, str]:
    """A target's own labels; those that say where it is are as in the fleet file, and the exporter gives its own name."""
    if problems := "; ".join(_problems(labels)):
        raise PydanticCustomError("label", "{problems}", {"problems": problems})
    return labels


def _problems(labels: dict[str, str]) -> Iterator[str]:
    if SYSTEM_LABEL in labels:
        yield f"no {SYSTEM_LABEL}: it is the exporter's name, which every target has"
    if (tier := labels.get("tier")) is not None and tier not in TIERS:
        yield f"tier: one of {', '.join(TIERS)}, in place of {tier!r}"
    for key in ("region", "site"):
        if (name := labels.get(key)) is not None and not _PLACE.fullmatch(name):
            yield f"{key}: a name of at most 63 small letters, digits and hyphens inside, in place of {name!r}"


def placed(document: Document[Any, Any]) -> Iterator[tuple[str, ...]]:
    """Tier, region, site and name of each target of which all of these are known."""
    for name, target in sorted(document.targets.items()):
        if target.labels.keys() >= set(PLACE_LABELS):
            yield (*(target.labels[label] for label in PLACE_LABELS), name)


def placeless(document: Document[Any, Any]) -> list[str]:
    """The targets of which nobody can say where they are: no rule expects them, and no SLO counts them."""
    return sorted(name for name, target in document.targets.items() if not target.labels.keys() >= set(PLACE_LABELS))


def warn_of_placeless(document: Document[Any, Any]) -> None:
    """Log which targets have no place, what that costs, and what to do."""
    if names := placeless(document):
        shown = ", ".join(names[:MOST_SHOWN]) + f" and {len(names) - MOST_SHOWN} more" * (len(names) > MOST_SHOWN)
        consequence = "no rule expects them, no SLO counts them"
        hint = f"list them in the fleet file, or give them labels: {', '.join(PLACE_LABELS)}"
        log.warning("targets without a place", extra={"targets": shown, "consequence": consequence, "hint": hint})
