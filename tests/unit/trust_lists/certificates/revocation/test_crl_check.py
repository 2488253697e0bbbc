# SPDX-License-Identifier: Apache-2.0
"""Which lists count for a certificate, and what they then say (RFC 5280 §6.3.3)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tests.simulators.certificate_chains import NOW, YEAR, Authority, dn, ec_key, key_usage
from tests.simulators.revocation_evidence import (
    CRL_RULES,
    DAY,
    HOUR,
    LONG_AGO,
    crl,
    der,
    entry,
    issuer_of,
    point,
    points,
    uri,
)
from trust_lists.certificates.der import BIT_STRING, OID, SEQUENCE, element
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.revocation.evidence import RevocationEvidence
from trust_lists.certificates.revocation.model import CrlReason, EvidenceKind, RevocationStatus, Status
from trust_lists.certificates.revocation.rules import AfterExpiry, RevocationRules
from trust_lists.certificates.revocation.status import check_revocation

ROOT = Authority("root")
LEAF = ROOT.issue()
FLAGS = x509.ReasonFlags
UNKNOWN = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)
ECDSA = bytes.fromhex("2a8648ce3d040302")


def asked(
    *crls: bytes,
    certificate: ListedCertificate = LEAF,
    at: datetime = NOW,
    rules: RevocationRules = CRL_RULES,
    issuer: Authority = ROOT,
) -> RevocationStatus:
    return check_revocation(certificate, issuer_of(issuer), at, RevocationEvidence(crls), rules)


def ids(status: RevocationStatus) -> list[str]:
    return [reason.id for reason in status.reasons]


def test_what_is_not_listed_is_good_and_the_list_is_named() -> None:
    found = asked(crl(ROOT, entry(7), number=12))
    assert (found.status, found.reasons) == (Status.GOOD, ())
    (used,) = found.used
    assert (used.kind, used.number, used.this_update, used.next_update) == (
        EvidenceKind.CRL,
        12,
        NOW - HOUR,
        NOW + DAY,
    )


def test_what_is_listed_is_revoked_since_then_and_for_a_reason() -> None:
    found = asked(crl(ROOT, entry(LEAF, LONG_AGO, FLAGS.superseded)))
    assert (found.status, ids(found)) == (Status.REVOKED, ["REVOKED"])
    assert found.revocation is not None
    assert (found.revocation.since, found.revocation.reason) == (LONG_AGO, CrlReason.SUPERSEDED)


def test_an_invalidity_date_moves_the_revocation_back() -> None:
    known = LONG_AGO - DAY
    found = asked(crl(ROOT, entry(LEAF, LONG_AGO, None, (x509.InvalidityDate(known.replace(tzinfo=None)), False))))
    assert found.revocation is not None
    assert (found.revocation.since, found.revocation.date) == (known, LONG_AGO)


def test_a_revocation_announced_for_later_is_one_already_as_it_is_listed() -> None:
    found = asked(crl(ROOT, entry(LEAF, NOW + DAY)))
    assert found.status is Status.REVOKED
    assert found.revocation is not None
    assert found.revocation.since == NOW - HOUR


def test_no_list_is_unknown() -> None:
    other = Authority("other")
    assert ids(asked()) == ids(asked(crl(other))) == ["NO_CRL", "NOT_DECLARED"]


def test_a_list_signed_by_somebody_else_does_not_count() -> None:
    found = asked(crl(ROOT, key=ec_key()))
    assert (found.status, ids(found)[0]) == (Status.UNKNOWN, "CRL_SIGNATURE_WRONG")


def test_an_authority_without_crl_signing_signs_no_lists() -> None:
    issuer = Authority("no lists", ROOT, usage=key_usage("key_cert_sign"))
    found = asked(crl(issuer), certificate=issuer.issue(), issuer=issuer)
    assert (found.status, ids(found)[0]) == (Status.UNKNOWN, "CRL_ISSUER_MAY_NOT_SIGN")


@pytest.mark.parametrize(
    ("this_update", "next_update", "rules", "told"),
    [
        (NOW - 2 * DAY, NOW - DAY, CRL_RULES, "EVIDENCE_STALE"),
        (NOW - 2 * DAY, NOW + DAY, replace(CRL_RULES, freshness=DAY), "EVIDENCE_TOO_OLD"),
        (NOW + HOUR, NOW + DAY, CRL_RULES, "EVIDENCE_FROM_LATER"),
    ],
)
def test_times_matter(this_update: datetime, next_update: datetime, rules: RevocationRules, told: str) -> None:
    found = asked(crl(ROOT, this_update=this_update, next_update=next_update), rules=rules)
    assert (found.status, ids(found)[0]) == (Status.UNKNOWN, told)


@pytest.mark.parametrize(
    ("this_update", "next_update"), [(NOW - DAY, NOW - timedelta(minutes=4)), (NOW + timedelta(minutes=4), NOW + DAY)]
)
def test_clocks_may_differ_as_much_as_is_said(this_update: datetime, next_update: datetime) -> None:
    rules = replace(CRL_RULES, clock_skew=timedelta(minutes=5))
    data = crl(ROOT, this_update=this_update, next_update=next_update)
    assert asked(data, rules=rules).status is Status.GOOD
    assert asked(data).status is Status.UNKNOWN


def test_a_stale_list_still_revokes_for_good_but_holds_nobody() -> None:
    times = {"this_update": NOW - 3 * DAY, "next_update": NOW - 2 * DAY}
    assert asked(crl(ROOT, entry(LEAF), **times)).status is Status.REVOKED  # type: ignore[arg-type]
    held = asked(crl(ROOT, entry(LEAF, LONG_AGO, FLAGS.certificate_hold), **times))  # type: ignore[arg-type]
    assert (held.status, ids(held)[0]) == (Status.UNKNOWN, "EVIDENCE_STALE")


def test_a_hold_revokes_and_the_younger_list_without_it_lifts_it() -> None:
    older = crl(ROOT, entry(LEAF, LONG_AGO, FLAGS.certificate_hold), this_update=NOW - 2 * HOUR)
    assert ids(asked(older)) == ["ON_HOLD"]
    assert asked(older, crl(ROOT)).status is Status.GOOD


def test_a_later_list_tells_about_the_past_only_where_that_is_wanted() -> None:
    data = crl(ROOT, entry(LEAF, NOW, FLAGS.key_compromise))
    before = NOW - 10 * DAY
    assert ids(asked(data, at=before))[0] == "EVIDENCE_FROM_LATER"
    found = asked(data, at=before, rules=replace(CRL_RULES, retroactive=True))
    assert (found.status, ids(found)) == (Status.GOOD, ["REVOKED_LATER"])
    assert found.revocation is not None
    assert found.revocation.date == NOW


def test_a_list_from_after_the_end_of_a_certificate_says_nothing_good_about_it() -> None:
    old = ROOT.issue(begin=NOW - 2 * YEAR, end=NOW - YEAR)
    at = NOW - YEAR - DAY
    rules = replace(CRL_RULES, retroactive=True)
    assert ids(asked(crl(ROOT), certificate=old, at=at, rules=rules))[0] == "EVIDENCE_AFTER_EXPIRY"
    revoked = crl(ROOT, entry(old, NOW - YEAR - 2 * DAY))
    assert asked(revoked, certificate=old, at=at, rules=rules).status is Status.REVOKED
    accepting = replace(rules, after_expiry=AfterExpiry.ACCEPT)
    assert asked(crl(ROOT), certificate=old, at=at, rules=accepting).status is Status.GOOD
    kept = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.60"), b"\x18\x0f20200101000000Z")
    keeping = crl(ROOT, extensions=[(kept, False)])
    assert asked(keeping, certificate=old, at=at, rules=rules).status is Status.GOOD


@pytest.mark.parametrize(
    ("scope", "told"),
    [
        ({"only_contains_user_certs": True}, None),
        ({"only_contains_ca_certs": True}, "CRL_ONLY_AUTHORITIES"),
        ({"only_contains_attribute_certs": True}, "CRL_ONLY_ATTRIBUTES"),
        ({"full_name": [uri("http://crl.test/other")]}, "CRL_OTHER_POINT"),
        ({"full_name": [uri("HTTP://CRL.TEST/a")]}, None),
        ({"full_name": [uri("http://crl.test/A")]}, "CRL_OTHER_POINT"),
        ({"relative_name": dn("shard").rdns[-1]}, None),
        ({"only_some_reasons": frozenset({FLAGS.key_compromise})}, "REASONS_NOT_COVERED"),
        ({"indirect_crl": True}, None),
    ],
)
def test_the_scope_of_a_list_decides(scope: dict[str, Any], told: str | None) -> None:
    shard = x509.DirectoryName(x509.Name([*ROOT.name.rdns, dn("Shard").rdns[-1]]))  # type: ignore[list-item]
    leaf = ROOT.issue(extensions=[points(point(uri("http://crl.test/a"), shard))])
    found = asked(crl(ROOT, scope=scope), certificate=leaf)
    assert (found.status, ids(found)) == ((Status.UNKNOWN, [told]) if told else (Status.GOOD, []))


def test_a_name_relative_to_the_issuer_is_that_name_and_one_more() -> None:
    relative = dn("shard").rdns[-1]
    leaf = ROOT.issue(extensions=[points(point(relative_name=relative))])
    assert asked(crl(ROOT, scope={"relative_name": relative}), certificate=leaf).status is Status.GOOD
    other = crl(ROOT, scope={"relative_name": dn("other").rdns[-1]})
    assert ids(asked(other, certificate=leaf)) == ["CRL_OTHER_POINT"]


def test_a_list_for_end_entities_is_none_for_authorities() -> None:
    authority = Authority("below", ROOT)
    found = asked(crl(ROOT, scope={"only_contains_user_certs": True}), certificate=authority.certificate)
    assert ids(found)[0] == "CRL_ONLY_USERS"


def test_several_lists_together_cover_all_reasons() -> None:
    some = frozenset({FLAGS.key_compromise, FLAGS.ca_compromise})
    others = frozenset(FLAGS) - some - {FLAGS.unspecified, FLAGS.remove_from_crl}
    first, second = crl(ROOT, scope={"only_some_reasons": some}), crl(ROOT, scope={"only_some_reasons": others})
    found = asked(first, second)
    assert (found.status, len(found.used)) == (Status.GOOD, 2)
    assert asked(first, crl(ROOT, entry(LEAF), scope={"only_some_reasons": others})).status is Status.REVOKED


def test_a_distribution_point_may_be_for_some_reasons_only() -> None:
    some = frozenset({FLAGS.key_compromise})
    place = uri("http://crl.test/some")
    leaf = ROOT.issue(extensions=[points(point(place, reasons=some))])
    assert ids(asked(crl(ROOT, scope={"full_name": [place]}), certificate=leaf)) == [
        "CRL_OTHER_POINT",
        "REASONS_NOT_COVERED",
    ]


def test_an_indirect_list_names_the_issuer_of_each_entry_that_follows() -> None:
    other = x509.CertificateIssuer([x509.DirectoryName(dn("other"))])
    own = x509.CertificateIssuer([x509.DirectoryName(ROOT.name)])
    scope = {"indirect_crl": True}
    not_ours = crl(ROOT, entry(1, LONG_AGO, None, (other, True)), entry(LEAF), scope=scope)
    assert asked(not_ours).status is Status.GOOD
    ours = crl(ROOT, entry(1, LONG_AGO, None, (other, True)), entry(LEAF, LONG_AGO, None, (own, True)), scope=scope)
    assert asked(ours).status is Status.REVOKED


def test_a_crl_issuer_that_a_certificate_names_needs_an_indirect_list() -> None:
    leaf = ROOT.issue(extensions=[points(point(crl_issuer=[x509.DirectoryName(ROOT.name)]))])
    scope = {"only_contains_user_certs": True, "only_some_reasons": frozenset({FLAGS.key_compromise})}
    assert "CRL_NOT_INDIRECT" in ids(asked(crl(ROOT, scope=scope), certificate=leaf))


def test_a_delta_revokes_and_lifts() -> None:
    base = crl(ROOT, number=5)
    assert asked(base, crl(ROOT, entry(LEAF), number=7, base=4)).status is Status.REVOKED
    held = crl(ROOT, entry(LEAF, LONG_AGO, FLAGS.certificate_hold), number=5)
    lifted = asked(held, crl(ROOT, entry(LEAF, LONG_AGO, FLAGS.remove_from_crl), number=6, base=5))
    assert (lifted.status, ids(lifted)) == (Status.GOOD, ["HOLD_LIFTED"])
    assert [used.kind for used in lifted.used] == [EvidenceKind.CRL, EvidenceKind.DELTA_CRL]


def test_a_stale_list_with_a_fresh_delta_is_fresh() -> None:
    base = crl(ROOT, number=5, this_update=NOW - 3 * DAY, next_update=NOW - 2 * DAY)
    assert asked(base, crl(ROOT, number=6, base=5)).status is Status.GOOD
    assert ids(asked(base))[0] == "EVIDENCE_STALE"


@pytest.mark.parametrize(
    "delta",
    [
        crl(ROOT, entry(LEAF), number=7, base=6),
        crl(ROOT, entry(LEAF), number=5, base=4),
        crl(ROOT, entry(LEAF), base=4),
        crl(ROOT, entry(LEAF), number=7, base=4, scope={"only_contains_user_certs": True}),
        crl(ROOT, entry(LEAF), number=7, base=4, key=ec_key()),
        crl(ROOT, entry(LEAF), number=7, base=4, this_update=NOW - 2 * DAY, next_update=NOW - DAY),
        crl(Authority("other"), entry(LEAF), number=7, base=4),
        crl(ROOT, entry(LEAF), number=7, base=4).replace(ECDSA, bytes(len(ECDSA))),
        crl(ROOT, entry(LEAF), entry(5, LONG_AGO, None, UNKNOWN), number=7, base=4),
    ],
    ids=[
        *("base too young", "not younger", "no number", "other scope", "wrong signature", "stale", "other issuer"),
        *("unknown algorithm", "unknown extension"),
    ],
)
def test_a_delta_that_does_not_fit_is_left_out(delta: bytes) -> None:
    found = asked(crl(ROOT, number=5), delta)
    assert (found.status, len(found.used)) == (Status.GOOD, 1)


def test_a_delta_alone_is_no_list() -> None:
    assert ids(asked(crl(ROOT, number=5, base=4)))[0] == "NO_CRL"


@pytest.mark.parametrize("where", ["list", "entry"])
def test_a_critical_extension_that_nobody_knows_makes_a_list_useless(where: str) -> None:
    if where == "list":
        found, told = asked(crl(ROOT, extensions=[UNKNOWN])), "CRL_EXTENSION_UNKNOWN"
    else:
        found, told = asked(crl(ROOT, entry(9, LONG_AGO, None, UNKNOWN))), "CRL_ENTRY_EXTENSION_UNKNOWN"
    assert (found.status, ids(found)[0]) == (Status.UNKNOWN, told)


def test_broken_distribution_points_are_told_and_a_list_for_everything_still_counts() -> None:
    broken = (x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.31"), b"\x30\x01"), False)
    leaf = ROOT.issue(extensions=[broken])
    found = asked(crl(ROOT), certificate=leaf)
    assert (found.status, ids(found)) == (Status.GOOD, ["DISTRIBUTION_POINTS_UNREADABLE"])
    somewhere = crl(ROOT, scope={"full_name": [uri("http://crl.test")]})
    assert asked(somewhere, certificate=leaf).status is Status.UNKNOWN


def test_a_signature_of_an_unknown_algorithm_proves_nothing() -> None:
    found = asked(crl(ROOT).replace(ECDSA, bytes.fromhex("2a8648ce3d040377")))
    assert (found.status, ids(found)[0]) == (Status.UNKNOWN, "CRL_SIGNATURE_WRONG")
    assert "not supported" in found.reasons[0].message


def test_entries_that_cannot_be_read_make_a_list_useless() -> None:
    content = element(element(crl(ROOT, entry(5)))[0].content)[0].content
    broken = content.replace(b"\x02\x01\x05\x17", b"\x02\x7f\x05\x17")
    assert broken != content
    told = der(SEQUENCE, broken)
    assert isinstance(ROOT.key, ec.EllipticCurvePrivateKey)
    signature = ROOT.key.sign(told, ec.ECDSA(hashes.SHA256()))
    data = der(SEQUENCE, told + der(SEQUENCE, der(OID, ECDSA)) + der(BIT_STRING, b"\x00" + signature))
    found = asked(data)
    assert (found.status, ids(found)[0]) == (Status.UNKNOWN, "CRL_UNREADABLE")


def test_a_flood_of_lists_is_no_good_news() -> None:
    stranger = ec_key()
    flood = [crl(ROOT, this_update=NOW - n * timedelta(seconds=1), key=stranger) for n in range(110)]
    found = asked(*flood, crl(ROOT))
    assert found.status is Status.UNKNOWN
    assert "TOO_MANY_SIGNATURES" in ids(found)


def test_the_youngest_list_decides_and_others_do_not_matter() -> None:
    older = [crl(ROOT, number=each, this_update=NOW - each * HOUR) for each in range(2, 6)]
    younger = crl(ROOT, number=9, this_update=NOW - HOUR)
    assert [used.number for used in asked(*older, younger).used] == [9]


def test_the_same_serial_number_of_another_issuer_is_not_revoked() -> None:
    other = Authority("other")
    assert asked(crl(ROOT), crl(other, entry(LEAF))).status is Status.GOOD
