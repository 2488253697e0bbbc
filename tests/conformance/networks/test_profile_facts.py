# SPDX-License-Identifier: Apache-2.0
"""The profiles of the package against what was found of each network (corpus, trust_models/domain_profiles.yaml)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from registry.domains.domain import Domain
from registry.domains.known_codes import KnownCode
from registry.domains.loader import load_domain
from registry.identifiers.code_list_files import read_code_list
from registry.identifiers.dns_names import participant_name
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.rules import KindRules

Facts = dict[str, Any]


@pytest.fixture(scope="module")
def facts(corpus: Path) -> Facts:
    found: Facts = yaml.safe_load((corpus / "trust_models" / "domain_profiles.yaml").read_text(encoding="utf-8"))
    return dict(found["profiles"])


def case_of(rules: KindRules) -> dict[str, str]:
    return {name: "sensitive" if rule.case_sensitive else "insensitive" for name, rule in rules.schemes.items()}


def zones(domain: Domain) -> dict[str, str]:
    return {name: environment.zone for name, environment in domain.environments.items()}


def zone(text: str) -> str:
    return text.removesuffix(".")


def values(codes: tuple[KnownCode, ...], state: str | None = None) -> list[str]:
    return [code.value for code in codes if state in (None, code.state)]


def example_name(domain: Domain, in_zone: str) -> str:
    return participant_name(ParticipantIdentifier.parse(domain.example), in_zone, domain.dns.name_form)


def test_peppol(facts: Facts) -> None:
    found, domain = facts["peppol"], load_domain("peppol")
    assert case_of(domain.identifiers.participant) == {found["participant"]["scheme"]: found["participant"]["case"]}
    assert set(domain.identifiers.document_type.schemes) == set(found["document"]["schemes"])
    assert set(case_of(domain.identifiers.document_type).values()) == {found["document"]["case"]}
    assert found["process"]["scheme"] in domain.identifiers.process.schemes
    assert list(domain.transport_profiles) == found["transport_profiles"]["active"]
    sml = found["sml"]
    for name, stage in (("production", "prod"), ("test", "test")):
        environment = domain.environments[name]
        assert (environment.zone, environment.sml) == (zone(sml[stage]["zone"]), sml[stage]["api"])
        assert domain.environments[f"former-{name}"].zone == zone(sml[f"former_{stage}"]["zone"])
    assert domain.dns.zone == zone(sml["prod"]["zone"])
    assert load_domain("peppol-test").dns.zone == zone(sml["test"]["zone"])
    assert domain.smp.dialects == ("busdox",)


@pytest.mark.parametrize("name", ["peppol", "e-sens"])
def test_document_types_and_processes_of_the_code_list_are_named_in_their_state(name: str, corpus: Path) -> None:
    folder = corpus / "smp" / "codelists" / "v9.7"
    documents, _ = read_code_list((folder / "document-types-v9.7.json").read_bytes())
    processes, _ = read_code_list((folder / "processes-v9.7.json").read_bytes())
    domain = load_domain(name)
    for codes, known in ((documents, domain.document_types), (processes, domain.processes)):
        assert known
        for code in known:
            assert codes.state(code.scheme, code.value) == code.state, code.name
    for code in domain.document_types:
        assert not code.process or processes.state("cenbii-procid-ubl", code.process)


def test_ehdsi(facts: Facts) -> None:
    found, domain = facts["ehdsi"], load_domain("ehdsi")
    rules = domain.identifiers
    assert set(rules.participant.schemes) == {found["participant"]["scheme"]}
    assert set(rules.document_type.schemes) == {found["document"]["scheme"]}
    assert set(rules.process.schemes) == {found["process"]["scheme"]}
    services = [
        (service["id"], service["process"], service["transport"], found["document"]["scheme"])
        for service in found["document"]["services"]
    ]
    assert [
        (code.value, code.process, code.transport_profile, code.scheme) for code in domain.document_types
    ] == services
    assert set(domain.transport_profiles) == {transport for _, _, transport, _ in services if transport}
    assert domain.smp.dialects == ("bdxr1",)
    assert domain.smp.endpoints_per_process == found["smp"]["endpoints_per_process"] == 1
    assert zones(domain) == {key: found["sml"][key] for key in ("acceptance", "training")}
    assert found["sml"]["production"] == "not_found"
    assert "Not found" in domain.notes["environments.production"]
    assert domain.example.endswith(f"::{found['test_vector']['id']}")
    assert example_name(domain, "<zone>").lower() == found["test_vector"]["name"].lower()


def test_toop(facts: Facts) -> None:
    found, domain = facts["toop"], load_domain("toop")
    rules = domain.identifiers
    for kind, key, length in (
        (rules.participant, "participant", 50),
        (rules.document_type, "document", 500),
        (rules.process, "process", 200),
    ):
        assert case_of(kind) == {found[key]["scheme"]: found[key]["case"]}
        assert [rule.max_length for rule in kind.schemes.values()] == [found[key].get("max_len", length)]
    assert values(domain.document_types) == found["document"]["examples"]
    assert values(domain.processes, "active") == found["process"]["values"]
    assert values(domain.processes, "deprecated") == found["process"]["deprecated"]
    assert list(domain.transport_profiles) == found["transport_profiles"]["active"]
    assert domain.smp.dialects == ("bdxr1",)
    test = domain.environments["test"]
    assert (test.zone, test.sml) == (zone(found["sml"]["test"]["zone"]), found["sml"]["test"]["api"])
    assert domain.dns.zone == test.zone
    vector = found["test_vector"]
    assert domain.example.endswith(f"::{vector['id']}")
    assert example_name(domain, domain.dns.zone) == zone(vector["name"].lower())


def test_de4a(facts: Facts) -> None:
    found, domain = facts["de4a"], load_domain("de4a")
    assert set(domain.identifiers.participant.schemes) == {found["participant"]["scheme"]}
    assert set(domain.identifiers.document_type.schemes) == {found["document"]["scheme"]}
    assert values(domain.document_types) == found["document"]["examples"]
    assert found["process"] == "not_found"
    assert domain.identifiers.process.schemes == {}
    production = domain.environments["production"]
    assert (production.zone, production.sml) == (zone(found["sml"]["prod"]["zone"]), found["sml"]["prod"]["api"])
    assert domain.environments["test"].zone == zone(found["sml"]["test"]["zone"])
    assert found["sml"]["real_naptr"] in domain.notes["dns.record"]


def test_dbnalliance(facts: Facts) -> None:
    found, domain = facts["dbnalliance"], load_domain("dbnalliance")
    names = {"production": "prod", "test": "test", "pilot": "pilot"}
    assert zones(domain) == {name: zone(found["sml"][key]) for name, key in names.items()}
    assert list(domain.transport_profiles) == found["transport_profiles"]["active"]
    assert domain.smp.dialects == ("bdxr2",)
    rules = domain.identifiers
    assert not any(kind.any_case_sensitive for kind in (rules.participant, rules.document_type, rules.process))
    # From a test of peppol-commons: the scheme counts, and is no label.
    label = "qcie7f2ny3ze5nmhqse7z5j6jerds3gc437bfjl2k6vq6minb47a"
    assert example_name(domain, zones(domain)["test"]) == f"{label}.sml.dbnalliance.com"


def test_hr_eracun(facts: Facts) -> None:
    found, domain = facts["hr_eracun"], load_domain("hr-eracun")
    for name, key in (("production", "prod"), ("demo", "demo")):
        environment = domain.environments[name]
        assert (environment.zone, environment.sml) == (zone(found["sml"][key]["zone"]), found["sml"][key]["api"])
    assert domain.dns.naptr_services == (found["sml"]["naptr_service"],)
    assert found["sml"]["naptr_service_in_spec"] in domain.notes["dns.naptr_services"]
    assert domain.dns.name_form.lowercase_before_hash is found["sml"]["lowercase_before_hash"] is False
    assert list(domain.transport_profiles) == found["transport_profiles"]["active"]
    assert domain.document_types[0].value in found["document"]["values"]
    assert values(domain.processes) == [found["process"]["value"]]
    # From a test of peppol-commons.
    label = "yktnekuybobtefs3pxs5gbbgk24grlivhxrz52ayvi7pi34siagq"
    assert example_name(domain, zones(domain)["demo"]) == f"{label}.iso6523-actorid-upis.demo.ams.porezna-uprava.hr"


def test_e_sens(facts: Facts) -> None:
    found, domain = facts["esens"], load_domain("e-sens")
    dossiers = [code for code in domain.document_types if code.state == "deprecated"]
    assert [(code.name, code.scheme, code.value, code.process, code.state) for code in dossiers] == [
        tuple(row[key] for key in ("name", "scheme", "id", "process", "state")) for row in found["etendering_vcd"]
    ]
    current = found["etendering_current_pre_award"]
    assert current["qualification"] in values(domain.document_types, "active")
    assert current["form"] in domain.notes["document_types.current"]
    assert current["process_form"] in domain.notes["document_types.current"]
    conformance = found["conformance_smp_identifiers"]
    assert conformance["document_scheme"] in domain.identifiers.document_type.schemes
    assert conformance["process_scheme"] in domain.identifiers.process.schemes
    assert list(domain.transport_profiles) == conformance["transport"]
    assert found["business_startup"] == "not_found"
    assert "not found" in domain.notes["document_types.business-startup"]


def test_e_codex(facts: Facts) -> None:
    found, domain = facts["e_codex"], load_domain("e-codex")
    parties = domain.parties
    assert {key: parties[key] for key in ("type", "id_form", "role")} == {
        key: found["party"][key] for key in ("type", "id_form", "role")
    }
    assert parties["services"] == found["services"]
    assert parties["actions"] == found["actions"]


def test_oots_and_stork_say_what_was_found(facts: Facts) -> None:
    oots, stork = load_domain("oots").parties, load_domain("stork-eidas").parties
    assert str(oots["certificates"]).startswith(facts["oots"]["certificates"]["limit"].partition(" per ")[0])
    assert facts["stork_eidas"]["scale"]["nodes"] == ">30"
    assert stork["nodes"] == "more than 30"
    assert str(stork["exchanges"]).startswith(facts["stork_eidas"]["scale"]["bilateral_exchanges"])


@pytest.mark.parametrize(
    ("name", "key", "words"),
    [
        ("e-codex", "e_codex", "mutual exchange"),
        ("oots", "oots", "shared"),
        ("stork-eidas", "stork_eidas", "SAML metadata"),
        ("spocs", "spocs", "TSL"),
        ("peppol", "peppol", "dedicated domain PKI"),
        ("toop", "toop", "dedicated pilot PKI"),
        ("dbnalliance", "dbnalliance", "dedicated domain PKI"),
    ],
)
def test_trust_model_is_the_one_that_was_found(name: str, key: str, words: str, facts: Facts) -> None:
    plain: Callable[[str], str] = lambda text: text.replace("_", " ").lower()  # noqa: E731
    assert plain(words) in plain(load_domain(name).trust_model)
    assert plain(words) in plain(facts[key]["trust_model"])
