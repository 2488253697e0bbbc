# SPDX-License-Identifier: Apache-2.0
"""What the certificate of another generation allows, and what the controls of its anchor leave of that."""

from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509

from tests.simulators.certificate_chains import NOW, Authority
from tests.simulators.trust_models import anchor, configuration, path_to, rule
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.evaluation.comparison import Effect, Succession, successions
from trust_lists.evaluation.comparison.limits import certificate_limits, effective_limits, stem, subtree_text, widening
from trust_lists.evaluation.trust_configuration.model import TrustConfiguration
from trust_lists.evaluation.trust_configuration.subtrees import subtree

G2 = Authority("Network CA - G2", path_length=0)
G3 = Authority("Network CA - G3", path_length=1)


def made(*entries: dict[str, Any], certificates: tuple[ListedCertificate, ...] = ()) -> TrustConfiguration:
    ids = [each["id"] for each in entries]
    known = [G2.certificate, G3.certificate, *certificates]
    return configuration({"ap-sign": rule(path_to(*ids))}, {"anchors": list(entries)}, known)


def only(a: TrustConfiguration, b: TrustConfiguration) -> Succession:
    (found,) = successions(a, b)
    return found


def test_a_generation_is_known_by_a_name_that_differs_in_its_number() -> None:
    found = only(made(anchor("old", G2.certificate)), made(anchor("new", G3.certificate)))
    assert (found.before, found.after) == ("stores.anchors.old", "stores.anchors.new")
    assert (found.before_name, found.after_name) == ("Network CA - G2", "Network CA - G3")
    assert not found.stays


def test_what_the_newer_certificate_loosens_is_told_and_what_controls_leave_of_it() -> None:
    old = made(anchor("ca", G2.certificate))
    for controls, effective in (({}, 1), ({"path_len": 0}, 0)):
        found = only(old, made(anchor("ca", G3.certificate, controls=controls)))
        (loosened,) = widening(found)
        assert (loosened.path, loosened.before, loosened.after) == ("stores.anchors.ca.cert.path_len", 0, 1)
        changed = [each.after for each in found.effective if each.path.endswith(".path_len")]
        assert changed == ([effective] if effective else [])


def test_beside_each_other_both_generations_are_told_once() -> None:
    found = only(
        made(anchor("old", G2.certificate)), made(anchor("old", G2.certificate), anchor("new", G3.certificate))
    )
    assert found.stays
    assert found.after == "stores.anchors.new"


def test_where_both_sides_have_both_there_is_nothing_to_tell() -> None:
    both = made(anchor("old", G2.certificate), anchor("new", G3.certificate))
    assert successions(both, both) == ()


def test_from_the_other_side_what_widened_narrows() -> None:
    old, new = made(anchor("ca", G2.certificate)), made(anchor("ca", G3.certificate))
    there, back = only(old, new), only(new, old)
    assert [(each.before, each.after, each.effect.mirrored) for each in there.certificate] == [
        (each.after, each.before, each.effect) for each in back.certificate
    ]


def test_authorities_of_other_names_are_no_generations() -> None:
    other = Authority("Another CA - G3").certificate
    assert successions(made(anchor("ca", G2.certificate)), made(anchor("ca", other), certificates=(other,))) == ()


@pytest.mark.parametrize(
    ("one", "other"),
    [("Fina RDC 2020", "Fina RDC 2025"), ("CommisSign - 2", "CommisSign - 3"), ("Root CA v2", "Root CA v3")],
)
def test_numbers_of_all_sorts_are_left_aside(one: str, other: str) -> None:
    stems = {stem(Authority(name).certificate) for name in (one, other)}
    assert len(stems) == 1
    assert stems != {""}


def test_a_test_authority_is_no_generation_of_the_real_one() -> None:
    assert stem(Authority("Network TEST CA - G2").certificate) != stem(G2.certificate)
    assert stem(None) == ""


def test_limits_are_those_of_certificate_and_controls_together() -> None:
    constrained = Authority(
        "constrained",
        path_length=2,
        extensions=[
            (x509.NameConstraints([x509.DNSName("example.org")], [x509.DNSName("not.example.org")]), True),
            (x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("1.2.3"), None)]), False),
            (x509.PolicyConstraints(1, None), True),
        ],
        begin=NOW - timedelta(days=10),
        end=NOW + timedelta(days=10),
    ).certificate
    controls = {"path_len": 3, "policies": ["1.2.3", "1.2.4"], "excluded": ["dns:b.example"]}
    period = {"from": NOW.strftime("%Y-%m-%dT%H:%M:%SZ")}
    entries = {
        kind: made(
            anchor("ca", constrained, kind, controls=controls, trusted=period), certificates=(constrained,)
        ).stores.anchors[0]
        for kind in ("ca", "key+name")
    }
    own = certificate_limits(constrained)
    assert (own.path_len, own.policies, own.require_explicit_policy) == (2, ("1.2.3",), 1)
    assert (own.permitted, own.excluded) == (("dns:example.org",), ("dns:not.example.org",))
    both = effective_limits(entries["ca"], constrained)
    assert (both.path_len, both.policies, both.require_explicit_policy) == (2, ("1.2.3",), 1)
    assert (both.since, both.until) == (NOW, NOW + timedelta(days=10))
    assert len(both.excluded) == 2
    name_only = effective_limits(entries["key+name"], constrained)
    assert (name_only.path_len, name_only.policies, name_only.until) == (3, ("1.2.3", "1.2.4"), None)


@pytest.mark.parametrize(
    "text",
    [
        "dns:example.org",
        "email:.example.org",
        "uri:www.example.org",
        "ip:192.0.2.0/24",
        "ip:2001:db8::/32",
        "directory:CN=x,O=Example,C=BE",
    ],
)
def test_names_in_certificates_are_told_as_a_configuration_writes_them(text: str) -> None:
    assert subtree_text(subtree(text)) == text


def test_intermediates_are_compared_by_their_certificates_alone() -> None:
    root = Authority("root").certificate

    def between(certificate: ListedCertificate) -> TrustConfiguration:
        stores = {"anchors": [anchor("root", root)], "intermediates": [{"sha256": certificate.sha256}]}
        return configuration({"ap-sign": rule(path_to("root"))}, stores, [root, certificate])

    found = only(between(G2.certificate), between(G3.certificate))
    assert found.after == f"stores.intermediates.{G3.certificate.sha256}"
    assert [each.effect for each in widening(found)] == [Effect.WIDENS]
    assert found.effective == ()
