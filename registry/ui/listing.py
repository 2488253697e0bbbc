# SPDX-License-Identifier: Apache-2.0
"""Lists page by page: filters and place stand in the URL, so that a page can be kept, sent and gone back to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from registry.ui.rest import RestError
from registry.ui.visit import Visit

SIZE = 50


@dataclass(frozen=True, slots=True)
class Listing:
    """A part of a list."""

    items: list[Any]
    following: str | None
    """The cursor of what follows; None at the end."""
    first: bool
    """Whether it is the beginning."""
    filters: Mapping[str, str]
    """What was asked for, as the URL has it."""
    wrong: list[str]
    """Why the list could not be made of these filters."""
    size: int = SIZE
    """How many items a page has where they are not few among many."""

    @property
    def filtered(self) -> bool:
        """Whether anything narrows it down."""
        return any(self.filters.values())


async def listing(
    visit: Visit,
    path: str,
    *segments: str,
    filters: Iterable[str] = (),
    query: Mapping[str, str] | None = None,
    size: int = SIZE,
) -> Listing:
    """A part of a list of REST; `filters` are parameters of the page that are REST's, too, `query` others for REST.

    A filter that REST refuses gives an empty list that says why.
    """
    asked = {name: visit.query.get(name, "").strip() for name in filters}
    sent = {name: value for name, value in asked.items() if value} | dict(query or {}) | {"limit": str(size)}
    cursor = visit.query.get("cursor", "")
    if cursor:
        sent["cursor"] = cursor
    try:
        page = await visit.rest.get(path, *segments, query=sent)
    except RestError as error:
        if error.status != 400:
            raise
        return Listing([], None, not cursor, asked, error.messages, size)
    return Listing(page["items"], page["next_cursor"], not cursor, asked, [], size)
