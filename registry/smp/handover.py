# SPDX-License-Identifier: Apache-2.0
"""Our SMP gives participants to another SMP, and takes them from one: what is published here and the SML together.

With an SML of this instance both are one transaction. With somebody else's, what is published comes before the call,
since the names lead here from then on, and is taken back where the call fails. Whoever got no answer asks the SML who
has the participant; everything here may be repeated.
"""

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Protocol, TypeVar

from registry.errors import ConflictError, NotFoundError, RegistryError, TechnicalError
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.url_form import service_path
from registry.metadata import ProcessMetadata, Redirect, ServiceGroup, ServiceMetadata
from registry.smp.documents.catalogue import DIALECTS
from registry.smp.publishing import Publishing
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor, Database, retried
from registry.storage.queries import service_groups, services

_TRIES = 3
_T = TypeVar("_T")


class HoldingSml(Protocol):
    """The SML that has the participants of a domain, as our SMP sees it.

    Each method raises SmlError or another error of the tree where it is refused, TechnicalError where nobody knows.
    """

    @property
    def joins(self) -> bool:
        """Whether what it does belongs to the transaction that is under way."""
        ...

    def prepare(self, participant: ParticipantIdentifier, key: str) -> None:
        """Let whoever has the key take a participant of ours over; replaces what was prepared before."""
        ...

    def cancel(self, participant: ParticipantIdentifier) -> None:
        """Let the key that was given out mean nothing any more."""
        ...

    def migrate(self, participant: ParticipantIdentifier, key: str) -> None:
        """Take a participant over."""
        ...

    def holds(self, participant: ParticipantIdentifier) -> bool:
        """Whether our SMP has a participant there now."""
        ...


class Taken(Enum):
    """What taking a participant over has done."""

    MIGRATED = "migrated"
    ALREADY_OURS = "already ours"


