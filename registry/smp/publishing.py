# SPDX-License-Identifier: Apache-2.0
"""The use cases of an SMP: publish and withdraw service groups and service metadata, one transaction each.

Where this instance is also the domain's SML, a service group is registered and unregistered in the same transaction.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from registry.accounts.grants import drop_participant_grants
from registry.audit.events import record
from registry.directory.marking import mark_participant
from registry.domains.domain import Domain
from registry.errors import ConflictError, NotFoundError, Reason, TechnicalError, ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.rules import stops_new_entries_only
from registry.metadata import CustomProperty, Extension, ServiceGroup, ServiceMetadata, Visibility
from registry.sml.errors import SmlError
from registry.sml.registration import Registrar
from registry.smp.documents.catalogue import DIALECTS
from registry.smp.documents.signing import check_signable
from registry.smp.folding import folded_group, folded_metadata
from registry.smp.validation import check_metadata, participant_reasons, property_reasons
from registry.storage.certificate_rows import certificate_sha256
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor, Database, retried
from registry.storage.property_rows import properties_to_row
from registry.storage.queries import publishers, service_groups, services
from registry.storage.queries.publishers import PublisherRow
from registry.storage.queries.service_groups import ServiceGroupRow
from registry.storage.queries.services import ServiceRow
from registry.storage.unit_of_work import Connection, UnitOfWork
from registry.trust import TrustModel


class Outcome(Enum):
    """What a write did."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Published:
    """The result of publishing: what was done, what is worth knowing, and the service to sign (None for a group)."""

    outcome: Outcome
    warnings: tuple[str, ...] = ()
    service_id: int | None = None


