# SPDX-License-Identifier: Apache-2.0
"""Issues of a list: what is signed was checked, verifies, says what was meant, and follows on the issue before."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulators.own_lists import AT, OPERATOR, OwnNetwork, content, data_of, issue, new_key, own_network
from trust_lists.certificates.listed import listed
from trust_lists.documents.model import Dialect
from trust_lists.documents.reading import read_unverified
from trust_lists.errors import ListSourceError, SigningError
from trust_lists.publishing import issuing
from trust_lists.publishing.issuing import (
    allowed_signers,
    prepare,
)
from trust_lists.publishing.source import read_source
from trust_lists.sources.verifying import verify_list

XML, JSON = Dialect.TS_119_612, Dialect.LOTE_JSON
LATER, LATEST = AT + timedelta(days=30), AT + timedelta(days=60)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> OwnNetwork:
    return own_network(tmp_path_factory.mktemp("network"))


# What comes out


def test_one_source_gives_two_signed_lists_that_say_the_same(network: OwnNetwork) -> None:
    issues = issue(network)
    xml, json = issues[XML].verified, issues[JSON].verified
    assert (xml.signature, json.signature) == ("XAdES ecdsa-sha256", "JAdES ES256")
    assert (xml.warnings, json.warnings) == ((), ())
    assert xml.document.services == json.document.services
    assert xml.signer == json.signer == network.signers[0]
    assert xml.signing_time == json.signing_time == AT
    again = verify_list(xml.data, signers=network.signers, verification_time=AT)
    assert again.document == xml.document


EVERYTHING: dict[str, Any] = {
    "profile": "standard",
    "files": {"trusted_list": "be.xml"},
    "scheme": {
        "territory": "BE",
        "list_type": "EUgeneric",
        "operator": {
            "name": {"en": OPERATOR, "fr": "Autorité « Exemple »", "lt": "Sąrašas <&>"},
            "post": [
                {"street": "Street 1", "locality": "Brussels", "state": "B", "postal_code": "1000", "country": "BE"},
                {"lang": "fr", "street": "Rue 1", "locality": "Bruxelles", "country": "BE"},
            ],
            "email": {"en": "trust@example.org", "fr": "confiance@example.org"},
            "web": "https://trust.example.org/?a=1&b=2",
            "telephone": "+32 2 000",
        },
        "name": {"en": "Trusted list", "fr": "Liste de confiance"},
        "information": {"en": "https://trust.example.org/en", "fr": "https://trust.example.org/fr"},
        "rules": [
            "http://uri.etsi.org/TrstSvc/TrustedList/schemerules/EUcommon",
            "http://uri.etsi.org/TrstSvc/TrustedList/schemerules/BE",
        ],
        "legal_notice": {"en": "First line.\n  Second line.", "fr": "Première ligne."},
        "distribution_points": ["https://trust.example.org/be.xml"],
        "pointers": [
            {
                "location": "https://example.org/lotl.xml",
                "list_type": "EUlistofthelists",
                "territory": "EU",
                "operator": "European Commission",
                "rules": "http://uri.etsi.org/TrstSvc/TrustedList/schemerules/EUlistofthelists",
                "certificates": ["ap-ca.pem", "smp-ca.pem"],
            }
        ],
    },
    "providers": [
        content()["providers"][0]
        | {
            "trade_name": ["VATBE-0123456789", "Trade name"],
            "services": [
                {
                    "type": "CA/QC",
                    "name": {"en": "Qualified", "fr": "Qualifié"},
                    "certificates": ["ap-ca.pem"],
                    "scheme_definition": "https://trust.example.org/definition",
                    "provider_definition": {"en": "https://ca.example.org/cps", "fr": "https://ca.example.org/dpc"},
                    "supply_points": [
                        {"uri": "http://ca.example.org/crl", "type": "Certstatus/CRL/QC"},
                        {"uri": "http://ca.example.org/ocsp", "type": "Certstatus/OCSP/QC"},
                    ],
                    "extensions": {
                        "additional_information": ["ForeSeals", {"uri": "ForeSignatures", "critical": True}],
                        "expired_certificates_since": "2020-01-01T00:00:00Z",
                        "taken_over_by": {
                            "uri": "https://example.org/taken",
                            "name": {"en": "New", "fr": "Nouveau"},
                            "operator": OPERATOR,
                            "territory": "FR",
                            "critical": True,
                        },
                        "qualifications": [
                            {
                                "qualifiers": ["QCWithQSCD", "QCForESeal"],
                                "criteria": {
                                    "all": [
                                        {"policies": ["1.3.6.1.4.1.1", "2.5.29.32.0"]},
                                        {"key_usage": {"nonRepudiation": True, "keyCertSign": False}},
                                        {"any": [{"extended_key_usage": "1.3.6.1.5.5.7.3.4"}]},
                                        {"none": [{"subject_attributes": ["2.5.4.10"]}]},
                                    ],
                                    "description": "cards",
                                },
                            }
                        ],
                    },
                },
                {"type": "RA/nothavingPKIid", "name": "RA", "status": "recognisedatnationallevel"}
                | {"other_ids": ["https://ca.example.org/ra"]},
            ],
        }
    ],
}


def test_everything_that_a_source_can_say_is_in_the_signed_list(network: OwnNetwork) -> None:
    first = issue(network, EVERYTHING)
    document = first[XML].verified.document
    assert len(document.services[0].current.extensions) == 5
    assert document.scheme.operator_names[2].value == "Sąrašas <&>"
    assert document.scheme.legal_notices[0].value == "First line.\n  Second line."
    second = issue(network, EVERYTHING, LATER, data_of(first))[XML].verified.document
    assert second.services == document.services, "what is read again is no change"


NOT_IN_XML = [chr(code) for code in (*range(32), 0xFFFE, 0xFFFF) if chr(code) not in "\t\n\r"]
TEXT = st.text(st.characters(codec="utf-8", exclude_characters=NOT_IN_XML), max_size=40).map(lambda text: f"x{text}")


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=TEXT, notice=TEXT, street=TEXT)
def test_any_text_comes_out_as_it_was_meant(name: str, notice: str, street: str, network: OwnNetwork) -> None:
    said = content()
    said["scheme"] |= {"name": name, "legal_notice": notice}
    said["providers"][0]["post"] = said["providers"][0]["post"] | {"street": street}
    del said["scheme"]["policy"]
    for each in issue(network, said).values():
        document = each.verified.document
        assert document.scheme.names[0].value == f"EU:{' '.join(name.split())}"
        assert document.providers[0].address.postal[0].street == " ".join(street.split())
        assert document.scheme.legal_notices[0].value == notice.strip()


def test_a_list_of_lists_has_pointers_only(network: OwnNetwork) -> None:
    said = {key: value for key, value in EVERYTHING.items() if key != "providers"}
    said["scheme"] = EVERYTHING["scheme"] | {"territory": "XX", "list_type": "XXlistofthelists"}
    document = issue(network, said)[XML].verified.document
    assert (document.providers, len(document.scheme.pointers)) == ((), 1)


def test_closing_a_list(network: OwnNetwork) -> None:
    last = content()
    last["scheme"]["closed"] = True
    issues = issue(network, last, LATER, data_of(issue(network)))
    assert {each.verified.document.scheme.next_update for each in issues.values()} == {None}


def test_warnings_are_told_and_errors_stop_the_issue(network: OwnNetwork) -> None:
    other = new_key("Somebody", "Another Organisation")
    issues = issue(network, key=other)
    assert "TS119612-5.7-OPERATOR" in {finding.rule for finding in issues[XML].warnings}
    assert "TS119602-6.8" in {finding.rule for finding in issues[JSON].warnings}

    said = content()
    said["scheme"]["operator"]["web"] = "ftp://example.org/"
    with pytest.raises(ListSourceError) as error:
        issue(network, said)
    assert "TS119612-5.3.5.2" in str(error.value)


def test_the_reasons_of_all_lists_come_together(network: OwnNetwork) -> None:
    said = content()
    said["scheme"]["next_update"] = "9 months"
    with pytest.raises(ListSourceError) as error:
        issue(network, said)
    assert {reason.split(":")[0] for reason in error.value.reasons} == {"example-tl.xml", "example-lote.json"}


# Who signs


def test_a_key_that_may_not_sign_lists_signs_nothing(network: OwnNetwork) -> None:
    with pytest.raises(SigningError, match="authority"):
        issue(network, key=network.ap_ca)
    with pytest.raises(SigningError, match="not valid"):
        issue(network, key=new_key("Old", OPERATOR, end=AT - timedelta(days=1)))


def test_a_source_may_name_who_signs(network: OwnNetwork) -> None:
    """Two certificates with shifted validity, so that the key can be changed (A.2)."""
    following = new_key("Next", OPERATOR)
    network.add("tlso-1.pem", network.tlso)
    network.add("tlso-2.pem", following)
    said = content() | {"signers": ["tlso-1.pem", "tlso-2.pem"]}
    first = issue(network, said)
    second = issue(network, said, LATER, data_of(first), key=following)
    assert second[XML].verified.signer == listed(following.certificate)
    with pytest.raises(ListSourceError, match="is not among them"):
        issue(network, said, LATEST, data_of(second), key=new_key("Else", OPERATOR))


def test_without_a_key_the_source_must_say_who_signed_the_issue_before(network: OwnNetwork) -> None:
    before = data_of(issue(network))
    source = read_source(network.write(content()))
    with pytest.raises(ListSourceError, match="the previous issue is not accepted"):
        prepare(source, before, allowed_signers(source, None), LATER)


# What would be a mistake of ours


def test_what_reads_differently_than_meant_is_not_written(network: OwnNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    real = issuing.verify_list

    def other(*arguments: Any, **more: Any) -> Any:
        found = real(*arguments, **more)
        return replace(found, document=replace(found.document, providers=()))

    monkeypatch.setattr(issuing, "verify_list", other)
    with pytest.raises(SigningError, match="reads differently"):
        issue(network)


def test_a_draft_that_reads_differently_is_refused(network: OwnNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issuing, "read_unverified", lambda data: replace(read_unverified(data), providers=()))
    with pytest.raises(ListSourceError, match="read differently"):
        issue(network)
