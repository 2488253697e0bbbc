# SPDX-License-Identifier: Apache-2.0
"""Which OCSP responses are believed (RFC 6960 §3.2, §4.2.2.2), and what they then say."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from cryptography import x509

from tests.simulators.certificate_chains import NOW, YEAR, Authority, ec_key
from tests.simulators.revocation_evidence import (
    DAY,
    HOUR,
    LONG_AGO,
    OCSP_RULES,
    Said,
    crl,
    entry,
    issuer_of,
    point,
    points,
    responder_of,
    response,
    uri,
)
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.revocation.evidence import RevocationEvidence
from trust_lists.certificates.revocation.model import CrlReason, EvidenceKind, RevocationStatus, Status
from trust_lists.certificates.revocation.rules import AfterExpiry, RevocationRules
from trust_lists.certificates.revocation.status import check_revocation

ROOT = Authority("root")
LEAF = ROOT.issue()
RESPONDER = responder_of(ROOT)


def asked(
    *responses: bytes,
    certificate: ListedCertificate = LEAF,
    at: datetime = NOW,
    rules: RevocationRules = OCSP_RULES,
    crls: tuple[bytes, ...] = (),
) -> RevocationStatus:
    return check_revocation(certificate, issuer_of(ROOT), at, RevocationEvidence(crls, responses), rules)


def first_id(status: RevocationStatus) -> tuple[Status, str]:
    return status.status, status.reasons[0].id


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
@pytest.mark.parametrize("by_key", [False, True])
@pytest.mark.parametrize("responder", [None, RESPONDER], ids=["issuer", "delegated"])
def test_the_issuer_and_whom_it_delegated_are_believed(
    responder: Authority | None, by_key: bool, algorithm: str
) -> None:
    found = asked(response(ROOT, Said(LEAF, algorithm=algorithm), responder=responder, by_key=by_key))
    assert (found.status, found.reasons) == (Status.GOOD, ())
    (used,) = found.used
    assert (used.kind, used.produced_at, used.this_update) == (EvidenceKind.OCSP, NOW - HOUR, NOW - HOUR)


def test_revoked_comes_with_time_and_reason() -> None:
    found = asked(response(ROOT, Said(LEAF, "revoked", reason=4), responder=RESPONDER))
    assert first_id(found) == (Status.REVOKED, "REVOKED")
    assert found.revocation is not None
    assert (found.revocation.since, found.revocation.reason) == (LONG_AGO, CrlReason.SUPERSEDED)


def test_unknown_is_unknown() -> None:
    assert first_id(asked(response(ROOT, Said(LEAF, "unknown")))) == (Status.UNKNOWN, "OCSP_SAYS_UNKNOWN")


def test_one_response_may_be_about_several_certificates() -> None:
    data = response(ROOT, Said(5, "revoked"), Said(LEAF), Said(6, "unknown"))
    assert asked(data).status is Status.GOOD


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (response(ROOT, Said(77)), "NO_OCSP"),
        (response(ROOT, Said(LEAF, issuer=Authority("other"))), "OCSP_OTHER_ISSUER"),
        (response(ROOT, Said(LEAF), key=ec_key()), "OCSP_SIGNATURE_WRONG"),
        (response(ROOT, Said(LEAF), responder=RESPONDER, key=ec_key()), "OCSP_SIGNATURE_WRONG"),
        (response(ROOT, Said(LEAF), responder=RESPONDER, with_certificate=False), "OCSP_RESPONDER_NOT_FOUND"),
        (response(ROOT, Said(LEAF), named=b"\x30\x00"), "OCSP_RESPONDER_NOT_FOUND"),
        (response(ROOT, Said(LEAF), unknown_critical=True), "OCSP_EXTENSION_UNKNOWN"),
        (response(ROOT, Said(LEAF, unknown_critical=True)), "OCSP_EXTENSION_UNKNOWN"),
    ],
    ids=["serial", "issuer", "issuer's key", "responder's key", "no certificate", "no name", "extension", "single"],
)
def test_what_does_not_fit_is_not_believed(data: bytes, told: str) -> None:
    assert first_id(asked(data)) == (Status.UNKNOWN, told)


def other_key(authority: Authority) -> Authority:
    return Authority(authority.name)


@pytest.mark.parametrize(
    ("responder", "told"),
    [
        (responder_of(ROOT, purpose=x509.ExtendedKeyUsageOID.CLIENT_AUTH), "OCSP_RESPONDER_NOT_AUTHORIZED"),
        (responder_of(ROOT, usage="key_encipherment"), "OCSP_RESPONDER_NOT_AUTHORIZED"),
        (Authority("responder", ROOT), "OCSP_RESPONDER_NOT_AUTHORIZED"),
        (responder_of(Authority("other")), "OCSP_RESPONDER_NOT_VALID"),
        (responder_of(other_key(ROOT)), "OCSP_RESPONDER_NOT_VALID"),
        (responder_of(Authority("below", ROOT)), "OCSP_RESPONDER_NOT_VALID"),
        (responder_of(ROOT, begin=NOW - 9 * DAY, end=NOW - DAY), "OCSP_RESPONDER_NOT_VALID"),
        (responder_of(ROOT, begin=NOW + DAY), "OCSP_RESPONDER_NOT_VALID"),
    ],
    ids=["purpose", "usage", "no purpose", "issuer", "issuer's key", "below the issuer", "expired", "not yet"],
)
def test_nobody_else_is_a_responder(responder: Authority, told: str) -> None:
    assert first_id(asked(response(ROOT, Said(LEAF), responder=responder))) == (Status.UNKNOWN, told)


def test_a_responder_with_purposes_that_cannot_be_read_has_none() -> None:
    broken = (x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.37"), b"\x30\x01"), False)
    responder = Authority("responder", ROOT, basic=None, extensions=[broken])
    data = response(ROOT, Said(LEAF), responder=responder)
    assert first_id(asked(data)) == (Status.UNKNOWN, "OCSP_RESPONDER_NOT_AUTHORIZED")


def test_a_response_signed_in_an_unknown_way_is_not_believed() -> None:
    data = response(ROOT, Said(LEAF)).replace(bytes.fromhex("2a8648ce3d040302"), bytes.fromhex("2a8648ce3d040377"))
    assert first_id(asked(data)) == (Status.UNKNOWN, "OCSP_UNREADABLE")


def test_a_responder_revoked_before_it_answered_is_not_believed_about_the_past() -> None:
    responder = responder_of(ROOT, points(point(uri("http://crl.test"))), no_check=False)
    data = response(ROOT, Said(LEAF), responder=responder)
    rules = replace(OCSP_RULES, retroactive=True)
    revoked = crl(ROOT, entry(responder.certificate, NOW - DAY))
    found = asked(data, at=NOW - 2 * DAY, rules=rules, crls=(revoked,))
    assert first_id(found) == (Status.UNKNOWN, "OCSP_RESPONDER_REVOKED")
    assert asked(data, at=NOW - 2 * DAY, rules=rules, crls=(crl(ROOT),)).status is Status.GOOD


def test_a_responder_that_can_be_revoked_is_asked_about() -> None:
    place = points(point(uri("http://crl.test")))
    responder = responder_of(ROOT, place, no_check=False)
    data = response(ROOT, Said(LEAF), responder=responder)
    assert first_id(asked(data)) == (Status.UNKNOWN, "OCSP_RESPONDER_STATUS_UNKNOWN")
    assert asked(data, crls=(crl(ROOT),)).status is Status.GOOD
    revoked = crl(ROOT, entry(responder.certificate))
    assert first_id(asked(data, crls=(revoked,))) == (Status.UNKNOWN, "OCSP_RESPONDER_REVOKED")


def test_a_responder_of_which_nobody_says_how_it_is_revoked_is_believed() -> None:
    responder = responder_of(ROOT, no_check=False)
    assert asked(response(ROOT, Said(LEAF), responder=responder)).status is Status.GOOD


@pytest.mark.parametrize(
    ("said", "rules", "told"),
    [
        ({"next_update": NOW - HOUR, "this_update": NOW - DAY}, {}, "EVIDENCE_STALE"),
        ({"next_update": None}, {}, "EVIDENCE_WITHOUT_END"),
        ({"next_update": None}, {"freshness": DAY}, None),
        ({"this_update": NOW - 2 * DAY}, {"freshness": DAY}, "EVIDENCE_TOO_OLD"),
        ({"this_update": NOW + HOUR}, {}, "EVIDENCE_FROM_LATER"),
        ({"this_update": NOW + HOUR}, {"retroactive": True}, None),
    ],
)
def test_times_matter(said: dict[str, Any], rules: dict[str, Any], told: str | None) -> None:
    found = asked(response(ROOT, Said(LEAF, **said)), rules=replace(OCSP_RULES, **rules))
    assert (found.status, found.reasons[0].id if found.reasons else None) == (
        Status.UNKNOWN if told else Status.GOOD,
        told,
    )


def test_a_revocation_after_the_time_asked_about_is_none_yet() -> None:
    data = response(ROOT, Said(LEAF, "revoked", revoked_at=NOW - DAY))
    found = asked(data, at=NOW - 2 * DAY, rules=replace(OCSP_RULES, retroactive=True))
    assert first_id(found) == (Status.GOOD, "REVOKED_LATER")
    assert found.revocation is not None


def test_an_archive_cutoff_reaches_certificates_that_have_expired() -> None:
    old = ROOT.issue(begin=NOW - 2 * YEAR, end=NOW - YEAR)
    rules = replace(OCSP_RULES, retroactive=True)
    at = NOW - YEAR - DAY
    without, late, early = (
        response(ROOT, Said(old, archive_cutoff=cutoff)) for cutoff in (None, NOW - DAY, NOW - 3 * YEAR)
    )
    for data in (without, late):
        assert first_id(asked(data, certificate=old, at=at, rules=rules)) == (Status.UNKNOWN, "EVIDENCE_AFTER_EXPIRY")
    assert asked(early, certificate=old, at=at, rules=rules).status is Status.GOOD
    accepting = replace(rules, after_expiry=AfterExpiry.ACCEPT)
    assert asked(without, certificate=old, at=at, rules=accepting).status is Status.GOOD


def test_a_flood_of_responses_is_no_good_news() -> None:
    responses = [response(ROOT, Said(LEAF, this_update=NOW - HOUR), produced_at=NOW - n * HOUR) for n in range(110)]
    found = asked(*responses)
    assert found.status is Status.UNKNOWN
    assert "TOO_MANY_SIGNATURES" in {reason.id for reason in found.reasons}
