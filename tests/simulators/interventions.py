# SPDX-License-Identifier: Apache-2.0
"""An SML with two SMPs, and people who may intervene there."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from cryptography import x509

from registry.accounts.accounts import Kind as AccountKind
from registry.accounts.accounts import create_account
from registry.audit.events import about
from registry.identifiers.dns_names import participant_owner
from registry.identifiers.participant import ParticipantIdentifier
from registry.jobs.worker import Worker
from registry.sml.administration import SmlAdministration
from registry.sml.interventions.desk import Intervention, Interventions
from registry.sml.interventions.model import Kind, Operator, Wanted
from registry.sml.model import Caller, Publisher
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor
from tests.simulators.offline import OfflineInstance, participant

A, B = "SMP-A", "SMP-B"
ADDRESS = {A: "https://a.example/smp", B: "https://b.example/smp"}


@dataclass(slots=True)
class Office:
    """The use cases on an instance, and what they leave; `stored` may have other settings than the instance."""

    offline: OfflineInstance
    stored: StoredDomain
    certificates: dict[str, x509.Certificate]
    anna: Operator
    bert: Operator
    terminal: Operator

    @property
    def desk(self) -> Interventions:
        return self.offline.instance.interventions

    @property
    def administration(self) -> SmlAdministration:
        instance = self.offline.instance
        return SmlAdministration(instance.database, instance.journal, instance.registrar, instance.trust_models.of)

    def caller(self, smp_id: str) -> Caller:
        return self.offline.caller(self.certificates[smp_id])

    def with_settings(self, **settings: Any) -> None:
        """Let the domain have other settings of `sml`."""
        domain = self.stored.domain
        self.stored = replace(self.stored, domain=replace(domain, sml=replace(domain.sml, **settings)))

    def register(self, smp_id: str, *values: str) -> list[ParticipantIdentifier]:
        every = [participant(value) for value in values]
        for start in range(0, len(every), 100):
            self.offline.instance.sml.create_participants(self.caller(smp_id), smp_id, every[start : start + 100])
        return every

    def ask(self, kind: Kind, by: Operator | None = None, **wanted: Any) -> Intervention:
        return self.desk.ask(by or self.anna, self.stored, Wanted(kind, **wanted))

    def transfer(self, from_smp: str = A, to_smp: str = B, **wanted: Any) -> Intervention:
        return self.ask(Kind.TRANSFER, smp_id=from_smp, to_smp_id=to_smp, order_reference="court 12/2026", **wanted)

    def naptr(self, value: str) -> str | None:
        """What the name of a participant leads to."""
        return self.offline.zone_state().get((participant_owner(participant(value)), "NAPTR"))

    def leads_to(self, smp_id: str, values: Sequence[str]) -> bool:
        zone = self.offline.zone_state()
        held = [zone.get((participant_owner(participant(value)), "NAPTR")) for value in values]
        return all(text is not None and f"!{ADDRESS[smp_id]}!" in text for text in held)

    def held(self, smp_id: str) -> list[str]:
        """The values of an SMP's participants."""
        rows, _ = self.administration.registrations(self.stored, (), 10_000, smp_id=smp_id)
        return [row.value for row in rows]

    def tags(self, subject: str) -> list[str]:
        return [event.tag for event in about(self.offline.instance.database, subject)]

    def work(self) -> None:
        """Do the jobs that are due."""
        instance = self.offline.instance
        handlers = self.desk.handlers(instance.directory)
        worker = Worker(instance.database, handlers, "test")
        while worker.run_one():
            pass


def open_office(offline: OfflineInstance) -> Office:
    """Two SMPs with a certificate each, and two people."""
    own, ca = offline.pki.smp.certificate, offline.pki.smp_ca
    database, certificates = offline.instance.database, {}
    for smp_id in (A, B):
        certificates[smp_id] = ca.issue(
            smp_id.replace("-", "_"),
            "PEPPOL TEST SMP",
            not_before=own.not_valid_before_utc,
            not_after=own.not_valid_after_utc,
        ).certificate
        offline.instance.sml.create_publisher(
            offline.caller(certificates[smp_id]), Publisher(smp_id, ADDRESS[smp_id], "192.0.2.1")
        )
    people = [create_account(database, Actor("test"), AccountKind.PERSON, name) for name in ("Anna", "Bert")]
    anna, bert = (Operator(Actor(f"person:{row.id}", "request-9"), row.id) for row in people)
    return Office(offline, offline.stored, certificates, anna, bert, Operator(Actor("cli:root", "request-8")))
