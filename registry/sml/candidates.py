# SPDX-License-Identifier: Apache-2.0
"""Participants that are to be registered, with all that can be said of them without the database.

To be made before the transaction begins: on SQLite whoever computes inside holds up everybody who writes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from registry.domains.domain import Domain
from registry.errors import ValidationError
from registry.identifiers.dns_names import participant_owner
from registry.identifiers.participant import ParticipantIdentifier
from registry.sml.errors import FaultKind, SmlError, bad_request, broken_rules
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries.publishers import PublisherRow
from registry.storage.queries.registrations import NewRegistration

Key = tuple[str, str]
"""Scheme, and value as it compares."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Participants and, in the same order, their keys; `new` is what is stored of them.

    `faults` says what the rules of the domain have against some, by their places. Where there is one, or `nameless`
    says that one can't have a name in DNS, `new` is empty.
    """

    stored: StoredDomain
    participants: Sequence[ParticipantIdentifier]
    keys: Sequence[Key]
    new: Sequence[NewRegistration]
    faults: dict[int, SmlError]
    nameless: SmlError | None

    @classmethod
    def of(
        cls, stored: StoredDomain, participants: Sequence[ParticipantIdentifier], services: str | None = None
    ) -> "Candidates":
        """`services` are their own, as stored, where they aren't to have those of the domain."""
        domain = stored.domain
        keys = keys_of(domain, participants)
        new: list[NewRegistration] = []
        nameless = None
        if not (faults := dict(_faults(domain, participants))):
            try:
                new = list(_registrations(domain, participants, keys, services))
            except ValidationError as error:
                nameless = bad_request(str(error), error)
        return cls(stored, participants, keys, new, faults, nameless)

    def unfit(self, publisher: PublisherRow) -> Iterator[SmlError]:
        """What the rules have against that this publisher has them, in their order."""
        theirs = {
            place: wildcard_refused(participant.scheme)
            for place, participant in enumerate(self.participants)
            if participant.is_wildcard and not may_have(self.stored.domain, publisher, participant)
        }
        every = theirs | self.faults
        yield from (every[place] for place in sorted(every))


def keys_of(domain: Domain, participants: Sequence[ParticipantIdentifier]) -> list[Key]:
    """What participants are found by."""
    key_of = domain.identifiers.participant_key
    return [(participant.scheme, key_of(participant)) for participant in participants]


def check_list(keys: Sequence[Key], most: int) -> None:
    """Raises SmlError (ERR-106) for a list that is too long, or names a participant twice."""
    if len(keys) > most:
        text = f"The list has {len(keys)} participants; {most} is the most"
        raise bad_request(text, ValidationError.of("SML-LIST-LENGTH", text))
    if len(set(keys)) < len(keys):
        text = "The list names a participant twice"
        raise bad_request(text, ValidationError.of("SML-LIST-TWICE", text))


def may_have(domain: Domain, publisher: PublisherRow, participant: ParticipantIdentifier) -> bool:
    """Whether a publisher may have a participant: not every one may have a wildcard."""
    owners = domain.sml.wildcard_owners.get(participant.scheme, ())
    return not participant.is_wildcard or publisher.smp_id.lower() in {smp_id.lower() for smp_id in owners}


def wildcard_refused(scheme: str) -> SmlError:
    """The refusal of a wildcard to a publisher that may not have it."""
    text = "The user is not allowed to register Wildcard for this scheme"
    message = f"sml.wildcard_owners of the domain does not name this SMP for the scheme {scheme}"
    return SmlError(FaultKind.UNAUTHORIZED, 101, text, ValidationError.of("SML-WILDCARD-OWNER", message))


def _faults(domain: Domain, participants: Sequence[ParticipantIdentifier]) -> Iterator[tuple[int, SmlError]]:
    validate, taken = domain.identifiers.validate_participant, _taken_labels(domain)
    for place, participant in enumerate(participants):
        if reasons := validate(participant, allow_wildcard_participant=True):
            yield place, broken_rules(reasons)
        elif participant.scheme in taken:
            # An SMP can choose an id that equals the hash of a participant: two meanings for one name.
            message = f"The scheme '{participant.scheme}' is taken in DNS: SMPs have their names there"
            yield place, bad_request(message, ValidationError.of("SML-SCHEME-TAKEN", message))


def _taken_labels(domain: Domain) -> set[str]:
    """The labels under which SMPs have their names."""
    return {label.rpartition(".")[2] for label in (domain.dns.publisher_label, domain.dns.naptr_label)}


def _registrations(
    domain: Domain, participants: Sequence[ParticipantIdentifier], keys: Sequence[Key], services: str | None
) -> Iterator[NewRegistration]:
    form, service = domain.dns.name_form, domain.dns.naptr_service
    for participant, (scheme, key) in zip(participants, keys, strict=True):
        yield NewRegistration(scheme, participant.value, key, service, participant_owner(participant, form), services)
