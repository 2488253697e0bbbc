# SPDX-License-Identifier: Apache-2.0
"""Trusted lists in XML: what comes out of each part, and what becomes of parts that aren't as they should be."""

import base64
from datetime import UTC, datetime

import pytest

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.documents.model import (
    Address,
    DigitalIdentity,
    PostalAddress,
    ServiceState,
    SupplyPoint,
    Text,
    TrustedList,
    TrustService,
)
from trust_lists.documents.reading import read_unverified
from trust_lists.documents.ts119612.reader import read
from trust_lists.documents.ts119612.values import path_of
from trust_lists.documents.vocabulary import TSL
from trust_lists.errors import ListRefusedError
from trust_lists.xml import parse_xml

SCHEME = {
    "TSLVersionIdentifier": "6",
    "TSLSequenceNumber": "7",
    "TSLType": "http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUgeneric",
    "ListIssueDateTime": "2026-05-22T13:16:35Z",
    "NextUpdate": "<dateTime>2026-11-18T12:16:35Z</dateTime>",
}


def xml_list(*, services: str = "", more: str = "", **scheme: str | None) -> bytes:
    """A list with the services; parts of its scheme are replaced, or left out for None."""
    parts = "".join(f"<{name}>{value}</{name}>" for name, value in (SCHEME | scheme).items() if value is not None)
    provider = f"<TrustServiceProvider><TSPServices>{services}</TSPServices></TrustServiceProvider>"
    return (
        f'<TrustServiceStatusList xmlns="{TSL}" TSLTag="http://uri.etsi.org/19612/TSLTag" Id="list">'
        f"<SchemeInformation>{parts}{more}</SchemeInformation>"
        f"<TrustServiceProviderList>{provider}</TrustServiceProviderList></TrustServiceStatusList>"
    ).encode()


def from_xml(data: bytes) -> TrustedList:
    return read(parse_xml(data))


def service(information: str, history: str = "") -> str:
    return f"<TSPService><ServiceInformation>{information}</ServiceInformation>{history}</TSPService>"


def only_service(information: str, history: str = "") -> TrustService:
    (found,) = from_xml(xml_list(services=service(information, history))).services
    return found


def identity(content: str) -> DigitalIdentity:
    return only_service(f"<ServiceDigitalIdentity>{content}</ServiceDigitalIdentity>").current.identity


# The scheme


def test_a_list_that_says_no_more_than_it_must_is_read() -> None:
    found = from_xml(xml_list())
    assert (found.tag, found.id) == ("http://uri.etsi.org/19612/TSLTag", "list")
    assert (found.scheme.version, found.scheme.sequence) == (6, 7)
    assert found.scheme.issued_at == datetime(2026, 5, 22, 13, 16, 35, tzinfo=UTC)
    assert found.scheme.next_update == datetime(2026, 11, 18, 12, 16, 35, tzinfo=UTC)
    assert found.scheme.operator_names == ()
    assert found.scheme.operator_address == Address()
    assert found.scheme.historical_period is None
    assert found.services == ()


def test_5_3_5_addresses_come_with_their_languages() -> None:
    address = (
        "<SchemeOperatorAddress><PostalAddresses><PostalAddress xml:lang='en'><StreetAddress>1 High St</StreetAddress>"
        "<Locality>Town</Locality><PostalCode>123</PostalCode><CountryName>XX</CountryName></PostalAddress>"
        "</PostalAddresses><ElectronicAddress><URI xml:lang='en'> mailto:a@example.org\n</URI><URI>tel:+1</URI>"
        "</ElectronicAddress></SchemeOperatorAddress>"
    )
    assert from_xml(xml_list(more=address)).scheme.operator_address == Address(
        postal=(PostalAddress("en", "1 High St", "Town", "", "123", "XX"),),
        electronic=(Text("en", "mailto:a@example.org"), Text("", "tel:+1")),
    )


def test_5_3_11_policies_and_legal_notices_are_told_apart() -> None:
    policy = "<PolicyOrLegalNotice><TSLPolicy xml:lang='en'>http://p.example</TSLPolicy></PolicyOrLegalNotice>"
    notice = "<PolicyOrLegalNotice><TSLLegalNotice xml:lang='en'>Law\n 1</TSLLegalNotice></PolicyOrLegalNotice>"
    assert from_xml(xml_list(more=policy)).scheme.policies == (Text("en", "http://p.example"),)
    assert from_xml(xml_list(more=notice)).scheme.legal_notices == (Text("en", "Law\n 1"),)


