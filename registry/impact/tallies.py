# SPDX-License-Identifier: Apache-2.0
"""How many stop being accepted, and when: counted over groups of which each needs some holders.

An access point is a group of one that needs itself. Participants that need the same access points are one group,
however many they are; who needs several fares as the worst of them. Only groups whose holders change are looked at
again, so the time goes with the changes, not with the participants.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from registry.impact.effects import Change, Effect, worst
from registry.impact.holdings import Kind, Verdict

HolderId = tuple[Kind, str]


@dataclass(frozen=True, slots=True)
class Group:
    """So many that need the same holders."""

    needs: frozenset[HolderId]
    count: int


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts at a time: accepted by the configuration in force, by the new one, and by what becomes of them."""

    before: int
    after: int
    effects: Mapping[Effect, int]
    """Without SAME; those that are 0 are left out."""

    def of(self, *effects: Effect) -> int:
        """How many have one of these effects."""
        return sum(self.effects.get(effect, 0) for effect in effects)

    def to_json(self) -> dict[str, int]:
        """All counts by name."""
        counts = {effect.value: self.effects.get(effect, 0) for effect in Effect if effect is not Effect.SAME}
        return {"accepted_before": self.before, "accepted_after": self.after} | counts


@dataclass(frozen=True, slots=True)
class Course:
    """Tallies from instants on, in order, each up to the next one."""

    steps: tuple[tuple[datetime, Tally], ...]

    def at(self, time: datetime) -> Tally:
        """The tally at a time, not before the first one."""
        return self.steps[max(bisect_right(self.steps, time, key=lambda step: step[0]) - 1, 0)][1]


def course(changes: Mapping[HolderId, Sequence[Change]], groups: Iterable[Group], since: datetime) -> Course:
    """The tallies of groups from `since` on. All that they need has to be among the keys of `changes`."""
    return _Counting(changes, list(groups)).course(since)


class _Counting:
    def __init__(self, changes: Mapping[HolderId, Sequence[Change]], groups: list[Group]) -> None:
        self._groups = groups
        self._needing: dict[HolderId, list[int]] = {}
        for number, group in enumerate(groups):
            for need in group.needs:
                self._needing.setdefault(need, []).append(number)
        self._now = {each: changes[each][0] for each in self._needing}
        self._later: dict[datetime, list[tuple[HolderId, Change]]] = {}
        for each in self._needing:
            for change in changes[each][1:]:
                self._later.setdefault(change.since, []).append((each, change))
        self._counts: Counter[_State] = Counter()
        self._states = [self._state(group) for group in groups]
        for group, state in zip(groups, self._states, strict=True):
            self._counts[state] += group.count

    def course(self, since: datetime) -> Course:
        steps = [(since, self._tally())]
        for at in sorted(self._later):
            self._now.update(self._later[at])
            for number in {number for each, _ in self._later[at] for number in self._needing[each]}:
                self._look_again(number)
            tally = self._tally()
            if tally != steps[-1][1]:
                steps.append((at, tally))
        return Course(tuple(steps))

    def _look_again(self, number: int) -> None:
        group, state = self._groups[number], self._state(self._groups[number])
        self._counts[self._states[number]] -= group.count
        self._counts[state] += group.count
        self._states[number] = state

    def _state(self, group: Group) -> "_State":
        needed = [self._now[each] for each in group.needs]
        return (
            all(each.before.verdict is not Verdict.REFUSED for each in needed),
            all(each.after.verdict is not Verdict.REFUSED for each in needed),
            worst(each.effect for each in needed),
        )

    def _tally(self) -> Tally:
        effects: Counter[Effect] = Counter()
        for (_, _, effect), count in self._counts.items():
            if count and effect is not Effect.SAME:
                effects[effect] += count
        return Tally(
            sum(count for (before, _, _), count in self._counts.items() if before),
            sum(count for (_, after, _), count in self._counts.items() if after),
            dict(effects),
        )


_State = tuple[bool, bool, Effect]
"""Whether the configuration in force, and the new one, accept all that a group needs; and what becomes of it."""


def moments(since: datetime, days: int) -> list[datetime]:
    """`since`, and the last instant of its date (UTC) and of so many further ones: what ends on a date shows there."""
    midnight = since.replace(hour=0, minute=0, second=0, microsecond=0)
    return [since, *(midnight + timedelta(days=day + 1, microseconds=-1) for day in range(days + 1))]
