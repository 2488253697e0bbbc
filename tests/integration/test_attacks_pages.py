# SPDX-License-Identifier: Apache-2.0
"""Every page, and every form on it, when whatever REST leaves free to say is hostile.

Between the pages and REST stands somebody who adds markup to each text of an answer, but to those that REST's own
description bounds to words or instants, and takes it off again where a page sends such a text back. So a new page, and
a new field on an old one, is tried without anybody having thought of it.
"""

import json
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import pytest

from registry.api.app import management_app
from registry.demo.pki import DemoPki
from registry.identifiers.url_form import encode_segment
from registry.ui.app import PAGES, Ui
from registry.ui.routing import Router
from tests.conftest import ROOT
from tests.simulators.asgi import Reply, call
from tests.simulators.filled_pages import FilledPages
from tests.simulators.live import live_instance
from tests.simulators.ui_office import HOSTILE, Form, forms_of, nothing_published


def _query_names() -> list[str]:
    """The names of parameters that any page reads, by its source."""
    sources = [path.read_text() for path in (ROOT / "registry" / "ui").rglob("*.py")]
    read = [name for text in sources for name in re.findall(r'query(?:\.get\(|\[)"(\w+)"', text)]
    filters = [found for text in sources for found in re.findall(r"FILTERS\b[^=]*= \(([^)]*)\)", text)]
    return sorted({*read, *re.findall(r'"(\w+)"', " ".join(filters))})


pytestmark = pytest.mark.slow
SCRIPT = "javascript:alert(3)//"
ROUTES = [page.path for page in Router(PAGES).pages if page.method == "GET"]
PLAIN = frozenset({"/login", "/password"})
"""Pages that show nothing of what REST answers, not even who visits."""
ODD = (HOSTILE, "\0", "\ud800", "-1", "9" * 40, "../..", "2026-13-45T99:99:99Z", "::", "x" * 3_000)
"""What no list, number, instant, identifier or name may be."""
QUERY = _query_names()
WORDS = frozenset({"action", "outcome", "state"})
"""Names of members that hold words of ours, though REST's description doesn't list them."""
LEAVES = ("/ui/logout", "/ui/login", "/ui/password")
"""Forms that end the visit."""
_LINKS = frozenset({"href", "src", "action", "formaction"})
Message = dict[str, Any]


def bounded(description: Mapping[str, Any]) -> frozenset[str]:
    """The names of members for which the description of REST leaves no free text anywhere."""
    free: dict[str, bool] = {}
    for schema in description["components"]["schemas"].values():
        for name, said in schema.get("properties", {}).items():
            forms = said.get("anyOf", [said])
            narrow = all({"enum", "const", "format"} & each.keys() or each.get("type") != "string" for each in forms)
            free[name] = free.get(name, False) or not narrow
    return WORDS | {name for name, is_free in free.items() if not is_free}


@dataclass(slots=True)
class Hostile:
    """REST, in whose answers each free text has `suffix` behind it, and each address of the web `prefix` before it."""

    app: Callable[[Any, Any, Any], Awaitable[None]]
    names: frozenset[str]
    suffix: str = ""
    prefix: str = ""
    seen: set[str] = field(default_factory=set)

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        parts: list[Message] = []

        async def keep(message: Message) -> None:
            parts.append(message)

        raw = self._bare(scope["raw_path"].decode(), encode_segment)
        query = self._bare(scope["query_string"].decode(), quote_plus)
        asked = {**scope, "raw_path": raw.encode(), "path": raw, "query_string": query.encode()}
        await self.app(asked, receive, keep)
        start, *rest = parts
        body = b"".join(part.get("body", b"") for part in rest)
        headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
        is_json = (b"content-type", b"application/json") in headers
        if start["status"] == 200 and is_json and not raw.endswith("/openapi.json"):  # which is ours
            body = json.dumps(self.changed(json.loads(body))).encode()
        await send({**start, "headers": [*headers, (b"content-length", str(len(body)).encode())]})
        await send({"type": "http.response.body", "body": body})

    def changed(self, value: Any, name: str = "") -> Any:
        """An answer, or a part of it, with what is hostile."""
        if isinstance(value, dict):
            return {key: self.changed(each, key) for key, each in value.items()}
        if isinstance(value, list):
            return [self.changed(each, name) for each in value]
        if not isinstance(value, str) or name in self.names or _is_instant(value):
            return value
        self.seen.add(name)
        return (self.prefix if value.startswith("http") else "") + value + self.suffix

    def _bare(self, text: str, encode: Callable[[str], str]) -> str:
        for hostile in filter(None, (self.suffix, self.prefix)):
            text = text.replace(encode(hostile), "")
        return text


