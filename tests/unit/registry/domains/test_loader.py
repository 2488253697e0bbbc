# SPDX-License-Identifier: Apache-2.0
"""Domains from profiles and settings."""

import re
from pathlib import Path

import pytest
import yaml

from registry.domains.domain import Domain
from registry.domains.loader import domain_to_mapping, load_domain, profile_names
from registry.errors import ConfigurationError
from registry.identifiers.dns_names import NameForm

PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
OTHER = PEM.replace("AAAA", "BBBB")


def test_profiles_that_come_with_the_package() -> None:
    networks = ("dbnalliance", "de4a", "e-codex", "e-sens", "ehdsi", "hr-eracun", "oots", "spocs", "stork-eidas")
    assert set(profile_names()) == {"demo", "peppol", "peppol-test", "toop", "we-build", *networks}


@pytest.mark.parametrize("name", profile_names())
def test_profile_is_complete_and_named_after_its_file(name: str) -> None:
    domain = load_domain(name)
    assert (domain.name, domain.profile) == (name, name)
    assert domain.title
    assert domain.summary


@pytest.mark.parametrize("name", profile_names())
def test_no_profile_ships_trust(name: str) -> None:
    domain = load_domain(name)
    trust = domain.trust
    roles = {"ap-encrypt", "ap-sign"} | ({"smp-sign", "sml-client"} if domain.kind == "dynamic" else set())
    assert set(trust.roles) == roles
    assert all(role.trusts_nobody for role in trust.roles.values())


def test_peppol_production() -> None:
    domain = load_domain("peppol")
    assert domain.dns.zone == "participant.sml.prod.tech.peppol.org"
    assert domain.dns.naptr_service == "Meta:SMP"
    assert domain.sml.url_schemes == {"https"}
    assert not domain.sml.enabled
    assert domain.identifiers.strict
    assert domain.endpoint_certificates == "refuse"
    assert domain.transport_profiles == domain.identifiers.transport_profile.allowed == ("peppol-transport-as4-v2_0",)


@pytest.mark.parametrize(("name", "stage"), [("peppol", "PRODUCTION"), ("peppol-test", "TEST")])
def test_peppol_roles_are_told_apart_by_the_organisational_unit(name: str, stage: str) -> None:
    trust = load_domain(name).trust
    for role, kind in (("smp-sign", "SMP"), ("sml-client", "SMP"), ("ap-sign", "AP"), ("ap-encrypt", "AP")):
        (pattern,) = trust.role(role).subject_patterns
        assert re.search(pattern, f"CN=POP000306,OU=PEPPOL {stage} {kind},O=Somebody,C=AT")
        assert re.search(pattern, f"C=AT,O=Somebody,OU=PEPPOL {stage} {kind}")
        other_stage = {"PRODUCTION": "TEST", "TEST": "PRODUCTION"}[stage]
        other_kind = {"SMP": "AP", "AP": "SMP"}[kind]
        assert not re.search(pattern, f"CN=POP000306,OU=PEPPOL {other_stage} {kind},O=Somebody,C=AT")
        assert not re.search(pattern, f"CN=POP000306,OU=PEPPOL {stage} {other_kind},O=Somebody,C=AT")
        assert not re.search(pattern, f"CN=POP000306,OU=PEPPOL {stage} {kind}S,O=Somebody,C=AT")


def test_peppol_test_differs_from_production_in_zone_and_trust_only() -> None:
    test, production = load_domain("peppol-test"), load_domain("peppol")
    assert test.dns.zone == "participant.sml.test.tech.peppol.org"
    assert test.identifiers == production.identifiers
    assert test.sml == production.sml


def test_demo_is_lax_and_serves_its_own_zone() -> None:
    domain = load_domain("demo")
    assert domain.dns.zone == "sml.test"
    assert domain.sml.enabled
    assert domain.sml.url_schemes == {"http", "https"}
    assert domain.default
    assert not domain.identifiers.strict
    assert domain.endpoint_certificates == "warn"
    assert domain.transport_profiles == ()
    assert not any(role.subject_patterns for role in domain.trust.roles.values())


