# SPDX-License-Identifier: Apache-2.0
"""Extensions of trusted lists and the criteria in them (TS 119 612 §5.5.9), read and written."""

from datetime import UTC, datetime

import pytest
from lxml import etree

from trust_lists.documents.model import (
    AdditionalServiceInformation,
    Assertion,
    CriteriaList,
    Criterion,
    ExpiredCertsRevocationInfo,
    ExtendedKeyUsageCriterion,
    Extension,
    KeyUsageCriterion,
    PolicyCriterion,
    PolicyNote,
    QcStatement,
    QcStatementCriterion,
    QualificationElement,
    Qualifications,
    SubjectAttributeCriterion,
    TakenOverBy,
    Text,
    UnknownCriterion,
    UnknownExtension,
)
from trust_lists.documents.ts119612.building import Builder
from trust_lists.documents.ts119612.extension_writer import add_extensions
from trust_lists.documents.ts119612.extensions import read_extensions
from trust_lists.documents.vocabulary import MRA, SIE, TSL, TSLX, XADES
from trust_lists.errors import ListRefusedError
from trust_lists.xml import parse_xml

NAMESPACES = f'xmlns="{TSL}" xmlns:s="{SIE}" xmlns:x="{TSLX}" xmlns:xades="{XADES}" xmlns:mra="{MRA}"'


def extensions(content: str, critical: str = ' Critical="true"') -> tuple[Extension, ...]:
    """The extensions in an `Extension` with this content; written and read again they are the same."""
    root = parse_xml(f"<Extensions {NAMESPACES}><Extension{critical}>{content}</Extension></Extensions>".encode())
    found = read_extensions(root)
    assert written(found) == found
    return found


def written(found: tuple[Extension, ...]) -> tuple[Extension, ...]:
    builder = Builder("Root", {}, max_bytes=1_000_000)
    add_extensions(builder, builder.root, "Extensions", found)
    return read_extensions(parse_xml(etree.tostring(builder.finished()))[0])


def criteria(content: str, attributes: str = 'assert="all"') -> CriteriaList:
    (found,) = extensions(
        "<s:Qualifications><s:QualificationElement><s:Qualifiers><s:Qualifier uri='q'/></s:Qualifiers>"
        f"<s:CriteriaList {attributes}>{content}</s:CriteriaList></s:QualificationElement></s:Qualifications>"
    )
    assert isinstance(found.content, Qualifications)
    return found.content.elements[0].criteria


def policy(identifier: str, more: str = "") -> str:
    return f"<s:PolicyIdentifier><xades:Identifier>{identifier}</xades:Identifier>{more}</s:PolicyIdentifier>"


def test_5_5_9_4_additional_service_information() -> None:
    content = (
        "<AdditionalServiceInformation><URI xml:lang='de'> u </URI><InformationValue>v</InformationValue>"
        "<OtherInformation><o xmlns='urn:o'/></OtherInformation></AdditionalServiceInformation>"
    )
    expected = AdditionalServiceInformation("u", "v", '<o xmlns="urn:o"></o>', "de")
    assert extensions(content) == (Extension(critical=True, content=expected),)


def test_5_5_9_3_taken_over() -> None:
    content = (
        "<x:TakenOverBy><x:URI xml:lang='en'>u</x:URI><x:TSPName><Name xml:lang='en'>N</Name></x:TSPName>"
        "<SchemeOperatorName><Name xml:lang='en'>O</Name></SchemeOperatorName><SchemeTerritory>XX</SchemeTerritory>"
        "<x:OtherQualifier>text</x:OtherQualifier><x:OtherQualifier><i:id xmlns:i='urn:i'>1</i:id></x:OtherQualifier>"
        "</x:TakenOverBy>"
    )
    expected = TakenOverBy(
        "u", (Text("en", "N"),), (Text("en", "O"),), "XX", ("text", '<i:id xmlns:i="urn:i">1</i:id>'), "en"
    )
    assert extensions(content, "") == (Extension(critical=False, content=expected),)


