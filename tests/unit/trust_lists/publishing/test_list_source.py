# SPDX-License-Identifier: Apache-2.0
"""The YAML source of a list: what it may say, and that everything wrong with it is said at once, with its place."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.serialization import Encoding

from tests.simulators.own_lists import (
    BASE,
    PROVIDER,
    OwnNetwork,
    certificate_pem,
    content,
    own_network,
    services_of,
)
from trust_lists.documents import vocabulary
from trust_lists.documents.model import (
    AdditionalServiceInformation,
    Assertion,
    Dialect,
    ExpiredCertsRevocationInfo,
    KeyUsageCriterion,
    PolicyCriterion,
    Qualifications,
    TakenOverBy,
    Text,
)
from trust_lists.errors import ListSourceError
from trust_lists.publishing.source import ListSource, Period, parse_source, read_source, template


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> OwnNetwork:
    return own_network(tmp_path_factory.mktemp("network"))


Reading = Callable[[dict[str, Any]], ListSource]


@pytest.fixture(scope="module")
def read(network: OwnNetwork) -> Reading:
    return lambda source: parse_source(yaml.safe_dump(source, allow_unicode=True).encode(), network.folder)


# What a source says


def test_a_plain_text_is_english_and_languages_are_named(read: Reading) -> None:
    source = content()
    source["scheme"]["operator"]["name"] = {"fr": "Réseau", "en": "Network", "lt": ["Tinklas", "Kitas"]}
    scheme = read(source).scheme
    assert scheme.operator_names == (
        Text("en", "Network"),
        Text("fr", "Réseau"),
        Text("lt", "Tinklas"),
        Text("lt", "Kitas"),
    )
    assert scheme.information_uris == (Text("en", "https://trust.example.org/lists"),)


def test_addresses_get_their_schemes(read: Reading) -> None:
    source = content()
    source["scheme"]["operator"]["telephone"] = "+32 2 000 00 00"
    assert [text.value for text in read(source).scheme.operator_address.electronic] == [
        "mailto:trust@example.org",
        "https://trust.example.org/",
        "tel:+3220000000",
    ]


def test_the_scheme_name_begins_with_the_territory(read: Reading) -> None:
    assert read(content()).scheme.names == (Text("en", "EU:Trusted list of the Example Network"),)
    source = content()
    source["scheme"]["name"] = "EU:Mine"
    assert read(source).scheme.names == (Text("en", "EU:Mine"),)


def test_norway_is_a_country(read: Reading) -> None:
    source = content()
    source["scheme"]["territory"] = "NO"
    data = yaml.safe_dump(source).replace("'NO'", "NO").encode()
    assert b"territory: NO\n" in data
    folder = Path(__file__).parent
    with pytest.raises(ListSourceError) as error:  # only its certificates are missing in this folder
        parse_source(data, folder)
    assert all("certificates" in reason for reason in error.value.reasons)


def test_the_edelivery_profile_has_types_of_its_own_and_standard_statuses(read: Reading) -> None:
    source = read(content())
    first, second = source.providers[0].services
    assert (first.type, second.type) == (f"{BASE}Svctype/AccessPoint/CA", f"{BASE}Svctype/SMP/CA")
    assert first.status == vocabulary.GRANTED
    assert source.scheme.list_types == {
        Dialect.TS_119_612: f"{vocabulary.LIST_TYPE}EUlist",
        Dialect.LOTE_JSON: f"{BASE}LoTEType/EDeliveryProvidersList",
    }
    assert source.scheme.community_rules == (Text("en", f"{BASE}rules"),)


def test_without_a_base_the_uris_stand_on_the_schemes_own_site(read: Reading) -> None:
    source = content()
    del source["base_uri"]
    assert read(source).providers[0].services[0].type == f"{BASE}Svctype/AccessPoint/CA"


def test_the_standard_profile_has_the_names_of_the_standard_and_one_file(network: OwnNetwork, read: Reading) -> None:
    source = content()
    del source["profile"], source["base_uri"], source["files"]
    source["scheme"]["territory"] = "BE"
    source["scheme"]["list_type"] = "EUgeneric"
    services_of(source)[0]["type"] = "CA/QC"
    services_of(source)[1] |= {"type": "https://example.org/Type", "status": "withdrawn"}
    found = read(source)
    assert found.files == {Dialect.TS_119_612: "list.xml"}
    assert found.scheme.list_types[Dialect.TS_119_612] == vocabulary.EU_LIST
    assert found.scheme.status_determinations[Dialect.TS_119_612] == f"{vocabulary.DETERMINATION}EUappropriate"
    rules = "http://uri.etsi.org/TrstSvc/TrustedList/schemerules"
    assert [text.value for text in found.scheme.community_rules] == [f"{rules}/EUcommon", f"{rules}/BE"]
    first, second = found.providers[0].services
    assert (first.type, second.type, second.status) == (
        vocabulary.CA_QC,
        "https://example.org/Type",
        vocabulary.WITHDRAWN,
    )


def test_files_are_named_after_the_source(network: OwnNetwork) -> None:
    source = content()
    del source["files"]
    assert read_source(network.write(source)).files == {
        Dialect.TS_119_612: "example.xml",
        Dialect.LOTE_JSON: "example-lote.json",
    }


def test_certificates_are_files_or_stand_in_the_source(network: OwnNetwork, read: Reading) -> None:
    der = network.ap_ca.certificate.public_bytes(Encoding.DER)
    (network.folder / "ap-ca.cer").write_bytes(der)
    identities = set()
    for written in ("ap-ca.pem", "ap-ca.cer", certificate_pem(network.ap_ca).decode(), base64.b64encode(der).decode()):
        source = content()
        services_of(source)[0]["certificates"] = [written]
        identities.add(read(source).providers[0].services[0].identity)
    (identity,) = identities
    assert [each.der for each in identity.certificates] == [der]
    assert identity.subject_names == (f"CN=Access Point CA,O={PROVIDER},C=BE",)
    assert len(identity.skis) == 1


def test_a_service_without_a_key_has_another_identifier(read: Reading) -> None:
    source = content()
    services_of(source)[0] = {"type": "RA/nothavingPKIid", "name": "RA", "other_ids": ["https://example.org/ra"]}
    identity = read(source).providers[0].services[0].identity
    assert (identity.other, identity.certificates, identity.skis) == (("https://example.org/ra",), (), ())


def test_extensions(read: Reading) -> None:
    source = content()
    criteria = {
        "all": [
            {"policies": ["1.3.6.1.4.1.1", "2.5.29.32.0"]},
            {"qc_statements": "0.4.0.1862.1.1"},
            {"none": [{"key_usage": {"nonRepudiation": True, "keyCertSign": False}}], "description": "no CAs"},
        ]
    }
    services_of(source)[0]["extensions"] = {
        "additional_information": ["ForeSeals", {"uri": "https://example.org/x", "value": "y", "critical": True}],
        "qualifications": [{"qualifiers": ["QCForESeal", "https://example.org/q"], "criteria": criteria}],
        "taken_over_by": {"uri": "https://example.org", "name": "New", "operator": "Op", "territory": "FR"},
        "expired_certificates_since": "2026-01-01T00:00:00+01:00",
    }
    seals, other, qualifications, taken, expired = read(source).providers[0].services[0].extensions
    assert (seals.critical, seals.content) == (False, AdditionalServiceInformation(vocabulary.FOR_SEALS))
    assert (other.critical, other.content) == (True, AdditionalServiceInformation("https://example.org/x", "y"))
    assert (taken.critical, expired.critical) == (False, False)
    assert taken.content == TakenOverBy("https://example.org", (Text("en", "New"),), (Text("en", "Op"),), "FR")
    assert expired.content == ExpiredCertsRevocationInfo(datetime(2025, 12, 31, 23, tzinfo=UTC))
    assert qualifications.critical
    assert isinstance(qualifications.content, Qualifications)
    (element,) = qualifications.content.elements
    assert element.qualifiers == (f"{vocabulary.INFORMATION}QCForESeal", "https://example.org/q")
    policies, nested, statements = element.criteria.criteria
    assert getattr(statements, "oids", ()) == ("0.4.0.1862.1.1",)
    assert (element.criteria.assertion, policies) == (Assertion.ALL, PolicyCriterion(("1.3.6.1.4.1.1", "2.5.29.32.0")))
    assert getattr(nested, "description", "") == "no CAs"
    assert getattr(nested, "criteria", ()) == (KeyUsageCriterion((("nonRepudiation", True), ("keyCertSign", False))),)


def test_pointers_and_what_else_a_scheme_may_say(read: Reading) -> None:
    source = content()
    source["scheme"] |= {
        "next_update": "30 days",
        "history_days": 3650,
        "distribution_points": ["https://trust.example.org/example-tl.xml"],
        "pointers": [
            {
                "location": "https://example.org/lotl.xml",
                "list_type": "EUlistofthelists",
                "territory": "EU",
                "operator": "European Commission",
                "certificates": ["ap-ca.pem", "smp-ca.pem"],
            }
        ],
    }
    source["signers"] = ["ap-ca.pem"]
    found = read(source)
    (pointer,) = found.scheme.pointers
    assert (pointer.list_type, pointer.mime_type) == (vocabulary.EU_LIST_OF_LISTS, vocabulary.XML_MIME_TYPE)
    assert len(pointer.certificates) == 2
    assert (found.scheme.next_update, found.scheme.historical_period) == (Period(days=30), 3650)
    assert len(found.signers) == 1


def test_the_template_is_a_source(network: OwnNetwork) -> None:
    found = parse_source(template().encode(), network.folder)
    assert [service.names[0].value for service in found.providers[0].services] == [
        "Access point certificates",
        "SMP certificates",
    ]
    assert found.scheme.next_update == Period(months=6)


def test_aliases_save_writing(network: OwnNetwork) -> None:
    text = template().replace(
        "    post: {street: Example Street 2, locality: Brussels, country: BE}", "    post: *address"
    )
    text = text.replace("    post: {street: Example Street 1", "    post: &address {street: Example Street 1")
    found = parse_source(text.encode(), network.folder)
    assert found.providers[0].address.postal == found.scheme.operator_address.postal
