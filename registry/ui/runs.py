# SPDX-License-Identifier: Apache-2.0
"""The runs of something that a job does and that pages show by itself: a check, an export, a comparison."""

from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from registry.ui.visit import Visit

_OPEN = frozenset({"waiting", "running"})
_LOOKED_AT = 20


@dataclass(frozen=True, slots=True)
class Runs:
    """The last of them, newest first, as REST has jobs."""

    items: list[Any]

    @property
    def last(self) -> Any:
        """The newest; None where there is none."""
        return next(iter(self.items), None)

    @property
    def running(self) -> bool:
        """Whether the newest isn't at its end."""
        return self.last is not None and self.last["state"] in _OPEN

    @property
    def done(self) -> Any:
        """The newest that has a result; None where there is none."""
        return next((each for each in self.items if each["state"] == "done"), None)


async def runs_of(visit: Visit, kind: str, domain: str | None = None) -> Runs:
    """The last jobs of a kind, of a domain or of the whole registry. Raises RestError."""
    query = {"kind": kind, "limit": str(_LOOKED_AT)} | ({} if domain is None else {"domain": domain})
    return Runs((await visit.rest.get("/jobs", query=query))["items"])


def watched(visit: Visit, runs: Runs, response: Response) -> Response:
    """A page that shows how far a run is: once it is at its end, a part that was asked for isn't enough."""
    if visit.by_script and not runs.running:
        response.headers["hx-refresh"] = "true"
    return response