def test_5_3_13_a_pointer_says_who_signs_the_list_there() -> None:
    pointer = (
        "<PointersToOtherTSL><OtherTSLPointer><ServiceDigitalIdentities><ServiceDigitalIdentity><DigitalId>"
        "<X509Certificate>MAA=</X509Certificate></DigitalId><DigitalId><X509Certificate>MAA=</X509Certificate>"
        "</DigitalId></ServiceDigitalIdentity></ServiceDigitalIdentities><TSLLocation>https://l.example/t.xml"
        "</TSLLocation><AdditionalInformation><TextualInformation xml:lang='en'>Hello</TextualInformation>"
        "<OtherInformation><TSLType>type</TSLType><SchemeTerritory>XX</SchemeTerritory></OtherInformation>"
        "<OtherInformation><SchemeOperatorName><Name xml:lang='en'>Op</Name></SchemeOperatorName></OtherInformation>"
        "<OtherInformation><SchemeTypeCommunityRules><URI xml:lang='en'>rules</URI></SchemeTypeCommunityRules>"
        "</OtherInformation><OtherInformation><m:MimeType xmlns:m='http://uri.etsi.org/02231/v2/additionaltypes#'>"
        "application/vnd.etsi.tsl+xml</m:MimeType></OtherInformation><OtherInformation><a:agreement xmlns:a='urn:a'/>"
        "</OtherInformation></AdditionalInformation></OtherTSLPointer></PointersToOtherTSL>"
    )
    (found,) = from_xml(xml_list(more=pointer)).scheme.pointers
    assert (found.location, found.territory, found.list_type) == ("https://l.example/t.xml", "XX", "type")
    assert found.mime_type == "application/vnd.etsi.tsl+xml"
    assert found.operator_names == (Text("en", "Op"),)
    assert found.community_rules == (Text("en", "rules"),)
    assert found.texts == (Text("en", "Hello"),)
    assert found.other == ('<a:agreement xmlns:a="urn:a"></a:agreement>',)
    assert found.certificates == (ListedCertificate(b"\x30\x00"),)


def test_a_pointer_that_names_two_territories_is_refused() -> None:
    information = "<OtherInformation><SchemeTerritory>XX</SchemeTerritory></OtherInformation>" * 2
    pointer = f"<OtherTSLPointer><AdditionalInformation>{information}</AdditionalInformation></OtherTSLPointer>"
    with pytest.raises(ListRefusedError, match=r"OtherTSLPointer has more than one SchemeTerritory") as refusal:
        from_xml(xml_list(more=f"<PointersToOtherTSL>{pointer}</PointersToOtherTSL>"))
    assert refusal.value.reason_id == "LIST_STRUCTURE"


@pytest.mark.parametrize("name", ["TSLVersionIdentifier", "TSLSequenceNumber", "ListIssueDateTime", "NextUpdate"])
def test_without_version_number_or_dates_no_list_is_read(name: str) -> None:
    with pytest.raises(ListRefusedError, match=f"^TrustServiceStatusList/SchemeInformation has no {name}$") as refusal:
        from_xml(xml_list(**{name: None}))
    assert refusal.value.reason_id == "LIST_STRUCTURE"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TSLVersionIdentifier", "six"),
        ("TSLSequenceNumber", ""),
        ("TSLSequenceNumber", "1_000"),
        ("TSLSequenceNumber", "٣"),
        ("TSLSequenceNumber", "9" * 5000),
        ("ListIssueDateTime", "yesterday"),
        ("NextUpdate", "<dateTime>soon</dateTime>"),
    ],
)
def test_numbers_and_dates_of_the_list_that_cannot_be_read_are_refused(name: str, value: str) -> None:
    with pytest.raises(ListRefusedError, match=f"has a {name} that can't be read") as refusal:
        from_xml(xml_list(**{name: value}))
    assert refusal.value.reason_id == "LIST_STRUCTURE"
    assert len(str(refusal.value)) < 200


def test_what_stands_twice_is_refused_with_its_path() -> None:
    twice = "<ServiceStatus>a</ServiceStatus><ServiceStatus>b</ServiceStatus>"
    with pytest.raises(ListRefusedError) as refusal:
        from_xml(xml_list(services=service("") + service(twice)))
    assert refusal.value.reason_id == "LIST_STRUCTURE"
    assert str(refusal.value) == (
        "TrustServiceStatusList/TrustServiceProviderList/TrustServiceProvider/TSPServices/TSPService[2]"
        "/ServiceInformation has more than one ServiceStatus"
    )


