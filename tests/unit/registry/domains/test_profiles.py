# SPDX-License-Identifier: Apache-2.0
"""Rules that every profile of the package keeps: each value has a source or a note, and static means static."""

from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

import pytest
import yaml

from registry.domains.loader import load_domain, profile_names
from registry.domains.router import DomainRouter
from registry.errors import ConfigurationError
from registry.identifiers.dns_names import participant_name
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier

STATIC = {"e-codex", "oots", "spocs", "stork-eidas"}
WITHOUT_ZONE = {"e-sens", "we-build"}
ABOUT_THE_PROFILE = {"title", "summary", "extends", "kind", "default", "notes", "sources"}


def raw(name: str) -> dict[str, Any]:
    profile: dict[str, Any] = yaml.safe_load((files("registry.domains") / "profiles" / f"{name}.yaml").read_bytes())
    return profile


def leaves(value: object, path: str = "") -> Iterator[str]:
    """The path of every value that a profile gives; that of a list is its own."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else str(key))
    else:
        yield path


def within(path: str, key: str) -> bool:
    return path == key or path.startswith(f"{key}.")


@pytest.mark.parametrize("name", profile_names())
def test_every_value_has_a_source_or_a_note(name: str) -> None:
    domain = load_domain(name)
    said = {key: value for key, value in raw(name).items() if key not in ABOUT_THE_PROFILE}
    explained = (*domain.sources, *domain.notes)
    assert [path for path in leaves(said) if not any(within(path, key) for key in explained)] == []


@pytest.mark.parametrize("name", profile_names())
def test_every_source_is_one_of_a_value(name: str) -> None:
    profile = raw(name)
    paths = list(leaves(profile))
    assert [key for key in profile.get("sources", {}) if not any(within(path, key) for path in paths)] == []


@pytest.mark.parametrize("name", profile_names())
def test_what_was_not_found_has_a_note(name: str) -> None:
    domain = load_domain(name)
    wanted = ["registrants", "trust_model", *(["environments", "example"] if domain.kind == "dynamic" else [])]
    assert [key for key in wanted if not getattr(domain, key) and key not in domain.notes] == []


@pytest.mark.parametrize("name", profile_names())
def test_what_a_profile_shows_keeps_its_own_rules(name: str) -> None:
    domain = load_domain(name)
    rules = domain.identifiers
    if domain.example:
        participant = ParticipantIdentifier.parse(domain.example, scheme_optional=True)
        assert rules.validate_participant(participant) == ()
        assert participant_name(participant, "x.test", domain.dns.name_form).endswith(".x.test")
    for code in domain.document_types:
        assert rules.validate_document_type(DocumentTypeIdentifier(code.scheme, code.value)) == ()
        assert not code.transport_profile or not rules.validate_transport_profile(code.transport_profile)
    for code in domain.processes:
        assert rules.validate_process(ProcessIdentifier(code.scheme, code.value)) == ()


def test_static_networks_have_no_smp_and_no_sml_and_say_so() -> None:
    static = {name for name in profile_names() if load_domain(name).kind == "static"}
    assert static == STATIC
    for name in static:
        domain = load_domain(name)
        assert not domain.dns.zone
        assert domain.notes["discovery"]
        with pytest.raises(ConfigurationError, match="has no SMP and no SML"):
            domain.require_discovery()
        with pytest.raises(ConfigurationError, match=f"registry domain show {name}"):
            DomainRouter([domain])


@pytest.mark.parametrize("section", [{"dns": {"zone": "x.test"}}, {"smp": {"smp_id": "A"}}, {"sml": {"enabled": True}}])
def test_a_static_network_can_not_be_given_an_smp_or_an_sml(section: dict[str, object]) -> None:
    (name,) = section
    with pytest.raises(ConfigurationError, match=f"{name}: a static network has none"):
        load_domain("oots", section)


def test_a_zone_that_was_not_found_is_open_until_somebody_says_it() -> None:
    assert {name for name in profile_names() if not load_domain(name).dns.zone} == STATIC | WITHOUT_ZONE
    for name in WITHOUT_ZONE:
        with pytest.raises(ConfigurationError, match=r"say --zone, or dns\.zone"):
            DomainRouter([load_domain(name)])
        domain = load_domain(name, {"dns": {"zone": "x.test"}})
        domain.require_discovery()
        assert domain.dns.hostmaster == "hostmaster.x.test"
    with pytest.raises(ConfigurationError, match=r"dns\.zone: one is needed"):
        load_domain("e-sens", {"sml": {"enabled": True}, "dns": {"name_servers": ["localhost"]}})


def test_only_croatia_hashes_names_as_they_are_spelt() -> None:
    dynamic = [load_domain(name) for name in profile_names() if name not in STATIC]
    assert {domain.name for domain in dynamic if not domain.dns.name_form.lowercase_before_hash} == {"hr-eracun"}
    assert load_domain("hr-eracun").identifiers.participant.any_case_sensitive


def test_we_build_hashes_scheme_and_value_and_takes_values_alone() -> None:
    domain = load_domain("we-build")
    assert domain.smp.dialects == ("bdxr2",)
    assert not domain.dns.name_form.scheme_as_label
    alone = ParticipantIdentifier.parse("some-party", scheme_optional=True)
    assert domain.identifiers.validate_participant(alone) == ()
    first, *_ = load_domain("peppol").identifiers.validate_participant(alone)
    assert first.id == "PARTICIPANT-SCHEME-EMPTY"


def test_unknown_keys_in_known_codes_and_environments_are_named() -> None:
    settings = {
        "document_types": [{"nam": "x", "state": "new"}],
        "environments": {"test": {"zon": "x"}},
        "kind": "dynamc",
        "notes": {"x": 1},
        "parties": "x",
        "processes": "none",
    }
    with pytest.raises(ConfigurationError) as caught:
        load_domain("peppol", settings)
    for part in (
        "document_types[0].nam: unknown; did you mean name?",
        "document_types[0].state: one of active, deprecated, removed is wanted",
        "environments.test.zon: unknown; did you mean zone?",
        "kind: one of dynamic, static is wanted",
        "notes.x: a text is wanted",
        "parties: a section is wanted",
        "processes: a list of sections is wanted",
    ):
        assert part in str(caught.value)


def test_a_profile_laid_over_another_takes_back_what_does_not_hold() -> None:
    demo = load_domain("demo")
    assert demo.environments == {}
    assert not {"registrants", "trust", "dns"} & demo.sources.keys()
    assert {"identifiers", "smp"} <= demo.sources.keys()
    assert "sml.enabled" not in demo.notes