class Publishing:
    """Writes what an SMP publishes."""

    def __init__(self, database: Database, registrar: Registrar, trust_of: Callable[[Domain], TrustModel]) -> None:
        self._database = database
        self._registrar = registrar
        self._trust_of = trust_of

    @retried
    def put_service_group(
        self, actor: Actor, stored: StoredDomain, group: ServiceGroup, *, in_sml: bool = True
    ) -> Published:
        """Make a participant's service group, or replace its extensions.

        Registers the participant at our SML, unless `in_sml` is False.

        Raises ValidationError with all reasons; ConflictError when another SMP has registered the participant.
        """
        reasons = _group_reasons(stored.domain, group)
        with self._database.write(actor) as work:
            found = _find_group_to_write(work, stored, group.participant)
            return self._put_group(work, stored, group, found, reasons, in_sml=in_sml)

    def put_service_group_in(
        self,
        work: UnitOfWork,
        stored: StoredDomain,
        group: ServiceGroup,
        found: ServiceGroupRow | None,
        *,
        in_sml: bool = True,
    ) -> Published:
        """As `put_service_group`, in a transaction that does more than that: it has locked the participant, and found
        this group.
        """
        return self._put_group(work, stored, group, found, _group_reasons(stored.domain, group), in_sml=in_sml)

    def _put_group(
        self,
        work: UnitOfWork,
        stored: StoredDomain,
        group: ServiceGroup,
        found: ServiceGroupRow | None,
        reasons: Sequence[Reason],
        *,
        in_sml: bool,
    ) -> Published:
        if found is None:
            if reasons:
                raise ValidationError(dict.fromkeys(reasons))
            made = self._create_group(work, stored, group, in_sml=in_sml)
            warned = map(str, stored.domain.identifiers.participant_warnings(group.participant))
            private = visibility_warnings(stored, made.visibility) if in_sml else ()
            return Published(Outcome.CREATED, (*warned, *private))
        private = visibility_warnings(stored, group.visibility or found.visibility) if in_sml else ()
        warnings = (*map(str, reasons), *private)
        registered = in_sml and self._register(work, stored, found.participant)
        changed = self._change_group(work, stored, group, found)
        return Published(Outcome.UPDATED if changed or registered else Outcome.UNCHANGED, warnings)

    def _change_group(
        self, work: UnitOfWork, stored: StoredDomain, group: ServiceGroup, found: ServiceGroupRow
    ) -> bool:
        properties = service_groups.properties_of(work.connection, [found.id]).get(found.id, ())
        wanted = properties if group.properties is None else group.properties
        visibility = group.visibility or found.visibility
        if (found.extensions, properties, found.visibility) == (group.extensions, wanted, visibility):
            return False
        if found.extensions != group.extensions:
            service_groups.change(work, found.id, group.extensions)
        if properties != wanted:
            service_groups.set_properties(work, found.id, wanted)
        if visibility is not found.visibility:
            service_groups.set_visibility(work, found.id, visibility)
        mark_participant(work, stored, found.participant)
        before = audited_group(found.participant, found.extensions, properties, found.visibility)
        after = None if visibility is found.visibility else {"visibility": visibility.value}
        self._record(work, stored, "smp:service-group:update", group.participant, before=before, after=after)
        return True

    @retried
    def delete_service_group(
        self, actor: Actor, stored: StoredDomain, participant: ParticipantIdentifier, *, in_sml: bool = True
    ) -> None:
        """Remove a service group with all its metadata.

        Ends its registration at our SML, too, unless `in_sml` is False.

        Raises NotFoundError when there is none; ConflictError while its migration is open.
        """
        with self._database.write(actor) as work:
            found = self._existing(work, stored, participant)
            properties = service_groups.properties_of(work.connection, [found.id])
            for row in services.of_group(work.connection, found.id):
                services.remove(work, row.id)
            service_groups.remove(work, found.id)
            mark_participant(work, stored, found.participant)
            key = stored.domain.identifiers.participant_key(found.participant)
            drop_participant_grants(work, stored.id, found.participant.scheme, key)
            if in_sml:
                self._unregister(work, stored, found.participant)
            told = found.extensions, properties.get(found.id, ()), found.visibility
            before = audited_group(found.participant, *told)
            self._record(work, stored, "smp:service-group:delete", found.participant, before=before)

    @retried
    def put_service_metadata(
        self, actor: Actor, stored: StoredDomain, metadata: ServiceMetadata, *, create_group: bool = False
    ) -> Published:
        """Publish the metadata of one document type, or replace it.

        Raises ValidationError with all reasons; NotFoundError when the participant has no service group and
        `create_group` is not set.
        """
        reasons, warnings = self._check(stored, metadata)
        with self._database.write(actor) as work:
            group = _find_group_to_write(work, stored, metadata.participant)
            warnings += self._tolerated(work, stored, group, metadata, reasons)
            if group is None:
                if not create_group:
                    raise NotFoundError(f"{metadata.participant} has no service group")
                group = self._create_group(work, stored, ServiceGroup(metadata.participant))
            outcome, service_id = self._put_service(work, stored, group, metadata)
            return Published(outcome, tuple(warnings), service_id)

    @retried
    def revise_service_metadata(
        self,
        actor: Actor,
        stored: StoredDomain,
        participant: ParticipantIdentifier,
        document_type: DocumentTypeIdentifier,
        revise: Callable[[ServiceMetadata | None], ServiceMetadata | None],
    ) -> Published:
        """Publish what `revise` makes of what is published for a document type, in one transaction.

        It is given None where nothing is published, and gives None to withdraw what is. Raises as
        `put_service_metadata`, and what `revise` raises; then everything stays as it is.
        """
        with self._database.write(actor) as work:
            group = self._existing(work, stored, participant)
            service_groups.lock(work, group.id)
            row = _find_service(work.connection, stored, group, document_type)
            metadata = revise(None if row is None else services.load(work.connection, row.id, work.now))
            if metadata is None:
                if row is not None:
                    self._withdraw(work, stored, group, row)
                return Published(Outcome.UNCHANGED if row is None else Outcome.UPDATED)
            reasons, warnings = self._check(stored, metadata)
            warnings += self._tolerated(work, stored, group, metadata, reasons)
            outcome, service_id = self._put_service(work, stored, group, metadata)
            return Published(outcome, tuple(warnings), service_id)

    def has_endpoints(self, stored: StoredDomain, metadata: ServiceMetadata) -> bool:
        """Whether endpoints are published for the participant and document type of `metadata`."""
        with self._database.read() as connection:
            group = _find_group(connection, stored, metadata.participant)
            row = None if group is None else _find_service(connection, stored, group, metadata.document_type)
            if row is None:
                return False
            held = services.load(connection, row.id, self._database.now())
            return any(item.endpoints for item in held.process_metadata)

    @retried
    def delete_service_metadata(
        self,
        actor: Actor,
        stored: StoredDomain,
        participant: ParticipantIdentifier,
        document_type: DocumentTypeIdentifier,
    ) -> None:
        """Withdraw the metadata of one document type. Raises NotFoundError when there is none."""
        with self._database.write(actor) as work:
            group = self._existing(work, stored, participant)
            row = _find_service(work.connection, stored, group, document_type)
            if row is None:
                raise NotFoundError(f"{participant} does not receive {document_type}")
            self._withdraw(work, stored, group, row)

    @retried
    def delete_all_service_metadata(
        self, actor: Actor, stored: StoredDomain, participant: ParticipantIdentifier
    ) -> None:
        """Withdraw all metadata of a participant; its service group stays.

        Raises NotFoundError without such a group.
        """
        with self._database.write(actor) as work:
            group = self._existing(work, stored, participant)
            for row in services.of_group(work.connection, group.id):
                self._withdraw(work, stored, group, row)

    def _withdraw(self, work: UnitOfWork, stored: StoredDomain, group: ServiceGroupRow, row: ServiceRow) -> None:
        services.remove(work, row.id)
        service_groups.touch(work, group.id)
        mark_participant(work, stored, group.participant)
        before = {"document_type": str(row.document_type)}
        self._record(work, stored, "smp:service-metadata:delete", group.participant, before=before)

    def _check(self, stored: StoredDomain, metadata: ServiceMetadata) -> tuple[list[Reason], list[str]]:
        """Reasons that stop new entries only, and warnings. Raises ValidationError where there are other reasons."""
        trust = self._trust_of(stored.domain)
        reasons, warnings = check_metadata(metadata, stored.domain, trust, self._database.now())
        reasons += unwritable(stored.domain, metadata)
        if not all(map(stops_new_entries_only, reasons)):
            raise ValidationError(dict.fromkeys(reasons))
        return reasons, warnings

    def _tolerated(
        self,
        work: UnitOfWork,
        stored: StoredDomain,
        group: ServiceGroupRow | None,
        metadata: ServiceMetadata,
        reasons: Collection[Reason],
    ) -> tuple[str, ...]:
        """The reasons as warnings, where they hold for what is published already. Raises ValidationError."""
        if not reasons:
            return ()
        held = set(self._reasons_against_held(work, stored, group, metadata))
        if refused := [reason for reason in reasons if reason not in held]:
            raise ValidationError(refused)
        return tuple(map(str, reasons))

    def _reasons_against_held(
        self, work: UnitOfWork, stored: StoredDomain, group: ServiceGroupRow | None, metadata: ServiceMetadata
    ) -> Collection[Reason]:
        """What speaks against that part of `metadata` that is published already.

        A reason names the code that it is about, so what is said of a held code is equal to what is said of it now.
        """
        if group is None:
            return ()
        row = _find_service(work.connection, stored, group, metadata.document_type)
        if row is None:
            return participant_reasons(stored.domain, metadata.participant)
        before = services.load(work.connection, row.id, work.now)
        return check_metadata(before, stored.domain, self._trust_of(stored.domain), work.now)[0]

    def _put_service(
        self, work: UnitOfWork, stored: StoredDomain, group: ServiceGroupRow, metadata: ServiceMetadata
    ) -> tuple[Outcome, int]:
        row = _find_service(work.connection, stored, group, metadata.document_type)
        after = {"document_type": str(metadata.document_type), "says": audited_metadata(metadata)}
        if row is None:
            key = stored.domain.identifiers.document_type_key(metadata.document_type)
            service_id = services.add(work, group.id, stored.id, key, metadata)
            service_groups.touch(work, group.id)
            mark_participant(work, stored, group.participant)
            self._record(work, stored, "smp:service-metadata:create", group.participant, after=after)
            return Outcome.CREATED, service_id
        before = services.load(work.connection, row.id, work.now)
        if same_metadata(before, metadata):
            return Outcome.UNCHANGED, row.id
        services.change(work, row.id, stored.id, metadata)
        said = {"document_type": str(row.document_type), "says": audited_metadata(before)}
        self._record(work, stored, "smp:service-metadata:update", group.participant, before=said, after=after)
        return Outcome.UPDATED, row.id

    def _create_group(
        self, work: UnitOfWork, stored: StoredDomain, group: ServiceGroup, *, in_sml: bool = True
    ) -> ServiceGroupRow:
        key = stored.domain.identifiers.participant_key(group.participant)
        visibility = group.visibility or stored.domain.visibility.default
        group_id = service_groups.add(
            work, stored.id, group.participant, key, group.extensions, group.properties or (), visibility
        )
        if in_sml:
            self._register(work, stored, group.participant)
        after = {"participant": str(group.participant)}
        if visibility is not Visibility.PUBLIC:
            after["visibility"] = visibility.value
        self._record(work, stored, "smp:service-group:create", group.participant, after=after)
        return ServiceGroupRow(group_id, stored.id, group.participant, work.now, group.extensions, visibility)

    def _existing(self, work: UnitOfWork, stored: StoredDomain, participant: ParticipantIdentifier) -> ServiceGroupRow:
        found = _find_group_to_write(work, stored, participant)
        if found is None:
            raise NotFoundError(f"{participant} has no service group")
        return found

    def _register(self, work: UnitOfWork, stored: StoredDomain, participant: ParticipantIdentifier) -> bool:
        """Register at our own SML; returns whether that changed anything."""
        own = own_publisher(work.connection, stored)
        if own is None:
            return False
        try:
            return self._registrar.ensure(work, stored, own, participant)
        except SmlError as error:
            if isinstance(error.plain, TechnicalError):
                raise error.plain from error
            raise ConflictError(str(error)) from error

    def _unregister(self, work: UnitOfWork, stored: StoredDomain, participant: ParticipantIdentifier) -> None:
        own = own_publisher(work.connection, stored)
        if own is None:
            return
        try:
            row = self._registrar.find(work, stored, [participant])[0]
        except SmlError:
            return  # it has been unregistered already
        if row.publisher_id != own.id:
            return  # it was migrated away; the registration is the new SMP's
        try:
            self._registrar.unregister_owned(work, stored, own, [row])
        except SmlError as error:
            raise ConflictError(str(error)) from error

    def _record(
        self,
        work: UnitOfWork,
        stored: StoredDomain,
        tag: str,
        participant: ParticipantIdentifier,
        *,
        before: Any = None,
        after: Any = None,
    ) -> None:
        record(work, tag, str(participant), domain_id=stored.id, before=before, after=after)


