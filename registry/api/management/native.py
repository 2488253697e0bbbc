# SPDX-License-Identifier: Apache-2.0
"""Our own management dialect: the paths of the public listener, the status codes of HTTP, RFC 9457 problems."""

from datetime import datetime

from registry.api.management.dialect import Refusal, Request, Subject, Target, narrowed, segments_of
from registry.api.management.domains import Domains
from registry.errors import NotFoundError
from registry.identifiers.url_form import SERVICES
from registry.problems import MEDIA_TYPE, problem_for
from registry.smp.documents.catalogue import DIALECTS
from registry.smp.http import NO_SUCH_PATH
from registry.smp.publishing import Outcome
from registry.storage.domain_directory import StoredDomain

BUSINESS_CARD = "businesscard"


class Native:
    """PUT replaces: 201 for what is new, 200 for what was there; DELETE is 204."""

    name = "native"
    merges = False
    for_known: frozenset[Subject] = frozenset()

    def locate(self, request: Request, domains: Domains) -> Target:
        """`/domains/{name}/…` or the path of a base URL, then `/{participant}[/services/{document type}]`."""
        stored, below = domains.find(request.path)
        segments, dialects = without_prefix(stored, segments_of(below))
        target = published_at(stored, below, segments, dialects)
        if target is None:
            raise NotFoundError(NO_SUCH_PATH)
        return target

    def status(self, method: str, outcome: Outcome) -> int:
        """As RFC 9110 §9.3.4 and §9.3.5 have it."""
        if method == "DELETE":
            return 204
        return 201 if outcome is Outcome.CREATED else 200

    def refusal(self, error: Exception, at: datetime, *, caller_known: bool) -> Refusal:
        """A problem document; 401 with a challenge for who isn't known."""
        problem = problem_for(error, caller_known=caller_known)
        challenge = () if caller_known else ((b"www-authenticate", b"Bearer"),)
        return Refusal(problem.status, MEDIA_TYPE, problem.to_bytes(), challenge)


def without_prefix(stored: StoredDomain, segments: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """The segments behind what stands for a dialect (`bdxr-smp-2`), and the dialects that are meant.

    Raises ValidationError where the domain doesn't serve the one that is named.
    """
    for dialect in DIALECTS.values():
        if dialect.path_prefix and segments[:1] == [dialect.path_prefix]:
            return segments[1:], narrowed(stored, [dialect.name], dialect.title)
    return segments, stored.domain.smp.dialects


def published_at(stored: StoredDomain, below: bytes, segments: list[str], dialects: tuple[str, ...]) -> Target | None:
    """What the public listener has at a path; None where that has no such form."""
    match segments:
        case [folder, participant] if folder == BUSINESS_CARD:
            return Target(stored, Subject.CARD, below, participant)
        case [participant]:
            return Target(stored, Subject.GROUP, below, participant, dialects=dialects)
        case [participant, services, document_type] if services == SERVICES:
            return Target(stored, Subject.SERVICE, below, participant, document_type, dialects=dialects)
        case _:
            return None
