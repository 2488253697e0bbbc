# SPDX-License-Identifier: Apache-2.0
"""What is different between two domains, setting by setting: what a change of one shows before it is made."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from registry.domains.domain import Domain
from registry.domains.loader import domain_to_mapping


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
    old, new = (dict(_flat(domain_to_mapping(domain))) for domain in (before, after))
    return tuple(
        Difference(path, old.get(path), new.get(path))
        for path in sorted(old.keys() | new.keys())
        if old.get(path) != new.get(path)
    )


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
