# SPDX-License-Identifier: Apache-2.0
"""Which function makes which page. Paths are taken apart before they are decoded: identifiers hold `/` and `::`."""

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from starlette.responses import Response

from registry.errors import ValidationError
from registry.identifiers.url_form import decode_segment

Handler = Callable[..., Awaitable[Response]]
H = TypeVar("H", bound=Handler)
_NAME = re.compile(r"\\{(\w+)\\}")


@dataclass(frozen=True, slots=True)
class Page:
    """A page, or what a form of it is sent to."""

    method: str
    path: str
    handler: Handler
    pattern: re.Pattern[str]
    uploads: bool = False
    """Whether the handler reads the form itself, once it knows that the visitor may send so much."""


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of one kind of thing."""

    pages: list[Page] = field(default_factory=list)

    def get(self, path: str) -> Callable[[H], H]:
        """Declare what shows a page; each `{name}` of the path is given to it as text."""
        return self._declare("GET", path)

    def post(self, path: str, *, uploads: bool = False) -> Callable[[H], H]:
        """Declare what a form is sent to; see Page.uploads."""
        return self._declare("POST", path, uploads=uploads)

    def _declare(self, method: str, path: str, *, uploads: bool = False) -> Callable[[H], H]:
        pattern = re.compile(_NAME.sub(r"(?P<\1>[^/]+)", re.escape(path)))

        def declared(handler: H) -> H:
            self.pages.append(Page(method, path, handler, pattern, uploads))
            return handler

        return declared


class NoPageError(Exception):
    """There is no page at a path, or it takes no such request; then `allowed` names what it takes."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        super().__init__("there is no such page")
        self.allowed = sorted(set(allowed))


class Router:
    """All pages."""

    def __init__(self, parts: Iterable[Pages]) -> None:
        self.pages = [page for part in parts for page in part.pages]

    def find(self, method: str, path: str) -> tuple[Page, dict[str, str]]:
        """The page of an encoded path, and what the path says. Raises NoPageError."""
        allowed: list[str] = []
        for page in self.pages:
            matched = page.pattern.fullmatch(path)
            if matched is None:
                continue
            if page.method != method:
                allowed.append(page.method)
                continue
            try:
                return page, {name: decode_segment(raw.encode()) for name, raw in matched.groupdict().items()}
            except ValidationError:
                raise NoPageError from None
        raise NoPageError(allowed)