def test_two_next_updates_are_refused() -> None:
    update = "<dateTime>2026-11-18T12:16:35Z</dateTime><dateTime>2027-11-18T12:16:35Z</dateTime>"
    with pytest.raises(ListRefusedError, match="NextUpdate has more than one dateTime"):
        from_xml(xml_list(NextUpdate=update))


@pytest.mark.parametrize("update", ["", " ", "<dateTime/>", "<other xmlns='urn:x'>2027-01-01T00:00:00Z</other>"])
def test_5_3_15_without_a_date_of_the_next_update_the_list_is_closed(update: str) -> None:
    assert from_xml(xml_list(NextUpdate=update)).scheme.next_update is None


def test_a_list_in_a_list_is_refused_wherever_it_stands() -> None:
    inner = xml_list().decode()
    for outer in (
        xml_list(more=inner),
        xml_list(services=service(f"<ServiceDigitalIdentity>{inner}</ServiceDigitalIdentity>")),
    ):
        with pytest.raises(ListRefusedError, match="a list inside the list, at TrustServiceStatusList/") as refusal:
            from_xml(outer)
        assert refusal.value.reason_id == "LIST_NESTED"


def test_another_root_element_is_no_list() -> None:
    with pytest.raises(ListRefusedError) as refusal:
        read(parse_xml(b"<TrustServiceStatusList/>"))
    assert refusal.value.reason_id == "LIST_NOT_A_LIST"


# Services


def test_5_5_a_service_comes_with_its_history_in_the_order_of_the_document() -> None:
    def instance(status: str, since: str) -> str:
        return (
            f"<ServiceHistoryInstance><ServiceStatus>{status}</ServiceStatus>"
            f"<StatusStartingTime>{since}</StatusStartingTime></ServiceHistoryInstance>"
        )

    found = only_service(
        "<ServiceTypeIdentifier> http://t.example\n</ServiceTypeIdentifier>"
        "<ServiceName><Name xml:lang='en'>A</Name><Name xml:lang='fr'>B</Name></ServiceName>"
        "<ServiceStatus>granted</ServiceStatus><StatusStartingTime>2020-01-01T00:00:00Z</StatusStartingTime>"
        "<SchemeServiceDefinitionURI><URI xml:lang='en'>s</URI></SchemeServiceDefinitionURI>"
        "<ServiceSupplyPoints><ServiceSupplyPoint>p</ServiceSupplyPoint><ServiceSupplyPoint type='t'>q"
        "</ServiceSupplyPoint></ServiceSupplyPoints><TSPServiceDefinitionURI><URI xml:lang='en'>d</URI>"
        "</TSPServiceDefinitionURI>",
        f"<ServiceHistory>{instance('b', '2019-01-01T00:00:00Z')}{instance('c', '2018-01-01T00:00:00Z')}"
        "</ServiceHistory>",
    )
    assert found.current.type == "http://t.example"
    assert found.current.names == (Text("en", "A"), Text("fr", "B"))
    assert found.supply_points == (SupplyPoint("p"), SupplyPoint("q", "t"))
    assert found.scheme_definition_uris == (Text("en", "s"),)
    assert found.provider_definition_uris == (Text("en", "d"),)
    assert [(state.status, state.starting_time) for state in found.history] == [
        ("b", datetime(2019, 1, 1, tzinfo=UTC)),
        ("c", datetime(2018, 1, 1, tzinfo=UTC)),
    ]


def test_two_services_in_one_element_are_two_services_and_a_history_belongs_to_the_one_before_it() -> None:
    def information(status: str) -> str:
        return f"<ServiceInformation><ServiceStatus>{status}</ServiceStatus></ServiceInformation>"

    def history(*states: str) -> str:
        instances = "".join(
            f"<ServiceHistoryInstance><ServiceStatus>{each}</ServiceStatus></ServiceHistoryInstance>" for each in states
        )
        return f"<ServiceHistory>{instances}</ServiceHistory>"

    content = f"{information('a')}{history('a1', 'a2')}{history('a3')}{information('b')}{history('b1')}"
    found = from_xml(xml_list(services=f"<TSPService>{content}</TSPService>")).services
    assert [(each.current.status, [state.status for state in each.history]) for each in found] == [
        ("a", ["a1", "a2", "a3"]),
        ("b", ["b1"]),
    ]