def own_publisher(connection: Connection, stored: StoredDomain) -> PublisherRow | None:
    """Our SMP at the domain's SML; None where that is somebody else's.

    Raises ConflictError where it isn't registered there yet.
    """
    smp_id = stored.domain.smp.smp_id
    if not stored.domain.sml.enabled or stored.zone_id is None or not smp_id:
        return None
    found = publishers.find(connection, [stored.id], smp_id)
    if not found:
        raise ConflictError(f"the SMP {smp_id} of the domain {stored.domain.name} is not registered at its SML yet")
    return found[0]


def _find_group(
    connection: Connection, stored: StoredDomain, participant: ParticipantIdentifier
) -> ServiceGroupRow | None:
    key = stored.domain.identifiers.participant_key(participant)
    return service_groups.find(connection, stored.id, participant.scheme, key)


def _find_group_to_write(
    work: UnitOfWork, stored: StoredDomain, participant: ParticipantIdentifier
) -> ServiceGroupRow | None:
    """As `_find_group`, and nobody else writes of the participant before the end of this transaction."""
    _lock(work, stored, participant)
    return _find_group(work.connection, stored, participant)


def _lock(work: UnitOfWork, stored: StoredDomain, participant: ParticipantIdentifier) -> None:
    key = stored.domain.identifiers.participant_key(participant)
    service_groups.lock_participant(work, stored.id, participant.scheme, key)


