# SPDX-License-Identifier: Apache-2.0
"""What a visitor has confirmed is what they saw: for requests of REST that take no If-Match."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from registry.ui.rest import Answer, RestError
from registry.ui.visit import Visit


def refusal(status: int) -> RestError:
    """As if REST had refused with this status."""
    return RestError(Answer(status, (), b"{}"))


async def seen(visit: Visit, path: str, *segments: str) -> tuple[Any, str]:
    """What is there, from JSON, and its entity tag for the form. Raises RestError."""
    answer = await visit.rest.ask("GET", path, *segments)
    return answer.json(), answer.header("etag")


async def present(visit: Visit, path: str, *segments: str) -> tuple[Any, str]:
    """As `seen`; None and an empty tag where there is nothing."""
    answer = await answered(visit, path, *segments)
    return (None, "") if answer is None else (answer.json(), answer.header("etag"))


async def answered(visit: Visit, path: str, *segments: str) -> Answer | None:
    """What REST answers a GET; None where there is nothing. Raises RestError."""
    try:
        return await visit.rest.ask("GET", path, *segments)
    except RestError as error:
        if error.status != 404:
            raise
        return None


async def require_seen(visit: Visit, path: str, *segments: str) -> Any:
    """What is there, where its entity tag is the `etag` of the form. Raises RestError: 412 where it isn't.

    Between this and the change somebody may still be faster: what REST itself refuses then is the last word.
    """
    held, etag = await seen(visit, path, *segments)
    if etag != visit.form.get("etag"):
        raise refusal(412)
    return held


def require_same(visit: Visit, held: Any, names: Iterable[str]) -> None:
    """As `require_seen`, of these members alone, where others change all the time. Raises RestError."""
    if any(str(held[name]) != visit.form.get(name) for name in names):
        raise refusal(412)


def mark_of(shown: Any) -> str:
    """What is shown, as a form brings it back: for plans, which have no entity tag."""
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()


async def require_may(visit: Visit, domain: str, action: str) -> None:
    """Raises RestError where there is no such domain for the visitor, or they may not do it there."""
    await visit.rest.get("/domains/{}", domain)
    if action not in (await visit.shell(domain)).here:
        raise refusal(403)
