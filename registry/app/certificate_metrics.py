# SPDX-License-Identifier: Apache-2.0
"""A gauge of certificates in use that end before long and have no successor; asked for with the metrics."""

from datetime import timedelta

import structlog
from prometheus_client.metrics_core import Metric

from registry.app.instance import Instance
from registry.errors import RegistryError
from registry.sml.reminders import DAYS_AHEAD, known_by_name
from registry.storage.queries import certificate_ends
from registry.storage.queries.certificate_ends import HOLDER_KINDS
from registry.telemetry import certificates_ending

log = structlog.get_logger(__name__)


def certificate_gauges(instance: Instance) -> list[Metric]:
    """How many end within each number of days, or have ended; none where the database can't be asked."""
    now, counts, by_name = instance.database.now(), {}, known_by_name(instance.directory.all())
    try:
        with instance.database.read() as connection:
            for days in (0, *DAYS_AHEAD):
                counts[days] = certificate_ends.count_ending(connection, now, now + timedelta(days=days), by_name)
    except RegistryError as error:
        log.warning("certificate_metrics_unreadable", reason=str(error))
        return []
    values = [
        ((stored.domain.name, kind, str(days)), float(found.get((stored.id, kind), 0)))
        for stored in instance.directory.all()
        for kind in HOLDER_KINDS
        for days, found in counts.items()
    ]
    return [certificates_ending.of(values)]