def _is_instant(text: str) -> bool:
    try:
        return bool(datetime.fromisoformat(text))
    except ValueError:
        return False


class _Markup(HTMLParser):
    """What in a page would run, or lead to what runs."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        own = (tag, told.get("src", "").startswith("/ui/static/")) == ("script", True)
        runs = (tag in {"script", "iframe", "object", "embed", "base"} and not own) or told.get("src") == "x"
        runs = runs or any(name.startswith("on") or name == "style" for name in told)
        leads = (told[name].strip().lower() for name in _LINKS & told.keys())
        if runs or any(each.startswith(("javascript:", "data:", "//", "\\")) for each in leads):
            self.found.append(self.get_starttag_text() or tag)


def markup(reply: Reply) -> list[str]:
    """What in a page isn't ours."""
    parser = _Markup()
    parser.feed(reply.body.decode())
    return parser.found


class Visitor:
    """An administrator at pages behind which somebody hostile stands."""

    def __init__(self, filled: FilledPages) -> None:
        self.filled = filled
        names = bounded(filled.ask("GET", "/openapi.json"))
        rest = Hostile(filled.office.app, names, suffix=HOSTILE, prefix=SCRIPT)
        clock = filled.offline.clock
        self.pages = management_app(nothing_published, list, rest=rest, ui=lambda rest: Ui(rest, clock=clock))

    def ask(self, path: str, form: Mapping[str, str] | None = None) -> Reply:
        """A page, or what a form of it is answered."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.filled.cookies.items())
        headers = [(b"cookie", cookies.encode())]
        if form is None:
            return call(self.pages, "GET", path.encode(), headers=headers)
        headers += [(b"sec-fetch-site", b"same-origin"), (b"content-type", b"application/x-www-form-urlencoded")]
        return call(self.pages, "POST", path.encode(), headers=headers, body=[urlencode(form).encode()])


@pytest.fixture(scope="module")
def visitor(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[Visitor]:
    with live_instance(tmp_path_factory.mktemp("hostile"), pki) as live:
        yield Visitor(FilledPages(live))


@pytest.fixture
def vandal(tmp_path: Path, pki: DemoPki) -> Iterator[Visitor]:
    """At an instance of which nothing has to stay."""
    with live_instance(tmp_path, pki) as live:
        yield Visitor(FilledPages(live))


@pytest.mark.parametrize("route", ROUTES)
def test_no_text_of_an_answer_becomes_markup_or_a_link_that_runs(visitor: Visitor, route: str) -> None:
    reply = visitor.ask(visitor.filled.path(route))
    assert reply.status == 200
    assert markup(reply) == []
    assert (b"&lt;script&gt;alert(1)" in reply.body) is (route not in PLAIN), "it is on the page, as text"


@pytest.mark.parametrize("route", ROUTES)
def test_no_address_that_somebody_makes_up_is_a_mistake_of_ours_or_becomes_markup(visitor: Visitor, route: str) -> None:
    path = visitor.filled.path(route)
    for value in ODD:
        reply = visitor.ask(f"{path}?{urlencode(dict.fromkeys(QUERY, value), errors='surrogatepass')}")
        assert reply.status < 500, value
        assert markup(reply) == [], value
        if "{" in route:
            odd = re.sub(r"\{\w+\}", lambda _: quote(value, safe="", errors="surrogatepass") or "%00", route)  # noqa: B023
            reply = visitor.ask(f"/ui{odd}")
            assert reply.status < 500, odd
            assert markup(reply) == [], odd


def test_what_is_typed_into_any_form_is_text_in_the_answer(vandal: Visitor) -> None:
    forms: dict[tuple[str, str], Form] = {}
    for route in ROUTES:
        path = vandal.filled.path(route)
        for form in forms_of(vandal.ask(path)):
            target = form.action or path
            if not target.startswith(LEAVES):
                forms.setdefault((form.method, target), form)
    assert len([method for method, _ in forms if method == "post"]) > 20
    for (method, target), form in forms.items():
        typed = {name: f"{value}{HOSTILE}" for name, value in form.fields.items() if name}
        for sent in (typed, {}, dict.fromkeys(typed, "\0"), dict.fromkeys(typed, "9" * 40)):
            reply = vandal.ask(target, sent) if method == "post" else vandal.ask(f"{target}?{urlencode(sent)}")
            assert reply.status < 500, (target, sent)
            assert markup(reply) == [], (target, sent)
            assert "//" not in reply.headers.get("location", "/ui/"), (target, sent)
