# SPDX-License-Identifier: Apache-2.0
"""Changes where documents are received, once for all participants behind an access point.

No endpoint is rewritten: the access point's version grows, and with it the stamp of every document that shows it.
"""

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from registry.audit.events import record
from registry.errors import NotFoundError, ValidationError
from registry.identifiers.rules import stops_new_entries_only
from registry.smp.validation import check_endpoint
from registry.storage.certificate_rows import certificate_sha256
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor, Database, retried
from registry.storage.queries import access_points
from registry.storage.queries.access_points import AccessPoint, AccessPointRow
from registry.storage.unit_of_work import UnitOfWork
from registry.trust import TrustModel


class AccessPoints:
    """The access points of one domain."""

    def __init__(self, database: Database, stored: StoredDomain, trust: TrustModel) -> None:
        self._database = database
        self._stored = stored
        self._trust = trust

    def listed(self) -> list[AccessPointRow]:
        """All of them, by name, with how many endpoints refer to each."""
        with self._database.read() as connection:
            return access_points.listed(connection, self._stored.id)

    @retried
    def change(
        self,
        actor: Actor,
        name: str,
        *,
        address: str | None = None,
        certificate: bytes | None = None,
        at: datetime | None = None,
    ) -> list[str]:
        """Give an access point another address or certificate (DER), at once or from `at` on; returns warnings.

        Raises NotFoundError for an unknown name, ValidationError with all reasons.
        """
        now = self._database.now()
        if at is not None and at <= now:
            raise ValidationError.of("ACCESS-POINT-INSTANT", f"{at.isoformat()} is over already")
        with self._database.write(actor) as work:
            row = next((r for r in access_points.listed(work.connection, self._stored.id) if r.name == name), None)
            if row is None:
                raise NotFoundError(f"the domain {self._stored.domain.name} has no access point {name!r}")
            before = access_points.content(work.connection, row.id, now)
            after = before
            if address is not None:
                after = replace(after, address=address)
            if certificate is not None:
                after = replace(after, certificates=(replace(before.certificates[0], der=certificate),))
            reasons, warnings = check_endpoint(after.as_endpoint(), self._stored.domain, self._trust, at or now)
            if not all(map(stops_new_entries_only, reasons)):
                raise ValidationError(reasons)
            warnings += map(str, reasons)  # the transport profile stays what it was
            if self._says_so_already(work, row, before, after, at):
                return warnings
            if at is None:
                access_points.change(work, row.id, after)
            else:
                access_points.fold_successor(work, row.id)
                successor = access_points.add(work, self._stored.id, f"{name}@{at:%Y-%m-%dT%H:%MZ}", after)
                access_points.plan_successor(work, row.id, successor, at)
            record(
                work,
                "smp:access-point:change" if at is None else "smp:access-point:plan",
                f"access-point:{name}",
                domain_id=self._stored.id,
                before=_audited(before),
                after=_audited(after) | ({} if at is None else {"at": at.isoformat()}),
            )
        return warnings

    def _says_so_already(
        self, work: UnitOfWork, row: AccessPointRow, before: AccessPoint, after: AccessPoint, at: datetime | None
    ) -> bool:
        """Whether the change was made, or planned, before: then no stamp moves, and nothing is signed again."""
        planned = row.successor_id is not None and row.successor_at is not None and row.successor_at > work.now
        if at is None:
            return after == before and not planned
        if not planned or row.successor_at != at or row.successor_id is None:
            return False
        return access_points.content(work.connection, row.successor_id, work.now) == after


def _audited(content: AccessPoint) -> dict[str, Any]:
    shown = asdict(content)
    return shown | {"certificates": [certificate_sha256(item.der) for item in content.certificates]}
