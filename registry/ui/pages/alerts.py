# SPDX-License-Identifier: Apache-2.0
"""Who is told of problems, and what they were told; making, trying and silencing channels."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from registry.ui.confirming import Question, Said, ask
from registry.ui.labels import PROBLEM_KINDS, mark
from registry.ui.listing import listing
from registry.ui.rendering import path_of
from registry.ui.rest import RestError
from registry.ui.routing import Pages
from registry.ui.seen import seen
from registry.ui.visit import Visit

pages = Pages()
_ONE = "/alerts/{channel}"
_REST = "/alert-channels"
_REST_ONE = f"{_REST}/{{}}"
_PAGE = "/alerts/{}"
_KIND = "kind-"
_SHOWN = 25
_FORM_AGAIN = frozenset({400, 404, 409})
_REMOVE: Said = mark("Remove this channel?"), {}
_REMOVES: tuple[Said, ...] = (
    (mark("Nobody is told of anything by it any more; what is still to be told isn't."), {}),
    (mark("What it was told is forgotten, and the secret of a webhook is, too. This can't be undone."), {}),
)
_DISABLE: Said = mark("Disable this channel?"), {}
_DISABLES: tuple[Said, ...] = (
    (mark("It is told of nothing until it is enabled again; then of what is open at that time."), {}),
)


@pages.get("/alerts")
async def list_channels(visit: Visit) -> Response:
    """The channels, by name."""
    return await visit.page("alerts.html", found=await listing(visit, _REST))


@pages.get("/new-alert")
async def show_new(visit: Visit) -> Response:
    """The form for a channel."""
    await visit.rest.get(_REST, query={"limit": "1"})  # who may not see any, makes none
    return await _form(visit, None, {"least_severity": "warning", "digest": "at-once", "kind": "mail"})


@pages.post("/new-alert")
async def make(visit: Visit) -> Response:
    """Make a channel; the secret of a webhook is in the answer, and nowhere else."""
    wanted = _wanted(visit) | {"name": visit.form.get("name", "").strip(), "kind": visit.form.get("kind", "")}
    try:
        made = (await visit.rest.ask("POST", _REST, body=wanted)).json()
    except RestError as error:
        return await _form(visit, None, wanted, error=error)
    if made["secret"] is None:
        return visit.go(path_of(_PAGE, made["name"]), flash="created", name=made["name"])
    return await visit.page("alert_secret.html", held=made)


@pages.get(_ONE)
async def show_channel(visit: Visit, channel: str) -> Response:
    """A channel, and what it was told last."""
    held = await visit.rest.get(_REST_ONE, channel)
    found = await listing(visit, f"{_REST_ONE}/deliveries", channel, size=_SHOWN)
    return await visit.page("alert.html", held=held, found=found)


@pages.get(f"{_ONE}/change")
async def show_change(visit: Visit, channel: str) -> Response:
    """The form with what a channel is now."""
    held, etag = await seen(visit, _REST_ONE, channel)
    return await _form(visit, channel, held, etag)


@pages.post(f"{_ONE}/change")
async def change(visit: Visit, channel: str) -> Response:
    """Change a channel, unless somebody was faster."""
    etag, wanted = visit.form.get("etag", ""), _wanted(visit)
    try:
        await visit.rest.ask("PATCH", _REST_ONE, channel, body=wanted, headers={"if-match": etag})
    except RestError as error:
        return await _form(visit, channel, wanted, etag, error)
    return visit.go(path_of(_PAGE, channel), flash="saved", name=channel)


@pages.post(f"{_ONE}/test")
async def try_out(visit: Visit, channel: str) -> Response:
    """Have a test sent, and see what comes of it."""
    job = (await visit.rest.ask("POST", f"{_REST_ONE}/test", channel)).json()
    return visit.go(path_of("/jobs/{}", str(job["id"])), flash="testing")


@pages.post(f"{_ONE}/enable")
async def enable(visit: Visit, channel: str) -> Response:
    """Let a channel be told again."""
    await visit.rest.ask("PATCH", _REST_ONE, channel, body={"enabled": True})
    return visit.go(path_of(_PAGE, channel), flash="enabled", name=channel)


@pages.get(f"{_ONE}/disable")
async def confirm_disable(visit: Visit, channel: str) -> Response:
    """What follows from silencing a channel."""
    _, etag = await seen(visit, _REST_ONE, channel)
    return await ask(visit, _question(channel, etag, _DISABLE, _DISABLES, mark("Disable")))


@pages.post(f"{_ONE}/disable")
async def disable(visit: Visit, channel: str) -> Response:
    """Silence a channel."""
    headers = {"if-match": visit.form.get("etag", "")}
    await visit.rest.ask("PATCH", _REST_ONE, channel, body={"enabled": False}, headers=headers)
    return visit.go(path_of(_PAGE, channel), flash="disabled", name=channel)


@pages.get(f"{_ONE}/remove")
async def confirm_remove(visit: Visit, channel: str) -> Response:
    """What follows from removing a channel."""
    _, etag = await seen(visit, _REST_ONE, channel)
    return await ask(visit, _question(channel, etag, _REMOVE, _REMOVES, mark("Remove for good")))


@pages.post(f"{_ONE}/remove")
async def remove(visit: Visit, channel: str) -> Response:
    """Remove a channel."""
    await visit.rest.ask("DELETE", _REST_ONE, channel, headers={"if-match": visit.form.get("etag", "")})
    return visit.go(path_of("/alerts"), flash="deleted", name=channel)


def _question(channel: str, etag: str, title: Said, follows: tuple[Said, ...], button: str) -> Question:
    return Question(title, follows, button, path_of(_PAGE, channel), about=channel, hidden={"etag": etag})


def _wanted(visit: Visit) -> dict[str, Any]:
    """What a form says of a channel, as REST takes it."""
    form = visit.form
    return {
        "target": form.get("target", "").strip(),
        "least_severity": form.get("least_severity", ""),
        "digest": form.get("digest", ""),
        "kinds": [kind for kind in PROBLEM_KINDS if _KIND + kind in form],
        "domains": form.get("domains", "").split(),
    }


async def _form(
    visit: Visit, channel: str | None, held: Mapping[str, Any], etag: str = "", error: RestError | None = None
) -> Response:
    if error is not None and error.status not in _FORM_AGAIN:
        raise error
    return await visit.page(
        "alert_form.html",
        status=200 if error is None else error.status,
        channel=channel,
        held={"name": "", "target": "", "kinds": [], "domains": [], **held},
        etag=etag,
        wrong=[] if error is None else error.messages,
    )
