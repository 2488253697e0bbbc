# SPDX-License-Identifier: Apache-2.0
"""The words of a comparison: one difference, and whether it lets more or fewer certificates pass.

An effect is about the value alone: whether anything comes of it is what the matrix and the probes tell.
"""

from dataclasses import dataclass
from enum import StrEnum

from trust_lists.evaluation.trust_configuration.model import Json


class Effect(StrEnum):
    """What a difference means for who is accepted, other things being equal."""

    WIDENS = "widens"
    NARROWS = "narrows"
    CHANGES = "changes"
    """Neither of the two for certain, or nothing that decisions depend on."""

    @property
    def mirrored(self) -> "Effect":
        """The effect of going back."""
        return {Effect.WIDENS: Effect.NARROWS, Effect.NARROWS: Effect.WIDENS}.get(self, self)


class Kind(StrEnum):
    """What happened to a value from A to B."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    RENAMED = "renamed"

    @property
    def mirrored(self) -> "Kind":
        """What happened from B to A."""
        return {Kind.ADDED: Kind.REMOVED, Kind.REMOVED: Kind.ADDED}.get(self, self)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that A and B have differently."""

    path: str
    """Its key path, by the ids of A where both have it (`stores.anchors.ap-ca-g3.controls.path_len`)."""
    kind: Kind
    before: Json
    """In A, as the canonical form has it; None where A doesn't have it."""
    after: Json
    effect: Effect
    text: str

    def to_json(self) -> dict[str, Json]:
        """In values that `json.dumps` takes."""
        return {
            "path": self.path,
            "kind": self.kind.value,
            "before": self.before,
            "after": self.after,
            "effect": self.effect.value,
            "text": self.text,
        }
