# SPDX-License-Identifier: Apache-2.0
"""Each rule about how a list is written, or signed, is broken by one change to a signed list that is right."""

import base64
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from tests.simulators.checked_lists import (
    ISSUED,
    OTHER_PURPOSE,
    certificate,
    changed,
    good_list,
    good_lotl,
    signed_root,
    signer,
)
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.parsing import SigningKey
from trust_lists.documents.checks import RULES, check_tree
from trust_lists.documents.checks.checking import TREE_RULES
from trust_lists.documents.checks.signing import check_signer
from trust_lists.documents.findings import Level
from trust_lists.documents.ts119612.writer import write
from trust_lists.documents.vocabulary import TSL
from trust_lists.xml import parse_xml

BASE = signed_root(good_list())
DS = "{http://www.w3.org/2000/09/xmldsig#}"
XADES = "{http://uri.etsi.org/01903/v1.3.2#}"


@dataclass(frozen=True)
class Case:
    """Which rule breaks, where, when the tree is changed so."""

    rule: str
    change: Callable[[etree._Element], object]
    where: str = ""
    also: tuple[str, ...] = ()


def tsl(root: etree._Element, name: str) -> etree._Element:
    return next(root.iter(f"{{{TSL}}}{name}"))


def ds(root: etree._Element, name: str) -> etree._Element:
    return next(root.iter(f"{DS}{name}"))


def parent(element: etree._Element) -> etree._Element:
    found = element.getparent()
    assert found is not None
    return found


def remove(element: etree._Element) -> None:
    parent(element).remove(element)


def repeat(element: etree._Element) -> None:
    element.addnext(parse_xml(etree.tostring(element, with_tail=False)))


def set_text(element: etree._Element, text: str) -> None:
    element.text = text


def swap(root: etree._Element) -> None:
    element = tsl(root, "SchemeTerritory")
    before = element.getprevious()
    assert before is not None
    element.addnext(before)


def move_signature(root: etree._Element) -> None:
    root.insert(0, ds(root, "Signature"))


def second_certificate(root: etree._Element) -> None:
    repeat(ds(root, "X509Certificate"))


def to_old_property(root: etree._Element) -> None:
    next(root.iter(f"{XADES}SigningCertificateV2")).tag = f"{XADES}SigningCertificate"


