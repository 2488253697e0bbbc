# SPDX-License-Identifier: Apache-2.0
"""Who may have which zone, who is told of its changes, and the threads that send zones."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import structlog

from registry.dns.followers import OtherZones, zone_owners
from registry.dns.transfer.refusals import Refusals
from registry.dns.transfer.requests import Stream, TransferRequest
from registry.dns.transfer.sending import ZoneSender
from registry.domains.zone_servers import Secondary, TransferRules
from registry.rates import client_of
from registry.settings import Settings
from registry.storage.domain_directory import DomainDirectory
from registry.storage.engine import Database
from registry.storage.queries import zones
from registry.telemetry import zone_transfers_refused_total

MOST_WAITING: Final = 256
"""Requests of one client that wait at a time: NSD asks for 128 zones at once over each of its connections."""

_Client = tuple[tuple[int, int], str]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """A request that is answered, or waits for that."""

    client: _Client
    request: TransferRequest
    stream: Stream


class Transfers:
    """Decides about requests for zones, by what is in memory, and sends them; a `TransferDesk`.

    At most as many as the settings say are sent at a time, and nobody, by address and key, has more than one while half
    of these places are taken: who is slow, or asks for all zones at once, leaves room for others. What has no place
    waits for one, in the order in which it was asked for, as long as who asks does: name servers that are refused may
    come again only when the zone's retry interval is over. `now` gives seconds since 1970, `others` are the secondaries
    of zones that no domain has.
    """

    def __init__(
        self,
        database: Database,
        directory: DomainDirectory,
        settings: Settings,
        now: Callable[[], int],
        *,
        others: OtherZones = MappingProxyType({}),
    ) -> None:
        self._database = database
        self._directory = directory
        self._others = {name: TransferRules(tuple(secondaries)) for name, secondaries in others.items()}
        self._sender = ZoneSender(database, now)
        self._threads = ThreadPoolExecutor(settings.dns_transfers, thread_name_prefix="transfer")
        self._places = settings.dns_transfers
        self._taken = Counter[_Client]()
        self._waiting: list[_Asked] = []
        self._taking = threading.Lock()
        self._refusals = Refusals()
        self._put_off = Refusals()
        self._rules: dict[str, TransferRules] = {}
        self._intervals_s: dict[int, float] = {}
        self._generation = -1
        self.refresh()

    def refresh(self) -> None:
        """Take over what the domains say now, if the directory has found a change. Blocking."""
        generation = self._directory.generation  # first: what changes meanwhile has another look
        if generation == self._generation:
            return
        with self._database.read() as connection:
            rows = zones.all_zones(connection)
        owners = zone_owners(rows, self._directory.all())
        rules = {row.name: stored.domain.dns.transfer_rules for row, stored in owners if stored is not None}
        self._rules = rules | self._others
        self._intervals_s = {
            stored.zone_id: stored.domain.dns.publish_interval_ms / 1000
            for stored in self._directory.all()
            if stored.zone_id is not None
        }
        self._generation = generation

    def notified(self) -> dict[str, tuple[Secondary, ...]]:
        """By name of a zone, those who are to be told of its changes."""
        return {name: tuple(each for each in rules.secondaries if each.notify) for name, rules in self._rules.items()}

    def publish_interval_s(self, zone_id: int) -> float:
        """The least time between two serials of a zone."""
        return self._intervals_s.get(zone_id, 0.0)

    def allows(self, request: TransferRequest) -> bool:
        """By the rules of the zone's domain; of the domain of the zone that it is another name of; of the catalog."""
        allowed = self._rules.get(request.zone, _NOBODY).allows(request.host, request.key)
        if not allowed:
            self._refuse(request, "rules", self._refusals)
        return allowed

    def start(self, request: TransferRequest, stream: Stream) -> bool:
        """Send in a thread, as soon as there is a place; False where too many of who asks wait for one."""
        asked = _Asked((client_of(request.host), request.key), request, stream)
        with self._taking:
            if self._begin(asked):
                return True
            if sum(other.client == asked.client for other in self._waiting) < MOST_WAITING:
                self._waiting.append(asked)
                return True
            self._refuse(request, "busy", self._put_off)
            return False

    def _begin(self, asked: _Asked) -> bool:
        """Send in a thread if there is a place; holding the lock."""
        taken = self._taken.total()
        if taken >= self._places or (self._taken[asked.client] and 2 * taken >= self._places):
            return False
        self._taken[asked.client] += 1
        self._threads.submit(self._send, asked)
        return True

    def _has_given_up(self, asked: _Asked) -> bool:
        """Whether who asked waits no longer; holding the lock."""
        if asked.stream.is_awaited():
            return False
        asked.stream.end(cut_off=True)
        self._refuse(asked.request, "busy", self._put_off)
        return True

    def _refuse(self, request: TransferRequest, reason: str, refusals: Refusals) -> None:
        zone_transfers_refused_total.labels(request.zone, reason).inc()
        unsaid = refusals.unsaid(request.host, request.zone, time.monotonic())
        if unsaid is not None:
            who = {"zone": request.zone, "client": request.host, "tsig_key": request.key}
            log.warning("zone_transfer_refused", **who, reason=reason, unsaid=unsaid)

    def stop(self) -> None:
        """Wait for the threads; the connections of all transfers must have ended."""
        with self._taking:
            self._waiting.clear()
        self._threads.shutdown()

    def _send(self, asked: _Asked) -> None:
        request = asked.request
        try:
            self._sender.send(request, asked.stream)
        except Exception:  # whatever it was, the thread has a next one
            log.exception("zone_transfer_failed", zone=request.zone, client=request.host)
        finally:
            with self._taking:
                self._taken[asked.client] -= 1
                self._taken += Counter()  # without those who have none
                self._waiting = [each for each in self._waiting if not (self._has_given_up(each) or self._begin(each))]


_NOBODY = TransferRules()
