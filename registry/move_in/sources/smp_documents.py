# SPDX-License-Identifier: Apache-2.0
"""All that a public SMP says of one participant, as the record of a move.

Metadata count only with a good signature of somebody whom the domain trusts to sign (Peppol SMP 1.4.0, "Message
signature"); what is carried then are the bytes that were served, since a canonical form would not keep extensions as
they are. What is wrong with one document refuses the participant, with the reason: nobody may lose a service unseen.
"""

from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

from registry.discovery.errors import DiscoveryError, NotTrustedError, TechnicalFailureError
from registry.discovery.fetcher import Fetcher
from registry.domains.domain import Domain
from registry.errors import Reason, ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.url_form import encode_segment, participant_path, service_path
from registry.metadata import ServiceGroup
from registry.move_in.model import SourceRecord
from registry.move_in.participant_records import participant_record, service_text
from registry.smp.documents.dialect import Dialect
from registry.smp.documents.parsed import ParsedDocument
from registry.smp.documents.signing import signature_profile, verify_document
from registry.trust import TrustModel
from trust_lists.errors import SignatureInvalidError
from trust_lists.evaluation.trust_configuration.model import Context

_CLAUSE = "eDelivery SMP TAD TA07"
_THERE = 200
_NOT_THERE = frozenset({404, 410})
_CARD = 400
"""From this status on there is no business card to be had: many SMPs have none for anybody."""


class SmpDocuments:
    """Reads participants of one SMP; several threads may use it at once. `at` is when signers have to be trusted."""

    def __init__(
        self, domain: Domain, dialect: Dialect, base_url: str, fetcher: Fetcher, trust: TrustModel, at: datetime
    ) -> None:
        self._rules = domain.identifiers
        self._dialect = dialect
        self._base_url = base_url.rstrip("/")
        self._documents_url = "/".join(filter(None, (self._base_url, dialect.path_prefix)))
        self._fetcher = fetcher
        self._trust = trust
        self._at = at
        self._context = {Context.HOST: urlsplit(base_url).hostname or ""}
        self._profile = signature_profile(domain, dialect)

    def read(self, key: str, participant: ParticipantIdentifier) -> SourceRecord | None:
        """The record of a participant, with what was wrong with it; None where the SMP doesn't know it.

        Raises TechnicalFailureError where it doesn't answer.
        """
        asked = participant
        if self._dialect.folds_case:
            asked = replace(participant, value=self._rules.participant_key(participant))
        document = self._get(self._documents_url + participant_path(asked))
        if document is None:
            return None
        refused: list[Reason] = []
        group = self._group(document, participant, refused)
        if group is None:
            return participant_record(key, participant, refused=refused)
        services = [self._service(asked, group, document_type, refused) for document_type in group.document_types]
        return participant_record(
            key,
            group.participant,
            [text for text in services if text is not None],
            extensions=group.extensions,
            business_card=self._card(asked),
            refused=refused,
        )

    def refused(self, key: str, participant: ParticipantIdentifier, error: DiscoveryError) -> SourceRecord:
        """The record of a participant about whom the SMP gives no answer."""
        return participant_record(key, participant, refused=[Reason("MOVE-IN-CRAWL-FAILED", str(error))])

    def _group(self, document: bytes, participant: ParticipantIdentifier, refused: list[Reason]) -> ServiceGroup | None:
        try:
            signed = self._dialect.signs_service_groups and self._dialect.read(document).signed
            group = (self._verified(document) if signed else self._dialect.read(document)).service_group
        except (ValidationError, NotTrustedError) as error:
            refused += _reasons("its service group", error)
            return None
        if group is None or not self._rules.same_participant(group.participant, participant):
            said = "no service group" if group is None else f"one of {group.participant}"
            refused.append(Reason("MOVE-IN-CRAWL-OTHER", f"asked for its service group, the SMP gives {said}", _CLAUSE))
            return None
        return group

    def _service(
        self,
        asked: ParticipantIdentifier,
        group: ServiceGroup,
        document_type: DocumentTypeIdentifier,
        refused: list[Reason],
    ) -> str | None:
        wanted = document_type
        if self._dialect.folds_case:
            wanted = replace(document_type, value=self._rules.document_type_key(document_type))
        document = self._get(self._documents_url + service_path(asked, wanted))
        if document is None:
            message = f"the SMP lists {document_type}, and has nothing about it"
            refused.append(Reason("MOVE-IN-CRAWL-INCONSISTENT", message))
            return None
        try:
            metadata = self._verified(document).metadata
        except (ValidationError, NotTrustedError) as error:
            refused += _reasons(str(document_type), error)
            return None
        if (
            metadata is None
            or not self._rules.same_participant(metadata.participant, group.participant)
            or not self._rules.same_document_type(metadata.document_type, document_type)
        ):
            said = "nothing" if metadata is None else f"{metadata.document_type} of {metadata.participant}"
            refused.append(Reason("MOVE-IN-CRAWL-OTHER", f"asked for {document_type}, the SMP gives {said}", _CLAUSE))
            return None
        return service_text(replace(metadata, participant=group.participant))

    def _verified(self, document: bytes) -> ParsedDocument:
        """What a document says, byte for byte, once it is known who signed it.

        Raises ValidationError, NotTrustedError.
        """
        try:
            verified = verify_document(document, dialect=self._dialect, profile=self._profile)
        except SignatureInvalidError as error:
            raise NotTrustedError("signature", f"its signature is not good: {error}") from error
        evidence = verified.other_certificates
        decision = self._trust.decide("smp-sign", verified.certificate, self._at, evidence, context=self._context)
        if decision.enforced and not decision.accepted:
            raise NotTrustedError("signer", f"{decision.subject}, who has signed, is not trusted: {decision.reason}")
        return self._dialect.read(document)

    def _card(self, participant: ParticipantIdentifier) -> bytes | None:
        document = self._fetcher.fetch(f"{self._base_url}/businesscard/{encode_segment(str(participant))}")
        if document.status == _THERE:
            return document.body
        if _CARD <= document.status < 500:
            return None
        raise TechnicalFailureError("http-status", f"its business card: HTTP {document.status}")

    def _get(self, url: str) -> bytes | None:
        document = self._fetcher.fetch(url)
        if document.status == _THERE:
            return document.body
        if document.status in _NOT_THERE:
            return None
        raise TechnicalFailureError("http-status", f"{url}: HTTP {document.status}, which is no answer")


def _reasons(what: str, error: ValidationError | NotTrustedError) -> list[Reason]:
    if isinstance(error, ValidationError):
        return [replace(reason, message=f"{what}: {reason.message}") for reason in error.reasons]
    return [Reason("MOVE-IN-CRAWL-UNTRUSTED", f"{what}: {error}", "Peppol SMP 1.4.0, Message signature")]