def test_settings_win_key_by_key() -> None:
    domain = load_domain(
        "peppol",
        {
            "name": "peppol-eu",
            "title": "Ours",
            "default": True,
            "identifiers": {"strict": False},
            "dns": {
                "zone": "SML.Example.",
                "ttl": 300,
                "soa_minimum": 30,
                "name_servers": ["NS1.example.", "ns2.example"],
                "hostmaster": "dns@example.org",
                "legacy_cname": True,
                "name_form": {"lowercase_before_hash": False},
            },
            "smp": {"base_url": "https://SMP.example/Peppol/", "smp_id": "SMP-1"},
            "sml": {"enabled": True, "wildcard_owners": {"a-b-c": ["SMP-1"]}},
            "trust": {"smp-sign": {"pins": ["00" * 32]}},
            "endpoint_certificates": "warn",
        },
    )
    assert (domain.name, domain.title, domain.profile) == ("peppol-eu", "Ours", "peppol")
    assert domain.default
    assert not domain.identifiers.strict
    assert domain.identifiers.participant == load_domain("peppol").identifiers.participant
    assert domain.dns.zone == "sml.example"
    assert (domain.dns.ttl, domain.dns.soa_minimum, domain.dns.soa_refresh) == (300, 30, 3600)
    assert domain.dns.name_servers == ("ns1.example", "ns2.example")
    assert domain.dns.hostmaster == "dns@example.org"
    assert domain.dns.legacy_cname
    assert domain.dns.name_form == NameForm(lowercase_before_hash=False)
    assert domain.smp.base_url == "https://smp.example/Peppol"
    assert domain.smp.smp_id == "SMP-1"
    assert domain.sml.wildcard_owners == {"a-b-c": ("SMP-1",)}
    assert domain.trust.role("smp-sign").pins == ("00" * 32,)
    assert domain.trust.role("smp-sign").subject_patterns
    assert domain.endpoint_certificates == "warn"


def test_hostmaster_belongs_to_the_zone_where_none_is_named() -> None:
    assert load_domain("demo", {"dns": {"zone": "x.test"}}).dns.hostmaster == "hostmaster.x.test"


def test_everything_wrong_is_reported_at_once_with_its_path() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_domain(
            "peppol",
            {
                "name": "Not A Name",
                "smp": {"base_ur": "https://x", "base_url": "http://smp.example/?", "smp_id": "-", "dialect": "x"},
                "dns": {"zone": "a..b", "ttl": "60", "name_form": {"icd_label": True}, "soa_minimum": 61},
                "sml": {"enabled": True, "url_schemes": ["gopher"], "wildcard_owners": {"s": ["_"]}, "page_size": 0},
                "trust": {"smp-sign": {"anchor": []}, "ap-sig": {}},
                "identifiers": {"participant": {"schemes": {"x": {"pattern": "(", "cas_sensitive": 1}}}},
                "endpoint_certificates": "no",
                "defalt": True,
            },
        )
    message = str(caught.value)
    for path in (
        "name: lower-case",
        "smp.base_ur: unknown; did you mean base_url?",
        "smp.base_url: ",
        "BASE-URL-SCHEME",
        "BASE-URL-QUERY",
        "smp.smp_id: ",
        "smp.dialect: ",
        "dns.zone: ",
        "dns.ttl: ",
        "dns.soa_minimum: ",
        "dns.name_servers: at least one is needed",
        "dns.name_form.icd_label: unknown; did you mean icd_as_label?",
        "sml.url_schemes: ",
        "sml.wildcard_owners.s: ",
        "sml.page_size: ",
        "trust.smp-sign.anchor: unknown; did you mean anchors?",
        "trust.ap-sig: unknown; did you mean ap-sign?",
        "identifiers.participant.schemes.x.pattern: ",
        "identifiers.participant.schemes.x.cas_sensitive: unknown; did you mean case_sensitive?",
        "endpoint_certificates: ",
        "defalt: unknown; did you mean default?",
    ):
        assert path in message


def test_participants_with_case_need_dns_names_with_case() -> None:
    schemes = {"participant": {"schemes": {"cs-actorid-upis": {"case_sensitive": True}}}}
    with pytest.raises(ConfigurationError, match=r"dns\.name_form\.lowercase_before_hash: must be false"):
        load_domain("demo", {"identifiers": schemes})
    domain = load_domain("demo", {"identifiers": schemes, "dns": {"name_form": {"lowercase_before_hash": False}}})
    assert domain.identifiers.participant.rule("cs-actorid-upis").case_sensitive


def test_a_section_of_the_wrong_kind_is_reported() -> None:
    with pytest.raises(ConfigurationError, match=r"(?s)smp: a section is wanted.*trust: a section is wanted"):
        load_domain("peppol", {"smp": "https://smp.example", "trust": ["x"]})


def test_a_url_scheme_that_is_not_known_breaks_nothing_else() -> None:
    with pytest.raises(ConfigurationError, match=r"sml\.url_schemes: 'gopher' is none of http, https"):
        load_domain("peppol", {"sml": {"url_schemes": ["gopher", "https"]}, "smp": {"base_url": "gopher://smp"}})


