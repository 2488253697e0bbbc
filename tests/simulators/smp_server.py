# SPDX-License-Identifier: Apache-2.0
"""An SMP that publishes into a simulated network, well signed unless it is told otherwise."""

from registry.discovery.fetcher import FetchedDocument
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.url_form import participant_path, service_path
from registry.metadata import ProcessMetadata, Redirect, ServiceGroup, ServiceMetadata
from registry.smp.documents.busdox.dialect import BUSDOX
from registry.smp.documents.dialect import Dialect
from registry.smp.documents.signing import sign_document
from trust_lists.certificates.parsing import SigningKey


def response(body: bytes = b"", status: int = 200, location: str = "") -> FetchedDocument:
    """What a fetcher gives back."""
    return FetchedDocument(status, "application/xml", body, location)


class SimulatedSmp:
    """Publishes below `base_url`, which has no slash at its end, in one dialect; signs with `key`."""

    def __init__(
        self, responses: dict[str, FetchedDocument], base_url: str, key: SigningKey, dialect: Dialect = BUSDOX
    ) -> None:
        self._responses = responses
        self.base_url = base_url
        self.key = key
        self.dialect = dialect
        self._root = "/".join(filter(None, (base_url, dialect.path_prefix)))

    def group_url(self, participant: ParticipantIdentifier) -> str:
        return self._root + participant_path(participant)

    def metadata_url(self, participant: ParticipantIdentifier, document_type: DocumentTypeIdentifier) -> str:
        return self._root + service_path(participant, document_type)

    def signed(self, metadata: ServiceMetadata) -> bytes:
        return sign_document(self.dialect.write_service_metadata(metadata), self.key, self.dialect)

    def publish(self, metadata: ServiceMetadata) -> str:
        """Publish metadata; gives their URL."""
        url = self.metadata_url(metadata.participant, metadata.document_type)
        self._responses[url] = response(self.signed(metadata))
        return url

    def publish_group(
        self, participant: ParticipantIdentifier, *document_types: DocumentTypeIdentifier, signed: bool = True
    ) -> str:
        """Publish a service group, signed where the dialect signs them; gives its URL."""
        url = self.group_url(participant)
        body = self.dialect.write_service_group(ServiceGroup(participant, document_types), self.base_url)
        if signed and self.dialect.signs_service_groups:
            body = sign_document(body, self.key, self.dialect)
        self._responses[url] = response(body)
        return url

    def publish_redirect(
        self,
        participant: ParticipantIdentifier,
        document_type: DocumentTypeIdentifier,
        href: str,
        certificate_uid: str,
    ) -> str:
        """Publish a redirect to `href`; gives its own URL."""
        redirect = ProcessMetadata(redirect=Redirect(href, certificate_uid))
        return self.publish(ServiceMetadata(participant, document_type, (redirect,)))