def test_5_5_9_1_expired_certificates() -> None:
    content = "<ExpiredCertsRevocationInfo>2016-06-30T22:00:00Z</ExpiredCertsRevocationInfo>"
    expected = ExpiredCertsRevocationInfo(datetime(2016, 6, 30, 22, tzinfo=UTC))
    assert extensions(content, ' Critical="0"') == (Extension(critical=False, content=expected),)


@pytest.mark.parametrize(
    ("attribute", "critical"),
    [("", False), ("false", False), ("0", False), (" false ", False), ("true", True), ("1", True), ("TRUE", True)],
)
def test_critical_is_whatever_does_not_say_that_it_is_not(attribute: str, critical: bool) -> None:
    (found,) = extensions("text", f" Critical='{attribute}'" if attribute else "")
    assert found == Extension(critical=critical, content=UnknownExtension("", "text"))


@pytest.mark.parametrize(
    ("content", "name", "kept"),
    [
        ("", "", ""),
        ("a &lt; b &amp; c", "", "a < b & c"),
        (" <n xmlns='urn:n'>1</n> ", "{urn:n}n", '<n xmlns="urn:n">1</n>'),
        ("<n xmlns=''><m/></n>", "n", "<n><m></m></n>"),
        ("a<n xmlns='urn:n'/>b<?p q?>c", "{urn:n}n", 'a<n xmlns="urn:n"></n>bc'),
        (
            "<o:ExtensionOID xmlns:o='http://uri.etsi.org/02231/v2#'>1.2</o:ExtensionOID><ExtensionValue>v</ExtensionValue>",
            f"{{{TSL}}}ExtensionOID",
            f'<o:ExtensionOID xmlns:o="{TSL}">1.2</o:ExtensionOID><ExtensionValue xmlns="{TSL}">v</ExtensionValue>',
        ),
        (
            "<ExpiredCertsRevocationInfo>once</ExpiredCertsRevocationInfo>",
            f"{{{TSL}}}ExpiredCertsRevocationInfo",
            f'<ExpiredCertsRevocationInfo xmlns="{TSL}">once</ExpiredCertsRevocationInfo>',
        ),
        (
            "<AdditionalServiceInformation/>",
            f"{{{TSL}}}AdditionalServiceInformation",
            f'<AdditionalServiceInformation xmlns="{TSL}"></AdditionalServiceInformation>',
        ),
    ],
)
def test_what_is_unknown_or_unreadable_is_kept_as_it_stands(content: str, name: str, kept: str) -> None:
    assert extensions(content) == (Extension(critical=True, content=UnknownExtension(name, kept)),)


def test_several_contents_are_several_extensions() -> None:
    information = "<AdditionalServiceInformation><URI xml:lang='en'>{}</URI></AdditionalServiceInformation>"
    found = extensions(f"{information.format('a')}<u xmlns='urn:u'/>{information.format('b')}<v xmlns='urn:v'/>")
    assert found == (
        Extension(critical=True, content=AdditionalServiceInformation("a")),
        Extension(critical=True, content=AdditionalServiceInformation("b")),
        Extension(critical=True, content=UnknownExtension("{urn:u}u", '<u xmlns="urn:u"></u><v xmlns="urn:v"></v>')),
    )


