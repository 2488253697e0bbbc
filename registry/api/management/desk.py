# SPDX-License-Identifier: Apache-2.0
"""Carries out what a management request asks for, whichever dialect it came in. Blocking: for worker threads."""

from collections.abc import Iterator
from dataclasses import dataclass

import structlog

from registry.accounts.groups import group_for_new, place_participant
from registry.accounts.permissions import Action, Principal, require
from registry.accounts.scopes import scope_of_participant
from registry.api.management.dialect import Subject, Target
from registry.errors import ConflictError, NotFoundError, RegistryError, ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.metadata import ServiceGroup, ServiceMetadata
from registry.smp.business_cards import BusinessCards
from registry.smp.documents.catalogue import DIALECTS, dialect_of
from registry.smp.documents.parsed import ParsedDocument
from registry.smp.merging import merged, without_process
from registry.smp.overviews import Overviews
from registry.smp.publishing import Outcome, Published, Publishing
from registry.smp.signed_documents import DocumentSigner
from registry.storage.engine import Actor, Database
from registry.storage.queries import service_groups
from registry.telemetry import request_id

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Done:
    """What was done, and what is worth knowing."""

    outcome: Outcome
    warnings: tuple[str, ...] = ()


class Desk:
    """The use cases behind the management listener. Every method raises RegistryError for what can't be done."""

    def __init__(
        self, database: Database, publishing: Publishing, signer: DocumentSigner, business_cards: BusinessCards
    ) -> None:
        self._database = database
        self._publishing = publishing
        self._signer = signer
        self._business_cards = business_cards
        self._overviews = Overviews(database)

    def put(self, caller: Principal, target: Target, body: bytes, *, merge: bool) -> Done:
        """Publish a document; with `merge` metadata keep what it doesn't speak of."""
        actor, stored = _actor(caller), target.stored
        participant = _participant(target)
        group_id = self._require(caller, target, participant, Action.SERVICE_WRITE)
        if target.subject is Subject.CARD:
            return Done(self._business_cards.put(actor, stored, participant, body), target.notes)
        document = _read(target, participant, body)
        if target.subject is Subject.GROUP:
            published = self._put_group(actor, target, _group(document, participant), group_id)
        else:
            metadata = _metadata(target, document)
            published = self._put_metadata(actor, target, participant, metadata, merge=merge)
        return Done(published.outcome, (*published.warnings, *self._sign(target, published), *target.notes))

    def delete(self, caller: Principal, target: Target) -> Done:
        """Withdraw what was published."""
        actor, stored = _actor(caller), target.stored
        participant = _participant(target)
        whole = target.subject is Subject.GROUP
        self._require(caller, target, participant, Action.PARTICIPANT_DELETE if whole else Action.SERVICE_WRITE)
        match target.subject:
            case Subject.GROUP:
                self._publishing.delete_service_group(actor, stored, participant, in_sml=target.in_sml)
            case Subject.SERVICES:
                self._publishing.delete_all_service_metadata(actor, stored, participant)
            case Subject.CARD:
                self._business_cards.delete(actor, stored, participant)
            case Subject.PROCESS:
                return self._delete_process(actor, target, participant)
            case _:
                document_type = _document_type(target)
                self._publishing.delete_service_metadata(actor, stored, participant, document_type)
        return Done(Outcome.UPDATED, target.notes)

    def overview(self, target: Target) -> Iterator[bytes]:
        """A document about several others, in parts."""
        if target.subject is Subject.COMPLETE:
            participant = _participant(target)
            return iter([self._overviews.complete_group(target.stored, participant)])
        if target.subject is Subject.REFERENCES:
            return self._overviews.references(target.stored)
        return self._overviews.identifiers(target.stored)

    def _require(
        self, caller: Principal, target: Target, participant: ParticipantIdentifier, action: Action
    ) -> int | None:
        """Whether the caller may do it; the group of owners into which a participant gets who is new.

        Raises UnauthorizedError, and for a new participant as `group_for_new`.
        """
        stored = target.stored
        key = stored.domain.identifiers.participant_key(participant)
        with self._database.read() as connection:
            new = target.subject is Subject.GROUP and action is Action.SERVICE_WRITE
            if new and service_groups.find(connection, stored.id, participant.scheme, key) is None:
                return group_for_new(connection, caller, stored.id, target.group)
            require(caller, action, scope_of_participant(connection, stored.id, participant.scheme, key))
        return None

    def _put_group(self, actor: Actor, target: Target, group: ServiceGroup, group_id: int | None) -> Published:
        stored = target.stored
        if group_id is None:
            return self._publishing.put_service_group(actor, stored, group, in_sml=target.in_sml)
        with self._database.write(actor) as work:
            published = self._publishing.put_service_group(actor, stored, group, in_sml=target.in_sml)
            if published.outcome is not Outcome.CREATED:
                # Somebody else was faster, and theirs may not be the caller's to change.
                raise ConflictError(f"{group.participant} has just been published; try again")
            key = stored.domain.identifiers.participant_key(group.participant)
            place_participant(work, stored.id, group.participant.scheme, key, group_id)
        return published

    def _put_metadata(
        self,
        actor: Actor,
        target: Target,
        participant: ParticipantIdentifier,
        metadata: ServiceMetadata,
        *,
        merge: bool,
    ) -> Published:
        if not merge:
            return self._publishing.put_service_metadata(actor, target.stored, metadata)
        rules = target.stored.domain.identifiers
        return self._publishing.revise_service_metadata(
            actor, target.stored, participant, metadata.document_type, lambda held: merged(held, metadata, rules)
        )

    def _delete_process(self, actor: Actor, target: Target, participant: ParticipantIdentifier) -> Done:
        document_type = _document_type(target)
        rules = target.stored.domain.identifiers
        optional = rules.process.allow_no_scheme or not rules.strict
        process = ProcessIdentifier.parse(target.process, scheme_optional=optional)

        def revise(held: ServiceMetadata | None) -> ServiceMetadata | None:
            left = None if held is None else without_process(held, process, rules)
            if held is None or left is held:
                raise NotFoundError(f"{participant} does not receive {document_type} in {process}")
            return left

        published = self._publishing.revise_service_metadata(actor, target.stored, participant, document_type, revise)
        return Done(published.outcome, (*published.warnings, *self._sign(target, published), *target.notes))

    def _sign(self, target: Target, published: Published) -> tuple[str, ...]:
        """Sign what was published, so that its first reader needn't wait; returns what there is to warn of."""
        domain = target.stored.domain
        if published.service_id is None or not domain.smp.base_url:
            return ()
        try:
            for dialect in domain.smp.dialects:
                self._signer.current(published.service_id, dialect)
        except NotFoundError:
            pass  # somebody has withdrawn it meanwhile
        except RegistryError as error:
            # What was asked for is done, and the first reader has it signed.
            log.error("signing_failed", reason=str(error))  # noqa: TRY400
            return ("the document is stored, but could not be signed yet",)
        return ()


