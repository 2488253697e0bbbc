# SPDX-License-Identifier: Apache-2.0
"""Reads the documents of an SMP for one lookup: fetched, verified, signed by somebody trusted, about what was asked.

Nothing of service metadata is used before its signature is verified. The service group isn't signed in SMP 1.x, and
need not be in SMP 2.0: it is only used to choose among identifiers, and what it leads to is verified.
"""

from dataclasses import dataclass, replace

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from registry.discovery.context import LookupContext
from registry.discovery.errors import (
    NoMatchingServiceError,
    NotRegisteredError,
    NotTrustedError,
    TechnicalFailureError,
)
from registry.discovery.explanation import RunningStep
from registry.discovery.urls import UrlError, check_url
from registry.errors import ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.url_form import participant_path, service_path
from registry.metadata import Redirect, ServiceGroup, ServiceMetadata
from registry.smp.documents.catalogue import dialect_of, read_document
from registry.smp.documents.dialect import Dialect
from registry.smp.documents.parsed import ParsedDocument
from registry.smp.documents.signing import VerifiedDocument, signature_profile, verify_document
from registry.trust import TrustDecision
from trust_lists.certificates.parsing import same_subject, subject_text
from trust_lists.errors import SignatureInvalidError


@dataclass(frozen=True, slots=True)
class TrustedMetadata:
    """Metadata that may be used: who signed it, and the decision on that signer (on both, after a redirect)."""

    metadata: ServiceMetadata
    signer: x509.Certificate
    decisions: tuple[TrustDecision, ...]


