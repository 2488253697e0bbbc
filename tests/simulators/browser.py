# SPDX-License-Identifier: Apache-2.0
"""Debian's Chromium, driven by Playwright: a tab that notes what none of our pages may do, and how a page is checked.

axe is run by the debugger, beside the policy of the page: the page itself lets nobody add a script.
"""

import contextlib
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any, Literal, cast

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    FloatRect,
    Page,
    Response,
    sync_playwright,
)

from tests.conftest import ROOT, ToolFinder

SCREENS = ROOT / "build" / "screens"
WIDE, NARROW, REFLOWED = 1280, 390, 320
"""CSS pixels: a desk, a telephone, and 1280 at 400 % (WCAG 2.2 SC 1.4.10)."""
_HEIGHT = 900
_SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
_PICTURE = 3000
"""CSS pixels: how far down pictures show a page."""
_RULES: dict[str, Any] = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]},
    "rules": {"target-size": {"enabled": True}},
    "resultTypes": ["violations"],
}
_OF_COLOURS = {**_RULES, "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""The rules that see a difference between light and dark."""
_RUN_AXE = """async rules => (await axe.run(document, rules)).violations.flatMap(
    found => found.nodes.map(node => `${found.id}: ${node.target.join(' ')}: ${node.failureSummary}`))"""
_SIZE = "() => [document.documentElement.clientWidth, document.documentElement.scrollHeight]"
_UNFOLD = "open => document.querySelectorAll('details').forEach(each => { each.open = open; })"
_FOCUSED = """() => {
    const it = document.activeElement, box = it.getBoundingClientRect(), style = getComputedStyle(it);
    const seen = box.width > 0 && box.top >= 0 && box.left >= 0
        && box.bottom <= innerHeight + 1 && box.right <= innerWidth + 1;
    return [[...document.querySelectorAll('*')].indexOf(it), it.textContent.trim(), it.closest('main') !== null, seen,
        style.outlineStyle === 'none' ? 0 : parseFloat(style.outlineWidth)];
}"""
_OVERHANG = """() => {
    const room = document.documentElement.clientWidth;
    if (document.scrollingElement.scrollWidth <= room) return [];
    const found = [...document.querySelectorAll('body *')].filter(
        each => each.getBoundingClientRect().right > room + 1 && !each.closest('thead, .hidden'));
    return [`${document.scrollingElement.scrollWidth} px: `
        + found.slice(0, 5).map(each => each.outerHTML.slice(0, 120)).join(' | ')];
}"""


@contextlib.contextmanager
def open_chromium(tool: type[ToolFinder]) -> Iterator[Browser]:
    """The browser, without a window; skips (or fails) where it isn't installed."""
    program = shutil.which("chromium") or tool.path("chromium-headless-shell")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        yield browser
        browser.close()


@dataclass(frozen=True, slots=True)
class Focused:
    """What the keyboard has reached: which element of the page, what it says, and what is seen of that."""

    number: int
    text: str
    in_main: bool
    visible: bool
    outline: float
    """Its width in CSS pixels; 0 without one."""


@dataclass(slots=True)
class Tab:
    """A tab at a management listener; `complaints` is what went wrong in it."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)
    prefix: str = "page"
    """Of the names of pictures."""

    def open(self, path: str) -> Response:
        """Go to a path, and give what answered last."""
        response = self.page.goto(self.address + path)
        assert response is not None, path
        return response

    def keep_cookie(self, name: str, value: str) -> None:
        """Have a cookie for the pages."""
        self.page.context.add_cookies([{"name": name, "value": value, "url": f"{self.address}/ui"}])

    def leave(self) -> None:
        """Close the tab, in which nothing may have gone wrong."""
        self.page.context.close()
        assert not self.complaints

    def shoot(self, name: str) -> None:
        """Keep a picture of the page."""
        SCREENS.mkdir(parents=True, exist_ok=True)
        width, height = self.page.evaluate(_SIZE)
        shown: FloatRect = {"x": 0, "y": 0, "width": width, "height": min(height, _PICTURE)}
        self.page.screenshot(path=SCREENS / f"{self.prefix}-{name}.png", full_page=True, clip=shown)

    def violations(self, rules: Mapping[str, Any] = _RULES) -> list[str]:
        """What axe finds, by default by WCAG 2.0 to 2.2, A and AA."""
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(_axe())
        return cast("list[str]", self.page.evaluate(_RUN_AXE, rules))

    def overhang(self, width: int) -> list[str]:
        """What makes a page of so many pixels scroll sideways."""
        self.page.set_viewport_size({"width": width, "height": _HEIGHT})
        return cast("list[str]", self.page.evaluate(_OVERHANG))

    def press_tab(self) -> Focused:
        """Go to the next thing that the keyboard reaches."""
        self.page.keyboard.press("Tab")
        return Focused(*self.page.evaluate(_FOCUSED))

    def check(self, name: str) -> list[str]:
        """Look at the page at both widths, light and dark: what is wrong, besides `complaints`. Keeps pictures.

        What can be unfolded is so when it is checked, and isn't on the pictures.
        """
        wrong: list[str] = []
        for width, scheme in product((WIDE, NARROW), _SCHEMES):
            rules = _RULES if scheme == "light" else _OF_COLOURS
            wrong += [f"{width}, folded: {each}" for each in self.overhang(width)]
            self.page.emulate_media(color_scheme=scheme)
            self.shoot(f"{name}-{width}-{scheme}")
            self.page.evaluate(_UNFOLD, True)
            wrong += [f"{width}, unfolded: {each}" for each in self.overhang(width)]
            wrong += [f"{width} {scheme}: {each}" for each in self.violations(rules)]
            self.page.evaluate(_UNFOLD, False)
        return wrong


@contextlib.contextmanager
def open_tab(browser: Browser, address: str, *, script: bool = True, **options: Any) -> Iterator[Tab]:
    """A tab of a browser in which nobody is logged in yet; checks at the end that nothing went wrong in it.

    `options` are those of a context of Playwright.
    """
    context = browser.new_context(
        java_script_enabled=script, viewport={"width": WIDE, "height": _HEIGHT}, locale="en-GB", **options
    )
    tab = Tab(context.new_page(), address)
    _listen(context, tab)
    try:
        yield tab
    except BaseException:
        context.close()
        raise
    tab.leave()


def _listen(context: BrowserContext, tab: Tab) -> None:
    def on_console(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            tab.complaints.append(f"{tab.page.url}: {message.type}: {message.text}")

    def on_dialog(dialog: Dialog) -> None:
        tab.complaints.append(f"{tab.page.url}: a dialog: {dialog.message}")
        dialog.dismiss()

    def on_response(response: Response) -> None:
        if not response.url.startswith(f"{tab.address}/"):
            tab.complaints.append(f"asked another server: {response.url}")

    context.on("console", on_console)
    context.on("weberror", lambda error: tab.complaints.append(f"{tab.page.url}: {error.error}"))
    context.on("dialog", on_dialog)
    context.on("response", on_response)


def name_of(path: str) -> str:
    """A path as part of a file name."""
    return re.sub(r"[^\w]+", "-", path).strip("-") or "first"


def _axe() -> str:
    return ToolFinder.node_module(Path("axe-core", "axe.min.js")).read_text(encoding="utf-8")
