# SPDX-License-Identifier: Apache-2.0
"""The blast radius of a component: for whom, and towards whom, what can be forged with it would be accepted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trust_lists.evaluation.blast_radius.components import Component, Kind
from trust_lists.evaluation.blast_radius.goals import Attack, Attacker, Goal
from trust_lists.evaluation.blast_radius.network import AP_ROLES, Network, Party
from trust_lists.evaluation.trust_configuration.model import Role


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    count: int
    of: int

    @property
    def fraction(self) -> float | None:
        """Between 0 and 1; None where there are none at all."""
        return self.count / self.of if self.of else None

    def to_json(self) -> dict[str, object]:
        """In values that `json.dumps` takes."""
        return {"count": self.count, "of": self.of, "fraction": self.fraction}

    def __str__(self) -> str:
        return f"{self.count} of {self.of}"


@dataclass(frozen=True, slots=True)
class Reach:
    """What one component alone gives to somebody who has no other."""

    component: Component
    names: Mapping[Role, tuple[str, ...]]
    """By role, the parties for whom something forged is accepted."""
    asked: Mapping[Role, int]
    """By role, how many parties have it."""
    relying: Share
    """Of the access points, those who would be deceived."""
    pairs: Share
    """Ordered pairs of access points: who would be deceived about whom."""
    participants: Share
    """Participants of access points for whom somebody else could pass."""
    document_types: Share
    """Kinds of messages that such access points exchange."""
    goals: Mapping[Attacker, Mapping[Goal, Share]]
    """Pairs in which a goal is reached with it that isn't without."""

    @property
    def weight(self) -> tuple[int, int, int]:
        """By which reports are sorted: the greater, the more is at stake."""
        most = max((share.count for goals in self.goals.values() for share in goals.values()), default=0)
        return self.pairs.count, most, sum(map(len, self.names.values()))

    @property
    def empty(self) -> bool:
        """Whether nothing can be done with it alone."""
        return self.weight == (0, 0, 0)

    def to_json(self) -> dict[str, object]:
        """In values that `json.dumps` takes."""
        return {
            "component": self.component.to_json(),
            "names": {role.value: list(names) for role, names in self.names.items()},
            "names_asked": {role.value: count for role, count in self.asked.items()},
            "relying_parties": self.relying.to_json(),
            "ordered_pairs": self.pairs.to_json(),
            "participants": self.participants.to_json(),
            "document_types": self.document_types.to_json(),
            "goals": {
                attacker.value: {goal.value: share.to_json() for goal, share in goals.items()}
                for attacker, goals in self.goals.items()
            },
        }


def reach_of(component: Component, attacks: Sequence[Attack], baseline: Mapping[Attacker, Mapping[Goal, int]]) -> Reach:
    """The blast radius of one component; `attacks` are by outsiders and members, `baseline` what they reach anyway."""
    attack = next(each for each in attacks if each.attacker is Attacker.OUTSIDER)
    network = attack.network
    alone = frozenset({component.id})
    roles = [role for role in Role if attack.acceptance.rule(role) is not None]
    holders = {role: [each for each in network.parties if role in each.roles] for role in roles}
    names = {
        role: tuple(each.id for each in held if attack.forgeable(role, each, alone)) for role, held in holders.items()
    }
    passing = [each for each in network.access_points if any(each.id in names.get(role, ()) for role in AP_ROLES)]
    relying = _relying(component, network, passing)
    return Reach(
        component,
        names,
        {role: len(held) for role, held in holders.items()},
        Share(len(relying), len(network.access_points)),
        Share(_pairs(relying, passing), len(network.access_points) * (len(network.access_points) - 1)),
        Share(sum(each.participants for each in passing), network.participants),
        Share(len({kind for each in passing for kind in each.document_types}), len(network.document_types)),
        {each.attacker: _goals(each, alone, baseline[each.attacker]) for each in attacks},
    )


def reached_anyway(attacks: Sequence[Attack]) -> dict[Attacker, dict[Goal, int]]:
    """In how many pairs each goal is reached without any compromise."""
    return {each.attacker: {goal: each.reached_in(goal, frozenset()) for goal in Goal} for each in attacks}


def _goals(attack: Attack, alone: frozenset[str], baseline: Mapping[Goal, int]) -> dict[Goal, Share]:
    return {goal: Share(attack.reached_in(goal, alone) - baseline[goal], attack.relations(goal)) for goal in Goal}


def _relying(component: Component, network: Network, passing: Sequence[Party]) -> list[Party]:
    """Who would be deceived: everybody, but of a pin store its owner alone."""
    if not passing:
        return []
    if component.kind is Kind.PIN_STORE:
        return [each for each in network.access_points if each.id == component.party]
    alone = {passing[0].id} if len(passing) == 1 else set()
    return [each for each in network.access_points if each.id not in alone]


def _pairs(relying: Sequence[Party], passing: Sequence[Party]) -> int:
    return sum(one.id != other.id for one in relying for other in passing)
