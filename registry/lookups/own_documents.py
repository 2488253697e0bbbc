# SPDX-License-Identifier: Apache-2.0
"""Documents of our own SMP for look-ups, as a GET would get them, without HTTP; what isn't ours isn't fetched."""

from dataclasses import dataclass

from registry.discovery.errors import TechnicalFailureError
from registry.discovery.fetcher import FetchedDocument
from registry.domains.base_url import parse_base_url
from registry.errors import NotFoundError, RegistryError, ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import WILDCARD, ParticipantIdentifier
from registry.lookups.own_zone import ELSEWHERE
from registry.metadata import ServiceGroup
from registry.smp.documents.dialect import Dialect
from registry.smp.routes import DocumentRequest, route, smp_url
from registry.smp.signed_documents import DocumentSigner
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Database
from registry.storage.queries import public_groups, service_groups, services, signed_groups
from registry.storage.queries.service_groups import ServiceGroupRow
from registry.storage.queries.signed_groups import GroupKey

_GONE = FetchedDocument(404, "", b"")


@dataclass(frozen=True, slots=True)
class OwnDocuments:
    """A `Fetcher` of what a domain's SMP here serves; with `public` only of participants everybody may be told of.

    A document that nobody has signed yet is signed, as at its first GET.
    """

    database: Database
    stored: StoredDomain
    signer: DocumentSigner
    public: bool = False

    def fetch(self, url: str) -> FetchedDocument:
        """See `Fetcher`. A document of somebody else's SMP is refused for the reason `ELSEWHERE`."""
        below = self._below(url)
        if below is None:
            raise TechnicalFailureError(ELSEWHERE, f"{url} is at another SMP, which isn't asked here")
        try:
            request = route(self.stored.domain, below)
            return self._answer(request) if isinstance(request, DocumentRequest) else _GONE
        except (NotFoundError, ValidationError):
            return _GONE
        except RegistryError as error:
            # Where a key's file lies is nobody's business outside.
            why = "" if self.public else f": {error}"
            raise TechnicalFailureError("own-smp", f"this SMP can't answer{why}") from error

    def _below(self, url: str) -> bytes | None:
        """The raw path below the base URL; None where it isn't below it."""
        if not self.stored.domain.smp.base_url:
            return None
        base = parse_base_url(self.stored.domain.smp.base_url)
        try:
            asked = parse_base_url(url)
        except ValidationError:
            return None
        if (asked.scheme, asked.authority) != (base.scheme, base.authority):
            return None
        return asked.path[len(base.path) :].encode() if asked.path.startswith(f"{base.path}/") else None

    def _answer(self, request: DocumentRequest) -> FetchedDocument:
        rules = self.stored.domain.identifiers
        asked = ParticipantIdentifier.parse(request.path.participant, scheme_optional=rules.participant.allow_no_scheme)
        group = self._group(asked)
        shown = group.participant if not group.participant.is_wildcard or asked.is_wildcard else asked
        if request.path.document_type is None:
            body = self._group_document(group, shown, request.dialect)
        else:
            optional = rules.document_type.allow_no_scheme
            wanted = DocumentTypeIdentifier.parse(request.path.document_type, scheme_optional=optional)
            body = self._metadata(group, shown, wanted, request.dialect)
        return FetchedDocument(200, request.dialect.content_type, body)

    def _group(self, asked: ParticipantIdentifier) -> ServiceGroupRow:
        """The participant's service group, else that of the wildcard of its scheme. Raises NotFoundError."""
        rules = self.stored.domain.identifiers
        keys = [rules.participant_key(asked)]
        if asked.scheme in self.stored.domain.sml.wildcard_owners and not asked.is_wildcard:
            keys.append(WILDCARD)
        with self.database.read() as connection:
            for key in keys:
                if self.public and not public_groups.is_public(connection, self.stored.id, asked.scheme, key):
                    continue
                found = service_groups.find_served(connection, self.stored.id, asked.scheme, key)
                if found is not None:
                    return found
        raise NotFoundError(f"{asked} is not published here")

    def _group_document(self, group: ServiceGroupRow, shown: ParticipantIdentifier, dialect: Dialect) -> bytes:
        if not dialect.signs_service_groups:
            with self.database.read() as connection:
                types = service_groups.document_types(connection, group.id)
            written = ServiceGroup(shown, types, group.extensions)
            return dialect.write_service_group(written, smp_url(self.stored.domain, dialect))
        key = self.stored.domain.identifiers.participant_key(group.participant)
        at = GroupKey(self.stored.id, group.participant.scheme, key, dialect.name)
        if shown == group.participant:
            return self.signer.current_group(self.stored, at).body
        with self.database.read() as connection:
            found = signed_groups.find(connection, at)
        if found is None:
            raise NotFoundError("the service group was withdrawn")
        return self.signer.group_for(self.stored, found.stamp, dialect.name, shown).body

    def _metadata(
        self, group: ServiceGroupRow, shown: ParticipantIdentifier, wanted: DocumentTypeIdentifier, dialect: Dialect
    ) -> bytes:
        key = self.stored.domain.identifiers.document_type_key(wanted)
        with self.database.read() as connection:
            service = services.find(connection, group.id, wanted.scheme, key)
        if service is None:
            raise NotFoundError(f"{shown} does not receive {wanted} here")
        if shown == group.participant:
            return self.signer.current(service.id, dialect.name).body
        return self.signer.sign_for(service.id, dialect.name, shown).body
