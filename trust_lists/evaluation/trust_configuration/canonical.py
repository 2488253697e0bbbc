# SPDX-License-Identifier: Apache-2.0
"""A configuration as text again: for its address, and for people.

The canonical form is JSON with sorted members and without white space, in which every certificate stands by its
SHA-256 only: where its bytes came from doesn't count. Its own SHA-256 is the address that decisions cite.
"""

import hashlib
from typing import Any

import yaml

from trust_lists.evaluation.trust_configuration.format import CONFIGURATION
from trust_lists.evaluation.trust_configuration.model import Json, TrustConfiguration
from trust_lists.strict_json import canonical_json


def to_json(configuration: TrustConfiguration) -> dict[str, Json]:
    """The tree that JSON has, with the names of files where there are some."""
    tree: Any = CONFIGURATION.dump(configuration)
    found: dict[str, Json] = tree
    return found


def canonical_form(configuration: TrustConfiguration) -> bytes:
    """The canonical form in UTF-8."""
    return canonical_json(_by_digest(to_json(configuration))).encode()


def content_address(configuration: TrustConfiguration) -> str:
    """The SHA-256 of the canonical form: 64 lower-case hexadecimal digits."""
    return hashlib.sha256(canonical_form(configuration)).hexdigest()


def to_yaml(configuration: TrustConfiguration) -> str:
    """The configuration as people read and write it."""
    return yaml.dump(to_json(configuration), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


def _by_digest(tree: Json) -> Json:
    match tree:
        case {"sha256": str(digest)}:
            return {"sha256": digest}
        case dict():
            return {key: _by_digest(each) for key, each in tree.items()}
        case list():
            return [_by_digest(each) for each in tree]
    return tree


class _Dumper(yaml.SafeDumper):
    """Without aliases, which say nothing to people here."""

    def ignore_aliases(self, data: object) -> bool:
        return True
