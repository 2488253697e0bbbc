# SPDX-License-Identifier: Apache-2.0
"""Which process and which endpoint of a participant's metadata a sender uses. Pure.

A process group without processes stands for any process (SMP 2.0 §2.4). Endpoints that are not yet active, or
expired, must be ignored (Peppol SMP 1.4.0 §2); of the others the domain's first transport profile wins.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from registry.discovery.errors import NoMatchingServiceError
from registry.discovery.urls import UrlError, check_url
from registry.identifiers.process import ProcessIdentifier
from registry.identifiers.rules import IdentifierRules
from registry.metadata import Endpoint, EndpointCertificate, ProcessMetadata, Redirect, ServiceMetadata

_SCHEMES: Final = frozenset({"http", "https"})
_ALWAYS: Final = float("-inf")
_EXCHANGE: Final = "#Exchange"  # http://www.w3.org/2002/03/xkms#Exchange: eDelivery SMP 2.0 profile


@dataclass(frozen=True, slots=True)
class Selection:
    """The endpoint to use; `process` is the one that was asked, else the first of the endpoint's group, if any."""

    endpoint: Endpoint
    process: ProcessIdentifier | None
    passed_over: tuple[str, ...]
    """Why endpoints can't be used, in words."""


def processes_for(
    metadata: ServiceMetadata, process: ProcessIdentifier | None, rules: IdentifierRules
) -> tuple[ProcessMetadata, ...]:
    """The process groups that serve `process`, all when None. Raises NoMatchingServiceError."""
    groups = tuple(
        group
        for group in metadata.process_metadata
        if process is None
        or not group.processes
        or any(rules.same_process(process, offered.identifier) for offered in group.processes)
    )
    if not groups:
        offered = ", ".join(str(one.identifier) for group in metadata.process_metadata for one in group.processes)
        raise NoMatchingServiceError(
            "process-not-offered", f"the process {process} is not offered; offered: {offered or 'none'}"
        )
    return groups


def select_endpoint(
    groups: Sequence[ProcessMetadata],
    *,
    process: ProcessIdentifier | None,
    transport: str | None,
    preferred: Sequence[str],
    at: datetime,
) -> Selection:
    """The endpoint to use at `at`: of the first group that has one, by the order of `preferred` transport profiles.

    Profiles that aren't preferred come last. Of two endpoints with the same profile the one that became active last
    wins, so that an announced successor takes over. Raises NoMatchingServiceError saying why none can be used.
    """
    passed_over: list[str] = []
    for group in groups:
        usable = []
        for endpoint in group.endpoints:
            problem = _problem(endpoint, transport, at)
            if problem is None:
                usable.append(endpoint)
            else:
                passed_over.append(f"{endpoint.transport_profile} at {endpoint.address}: {problem}")
        if usable:
            best = min(usable, key=lambda endpoint: _rank(endpoint, preferred))
            served = process or next((offered.identifier for offered in group.processes), None)
            return Selection(best, served, tuple(passed_over))
    raise NoMatchingServiceError("no-usable-endpoint", "no endpoint can be used: " + ("; ".join(passed_over) or "none"))


def redirect_of(groups: Sequence[ProcessMetadata]) -> Redirect | None:
    """Where these groups lead, if none of them has endpoints of its own."""
    if any(group.endpoints for group in groups):
        return None
    return next((group.redirect for group in groups if group.redirect is not None), None)


def certificate_for(endpoint: Endpoint, at: datetime) -> EndpointCertificate | None:
    """The certificate to encrypt for at `at`.

    Of several, which only SMP 2.0 knows, one whose type code says key exchange, then one without a type code, then
    any; those that aren't active yet or have expired don't count.
    """
    active = [
        item
        for item in endpoint.certificates
        if (item.activation is None or item.activation <= at) and (item.expiration is None or at < item.expiration)
    ]
    return min(active, key=lambda item: (not item.type_code.endswith(_EXCHANGE), bool(item.type_code)), default=None)


def _problem(endpoint: Endpoint, transport: str | None, at: datetime) -> str | None:
    if transport is not None and endpoint.transport_profile != transport:
        return "another transport profile was asked for"
    if endpoint.activation is not None and at < endpoint.activation:
        return f"active only from {endpoint.activation.isoformat()}"
    if endpoint.expiration is not None and endpoint.expiration <= at:
        return f"expired on {endpoint.expiration.isoformat()}"
    try:
        check_url(endpoint.address, _SCHEMES, query_allowed=True)
    except UrlError as error:
        return f"its address can't be used: {error}"
    return None


def _rank(endpoint: Endpoint, preferred: Sequence[str]) -> tuple[int, str, float]:
    profile = endpoint.transport_profile
    place = preferred.index(profile) if profile in preferred else len(preferred)
    activated = endpoint.activation.timestamp() if endpoint.activation else _ALWAYS
    return place, profile, -activated