class SmpReader:
    """Reads documents of one dialect from the SMP at `base_url`; each step is recorded."""

    def __init__(self, base_url: str, dialect: Dialect, context: LookupContext) -> None:
        self._base_url = base_url
        self._dialect = dialect
        self._domain = context.domain
        self._fetcher = context.fetcher
        self._explanation = context.explanation
        self._decide = context.decide

    def service_group(self, participant: ParticipantIdentifier) -> ServiceGroup:
        """What the participant receives. Raises NotRegisteredError where the SMP doesn't know the participant."""
        url = self._url(self._base_url, participant)
        with self._explanation.step("service-group") as step:
            body = self._get(url, step)
            if body is None:
                raise NotRegisteredError(
                    "smp-participant-unknown", f"the SMP does not know {participant} ({step.detail})"
                )
            parsed = self._parsed(body, url)
            group = self._group_of(participant, parsed, url)
            step.detail += f"; document types: {len(group.document_types)}"
            if self._dialect.signs_service_groups and not parsed.signed:
                step.warn(f"the service group of {url} is not signed")
        if not parsed.signed:
            return group
        verified = self._verified(body, url)
        self._decide("smp-sign", verified.certificate, url, verified.other_certificates)
        return self._group_of(participant, verified.parsed, url)

    def _group_of(self, participant: ParticipantIdentifier, parsed: ParsedDocument, url: str) -> ServiceGroup:
        group = parsed.service_group
        if group is None:
            raise TechnicalFailureError("smp-wrong-document", f"{url} gave no service group")
        if not self._domain.identifiers.same_participant(group.participant, participant):
            raise _of_another(group.participant, participant)
        return group

    def service_metadata(
        self, participant: ParticipantIdentifier, document_type: DocumentTypeIdentifier
    ) -> TrustedMetadata | None:
        """What the SMP says about a document type, or another to which it redirects; None where it says nothing.

        Raises the other kinds of DiscoveryError.
        """
        found = self._signed("metadata", self._url(self._base_url, participant, document_type))
        if found is None:
            return None
        self._check_identifiers(found.metadata, participant, document_type)
        if (redirect := found.metadata.redirect) is not None:
            return self.follow(found, redirect, participant, document_type)
        return found

    def follow(
        self,
        found: TrustedMetadata,
        redirect: Redirect,
        participant: ParticipantIdentifier,
        document_type: DocumentTypeIdentifier,
    ) -> TrustedMetadata:
        """The target of a redirect in `found`, which must be signed as the redirect says and not redirect again.

        The decisions on both signers are in the result. Raises DiscoveryError.
        """
        with self._explanation.step("redirect") as step:
            try:
                href = check_url(redirect.href, self._domain.sml.url_schemes, query_allowed=True)
                # In SMP 2.0 it is the base URL of the other SMP (§2.3.8), in 1.x the URL of the document.
                url = self._url(href, participant, document_type) if self._dialect.path_prefix else href
            except UrlError as error:
                raise TechnicalFailureError(
                    "redirect-url", f"the SMP redirects to {redirect.href}, which is not asked: {error}"
                ) from error
            step.detail = f"to {url}"
        target = self._signed("redirect-target", url)
        if target is None:
            raise NoMatchingServiceError(
                "redirect-target-unknown", f"the SMP redirects to {url}, where there is nothing"
            )
        with self._explanation.step("redirect-certificate") as step:
            step.detail = f"the signer is the one that the redirect names, {redirect.certificate_uid}"
            if not (redirect.certificate_uid or redirect.certificate):
                step.warn("the redirect names no certificate (CertificateUID)")
            elif not _is_named(target.signer, redirect):
                raise NotTrustedError(
                    "redirect-certificate",
                    f"the redirect names the certificate {redirect.certificate_uid}, "
                    f"but {subject_text(target.signer)} has signed",
                )
            if target.metadata.redirect is not None:
                raise redirects_again(url)
        self._check_identifiers(target.metadata, participant, document_type)
        return TrustedMetadata(target.metadata, target.signer, found.decisions + target.decisions)

    def _signed(self, step_name: str, url: str) -> TrustedMetadata | None:
        """Fetch metadata and see who signed it; None on 404."""
        with self._explanation.step(step_name) as step:
            body = self._get(url, step)
        if body is None:
            return None
        verified = self._verified(body, url)
        metadata, signer = verified.parsed.metadata, verified.certificate
        if metadata is None:
            raise TechnicalFailureError("smp-wrong-document", f"{url} gave no service metadata")
        decision = self._decide("smp-sign", signer, url, verified.other_certificates)
        return TrustedMetadata(metadata, signer, (decision,))

    def _verified(self, body: bytes, url: str) -> VerifiedDocument:
        with self._explanation.step("signature") as step:
            try:
                self._check_dialect(dialect_of(body), url)
                profile = signature_profile(self._domain, self._dialect)
                verified = verify_document(body, dialect=self._dialect, profile=profile)
            except SignatureInvalidError as error:
                reason_id = f"signature-{error.reason_id.lower().replace('_', '-')}"
                raise NotTrustedError(reason_id, f"the signature of {url} is not good: {error}") from error
            except ValidationError as error:
                raise _malformed(url, error) from error
            step.detail = f"good, made by {subject_text(verified.certificate)}"
            return verified

    def _parsed(self, body: bytes, url: str) -> ParsedDocument:
        try:
            dialect, parsed = read_document(body)
        except ValidationError as error:
            raise _malformed(url, error) from error
        self._check_dialect(dialect, url)
        return parsed

    def _check_dialect(self, found: Dialect, url: str) -> None:
        if found is not self._dialect:
            message = f"{url} gave a document of {found.title}; {self._dialect.title} was asked for"
            raise TechnicalFailureError("smp-wrong-dialect", message)

    def _url(
        self, base_url: str, participant: ParticipantIdentifier, document_type: DocumentTypeIdentifier | None = None
    ) -> str:
        """Where a document is below the base URL of an SMP, in the case that the dialect writes."""
        if self._dialect.folds_case:
            rules = self._domain.identifiers
            participant = replace(participant, value=rules.participant_key(participant))
            document_type = document_type and replace(document_type, value=rules.document_type_key(document_type))
        path = participant_path(participant) if document_type is None else service_path(participant, document_type)
        # One slash only: any other is part of the path that the SMP has chosen.
        prefix = f"/{self._dialect.path_prefix}" if self._dialect.path_prefix else ""
        return base_url.removesuffix("/") + prefix + path

    def _get(self, url: str, step: RunningStep) -> bytes | None:
        """The document, None on 404. Raises TechnicalFailureError on any other status but 200."""
        document = self._fetcher.fetch(url)
        step.detail = f"{url}: HTTP {document.status}"
        if document.status == 404:
            return None
        if 300 <= document.status < 400:
            raise TechnicalFailureError(
                "http-redirect",
                f"{step.detail} to {document.location or 'nowhere'}; HTTP redirects of an SMP are not followed",
            )
        if document.status != 200:
            raise TechnicalFailureError("http-status", f"{step.detail}, which is no answer")
        step.detail += f", {len(document.body)} bytes"
        return document.body

    def _check_identifiers(
        self, metadata: ServiceMetadata, participant: ParticipantIdentifier, document_type: DocumentTypeIdentifier
    ) -> None:
        rules = self._domain.identifiers
        with self._explanation.step("identifiers") as step:
            if not rules.same_participant(metadata.participant, participant):
                raise _of_another(metadata.participant, participant)
            if not rules.same_document_type(metadata.document_type, document_type):
                raise _of_another(metadata.document_type, document_type)
            step.detail = "the document is about what was asked for"


def redirects_again(url: str) -> TechnicalFailureError:
    """The error for a redirect behind a redirect (BDX-SMP 1.0 §2.3.2.4: a client follows one)."""
    return TechnicalFailureError("redirect-twice", f"{url} redirects again; only one redirect is followed")


def _is_named(signer: x509.Certificate, redirect: Redirect) -> bool:
    """Whether a signer is who a redirect names: the very certificate where it carries one, else by the subject."""
    if redirect.certificate is not None:
        return signer.public_bytes(Encoding.DER) == redirect.certificate
    return same_subject(redirect.certificate_uid, signer)


def _malformed(url: str, error: ValidationError) -> TechnicalFailureError:
    return TechnicalFailureError("smp-malformed", f"{url} gave a document that can't be read: {error}")


def _of_another(found: object, asked: object) -> NotTrustedError:
    # Well signed as it is, it says nothing about what was asked: a mistake, or somebody swapped documents.
    return NotTrustedError("identifiers-differ", f"the document is about {found}, not about {asked}")
