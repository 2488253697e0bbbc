# SPDX-License-Identifier: Apache-2.0
"""Many participants at once: what each item asks for, and what became of it."""

import contextlib
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field

from registry.accounts.permissions import Action, Principal
from registry.api.v1.context import ApiContext
from registry.api.v1.models import Identifier, Model, ProblemModel
from registry.api.v1.participants import ParticipantInput, carry_out
from registry.api.v1.rules import no_participant, parsed_participant, require, scope_of
from registry.api.v1.service_models import CodeModel, ServiceModel, metadata_of
from registry.errors import Reason, RegistryError, TechnicalError, ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.problems import problem_for
from registry.sml.admission.admission import ask_ahead
from registry.smp.publishing import Outcome, Published
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor
from registry.storage.unit_of_work import UnitOfWork

Result = Literal["created", "updated", "unchanged", "deleted", "refused"]


class BulkItem(ParticipantInput):
    """A participant that is to be made, changed or deleted, with what it receives."""

    participant: Annotated[Identifier, Field(examples=["iso6523-actorid-upis::0088:4035811991021"])]
    action: Literal["put", "delete"] = "put"
    services: Annotated[list[ServiceModel], Field(max_length=1000, description="Each says its document type.")] = Field(
        default_factory=list
    )
    replace_services: Annotated[bool, Field(description="Whether others that are published are withdrawn.")] = False


class ItemResult(Model):
    """What became of an item, or would."""

    index: Annotated[int, Field(description="Its place in the request, from 0.")]
    participant: str
    result: Result
    warnings: list[str] = Field(default_factory=list)
    problem: Annotated[ProblemModel | None, Field(description="Why it was refused.")] = None


class BulkItems:
    """Carries out items, each as a whole or not at all, as far as the caller may."""

    def __init__(self, context: ApiContext, principal: Principal, actor: Actor, stored: StoredDomain) -> None:
        self._context = context
        self._principal = principal
        self._actor = actor
        self._stored = stored
        self.published: list[Published] = []
        """What there is to sign."""

    def expect(self, items: Iterable[BulkItem]) -> None:
        """Have at hand what a service outside says of participants, so that it is asked about all of them in one call.

        Belongs outside of a transaction, or into one that is tried again.
        """
        stored, found = self._stored, []
        for item in items:
            if item.action == "put":
                with contextlib.suppress(ValidationError):
                    found.append(parsed_participant(stored, item.participant))
        ask_ahead(self._context.database, self._context.admission, stored, stored.domain.smp.smp_id or "", found)

    def attempt(self, index: int, item: BulkItem) -> ItemResult:
        """Carry out one item; where it is refused nothing of it is done. Raises TechnicalError."""
        try:
            with self._context.database.write(self._actor) as work:
                result, warnings = self.carry_out(work, item)
        except TechnicalError:
            raise
        except RegistryError as error:
            problem = ProblemModel.model_validate_json(problem_for(error).to_bytes())
            return ItemResult(index=index, participant=item.participant, result="refused", problem=problem)
        return ItemResult(index=index, participant=item.participant, result=result, warnings=warnings)

    def carry_out(self, work: UnitOfWork, item: BulkItem) -> tuple[Result, list[str]]:
        """As `attempt`, within a transaction; raises what it is refused for."""
        return self._delete(work, item) if item.action == "delete" else self._put(work, item)

    def _delete(self, work: UnitOfWork, item: BulkItem) -> tuple[Result, list[str]]:
        identifier = parsed_participant(self._stored, item.participant)
        held = self._context.participants.lock(work, self._stored, identifier)
        scope = scope_of(self._context, self._stored, identifier)
        require(self._principal, Action.PARTICIPANT_DELETE, scope, lambda: no_participant(item.participant))
        if held is None:
            raise no_participant(item.participant)
        self._context.publishing.delete_service_group(self._actor, self._stored, identifier)
        return "deleted", []

    def _put(self, work: UnitOfWork, item: BulkItem) -> tuple[Result, list[str]]:
        context, stored = self._context, self._stored
        identifier = parsed_participant(stored, item.participant)
        held = context.participants.lock(work, stored, identifier)
        done = [carry_out(context, self._principal, work, stored, identifier, item, held)]
        if item.services or item.replace_services:
            scope = scope_of(context, stored, identifier)
            require(self._principal, Action.SERVICE_WRITE, scope, lambda: no_participant(item.participant))
            done += self._put_services(identifier, item)
        outcomes = {published.outcome for published in done}
        self.published += (published for published in done if published.service_id is not None)
        result: Result = "updated" if outcomes != {Outcome.UNCHANGED} else "unchanged"
        return "created" if held is None else result, [text for published in done for text in published.warnings]

    def _put_services(self, identifier: ParticipantIdentifier, item: BulkItem) -> list[Published]:
        context, stored = self._context, self._stored
        done = []
        named = []
        for number, service in enumerate(item.services):
            document_type = _document_type(service.document_type, number)
            named.append(document_type)
            metadata = metadata_of(service, identifier, document_type)
            done.append(context.publishing.put_service_metadata(self._actor, stored, metadata))
        if item.replace_services:
            same = stored.domain.identifiers.same_document_type
            for row in context.services.listed(stored, identifier):
                if not any(same(row.document_type, kept) for kept in named):
                    context.publishing.delete_service_metadata(self._actor, stored, identifier, row.document_type)
                    done.append(Published(Outcome.UPDATED))
        return done


def _document_type(said: CodeModel | None, number: int) -> DocumentTypeIdentifier:
    if said is None:
        pointer = f"#/services/{number}/document_type"
        raise ValidationError((Reason("REST-INPUT", "document_type: it has to be said here", pointer=pointer),))
    return DocumentTypeIdentifier(said.scheme, said.value)


def schema_of_items() -> dict[str, Any]:
    """The schema of one item, whose references are those of the OpenAPI document."""
    return BulkItem.model_json_schema(ref_template="#/components/schemas/{model}")
