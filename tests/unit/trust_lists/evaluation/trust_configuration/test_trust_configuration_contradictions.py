# SPDX-License-Identifier: Apache-2.0
"""Configurations that contradict themselves are refused, those that are hardly meant are warned of."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from registry.demo.pki import DemoPki
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.errors import ConfigurationError
from trust_lists.evaluation.trust_configuration import read_configuration
from trust_lists.evaluation.trust_configuration.certificates import key_digest, serial_text
from trust_lists.evaluation.trust_configuration.subtrees import subtree

Tree = dict[str, Any]
Reasons = Callable[[Tree], tuple[str, ...]]
PATH = {"path": {"to": ["root"], "issuer_must_be_anchor": False}}


def warnings(tree: Tree) -> tuple[str, ...]:
    return read_configuration(json.dumps(tree).encode()).warnings


def test_the_small_configuration_is_right(tree: Tree) -> None:
    assert warnings(tree) == ()


def test_ids_are_unique_among_all_stores(tree: Tree, reasons: Reasons) -> None:
    tree["stores"]["pins"][0]["id"] = "root"
    tree["roles"]["ap-sign"]["accept"]["any_of"][1]["pin"] = ["root"]
    assert reasons(tree) == ("stores.pins[1].id: the id root stands at stores.anchors[1].id already",)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (
            {"path": {"to": ["rout"], "issuer_must_be_anchor": False}},
            "no rout among stores.anchors; did you mean root?",
        ),
        ({"pin": ["at", "be"]}, "no be among stores.pins"),
        ({"list": {"in": ["root"], "match": "path", "qualified": "any"}}, "no root among stores.lists"),
        ({"saml_metadata": ["nodes"]}, "no nodes among stores.saml_metadata"),
        ({"openid_federation": ["ta"]}, "no ta among stores.openid_federation"),
    ],
)
def test_references_must_lead_somewhere(tree: Tree, role: Tree, reasons: Reasons, source: Tree, told: str) -> None:
    role["accept"]["any_of"].append({"all_of": [{"quorum": {"least": 1, "of": [source]}}]})
    (reason,) = reasons(tree)
    assert reason.startswith("roles.ap-sign.accept.any_of[4].all_of[1].quorum.of[1].")
    assert told in reason


def test_a_pin_serves_its_roles_only(tree: Tree, reasons: Reasons) -> None:
    tree["stores"]["pins"][0]["roles"] = ["smp-sign"]
    assert reasons(tree) == ("roles.ap-sign.accept.any_of[2].pin[1]: the pin at is not for ap-sign",)


def test_an_anchor_or_pin_is_not_denied_as_well(tree: Tree, reasons: Reasons) -> None:
    anchor = tree["stores"]["anchors"][0]["cert"]["sha256"]
    tree["stores"]["deny"] = {"cert_sha256": [anchor, "ab" * 32]}
    assert reasons(tree) == (
        "stores.anchors[1].cert.sha256: root is also denied, at stores.deny.cert_sha256[1]",
        "stores.pins[1].cert_sha256: at is also denied, at stores.deny.cert_sha256[2]",
    )


def test_an_anchor_is_not_denied_by_key_or_serial_number(tree: Tree, pki: DemoPki) -> None:
    root = ListedCertificate(pki.root.certificate.public_bytes(Encoding.DER))
    for deny in (
        {"spki_sha256": [key_digest(root)]},
        {"issuer_serial": [{"issuer": root.issuer_text, "serial": serial_text(root)}]},
    ):
        tree["stores"]["deny"] = deny
        with pytest.raises(ConfigurationError, match=r"stores\.anchors\[1\]\.cert\.sha256: root is also denied"):
            read_configuration(json.dumps(tree).encode(), {"root.der": root.der}.get)


@pytest.mark.parametrize(("store", "key"), [("anchors", "trusted"), ("pins", "valid")])
@pytest.mark.parametrize("until", ["2026-01-01T00:00:00Z", "2025-06-01T00:00:00Z"])
def test_periods_end_after_they_begin(tree: Tree, reasons: Reasons, store: str, key: str, until: str) -> None:
    tree["stores"][store][0][key] |= {"from": "2026-01-01T00:00:00Z", "until": until}
    assert reasons(tree) == (f"stores.{store}[1].{key}.until: it ends at {until}, and begins at 2026-01-01T00:00:00Z",)


def test_a_name_is_not_permitted_and_excluded(tree: Tree, reasons: Reasons) -> None:
    tree["stores"]["anchors"][0]["controls"]["permitted"] = ["dns:example.com", "dns:example.org"]
    assert reasons(tree) == ("stores.anchors[1].controls.permitted[2]: dns:example.org is also excluded",)


@pytest.mark.parametrize("name", ["ip:192.0.2.1/24", "ip:here", "directory:O", "directory:XX=a", "dns:bücher.example"])
def test_subtrees_are_names(tree: Tree, reasons: Reasons, name: str) -> None:
    tree["stores"]["anchors"][0]["controls"]["excluded"] = ["ip:192.0.2.0/24", name]
    (reason,) = reasons(tree)
    assert reason.startswith("stores.anchors[1].controls.excluded[2]: ")


def test_subtrees_are_those_of_certificates() -> None:
    assert subtree("dns:example.org") == (2, b"example.org")
    assert subtree("email:.example.org") == (1, b".example.org")
    assert subtree("uri:.example.org") == (6, b".example.org")
    assert subtree("ip:192.0.2.0/24") == (7, bytes([192, 0, 2, 0, 255, 255, 255, 0]))
    name = x509.Name(
        [x509.NameAttribute(NameOID.COUNTRY_NAME, "BE"), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example")]
    )
    assert subtree("directory:O=Example,C=BE") == (4, name.public_bytes())


def test_only_a_list_of_lists_has_pivots(tree: Tree, reasons: Reasons) -> None:
    tree["stores"]["lists"][0]["pivots"] = True
    assert reasons(tree)[0].startswith("stores.lists[1].pivots: only a list of lists")


@pytest.mark.parametrize(("least", "right"), [(1, True), (2, True), (3, False)])
def test_a_quorum_is_not_greater_than_its_parts(
    tree: Tree, role: Tree, reasons: Reasons, least: int, *, right: bool
) -> None:
    role["accept"]["any_of"].append({"quorum": {"least": least, "of": [{"pin": ["at"]}, PATH]}})
    if right:
        assert warnings(tree) == ()
    else:
        assert reasons(tree) == ("roles.ap-sign.accept.any_of[4].quorum.least: 3 of 2 parts can never accept",)


@pytest.mark.parametrize(
    ("accept", "bounded"),
    [
        ({"not": {"pin": ["at"]}}, False),
        ({"any_of": [PATH, {"not": {"pin": ["at"]}}]}, False),
        ({"all_of": [PATH, {"not": {"pin": ["at"]}}]}, True),
        ({"quorum": {"least": 1, "of": [PATH, {"not": {"pin": ["at"]}}]}}, False),
        ({"quorum": {"least": 2, "of": [PATH, {"not": {"pin": ["at"]}}]}}, True),
        ({"quorum": {"least": 2, "of": [PATH, {"not": {"pin": ["at"]}}, {"not": PATH}]}}, False),
        ({"not": {"not": PATH}}, False),
    ],
)
def test_nobody_is_accepted_for_being_unknown(
    tree: Tree, role: Tree, reasons: Reasons, accept: Tree, *, bounded: bool
) -> None:
    role["accept"] = accept
    if bounded:
        assert all("no rule refers" in each for each in warnings(tree))
    else:
        assert "would accept whoever isn't named" in reasons(tree)[0]


def test_an_end_entity_issues_nothing(tree: Tree, role: Tree, reasons: Reasons) -> None:
    tree["stores"]["anchors"][0]["as"] = "end-entity"
    role["accept"]["any_of"][0] = {"path": {"to": ["root"], "issuer_must_be_anchor": True}}
    assert "root is no authority, and can't be the issuer" in reasons(tree)[0]


def test_a_usage_is_not_demanded_and_forbidden(tree: Tree, role: Tree, reasons: Reasons) -> None:
    role["leaf"]["key_usage"]["none"] = ["cRLSign", "digitalSignature"]
    assert reasons(tree) == ("roles.ap-sign.leaf.key_usage.all[1]: digitalSignature is both demanded and forbidden",)


@pytest.mark.parametrize("pattern", ["(", "a{2,1}", "(?<x>a)", "[z-a]"])
def test_patterns_are_regular_expressions(tree: Tree, role: Tree, reasons: Reasons, pattern: str) -> None:
    role["leaf"]["subject"]["match"]["OU"] = pattern
    assert reasons(tree)[0].startswith("roles.ap-sign.leaf.subject.match.OU: this is no regular expression")


def test_a_rule_about_names_says_something(tree: Tree, role: Tree, reasons: Reasons) -> None:
    role["leaf"]["subject"] = {"match": {}, "bind": {}}
    assert reasons(tree) == ("roles.ap-sign.leaf.subject: this says nothing about names; write any",)


@pytest.mark.parametrize("name", ["ap-encrypt", "smp-sign"])
def test_who_reads_smp_documents_says_how_far_they_are_believed(
    tree: Tree, role: Tree, reasons: Reasons, name: str
) -> None:
    tree["stores"]["pins"][0]["roles"].append(name)
    tree["roles"][name] = role
    del tree["roles"]["smp-metadata"]
    assert reasons(tree)[0].startswith("roles.smp-metadata: this is missing")


@pytest.mark.parametrize(
    "accept",
    [
        {"all_of": [PATH, {"not": PATH}]},
        {"any_of": [{"all_of": [{"pin": ["at"]}, {"not": {"pin": ["at"]}}]}]},
    ],
)
def test_a_role_that_can_accept_nobody_is_warned_of(tree: Tree, role: Tree, accept: Tree) -> None:
    role["accept"] = accept
    assert "roles.ap-sign: the role ap-sign can accept nobody" in warnings(tree)


def test_pins_that_are_not_there_accept_nobody(tree: Tree, role: Tree) -> None:
    role["accept"] = {"pin": "any"}
    assert not any("nobody" in each for each in warnings(tree))
    tree["stores"]["pins"] = []
    assert "roles.ap-sign: the role ap-sign can accept nobody" in warnings(tree)


def test_no_purpose_at_all_accepts_nobody(tree: Tree, role: Tree) -> None:
    role["leaf"]["eku"] = {"any": [], "absent": "reject", "any_eku": "reject"}
    assert warnings(tree) == ("roles.ap-sign: the role ap-sign can accept nobody",)


def test_no_rule_at_all_is_warned_of(tree: Tree) -> None:
    tree["roles"] = {}
    assert "roles: there is no rule, so that nobody is accepted for anything" in warnings(tree)


def test_what_nobody_refers_to_is_warned_of(tree: Tree, role: Tree) -> None:
    role["accept"] = {"pin": "any"}
    assert warnings(tree) == (
        "stores.anchors[1]: no rule refers to root",
        "stores.lists[1]: no rule refers to domain",
    )


def test_an_anchor_that_is_no_authority_is_warned_of(tree: Tree, pki: DemoPki) -> None:
    leaf = ListedCertificate(pki.smp.certificate.public_bytes(Encoding.DER))
    for place in (tree["stores"]["anchors"][0]["cert"], tree["stores"]["lists"][0]["signers"][0]):
        place["sha256"] = leaf.sha256
    found = read_configuration(json.dumps(tree).encode(), {"root.der": leaf.der}.get)
    assert found.warnings[0].startswith("stores.anchors[1].as: ")
    assert "is no authority" in found.warnings[0]
