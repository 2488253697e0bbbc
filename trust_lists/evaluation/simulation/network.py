# SPDX-License-Identifier: Apache-2.0
"""The state of a simulated network, and how long news take in it: what all events have in common.

Access point i has its certificate from CA i modulo C, and its metadata in SMP i modulo S.
"""

from collections.abc import Sequence

from trust_lists.evaluation.simulation.events import Event, Settings
from trust_lists.evaluation.simulation.ledger import Circumstances, Ledger
from trust_lists.evaluation.simulation.models import CACHE, Authorities, Model, Route
from trust_lists.evaluation.simulation.parameters import Parameters
from trust_lists.evaluation.simulation.population import YEAR, Population
from trust_lists.evaluation.simulation.streams import Streams


class Network:
    """Access points, their certificates, CAs and the list, under one model."""

    def __init__(self, model: Model, settings: Settings, parameters: Parameters) -> None:
        self.model, self.settings, self.parameters = model, settings, parameters
        self.streams = Streams(settings.seed, settings.chance)
        self.ledger = Ledger(model, parameters)
        self.horizon = settings.years * YEAR
        self.rows_each = int(parameters.number("rows_per_participant"))
        self.publishers = int(parameters.number("publishers"))
        wanted = {Authorities.NONE: 0, Authorities.ONE: 1, Authorities.SEVERAL: int(parameters.number("authorities"))}
        self.all_authorities = min(wanted[model.authorities], settings.access_points)
        share = parameters.number("initial_share")
        self.first = max(1, round(settings.access_points * share))
        self.population = Population(settings, parameters, self.streams, access_points=self.first)
        self.count = 0
        """How many access points there are."""
        self.expires: list[float] = []
        self.certificate: list[int] = []
        """The number of the certificate that each access point has; what was planned for another one is void."""
        self.authority_number = [0] * self.all_authorities
        self.issuing_from = [0.0] * self.all_authorities
        self.anchored: list[Sequence[float]] = [()] * self.all_authorities
        """From when each relying party has the newest anchor of a CA, while not all of them do."""
        self.cause = [Event.LEAF_ROLLOVER] * self.all_authorities
        self.added_anchors = 0
        self.next_update = 0.0
        """When the list at hand expires, where there is one."""
        self.list_number = 0
        self._longest: dict[Route, float] = {}

    @property
    def authorities(self) -> int:
        """How many CAs there are by now."""
        return min(self.all_authorities, self.count)

    @property
    def can_change_authority(self) -> bool:
        """Whether access points find another CA that is trusted already."""
        return self.model.authorities is Authorities.SEVERAL and self.authorities > 1

    def members(self, authority: int) -> range:
        """The access points of a CA."""
        return range(authority, self.count, self.all_authorities)

    def rows(self, access_points: Sequence[int]) -> int:
        """The metadata rows of their participants."""
        counts = self.population.counts
        return self.rows_each * sum(counts[at] for at in access_points)

    def circumstances(self, access_points: Sequence[int] = (), *, rows: int | None = None) -> Circumstances:
        """The amounts now; `access_points` are those that the event is about."""
        counted = self.rows(access_points) if rows is None else rows
        return Circumstances(self.count, self.authorities, len(access_points), counted)

    def took(self, parameter: str, *name: object) -> float:
        """How long something took, in days."""
        return self.parameters.days(parameter).at(self.streams.draw(parameter, *name))

    def publication(self, route: Route, *name: object) -> float:
        """From a decision until it is out, in days."""
        return sum(self.took(each, *name) for each in route.publication)

    def withdrawal(self, at: int, *name: object) -> float:
        """From a decision until it is out that an access point's certificate is no longer to be accepted, in days."""
        route = self.model.withdrawn
        # Where metadata are all there is, they have to be rewritten for it.
        rewriting = self.rewriting(self.rows((at,))) if route is CACHE else 0.0
        return self.publication(route, *name) + rewriting

    def pickups(self, route: Route, count: int, *name: object) -> list[float]:
        """From there until each of so many relying parties acts on it, in days."""
        found = [0.0] * count
        for each in route.pickup:
            distribution = self.parameters.days(each)
            draws = self.streams.draws(count, each, *name)
            found = [so_far + distribution.at(u) for so_far, u in zip(found, draws, strict=True)]
        return found

    def accepted(self, at: int, received: float, *name: object) -> list[float]:
        """From when each relying party accepts the certificate that an access point receives now."""
        route = self.model.told
        times = [received] * self.count
        if route is not None:
            out = received + self.publication(route, "told", *name)
            times = [out + each for each in self.pickups(route, self.count, "told", *name)]
        if self.model.metadata:
            out = received + self.rewriting(self.rows((at,)))
            cached = self.pickups(CACHE, self.count, "metadata", *name)
            times = [max(time, out + each) for time, each in zip(times, cached, strict=True)]
        if self.all_authorities:
            # Who came after the new anchor has had it from the beginning.
            anchored = self.anchored[at % self.all_authorities]
            times[: len(anchored)] = map(max, times, anchored)
        return times

    def accepted_at_the_latest(self, at: int, received: float) -> float:
        """A bound of `accepted` that needs no draws."""
        bound = received if self.model.told is None else received + self._most(self.model.told)
        if self.model.metadata:
            bound = max(bound, received + self.rewriting(self.rows((at,))) + self._most(CACHE))
        if self.all_authorities and (anchored := self.anchored[at % self.all_authorities]):
            bound = max(bound, *anchored)
        return bound

    def rewriting(self, rows: int) -> float:
        """Days to write and sign that many metadata rows."""
        return rows / self.parameters.number("metadata_rate") / 86_400

    def issuing(self, at: int, requested: float) -> float:
        """From when there is somebody who can issue what an access point requests."""
        return max(requested, self.issuing_from[at % self.all_authorities]) if self.all_authorities else requested

    def _most(self, route: Route) -> float:
        if route not in self._longest:
            self._longest[route] = sum(self.parameters.days(each).most for each in route.publication + route.pickup)
        return self._longest[route]
