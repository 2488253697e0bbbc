# SPDX-License-Identifier: Apache-2.0
"""What can be said of an expression over sources without a certificate: that it accepts nobody, or anybody.

An expression that something outside of all stores could meet trusts the whole world: `not` accepts all but a few. It
is bounded where every way to meet it goes through a source.
"""

from trust_lists.evaluation.trust_configuration.places import Place
from trust_lists.strict_json import canonical_json

COMBINED = ("any_of", "all_of", "quorum", "not")


def operator(place: Place) -> tuple[str, Place]:
    """The one key of an expression and what stands behind it; ("", …) where there is none."""
    entries = place.entries()
    return next(iter(entries.items())) if len(entries) == 1 else ("", place)


def parts(place: Place) -> list[Place]:
    """The expressions that another one combines."""
    key, inner = operator(place)
    if key == "quorum":
        return inner.at("of").items()
    if key == "not":
        return [inner]
    return inner.items() if key in {"any_of", "all_of"} else []


def leaves(place: Place) -> list[Place]:
    """All expressions in it that combine no others."""
    if operator(place)[0] not in COMBINED:
        return [place]
    return [leaf for part in parts(place) for leaf in leaves(part)]


def bounded(place: Place) -> bool:
    """Whether nobody is accepted whom no source knows."""
    key, inner = operator(place)
    known = [bounded(part) for part in parts(place)]
    match key:
        case "not" | "subject":
            return False
        case "any_of":
            return all(known)
        case "all_of":
            return any(known)
        case "quorum":
            return known.count(False) < inner.at("least").number
    return True


def someone(place: Place, pinned: frozenset[str]) -> bool:
    """Whether anybody can be accepted; `pinned` are the ids of the pins of the role."""
    key, inner = operator(place)
    possible = [someone(part, pinned) for part in parts(place)]
    match key:
        case "not":
            return True
        case "any_of":
            return any(possible)
        case "all_of":
            return all(possible) and not _contradictory(place)
        case "quorum":
            return possible.count(True) >= inner.at("least").number
        case "pin":
            return bool(pinned & {each.text for each in inner.items()} if inner.items() else pinned)
    return True


def _contradictory(place: Place) -> bool:
    """Whether a part stands there both as it is and denied."""
    found = {canonical_json(part.value) for part in parts(place)}
    denied = {canonical_json(part.at("not").value) for part in parts(place) if part.at("not")}
    return bool(found & denied)