def test_a_service_without_information_is_there_but_says_nothing() -> None:
    nothing = ServiceState("", (), DigitalIdentity(), "", None)
    assert from_xml(xml_list(services="<TSPService/>")).services == (TrustService(nothing),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2016-06-30T22:00:00Z", datetime(2016, 6, 30, 22, tzinfo=UTC)),
        ("2016-06-30T22:00:00.25Z", datetime(2016, 6, 30, 22, 0, 0, 250_000, tzinfo=UTC)),
        ("2016-06-30T22:00:00", datetime(2016, 6, 30, 22, tzinfo=UTC)),
        ("\n2016-07-01T00:00:00+02:00 ", datetime(2016, 6, 30, 22, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", None),
        ("2016-13-01T00:00:00Z", None),
        ("1" * 100_000, None),
        ("", None),
    ],
)
def test_odd_instants_of_a_service_are_read_or_absent(text: str, expected: datetime | None) -> None:
    found = only_service(f"<StatusStartingTime>{text}</StatusStartingTime>").current.starting_time
    assert found == expected
    assert found is None or found.tzinfo is UTC


def test_instructions_and_comments_do_not_hide_text() -> None:
    found = only_service("<ServiceStatus>gran<?x y?>t<!-- z -->ed</ServiceStatus>").current
    assert found.status == "granted"
    assert from_xml(xml_list(TSLSequenceNumber="1<?x?>2")).scheme.sequence == 12


def test_white_space_that_xml_does_not_know_stays() -> None:
    assert only_service("<ServiceStatus>\u00a0granted</ServiceStatus>").current.status == "\u00a0granted"


def test_elements_of_other_namespaces_are_not_ours() -> None:
    found = from_xml(xml_list(more="<x:SchemeTerritory xmlns:x='urn:x'>XX</x:SchemeTerritory>"))
    assert found.scheme.territory == ""


# Identities


def digital_id(content: str) -> str:
    return f"<DigitalId>{content}</DigitalId>"


def test_5_5_3_all_kinds_of_identities_are_kept() -> None:
    key = "<k:KeyValue xmlns:k='http://www.w3.org/2000/09/xmldsig#'><k:X/></k:KeyValue>"
    found = identity(
        digital_id("<X509Certificate>MAA=</X509Certificate>")
        + digital_id("<X509SubjectName> CN=a </X509SubjectName>")
        + digital_id(key)
        + digital_id("<X509SKI>AQI=</X509SKI>")
        + digital_id("<Other>https://service.example?a=1&amp;b=2</Other>")
        + digital_id("<Other> <o:id xmlns:o='urn:o'>7</o:id> </Other>")
        + digital_id("<n:New xmlns:n='urn:n'/>")
    )
    assert found == DigitalIdentity(
        certificates=(ListedCertificate(b"\x30\x00"),),
        subject_names=("CN=a",),
        key_values=('<k:KeyValue xmlns:k="http://www.w3.org/2000/09/xmldsig#"><k:X></k:X></k:KeyValue>',),
        skis=(b"\x01\x02",),
        other=(
            "https://service.example?a=1&b=2",
            '<o:id xmlns:o="urn:o">7</o:id>',
            '<n:New xmlns:n="urn:n"></n:New>',
        ),
    )


def test_base64_is_read_through_all_white_space() -> None:
    der = bytes(range(256))
    text = base64.b64encode(der).decode()
    folded = "\r\n\t ".join(text[at : at + 7] for at in range(0, len(text), 7))
    assert identity(digital_id(f"<X509Certificate>\n {folded} \n</X509Certificate>")).certificates[0].der == der


@pytest.mark.parametrize(
    "text", ["not base64!", "MAA", "MA==AA==", "-----BEGIN CERTIFICATE-----MAA=-----END CERTIFICATE-----", "é"]
)
def test_text_that_is_no_base64_is_kept_as_a_certificate_that_cannot_be_read(text: str) -> None:
    (certificate,) = identity(digital_id(f"<X509Certificate>{text}</X509Certificate>")).certificates
    assert certificate.der == "".join(text.split()).encode()
    assert certificate.certificate is None
    assert certificate.problem


def test_paths_count_siblings_of_the_same_name() -> None:
    root = parse_xml(b"<a xmlns='urn:a'><b/><c/><b><d/></b></a>")
    assert [path_of(element) for element in root.iter()] == ["a", "a/b[1]", "a/c", "a/b[2]", "a/b[2]/d"]


def test_reading_takes_bytes_too() -> None:
    assert read_unverified(b"\xef\xbb\xbf\n" + xml_list()) == from_xml(xml_list())
    assert read_unverified(xml_list().decode().encode("utf-16")) == from_xml(xml_list())
