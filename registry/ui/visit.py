# SPDX-License-Identifier: Apache-2.0
"""One request for a page: who visits, in which language, what they may, and how they are answered."""

import asyncio
import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import Response

from registry.telemetry import request_id
from registry.ui.labels import FLASHES
from registry.ui.locales import wanted_language
from registry.ui.multipart import MAX_PARTS, Part, parse_multipart
from registry.ui.rendering import ROOT, path_of
from registry.ui.rest import Rest

MAX_FORM = 64_000
MAX_FIELDS = 100
MAX_LIST = 400_000  # octets of a form with a list of a thousand participants
MAX_UPLOAD = 2_000_000  # octets of a form with a file, as much as REST and the listener take
THEMES = ("auto", "light", "dark")
LANGUAGE_COOKIE, THEME_COOKIE, FLASH_COOKIE = "registry_language", "registry_theme", "registry_flash"
_KEPT_S = 365 * 86_400
_FLASH_S = 60
_MAX_NAME = 200  # characters of a flash: a cookie has 4096 octets


class FormTooLargeError(Exception):
    """A form has more octets, or fields, than any of ours."""


@dataclass(frozen=True, slots=True)
class Shell:
    """What stands around a page: who is logged in, and where they may go."""

    me: Mapping[str, Any]
    domains: tuple[str, ...]
    """Those of which the visitor knows."""
    allowed: frozenset[str]
    """What they may do in the whole system."""
    domain: str | None
    """The one that the page is about, or the first."""
    here: frozenset[str]
    """What they may do in that."""


