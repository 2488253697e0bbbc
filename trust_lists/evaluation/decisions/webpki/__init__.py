# SPDX-License-Identifier: Apache-2.0
"""The rules of the web that `engine.profile: webpki` adds to RFC 5280 §6.1, for one candidate path.

They are those by which x509-limbo judges: strictness of RFC 5280 §4 about what issuers must do, and the CA/Browser
Forum's Baseline Requirements as far as a certificate shows them. Not among them: life-times, policies, pointers to
revocation, certificate transparency, and lists of public suffixes.
"""

from collections.abc import Iterable, Iterator, Sequence

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.revocation.model import EvidenceKind, RevocationStatus
from trust_lists.errors import CertificateError
from trust_lists.evaluation.decisions.model import Case, Check
from trust_lists.evaluation.decisions.webpki.judged import ANY_PURPOSE, CLIENT, PURPOSES, SERVER, Judged, Rule, broken
from trust_lists.evaluation.decisions.webpki.rules import ANCHORS, AUTHORITIES, BELOW, EVERY, ROOTS
from trust_lists.evaluation.decisions.webpki.subscribers import SERVERS, SUBSCRIBERS
from trust_lists.evaluation.trust_configuration.model import Role

_PURPOSES = {Role.TLS_SERVER: SERVER, Role.SML_CLIENT: CLIENT}
"""What a role of TLS needs; the rules of other roles say what they need themselves."""


def profile_checks(
    path: Sequence[ListedCertificate],
    anchor: ListedCertificate | None,
    case: Case,
    statuses: Sequence[RevocationStatus] = (),
) -> Iterator[Check]:
    """What speaks against a path (from below the anchor down to the certificate itself), anchor first.

    `anchor` is the certificate of the anchor, None where it has none: then nothing is asked of it. `statuses` are those
    of the path, for the CRLs that they rest on. Raises nothing.
    """
    role = case.role
    if anchor is not None:
        self_issued = anchor.comparable_subject == anchor.comparable_issuer
        rules = (*EVERY, *AUTHORITIES, *ANCHORS, *(ROOTS if self_issued else ()))
        yield from _of(anchor, anchor if self_issued else None, rules)
    for position, certificate in enumerate(path):
        issuer = path[position - 1] if position else anchor
        if position < len(path) - 1:
            yield from _of(certificate, issuer, (*EVERY, *BELOW, *AUTHORITIES, _nested(role)))
        else:
            servers = SERVERS if role is Role.TLS_SERVER else ()
            yield from _of(certificate, issuer, (*EVERY, *BELOW, *SUBSCRIBERS, *servers, _for_purpose(role)))
    yield from _crls(statuses)


def _crls(statuses: Sequence[RevocationStatus]) -> Iterator[Check]:
    for used in dict.fromkeys(used for status in statuses for used in status.used):
        if used.kind is not EvidenceKind.OCSP and (used.number is None or used.number_critical):
            told = f"the CRL of {used.this_update:%Y-%m-%d %H:%M:%S} UTC has no number, or a critical one"
            yield Check("CRL_NUMBER_WRONG", "RFC 5280 5.2.3", told, used.sha256)


def _of(certificate: ListedCertificate, issuer: ListedCertificate | None, rules: Iterable[Rule]) -> Iterator[Check]:
    try:
        judged = Judged.of(certificate, issuer)
    except CertificateError as error:
        yield Check("UNREADABLE", "RFC 5280 4.1", f"{certificate.subject_text}: {error}", certificate.sha256)
        return
    yield from broken(rules, judged)


def _for_purpose(role: Role) -> Rule:
    wanted = _PURPOSES.get(role)
    return Rule(
        "PURPOSE_MISSING",
        "BR 7.1.2.7.10",
        f"it is not for {role.value}",
        lambda each: wanted is None or not each.has(PURPOSES) or wanted in each.purposes,
    )


def _nested(role: Role) -> Rule:
    wanted = _PURPOSES.get(role)
    return Rule(
        "PURPOSE_NOT_NESTED",
        "BR 7.1.2.10.6",
        f"it is an authority's for other purposes than {role.value}",
        lambda each: wanted is None or not each.has(PURPOSES) or bool(each.purposes & {wanted, ANY_PURPOSE}),
    )
