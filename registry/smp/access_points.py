# SPDX-License-Identifier: Apache-2.0
"""Changes where documents are received, once for all participants behind an access point.

No endpoint is rewritten: the access point's version grows, and with it the stamp of every document that shows it.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from registry.audit.events import record
from registry.domains.smp_profile import BDXR2
from registry.errors import NotFoundError, ValidationError
from registry.identifiers.rules import stops_new_entries_only
from registry.metadata import EndpointCertificate
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
        transport_profile: str | None = None,
        address: str | None = None,
        certificate: bytes | None = None,
        at: datetime | None = None,
    ) -> list[str]:
        """Give an access point another address or certificate (DER), at once or from `at` on; returns warnings.

        Where a domain speaks SMP 2.0 only, a certificate for the begin of a day (UTC) is shown at once, beside the
        present one, each with its day (OASIS SMP 2.0, CertificateType); else a successor takes over at the instant.

        Of several of one name that of `transport_profile` is meant, without it the first one.

        Raises NotFoundError for an unknown name, ValidationError with all reasons.
        """
        now = self._database.now()
        if at is not None and at <= now:
            raise ValidationError.of("ACCESS-POINT-INSTANT", f"{at.isoformat()} is over already")
        with self._database.write(actor) as work:
            named = (r for r in access_points.listed(work.connection, self._stored.id) if r.name == name)
            row = next((r for r in named if transport_profile in (None, r.transport_profile)), None)
            if row is None:
                raise NotFoundError(f"the domain {self._stored.domain.name} has no access point {name!r}")
            before = access_points.content(work.connection, row.id, now)
            after = before
            if address is not None:
                after = replace(after, address=address)
            both = certificate is not None and address is None and self._shows_both(at)
            if certificate is not None:
                after = replace(
                    after, certificates=_changed(before.certificates, certificate, at if both else None, now)
                )
            judged_at = now if both or at is None else at
            reasons, warnings = check_endpoint(after.as_endpoint(), self._stored.domain, self._trust, judged_at)
            if not all(map(stops_new_entries_only, reasons)):
                raise ValidationError(reasons)
            warnings += map(str, reasons)  # the transport profile stays what it was
            if self._says_so_already(work, row, before, after, None if both else at):
                return warnings
            if at is None or both:
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

    def _shows_both(self, at: datetime | None) -> bool:
        """Whether every document of the domain can show the next certificate beforehand: SMP 2.0 has days for that."""
        is_day = at is not None and at == at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return is_day and set(self._stored.domain.smp.dialects) == {BDXR2}

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


def _changed(
    held: Sequence[EndpointCertificate], following: bytes, at: datetime | None, now: datetime
) -> tuple[EndpointCertificate, ...]:
    """The certificates once another one takes over: alone, or from the day `at` on, until which the present ones count.

    What was planned before, and what has had its time, is left out.
    """
    new = replace(held[0], der=following, activation=at, expiration=None)
    if at is None:
        return (new,)
    present = [item for item in held if item.activation is None or item.activation <= now]
    present = [item for item in present if item.expiration is None or item.expiration > now]
    return *(replace(item, expiration=at) for item in present), new


def _audited(content: AccessPoint) -> dict[str, Any]:
    shown = asdict(content)
    return shown | {"certificates": [certificate_sha256(item.der) for item in content.certificates]}
