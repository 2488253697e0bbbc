# SPDX-License-Identifier: Apache-2.0
"""What replaying speaks of: an old system that takes changes, and how far it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from registry.move_in.replay.changes import Change, Subject

MAX_REFUSED = 1_000
"""So many refused changes are kept; with more, something is wrong with all of them."""


class OldSystem(Protocol):
    """An old system behind its own interface. Each call may be repeated."""

    subjects: frozenset[Subject]
    """What it can be told of."""

    def take(self, change: Change) -> None:
        """Let something be there as it is here now.

        Raises TechnicalError where nobody knows whether that was done, UnauthorizedError where it lets us do nothing,
        and another error of the tree where it refuses this change.
        """

    def close(self) -> None:
        """Close the connections."""


@dataclass(slots=True)
class Replayed:
    """How far a replay is, as it is kept with the move.

    `position` is that of the chain of events up to which everything was told, but for `refused`: the positions of
    events (the audit says what they are about) and why. `left_out` counts what can't be told at all.
    """

    position: int
    told: int = 0
    refused: dict[int, str] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    at: str = ""
    """When it was last up to date, in ISO 8601."""
    failure: str = ""
    """Why it stopped, until it goes on."""

    @classmethod
    def of(cls, position: int, kept: Mapping[str, Any] | None) -> Self:
        """As it was kept; from `position` on where nothing was."""
        if not kept:
            return cls(position)
        refused = {int(at): str(why) for at, why in kept["refused"]}
        return cls(kept["position"], kept["told"], refused, dict(kept["left_out"]), kept["at"], kept["failure"])

    def to_json(self) -> dict[str, Any]:
        """For keeping."""
        return {
            "position": self.position,
            "told": self.told,
            "refused": sorted(self.refused.items()),
            "left_out": self.left_out,
            "at": self.at,
            "failure": self.failure,
        }
