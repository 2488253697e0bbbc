# SPDX-License-Identifier: Apache-2.0
"""Gauges of directories: how many participants they know as they should, and how far they are behind."""

import structlog
from prometheus_client.metrics_core import Metric

from registry.app.instance import Instance
from registry.errors import RegistryError
from registry.storage.queries import directory_entries
from registry.storage.queries.directory_entries import EntryCounts
from registry.telemetry import directory_lag_seconds, directory_participants

log = structlog.get_logger(__name__)


def directory_gauges(instance: Instance) -> list[Metric]:
    """Of the domains that have a directory; none where the database can't be asked."""
    now, found = instance.database.now(), dict[str, EntryCounts]()
    try:
        for stored in instance.directory.all():
            if stored.domain.directory.enabled:
                with instance.database.read() as connection:
                    found[stored.domain.name] = directory_entries.counts(connection, stored.id)
    except RegistryError as error:
        log.warning("directory_metrics_unreadable", reason=str(error))
        return []
    states = [
        ((name, state), float(number))
        for name, counts in found.items()
        for state, number in (("current", counts.current), ("waiting", counts.waiting), ("failed", counts.failed))
    ]
    lags = [
        ((name,), 0.0 if counts.oldest is None else (now - counts.oldest).total_seconds())
        for name, counts in found.items()
    ]
    return [directory_participants.of(states), directory_lag_seconds.of(lags)]
