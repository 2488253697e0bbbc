# SPDX-License-Identifier: Apache-2.0
"""The YAML source of a list: everything wrong with it is said at once, with its place, whatever it holds."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulators.own_lists import (
    PROVIDER,
    OwnNetwork,
    content,
    new_key,
    own_network,
    services_of,
)
from trust_lists.errors import ListSourceError
from trust_lists.publishing.source import ListSource, parse_source, read_source


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> OwnNetwork:
    return own_network(tmp_path_factory.mktemp("network"))


Reading = Callable[[dict[str, Any]], ListSource]


@pytest.fixture(scope="module")
def read(network: OwnNetwork) -> Reading:
    return lambda source: parse_source(yaml.safe_dump(source, allow_unicode=True).encode(), network.folder)


@pytest.fixture(scope="module")
def reasons(read: Reading) -> Callable[[dict[str, Any]], str]:
    def refused(source: dict[str, Any]) -> str:
        with pytest.raises(ListSourceError) as error:
            read(source)
        return "\n".join(error.value.reasons)

    return refused


Reasons = Callable[[dict[str, Any]], str]


# What is wrong with it


def test_everything_wrong_is_said_at_once_with_its_place(reasons: Reasons) -> None:
    source = content()
    source["scheme"]["territory"] = "Belgium"
    source["scheme"]["operator"]["emial"] = source["scheme"]["operator"].pop("email")
    services_of(source)[1]["status"] = "grantd"
    told = reasons(source)
    assert "scheme.territory (line " in told
    assert "scheme.operator.emial" in told
    assert "did you mean email?" in told
    assert "scheme.operator.email: this is missing" in told
    assert "providers[1].services[2].status" in told
    assert "such as granted" in told


CHANGES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "unknown key": (lambda s: s.update(schema={}), "schema (line"),
    "no english": (lambda s: s["scheme"].update(name={"fr": "Liste"}), "English (en) is missing"),
    "language": (lambda s: s["scheme"].update(name={"en": "List", "English": "x"}), "no language"),
    "postal english": (lambda s: s["providers"][0]["post"].update(lang="fr"), "English (lang: en) is missing"),
    "country": (lambda s: s["providers"][0]["post"].update(country="Belgium"), "no country code"),
    "no scheme": (lambda s: s.pop("scheme"), "scheme: this is missing"),
    "list for mapping": (lambda s: s.update(scheme=["a"]), "a mapping is expected"),
    "mapping for text": (lambda s: s["scheme"].update(territory={"a": "b"}), "a text is expected"),
    "uri": (lambda s: s["scheme"].update(policy="our policy"), "is no URI"),
    "policy and notice": (lambda s: s["scheme"].update(legal_notice="text"), "exactly one of policy"),
    "period": (lambda s: s["scheme"].update(next_update="soon"), "no period such as"),
    "closed with next update": (lambda s: s["scheme"].update(closed=True, next_update="1 month"), "closed list"),
    "history days": (lambda s: s["scheme"].update(history_days=70000), "from 0 to 65535"),
    "boolean": (lambda s: s["scheme"].update(closed="maybe"), "true or false"),
    "control character": (lambda s: s["scheme"].update(name="a\x01b"), "not allowed in XML"),
    "type": (lambda s: services_of(s)[0].update(type="AccesPoint"), "such as AccessPoint/CA"),
    "since": (lambda s: services_of(s)[0].update(since="yesterday"), "no time such as"),
    "fraction": (lambda s: services_of(s)[0].update(since="2026-01-01T00:00:00.5Z"), "whole seconds"),
    "no certificate": (lambda s: services_of(s)[0].pop("certificates"), "certificates are missing"),
    "missing file": (lambda s: services_of(s)[0].update(certificates="no.pem"), "'no.pem' cannot be read"),
    "a folder": (lambda s: services_of(s)[0].update(certificates="."), "cannot be read"),
    "not a certificate": (lambda s: services_of(s)[0].update(certificates="example.yaml"), "no certificate"),
    "two keys": (
        lambda s: services_of(s)[0].update(certificates=["ap-ca.pem", "smp-ca.pem"]),
        "different keys; each key is a service of its own",
    ),
    "not an authority": (
        lambda s: services_of(s)[0].update(certificates="tlso.key.pem"),
        "is for authorities, and the certificate is none",
    ),
    "qualifier": (
        lambda s: services_of(s)[0].update(
            extensions={"qualifications": [{"qualifiers": ["Best"], "criteria": {"all": [{"policies": "1.2"}]}}]}
        ),
        "'Best' is neither a URI",
    ),
    "two criteria": (
        lambda s: services_of(s)[0].update(
            extensions={
                "qualifications": [
                    {"qualifiers": ["QCForESig"], "criteria": {"all": [{"policies": "1.2", "key_usage": {}}]}}
                ]
            }
        ),
        "exactly one of",
    ),
    "no qualifiers": (
        lambda s: services_of(s)[0].update(
            extensions={"qualifications": [{"qualifiers": [], "criteria": {"all": [{"policies": "1.2"}]}}]}
        ),
        "at least one qualifier",
    ),
    "no criteria": (
        lambda s: services_of(s)[0].update(
            extensions={"qualifications": [{"qualifiers": ["QCForESig"], "criteria": {"all": []}}]}
        ),
        "at least one criterion",
    ),
    "two assertions": (
        lambda s: services_of(s)[0].update(
            extensions={
                "qualifications": [
                    {
                        "qualifiers": ["QCForESig"],
                        "criteria": {"all": [{"policies": "1.2"}], "none": [{"policies": "1.2"}]},
                    }
                ]
            }
        ),
        "exactly one of all, any, none",
    ),
    "other identifiers beside a key": (
        lambda s: services_of(s)[0].update(other_ids="https://example.org/ra"),
        "other_ids are for services without certificates",
    ),
    "list type": (lambda s: s["scheme"].update(list_type="EUspecial"), "neither a URI nor a list type"),
    "address": (lambda s: s["providers"][0].update(email="two words@example.org <>"), "makes no mailto: URI"),
    "text for mapping": (lambda s: s.update(scheme="mine"), "a mapping is expected"),
    "empty item": (lambda s: s["scheme"].update(distribution_points=["https://a.example/x.xml", ""]), "this is empty"),
    "empty language": (lambda s: s["scheme"].update(name={"en": "List", "fr": ""}), "scheme.name.fr: this is empty"),
    "base without the profile": (lambda s: s.update(profile="standard"), "only the profile edelivery has a base"),
    "oid": (
        lambda s: services_of(s)[0].update(
            extensions={
                "qualifications": [{"qualifiers": ["QCForESig"], "criteria": {"any": [{"policies": "one.two"}]}}]
            }
        ),
        "no object identifier",
    ),
    "file suffix": (lambda s: s.update(files={"trusted_list": "list.pdf"}), "ends with .xml or .xtsl"),
    "file in a folder": (lambda s: s.update(files={"lote": "../list.json"}), "a file name"),
    "same stem": (lambda s: s.update(files={"trusted_list": "a.xml", "lote": "a.json"}), "must differ before"),
    "no files": (lambda s: s.update(files={}), "at least one of trusted_list, lote"),
    "profile": (lambda s: s.update(profile="peppol"), "none of standard, edelivery"),
    "base": (lambda s: s.update(base_uri="https://example.org/x"), "ends with /"),
    "no providers": (lambda s: s.pop("providers"), "providers: a list has providers, or pointers"),
    "empty service list": (lambda s: s["providers"][0].update(services=[]), "at least one service"),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_wrong_source_is_refused_with_the_reason(case: str, reasons: Reasons) -> None:
    change, told = CHANGES[case]
    source = content()
    change(source)
    assert told in reasons(source)


def test_a_lote_of_the_standard_profile_needs_a_type(reasons: Reasons) -> None:
    source = content()
    del source["profile"], source["base_uri"]
    for service in services_of(source):
        service["type"] = "CA/PKC"
    assert reasons(source) == (
        "scheme.lote_type: a list of trusted entities needs the URI of its type (TS 119 602 §6.3.3)"
    )


def test_a_file_that_cannot_be_read_is_no_source(tmp_path: Path) -> None:
    with pytest.raises(ListSourceError, match="cannot be read"):
        read_source(tmp_path)


def test_certificates_of_one_key_must_have_one_subject(network: OwnNetwork, reasons: Reasons) -> None:
    other = new_key("Other name", PROVIDER, authority=True, key=network.ap_ca.private_key)  # type: ignore[arg-type]
    network.add("other-name.pem", other)
    source = content()
    services_of(source)[0]["certificates"] = ["ap-ca.pem", "other-name.pem"]
    assert "different subjects" in reasons(source)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "no mapping"),
        (b"- a\n- b", "no mapping"),
        (b"scheme: [", "no YAML: line 1"),
        (b"scheme: {}\nscheme: {}", "stands there already"),
        (b"a: &a [*a]", "nested too deep, or contains itself"),
        (b"a: " + b"[" * 20_000, "nested too deep"),
        (b"\xff\xfe\x00", "no YAML"),
        (b"? [a]\n: b", "a key is no text"),
        (b"a: !!python/object:os.system x", "no such key"),
        (b"a: 1\n---\nb: 2", "no YAML"),
        (b"a: \x00", "no YAML"),
    ],
)
def test_what_is_no_source_is_refused(data: bytes, told: str, tmp_path: Path) -> None:
    with pytest.raises(ListSourceError) as error:
        parse_source(data, tmp_path)
    assert told in str(error.value)


def test_an_alias_bomb_is_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(ListSourceError, match="more than 200000 values"):
        parse_source("\n".join(lines).encode(), tmp_path)


def test_criteria_are_nested_within_bounds(reasons: Reasons) -> None:
    criteria: dict[str, Any] = {"policies": "1.2"}
    for _ in range(20):
        criteria = {"all": [criteria]}
    source = content()
    services_of(source)[0]["extensions"] = {"qualifications": [{"qualifiers": ["QCForESig"], "criteria": criteria}]}
    assert "at most 8 levels" in reasons(source)


# Whatever comes


KEYS = st.sampled_from(
    [
        *("scheme", "providers", "services", "territory", "operator", "name", "information", "policy", "type", "post"),
        *("certificates", "status", "since", "extensions", "history", "qualifications", "criteria", "all", "policies"),
        *("files", "trusted_list", "lote", "signers", "pointers", "en", "fr", "uri", "next_update", "closed"),
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=20)
    | st.sampled_from(["EU", "https://a.b", "ap-ca.pem"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=5), inner, max_size=6),
    max_leaves=30,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(source=st.dictionaries(KEYS, VALUES, max_size=8))
def test_any_structure_is_a_source_or_refused(source: dict[str, Any], network: OwnNetwork) -> None:
    with pytest.raises(ListSourceError) as error:
        parse_source(yaml.safe_dump(source, allow_unicode=True).encode(), network.folder)
    assert all(error.value.reasons)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_good_source_with_anything_in_one_place_is_read_or_refused(data: st.DataObject, network: OwnNetwork) -> None:
    source = content()
    place: Any = source
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(VALUES)
    with suppress(ListSourceError):
        parse_source(yaml.safe_dump(source, allow_unicode=True).encode(), network.folder)


@given(data=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ListSourceError):
        parse_source(data, Path())
