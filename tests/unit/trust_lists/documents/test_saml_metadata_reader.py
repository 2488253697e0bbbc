# SPDX-License-Identifier: Apache-2.0
"""SAML metadata and lists of metadata services as documents: keys, dates and places, read strictly."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest

from tests.simulators.certificate_chains import Authority, rsa_key
from tests.simulators.saml_metadata import (
    AT,
    MD,
    NODE,
    OTHER,
    by_certificate,
    by_der,
    by_value,
    entities,
    entity,
    key,
    location,
    service_list,
)
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.public_keys import canonical_key
from trust_lists.documents.key_info import KeyInfo, read_key_info
from trust_lists.documents.metadata_service_list import MetadataLocation, MetadataServiceList, read_service_list
from trust_lists.documents.saml_metadata import Entity, Lasting, SamlMetadata, read_saml_metadata
from trust_lists.documents.xml_dates import read_date, read_duration
from trust_lists.errors import CertificateError, MetadataRefusedError
from trust_lists.xml import parse_xml

CERTIFICATE, OTHERS = Authority("authority").issue("one"), Authority("authority").issue("two")
RSA = Authority("authority").issue("rsa", key=rsa_key(2048))
DSIG = "http://www.w3.org/2000/09/xmldsig#"
DAY = timedelta(days=1)


def read(text: str) -> SamlMetadata:
    return read_saml_metadata(parse_xml(text.encode()))


def only(text: str) -> Entity:
    ((found,),) = read(text).entities.values()
    return found


def services(text: str) -> MetadataServiceList:
    return read_service_list(parse_xml(text.encode()))


def key_info(content: str) -> KeyInfo:
    return read_key_info(parse_xml(f'<ds:KeyInfo xmlns:ds="{DSIG}">{content}</ds:KeyInfo>'.encode()))


# Metadata


def test_keys_have_their_use_and_the_earliest_dates_around_them() -> None:
    inner = entity(
        NODE,
        key(by_certificate(CERTIFICATE), "signing"),
        key(by_value(OTHERS), "encryption"),
        until=AT + 3 * DAY,
        role_until=AT + 2 * DAY,
        cached="PT2H",
    )
    group = entities(inner, until=AT + 5 * DAY, cached="PT1H", name="g")
    found = read(entities(group, until=AT + 4 * DAY, cached="PT3H"))
    assert found.lasting == Lasting(AT + 4 * DAY, timedelta(hours=3))
    ((entity_found,),) = found.entities.values()
    assert [(each.use, each.key, each.certificate) for each in entity_found.keys] == [
        ("signing", canonical_key(CERTIFICATE.key), CERTIFICATE),
        ("encryption", canonical_key(OTHERS.key), None),
    ]
    assert {each.lasting for each in entity_found.keys} == {Lasting(AT + 2 * DAY, timedelta(hours=1))}


@pytest.mark.parametrize(
    "role",
    [
        *("RoleDescriptor", "IDPSSODescriptor", "SPSSODescriptor"),
        *("AuthnAuthorityDescriptor", "AttributeAuthorityDescriptor", "PDPDescriptor"),
    ],
)
def test_every_role_has_keys(role: str) -> None:
    assert len(only(entity(NODE, key(by_certificate(CERTIFICATE)), role=role)).keys) == 1


def test_what_no_role_has_is_no_key() -> None:
    assert only(entity(NODE, key(by_certificate(CERTIFICATE)), role="AffiliationDescriptor")).keys == ()
    elsewhere = entity(NODE, key(by_certificate(CERTIFICATE))).replace("md:IDPSSODescriptor", "md:Extensions")
    assert only(elsewhere).keys == ()


def test_an_entity_that_stands_in_several_places_is_known_by_all_of_them() -> None:
    found = read(entities(entity(NODE), entity(OTHER), entities(entity(NODE), name="g")))
    assert {name: len(each) for name, each in found.entities.items()} == {NODE: 2, OTHER: 1}


def test_keys_that_cannot_be_read_are_told_and_hide_no_others() -> None:
    found = only(
        entity(
            NODE,
            key("<ds:KeyName>somebody</ds:KeyName>"),
            key(by_certificate(CERTIFICATE)),
            key(by_certificate(OTHERS), "both"),
            key("").replace("<ds:KeyInfo></ds:KeyInfo>", ""),
        )
    )
    assert [each.certificate for each in found.keys] == [CERTIFICATE]
    assert found.unread == (
        "a KeyInfo has no key that can be read",
        "a KeyDescriptor is for 'both', which means nothing",
        "a KeyDescriptor has 0 KeyInfo elements",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f'<md:IDPSSODescriptor xmlns:md="{MD}"/>', "METADATA_ROOT"),
        (entity(NODE).replace(f'entityID="{NODE}"', ""), "METADATA_ENTITY_ID"),
        (entity(NODE).replace(NODE, ""), "METADATA_ENTITY_ID"),
        (entity(NODE).replace(NODE, "x" * 1_025), "METADATA_ENTITY_ID"),
        (entities(entity(NODE, cached="soon")), "METADATA_DATE"),
        (entities(entity(NODE)).replace("validUntil=", 'validUntil="never" x='), "METADATA_DATE"),
    ],
    ids=["root", "none", "empty", "long", "duration", "date"],
)
def test_what_cannot_be_read_is_refused(text: str, expected: str) -> None:
    with pytest.raises(MetadataRefusedError) as caught:
        read(text)
    assert caught.value.reason_id == expected


def test_processing_instructions_are_passed_over() -> None:
    text = entities(entity(NODE, key(by_certificate(CERTIFICATE)))).replace("<md:", "<?x y?><md:")
    assert len(only(text).keys) == 1


# Keys


@pytest.mark.parametrize("certificate", [CERTIFICATE, RSA], ids=["EC", "RSA"])
def test_a_key_is_the_same_however_it_is_written(certificate: ListedCertificate) -> None:
    found = [key_info(write(certificate)) for write in (by_certificate, by_value, by_der)]
    assert {info.key for info in found} == {canonical_key(certificate.key)}
    assert [info.certificate for info in found] == [certificate, None, None]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "<ds:X509Data/>",
        "<ds:X509Data><ds:X509Certificate/></ds:X509Data>",
        "<ds:X509Data><ds:X509Certificate>AAAA</ds:X509Certificate></ds:X509Data>",
        "<ds:X509Data><ds:X509Certificate>A=AA</ds:X509Certificate></ds:X509Data>",
        "<ds:X509Data><ds:X509Certificate>\u0663</ds:X509Certificate></ds:X509Data>",
        by_certificate(CERTIFICATE) + by_certificate(OTHERS),
        by_certificate(CERTIFICATE) + by_value(OTHERS),
        by_certificate(CERTIFICATE) + "<ds:KeyValue><ds:DSAKeyValue/></ds:KeyValue>",
        by_value(CERTIFICATE).replace("1.2.840.10045.3.1.7", "1.3.132.0.10"),
        by_value(CERTIFICATE).replace('URI="', 'uri="'),
        by_value(RSA).replace("Exponent", "Other"),
        "<ds:KeyValue/>",
        by_value(CERTIFICATE) * 21,
        by_certificate(CERTIFICATE) * 21,
        f"<ds:X509Data><ds:X509Certificate>{b64encode(b'0' * 100_001).decode()}</ds:X509Certificate></ds:X509Data>",
    ],
    ids=range(16),
)
def test_a_key_info_without_just_one_key_is_none(content: str) -> None:
    with pytest.raises(CertificateError):
        key_info(content)


# Dates


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PT6H0M0.000S", timedelta(hours=6)),
        ("P10D", timedelta(days=10)),
        ("PT604800S", timedelta(days=7)),
        ("P1Y2M3DT4H5M6S", timedelta(days=365 + 56 + 3, hours=4, minutes=5, seconds=6)),
        (" PT1M ", timedelta(minutes=1)),
        ("P999999Y", timedelta(days=365_000)),
        ("P999999YT999999999H", timedelta(days=365_000)),
        ("PT0S", timedelta()),
    ],
)
def test_durations_are_read(text: str, expected: timedelta) -> None:
    assert read_duration(parse_xml(f'<x a="{text}"/>'.encode()), "a") == expected


@pytest.mark.parametrize("text", ["", "P", "PT", "P1DT", "-P1D", "1D", "P1H", "PT1D", "P1.5D", "P\u0663D", "PT.5S"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    element = parse_xml(f'<x a="{text}"/>'.encode())
    with pytest.raises(MetadataRefusedError):
        read_duration(element, "a")
    with pytest.raises(MetadataRefusedError):
        read_date(element, "a")


def test_absent_dates_are_none() -> None:
    element = parse_xml(b'<x a="2026-11-20T12:00:00+01:00"/>')
    assert read_date(element, "b") is read_duration(element, "b") is None
    assert read_date(element, "a") == datetime(2026, 11, 20, 11, tzinfo=UTC)


# Lists of metadata services


def test_a_service_list_names_locations_entities_and_signers() -> None:
    found = services(service_list(location(NODE, [CERTIFICATE, OTHERS], NODE, OTHER), location(OTHER, [])))
    assert found.lasting == Lasting(AT + 7 * DAY)
    assert found.of(OTHER) == (
        MetadataLocation(NODE, (NODE, OTHER), (CERTIFICATE, OTHERS)),
        MetadataLocation(OTHER, (OTHER,), ()),
    )
    assert found.of("https://nobody") == ()
    assert services(service_list(until=None)).lasting == Lasting()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (entity(NODE), "METADATA_ROOT"),
        (service_list(location(NODE, [])).replace(f'Location="{NODE}"', ""), "METADATA_LOCATION"),
        (service_list(location(NODE, [CERTIFICATE])).replace("Certificate>", "Certificate>?", 1), "METADATA_LOCATION"),
        (service_list().replace("NextUpdate=", 'NextUpdate="x" y='), "METADATA_DATE"),
    ],
    ids=["root", "location", "certificate", "date"],
)
def test_a_service_list_that_cannot_be_read_is_refused(text: str, expected: str) -> None:
    with pytest.raises(MetadataRefusedError) as caught:
        services(text)
    assert caught.value.reason_id == expected
