# SPDX-License-Identifier: Apache-2.0
"""What is asked for a decision, from the texts that people and programs send: read, and not judged.

A certificate that `cryptography` can't load is let through as long as its parts are found, since some lists hold such
ones; the engine judges it.
"""

from collections.abc import Iterable

from registry.api.v1.trust_models import MAX_INTERMEDIATES
from registry.errors import Reason, ValidationError
from registry.trust import TrustDecision, TrustModel
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.errors import CertificateError
from trust_lists.evaluation.decisions import Case
from trust_lists.evaluation.trust_configuration.certificate_files import certificates_in

Chain = tuple[ListedCertificate, tuple[ListedCertificate, ...]]
"""The certificate that is asked about, and those that came along."""


def chain_of(certificate: str, intermediates: Iterable[str]) -> Chain:
    """From texts, each PEM or the base64 of DER; what stands behind the first certificate came along, too.

    Raises ValidationError with everything that is no certificate, and where there are too many.
    """
    reasons: list[Reason] = []
    found: dict[ListedCertificate, None] = {}
    for pointer, text in _places(certificate, intermediates):
        try:
            found |= dict.fromkeys(certificates_in(text.encode()))
        except CertificateError as error:
            reasons.append(Reason("TRUST-CERTIFICATE", str(error), pointer=pointer))
    if len(found) > MAX_INTERMEDIATES + 1:
        told = f"{len(found) - 1} certificates came along; {MAX_INTERMEDIATES} are the most"
        reasons.append(Reason("TRUST-CERTIFICATES", told, pointer="#/intermediates"))
    if reasons:
        raise ValidationError(reasons)
    first, *others = found
    return first, tuple(others)


def decide(model: TrustModel, case: Case, *, trace: bool = False) -> TrustDecision:
    """The decision of a domain's model."""
    return model.decide(
        case.role,
        case.certificate,
        case.at,
        case.intermediates,
        context=case.context,
        asserted=case.asserted,
        trace=trace,
    )


def _places(certificate: str, intermediates: Iterable[str]) -> Iterable[tuple[str, str]]:
    yield "#/certificate", certificate
    for number, text in enumerate(intermediates):
        yield f"#/intermediates/{number}", text
