# SPDX-License-Identifier: Apache-2.0
"""The management dialect of phoss SMP (8.x), as its clients and the integrations with it know it.

Whatever is done is 200, who may not is 403, known or not; errors are a line of plain text. Two things are ours: our
tokens stand for its users, and the domain is found by the path or is that of the token, since phoss knows only one.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from registry.api.management.dialect import Refusal, Request, Subject, Target, segments_of
from registry.api.management.domains import Domains
from registry.api.management.native import published_at, without_prefix
from registry.errors import NotFoundError, RegistryError, ReviewRequiredError, UnauthorizedError, ValidationError
from registry.identifiers.url_form import SERVICES
from registry.problems import problem_for
from registry.smp.publishing import Outcome
from registry.storage.domain_directory import StoredDomain

_STATUS: Sequence[tuple[type[RegistryError], int]] = (
    (UnauthorizedError, 403),
    (NotFoundError, 404),
    (ValidationError, 400),
    (ReviewRequiredError, 409),
)
"""What phoss has no word for, a refusal of the SML among them, is 500 there."""


class Phoss:
    """PUT of metadata merges; `?create-in-sml=false` and `?delete-in-sml=false` leave the SML alone."""

    name = "phoss"
    merges = True
    for_known = frozenset({Subject.REFERENCES, Subject.IDENTIFIERS})

    def locate(self, request: Request, domains: Domains) -> Target:
        """The paths of its REST interface, below that of a domain."""
        stored, below = domains.find(request.path, request.principal)
        segments, dialects = without_prefix(stored, segments_of(below))
        target = _own(stored, segments, request) or published_at(stored, below, segments, dialects)
        if target is None:
            raise NotFoundError("there is nothing at this path of phoss's REST interface")
        asked = "delete-in-sml" if request.method == "DELETE" else "create-in-sml"
        return replace(target, in_sml=request.query.get(asked, "").lower() != "false")

    def status(self, method: str, outcome: Outcome) -> int:
        """Always 200: its clients take no other for success."""
        return 200

    def refusal(self, error: Exception, at: datetime, *, caller_known: bool) -> Refusal:
        """A line of text."""
        status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
        problem = problem_for(error)
        return Refusal(status, "text/plain; charset=utf-8", (problem.detail or problem.title).encode(errors="replace"))


def _own(stored: StoredDomain, segments: list[str], request: Request) -> Target | None:
    """What there is beside the paths of the public listener."""
    match segments:
        case ["complete", participant]:
            return Target(stored, Subject.COMPLETE, participant=participant)
        case ["list", user]:
            caller = request.principal
            if caller is not None and user != caller.name and f"token:{user}" != caller.actor:
                raise UnauthorizedError("the user of the path is not the one who asks")
            return Target(stored, Subject.REFERENCES)
        case ["servicegroupids", "all"]:
            return Target(stored, Subject.IDENTIFIERS)
        case [participant, services] if services == SERVICES:
            return Target(stored, Subject.SERVICES, participant=participant)
        case [participant, services, document_type, process] if services == SERVICES:
            return Target(stored, Subject.PROCESS, b"", participant, document_type, process)
        case _:
            return None
