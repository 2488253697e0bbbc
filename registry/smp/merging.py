# SPDX-License-Identifier: Apache-2.0
"""What becomes of published metadata when only a part of it is said anew: a process, or one endpoint of it.

Pure. A process is known by its identifier as the domain compares it, an endpoint by its process and its transport
profile. What the new document doesn't speak of stays; what it speaks of is as it says.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import combinations

from registry.errors import Reason, ValidationError
from registry.identifiers.process import ProcessIdentifier
from registry.identifiers.rules import IdentifierRules
from registry.metadata import Endpoint, Process, ProcessMetadata, ServiceMetadata


def merged(held: ServiceMetadata | None, new: ServiceMetadata, rules: IdentifierRules) -> ServiceMetadata:
    """`held` with what `new` says; a redirect of the whole document and endpoints replace each other.

    Raises ValidationError where `new` has two endpoints for the same process, transport profile and time.
    """
    if reasons := tuple(_overlaps(new, rules)):
        raise ValidationError(reasons)
    if held is None or held.redirect is not None or new.redirect is not None:
        return new
    groups = list(held.process_metadata)
    for group in new.process_metadata:
        groups = list(_with_group(groups, group, rules))
    return replace(new, process_metadata=tuple(groups), extensions=new.extensions or held.extensions)


def without_process(
    held: ServiceMetadata, process: ProcessIdentifier, rules: IdentifierRules
) -> ServiceMetadata | None:
    """`held` without a process; None where nothing is left of it. `held` itself where it doesn't have the process."""
    groups = []
    for group in held.process_metadata:
        left = tuple(item for item in group.processes if not rules.same_process(item.identifier, process))
        if left or not group.processes:
            groups.append(group if left == group.processes else replace(group, processes=left))
    if not groups:
        return None
    kept = tuple(groups)
    return held if kept == held.process_metadata else replace(held, process_metadata=kept)


def _overlaps(metadata: ServiceMetadata, rules: IdentifierRules) -> Iterator[Reason]:
    claimed: defaultdict[tuple[str, str, str], list[Endpoint]] = defaultdict(list)
    for group in metadata.process_metadata:
        keys = [_key(item, rules) for item in group.processes] or [("", "")]
        for scheme, value in keys:
            for endpoint in group.endpoints:
                claimed[scheme, value, endpoint.transport_profile].append(endpoint)
    for (_, value, profile), endpoints in claimed.items():
        if any(_overlap(one, other) for one, other in combinations(endpoints, 2)):
            message = f"two endpoints of {value or 'any process'} with the transport profile {profile} overlap in time"
            yield Reason("SMP-VALIDITY-OVERLAP", message, "Peppol SMP 1.4.0 §2; TA08")


def _overlap(one: Endpoint, other: Endpoint) -> bool:
    """Whether there is an instant at which both may be used; activation is inclusive, expiration exclusive."""
    return not any(
        first.expiration is not None and second.activation is not None and first.expiration <= second.activation
        for first, second in ((one, other), (other, one))
    )


def _with_group(
    groups: Iterable[ProcessMetadata], new: ProcessMetadata, rules: IdentifierRules
) -> Iterator[ProcessMetadata]:
    """The groups with what `new` says of its processes; a group that shares only some of them is split."""
    left = {_key(item, rules): item for item in new.processes}
    any_process = not new.processes
    for held in groups:
        if not held.processes and any_process:
            yield _joined(held, new, ())
            any_process = False
            continue
        shared = {key for item in held.processes if (key := _key(item, rules)) in left}
        if not shared:
            yield held
            continue
        if others := tuple(item for item in held.processes if _key(item, rules) not in shared):
            yield replace(held, processes=others)
        yield _joined(held, new, tuple(item for key, item in left.items() if key in shared))
        left = {key: item for key, item in left.items() if key not in shared}
    if left or any_process:
        yield replace(new, processes=tuple(left.values()))


def _joined(held: ProcessMetadata, new: ProcessMetadata, processes: tuple[Process, ...]) -> ProcessMetadata:
    if held.redirect is not None or new.redirect is not None:
        return replace(new, processes=processes)
    fresh: defaultdict[str, list[Endpoint]] = defaultdict(list)
    for endpoint in new.endpoints:
        fresh[endpoint.transport_profile].append(endpoint)
    endpoints: list[Endpoint] = []
    for endpoint in held.endpoints:
        # In the place of the one that it replaces: nothing else of the document moves.
        replacing = fresh.pop(endpoint.transport_profile, None)
        if replacing is not None:
            endpoints += replacing
        elif all(endpoint.transport_profile != item.transport_profile for item in new.endpoints):
            endpoints.append(endpoint)
    endpoints += (item for items in fresh.values() for item in items)
    return ProcessMetadata(processes, tuple(endpoints), None, new.extensions or held.extensions)


def _key(process: Process, rules: IdentifierRules) -> tuple[str, str]:
    return process.identifier.scheme, rules.process_key(process.identifier)