def test_5_5_9_2_2_all_criteria_are_read_in_the_order_of_the_schema() -> None:
    found = criteria(
        "<s:otherCriteriaList>"
        "<x:ExtendedKeyUsage><x:KeyPurposeId><xades:Identifier>1.3</xades:Identifier></x:KeyPurposeId></x:ExtendedKeyUsage>"
        "<x:CertSubjectDNAttribute><x:AttributeOID><xades:Identifier>2.5.4.5</xades:Identifier></x:AttributeOID>"
        "</x:CertSubjectDNAttribute></s:otherCriteriaList><s:Description>why</s:Description>"
        f"<s:CriteriaList assert='none'><s:PolicySet>{policy('1.2.3')}</s:PolicySet></s:CriteriaList>"
        f"<s:PolicySet>{policy('1.2')}{policy('urn:oid:1.4')}</s:PolicySet>"
        "<s:KeyUsage><s:KeyUsageBit name='nonRepudiation'>true</s:KeyUsageBit>"
        "<s:KeyUsageBit name='keyCertSign'> 0 </s:KeyUsageBit></s:KeyUsage>",
        'assert="atLeastOne"',
    )
    assert found == CriteriaList(
        Assertion.AT_LEAST_ONE,
        (
            KeyUsageCriterion((("nonRepudiation", True), ("keyCertSign", False))),
            PolicyCriterion(("1.2", "1.4")),
            CriteriaList(Assertion.NONE, (PolicyCriterion(("1.2.3",)),)),
            ExtendedKeyUsageCriterion(("1.3",)),
            SubjectAttributeCriterion(("2.5.4.5",)),
        ),
        "why",
    )


@pytest.mark.parametrize("identifier", ["1.2.3", "urn:oid:1.2.3", "URN:OID:1.2.3", " oid:1.2.3\n", "urn:oid:oid:1.2.3"])
def test_identifiers_are_dotted_however_they_are_written(identifier: str) -> None:
    assert criteria(f"<s:PolicySet>{policy(identifier)}</s:PolicySet>").criteria == (PolicyCriterion(("1.2.3",)),)


def test_notes_about_policies_are_kept() -> None:
    note = (
        "<xades:Description>for cards</xades:Description><xades:DocumentationReferences>"
        "<xades:DocumentationReference>https://d.example</xades:DocumentationReference>"
        "</xades:DocumentationReferences>"
    )
    (found,) = criteria(f"<s:PolicySet>{policy('1.2')}{policy('1.3', note)}</s:PolicySet>").criteria
    assert found == PolicyCriterion(("1.2", "1.3"), (PolicyNote("1.3", "for cards", ("https://d.example",)),))


def test_statements_of_mutual_recognition_agreements_are_read() -> None:
    def oid(name: str, value: str) -> str:
        return f"<mra:{name}><xades:Identifier>{value}</xades:Identifier></mra:{name}>"

    statements = (
        f"<mra:QcStatement>{oid('QcStatementId', 'urn:oid:0.4.0.1862.1.1')}</mra:QcStatement>"
        f"<mra:QcStatement>{oid('QcStatementId', '0.4.0.1862.1.6')}<mra:QcStatementInfo>"
        f"{oid('QcType', '0.4.0.1862.1.6.1')}</mra:QcStatementInfo></mra:QcStatement>"
        f"<mra:QcStatement>{oid('QcStatementId', '0.4.0.1862.1.7')}<mra:QcStatementInfo>"
        "<mra:QcCClegislation>XX</mra:QcCClegislation></mra:QcStatementInfo></mra:QcStatement>"
    )
    content = f"<s:otherCriteriaList><mra:QcStatementSet>{statements}</mra:QcStatementSet></s:otherCriteriaList>"
    (found,) = criteria(content).criteria
    assert found == QcStatementCriterion(
        (
            QcStatement("0.4.0.1862.1.1"),
            QcStatement("0.4.0.1862.1.6", type="0.4.0.1862.1.6.1"),
            QcStatement("0.4.0.1862.1.7", legislation="XX"),
        )
    )
    assert found.oids == ("0.4.0.1862.1.1", "0.4.0.1862.1.6", "0.4.0.1862.1.7")


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("<n xmlns='urn:n'/>", "{urn:n}n"),
        ("<s:otherCriteriaList><n xmlns='urn:n'/></s:otherCriteriaList>", "{urn:n}n"),
        ("<s:otherCriteriaList>born before 1970</s:otherCriteriaList>", f"{{{SIE}}}otherCriteriaList"),
        ("<s:KeyUsage/>", f"{{{SIE}}}KeyUsage"),
        ("<s:KeyUsage><s:KeyUsageBit name='cRLSign'>true</s:KeyUsageBit></s:KeyUsage>", f"{{{SIE}}}KeyUsage"),
        ("<s:KeyUsage><s:KeyUsageBit name='crlSign'>yes</s:KeyUsageBit></s:KeyUsage>", f"{{{SIE}}}KeyUsage"),
        ("<s:PolicySet/>", f"{{{SIE}}}PolicySet"),
        ("<s:CriteriaList/>", f"{{{SIE}}}CriteriaList"),
        ("<s:CriteriaList assert='most'><s:PolicySet/></s:CriteriaList>", f"{{{SIE}}}CriteriaList"),
        ("<s:otherCriteriaList><x:ExtendedKeyUsage/></s:otherCriteriaList>", f"{{{TSLX}}}ExtendedKeyUsage"),
        ("<s:otherCriteriaList><x:CertSubjectDNAttribute/></s:otherCriteriaList>", f"{{{TSLX}}}CertSubjectDNAttribute"),
        ("<s:otherCriteriaList><mra:QcStatementSet/></s:otherCriteriaList>", f"{{{MRA}}}QcStatementSet"),
        (
            "<s:otherCriteriaList><mra:QcStatementSet><mra:QcStatement/></mra:QcStatementSet></s:otherCriteriaList>",
            f"{{{MRA}}}QcStatementSet",
        ),
    ],
)
def test_a_criterion_that_nobody_can_judge_is_unknown_and_never_left_out(content: str, name: str) -> None:
    (found,) = criteria(content).criteria
    assert isinstance(found, UnknownCriterion)
    assert found.name == name
    assert found.content.startswith("<")