class Visit:
    """A request, as the functions see it that make pages."""

    def __init__(self, request: Request, rest: Rest, templates: Environment, *, oidc: bool, now: datetime) -> None:
        self.rest = rest
        self.oidc = oidc
        self.now = now
        self.method = request.method
        self.query = dict(reversed(request.query_params.multi_items()))
        self.form: Mapping[str, str] = {}
        self.by_script = "hx-request" in request.headers
        """Whether a page of ours asks for a part of this one."""
        self.language = wanted_language(
            request.cookies.get(LANGUAGE_COOKIE, ""), request.headers.get("accept-language", "")
        )
        theme = request.cookies.get(THEME_COOKIE, "")
        self.theme = theme if theme in THEMES else THEMES[0]
        self.secure = request.url.scheme == "https"
        raw: str = request.scope["raw_path"].decode("latin-1")
        self.here = raw + (f"?{request.url.query}" if request.url.query else "")
        self._request = request
        self._templates = templates
        self._flash = _read_flash(request.cookies.get(FLASH_COOKIE, ""))
        self._had_flash = FLASH_COOKIE in request.cookies
        self._shell: Shell | None = None

    async def read_form(self, bound: int = MAX_FORM) -> None:
        """Read what a form sends, of so many octets at most. Raises FormTooLargeError."""
        text = (await self._read(bound)).decode("latin-1")
        try:
            self.form = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS))
        except ValueError:
            raise FormTooLargeError from None

    async def read_upload(self, name: str) -> Part | None:
        """Read a form with a file, which is in the field `name`; None where none was chosen.

        Raises MultipartError and FormTooLargeError.
        """
        return (await self.read_files()).get(name)

    async def read_files(self, most: int = MAX_PARTS) -> Mapping[str, Part]:
        """As `read_upload`, of a form with several files and at most so many fields: what was chosen, by field."""
        body = await self._read(MAX_UPLOAD)
        parts = parse_multipart(self._request.headers.get("content-type", ""), body, most)
        self.form = {part.name: part.content.decode("utf-8", "replace") for part in parts if part.filename is None}
        return {part.name: part for part in reversed(parts) if part.filename}

    async def _read(self, bound: int) -> bytes:
        """The body. Raises FormTooLargeError, before any of it is read where it says so itself."""
        length = self._request.headers.get("content-length", "")
        if length.isdecimal() and (len(length) > len(str(bound)) or int(length) > bound):
            raise FormTooLargeError
        parts: list[bytes] = []
        size = 0
        async for part in self._request.stream():
            size += len(part)
            if size > bound:
                raise FormTooLargeError
            parts.append(part)
        return b"".join(parts)

    async def shell(self, domain: str | None = None) -> Shell:
        """Who visits, and where they may go. Raises RestError for who isn't logged in."""
        if self._shell is None or (domain is not None and self._shell.domain != domain):
            self._shell = await self._asked(domain)
        return self._shell

    async def _asked(self, domain: str | None) -> Shell:
        every = {"limit": "500"}
        me = await self.rest.get("/me")
        listed, granted, allowed = await asyncio.gather(
            self.rest.get("/domains", query=every),
            self.rest.get("/me/grants", query=every),
            self.rest.get("/me/permissions", query=every),
        )
        names = [item["name"] for item in sorted(listed["items"], key=lambda item: not item["default"])]
        names += [item["place"]["domain"] for item in granted["items"] if item["place"].get("domain")]
        domains = tuple(dict.fromkeys(names))
        current = domain or next(iter(domains), None)
        here = None
        if current is not None:
            here = await self.rest.find("/me/permissions", query={**every, "domain": current})
        return Shell(me, domains, _allowed(allowed), current, _allowed(here or {"items": []}))

    async def page(self, template: str, *, status: int = 200, domain: str | None = None, **context: Any) -> Response:
        """A page for who is logged in. Raises RestError for who isn't."""
        return self.render(template, status=status, shell=await self.shell(domain), domain=domain, **context)

    def render(self, template: str, *, status: int = 200, shell: Shell | None = None, **context: Any) -> Response:
        """A page; without `shell` one for who isn't logged in, or not yet for good."""
        body = self._templates.get_template(template).render(
            shell=shell,
            language=self.language,
            theme=self.theme,
            here=self.here,
            flash=self._flash,
            flashes=FLASHES,
            oidc=self.oidc,
            request_id=request_id.get(),
            **context,
        )
        response = Response(body, status, media_type="text/html")
        if self._had_flash:
            self._keep(response, FLASH_COOKIE, "", 0)
        return self._with_cookies(response)

    def go(self, path: str, *, flash: str = "", name: str = "") -> Response:
        """On to another page, which says `flash`, one of FLASHES, of `name`."""
        response = Response(status_code=303, headers={"location": path})
        if flash:
            packed = json.dumps([flash, name[:_MAX_NAME]]).encode()
            self._keep(response, FLASH_COOKIE, base64.urlsafe_b64encode(packed).decode().rstrip("="), _FLASH_S)
        return self._with_cookies(response)

    def to_login(self) -> Response:
        """To the page where one logs in, and from there back to here."""
        onward = self.here if self.method == "GET" and self.here not in {ROOT, f"{ROOT}/"} else None
        return self.go(path_of("/login", next=onward))

    def keep(self, response: Response, name: str, value: str) -> None:
        """Let the browser keep a choice."""
        self._keep(response, name, value, _KEPT_S)

    def _keep(self, response: Response, name: str, value: str, seconds: int) -> None:
        response.set_cookie(name, value, max_age=seconds, path="/ui", secure=self.secure, httponly=True, samesite="lax")

    def _with_cookies(self, response: Response) -> Response:
        for cookie in self.rest.cookies:
            response.headers.append("set-cookie", cookie)
        return response


def _allowed(page: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(item["action"] for item in page["items"] if item["allowed"])


def _read_flash(cookie: str) -> tuple[str, str] | None:
    try:
        code, name = json.loads(base64.urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4)))
    except (binascii.Error, ValueError, TypeError, RecursionError):
        return None
    return (code, name) if isinstance(code, str) and code in FLASHES and isinstance(name, str) else None


def is_own(request: Request) -> bool:
    """Whether a form was sent by one of our pages (Sec-Fetch-Site; Origin where the browser is too old for it)."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        return site == "same-origin"
    return origin is not None and origin.partition("://")[2] == request.headers.get("host")
