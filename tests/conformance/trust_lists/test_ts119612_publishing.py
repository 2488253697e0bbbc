# SPDX-License-Identifier: Apache-2.0
"""Lists that we publish, clause by clause: TS 119 612 V2.4.1, and TS 119 602 V1.1.1 where it says the same."""

import re
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from tests.simulators.own_lists import AT, OwnNetwork, content, own_network, published, services_of
from trust_lists.documents.checks import check, check_tree
from trust_lists.documents.lote.checks import check_lote
from trust_lists.documents.reading import read_unverified
from trust_lists.errors import ListSourceError
from trust_lists.sources.verifying import verify_list
from trust_lists.xml import parse_xml

TSL = "{http://uri.etsi.org/02231/v2#}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
XADES = "{http://uri.etsi.org/01903/v1.3.2#}"
MONTH = timedelta(days=30)

Publishing = Callable[..., tuple[Path, Path]]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> OwnNetwork:
    return own_network(tmp_path_factory.mktemp("network"))


@pytest.fixture
def publishes(network: OwnNetwork, tmp_path: Path) -> Publishing:
    """Publishes the next issue of a source: its trusted list and its list of trusted entities."""

    def next_issue(said: dict[str, Any], number: int = 1) -> tuple[Path, Path]:
        xml, json = published(network, tmp_path, said, AT + (number - 1) * MONTH, again=number > 1)
        return xml, json

    return next_issue


def changed(**values: Any) -> dict[str, Any]:
    """The source, with its first service changed."""
    source = content()
    services_of(source)[0] |= values
    return source


def texts(path: Path, *names: str) -> list[str]:
    """The texts of all elements of these names."""
    root = parse_xml(path.read_bytes())
    return [str(each.text) for each in root.iter(*(f"{TSL}{name}" for name in names))]


def refusal(publishes: Publishing, *arguments: Any) -> str:
    with pytest.raises(ListSourceError) as error:
        publishes(*arguments)
    return str(error.value)


def test_5_1_3_instants_are_utc_in_whole_seconds(publishes: Publishing) -> None:
    xml, _ = publishes(content())
    found = texts(xml, "ListIssueDateTime", "StatusStartingTime", "dateTime")
    assert len(found) == 4
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text) for text in found)


def test_5_1_4_english_is_mandatory(publishes: Publishing) -> None:
    source = content()
    source["scheme"]["name"] = {"fr": "Liste"}
    assert "§5.1.4" in refusal(publishes, source)


def test_5_3_1_the_version_is_6(publishes: Publishing) -> None:
    assert texts(publishes(content())[0], "TSLVersionIdentifier") == ["6"]


def test_5_3_2_sequence_numbers_begin_with_1_and_grow_by_1(publishes: Publishing) -> None:
    found = [texts(publishes(content(), number)[0], "TSLSequenceNumber") for number in (1, 2, 3)]
    assert found == [["1"], ["2"], ["3"]]


def test_5_3_3_the_type_is_that_of_a_list_of_the_territory(publishes: Publishing) -> None:
    assert texts(publishes(content())[0], "TSLType") == ["http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUlist"]


def test_5_3_6_the_scheme_name_begins_with_the_territory(publishes: Publishing) -> None:
    (name,) = parse_xml(publishes(content())[0].read_bytes()).iterfind(f".//{TSL}SchemeName/{TSL}Name")
    assert str(name.text).startswith("EU:")


def test_5_3_12_history_is_never_removed(publishes: Publishing) -> None:
    publishes(content())
    publishes(changed(status="withdrawn"), 2)
    less = content()
    del services_of(less)[0]
    assert "§5.3.12" in refusal(publishes, less, 3)


def test_5_3_15_the_next_update_is_due_within_six_months(publishes: Publishing) -> None:
    source = content()
    source["scheme"]["next_update"] = "7 months"
    assert "§5.3.15" in refusal(publishes, source)


def test_5_3_15_a_closed_list_has_an_empty_next_update_and_is_the_last(publishes: Publishing) -> None:
    source = content()
    source["scheme"]["closed"] = True
    (next_update,) = parse_xml(publishes(source)[0].read_bytes()).iter(f"{TSL}NextUpdate")
    assert len(next_update) == 0
    assert "§5.3.15" in refusal(publishes, content(), 2)


def test_5_5_3_one_key_stands_once_under_a_type(publishes: Publishing) -> None:
    source = content()
    services_of(source).append(services_of(source)[0])
    assert "§5.5.3" in refusal(publishes, source)


def test_5_5_5_no_status_begins_before_the_issue_that_first_shows_it(publishes: Publishing) -> None:
    publishes(content())
    assert "§5.5.5" in refusal(publishes, changed(status="withdrawn", since=AT.isoformat()), 2)


def test_5_5_10_a_history_runs_from_new_to_old(publishes: Publishing) -> None:
    publishes(content())
    publishes(changed(status="withdrawn"), 2)
    xml, _ = publishes(content(), 3)
    service = next(parse_xml(xml.read_bytes()).iter(f"{TSL}TSPService"))
    times = [str(each.text) for each in service.iter(f"{TSL}StatusStartingTime")]
    assert times == sorted(times, reverse=True)
    assert len(set(times)) == 3


def test_5_6_3_former_states_have_a_key_identifier_and_no_certificate(publishes: Publishing) -> None:
    publishes(content())
    xml, json = publishes(changed(status="withdrawn"), 2)
    (instance,) = parse_xml(xml.read_bytes()).iter(f"{TSL}ServiceHistoryInstance")
    assert [etree.QName(each[0]).localname for each in instance.iter(f"{TSL}DigitalId")] == [
        "X509SubjectName",
        "X509SKI",
    ]
    (former,) = read_unverified(json.read_bytes()).services[0].history
    assert (former.identity.certificates, len(former.identity.skis)) == ((), 1)


def test_5_7_and_b_1_the_signature_is_as_the_clauses_want_it(publishes: Publishing, network: OwnNetwork) -> None:
    xml, _ = publishes(content())
    root = parse_xml(xml.read_bytes())
    document = read_unverified(xml.read_bytes())
    assert check_tree(root, document) == []
    assert len(list(root.iter(f"{XADES}SigningCertificateV2"))) == 1
    assert [str(each.text) for each in root.iter(f"{XADES}SigningTime")] == texts(xml, "ListIssueDateTime")
    assert len(list(root.iter(f"{DS}X509Certificate"))) == 1
    assert verify_list(xml.read_bytes(), signers=network.signers, verification_time=AT).warnings == ()


def test_6_1_a_digest_is_published_beside_the_list(publishes: Publishing) -> None:
    for path in publishes(content()):
        assert path.with_suffix(".sha2").read_text() == sha256(path.read_bytes()).hexdigest()


def test_all_checks_have_nothing_against_our_lists(publishes: Publishing) -> None:
    publishes(content())
    xml, json = publishes(changed(status="withdrawn"), 2)
    assert check(read_unverified(xml.read_bytes()), at=AT + MONTH) == []
    assert check_lote(read_unverified(json.read_bytes()), at=AT + MONTH) == []
