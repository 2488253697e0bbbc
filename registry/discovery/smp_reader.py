# SPDX-License-Identifier: Apache-2.0
"""Reads the documents of an SMP for one lookup: fetched, verified, signed by somebody trusted, about what was asked.

Nothing of service metadata is used before its signature is verified. The service group isn't signed in SMP 1.x: it
is only used to choose among identifiers, and what it leads to is verified.
"""

from dataclasses import dataclass

from cryptography import x509

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
from registry.smp.documents import busdox
from registry.smp.documents.signing import verify_service_metadata
from registry.trust import Decision
from trust_lists.certificates.parsing import same_subject, subject_text
from trust_lists.errors import SignatureInvalidError


@dataclass(frozen=True, slots=True)
class TrustedMetadata:
    """Metadata that may be used: who signed it, and the decision on that signer (on both, after a redirect)."""

    metadata: ServiceMetadata
    signer: x509.Certificate
    decisions: tuple[Decision, ...]


class SmpReader:
    """Reads from the SMP at `base_url`; each step is recorded."""

    def __init__(self, base_url: str, context: LookupContext) -> None:
        # One slash only: any other is part of the path that the SMP has chosen.
        self._base_url = base_url.removesuffix("/")
        self._domain = context.domain
        self._fetcher = context.fetcher
        self._explanation = context.explanation
        self._decide = context.decide

    def service_group(self, participant: ParticipantIdentifier) -> ServiceGroup:
        """What the participant receives. Raises NotRegisteredError where the SMP doesn't know the participant."""
        url = self._base_url + participant_path(participant)
        with self._explanation.step("service-group") as step:
            body = self._get(url, step)
            if body is None:
                raise NotRegisteredError(
                    "smp-participant-unknown", f"the SMP does not know {participant} ({step.detail})"
                )
            try:
                group = busdox.read(body).service_group
            except ValidationError as error:
                raise _malformed(url, error) from error
            if group is None:
                raise TechnicalFailureError("smp-wrong-document", f"{url} gave no service group")
            if not self._domain.identifiers.same_participant(group.participant, participant):
                raise _of_another(group.participant, participant)
            step.detail += f"; document types: {len(group.document_types)}"
            return group

    def service_metadata(
        self, participant: ParticipantIdentifier, document_type: DocumentTypeIdentifier
    ) -> TrustedMetadata | None:
        """What the SMP says about a document type, or another to which it redirects; None where it says nothing.

        Raises the other kinds of DiscoveryError.
        """
        found = self._signed("metadata", self._base_url + service_path(participant, document_type))
        if found is None:
            return None
        if (redirect := found.metadata.redirect) is not None:
            target = self._follow(redirect)
            found = TrustedMetadata(target.metadata, target.signer, found.decisions + target.decisions)
        with self._explanation.step("identifiers") as step:
            self._check_identifiers(found.metadata, participant, document_type)
            step.detail = "the document is about what was asked for"
        return found

    def _follow(self, redirect: Redirect) -> TrustedMetadata:
        """The target of a redirect, which must be signed as the redirect says and not redirect again."""
        with self._explanation.step("redirect") as step:
            try:
                url = check_url(redirect.href, self._domain.sml.url_schemes, query_allowed=True)
            except UrlError as error:
                raise TechnicalFailureError(
                    "redirect-url", f"the SMP redirects to {redirect.href}, which is not asked: {error}"
                ) from error
            step.detail = f"to {url}"
        found = self._signed("redirect-target", url)
        if found is None:
            raise NoMatchingServiceError(
                "redirect-target-unknown", f"the SMP redirects to {url}, where there is nothing"
            )
        with self._explanation.step("redirect-certificate") as step:
            step.detail = f"the signer is the one that the redirect names, {redirect.certificate_uid}"
            if not redirect.certificate_uid:
                step.warn("the redirect names no certificate (CertificateUID)")
            elif not same_subject(redirect.certificate_uid, found.signer):
                raise NotTrustedError(
                    "redirect-certificate",
                    f"the redirect names the certificate {redirect.certificate_uid}, "
                    f"but {subject_text(found.signer)} has signed",
                )
            if found.metadata.redirect is not None:
                raise TechnicalFailureError("redirect-twice", f"{url} redirects again; only one redirect is followed")
        return found

    def _signed(self, step_name: str, url: str) -> TrustedMetadata | None:
        """Fetch metadata and see who signed it; None on 404."""
        with self._explanation.step(step_name) as step:
            body = self._get(url, step)
        if body is None:
            return None
        with self._explanation.step("signature") as step:
            try:
                verified = verify_service_metadata(body)
            except SignatureInvalidError as error:
                reason_id = f"signature-{error.reason_id.lower().replace('_', '-')}"
                raise NotTrustedError(reason_id, f"the signature of {url} is not good: {error}") from error
            except ValidationError as error:
                raise _malformed(url, error) from error
            metadata, signer = verified.parsed.metadata, verified.certificate
            if metadata is None:
                raise TechnicalFailureError("smp-wrong-document", f"{url} gave no service metadata")
            step.detail = f"good, made by {subject_text(signer)}"
        decision = self._decide("smp-sign", signer, verified.other_certificates)
        return TrustedMetadata(metadata, signer, (decision,))

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
        if not rules.same_participant(metadata.participant, participant):
            raise _of_another(metadata.participant, participant)
        if not rules.same_document_type(metadata.document_type, document_type):
            raise _of_another(metadata.document_type, document_type)


def _malformed(url: str, error: ValidationError) -> TechnicalFailureError:
    return TechnicalFailureError("smp-malformed", f"{url} gave a document that can't be read: {error}")


def _of_another(found: object, asked: object) -> NotTrustedError:
    # Well signed as it is, it says nothing about what was asked: a mistake, or somebody swapped documents.
    return NotTrustedError("identifiers-differ", f"the document is about {found}, not about {asked}")
