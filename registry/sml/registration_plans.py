# SPDX-License-Identifier: Apache-2.0
"""What a change of registrations would come to, for whoever has to confirm it. Nothing here writes.

What stands against a change is raised as by the change itself, as far as it can be known before: between the two
somebody may be faster, so the change has the last word.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from registry.errors import RegistryError
from registry.identifiers.participant import WILDCARD, ParticipantIdentifier
from registry.sml.candidates import check_list, keys_of
from registry.sml.errors import migration_planned, together
from registry.sml.interventions import four_eyes
from registry.sml.interventions.finding import publisher_named, registered
from registry.sml.plain import plainly
from registry.sml.quarantine import quarantine_refusals
from registry.sml.registration import Registrar
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Database
from registry.storage.queries import interventions, migrations, publishers, registrations
from registry.storage.queries.registrations import RegistrationRow
from registry.storage.unit_of_work import Connection

MAX_LIST = 1000
"""The most participants that one call may name; SOAP allows fewer."""


@dataclass(frozen=True, slots=True)
class RegistrationPlan:
    """How many participants a change concerns, and of those: whose they are now, by SMP; suspended; migrating.

    `quarantine_days` is for how long nobody but their SMP may register them after the change; 0: no time.
    """

    participants: int
    publishers: Mapping[str, int] = field(default_factory=dict)
    suspended: int = 0
    migrations: int = 0
    quarantine_days: int = 0


@dataclass(frozen=True, slots=True)
class RemovalPlan:
    """What goes with an SMP: its participants, which of them are wildcards or suspended, and names in DNS.

    `migrations` are open ones, which stand against it.
    """

    participants: int
    wildcards: int
    suspended: int
    migrations: int
    names: int
    quarantine_days: int


class RegistrationPlans:
    """Looks at what would be done. Raises ConflictError in a domain of which this instance isn't the SML."""

    def __init__(self, database: Database, registrar: Registrar) -> None:
        self._database = database
        self._registrar = registrar

    def registering(
        self, stored: StoredDomain, smp_id: str, participants: Sequence[ParticipantIdentifier]
    ) -> RegistrationPlan:
        """Of participants that an SMP is to have. Raises as `SmlAdministration.register`."""
        with plainly(stored), self._database.read() as connection:
            publisher = publisher_named(connection, stored, smp_id)
            check_list(keys_of(stored.domain, participants), MAX_LIST)
            refusals: list[RegistryError] = [
                refusal.plain
                for refusal in (
                    *self._registrar.refusals(connection, stored, publisher, participants),
                    *quarantine_refusals(connection, stored, publisher, participants, self._database.now()),
                )
            ]
            if refusals:
                raise together(refusals)
        return RegistrationPlan(len(participants))

    def moving(
        self, stored: StoredDomain, participants: Sequence[ParticipantIdentifier], smp_id: str
    ) -> RegistrationPlan:
        """Of participants that another SMP is to have; not of those that it has. Raises as `SmlAdministration.move`."""
        with plainly(stored), self._database.read() as connection:
            publisher = publisher_named(connection, stored, smp_id)
            check_list(keys_of(stored.domain, participants), MAX_LIST)
            rows = [row for row in registered(connection, stored, participants) if row.publisher_id != publisher.id]
            if rows:
                four_eyes.check_moving(stored)
                self._registrar.check_taking(stored, rows, publisher)
            return self._of(connection, rows)

    def ending(self, stored: StoredDomain, participants: Sequence[ParticipantIdentifier]) -> RegistrationPlan:
        """Of participants whose registrations are to end. Raises as `SmlAdministration.unregister`."""
        with plainly(stored), self._database.read() as connection:
            check_list(keys_of(stored.domain, participants), MAX_LIST)
            rows = registered(connection, stored, participants)
            four_eyes.check_unregistering(stored, rows)
            opened = migrations.open_of(connection, [row.id for row in rows], self._database.now())
            for row in rows:
                if row.id in opened:
                    raise migration_planned(row.value, row.scheme, opened[row.id].story)
            return self._of(connection, rows, stored.domain.sml.quarantine_days)

    def removing(self, stored: StoredDomain, smp_id: str) -> RemovalPlan:
        """Of an SMP that is to go. Raises NotFoundError; what stands against it is in the plan."""
        with plainly(stored), self._database.read() as connection:
            publisher = publisher_named(connection, stored, smp_id)
            held = interventions.holding(connection, publisher.id, WILDCARD)
            named = registrations.names_of(connection, publisher.id)
            opened = migrations.number_open(connection, publisher.id, self._database.now())
        dns = stored.domain.dns
        # Those of its participants, its own one, and the one that has the NAPTR records of all.
        names = named * (2 if dns.legacy_cname else 1) + 1 + (1 if dns.publisher_indirection else 0)
        return RemovalPlan(
            held.participants,
            len(held.wildcard_schemes),
            held.suspended,
            opened,
            0 if publisher.suspended else names,
            stored.domain.sml.quarantine_days,
        )

    def _of(
        self, connection: Connection, rows: Sequence[RegistrationRow], quarantine_days: int = 0
    ) -> RegistrationPlan:
        smp_ids = publishers.smp_ids(connection, {row.publisher_id for row in rows})
        whose = Counter(smp_ids[row.publisher_id] for row in rows)
        opened = migrations.open_of(connection, [row.id for row in rows], self._database.now())
        suspended = sum(row.suspended for row in rows)
        return RegistrationPlan(len(rows), dict(sorted(whose.items())), suspended, len(opened), quarantine_days)