@pytest.mark.parametrize("attributes", ["", 'assert=""', 'assert="All"'])
def test_a_list_of_criteria_that_does_not_say_how_many_must_hold_is_unknown(attributes: str) -> None:
    found = criteria(f"<s:PolicySet>{policy('1.2')}</s:PolicySet>", attributes)
    assert [each.name for each in found.criteria if isinstance(each, UnknownCriterion)] == [f"{{{SIE}}}CriteriaList"]
    assert "1.2" in str(found.criteria[0])


@pytest.mark.parametrize("lists", ["", '<s:CriteriaList assert="all"/><s:CriteriaList assert="none"/>'])
def test_qualifiers_without_one_list_of_criteria_hold_for_nobody_knows_whom(lists: str) -> None:
    qualifiers = "<s:Qualifiers><s:Qualifier uri='a'/><s:Qualifier uri='b'/></s:Qualifiers>"
    (found,) = extensions(
        f"<s:Qualifications><s:QualificationElement>{qualifiers}{lists}</s:QualificationElement></s:Qualifications>"
    )
    assert isinstance(found.content, Qualifications)
    (element,) = found.content.elements
    assert element.qualifiers == ("a", "b")
    assert [each.name for each in element.criteria.criteria if isinstance(each, UnknownCriterion)] == [
        f"{{{SIE}}}QualificationElement"
    ]


def test_criteria_made_by_hand_are_written() -> None:
    made: tuple[Criterion, ...] = (UnknownCriterion("{urn:n}n"), PolicyCriterion(("1.2",)))
    element = QualificationElement(("q",), CriteriaList(Assertion.ALL, made))
    (found,) = written((Extension(critical=True, content=Qualifications((element,))),))
    assert isinstance(found.content, Qualifications)
    policy_criterion, unknown = found.content.elements[0].criteria.criteria
    assert policy_criterion == PolicyCriterion(("1.2",))
    assert isinstance(unknown, UnknownCriterion)
    assert unknown.name == "{urn:n}n"


@pytest.mark.parametrize("content", ["no XML", "<m/>", "<n/><n/>", "<n>"])
def test_an_unknown_criterion_is_written_only_as_the_element_that_it_names(content: str) -> None:
    element = QualificationElement((), CriteriaList(Assertion.ALL, (UnknownCriterion("n", content),)))
    with pytest.raises(ListRefusedError) as refusal:
        written((Extension(critical=True, content=Qualifications((element,))),))
    assert refusal.value.reason_id == "LIST_UNWRITABLE"
