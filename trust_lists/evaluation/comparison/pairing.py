# SPDX-License-Identifier: Apache-2.0
"""Two configurations as trees in which the same things stand at the same key paths.

Entries of stores are found by their id or, where ids differ, by what they are: the digest of a certificate, the
location of a list, the address of a trust anchor. References in B are then written with the ids of A.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trust_lists.evaluation.trust_configuration.canonical import canonical_form
from trust_lists.evaluation.trust_configuration.model import TrustConfiguration
from trust_lists.strict_json import canonical_json

Tree = dict[str, Any]

_IDENTITY: Mapping[str, tuple[str, ...]] = {
    "anchors": ("cert", "as"),
    "lists": ("kind", "location"),
    "saml_metadata": ("location",),
    "openid_federation": ("trust_anchor",),
    "pins": ("cert_sha256", "party"),
}
"""The stores whose entries have ids, and the keys by which an entry is the same under another one."""
_REFERRING = {"to", "in", "pin", "saml_metadata", "openid_federation"}
"""Keys of expressions behind which ids stand."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The trees of A and B, their stores as mappings by id, and which ids of A go by which others in B."""

    before: Tree
    after: Tree
    renamed: Mapping[tuple[str, str], str]
    """By store and id of A."""


def paired(a: TrustConfiguration, b: TrustConfiguration) -> Pair:
    """The two of them, aligned."""
    before, after = _tree(a), _tree(b)
    renamed = {
        (store, old): new for store in _IDENTITY for old, new in _same(store, before["stores"], after["stores"]).items()
    }
    old_ids = {new: old for (_store, old), new in renamed.items()}
    for store in _IDENTITY:
        entries = after["stores"][store]
        after["stores"][store] = {old_ids.get(name, name): entry for name, entry in entries.items()}
    for rule in after["roles"].values():
        if "accept" in rule:
            rule["accept"] = _with_ids(rule["accept"], old_ids)
    return Pair(before, after, renamed)


def _tree(configuration: TrustConfiguration) -> Tree:
    tree: Tree = json.loads(canonical_form(configuration))
    stores = tree["stores"]
    for store in _IDENTITY:
        stores[store] = {entry.pop("id"): _plain(entry) for entry in stores[store]}
    stores["intermediates"] = {entry["sha256"]: entry["sha256"] for entry in stores["intermediates"]}
    effective = tree["effective"]
    effective["deviations"] = {each.pop("id"): each for each in effective["deviations"]}
    return tree


def _plain(entry: Tree) -> Tree:
    """Certificates as their digests."""
    found = dict(entry)
    if "cert" in found:
        found["cert"] = found["cert"]["sha256"]
    if "signers" in found:
        found["signers"] = [each["sha256"] for each in found["signers"]]
    return found


def _same(store: str, before: Tree, after: Tree) -> dict[str, str]:
    """The ids of entries of A that go by another id in B; each entry once, in the order of A."""
    gone = {name: entry for name, entry in before[store].items() if name not in after[store]}
    come = {name: entry for name, entry in after[store].items() if name not in before[store]}
    found: dict[str, str] = {}
    for old, entry in gone.items():
        wanted = _what(store, entry)
        new = next((name for name, each in come.items() if _what(store, each) == wanted), None)
        if new is not None:
            found[old] = new
            del come[new]
    return found


def _what(store: str, entry: Tree) -> str:
    return canonical_json([entry[key] for key in _IDENTITY[store]])


def _with_ids(tree: Any, ids: Mapping[str, str]) -> Any:
    match tree:
        case dict():
            return {
                key: [ids.get(each, each) for each in value]
                if key in _REFERRING and isinstance(value, list)
                else _with_ids(value, ids)
                for key, value in tree.items()
            }
        case list():
            return [_with_ids(each, ids) for each in tree]
    return tree
