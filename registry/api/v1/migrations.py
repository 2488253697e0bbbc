# SPDX-License-Identifier: Apache-2.0
"""`/domains/{domain}/migrations` and `/ended-migrations`: who lets others take which participant; what became of it.

The key goes in and never out: what is kept of it is a hash.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated

from fastapi import Query
from pydantic import Field

from registry.accounts.permissions import Action
from registry.api.v1 import rules
from registry.api.v1.answers import Answer
from registry.api.v1.call import Call, CallState
from registry.api.v1.cursors import Cursor, Limit, paged, read_cursor
from registry.api.v1.domains import DOMAIN, DomainName
from registry.api.v1.models import Identifier, Model, Moment, Page, Word
from registry.api.v1.registrations import OfPublisher, ParticipantId, RegistrationModel, read_registration
from registry.api.v1.routing import Resource, url
from registry.api.v1.rules import Needs
from registry.audit.events import actor_names
from registry.identifiers.participant import ParticipantIdentifier
from registry.storage.queries.migrations import OpenMigration, Outcome

resource = Resource("migrations", "Who lets another SMP take a participant over, and what became of it.")
_MIGRATIONS = f"{DOMAIN}/migrations"
_MIGRATION = f"{_MIGRATIONS}/{{participant}}"
_LIST = Needs(Action.REGISTRATION_LIST, rules.domain)
_WRITE = Needs(Action.REGISTRATION_WRITE, rules.domain)
_Key = Annotated[
    str,
    Field(
        max_length=64,
        description="8 to 24 characters, at least two each of capital letters, small letters, digits "
        "and special characters (EC SML ICD 1.30).",
        examples=["Ab12!!cd34-Xy"],
    ),
]


_Called = Annotated[str | None, Field(description="A person's name as it is today; else as `prepared_by`.")]


class MigrationModel(Model):
    """A participant that another SMP may take over."""

    participant: str
    publisher: Annotated[str, Field(description="The id of the SMP that has it.")]
    prepared_at: Moment
    prepared_by: Annotated[str | None, Field(description="As the audit names it.")]
    prepared_by_name: _Called
    expires_at: Moment | None


class Preparing(Model):
    """A participant that whoever has the key may take over."""

    participant: Identifier
    key: _Key


class Completing(Model):
    """Who takes a participant over, and that it has the key."""

    publisher: Annotated[Word, Field(description="The id of an SMP of the domain.")]
    key: _Key


class EndedMigrationModel(Model):
    """What became of a migration."""

    participant: str
    from_publisher: str
    to_publisher: Annotated[
        str | None, Field(description="Who has the participant since; null where nobody else does.")
    ]
    outcome: Outcome
    prepared_at: Moment
    prepared_by: str | None
    prepared_by_name: _Called
    ended_at: Moment
    ended_by: Annotated[str, Field(description="As the audit names it; `time` where its time ran out.")]
    ended_by_name: Annotated[str, Field(description="A person's name as it is today; else as `ended_by`.")]


@resource.get(_MIGRATIONS, _LIST, {200: Page[MigrationModel]})
def list_migrations(
    call: Call, domain: DomainName, limit: Limit = 50, cursor: Cursor = None, publisher: OfPublisher = None
) -> Page[MigrationModel]:
    """List the open migrations of a domain."""
    (after,) = read_cursor(cursor, int) or (0,)
    rows = call.context.sml.migrations(call.context.domain(domain), after, limit + 1, publisher)
    part, following = paged(rows, limit, lambda row: (row.registration_id,))
    names = _names(call, (row.prepared_by for row in part))
    return Page[MigrationModel](items=[_shown(row, names) for row in part], next_cursor=following)


@resource.get(f"{DOMAIN}/ended-migrations", _LIST, {200: Page[EndedMigrationModel]})
def list_ended_migrations(
    call: Call,
    domain: DomainName,
    limit: Limit = 50,
    cursor: Cursor = None,
    publisher: Annotated[
        str | None, Query(max_length=64, description="Only those from or to the SMP with this id, in its spelling.")
    ] = None,
    participant: Annotated[str | None, Query(max_length=1100, description="Only those of this participant.")] = None,
) -> Page[EndedMigrationModel]:
    """List what became of migrations, the last ended first."""
    (before,) = read_cursor(cursor, int) or (None,)
    rows = call.context.sml.migration_history(
        call.context.domain(domain),
        before,
        limit + 1,
        participant=None if participant is None else rules.parsed_participant(call.domain, participant),
        smp_id=publisher,
    )
    part, following = paged(rows, limit, lambda row: (row.id,))
    names = _names(call, (by for row in part for by in (row.prepared_by, row.ended_by)))
    items = [
        EndedMigrationModel(
            participant=str(ParticipantIdentifier(row.scheme, row.value)),
            from_publisher=row.from_smp_id,
            to_publisher=row.to_smp_id,
            outcome=row.outcome,
            prepared_at=row.prepared_at,
            prepared_by=row.prepared_by,
            prepared_by_name=names.get(row.prepared_by or ""),
            ended_at=row.ended_at,
            ended_by=row.ended_by,
            ended_by_name=names[row.ended_by],
        )
        for row in part
    ]
    return Page[EndedMigrationModel](items=items, next_cursor=following)


@resource.get(_MIGRATION, _LIST, {200: MigrationModel})
def read_migration(call: Call, domain: DomainName, participant: ParticipantId) -> MigrationModel:
    """Read the open migration of a participant."""
    wanted = rules.parsed_participant(call.domain, participant)
    row = call.context.sml.migration(call.context.domain(domain), wanted)
    return _shown(row, _names(call, [row.prepared_by]))


@resource.post(_MIGRATIONS, _WRITE, {201: MigrationModel})
def prepare_migration(call: Call, domain: DomainName, wanted: Preparing) -> Answer:
    """Let whoever has the key take a participant over from its SMP. An open migration is replaced."""
    participant = rules.parsed_participant(call.domain, wanted.participant)
    stored = call.context.domain(domain)
    row = call.context.sml.prepare_migration(call.actor, stored, participant, wanted.key)
    shown = _shown(row, _names(call, [row.prepared_by]))
    return Answer(shown, headers={"location": url(_MIGRATION, domain, shown.participant)})


@resource.post(f"{_MIGRATION}/complete", _WRITE, {200: RegistrationModel})
def complete_migration(
    call: Call, domain: DomainName, participant: ParticipantId, wanted: Completing
) -> RegistrationModel:
    """Give a participant to the SMP that was given its key."""
    identifier = rules.parsed_participant(call.domain, participant)
    stored = call.context.domain(domain)
    call.context.sml.complete_migration(call.actor, stored, identifier, wanted.publisher, wanted.key)
    return read_registration(call, domain, participant)


@resource.delete(_MIGRATION, _WRITE, {204: None})
def cancel_migration(call: Call, domain: DomainName, participant: ParticipantId) -> None:
    """Cancel an open migration: the key that was given out means nothing any more."""
    wanted = rules.parsed_participant(call.domain, participant)
    call.context.sml.cancel_migration(call.actor, call.context.domain(domain), wanted)


def _names(call: CallState, actors: Iterable[str | None]) -> dict[str, str]:
    with call.context.database.read() as connection:
        return actor_names(connection, (actor for actor in actors if actor is not None))


def _shown(row: OpenMigration, names: Mapping[str, str]) -> MigrationModel:
    return MigrationModel(
        participant=str(ParticipantIdentifier(row.scheme, row.value)),
        publisher=row.smp_id,
        prepared_at=row.prepared_at,
        prepared_by=row.prepared_by,
        prepared_by_name=names.get(row.prepared_by or ""),
        expires_at=row.expires_at,
    )
