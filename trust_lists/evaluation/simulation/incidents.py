# SPDX-License-Identifier: Apache-2.0
"""What goes wrong, or is forced upon a network: stolen and lost keys, re-roots, expiring CAs, new list signers.

A theft is followed to its detection, then to the last relying party that rejects the stolen key, and to the last one
that accepts its successor. Each incident has a stream of chance of its own, by its class and number.
"""

import math
from collections.abc import Callable
from functools import partial

from trust_lists.evaluation.simulation.calendar import Calendar
from trust_lists.evaluation.simulation.events import Event, Scheduled
from trust_lists.evaluation.simulation.life import Life
from trust_lists.evaluation.simulation.models import CACHE, Entries, Route
from trust_lists.evaluation.simulation.network import Network
from trust_lists.evaluation.simulation.population import YEAR
from trust_lists.evaluation.simulation.windows import migrated, replaced


class Incidents:
    """The incidents of one simulation. A name is the number of an incident that came by chance, or `certain …`."""

    def __init__(self, calendar: Calendar, network: Network, life: Life) -> None:
        self._calendar, self._network, self._life = calendar, network, life
        self._handlers: dict[Event, Callable[[int, int | str], None]] = {
            Event.ACCESS_POINT_LEAVES: life.leave,
            Event.ACCESS_POINT_COMPROMISE: self._access_point_compromised,
            Event.PUBLISHER_COMPROMISE: self._publisher_compromised,
            Event.AUTHORITY_COMPROMISE: self._authority_compromised,
            Event.AUTHORITY_LOSS: self._authority_lost,
            Event.RE_ROOT: self._re_root_announced,
            Event.SIGNER_ROLLOVER: self._signer_rolled_over,
            Event.SIGNER_COMPROMISE: self._signer_compromised,
        }

    def certain(self, planned: Scheduled, number: int) -> None:
        """Plan an incident that happens for certain; one that can't happen under this model is left out."""
        name = f"certain {number}"
        if planned.event is Event.AUTHORITY_EXPIRY:
            if planned.subject < self._network.all_authorities:
                self._expiring(planned.subject, planned.day, name, None)
            return
        handler = self._handlers[planned.event]
        self._calendar.at(planned.day, partial(handler, planned.subject, name))

    def by_chance(self) -> None:
        """Plan all incidents of the simulated years, and what comes with the age of CAs and signers."""
        network, model = self._network, self._network.model
        access_points, authorities = network.settings.access_points, network.all_authorities
        signers = int(model.entries is not Entries.NOTHING)
        for event, rate, subjects in (
            (Event.ACCESS_POINT_LEAVES, "access_points_leaving", access_points),
            (Event.ACCESS_POINT_COMPROMISE, "access_point_compromises", access_points),
            (Event.PUBLISHER_COMPROMISE, "publisher_compromises", network.publishers),
            (Event.AUTHORITY_COMPROMISE, "authority_compromises", authorities),
            (Event.AUTHORITY_LOSS, "authority_losses", authorities),
            (Event.RE_ROOT, "re_roots", authorities),
            (Event.SIGNER_COMPROMISE, "signer_compromises", signers),
        ):
            self._at_random(event, network.parameters.number(rate) * subjects / YEAR, subjects)
        for authority in range(authorities):
            age = network.streams.draw("age of CA", authority) if network.streams.chance else 0.0
            expiry = network.parameters.number("authority_validity") * (1 - age)
            self._expiring(authority, expiry, 0, network.authority_number[authority])
        if signers:
            validity = network.parameters.number("signer_validity")
            age = network.streams.draw("age of signer") if network.streams.chance else 0.0
            day, number = validity * (1 - age), 0
            while day < network.horizon:
                self._calendar.at(day, partial(self._signer_rolled_over, 0, number))
                day, number = day + validity, number + 1

    def _at_random(self, event: Event, rate: float, subjects: int) -> None:
        """Plan a class of incidents, of which `rate` a day are expected, each to one of the subjects."""
        streams, day, number = self._network.streams, 0.0, 0
        while rate > 0:
            when, who = streams.draws(2, event, number)
            day += -math.log(when) / rate if streams.chance else 1 / rate
            if day >= self._network.horizon:
                return
            subject = int(who * subjects) if streams.chance else number % subjects
            self._calendar.at(day, partial(self._handlers[event], subject, number))
            number += 1

    # Keys of access points and SMPs.

    def _access_point_compromised(self, at: int, name: int | str) -> None:
        network, now = self._network, self._calendar.now
        if at >= network.count:
            return
        event, expires, others = Event.ACCESS_POINT_COMPROMISE, network.expires[at], network.count - 1
        detection = network.took("access_point_detection", name)
        if now + detection >= expires:
            network.ledger.exposed(event, now, detection, 0.0, [0.0] * others, until=expires - now)
            return
        detected = partial(self._theft_detected, at, name, now, expires, network.certificate[at], network.count)
        self._calendar.at(now + detection, detected)

    def _theft_detected(
        self, at: int, name: int | str, stolen: float, expires: float, certificate: int, count: int
    ) -> None:
        network, now, event = self._network, self._calendar.now, Event.ACCESS_POINT_COMPROMISE
        publication = network.withdrawal(at, event, name)
        pickups = network.pickups(network.model.withdrawn, count, event, name)
        mine = pickups.pop(at)
        network.ledger.exposed(event, stolen, now - stolen, publication, pickups, until=expires - stolen)
        withdrawal = network.model.work.get(Event.ACCESS_POINT_LEAVES, ())
        if network.certificate[at] != certificate:  # replaced in the meantime; the old one is all that is withdrawn
            self._life.book(event, network.circumstances((at,)), withdrawal)
            return
        pickups.insert(at, mine)
        received = network.issuing(at, now) + network.took("renewal_delay", event, name)
        accepted = network.accepted(at, received, event, name)
        waits = [
            max(0.0, accepted[other] - min(now + publication + pickup, expires))
            for other, pickup in enumerate(pickups)
            if other != at
        ]
        network.ledger.rejected(event, now, max(waits, default=0.0), sum(waits))
        renewal = self._life.work.get(Event.LEAF_ROLLOVER, ())
        self._life.book(event, network.circumstances((at,)), (*withdrawal, *renewal))
        self._life.certified(at, received)

    def _publisher_compromised(self, publisher: int, name: int | str) -> None:
        network, now, event = self._network, self._calendar.now, Event.PUBLISHER_COMPROMISE
        model, count = network.model, network.count
        users = range(publisher, count, network.publishers)
        if not model.metadata or not users:
            return
        detection = network.took("publisher_detection", name)
        publication = network.publication(model.publisher_out, event, name)
        pickups = network.pickups(model.publisher_out, count, event, name)
        network.ledger.exposed(event, now, detection, publication, pickups, targets=len(users))
        rows = network.rows(users)
        signed = network.took("renewal_delay", event, name) + network.rewriting(rows)
        cached = network.pickups(CACHE, count, event, "signed anew", name)
        installed = [0.0] * count
        if model.publisher_in is not None:
            told = network.publication(model.publisher_in, event, "in", name)
            installed = [told + each for each in network.pickups(model.publisher_in, count, event, "in", name)]
        waits = [
            max(0.0, max(signed + cache, install) - publication - pickup)
            for cache, install, pickup in zip(cached, installed, pickups, strict=True)
        ]
        network.ledger.rejected(event, now + detection, max(waits), sum(waits) * len(users))
        self._life.book(event, network.circumstances(users, rows=rows))

    # Certification authorities.

    def _authority_compromised(self, authority: int, name: int | str) -> None:
        network, now = self._network, self._calendar.now
        if authority < network.authorities:
            detection = network.took("authority_detection", name)
            detected = partial(self._authority_theft_detected, authority, name, now, network.count)
            self._calendar.at(now + detection, detected)

    def _authority_theft_detected(self, authority: int, name: int | str, stolen: float, count: int) -> None:
        network, now, event = self._network, self._calendar.now, Event.AUTHORITY_COMPROMISE
        out = network.model.anchor_out
        publication = network.publication(out, event, name)
        pickups = network.pickups(out, count, event, name)
        # A thief may be any access point but the relying party itself.
        network.ledger.exposed(event, stolen, now - stolen, publication, pickups, targets=count - 1)
        ready, accepts = self._successor(event, authority, name, count)
        delay = network.parameters.days("renewal_delay")
        members = network.members(authority)
        draws = network.streams.draws(network.count, "renewal_delay", event, name)
        reissued = {at: ready + delay.at(draws[at]) for at in members}
        rejects = [now + publication + each for each in pickups]
        network.ledger.rejected(
            event, now, *replaced(rejects, accepts, {at: day for at, day in reissued.items() if at < count})
        )
        self._life.book(event, network.circumstances(members))
        for at, day in reissued.items():
            self._life.certified(at, day)

    def _authority_lost(self, authority: int, name: int | str) -> None:
        """Nobody can sign with the key any more: what it signed stays valid, and another anchor is added."""
        network, event = self._network, Event.AUTHORITY_LOSS
        if authority < network.authorities:
            self._successor(event, authority, name, network.count)
            network.added_anchors += 1
            self._life.book(event, network.circumstances(network.members(authority)))

    def _successor(self, event: Event, authority: int, name: int | str, count: int) -> tuple[float, list[float]]:
        """From when there is another CA that issues, and from when each relying party accepts it."""
        network, now = self._network, self._calendar.now
        ready = now
        accepts = [now] * count
        if not network.can_change_authority:
            ready += network.took("authority_setup", event, name)
            told = ready + network.publication(network.model.anchor_in, event, "in", name)
            pickups = network.pickups(network.model.anchor_in, count, event, "in", name)
            accepts = [told + each for each in pickups]
        self._renewed(event, authority, ready, accepts, name)
        return ready, accepts

    def _renewed(self, event: Event, authority: int, since: float, anchored: list[float], name: int | str) -> None:
        """A CA has a new key: what it issues from now on needs the new anchor, and it expires later."""
        network = self._network
        network.issuing_from[authority] = since
        network.anchored[authority] = anchored
        network.cause[authority] = event
        network.authority_number[authority] += 1
        expiry = since + network.parameters.number("authority_validity")
        self._expiring(authority, expiry, name, network.authority_number[authority])

    def _expiring(self, authority: int, expiry: float, name: int | str, number: int | None) -> None:
        """Plan the change that must be done when a CA expires; `number` is that of its key, None for any."""
        network, event = self._network, Event.AUTHORITY_EXPIRY
        if number is not None and expiry >= network.horizon:
            return
        window = network.took("migration_window", event, authority, name)
        begin = partial(self._migrate, event, authority, name, until=expiry, number=number)
        self._calendar.at(expiry - window, begin)

    def _re_root_announced(self, authority: int, name: int | str) -> None:
        network, event = self._network, Event.RE_ROOT
        if authority < network.authorities:
            preparation = network.took("migration_preparation", event, name)
            begin = partial(self._migrate, event, authority, name)
            self._calendar.at(self._calendar.now + preparation, begin)

    def _migrate(
        self, event: Event, authority: int, name: int | str, until: float | None = None, number: int | None = None
    ) -> None:
        """The window begins in which the old and the new key of a CA are used."""
        network, now = self._network, self._calendar.now
        if authority >= network.authorities or number not in (None, network.authority_number[authority]):
            return
        if until is None:
            until = now + network.took("migration_window", event, name)
        count, anchor_in = network.count, network.model.anchor_in
        if anchor_in.by_hand:
            install = network.parameters.days("migration_install")
            told = now - network.took("migration_preparation", event, name)
            installs = [told + install.at(u) for u in network.streams.draws(count, "migration_install", event, name)]
        else:
            told = now + network.publication(anchor_in, event, name)
            installs = [told + each for each in network.pickups(anchor_in, count, event, name)]
        switch = network.parameters.days("migration_switch")
        draws = network.streams.draws(count, "migration_switch", event, name)
        switches = {at: now + switch.at(draws[at]) for at in network.members(authority)}
        network.ledger.rejected(event, now, *migrated(installs, switches, until))
        self._life.book(event, network.circumstances(network.members(authority)))
        self._renewed(event, authority, now, installs, name)
        for at, day in switches.items():
            self._life.certified(at, day)

    # Signers of lists.

    def _signer_rolled_over(self, _signer: int, name: int | str) -> None:
        """Who hasn't the new signer when the list that it has expires, has no list then."""
        network, now, event = self._network, self._calendar.now, Event.SIGNER_ROLLOVER
        if network.model.entries is Entries.NOTHING:
            return
        route, count = network.model.signer_in, network.count
        told = now + network.publication(route, event, name)
        if route.by_hand:
            told -= network.took(network.model.signer_notice, name)
        ends = max(now, network.next_update)
        waits = [max(0.0, told + each - ends) for each in network.pickups(route, count, event, name)]
        network.ledger.rejected(event, ends, max(waits), sum(waits) * (count - 1))
        self._life.book(event, network.circumstances())

    def _signer_compromised(self, _signer: int, name: int | str) -> None:
        network, now, event = self._network, self._calendar.now, Event.SIGNER_COMPROMISE
        if network.model.entries is Entries.NOTHING:
            return
        count = network.count
        detection = network.took("signer_detection", name)

        def acted(route: Route, way: str) -> tuple[float, list[float]]:
            return network.publication(route, event, way, name), network.pickups(route, count, event, way, name)

        publication, pickups = acted(network.model.signer_out, "out")
        network.ledger.exposed(event, now, detection, publication, pickups, targets=count - 1)
        told, installs = acted(network.model.signer_in, "in")
        told += network.took("renewal_delay", event, name)
        waits = [
            max(0.0, told + install - publication - pickup) for install, pickup in zip(installs, pickups, strict=True)
        ]
        network.ledger.rejected(event, now + detection, max(waits), sum(waits) * (count - 1))
        self._life.book(event, network.circumstances())