class Handover:
    """Gives participants of a domain away, and takes them."""

    def __init__(self, database: Database, publishing: Publishing, stored: StoredDomain, sml: HoldingSml) -> None:
        self._database = database
        self._publishing = publishing
        self._stored = stored
        self._sml = sml

    # Away

    def offer(self, participant: ParticipantIdentifier, key: str) -> None:
        """Let whoever has the key take a participant over that is published here. Raises NotFoundError."""
        if not self.is_published(participant):
            raise NotFoundError(f"{participant} has no service group")
        _certainly(lambda: self._sml.prepare(participant, key))

    def withdraw_offer(self, participant: ParticipantIdentifier) -> None:
        """Let the key that was given out mean nothing any more."""
        _certainly(lambda: self._sml.cancel(participant))

    def is_ours(self, participant: ParticipantIdentifier) -> bool:
        """Whether the SML says that our SMP still has a participant."""
        return _certainly(lambda: self._sml.holds(participant))

    def finish(self, actor: Actor, participant: ParticipantIdentifier, redirect: Redirect | None = None) -> None:
        """Withdraw what is published of a participant that was taken over, or leave redirects to the new SMP.

        `redirect` has the base URL of that SMP. Raises ConflictError as long as our SMP has the participant;
        NotFoundError where nothing is published.
        """
        if self.is_ours(participant):
            raise ConflictError(f"{participant} is our SMP's still: nobody has taken it over yet")
        if redirect is None:
            self._publishing.delete_service_group(actor, self._stored, participant)
        else:
            self._redirect(actor, participant, redirect)

    @retried
    def _redirect(self, actor: Actor, participant: ParticipantIdentifier, redirect: Redirect) -> None:
        old = [name for name in self._stored.domain.smp.dialects if not DIALECTS[name].path_prefix]
        if old and len(old) < len(self._stored.domain.smp.dialects):
            message = "a domain with SMP 1.x and 2.0 has no redirect that both understand: withdraw what is published"
            raise ConflictError(message)
        with self._database.write(actor) as work:
            key = self._stored.domain.identifiers.participant_key(participant)
            group = service_groups.find(work.connection, self._stored.id, participant.scheme, key)
            if group is None:
                raise NotFoundError(f"{participant} has no service group")
            for document_type in service_groups.document_types(work.connection, group.id):
                # In 1.x it leads to the document (P14 §5.4), in 2.0 to the SMP (§2.3.8).
                base = redirect.href.rstrip("/")
                href = base + service_path(group.participant, document_type) if old else redirect.href
                leads = Redirect(href, redirect.certificate_uid, redirect.extensions, redirect.certificate)
                metadata = ServiceMetadata(group.participant, document_type, (ProcessMetadata(redirect=leads),))
                self._publishing.put_service_metadata(actor, self._stored, metadata)

    # Here

    def is_published(self, participant: ParticipantIdentifier) -> bool:
        """Whether a participant has a service group here."""
        key = self._stored.domain.identifiers.participant_key(participant)
        with self._database.read() as connection:
            return service_groups.find(connection, self._stored.id, participant.scheme, key) is not None

    def only_redirects(self, participant: ParticipantIdentifier) -> bool:
        """Whether all that is published of a participant leads elsewhere, as it does where redirects stayed behind."""
        key = self._stored.domain.identifiers.participant_key(participant)
        with self._database.read() as connection:
            group = service_groups.find(connection, self._stored.id, participant.scheme, key)
            ids = [] if group is None else [row.id for row in services.of_group(connection, group.id)]
            published = services.load_many(connection, ids, self._database.now()).values()
        each = [part for metadata in published for part in metadata.process_metadata]
        return bool(each) and all(part.redirect is not None for part in each)

    def take_over(
        self, actor: Actor, participant: ParticipantIdentifier, key: str, documents: Sequence[ServiceMetadata]
    ) -> Taken:
        """Publish a participant, and take it over by its key; where that fails nothing is published of it.

        What is published of it already stays as it is, and stays where taking it over fails. Raises ValidationError
        for what can't be published here, and what the SML refuses; TechnicalError, which says what is known.
        """
        if self._sml.joins:
            return self._take_over_at_once(actor, participant, key, documents)
        created = self._publish(actor, participant, documents)
        try:
            return self._migrate(participant, key)
        except _UnknownError as unknown:
            raise TechnicalError(
                f"{unknown}; what is published of {participant} stays: run the same again"
            ) from unknown
        except RegistryError as error:
            if not created:
                raise
            self._publishing.delete_service_group(actor, self._stored, participant, in_sml=False)
            if isinstance(error, TechnicalError):
                message = f"{participant} was not taken over, and nothing stays published of it: {error}"
                raise TechnicalError(message) from error
            raise

    @retried
    def _take_over_at_once(
        self, actor: Actor, participant: ParticipantIdentifier, key: str, documents: Sequence[ServiceMetadata]
    ) -> Taken:
        with self._database.write(actor):
            self._publish(actor, participant, documents)
            if self._sml.holds(participant):
                return Taken.ALREADY_OURS
            self._sml.migrate(participant, key)
            return Taken.MIGRATED

    @retried
    def _publish(self, actor: Actor, participant: ParticipantIdentifier, documents: Sequence[ServiceMetadata]) -> bool:
        """Whether it was published just now, all of it or nothing."""
        with self._database.write(actor):
            if self.is_published(participant):
                return False
            self._publishing.put_service_group(actor, self._stored, ServiceGroup(participant), in_sml=False)
            for metadata in documents:
                self._publishing.put_service_metadata(actor, self._stored, metadata)
            return True

    def _migrate(self, participant: ParticipantIdentifier, key: str) -> Taken:
        """Call until it is known what was done: a key is good once, so a call that was carried out is refused then."""
        failures: list[RegistryError] = []
        while len(failures) < _TRIES:
            try:
                self._sml.migrate(participant, key)
                return Taken.MIGRATED
            except RegistryError as error:
                failures.append(error)
            try:
                ours = self.is_ours(participant)
            except RegistryError as error:
                raise _UnknownError(f"{failures[-1]}; and who has it now can't be learned: {error}") from error
            if ours:
                by_this_call = isinstance(failures[0], TechnicalError)
                return Taken.MIGRATED if by_this_call else Taken.ALREADY_OURS
            if not isinstance(failures[-1], TechnicalError):
                break
        raise failures[-1]


def _certainly(call: Callable[[], _T]) -> _T:
    """What may be done twice, once more where no answer came."""
    try:
        return call()
    except TechnicalError:
        return call()


class _UnknownError(RegistryError):
    """Nobody knows whether the SML has carried a call out."""