def test_sml_needs_at_least_one_url_scheme() -> None:
    with pytest.raises(ConfigurationError, match=r"sml\.url_schemes: at least one is needed"):
        load_domain("peppol", {"sml": {"url_schemes": []}})


def test_certificate_files_are_read_from_the_base_folder(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text(f"Real CA\n{PEM}")
    (tmp_path / "sub.pem").write_text(OTHER)
    role = {"anchors": [OTHER], "anchor_files": ["ca.pem"], "intermediate_files": ["sub.pem"]}
    trust = load_domain("peppol", {"trust": {"smp-sign": role}}, base_dir=tmp_path).trust
    assert trust.role("smp-sign").anchors == (OTHER, PEM)
    assert trust.role("smp-sign").intermediates == (OTHER,)
    assert not trust.role("smp-sign").trusts_nobody


def test_a_missing_certificate_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"missing\.pem can't be read"):
        load_domain("peppol", {"trust": {"ap-sign": {"anchor_files": ["missing.pem"]}}}, base_dir=tmp_path)


def test_certificate_files_are_a_list() -> None:
    with pytest.raises(ConfigurationError, match=r"trust\.ap-sign\.anchor_files"):
        load_domain("peppol", {"trust": {"ap-sign": {"anchor_files": "ca.pem"}}})


def test_a_profile_of_ones_own_may_extend_one_of_the_package(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text(PEM)
    profile = tmp_path / "ours.yaml"
    profile.write_text("extends: demo\ndns: {zone: ours.test}\ntrust: {smp-sign: {anchor_files: [ca.pem]}}\n")
    domain = load_domain(profile)
    assert (domain.name, domain.profile, domain.dns.zone) == ("ours", "ours", "ours.test")
    assert domain.identifiers == load_domain("demo").identifiers
    assert domain.trust.role("smp-sign").anchors == (PEM,)


def test_a_profile_of_ones_own_may_stand_alone(tmp_path: Path) -> None:
    profile = tmp_path / "ours.yaml"
    profile.write_text("dns: {zone: ours.test}\n")
    domain = load_domain(str(profile))
    assert domain.identifiers.strict
    assert domain.sml.url_schemes == {"https"}


@pytest.mark.parametrize("extends", ["nowhere", "ours", "[peppol]"])
def test_only_profiles_of_the_package_can_be_extended(tmp_path: Path, extends: str) -> None:
    profile = tmp_path / "ours.yaml"
    profile.write_text(f"extends: {extends}\n")
    with pytest.raises(ConfigurationError, match="is no profile of the package"):
        load_domain(profile)


@pytest.mark.parametrize("content", [b"a: [", b"- a", b"", b"\xff\xfe\xfa", b"a: \x00"])
def test_a_file_that_is_no_profile_is_refused(tmp_path: Path, content: bytes) -> None:
    profile = tmp_path / "ours.yaml"
    profile.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"ours\.yaml is no"):
        load_domain(profile)


@pytest.mark.parametrize("name", ["pepol", "", "../peppol", "missing.yaml"])
def test_an_unknown_profile_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError):
        load_domain(name)


@pytest.mark.parametrize("name", profile_names())
def test_a_shown_domain_can_be_read_again(name: str) -> None:
    settings: dict[str, object] = {"trust": {"tls-server": {"anchors": [PEM], "pins": ["00" * 32]}}}
    if load_domain(name).kind == "dynamic":
        settings["sml"] = {"wildcard_owners": {"s": ["a"]}}
    domain = load_domain(name, settings)
    shown = yaml.safe_dump(domain_to_mapping(domain))
    assert Domain.from_mapping(yaml.safe_load(shown)) == domain


def test_identifiers_without_a_scheme_and_check_digits_are_settings() -> None:
    kinds = {"participant": {"allow_no_scheme": True}, "document_type": {"allow_no_scheme": True}}
    rules = load_domain("peppol", {"identifiers": {"check_digits": "refuse", **kinds}}).identifiers
    assert (rules.check_digits, rules.participant.allow_no_scheme, rules.document_type.allow_no_scheme) == (
        "refuse",
        True,
        True,
    )
    default = load_domain("peppol").identifiers
    assert (default.check_digits, default.participant.allow_no_scheme) == ("warn", False)
    with pytest.raises(ConfigurationError, match=r"identifiers\.check_digits: one of refuse, warn, off is wanted"):
        load_domain("peppol", {"identifiers": {"check_digits": "maybe"}})
