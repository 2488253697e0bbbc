# SPDX-License-Identifier: Apache-2.0
"""XML into the model: what is taken, what is refused, and by which path."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from tests.simulators.lote_documents import LIST
from trust_lists.documents.lote.xml_reader import read_xml
from trust_lists.documents.lote.xml_writer import write_xml
from trust_lists.documents.model import Text, TrustedList
from trust_lists.errors import ListRefusedError, XmlRefusedError
from trust_lists.xml import parse_xml

LOTE = "http://uri.etsi.org/019602/v1#"
TEXT = etree.tostring(write_xml(LIST)).decode()


def read(text: str) -> TrustedList:
    return read_xml(parse_xml(text.encode()))


def changed(old: str, new: str) -> etree._Element:
    """The right list, changed in the first place where `old` stands."""
    assert old in TEXT
    return parse_xml(TEXT.replace(old, new, 1).encode())


def refused(root: etree._Element) -> tuple[str, str]:
    with pytest.raises(ListRefusedError) as error:
        read_xml(root)
    return error.value.reason_id, str(error.value)


def test_other_roots_are_no_list() -> None:
    assert refused(etree.Element("{http://uri.etsi.org/02231/v2#}TrustServiceStatusList"))[0] == "LIST_NOT_A_LIST"


def test_a_list_inside_the_list_is_refused() -> None:
    root = parse_xml(TEXT.encode())
    root[0].append(parse_xml(TEXT.encode()))
    assert refused(root)[0] == "LIST_NESTED"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("<lote:LoTESequenceNumber>7<", "<lote:LoTESequenceNumber>seven<", "LoTESequenceNumber that can't be read"),
        ("<lote:LoTESequenceNumber>7<", "<lote:LoTESequenceNumber>\u0667<", "LoTESequenceNumber that can't be read"),
        ("<lote:LoTESequenceNumber>7</lote:LoTESequenceNumber>", "", "has no LoTESequenceNumber"),
        (
            "2026-11-01T12:00:00Z</lote:ListIssueDateTime>",
            "now</lote:ListIssueDateTime>",
            "ListIssueDateTime that can't",
        ),
        ("<lote:ListIssueDateTime>2026-11-01T12:00:00Z</lote:ListIssueDateTime>", "", "has no ListIssueDateTime"),
        ("2027-01-30T12:00:00Z", "2027-02-30T12:00:00Z", "dateTime that can't be read: '2027-02-30T12:00:00Z'"),
        ("<lote:LoTEVersionIdentifier>", "<lote:SchemeName/><lote:LoTEVersionIdentifier>", "more than one SchemeName"),
        ("lote:ListAndSchemeInformation>", "lote:ListInformation>", ""),
        (
            "<lote:TrustedEntityInformation>",
            "<lote:TrustedEntityInformation/><lote:TrustedEntityInformation>",
            "more than",
        ),
    ],
)
def test_what_is_missing_unreadable_or_there_twice_is_refused(old: str, new: str, message: str) -> None:
    text = TEXT.replace(old, new) if old == "lote:ListAndSchemeInformation>" else TEXT.replace(old, new, 1)
    assert text != TEXT
    reason_id, told = refused(parse_xml(text.encode()))
    assert reason_id == "LIST_STRUCTURE"
    assert message in told


def test_an_empty_next_update_closes_the_list() -> None:
    root = changed("<lote:dateTime>2027-01-30T12:00:00Z</lote:dateTime>", "")
    assert read_xml(root).scheme.next_update is None


def test_order_does_not_matter_and_lang_may_lack_its_namespace() -> None:
    root = changed('xml:lang="en">Example operator', 'lang="el">Example operator')
    information = root[0]
    information[:] = reversed(information)
    scheme = read_xml(root).scheme
    assert scheme.operator_names == (Text("el", "Example operator"),)
    assert scheme.sequence == 7


def test_unknown_elements_and_empty_containers_are_told() -> None:
    root = changed("<lote:TEName>", "<lote:TEFax>1</lote:TEFax><lote:TETradeName/><lote:TEName>")
    root = parse_xml(etree.tostring(root).replace(b"</lote:SchemeName>", b"<lote:x/></lote:SchemeName>"))
    trade_name = root.findall(f".//{{{LOTE}}}TETradeName")[1]
    trade_name.getparent().remove(trade_name)  # type: ignore[union-attr]
    information = "ListOfTrustedEntities/TrustedEntitiesList/TrustedEntity/TrustedEntityInformation"
    assert set(read_xml(root).unread) == {
        "ListOfTrustedEntities/ListAndSchemeInformation/SchemeName/x",
        f"{information}/TEFax",
        f"{information}/TETradeName is empty",
    }


def test_of_very_many_unknown_elements_the_beginning_is_told() -> None:
    root = changed("<lote:TEName>", "<lote:TEName>" + "<lote:x/>" * 30_000)
    unread = read_xml(root).unread
    assert len(unread) == 101
    assert unread[0].endswith("TEName/x[1]")
    assert unread[-1] == "and more"


def test_unknown_identities_are_kept_as_xml() -> None:
    root = changed("<lote:DigitalId>", '<DID xmlns="urn:x">did:web:a</DID><lote:DigitalId><n xmlns="urn:x"/>')
    assert read_xml(root).services[0].current.identity.other == (
        '<DID xmlns="urn:x">did:web:a</DID>',
        '<n xmlns="urn:x"></n>',
    )


def test_a_signature_is_passed_over() -> None:
    root = parse_xml(TEXT.encode())
    etree.SubElement(root, "{http://www.w3.org/2000/09/xmldsig#}Signature")
    assert read_xml(root).unread == ()


def test_qualifiers_of_a_pointer_begin_again_where_one_comes_again() -> None:
    pointers = f"""<PointersToOtherLoTE xmlns="{LOTE}"><OtherLoTEPointer><LoTELocation> urn:list </LoTELocation>
      <AdditionalInformation>
        <TextualInformation xml:lang="en">See there</TextualInformation>
        <OtherInformation><LoTEType>urn:one</LoTEType><SchemeTerritory>EU</SchemeTerritory></OtherInformation>
        <OtherInformation><MimeType xmlns="http://uri.etsi.org/02231/v2/additionaltypes#">a/b</MimeType></OtherInformation>
        <OtherInformation><LoTEType>urn:two</LoTEType></OtherInformation>
        <OtherInformation><more xmlns="urn:x">1</more></OtherInformation>
      </AdditionalInformation></OtherLoTEPointer></PointersToOtherLoTE>"""
    root = changed("<lote:ListIssueDateTime>", f"{pointers}<lote:ListIssueDateTime>")
    pointer = read_xml(root).scheme.pointers[0]
    assert (pointer.location, pointer.list_type, pointer.territory) == ("urn:list", "urn:one", "EU")
    assert pointer.mime_type == "a/b"
    assert [each.list_type for each in pointer.more_qualifiers] == ["urn:two"]
    assert pointer.texts == (Text("en", "See there"),)
    assert pointer.other == ('<more xmlns="urn:x">1</more>',)


@pytest.mark.parametrize(
    ("value", "critical"), [("true", True), ("1", True), ("false", False), ("0", False), ("no", True)]
)
def test_critical_is_what_does_not_say_that_it_is_not(value: str, critical: bool) -> None:
    extension = f'<lote:Extension Critical="{value}"><x xmlns="urn:x">1</x></lote:Extension>'
    root = changed(
        "</lote:ServiceInformation>",
        f"<lote:ServiceInformationExtensions>{extension}</lote:ServiceInformationExtensions></lote:ServiceInformation>",
    )
    found = read_xml(root).services[0].current.extensions[0]
    assert found.critical is critical
    assert found.content.name == "{urn:x}x"  # type: ignore[union-attr]


@given(st.text(alphabet="<>/lote:\"' =ListOfTrustedEntities&;x1", max_size=60), st.integers(0, len(TEXT)))
def test_a_right_list_with_anything_in_any_place_is_read_or_refused(piece: str, place: int) -> None:
    try:
        document = read(TEXT[:place] + piece + TEXT[place:])
    except (ListRefusedError, XmlRefusedError):
        return
    again = read_xml(write_xml(document))
    assert replace(again, tag="", unread=()) == replace(document, tag="", unread=())
