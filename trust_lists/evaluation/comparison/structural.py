# SPDX-License-Identifier: Apache-2.0
"""What two configurations say differently, key path by key path, in words.

Certificates count by their digests, as in the address of a configuration: two files with the same certificate are no
difference. Order counts nowhere.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trust_lists.evaluation.comparison.effects import effect_of, turned
from trust_lists.evaluation.comparison.model import Difference, Effect, Kind
from trust_lists.evaluation.comparison.naming import Names
from trust_lists.evaluation.comparison.pairing import Pair, paired
from trust_lists.evaluation.trust_configuration.model import Json, TrustConfiguration
from trust_lists.strict_json import canonical_json

_ORDER = {Effect.WIDENS: 0, Effect.NARROWS: 1, Effect.CHANGES: 2}
_ENTRIES = {
    ("roles",): Effect.WIDENS,  # a role without a rule accepts nobody
    ("stores", "anchors"): Effect.WIDENS,
    ("stores", "intermediates"): Effect.WIDENS,
    ("stores", "lists"): Effect.WIDENS,
    ("stores", "saml_metadata"): Effect.WIDENS,
    ("stores", "openid_federation"): Effect.WIDENS,
    ("stores", "pins"): Effect.WIDENS,
    ("effective", "deviations"): Effect.CHANGES,
}
"""What it means that an entry is added to these mappings."""
_LABELS = ("id", "model", "description")
"""What no decision depends on."""
_COMBINED = {"any_of": Effect.WIDENS, "all_of": Effect.NARROWS, "of": Effect.WIDENS}
"""What it means that a part is added to these lists of expressions."""
_SPLIT = ("match", "bind", "overrides")
"""Mappings whose keys are the user's: told as a whole."""


def structural_differences(a: TrustConfiguration, b: TrustConfiguration) -> tuple[Difference, ...]:
    """All that A and B say differently; what widens comes first, then what narrows."""
    pair = paired(a, b)
    walk = _Walk(pair, Names(a, b, pair.renamed))
    found = [*walk.renamed(), *walk.mappings((), pair.before, pair.after)]
    return tuple(sorted(found, key=lambda each: (each.path in _LABELS, _ORDER[each.effect], each.path)))


@dataclass(frozen=True, slots=True)
class _Walk:
    pair: Pair
    names: Names

    def renamed(self) -> Iterator[Difference]:
        for (store, old), new in self.pair.renamed.items():
            path = ("stores", store, old)
            told = f"{self.names.owner(path)} goes by the id {new}"
            yield Difference(".".join(path), Kind.RENAMED, old, new, Effect.CHANGES, told)

    def mappings(
        self, path: tuple[str, ...], before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> Iterator[Difference]:
        for key in dict.fromkeys((*before, *after)):
            yield from self.values((*path, key), before.get(key), after.get(key), (key in before, key in after))

    def values(self, path: tuple[str, ...], before: Any, after: Any, there: tuple[bool, bool]) -> Iterator[Difference]:
        if path[:-1] in _ENTRIES and not all(there):
            yield self._entry(path, before, after, added=there[1])
        elif path[-1] == "accept" or (path[-1] == "not" and before and after):
            yield from self._expressions(path, before, after)
        elif isinstance(before, dict) and isinstance(after, dict) and path[-1] not in _SPLIT:
            yield from self.mappings(path, before, after)
        elif not _same(before, after):
            yield self._changed(path, before, after)

    def _expressions(self, path: tuple[str, ...], before: Any, after: Any) -> Iterator[Difference]:
        """Expressions are mappings with one key."""
        if _same(before, after):
            return
        ((key, old),), ((other, new),) = before.items(), after.items()
        inner = (*path, key)
        if key != other:
            yield self._differently(path, before, after)
        elif key in _COMBINED:
            yield from self._parts(inner, old, new)
        elif key == "quorum":
            yield from self.values((*inner, "least"), old["least"], new["least"], (True, True))
            yield from self._parts((*inner, "of"), old["of"], new["of"])
        elif key == "not":
            yield from self._expressions(inner, old, new)
        elif isinstance(old, dict):
            yield from self.mappings(inner, old, new)
        elif not _same(old, new):
            yield self._changed(inner, old, new)

    def _parts(self, path: tuple[str, ...], before: list[Any], after: list[Any]) -> Iterator[Difference]:
        """Parts that are the same in both go by themselves, then those with the same operator, in their order."""
        gone, come = _without(before, after), _without(after, before)
        for part in list(gone):
            like = next((each for each in come if next(iter(each)) == next(iter(part))), None)
            if like is not None:
                gone.remove(part)
                come.remove(like)
                yield from self._expressions(path, part, like)
        added = turned(path, _COMBINED[path[-1]])
        for each in come:
            told = f"{self.names.owner(path)}: {_tail(path)} also has {self.names.expression(each)}"
            yield Difference(".".join(path), Kind.ADDED, None, each, added, told)
        for each in gone:
            told = f"{self.names.owner(path)}: {_tail(path)} no longer has {self.names.expression(each)}"
            yield Difference(".".join(path), Kind.REMOVED, each, None, added.mirrored, told)

    def _differently(self, path: tuple[str, ...], before: Any, after: Any) -> Difference:
        """Another operator; where one expression is a part of the other, it is known what that means."""
        effect = Effect.CHANGES
        for whole, part, direction in ((after, before, False), (before, after, True)):
            ((key, parts),) = whole.items()
            if key in ("any_of", "all_of") and any(_same(part, each) for each in parts):
                effect = _COMBINED[key].mirrored if direction else _COMBINED[key]
        old, new = self.names.expression(before), self.names.expression(after)
        told = f"{self.names.owner(path)}: {_tail(path)} {old} -> {new}"
        return Difference(".".join(path), Kind.CHANGED, before, after, turned(path, effect), told)

    def _entry(self, path: tuple[str, ...], before: Json, after: Json, *, added: bool) -> Difference:
        effect = _ENTRIES[path[:-1]] if added else _ENTRIES[path[:-1]].mirrored
        if path[:2] == ("roles", "smp-metadata"):
            effect = Effect.CHANGES
        told = f"{self.names.owner(path)} {'is added' if added else 'is gone'}"
        return Difference(".".join(path), Kind.ADDED if added else Kind.REMOVED, before, after, effect, told)

    def _changed(self, path: tuple[str, ...], before: Json, after: Json) -> Difference:
        changed = "is another one" if path == ("description",) else self.names.change(path, before, after)
        told = f"{self.names.owner(path)}: {_tail(path)} {changed}".removeprefix(": ")
        return Difference(".".join(path), Kind.CHANGED, before, after, effect_of(path, before, after), told)


def _tail(path: tuple[str, ...]) -> str:
    """The path without what names its owner."""
    start = {"stores": 3, "roles": 2, "effective": 3, "engine": 1}.get(path[0], 0)
    if path[:2] == ("stores", "deny"):
        start = 2
    found = [each for each in path[start:] if each != "controls"]
    return ".".join(found)


def _without(parts: list[Any], others: list[Any]) -> list[Any]:
    known = {_form(each) for each in others}
    return [each for each in parts if _form(each) not in known]


def _same(one: Json, other: Json) -> bool:
    return _form(one) == _form(other)


def _form(value: Json) -> str:
    """Equal for values that mean the same; the order of lists doesn't count."""
    match value:
        case dict():
            return canonical_json({key: _form(each) for key, each in value.items()})
        case list():
            return canonical_json(sorted(_form(each) for each in value))
    return canonical_json(value)
