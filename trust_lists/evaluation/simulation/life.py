# SPDX-License-Identifier: Apache-2.0
"""The ordinary life of a network: access points come and go, renew their certificates, and lists are issued in time.

Who leaves is followed by a successor, so that the number of access points only grows.
"""

from functools import partial

from trust_lists.evaluation.simulation.calendar import Calendar
from trust_lists.evaluation.simulation.events import Event
from trust_lists.evaluation.simulation.ledger import Circumstances
from trust_lists.evaluation.simulation.models import Action, Entries, Item, Work
from trust_lists.evaluation.simulation.network import Network


class Life:
    """What happens without anything going wrong, though some are late."""

    def __init__(self, calendar: Calendar, network: Network) -> None:
        self.calendar, self.network = calendar, network
        self.work = network.model.whole_work

    def begin(self) -> None:
        """Plan the access points, and the list where there is one."""
        for at in range(self.network.settings.access_points):
            self.calendar.at(self._joining(at), partial(self._join, at))
        if self.network.model.entries not in {Entries.NOTHING, Entries.STATEMENTS}:
            self.calendar.at(0.0, self._plan_list)

    def book(self, event: Event, circumstances: Circumstances, table: tuple[Work, ...] | None = None) -> None:
        """Book an event with its work in the model, or with this; an issue of the list is then the newest one."""
        work = self.work.get(event, ()) if table is None else table
        self.network.ledger.happened(event, work, circumstances)
        issued = any(each.item is Item.LIST and each.action is Action.SIGN for each in work)
        # An event changes one of the EU's lists; the others stay due.
        if issued and self.network.model.entries is not Entries.EU_SERVICES:
            self._plan_list()

    def _joining(self, at: int) -> float:
        """When an access point joins: the later ones evenly, each within its part of the years."""
        network = self.network
        if at < network.first:
            return 0.0
        places = network.settings.access_points - network.first
        return network.horizon * (at - network.first + network.streams.draw("join", at)) / places

    def _join(self, at: int) -> None:
        """A new access point; the first one of a CA brings that along."""
        network, now = self.network, self.calendar.now
        if at < network.all_authorities:
            self.book(Event.AUTHORITY_JOINS, network.circumstances())
        network.count += 1
        if at >= network.first:
            network.population.add_access_point()
        validity, age = network.parameters.number("leaf_validity"), 0.0
        if at < network.first:
            # Certificates of those who are there already have any age.
            age = network.streams.draw("age", at) if network.streams.chance else at / network.first
        network.expires.append(now + validity * (1 - age))
        network.certificate.append(0)
        self.book(Event.ACCESS_POINT_JOINS, network.circumstances((at,)))
        self._plan_rollover(at)

    def certified(self, at: int, received: float) -> None:
        """An access point has a new certificate; what was planned for the old one is void."""
        network = self.network
        network.certificate[at] += 1
        network.expires[at] = received + network.parameters.number("leaf_validity")
        self._plan_rollover(at)

    def _plan_rollover(self, at: int) -> None:
        network = self.network
        number = network.certificate[at]
        lead = min(network.took("renewal_lead", at, number), network.parameters.number("leaf_validity") / 2)
        day = network.expires[at] - lead
        if day < network.horizon:
            self.calendar.at(day, partial(self._roll_over, at, number))

    def _roll_over(self, at: int, number: int) -> None:
        network, now = self.network, self.calendar.now
        if network.certificate[at] != number:
            return
        received = network.issuing(at, now) + network.took("renewal_delay", at, number)
        # Nobody can use the old one longer, whether the new one is there or not.
        used = min(received + network.took("rollover_notice", at, number), network.expires[at])
        if network.accepted_at_the_latest(at, received) > used:
            accepted = network.accepted(at, received, at, number)
            waits = [max(0.0, day - used) for other, day in enumerate(accepted) if other != at]
            network.ledger.rejected(self._cause(at, used), used, max(waits, default=0.0), sum(waits))
        self.book(Event.LEAF_ROLLOVER, network.circumstances((at,)))
        self.certified(at, received)

    def _cause(self, at: int, used: float) -> Event:
        """Whether it is a CA's trouble that a new certificate comes late, or isn't accepted yet."""
        network = self.network
        if not network.all_authorities:
            return Event.LEAF_ROLLOVER
        authority = at % network.all_authorities
        troubled = (
            network.issuing_from[authority] > self.calendar.now or max(network.anchored[authority], default=0.0) > used
        )
        return network.cause[authority] if troubled else Event.LEAF_ROLLOVER

    def leave(self, at: int, number: int | str) -> None:
        """An access point leaves the network; a successor takes its place and its participants."""
        network, now = self.network, self.calendar.now
        if at >= network.count:
            return
        publication = network.withdrawal(at, "leave", number)
        pickups = network.pickups(network.model.withdrawn, network.count, "leave", number)
        pickups.pop(at)
        network.ledger.exposed(
            Event.ACCESS_POINT_LEAVES, now, 0.0, publication, pickups, until=network.expires[at] - now
        )
        self.book(Event.ACCESS_POINT_LEAVES, network.circumstances((at,)))
        self.book(Event.ACCESS_POINT_JOINS, network.circumstances((at,)))
        self.certified(at, now)

    def _plan_list(self) -> None:
        """The list is issued now; plan when it is issued anew."""
        network, now = self.network, self.calendar.now
        network.list_number += 1
        number, parameters = network.list_number, network.parameters
        network.next_update = now + parameters.number("list_validity")
        due = now + parameters.number("list_interval") + network.took("list_delay", number)
        if due < network.horizon:
            self.calendar.at(due, partial(self._reissue, number))

    def _reissue(self, number: int) -> None:
        """The list is issued because of its age; where that is late, it was no list for a while."""
        network, now = self.network, self.calendar.now
        if network.list_number != number:
            return
        refresh = network.parameters.days("list_refresh")
        if now + refresh.most > network.next_update:
            draws = network.streams.draws(network.count, "list_refresh", number)
            waits = [max(0.0, now + refresh.at(u) - network.next_update) for u in draws]
            pair_days = sum(waits) * (network.count - 1)
            network.ledger.rejected(Event.LIST_REISSUE, network.next_update, max(waits), pair_days)
        self.book(Event.LIST_REISSUE, network.circumstances())
        if network.model.entries is Entries.EU_SERVICES:
            self._plan_list()
