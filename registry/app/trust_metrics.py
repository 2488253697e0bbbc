# SPDX-License-Identifier: Apache-2.0
"""Two gauges of each domain's trust: participants that are about to be accepted no longer, and how old evidence is.

They are asked for with the metrics of any process, since any other one may have found out. A report is read once, so
that otherwise it is one small query, and a look at one file of each domain.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from prometheus_client.metrics_core import Metric

from registry.app.instance import Instance
from registry.errors import RegistryError
from registry.impact.effects import LOST
from registry.impact.report import PARTICIPANTS, latest_report
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import impact
from registry.telemetry import trust_evidence_age_seconds, trust_participants_lost_soon
from trust_lists.instants import read_instant

SOON: Final = timedelta(days=30)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Outlook:
    """What a report says of participants."""

    run_id: int
    configuration: str
    """The id of the one that was asked about."""
    lost: tuple[tuple[datetime, int], ...]
    """How many are lost, at the end of each date."""

    def soon(self, now: datetime) -> int | None:
        """How many are lost at worst in the coming days; None where the report looks no further than now."""
        if not self.lost or self.lost[-1][0] <= now:
            return None
        return max((count for at, count in self.lost if at <= now + SOON), default=0)


class TrustMetrics:
    """Asks for the gauges of an instance. Used by any number of threads."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._outlooks: dict[int, _Outlook] = {}

    def gauges(self) -> list[Metric]:
        """Both, now; where the database can't be asked, without the one that is in it."""
        now, stored = self._instance.database.now(), self._instance.directory.all()
        lost = []
        try:
            outlooks = self._read(stored)
        except RegistryError as error:
            log.warning("trust_metrics_unreadable", reason=str(error))
            outlooks = {}
        for each in stored:
            outlook = outlooks.get(each.id)
            count = outlook.soon(now) if outlook is not None else None
            if outlook is not None and count is not None:
                lost.append(((each.domain.name, outlook.configuration), float(count)))
        ages = [
            ((each.domain.name,), max(0.0, (now - collected_at).total_seconds()))
            for each in stored
            if (collected_at := self._instance.trust_models.collected_at(each.domain)) is not None
        ]
        return [trust_participants_lost_soon.of(lost), trust_evidence_age_seconds.of(ages)]

    def _read(self, stored: list[StoredDomain]) -> Mapping[int, _Outlook]:
        with self._instance.database.read() as connection:
            newest = impact.latest_ids(connection)
            found = {}
            for domain_id in {each.id for each in stored} & newest.keys():
                known = self._outlooks.get(domain_id)
                if known is not None and known.run_id == newest[domain_id]:
                    found[domain_id] = known
                elif (report := latest_report(connection, domain_id)) is not None:
                    found[domain_id] = _outlook(newest[domain_id], report)
        self._outlooks = found
        return found


def _outlook(run_id: int, report: Mapping[str, Any]) -> _Outlook:
    lost = tuple(
        (at, sum(date[PARTICIPANTS][effect.value] for effect in LOST))
        for date in report["dates"]
        if (at := read_instant(date["at"])) is not None
    )
    return _Outlook(run_id, report["after"]["id"], lost)