CASES = (
    Case(
        "TS119612-5.1.3",
        lambda root: set_text(tsl(root, "ListIssueDateTime"), "2026-11-02T08:00:00.5Z"),
        "SchemeInformation/ListIssueDateTime",
    ),
    Case(
        "TS119612-5.1.3",
        lambda root: set_text(tsl(root, "dateTime"), "2027-05-01T08:00:00"),
        "SchemeInformation/NextUpdate/dateTime",
    ),
    Case(
        "TS119612-5.1.3",
        lambda root: set_text(tsl(root, "StatusStartingTime"), "2020-01-01T00:00:00+01:00"),
        "TrustServiceProvider[1]/TSPService[1]/ServiceInformation/StatusStartingTime",
    ),
    Case("TS119612-B.0-MISSING", lambda root: remove(tsl(root, "TSLSequenceNumber")), "SchemeInformation"),
    Case("TS119612-B.0-TWICE", lambda root: repeat(tsl(root, "SchemeName")), "SchemeInformation"),
    Case("TS119612-B.0-ORDER", swap, "SchemeInformation"),
    Case(
        "TS119612-B.0-UNKNOWN",
        lambda root: etree.SubElement(tsl(root, "TSPService"), "{x}y"),
        "TrustServiceProvider[1]/TSPService[1]",
    ),
    Case("TS119612-5.7", lambda root: remove(ds(root, "Signature"))),
    Case("TS119612-5.7", lambda root: repeat(ds(root, "Signature")), also=("TS119612-B.0-TWICE",)),
    Case("TS119612-5.7", move_signature, "Signature", also=("TS119612-B.0-ORDER",)),
    Case("TS119612-B.1", lambda root: ds(root, "Reference").set("URI", "#other"), "Signature/SignedInfo"),
    Case("TS119612-B.1-TRANSFORMS", lambda root: remove(ds(root, "Transform")), "Signature/SignedInfo/Reference"),
    Case(
        "TS119612-B.1-C14N",
        lambda root: ds(root, "CanonicalizationMethod").set(
            "Algorithm", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
        ),
        "Signature/SignedInfo/CanonicalizationMethod",
    ),
    Case(
        "TS119612-B.1-C14N",
        lambda root: remove(ds(root, "CanonicalizationMethod")),
        "Signature/SignedInfo/CanonicalizationMethod",
    ),
    Case("TS119612-B.1-PROPERTY", to_old_property, "Signature/Object"),
    Case("TS119612-B.1-KEYINFO", second_certificate, "Signature/KeyInfo"),
    Case("TS119612-B.1-KEYINFO", lambda root: remove(ds(root, "X509Certificate")), "Signature/KeyInfo"),
    Case(
        "TS119612-B.1-ALGORITHM",
        lambda root: ds(root, "SignatureMethod").set("Algorithm", "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
        "Signature/SignedInfo",
    ),
    Case(
        "TS119612-B.1-ALGORITHM",
        lambda root: ds(root, "DigestMethod").set("Algorithm", "http://www.w3.org/2000/09/xmldsig#sha1"),
        "Signature/SignedInfo",
    ),
    Case(
        "LIST-SIGNER-UNREADABLE", lambda root: set_text(ds(root, "X509Certificate"), "not base64!"), "Signature/KeyInfo"
    ),
    Case("LIST-SIGNER-UNREADABLE", lambda root: set_text(ds(root, "X509Certificate"), "AAAA"), "Signature/KeyInfo"),
)
SIGNERS = {
    "TS119612-5.7-COUNTRY": signer(country="NL"),
    "TS119612-5.7-OPERATOR": signer(organisation="Somebody Else"),
    "TS119612-5.7-KU": signer(usages=("digital_signature", "key_encipherment")),
    "TS119612-5.7-EKU": signer(purpose=OTHER_PURPOSE),
    "TS119612-5.7-SKI": signer(ski=False),
    "TS119612-5.7-CA": signer(ca=True),
    "TS119612-5.7-KEY": signer(rsa_bits=2032),
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}:{case.where[-30:]}")
def test_one_change_breaks_one_rule(case: Case) -> None:
    root = signed_root(good_list())
    case.change(root)
    found = check_tree(root, good_list())
    assert {each.rule for each in found} == {case.rule, *case.also}
    assert [each.where for each in found if each.rule == case.rule] == [case.where]


@pytest.mark.parametrize("rule", SIGNERS)
def test_one_property_of_a_signer_breaks_one_rule(rule: str) -> None:
    found = check_tree(signed_root(good_list(), SIGNERS[rule]), good_list())
    assert [(each.rule, each.level, each.where) for each in found] == [(rule, Level.WARNING, "Signature/KeyInfo")]


def test_every_rule_is_broken_by_a_case() -> None:
    assert {case.rule for case in CASES} | set(SIGNERS) == {rule.id for rule in TREE_RULES}


@pytest.mark.parametrize(
    "key", [signer(), signer(usages=("content_commitment",)), signer(rsa_bits=2048)], ids=["P-256", "NR", "RSA"]
)
def test_nothing_is_said_about_trees_that_are_right(key: SigningKey) -> None:
    assert check_tree(signed_root(good_list(), key), good_list()) == []


def test_nobody_is_of_the_country_of_a_group() -> None:
    assert check_tree(signed_root(good_lotl()), good_lotl()) == []


@pytest.mark.parametrize(("country", "territory"), [("GB", "UK"), ("GR", "EL"), ("EL", "EL")])
def test_two_countries_have_other_codes_in_lists(country: str, territory: str) -> None:
    document = changed(good_list(), "scheme.territory", territory)
    found = check_signer(ListedCertificate(der(signer(country=country))), document)
    assert found_rules(found) == []


def test_a_signer_without_usages_is_warned_of() -> None:
    found = check_signer(ListedCertificate(der(signer(usages=None, purpose=None))), good_list())
    assert found_rules(found) == ["TS119612-5.7-KU", "TS119612-5.7-EKU"]


def test_a_damaged_signer_is_said_to_be_unreadable() -> None:
    damaged = ListedCertificate(certificate("signer").der + b"junk")
    assert found_rules(check_signer(damaged, good_list())) == ["LIST-SIGNER-UNREADABLE"]


def test_a_list_that_cannot_be_read_is_looked_at_all_the_same() -> None:
    root = signed_root(good_list())
    remove(tsl(root, "TSLVersionIdentifier"))
    repeat(ds(root, "Signature"))
    assert {each.rule for each in check_tree(root)} == {"TS119612-B.0-MISSING", "TS119612-B.0-TWICE", "TS119612-5.7"}


def test_version_5_names_its_signer_in_the_older_way() -> None:
    document = replace(good_list(), scheme=replace(good_list().scheme, version=5))
    root = signed_root(good_list())
    assert found_rules(check_tree(root, document)) == ["TS119612-B.1-PROPERTY"]
    to_old_property(root)
    assert check_tree(root, document) == []


def test_archives_may_write_times_and_signatures_as_they_did() -> None:
    root = signed_root(good_list())
    set_text(tsl(root, "TSLVersionIdentifier"), "3")
    set_text(tsl(root, "ListIssueDateTime"), ISSUED.isoformat())
    second_certificate(root)
    assert check_tree(root) == []


def test_addresses_and_extensions_are_left_to_the_schema() -> None:
    root = write(good_list())
    etree.SubElement(tsl(root, "PostalAddress"), "{x}y")
    assert found_rules(check_tree(root)) == ["TS119612-5.7"]


def test_signers_on_several_lines_are_read() -> None:
    root = signed_root(good_list(), SIGNERS["TS119612-5.7-CA"])
    element = ds(root, "X509Certificate")
    element.text = base64.encodebytes(base64.b64decode(element.text or "")).decode()
    assert found_rules(check_tree(root, good_list())) == ["TS119612-5.7-CA"]


def test_levels_of_findings_are_those_of_the_rules() -> None:
    levels = {rule.id: rule.level for rule in RULES}
    root = signed_root(good_list(), SIGNERS["TS119612-5.7-KEY"])
    swap(root)
    assert all(each.level == levels[each.rule] for each in check_tree(root, good_list()))


CHANGES: tuple[Callable[[etree._Element], object], ...] = (
    remove,
    repeat,
    lambda element: set_text(element, "nothing"),
    lambda element: element.set("Algorithm", "nothing"),
    lambda element: etree.SubElement(element, f"{{{TSL}}}SchemeName"),
    lambda element: parent(element).insert(0, element),
)


@given(st.lists(st.tuples(st.integers(1, 400), st.sampled_from(CHANGES)), max_size=5))
def test_no_tree_makes_a_check_fail(changes: list[tuple[int, Callable[[etree._Element], object]]]) -> None:
    root = deepcopy(BASE)
    for position, change in changes:
        elements = list(root.iter())
        if 0 < position < len(elements):
            change(elements[position])
    known = {rule.id for rule in TREE_RULES}
    for document in (None, good_list()):
        assert {each.rule for each in check_tree(root, document)} <= known


def test_thousands_of_broken_services_are_told_in_no_time() -> None:
    root = deepcopy(BASE)
    services = tsl(root, "TSPServices")
    for _ in range(5000):
        etree.SubElement(services, f"{{{TSL}}}TSPService")
    start = time.thread_time()
    found = check_tree(root, good_list())
    assert time.thread_time() - start < 50
    assert found[-1].where == "TrustServiceProvider[1]/TSPService[5002]"


def der(key: SigningKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return key.certificate.public_bytes(Encoding.DER)


def found_rules(found: object) -> list[str]:
    return [each.rule for each in found]  # type: ignore[attr-defined]