def _find_service(
    connection: Connection, stored: StoredDomain, group: ServiceGroupRow, document_type: DocumentTypeIdentifier
) -> ServiceRow | None:
    key = stored.domain.identifiers.document_type_key(document_type)
    return services.find(connection, group.id, document_type.scheme, key)


def visibility_warnings(stored: StoredDomain, visibility: Visibility | None) -> tuple[str, ...]:
    """What is worth knowing of a participant that our SMP has registered."""
    registers = stored.domain.sml.enabled and stored.zone_id is not None and bool(stored.domain.smp.smp_id)
    if visibility is not Visibility.PRIVATE or not registers:
        return ()
    return ("it is private, but registered at the SML: its name in DNS leads here, where nobody answers for it",)


def _group_reasons(domain: Domain, group: ServiceGroup) -> tuple[Reason, ...]:
    """Reasons that stop new entries only. Raises ValidationError where there are other reasons."""
    reasons = (
        *participant_reasons(domain, group.participant),
        *unwritable_group(domain, group),
        *property_reasons(group.properties or ()),
    )
    if not all(map(stops_new_entries_only, reasons)):
        raise ValidationError(dict.fromkeys(reasons))
    return reasons


def unwritable_group(domain: Domain, group: ServiceGroup) -> tuple[Reason, ...]:
    """Why a dialect of the domain can't say it."""
    dialects = [DIALECTS[name] for name in domain.smp.dialects]
    return tuple(
        reason for dialect in dialects for reason in dialect.check_service_group(folded_group(group, dialect, domain))
    )