def _actor(caller: Principal) -> Actor:
    return Actor(caller.actor, request_id.get())


def _participant(target: Target) -> ParticipantIdentifier:
    optional = target.stored.domain.identifiers.participant.allow_no_scheme
    return ParticipantIdentifier.parse(target.participant, scheme_optional=optional)


def _document_type(target: Target) -> DocumentTypeIdentifier:
    optional = target.stored.domain.identifiers.document_type.allow_no_scheme
    return DocumentTypeIdentifier.parse(target.document_type, scheme_optional=optional)


def _read(target: Target, participant: ParticipantIdentifier, body: bytes) -> ParsedDocument:
    dialect = dialect_of(body)
    if dialect.name not in target.dialects:
        wanted = " or ".join(DIALECTS[name].title for name in target.dialects)
        message = f"{dialect.title}: {target.stored.domain.name} takes documents of {wanted} here"
        raise ValidationError.of("SMP-DIALECT", message)
    document = dialect.read(body)
    if not target.stored.domain.identifiers.same_participant(document.participant, participant):
        message = f"the document is of {document.participant}, the path says {participant}"
        raise ValidationError.of("SMP-ID-MISMATCH", message, "TA07")
    return document


def _group(document: ParsedDocument, participant: ParticipantIdentifier) -> ServiceGroup:
    if document.service_group is None:
        raise ValidationError.of("SMP-KIND", f"a ServiceGroup belongs here, this is a {document.kind}")
    return ServiceGroup(participant, extensions=document.service_group.extensions)


def _metadata(target: Target, document: ParsedDocument) -> ServiceMetadata:
    document_type = _document_type(target)
    if document.metadata is None or document.document_type is None:
        raise ValidationError.of("SMP-KIND", f"service metadata belong here, this is a {document.kind}")
    if not target.stored.domain.identifiers.same_document_type(document.document_type, document_type):
        message = f"the document is of {document.document_type}, the path says {document_type}"
        raise ValidationError.of("SMP-ID-MISMATCH", message, "TA07")
    return document.metadata
