# SPDX-License-Identifier: Apache-2.0
"""What another configuration does to a holder, or to a participant, at each time: told by three verdicts.

Those are: that of the configuration in force now, that of the same one at the time, and that of the new one then. To be
warned of is to be accepted. Where the configuration in force is compared with itself, who drops out lapses.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from registry.impact.holdings import Standing, Verdict, at


class Effect(StrEnum):
    """What becomes of somebody at a time, the worst first."""

    STOPS = "stops"
    """The configuration in force would accept him then, the new one doesn't."""
    LAPSES = "lapses"
    """He is accepted now, and by neither of them then."""
    BEGINS = "begins"
    """He is refused now, and accepted by the new one then."""
    KEPT = "kept"
    """He is accepted now and by the new one then; the configuration in force would refuse him."""
    WARNED = "warned"
    """The new one refuses him then only in a role in which the domain warns; the one in force doesn't."""
    SAME = "same"


LOST = (Effect.STOPS, Effect.LAPSES)
"""Who is accepted no longer."""
_ORDER = {effect: rank for rank, effect in enumerate(Effect)}


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of a holder from an instant on, up to the next of these."""

    since: datetime
    effect: Effect
    before: Standing
    """By the configuration in force."""
    after: Standing
    """By the new one."""

    @property
    def told(self) -> tuple[object, ...]:
        """Equal where there is nothing new to tell."""
        after = self.after
        return self.effect, self.before.verdict, after.verdict, after.reason.id, after.role, after.sha256


def effect_of(now: Verdict, before: Verdict, after: Verdict) -> Effect:
    """From the verdicts of the configuration in force now and then, and of the new one then."""
    refused = Verdict.REFUSED
    if after is refused:
        if before is not refused:
            return Effect.STOPS
        return Effect.LAPSES if now is not refused else Effect.SAME
    if now is refused:
        return Effect.BEGINS
    if before is refused:
        return Effect.KEPT
    return Effect.WARNED if after is Verdict.WARNED and before is Verdict.ACCEPTED else Effect.SAME


def changes(before: tuple[Standing, ...], after: tuple[Standing, ...]) -> tuple[Change, ...]:
    """What becomes of a holder, in order, from the begin of the window on."""
    now = before[0].verdict
    found: list[Change] = []
    for time in sorted({each.since for each in (*before, *after)}):
        then, other = at(before, time), at(after, time)
        change = Change(time, effect_of(now, then.verdict, other.verdict), then, other)
        if not found or change.told != found[-1].told:
            found.append(change)
    return tuple(found)


def worst(effects: Iterable[Effect]) -> Effect:
    """What becomes of somebody who needs several holders; SAME where he needs none."""
    return min(effects, key=_ORDER.__getitem__, default=Effect.SAME)
