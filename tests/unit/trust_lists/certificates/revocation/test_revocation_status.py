# SPDX-License-Identifier: Apache-2.0
"""All evidence together, under each rule of TS 119 172-3."""

from dataclasses import replace

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulators.certificate_chains import NOW, Authority
from tests.simulators.revocation_evidence import (
    CRL_RULES,
    HOUR,
    LONG_AGO,
    Said,
    crl,
    entry,
    issuer_of,
    point,
    points,
    refusal,
    response,
    uri,
)
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.revocation.evidence import RevocationEvidence
from trust_lists.certificates.revocation.model import EvidenceKind, RevocationStatus, Status
from trust_lists.certificates.revocation.rules import RevocationRule
from trust_lists.certificates.revocation.status import check_revocation

ROOT = Authority("root")
DECLARING = ROOT.issue(extensions=[points(point(uri("http://crl.test")))])
ASKING = ROOT.issue(
    extensions=[
        (
            x509.AuthorityInformationAccess(
                [x509.AccessDescription(x509.AuthorityInformationAccessOID.OCSP, uri("http://ocsp.test"))]
            ),
            False,
        )
    ]
)
SILENT = ROOT.issue()
SHORT_LIVED = ROOT.issue(
    extensions=[
        points(point(uri("http://crl.test"))),
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.56"), b"\x05\x00"), False),
    ]
)
HOLD = x509.ReasonFlags.certificate_hold


def asked(
    certificate: ListedCertificate, rule: str, crls: tuple[bytes, ...] = (), responses: tuple[bytes, ...] = ()
) -> RevocationStatus:
    rules = replace(CRL_RULES, leaf=RevocationRule(rule))
    return check_revocation(certificate, issuer_of(ROOT), NOW, RevocationEvidence(crls, responses), rules)


@pytest.mark.parametrize(
    ("rule", "enough"),
    [
        ("crl_required", {"crl", "both"}),
        ("ocsp_required", {"ocsp", "both"}),
        ("crl_and_ocsp_required", {"both"}),
        ("crl_or_ocsp_required", {"crl", "ocsp", "both"}),
        ("check_if_declared", {"crl", "ocsp", "both"}),
    ],
)
def test_each_rule_demands_its_evidence(rule: str, enough: set[str]) -> None:
    lists, responses = (crl(ROOT),), (response(ROOT, Said(DECLARING)),)
    found = {
        "none": asked(DECLARING, rule),
        "crl": asked(DECLARING, rule, lists),
        "ocsp": asked(DECLARING, rule, (), responses),
        "both": asked(DECLARING, rule, lists, responses),
    }
    assert {what for what, status in found.items() if status.status is Status.GOOD} == enough
    assert {status.status for what, status in found.items() if what not in enough} == {Status.UNKNOWN}


@pytest.mark.parametrize("rule", [each for each in RevocationRule if each is not RevocationRule.NO_CHECK])
def test_a_revocation_counts_under_every_rule_whoever_tells_it(rule: RevocationRule) -> None:
    listed, told = crl(ROOT, entry(SILENT)), response(ROOT, Said(SILENT, "revoked"))
    assert asked(SILENT, rule, (listed,), (response(ROOT, Said(SILENT)),)).status is Status.REVOKED
    assert asked(SILENT, rule, (crl(ROOT),), (told,)).status is Status.REVOKED


def test_no_check_asks_nobody() -> None:
    found = asked(SILENT, "no_check", (crl(ROOT, entry(SILENT)),))
    assert (found.status, found.acceptable, found.reasons) == (Status.NOT_ASKED, True, ())


@pytest.mark.parametrize(
    ("certificate", "status", "told"),
    [
        (DECLARING, Status.UNKNOWN, "NO_OCSP"),
        (ASKING, Status.UNKNOWN, "NO_OCSP"),
        (SILENT, Status.NOT_ASKED, "NOT_DECLARED"),
        (SHORT_LIVED, Status.NOT_ASKED, "NO_REVOCATION_AVAILABLE"),
    ],
)
def test_what_is_declared_is_checked(certificate: ListedCertificate, status: Status, told: str) -> None:
    found = asked(certificate, "check_if_declared")
    assert (found.status, found.reasons[-1].id) == (status, told)


