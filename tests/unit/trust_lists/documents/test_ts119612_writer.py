# SPDX-License-Identifier: Apache-2.0
"""Writing trusted lists in XML: the order of the schema, nothing invented, nothing lost, nothing broken."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.documents.model import (
    AdditionalServiceInformation,
    Address,
    Dialect,
    DigitalIdentity,
    ExpiredCertsRevocationInfo,
    Extension,
    Pointer,
    PostalAddress,
    Scheme,
    ServiceState,
    SupplyPoint,
    Text,
    TrustedList,
    TrustService,
    TrustServiceProvider,
    UnknownExtension,
)
from trust_lists.documents.reading import read_unverified
from trust_lists.documents.ts119612.reader import read
from trust_lists.documents.ts119612.values import local_name
from trust_lists.documents.ts119612.writer import write
from trust_lists.documents.vocabulary import CA_QC, EU_LIST, GRANTED, LIST_TAG, TSL, XML_MIME_TYPE
from trust_lists.errors import ListRefusedError
from trust_lists.xml import canonicalise, to_utf8

KEY_VALUE = '<k:KeyValue xmlns:k="http://www.w3.org/2000/09/xmldsig#"><k:X></k:X></k:KeyValue>'
SMALL = TrustedList(
    Dialect.TS_119_612,
    Scheme(
        version=6,
        sequence=1,
        list_type=EU_LIST,
        operator_names=(),
        issued_at=datetime(2026, 1, 1, tzinfo=UTC),
        next_update=None,
    ),
    tag=LIST_TAG,
)
STATE = ServiceState(
    type=CA_QC,
    names=(Text("en", "Service & <more>"),),
    identity=DigitalIdentity(
        certificates=(ListedCertificate(b"\x30\x00"), ListedCertificate(b"")),
        subject_names=("CN=a",),
        skis=(b"\x01",),
        key_values=(KEY_VALUE,),
        other=("https://o.example?a&b", "<n>1</n>"),
    ),
    status=GRANTED,
    starting_time=datetime(2020, 1, 1, tzinfo=UTC),
    extensions=(
        Extension(critical=False, content=ExpiredCertsRevocationInfo(datetime(2019, 1, 1, tzinfo=UTC))),
        Extension(critical=True, content=UnknownExtension("{urn:x}y", '<a:y xmlns:a="urn:x"></a:y>')),
    ),
)
FULL = TrustedList(
    Dialect.TS_119_612,
    Scheme(
        version=6,
        sequence=12,
        list_type=EU_LIST,
        operator_names=(Text("en", "Operator"), Text("fr", "Opérateur")),
        issued_at=datetime(2026, 1, 1, tzinfo=UTC),
        next_update=datetime(2026, 6, 1, tzinfo=UTC),
        operator_address=Address(
            (PostalAddress("en", "Street", "Town", "State", "123", "XX"),),
            (Text("en", "mailto:a@example.org"), Text("en", "https://example.org")),
        ),
        names=(Text("en", "XX:List"),),
        information_uris=(Text("en", "https://example.org/list"),),
        status_determination="http://uri.etsi.org/TrstSvc/TrustedList/StatusDetn/EUappropriate",
        community_rules=(Text("en", "http://uri.etsi.org/TrstSvc/TrustedList/schemerules/EUcommon"),),
        territory="XX",
        legal_notices=(Text("en", "Notice"),),
        historical_period=65535,
        pointers=(
            Pointer(
                location="https://example.org/lotl.xml",
                identities=(DigitalIdentity((ListedCertificate(b"\x30\x00"),)), DigitalIdentity()),
                territory="EU",
                mime_type=XML_MIME_TYPE,
                list_type=EU_LIST,
                operator_names=(Text("en", "EC"),),
                community_rules=(Text("en", "rules"),),
                texts=(Text("en", "Hello"),),
                other=("<agreement></agreement>", "words"),
            ),
            Pointer("https://example.org/bare.xml", ()),
        ),
        distribution_points=("https://example.org/tl.xml",),
        extensions=(Extension(critical=False, content=UnknownExtension("", "text")),),
    ),
    providers=(
        TrustServiceProvider(
            names=(Text("en", "Provider"),),
            trade_names=(Text("en", "VATXX-1"),),
            address=Address((PostalAddress("en", "S", "T", "", "", "XX"),), (Text("en", "mailto:p@example.org"),)),
            information_uris=(Text("en", "https://p.example"),),
            services=(
                TrustService(
                    STATE,
                    history=(
                        replace(STATE, extensions=(), identity=DigitalIdentity(skis=(b"\x01",))),
                        ServiceState("", (), DigitalIdentity(), "", None),
                    ),
                    scheme_definition_uris=(Text("en", "https://s.example"),),
                    supply_points=(SupplyPoint("https://a.example"), SupplyPoint("https://b.example", "type")),
                    provider_definition_uris=(Text("en", "https://d.example"),),
                ),
            ),
            extensions=(Extension(critical=False, content=AdditionalServiceInformation("u", lang="")),),
        ),
        TrustServiceProvider((), (), Address(), (), ()),
    ),
    tag="http://uri.etsi.org/19612/TSLTag",
    id="list-12",
)


def names(element: etree._Element) -> list[str]:
    return [local_name(child.tag) for child in element]


@pytest.mark.parametrize("document", [SMALL, FULL])
def test_a_written_list_is_read_back_as_it_was(document: TrustedList) -> None:
    tree = write(document)
    assert read(tree) == document
    assert read_unverified(to_utf8(tree)) == document
    assert read_unverified(canonicalise(tree, exclusive=True)) == document


def test_5_3_the_scheme_comes_in_the_order_of_the_schema() -> None:
    root = write(FULL)
    assert dict(root.attrib) == {"TSLTag": LIST_TAG, "Id": "list-12"}
    assert names(root) == ["SchemeInformation", "TrustServiceProviderList"]
    assert names(root[0]) == [
        *("TSLVersionIdentifier", "TSLSequenceNumber", "TSLType", "SchemeOperatorName", "SchemeOperatorAddress"),
        *("SchemeName", "SchemeInformationURI", "StatusDeterminationApproach", "SchemeTypeCommunityRules"),
        *("SchemeTerritory", "PolicyOrLegalNotice", "HistoricalInformationPeriod", "PointersToOtherTSL"),
        *("ListIssueDateTime", "NextUpdate", "DistributionPoints", "SchemeExtensions"),
    ]


def test_5_5_a_service_comes_in_the_order_of_the_schema() -> None:
    service = next(write(FULL).iter(f"{{{TSL}}}TSPService"))
    assert names(service) == ["ServiceInformation", "ServiceHistory"]
    assert names(service[0]) == [
        *("ServiceTypeIdentifier", "ServiceName", "ServiceDigitalIdentity", "ServiceStatus", "StatusStartingTime"),
        *("SchemeServiceDefinitionURI", "ServiceSupplyPoints", "TSPServiceDefinitionURI"),
        "ServiceInformationExtensions",
    ]


def test_what_the_model_leaves_empty_is_left_out() -> None:
    root = write(SMALL)
    assert names(root) == ["SchemeInformation"]
    assert names(root[0]) == [
        *("TSLVersionIdentifier", "TSLSequenceNumber", "TSLType", "ListIssueDateTime", "NextUpdate")
    ]
    assert "Id" not in root.attrib


def test_5_2_a_list_without_a_tag_gets_the_one_of_the_standard() -> None:
    assert write(replace(SMALL, tag="")).get("TSLTag") == LIST_TAG


def test_5_1_3_instants_are_written_in_utc() -> None:
    issued_at = datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    root = write(replace(SMALL, scheme=replace(SMALL.scheme, issued_at=issued_at)))
    assert root[0].findtext(f"{{{TSL}}}ListIssueDateTime") == "2026-01-01T00:00:00Z"


def test_foreign_xml_keeps_its_prefixes_and_its_lack_of_a_namespace() -> None:
    text = to_utf8(write(FULL)).decode()
    assert '<a:y xmlns:a="urn:x"/>' in text
    assert "<agreement/>" in text
    assert KEY_VALUE.replace("<k:X></k:X>", "<k:X/>") in text


def with_service(state: ServiceState) -> TrustedList:
    provider = TrustServiceProvider((), (), Address(), (), (TrustService(state),))
    return replace(SMALL, providers=(provider,))


@pytest.mark.parametrize("text", ["nul \0", "escape \x1b", "surrogate \ud800", "\uffff"])
def test_characters_that_xml_does_not_know_are_refused(text: str) -> None:
    with pytest.raises(ListRefusedError) as refusal:
        write(with_service(replace(STATE, names=(Text("en", text),))))
    assert refusal.value.reason_id == "LIST_UNWRITABLE"


@pytest.mark.parametrize("key", ['{"kty":"EC"}', "<KeyValue/>", "<broken", ""])
def test_5_5_3_keys_in_another_form_are_refused(key: str) -> None:
    with pytest.raises(ListRefusedError, match="KeyValue as XML") as refusal:
        write(with_service(replace(STATE, identity=DigitalIdentity(key_values=(key,)))))
    assert refusal.value.reason_id == "LIST_UNWRITABLE"


def test_text_that_looks_like_a_place_for_content_is_text() -> None:
    document = with_service(replace(STATE, names=(Text("en", "<?content 0?>"),)))
    assert read(write(document)) == document


def test_content_with_an_instruction_like_ours_stays_where_it_is() -> None:
    other = ('<a xmlns="urn:a"><?content 1?></a>', '<b xmlns="urn:b"></b>')
    identity = DigitalIdentity(other=other)
    assert (
        read(write(with_service(replace(STATE, identity=identity, extensions=())))).services[0].current.identity
        == identity
    )


texts = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), min_size=1, max_size=20
).filter(lambda text: text == text.strip(" \t\r\n"))


@given(names=st.lists(st.builds(Text, texts, texts), max_size=3), other=st.lists(texts, max_size=3), der=st.binary())
def test_whatever_xml_can_say_comes_back(names: list[Text], other: list[str], der: bytes) -> None:
    state = replace(
        STATE,
        names=tuple(names),
        identity=DigitalIdentity(certificates=(ListedCertificate(der),), skis=(der,), other=tuple(other)),
    )
    document = with_service(state)
    assert read_unverified(to_utf8(write(document))) == document
