"""What fails one SLO or agreement holds up no other one."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import TypeVar

from sankofa_observe.errors import ENDS, InvariantBroken, SankofaError, unforeseen

log = logging.getLogger(__name__)
Event = TypeVar("Event")


def isolated(runs: Iterable[tuple[str, Iterator[Event]]]) -> Iterator[Event]:
    """Run them all, each by the name of its SLO or agreement: what fails one holds up no other, and is raised when all have run.

    What nobody foresaw is logged at once, and what all tell alike is told once.
    """
    errors: list[SankofaError] = []
    strange: list[BaseException] = []
    for name, run in runs:
        try:
            yield from run
        except SankofaError as error:
            errors.append(error)
        except ENDS:
            raise
        except BaseException as error:
            error.add_note(f"while {name} was worked on")
            log.exception("unexpected; the others of this turn go on")
            strange.append(error)
    broken = next((error for error in errors if isinstance(error, InvariantBroken)), None)
    texts = "; ".join(dict.fromkeys([*map(str, errors), *map(unforeseen, strange)]))
    if strange and not broken:
        raise RuntimeError(texts) from strange[0]
    if errors:
        raise type(broken or errors[0])(texts)
