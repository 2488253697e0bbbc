# SPDX-License-Identifier: Apache-2.0
"""The statuses along a path, with CRLs that somebody else signed for an authority of the path."""

import pytest
from cryptography import x509

from tests.simulators.certificate_chains import NOW, Authority, Extensions, key_usage
from tests.simulators.revocation_evidence import CRL_RULES, LONG_AGO, crl, entry, point, points
from trust_lists.certificates.building import CertificatePath, Issuers
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.revocation.along_path import check_path_revocation
from trust_lists.certificates.revocation.evidence import RevocationEvidence
from trust_lists.certificates.revocation.model import RevocationStatus, Status
from trust_lists.certificates.rfc5280 import check_path

ROOT = Authority("root")
MIDDLE = Authority("middle", ROOT)
INDIRECT = {"indirect_crl": True}


def crl_signer(name: str, issuer: Authority, extensions: Extensions = ()) -> Authority:
    return Authority(name, issuer, basic=None, usage=key_usage("crl_sign"), extensions=extensions)


def named(authority: Authority) -> tuple[x509.ExtensionType, bool]:
    """A distribution point whose CRL issuer is the authority."""
    return points(point(crl_issuer=[x509.DirectoryName(authority.name)]))


def asked(certificates: list[ListedCertificate], others: list[Authority], *crls: bytes) -> tuple[RevocationStatus, ...]:
    path = CertificatePath(ROOT.anchor, tuple(certificates), check_path(ROOT.anchor, certificates, NOW))
    assert path.verdict.valid
    issuers = Issuers.among([ROOT.anchor], [each.certificate for each in others])
    return check_path_revocation(path, issuers, NOW, RevocationEvidence(crls), CRL_RULES)


def test_every_certificate_has_a_status_of_its_own() -> None:
    leaf = MIDDLE.issue()
    found = asked([MIDDLE.certificate, leaf], [], crl(ROOT), crl(MIDDLE, entry(leaf)))
    assert [status.status for status in found] == [Status.GOOD, Status.REVOKED]


def test_whoever_signed_a_list_for_an_authority_needs_a_path_and_a_good_status() -> None:
    signer = crl_signer("signer", ROOT)
    leaf = MIDDLE.issue(extensions=[named(signer)])
    by_signer = crl(signer, entry(1, LONG_AGO, None, _of(MIDDLE)), scope=INDIRECT)
    way = [MIDDLE.certificate, leaf]
    assert [status.status for status in asked(way, [signer], crl(ROOT), by_signer)] == [Status.GOOD] * 2
    revoked = crl(ROOT, entry(signer.certificate))
    assert asked(way, [signer], revoked, by_signer)[1].reasons[0].id == "CRL_ISSUER_NOT_TRUSTED"
    assert asked(way, [], crl(ROOT), by_signer)[1].reasons[0].id == "CRL_ISSUER_NOT_FOUND"


def test_a_list_of_the_right_name_below_another_anchor_is_nothing() -> None:
    stranger = crl_signer("signer", Authority("stranger"))
    leaf = MIDDLE.issue(extensions=[named(stranger)])
    found = asked([MIDDLE.certificate, leaf], [stranger], crl(ROOT), crl(stranger, scope=INDIRECT))
    assert (found[1].status, found[1].reasons[0].id) == (Status.UNKNOWN, "CRL_ISSUER_NOT_TRUSTED")


@pytest.mark.parametrize("name", ["signer", "middle"])
def test_a_list_issuer_whose_own_status_stands_in_its_own_list_is_trusted_by_its_path(name: str) -> None:
    place = x509.DirectoryName(crl_signer(name, ROOT).name)
    declared = points(point(crl_issuer=[place]))
    signer = crl_signer(name, ROOT, extensions=[declared])
    leaf = MIDDLE.issue(extensions=[declared])
    found = asked([MIDDLE.certificate, leaf], [signer], crl(ROOT), crl(signer, scope=INDIRECT))
    assert found[1].status is Status.GOOD


def test_two_list_issuers_that_vouch_for_each_other_end_soon() -> None:
    first_name, second_name = crl_signer("first", ROOT).name, crl_signer("second", ROOT).name
    first = crl_signer("first", ROOT, extensions=[points(point(crl_issuer=[x509.DirectoryName(second_name)]))])
    second = crl_signer("second", ROOT, extensions=[points(point(crl_issuer=[x509.DirectoryName(first_name)]))])
    leaf = ROOT.issue(extensions=[named(first)])
    found = asked([leaf], [first, second], crl(first, scope=INDIRECT), crl(second, scope=INDIRECT))
    assert found[0].status is Status.GOOD
    for revoking in (
        [crl(first, entry(second.certificate, LONG_AGO, None, _of(ROOT)), scope=INDIRECT), crl(second, scope=INDIRECT)],
        [crl(first, scope=INDIRECT), crl(second, entry(first.certificate, LONG_AGO, None, _of(ROOT)), scope=INDIRECT)],
    ):
        assert asked([leaf], [first, second], *revoking)[0].status is Status.UNKNOWN


def test_more_list_issuers_than_one_search_looks_at_give_no_answer() -> None:
    signer = crl_signer("signer", ROOT)
    # the same key in many certificates, all of them revoked
    others = [_again(signer) for _ in range(60)]
    leaf = ROOT.issue(extensions=[named(signer)])
    revoked = crl(ROOT, *(entry(each.certificate) for each in others))
    found = asked([leaf], others, revoked, crl(signer, scope=INDIRECT))
    assert (found[0].status, found[0].reasons[-1].id) == (Status.UNKNOWN, "TOO_MANY_SIGNATURES")


def test_a_long_row_of_list_issuers_ends() -> None:
    own = points(point(crl_issuer=[x509.DirectoryName(crl_signer("first", ROOT).name)]))
    way = [crl_signer("first", ROOT, extensions=[own])]
    for number in range(70):
        way.append(crl_signer(f"next {number}", ROOT, extensions=[named(way[-1])]))
    lists = [crl(each, scope=INDIRECT) for each in way]
    leaf = ROOT.issue(extensions=[named(way[-1])])
    found = asked([leaf], way, *lists)
    assert found[0].status is Status.UNKNOWN
    assert asked([ROOT.issue(extensions=[named(way[20])])], way, *lists)[0].status is Status.GOOD


def _again(signer: Authority) -> Authority:
    return Authority(signer.name, ROOT, key=signer.key, basic=None, usage=key_usage("crl_sign"))


def _of(authority: Authority) -> tuple[x509.ExtensionType, bool]:
    return x509.CertificateIssuer([x509.DirectoryName(authority.name)]), True
