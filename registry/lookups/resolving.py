# SPDX-License-Identifier: Apache-2.0
"""Resolves our own participants as an access point would, with every step: from what we hold, or over the network.

*Inside* asks nobody: the zone, the documents and the trust model that are here, so what is wrong in them is seen.
*Outside* asks DNS and the SMP as the world does, behind the guard of addresses, so what is wrong on the way is seen.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Final

from registry.clock import Clock
from registry.discovery.addresses import AddressPolicy
from registry.discovery.client import LookupClient, Resolution
from registry.discovery.errors import DiscoveryError
from registry.discovery.explanation import Explanation
from registry.discovery.fetcher import HttpFetcher
from registry.discovery.locator import DnsLocator
from registry.domains.domain import Domain
from registry.errors import ValidationError
from registry.identifiers.dns_names import NameForm, legacy_cname_owner, participant_owner
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import WILDCARD, ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.lookups.own_documents import OwnDocuments
from registry.lookups.own_zone import OwnZone, keeps_zone
from registry.room import Room
from registry.smp.signed_documents import DocumentSigner
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Database
from registry.storage.queries import public_groups
from registry.trust import TrustModel

FOUND: Final = "found"
AT_A_TIME: Final = 4
"""Look-ups over the network: each may wait for others for half a minute."""
_TIMEOUT_S, _DEADLINE_S = 5.0, 15.0


@dataclass(frozen=True, slots=True)
class Question:
    """What a sender looks for; None where it doesn't matter."""

    participant: ParticipantIdentifier
    document_type: DocumentTypeIdentifier | None = None
    process: ProcessIdentifier | None = None
    transport: str | None = None


@dataclass(frozen=True, slots=True)
class Resolved:
    """How a look-up ended: `outcome` is `found`, with `resolution`, or one of the four kinds of "no".

    `reason` is the stable id of a "no", `message` says it in words. `presumed` tells that DNS wasn't asked, since the
    zone is somebody else's.
    """

    outcome: str
    explanation: Explanation
    resolution: Resolution | None = None
    reason: str | None = None
    message: str | None = None
    presumed: bool = False


@dataclass(frozen=True, slots=True)
class Inside:
    """Look-ups in what this instance holds."""

    database: Database
    signer: DocumentSigner
    trust_of: Callable[[Domain], TrustModel]

    def resolve(self, stored: StoredDomain, question: Question, *, public: bool = False) -> Resolved:
        """Resolve a participant; with `public` those of whom not everybody may be told are as unknown.

        Raises ValidationError for an identifier that can't have a DNS name.
        """
        hidden = self._hidden(stored, question.participant) if public else ()
        return _resolved(self.client(stored, hidden, public=public), question, presumed=not keeps_zone(stored))

    def client(self, stored: StoredDomain, hidden: Collection[str] = (), *, public: bool = False) -> LookupClient:
        """A client that asks nobody; it passes over `hidden` names, relative to the zone."""
        return LookupClient(
            stored.domain,
            self.trust_of(stored.domain),
            OwnZone(self.database, stored, hidden),
            OwnDocuments(self.database, stored, self.signer, public),
            self.database.now,
        )

    def _hidden(self, stored: StoredDomain, participant: ParticipantIdentifier) -> list[str]:
        """The names, of this participant and the wildcard of its scheme, that are passed over; relative to the zone."""
        rules, form = stored.domain.identifiers, stored.domain.dns.name_form
        wildcard = ParticipantIdentifier(participant.scheme, WILDCARD)
        owners: list[str] = []
        with self.database.read() as connection:
            for each in (participant, wildcard):
                key = rules.participant_key(each)
                if public_groups.is_public(connection, stored.id, each.scheme, key) is False:
                    owners += _owners(each, form)
        return owners


def _owners(participant: ParticipantIdentifier, form: NameForm) -> list[str]:
    try:
        return [participant_owner(participant, form), legacy_cname_owner(participant, form)]
    except ValidationError:  # it has none
        return []


@dataclass(frozen=True, slots=True)
class Outside:
    """Look-ups over the network: `name_server` is HOST:PORT, or empty for those of the system."""

    name_server: str
    policy: AddressPolicy
    trust_of: Callable[[Domain], TrustModel]
    clock: Clock
    _room: Room = field(default_factory=lambda: Room(AT_A_TIME))

    def resolve(self, stored: StoredDomain, question: Question) -> Resolved:
        """Resolve a participant. Raises ValidationError as `Inside.resolve`; TooManyRequestsError."""
        with (
            self._room.taken("too many look-ups over the network are under way", 5),
            HttpFetcher(addresses=self.policy, timeout=_TIMEOUT_S, deadline=_DEADLINE_S) as fetcher,
        ):
            locator = DnsLocator(self.name_server or None)
            trust = self.trust_of(stored.domain)
            return _resolved(LookupClient(stored.domain, trust, locator, fetcher, self.clock), question)


def _resolved(client: LookupClient, question: Question, *, presumed: bool = False) -> Resolved:
    try:
        found = client.resolve(question.participant, question.document_type, question.process, question.transport)
    except DiscoveryError as error:
        return Resolved(error.outcome, error.explanation, reason=error.reason_id, message=str(error), presumed=presumed)
    return Resolved(FOUND, found.explanation, found, presumed=presumed)