def test_an_authority_may_not_say_that_nobody_tells() -> None:
    nobody = (x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.56"), b"\x05\x00"), False)
    authority = Authority("below", ROOT, extensions=[points(point(uri("http://crl.test"))), nobody])
    assert asked(authority.certificate, "check_if_declared").status is Status.UNKNOWN


def test_a_demand_is_not_met_by_saying_that_nobody_tells() -> None:
    found = asked(SHORT_LIVED, "crl_required")
    assert (found.status, found.reasons[-1].id) == (Status.UNKNOWN, "NO_REVOCATION_AVAILABLE")


def test_the_rule_of_an_authority_may_be_another() -> None:
    rules = replace(CRL_RULES, intermediates=RevocationRule.NO_CHECK)
    found = check_revocation(SILENT, issuer_of(ROOT), NOW, RevocationEvidence(), rules, final=False)
    assert found.status is Status.NOT_ASKED


def test_younger_evidence_lifts_a_hold_and_older_does_not() -> None:
    held = crl(ROOT, entry(SILENT, LONG_AGO, HOLD), this_update=NOW - 2 * HOUR)
    younger = response(ROOT, Said(SILENT, this_update=NOW - HOUR))
    older = response(ROOT, Said(SILENT, this_update=NOW - 3 * HOUR))
    lifted = asked(SILENT, "crl_or_ocsp_required", (held,), (younger,))
    assert (lifted.status, [reason.id for reason in lifted.reasons]) == (Status.GOOD, ["HOLD_LIFTED"])
    assert asked(SILENT, "crl_or_ocsp_required", (held,), (older,)).status is Status.REVOKED
    revoked = crl(ROOT, entry(SILENT), this_update=NOW - 2 * HOUR)
    assert asked(SILENT, "crl_or_ocsp_required", (revoked,), (younger,)).status is Status.REVOKED


def test_evidence_that_cannot_be_read_is_told_where_something_is_missing() -> None:
    found = asked(SILENT, "crl_or_ocsp_required", (b"no list",), (refusal(3),))
    assert [reason.id for reason in found.reasons][-2:] == ["CRL_UNREADABLE", "OCSP_UNREADABLE"]
    assert "tryLater" in found.reasons[-1].message


def test_the_evidence_used_is_named_by_its_hash() -> None:
    found = asked(SILENT, "crl_and_ocsp_required", (crl(ROOT),), (response(ROOT, Said(SILENT)),))
    assert [used.kind for used in found.used] == [EvidenceKind.CRL, EvidenceKind.OCSP]
    assert all(len(used.sha256) == 64 for used in found.used)


def test_the_order_of_evidence_does_not_matter() -> None:
    lists = (crl(ROOT), crl(ROOT, entry(SILENT)), crl(ROOT, this_update=NOW - 2 * HOUR), b"no list")
    assert asked(SILENT, "crl_required", lists) == asked(SILENT, "crl_required", lists[::-1] * 2)


def test_a_certificate_that_cannot_be_read_is_unknown() -> None:
    found = asked(ListedCertificate(b"no certificate"), "crl_required")
    assert [reason.id for reason in found.reasons] == ["CERTIFICATE_UNREADABLE"]
    assert found.status is Status.UNKNOWN


LIST, TOLD = crl(ROOT, entry(SILENT)), response(ROOT, Said(SILENT, "revoked"))


@settings(max_examples=200)
@given(st.integers(0, 5000), st.binary(min_size=1, max_size=4), st.sampled_from([LIST, TOLD]))
def test_no_change_of_evidence_makes_a_revoked_certificate_good(place: int, other: bytes, data: bytes) -> None:
    place %= len(data)
    changed = data[:place] + other + data[place + len(other) :]
    crls, responses = ((changed,), ()) if data is LIST else ((), (changed,))
    found = asked(SILENT, "crl_or_ocsp_required", crls, responses)
    assert found.status is not Status.GOOD
