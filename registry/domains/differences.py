# SPDX-License-Identifier: Apache-2.0
"""What is different between two domains, setting by setting: what a change of one shows before it is made."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from registry.domains.domain import Domain
from registry.domains.loader import domain_to_mapping, load_domain, profile_names

_ABOUT = frozenset({"notes", "sources"})


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting by its path, such as `smp.dialects`; None where it is absent."""

    setting: str
    before: object
    after: object


def differences(before: Domain, after: Domain) -> tuple[Difference, ...]:
    """Every setting that differs, in order of its path. Certificates are told by how many there are, and a trust
    model by its id and a digest of its text.
    """
    return tuple(item for item in _compared(before, after) if item.before != item.after)


def from_profile(domain: Domain) -> tuple[Difference, ...]:
    """Every setting of a domain, in order of its path, `before` as the shipped profile has it that it was made from;
    of one's own profile None everywhere. Left out is what only says where values are from (`notes`, `sources`).
    """
    shipped = load_domain(domain.profile, {"name": domain.name}) if domain.profile in profile_names() else None
    return tuple(item for item in _compared(shipped, domain) if item.setting.partition(".")[0] not in _ABOUT)


def _compared(before: Domain | None, after: Domain) -> Iterator[Difference]:
    old = {} if before is None else dict(_flat(domain_to_mapping(before)))
    new = dict(_flat(domain_to_mapping(after)))
    for path in sorted(old.keys() | new.keys()):
        yield Difference(path, old.get(path), new.get(path))


def _flat(values: Mapping[str, object], path: str = "") -> Iterator[tuple[str, object]]:
    for key, value in values.items():
        here = f"{path}.{key}" if path else key
        if isinstance(value, Mapping) and "apiVersion" in value:
            text = json.dumps(value, sort_keys=True)
            yield here, f"{value.get('id')} ({hashlib.sha256(text.encode()).hexdigest()[:12]})"
        elif isinstance(value, Mapping):
            yield from _flat({str(name): item for name, item in value.items()}, here)
        elif isinstance(value, list) and key in {"anchors", "intermediates"}:
            yield here, f"{len(value)} certificates" if value else "none"
        else:
            yield here, value
