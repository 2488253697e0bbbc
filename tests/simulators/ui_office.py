# SPDX-License-Identifier: Apache-2.0
"""The pages on an instance without listeners, and browsers that visit them without JavaScript."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

from registry.accounts.accounts import Kind, create_account
from registry.accounts.credentials import set_password
from registry.accounts.grants import give_grant
from registry.accounts.permissions import SYSTEM, Role, Scope
from registry.api.app import DomainHealth, management_app
from registry.settings import Settings
from registry.ui.app import Ui
from tests.simulators.asgi import Reply, call
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.rest_callers import RestOffice

PASSWORD = "long enough for a test"
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>"
DOCUMENT = 299
"""The status of every published document."""
_HEALTH = DomainHealth(name="demo", participants=7, zone="sml.test", zone_serial=4, unpublished_changes=0, lacks=[])


async def nothing_published(scope: Any, receive: Any, send: Any) -> None:
    """Stands for the documents, which no page asks for."""
    await send({"type": "http.response.start", "status": DOCUMENT, "headers": []})
    await send({"type": "http.response.body", "body": b""})


class UiOffice(RestOffice):
    """The whole management application; `pages` is it."""

    def __init__(self, offline: OfflineInstance, *, oidc: bool = False, settings: Settings | None = None) -> None:
        super().__init__(offline, settings)
        self.pages = management_app(
            nothing_published,
            lambda: [_HEALTH],
            rest=self.app,
            ui=lambda rest: Ui(rest, oidc=oidc, clock=offline.clock),
        )

    def person(self, name: str, role: Role | None = None, scope: Scope = SYSTEM, *, must_change: bool = False) -> int:
        """Somebody with a password, and perhaps a role."""
        account = create_account(self.database, ACTOR, Kind.PERSON, name)
        set_password(self.database, ACTOR, account.id, PASSWORD, must_change=must_change)
        if role is not None:
            give_grant(self.database, ACTOR, account.id, role, scope)
        return account.id

    def browser(self, name: str | None = None, user_agent: str = "") -> "Browser":
        """A browser, in which somebody is logged in."""
        browser = Browser(self, user_agent=user_agent)
        if name is not None:
            reply = browser.post("/ui/login", name=name, password=PASSWORD, next="/ui/")
            assert (reply.status, reply.headers["location"]) == (303, "/ui/"), reply.body
        return browser


@dataclass(slots=True)
class Browser:
    """Keeps cookies, and says where its requests come from."""

    office: UiOffice
    user_agent: str = ""
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> Reply:
        """A page."""
        return self._ask("GET", path, b"", headers)

    def post(self, path: str, /, **form: str) -> Reply:
        """What a form of a page of ours sends."""
        headers = {"sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded"}
        return self._ask("POST", path, urlencode(form).encode(), headers)

    def upload(self, path: str, filename: str, content: bytes, /, **form: str) -> Reply:
        """What a form of a page of ours sends that has a file in its field `file`."""
        return self.send(path, form, {"file": (filename, content)})

    def send(self, path: str, form: Mapping[str, str], files: Mapping[str, tuple[str, bytes]] | None = None) -> Reply:
        """What a form of a page of ours sends that takes files: their names and contents by the names of its fields."""
        head = 'Content-Disposition: form-data; name="{}"'
        parts = [f"--b\r\n{head.format(name)}\r\n\r\n{value}\r\n".encode() for name, value in form.items()]
        for name, (filename, content) in (files or {}).items():
            parts.append(f'--b\r\n{head.format(name)}; filename="{filename}"\r\n\r\n'.encode() + content + b"\r\n")
        headers = {"sec-fetch-site": "same-origin", "content-type": "multipart/form-data; boundary=b"}
        return self._ask("POST", path, b"".join([*parts, b"--b--\r\n"]), headers)

    def submit(self, path: str, **changed: str) -> Reply:
        """Send the last form of the main part of a page as it is, with some fields filled in otherwise."""
        return self.submit_shown(self.get(path), path, changed)

    def submit_shown(
        self, shown: Reply, path: str, changed: Mapping[str, str], files: Mapping[str, tuple[str, bytes]] | None = None
    ) -> Reply:
        """As `submit`, of a page that was answered at `path`; with files, by the names of their fields."""
        form = forms_of(shown)[-2]  # behind it only the one in the footer
        sent = {**form.fields, **changed}
        target = form.action or path
        if form.takes_files:
            return self.send(target, sent, files)
        if form.method == "post":
            return self.post(target, **sent)
        return self.get(f"{target}?{urlencode(sent)}")

    def _ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        if self.user_agent:
            sent.append((b"user-agent", self.user_agent.encode()))
        if self.cookies:
            sent.append((b"cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items()).encode()))
        reply = call(self.office.pages, method, path.encode(), headers=sent, body=[body])
        for header in reply.all("set-cookie"):
            for cookie in SimpleCookie(header).values():
                self.cookies[cookie.key] = cookie.value
                if cookie["max-age"] == "0":
                    del self.cookies[cookie.key]
        return reply


@dataclass(slots=True)
class Form:
    """A form of a page, with what its fields hold."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    takes_files: bool = False


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._select = ""
        self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.forms[-1].fields[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            fields = self.forms[-1].fields
            fields[self._area] = fields[self._area].removeprefix("\n")  # HTML §13.1.2.5
            self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            files = told.get("enctype") == "multipart/form-data"
            self.forms.append(Form(told.get("action", ""), told.get("method", "get"), takes_files=files))
        elif tag == "input" and told.get("type") == "file":
            pass
        elif tag == "input" and (told.get("type") != "checkbox" or "checked" in told):
            self.forms[-1].fields[told["name"]] = told.get("value", "")
        elif tag == "textarea":
            self._area = told["name"]
            self.forms[-1].fields[self._area] = ""
        elif tag == "select":
            self._select = told["name"]
            self.forms[-1].fields[self._select] = ""
        elif tag == "option" and "selected" in told:
            self.forms[-1].fields[self._select] = told.get("value", "")


def forms_of(reply: Reply) -> list[Form]:
    """The forms of a page."""
    parser = _Forms()
    parser.feed(reply.body.decode())
    return parser.forms


def links_of(reply: Reply) -> set[str]:
    """Where the links of a page lead."""
    return {found.replace("&amp;", "&") for found in re.findall(r'<a [^>]*href="([^"]*)"', reply.body.decode())}


def text(reply: Reply) -> str:
    """A page that was given."""
    assert reply.status == 200, reply
    return reply.body.decode()


def check_harmless(reply: Reply) -> None:
    """What is hostile is in the page, but only as text."""
    page = text(reply)
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
