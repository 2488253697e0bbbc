# SPDX-License-Identifier: Apache-2.0
"""The page between a wish and what can't be undone: it names what follows, and asks once more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

from registry.ui.rest import RestError
from registry.ui.visit import Visit

Said = tuple[str, Mapping[str, Any]]
"""A text that is marked for translation, and what its placeholders stand for."""
_ASKED_AGAIN = frozenset({400, 403, 409, 422})


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. All texts are marked for translation; `about` is shown as it is."""

    title: Said
    follows: Sequence[Said]
    button: str
    back: str
    """The path of the page where one goes who doesn't want it."""
    about: str = ""
    is_danger: bool = True
    hidden: Mapping[str, str] = field(default_factory=dict)
    """Fields that come back with the answer."""


async def ask(
    visit: Visit, question: Question, *, domain: str | None = None, error: RestError | None = None
) -> Response:
    """The page; with `error` as the answer to a yes that REST has refused. Raises it where asking again is no use."""
    if error is not None and error.status not in _ASKED_AGAIN:
        raise error
    return await visit.page(
        "confirm.html",
        status=200 if error is None else error.status,
        domain=domain,
        question=question,
        wrong=[] if error is None else error.messages,
    )
