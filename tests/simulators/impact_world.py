# SPDX-License-Identifier: Apache-2.0
"""A domain with access points, SMPs and participants, written as rows: what a comparison of trust models looks at."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert

from registry.impact.run import Impact
from registry.storage.certificate_rows import certificate_row
from registry.storage.queries import certificates
from registry.storage.tables import (
    access_point,
    access_point_certificate,
    endpoint,
    process_metadata,
    publisher,
    publisher_certificate,
    redirect,
    registration,
    service,
    service_group,
)
from registry.storage.unit_of_work import UnitOfWork
from registry.trust import TrustModel
from tests.simulators.certificate_chains import Authority
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.trust_models import anchor, configuration, path_to, rule
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.evaluation.decisions import Evidence
from trust_lists.evaluation.decisions.engine import DecisionEngine
from trust_lists.evaluation.trust_configuration.model import TrustConfiguration

ROLES = ("ap-encrypt", "sml-client", "smp-sign")


def trusting(
    *authorities: Authority,
    roles: Iterable[str] = ROLES,
    revocation: Mapping[str, Any] | None = None,
    until: Mapping[str, str] | None = None,
) -> TrustConfiguration:
    """A configuration that accepts what these authorities have issued, in all roles; `until` bounds one by its name."""
    names = {f"root-{number}": authority for number, authority in enumerate(authorities)}
    anchors = [
        anchor(name, each.certificate, trusted={"until": (until or {}).get(name)}) for name, each in names.items()
    ]
    demands = rule(path_to(*names), revocation=revocation)
    return configuration(
        dict.fromkeys(roles, demands), {"anchors": anchors}, [each.certificate for each in authorities]
    )


@dataclass(slots=True)
class ImpactWorld:
    """The domain of an instance, to which holders are added."""

    offline: OfflineInstance
    evidence: Evidence = field(default_factory=Evidence)
    made: int = 0

    def compare(
        self, before: TrustConfiguration, after: TrustConfiguration | None = None, advisory: Iterable[str] = ()
    ) -> Impact:
        """The comparison of two configurations; of one with itself where there is no other."""
        models = [
            TrustModel(DecisionEngine(each), "demo", frozenset(advisory), self.evidence)
            for each in (before, after or before)
        ]
        return Impact(self.offline.instance.database, self.offline.stored, *models)

    def access_point(
        self,
        name: str,
        *shown: ListedCertificate,
        participants: int = 0,
        successor: tuple[ListedCertificate, datetime] | None = None,
    ) -> int:
        """An access point with so many participants of its own; `successor` shows another one from an instant on."""
        with self.offline.instance.database.write(ACTOR) as work:
            successor_id = self._point(work, f"{name}-next", [successor[0]]) if successor else None
            point = self._point(work, name, shown, successor_id, successor[1] if successor else None)
            for _ in range(participants):
                self._participant(work, [point])
        return point

    def participant(self, *points: int, redirected: ListedCertificate | None = None) -> None:
        """A participant with a document at each of these access points, or one that leads elsewhere."""
        with self.offline.instance.database.write(ACTOR) as work:
            self._participant(work, points, redirected)

    def publisher(self, smp_id: str, *shown: ListedCertificate, registrations: int = 0) -> None:
        """An SMP that is registered with these certificates."""
        with self.offline.instance.database.write(ACTOR) as work:
            values = {
                "domain_id": self.offline.stored.id,
                "smp_id": smp_id,
                "smp_id_key": smp_id.lower(),
                "logical_address": f"https://{smp_id}.example",
                "physical_address": "192.0.2.1",
                "suspended": False,
                "modified_at": work.now,
            }
            made = _add(work, publisher, values)
            certificates.put(work.connection, [certificate_row(each.der) for each in shown])
            for each in shown:
                row = {"publisher_id": made, "certificate_sha256": each.sha256}
                work.connection.execute(insert(publisher_certificate).values(row))
            for number in range(registrations):
                values = {
                    "domain_id": self.offline.stored.id,
                    "scheme": "iso6523-actorid-upis",
                    "value": f"0088:{smp_id}-{number}",
                    "value_key": f"0088:{smp_id}-{number}".lower(),
                    "naptr_service": "Meta:SMP",
                    "publisher_id": made,
                    "label": f"{smp_id}-{number}",
                    "suspended": False,
                    "modified_at": work.now,
                }
                _add(work, registration, values)

    def _point(
        self,
        work: UnitOfWork,
        name: str,
        shown: Iterable[ListedCertificate],
        successor_id: int | None = None,
        successor_at: datetime | None = None,
    ) -> int:
        values = {
            "domain_id": self.offline.stored.id,
            "name": name,
            "transport_profile": "peppol-transport-as4-v2_0",
            "address": f"https://{name}.example/as4",
            "description": "",
            "technical_contact": "",
            "content_sha256": name,
            "version": 1,
            "modified_at": work.now,
            "successor_id": successor_id,
            "successor_at": successor_at,
        }
        point = _add(work, access_point, values)
        for position, each in enumerate(shown):
            certificates.put(work.connection, [certificate_row(each.der)])
            row = {
                "access_point_id": point,
                "position": position,
                "type_code": "",
                "mime_code": "",
                "description": "",
                "certificate_sha256": each.sha256,
            }
            work.connection.execute(insert(access_point_certificate).values(row))
        return point

    def _participant(
        self, work: UnitOfWork, points: Iterable[int], redirected: ListedCertificate | None = None
    ) -> None:
        self.made += 1
        value = f"0088:{self.made:06}"
        common = {"scheme": "iso6523-actorid-upis", "value": value, "value_key": value}
        stamp = {"content_version": 1, "modified_at": work.now}
        group = _add(work, service_group, {"domain_id": self.offline.stored.id, **common, **stamp})
        for number, point in enumerate(points):
            named = {"scheme": "busdox-docid-qns", "value": f"doc-{number}", "value_key": f"doc-{number}"}
            made = _add(work, service, {"service_group_id": group, **named, **stamp})
            process = _add(work, process_metadata, {"service_id": made, "position": 0})
            values = {
                "process_metadata_id": process,
                "service_id": made,
                "access_point_id": point,
                "position": 0,
                "require_business_level_signature": False,
            }
            _add(work, endpoint, values)
        if redirected is not None:
            certificates.put(work.connection, [certificate_row(redirected.der)])
            named = {"scheme": "busdox-docid-qns", "value": "elsewhere", "value_key": "elsewhere"}
            made = _add(work, service, {"service_group_id": group, **named, **stamp})
            process = _add(work, process_metadata, {"service_id": made, "position": 0})
            values = {
                "process_metadata_id": process,
                "href": "https://other.example/smp",
                "certificate_uid": "CN=other",
                "certificate_sha256": redirected.sha256,
            }
            work.connection.execute(insert(redirect).values(values))


def _add(work: UnitOfWork, table: Any, values: Mapping[str, Any]) -> int:
    return int(work.connection.execute(insert(table).values(values).returning(table.c.id)).scalar_one())
