"""Lists in pages: a limit, a cursor, and where the next page is, in the body and as a link."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

from fastapi import Depends, Query, Request, Response

from sankofa_observe.api.access import Caller
from sankofa_observe.api.cursors import MOST_LETTERS
from sankofa_observe.api.problems import Cause, Problem
from sankofa_observe.errors import WrongCursor
from sankofa_observe.ports import Page

Item = TypeVar("Item")
Body = TypeVar("Body")
PAGE, MOST = 100, 500  # items of a page: without `limit`, and at most


class Paging:
    """What a list is asked for, and how its page is answered."""

    def __init__(
        self,
        request: Request,
        response: Response,
        caller: Caller,
        limit: Annotated[int, Query(ge=1, le=MOST, description="How many items at most")] = PAGE,
        cursor: Annotated[
            str | None, Query(max_length=MOST_LETTERS, description="The `next_cursor` of the page before")
        ] = None,
    ) -> None:
        self._request, self._response, self._caller = request, response, caller
        self._limit, self._cursor = limit, cursor

    def of(
        self, ask: Callable[..., Page[Item]], made: Callable[[Item], Body], **narrowed: str | None
    ) -> dict[str, Any]:
        """The members of a page's body; `narrowed` are the parameters by which the list is narrowed."""
        kept = {name: value for name, value in narrowed.items() if value is not None}
        of = (self._caller.principal.tenant, self._request.scope["path"], urlencode(sorted(kept.items())))
        cursors = self._caller.cursors
        after = None if self._cursor is None else cursors.open(self._cursor, *of)
        try:
            page = ask(limit=self._limit, after=after)
        except WrongCursor:
            raise Problem(Cause.INVALID_CURSOR, "the list has another order by now; begin without a cursor") from None
        following = cursors.seal(page.next, *of) if page.next else None
        if following:
            query = urlencode({**kept, "limit": self._limit, "cursor": following})
            self._response.headers["Link"] = f'<{self._request.scope["path"]}?{query}>; rel="next"'
        return {"items": [made(one) for one in page.items], "next_cursor": following}


Paged = Annotated[Paging, Depends()]
