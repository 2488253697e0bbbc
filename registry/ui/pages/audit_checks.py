# SPDX-License-Identifier: Apache-2.0
"""Whether nobody has changed what says what was done, and that in files which anybody can check."""

from typing import Any

from starlette.responses import Response

from registry.ui.labels import mark
from registry.ui.rendering import path_of
from registry.ui.rest import RestError
from registry.ui.routing import Pages
from registry.ui.runs import runs_of, watched
from registry.ui.visit import Visit

pages = Pages()
_PAGE = "/audit/checks"
_VERIFY, _EXPORT = "verify-audit", "export-audit"
_NO_NUMBER = mark("The place in the chain is a number.")
_DIGITS = 18


@pages.get(_PAGE)
async def show_checks(visit: Visit) -> Response:
    """Where the chain ends, what the last check found, and the last exports."""
    return await _page(visit)


@pages.post("/audit/verify")
async def verify(visit: Visit) -> Response:
    """Have the whole chain checked, by a job."""
    await visit.rest.ask("POST", "/audit/verifications")
    return visit.go(path_of(_PAGE), flash="verifying")


@pages.post("/audit/export")
async def export(visit: Visit) -> Response:
    """Have the chain, or what is new of it, written to a file, by a job."""
    after = visit.form.get("after", "").strip()
    if after and (not after.isdecimal() or len(after) > _DIGITS):
        return await _page(visit, 400, [_NO_NUMBER])
    order: dict[str, Any] = {"after": int(after) if after else None, "opened": "opened" in visit.form}
    try:
        await visit.rest.ask("POST", "/audit/exports", body=order)
    except RestError as error:
        if error.status != 400:
            raise
        return await _page(visit, 400, error.messages)
    return visit.go(path_of(_PAGE), flash="exporting")


async def _page(visit: Visit, status: int = 200, wrong: list[str] | None = None) -> Response:
    chain = await visit.rest.get("/audit/chain")
    checks, exports = await runs_of(visit, _VERIFY), await runs_of(visit, _EXPORT)
    response = await visit.page(
        "audit_checks.html",
        status=status,
        domain=None,
        chain=chain,
        checks=checks,
        exports=exports,
        running=checks.running or exports.running,
        after=visit.form.get("after", ""),
        wrong=wrong or [],
    )
    # Both are on the page, and it asks anew as long as one of them runs.
    return watched(visit, checks if checks.running else exports, response)
