# SPDX-License-Identifier: Apache-2.0
"""Gauges of each name server: its serial, how far it is behind, when it was told and given what, and what fails.

They are asked for with the metrics of any process, since any other one may have observed, told and given.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import chain
from types import MappingProxyType

import structlog
from prometheus_client.metrics_core import Metric

from registry import telemetry
from registry.app.instance import Instance
from registry.consistency.last_checks import LastChecks, last_checks
from registry.dns.followers import OtherZones
from registry.dns.zone_status import ServerStatus, ZoneStatus, zone_statuses
from registry.errors import RegistryError
from registry.telemetry import AskedGauge

_GAUGES = (
    telemetry.name_server_lag_seconds,
    telemetry.name_server_answer_age_seconds,
    telemetry.name_server_serial,
    telemetry.name_server_ahead,
    telemetry.name_server_failing,
    telemetry.name_server_notify_acknowledged_age_seconds,
    telemetry.name_server_transfer_age_seconds,
    telemetry.name_server_push_age_seconds,
    telemetry.name_server_content_wrong,
    telemetry.name_server_content_age_seconds,
    telemetry.zone_serial,
)
_Value = tuple[AskedGauge, tuple[str, ...], float]

log = structlog.get_logger(__name__)


class NameServerMetrics:
    """Asks for the gauges of an instance. Used by any number of threads."""

    def __init__(self, instance: Instance, others: OtherZones = MappingProxyType({})) -> None:
        self._instance = instance
        self._others = others

    def gauges(self) -> list[Metric]:
        """All of them, now; without values where the database can't be asked."""
        values: dict[tuple[AskedGauge, tuple[str, ...]], float] = {}
        try:
            database, domains = self._instance.database, self._instance.directory.all()
            with database.read() as connection:
                contents = {stored.domain.name: last_checks(connection, stored.id) for stored in domains}
            for zone in zone_statuses(database, domains, self._others):
                told = _values(zone, database.now())
                for gauge, labels, value in chain(told, _of_content(zone, contents, database.now())):
                    # A server may have a zone in two ways, and a value be there once: the worse one.
                    values[gauge, labels] = max(value, values.get((gauge, labels), value))
        except RegistryError as error:
            log.warning("name_server_metrics_unreadable", reason=str(error))
        return [gauge.of((labels, value) for (of, labels), value in values.items() if of is gauge) for gauge in _GAUGES]


def _values(zone: ZoneStatus, now: datetime) -> Iterator[_Value]:
    yield telemetry.zone_serial, (zone.name,), zone.serial
    for server in zone.servers:
        labels = (zone.name, server.address)
        if server.serial is not None:
            yield telemetry.name_server_serial, (*labels, server.role.value), server.serial
            yield telemetry.name_server_lag_seconds, labels, server.behind_s or 0.0
            yield telemetry.name_server_ahead, labels, server.ahead
        for what in _tried(server):
            yield telemetry.name_server_failing, (*labels, what), what in server.failures
        moments = (
            (telemetry.name_server_answer_age_seconds, labels, server.succeeded_at),
            (
                telemetry.name_server_notify_acknowledged_age_seconds,
                labels,
                None if server.notified is None else server.notified.acknowledged_at,
            ),
            (
                telemetry.name_server_transfer_age_seconds,
                labels,
                None if server.transfer is None else server.transfer.succeeded_at,
            ),
            (
                telemetry.name_server_push_age_seconds,
                (*labels, server.zone_there),
                None if server.pushed is None else server.pushed.pushed_at,
            ),
        )
        for gauge, names, moment in moments:
            if moment is not None:
                yield gauge, names, max(0.0, (now - moment).total_seconds())


def _of_content(zone: ZoneStatus, contents: Mapping[str, LastChecks], now: datetime) -> Iterator[_Value]:
    for server in zone.servers:
        content = contents.get(zone.domain or "", {}).get((server.address, server.zone_there))
        if content is not None:
            labels = (zone.name, server.address)
            yield telemetry.name_server_content_wrong, labels, not content.agrees
            age = max(0.0, (now - content.checked_at).total_seconds())
            yield telemetry.name_server_content_age_seconds, labels, age


def _tried(server: ServerStatus) -> Iterator[str]:
    """What was tried with a server at least once."""
    if server.succeeded_at is not None or server.failed_at is not None:
        yield "answer"
    if server.notified is not None:
        yield "notify"
    if server.transfer is not None:
        yield "transfer"
    if server.pushed is not None and (server.pushed.pushed_at is not None or server.pushed.failed_at is not None):
        yield "push"
