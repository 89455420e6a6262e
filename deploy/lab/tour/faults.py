"""What breaks in the tour, driven into the sources of the yard: one way a tier, and the planned work."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from deploy.lab.sources.gateway import users
from deploy.lab.tour.cast import CORE, EDGE, REGIONAL, Part
from deploy.lab.tour.stage import Sites

# Two servers of two places each take eight requests a second, two less than is promised, and half of the users wait in the queue.
USERS, HELD_SECONDS = 8, 0.5
SLOW_SECONDS = 0.15
Act = Callable[[], None]


class Faults:
    """Each is begun once and ended once."""

    def __init__(self, sites: Sites) -> None:
        self._sites = sites
        self._users = ExitStack()

    def close(self) -> None:
        self._users.close()

    def of(self, part: Part) -> tuple[Act, Act]:
        """How the promise is broken, and how that ends."""
        return {
            CORE: (lambda: self._sites.readyz.fail(status=500), self._sites.readyz.mend),
            REGIONAL: (self._crowd, self._disperse),
            EDGE: (
                lambda: self._sites.behind_nginx.fail(status=200, delay_seconds=SLOW_SECONDS),
                self._sites.behind_nginx.mend,
            ),
        }[part]

    def _crowd(self) -> None:
        for origin in self._sites.origins:
            origin.fail(status=200, delay_seconds=HELD_SECONDS)
        self._users.enter_context(users(self._sites.haproxy.url, USERS))

    def _disperse(self) -> None:
        for origin in self._sites.origins:
            origin.mend()
        self._users.close()

    def work_begins(self) -> None:
        """The API server is gone: nobody listens at its address."""
        self._sites.readyz.stop()

    def work_ends(self) -> None:
        self._sites.readyz.mend()
