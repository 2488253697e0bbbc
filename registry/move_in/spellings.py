# SPDX-License-Identifier: Apache-2.0
"""Several spellings of one participant at a source that keeps them apart, where our domain has one participant.

The first by code points is taken; the others are refused by name, so that nobody's services are replaced unseen. When
the first is gone the next is taken in its place: the participant stays as long as the source has one of its spellings.
"""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Self

from registry.errors import Reason, ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.rules import IdentifierRules
from registry.move_in.model import Result, Verdict, folded
from registry.storage.queries.move_ins import Held


def same_participant(rules: IdentifierRules) -> Callable[[str], str]:
    """What is equal for all keys of one participant, by the rules of a domain."""

    def name(key: str) -> str:
        try:
            participant = ParticipantIdentifier.parse(key, scheme_optional=True)
        except ValidationError:
            return key  # which is refused for what it is
        return str(ParticipantIdentifier(participant.scheme, rules.participant_key(participant)))

    return name


@dataclass(frozen=True, slots=True)
class Spellings:
    """Those keys of some parts that are spellings of what has others there, too."""

    further: Mapping[str, str] = field(default_factory=dict)
    """The keys that aren't taken, each with the one that is."""
    here: Mapping[str, str] = field(default_factory=dict)
    """For each key at the source the digest of what is here of it, "" for none: of whichever spelling that was."""
    superseded: frozenset[str] = frozenset()
    """The keys that are gone, and of which something is here that now belongs to another one."""
    anew: frozenset[str] = frozenset()
    """The keys of which something else is to be said than the ledger has, even where their records are as before."""

    @classmethod
    def of(cls, listed: Mapping[str, object], held: Mapping[str, Held], same: Callable[[str], str]) -> Self:
        """`listed` has the keys at the source, `held` what the ledger has, both of the same parts."""
        further: dict[str, str] = {}
        here: dict[str, str] = {}
        superseded, anew = set[str](), set[str]()
        for keys in _groups(listed.keys() | held.keys(), same):
            there = [key for key in keys if key in listed]
            if not there:
                continue
            first, *others = there
            taken = {key: held[key].digest for key in keys if key in held and held[key].digest}
            further |= dict.fromkeys(others, first)
            here |= {first: taken.get(first) or next(iter(taken.values()), ""), **dict.fromkeys(others, "")}
            superseded |= taken.keys() - listed.keys()
            anew |= {*others, *([first] if taken.keys() - {first} else [])}
        return cls(further, here, frozenset(superseded), frozenset(anew))

    def refusals(self) -> list[Result]:
        """What is said of the keys that aren't taken."""
        return [Result(key, Verdict.REFUSED, (_twice(first),)) for key, first in self.further.items()]


def _groups(keys: AbstractSet[str], same: Callable[[str], str]) -> list[list[str]]:
    """The keys of each thing that has several, in order; only those that look alike are taken apart."""
    alike: dict[str, list[str]] = {}
    for key in keys:
        alike.setdefault(folded(key), []).append(key)
    found: dict[str, list[str]] = {}
    for some in alike.values():
        if len(some) > 1:
            for key in sorted(some):
                found.setdefault(same(key), []).append(key)
    return [some for some in found.values() if len(some) > 1]


def _twice(first: str) -> Reason:
    message = f"the source has the same participant as {first}, which is taken; remove one of the two there"
    return Reason("MOVE-IN-TWICE", message)