def unwritable(domain: Domain, metadata: ServiceMetadata) -> tuple[Reason, ...]:
    """Why the document, or the reference to it in the service group, could not be written or signed.

    Asked before anything is stored, for each dialect of the domain: what is published must be servable, and what one
    dialect can't express is said, not dropped.
    """
    reasons = [*unwritable_group(domain, ServiceGroup(metadata.participant, (metadata.document_type,)))]
    for dialect in (DIALECTS[name] for name in domain.smp.dialects):
        try:
            check_signable(dialect.write_service_metadata(folded_metadata(metadata, dialect, domain)))
        except ValidationError as error:
            reasons += error.reasons
    return tuple(reasons)


def same_metadata(held: ServiceMetadata, new: ServiceMetadata) -> bool:
    """Whether a write would change nothing; the registered spelling of the participant stays anyway."""
    return (held.document_type, held.process_metadata, held.extensions) == (
        new.document_type,
        new.process_metadata,
        new.extensions,
    )


def audited_group(
    participant: ParticipantIdentifier,
    extensions: Sequence[Extension],
    properties: Sequence[CustomProperty] = (),
    visibility: Visibility = Visibility.PUBLIC,
) -> dict[str, Any]:
    """What an auditor wants to see of a group; properties only where it has some, visibility where that isn't usual."""
    told: dict[str, Any] = {
        "participant": str(participant),
        "extensions": [item.content.decode() for item in extensions],
    }
    if properties:
        told["properties"] = properties_to_row(tuple(properties))
    if visibility is not Visibility.PUBLIC:
        told["visibility"] = visibility.value
    return told


def audited_metadata(metadata: ServiceMetadata) -> list[dict[str, Any]]:
    """What an auditor wants to see: where documents go, and whose certificates."""
    return [
        {
            "processes": [str(process.identifier) for process in group.processes],
            "redirect": group.redirect.href if group.redirect else None,
            "endpoints": [
                {
                    "transport_profile": endpoint.transport_profile,
                    "address": endpoint.address,
                    "certificates": [certificate_sha256(item.der) for item in endpoint.certificates],
                }
                for endpoint in group.endpoints
            ],
        }
        for group in metadata.process_metadata
    ]
