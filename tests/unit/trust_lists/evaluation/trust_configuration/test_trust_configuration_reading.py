# SPDX-License-Identifier: Apache-2.0
"""Reading of trust configurations: every key is known and demanded, all reasons come at once, files are compared."""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.demo.pki import DemoPki
from trust_lists.certificates.revocation.rules import RevocationRule
from trust_lists.errors import ConfigurationError
from trust_lists.evaluation.trust_configuration import (
    Role,
    canonical_form,
    content_address,
    effective_configuration,
    read_configuration,
    to_json,
    to_yaml,
)
from trust_lists.evaluation.trust_configuration.model import (
    AnchorKind,
    AnyOf,
    Context,
    EndpointCertificate,
    PathTo,
    Pinned,
    Usage,
)
from trust_lists.evaluation.trust_configuration.shipped import shipped_model, shipped_names

Tree = dict[str, Any]
Reasons = Callable[[Tree], tuple[str, ...]]


def encoded(tree: Tree) -> bytes:
    return json.dumps(tree).encode()


def test_all_values_arrive_in_the_model(tree: Tree) -> None:
    found = read_configuration(encoded(tree)).configuration
    anchor = found.stores.anchors[0]
    assert (anchor.id, anchor.kind, anchor.controls.path_len) == ("root", AnchorKind.CA, None)
    assert anchor.trusted.since == datetime(2026, 1, 1, tzinfo=UTC)
    assert anchor.controls.excluded == ("dns:example.org",)
    assert found.engine.clock_skew == timedelta(minutes=5)
    rule = found.rule(Role.AP_SIGN)
    assert rule is not None
    assert isinstance(rule.accept, AnyOf)
    assert rule.accept.parts[0] == PathTo(("root",), issuer_must_be_anchor=False)
    assert rule.accept.parts[1] == Pinned(("at",))
    assert rule.leaf.key_usage is not None
    assert rule.leaf.key_usage.required == (Usage.DIGITAL_SIGNATURE,)
    assert rule.leaf.eku is not None
    assert rule.leaf.eku.one_of == ("1.3.6.1.5.5.7.3.2",)
    assert rule.leaf.policies is None
    assert rule.leaf.algorithms is not None
    assert rule.leaf.algorithms.least_rsa_bits == 2048
    assert rule.leaf.subject is not None
    assert rule.leaf.subject.bind == {"CN": Context.PARTY}
    assert rule.revocation.leaf is RevocationRule.CRL_OR_OCSP_REQUIRED
    assert found.rule(Role.SMP_SIGN) is None


def test_yaml_and_json_say_the_same(tree: Tree) -> None:
    from_json = read_configuration(encoded(tree)).configuration
    from_yaml = read_configuration(yaml.safe_dump(tree).encode()).configuration
    assert from_json == from_yaml
    assert content_address(from_json) == content_address(from_yaml)


@pytest.mark.parametrize("name", shipped_names())
def test_what_is_written_is_read_again(name: str) -> None:
    found = read_configuration(shipped_model(name)).configuration
    assert read_configuration(canonical_form(found)).configuration == found
    again = read_configuration(to_yaml(found).encode()).configuration
    assert to_json(again) == to_json(found)


def test_the_address_depends_on_certificates_and_not_on_their_files(tree: Tree, another: Tree) -> None:
    another["stores"]["anchors"][0]["cert"]["file"] = "elsewhere.pem"
    address = content_address(read_configuration(encoded(tree)).configuration)
    assert content_address(read_configuration(encoded(another)).configuration) == address
    another["stores"]["anchors"][0]["cert"]["sha256"] = "0" * 64
    assert content_address(read_configuration(encoded(another)).configuration) != address


@pytest.mark.parametrize(("written", "kept"), [("PT24H", "P1D"), ("PT60M", "PT1H"), ("PT90S", "PT90S")])
def test_durations_have_one_canonical_form(tree: Tree, written: str, kept: str) -> None:
    tree["stores"]["lists"][0]["max_age"] = written
    found: Any = to_json(read_configuration(encoded(tree)).configuration)
    assert found["stores"]["lists"][0]["max_age"] == kept


def test_the_oid_of_a_purpose_is_its_name(tree: Tree, another: Tree) -> None:
    another["roles"]["ap-sign"]["leaf"]["eku"]["any"] = ["1.3.6.1.5.5.7.3.2"]
    assert read_configuration(encoded(another)).configuration == read_configuration(encoded(tree)).configuration


def test_an_unknown_key_names_its_path_and_what_may_be_meant(tree: Tree, role: Tree, reasons: Reasons) -> None:
    role["leaf"]["key_usages"] = "any"
    assert reasons(tree) == ("roles.ap-sign.leaf.key_usages: no such key; did you mean key_usage?",)


@pytest.mark.parametrize(
    "path",
    [
        ("engine", "max_path"),
        ("stores", "anchors", 0, "controls", "policies"),
        ("stores", "anchors", 0, "trusted", "until"),
        ("stores", "lists", 0, "on_expired"),
        ("stores", "pins", 0, "party"),
        ("roles", "ap-sign", "accept"),
        ("roles", "ap-sign", "leaf", "eku"),
        ("roles", "ap-sign", "leaf", "eku", "any_eku"),
        ("roles", "ap-sign", "revocation", "on_unknown"),
        ("apiVersion",),
    ],
)
def test_nothing_is_implied(tree: Tree, reasons: Reasons, path: tuple[str | int, ...]) -> None:
    place: Any = tree
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    assert any("this is missing" in each and str(path[-1]) in each for each in reasons(tree))


def test_all_reasons_come_at_once_with_lines() -> None:
    text = shipped_model("mutual-exchange").decode()
    text = text.replace("max_path: 1", "max_path: many").replace("party: AT", "party: AT\n      surprise: 1")
    text = text.replace("pin: any", "pin: [nobody]", 1)
    with pytest.raises(ConfigurationError) as refused:
        read_configuration(text.encode())
    assert [each.partition(":")[0] for each in refused.value.reasons] == [
        "engine.max_path (line 12)",
        "stores.pins[1].surprise (line 18)",
        "roles.ap-sign.accept.pin[1] (line 32)",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "empty"),
        (b"- a\n- b\n", "a mapping is expected"),
        (b"{", "not JSON"),
        (b'{"id": 1, "id": 2}', "stands twice"),
        (b"a: &a [*a]\n", "contains itself"),
        (b"a: b: c\n", "no YAML"),
        (b"[" * 3000, "nested too deep"),
        (b"a: " + b"[" * 70 + b"]" * 70, "nested"),
        (b'{"a": ' + b"[" * 70 + b"]" * 70 + b"}", "nested"),
        (b"\xff\xfe\x00", "YAML"),
        (b"id: x\nid: y\n", "this key stands there already"),
        (b"<<: {id: a}\n", "no such key"),
    ],
)
def test_what_is_no_configuration_is_refused(text: bytes, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        read_configuration(text)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("engine", "max_path"), "4"),
        (("engine", "max_path"), 4.5),
        (("engine", "max_path"), 0),
        (("engine", "clock_skew"), "5 minutes"),
        (("engine", "clock_skew"), None),
        (("stores", "anchors"), {}),
        (("stores", "anchors", 0, "cert", "sha256"), "AB" * 32),
        (("stores", "anchors", 0, "cert", "file"), "../root.pem"),
        (("stores", "anchors", 0, "as"), "root"),
        (("stores", "anchors", 0, "controls", "require_explicit_policy"), "false"),
        (("stores", "anchors", 0, "controls", "policies"), []),
        (("stores", "anchors", 0, "controls", "permitted"), "all"),
        (("stores", "anchors", 0, "trusted", "from"), "2026-02-31T00:00:00Z"),
        (("stores", "anchors", 0, "trusted", "from"), "2016-12-31T23:59:60Z"),
        (("stores", "anchors", 0, "trusted", "from"), "2026-01-01"),
        (("stores", "lists", 0, "location"), {}),
        (("stores", "lists", 0, "location"), {"url": "https://example.org/", "file": "a.xml"}),
        (("stores", "lists", 0, "location", "url"), "ftp://example.org/"),
        (("stores", "lists", 0, "signers"), []),
        (("stores", "pins", 0, "roles"), ["ap-sign", "ap-sign"]),
        (("stores", "pins", 0, "roles"), ["gateway"]),
        (("stores", "pins", 0, "party"), 7),
        (("roles", "ap-sign", "accept"), {}),
        (("roles", "ap-sign", "accept"), "any"),
        (("roles", "ap-sign", "accept"), {"pin": "any", "path": {"to": ["root"], "issuer_must_be_anchor": True}}),
        (("roles", "ap-sign", "accept"), {"any_of": []}),
        (("roles", "ap-sign", "leaf", "subject", "match"), {"XX": "a"}),
        (("roles", "ap-sign", "leaf", "algorithms", "keys"), ["rsa"]),
        (("roles", "ap-sign", "leaf", "max_lifetime"), "P0D"),
        (("roles", "smp-metadata", "endpoint_certificate"), "trusted"),
        (("kind",), "TrustModel"),
        (("id",), "Ümlaut"),
        (("id",), ""),
        (("description",), "bell\x07"),
    ],
)
def test_wrong_values_name_their_path(tree: Tree, reasons: Reasons, path: tuple[str | int, ...], value: Any) -> None:
    place: Any = tree
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    last = next(str(key) for key in reversed(path) if isinstance(key, str))
    assert any(last in each.partition(": ")[0] for each in reasons(tree))


def test_files_are_read_and_compared_with_their_digests(tree: Tree, pki: DemoPki) -> None:
    root = pki.root.certificate.public_bytes(Encoding.DER)
    held = {"root.der": root}
    found = read_configuration(encoded(tree), held.get).configuration
    assert [each.certificate and each.certificate.der for each in found.certificates()] == [root]

    for data, told in (
        (None, "is missing"),
        (pki.smp_ca.certificate.public_bytes(Encoding.PEM), "doesn't hold the certificate"),
        (b"something else!", "no certificate"),
        (b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n", "damaged"),
    ):
        with pytest.raises(ConfigurationError, match=told):
            read_configuration(encoded(tree), {"root.der": data}.get)


def test_a_file_may_hold_other_certificates_too(tree: Tree, pki: DemoPki) -> None:
    bundle = b"".join(each.certificate.public_bytes(Encoding.PEM) for each in (pki.smp_ca, pki.root))
    assert read_configuration(encoded(tree), {"root.der": bundle}.get).configuration.stores.anchors[0].cert.certificate


def test_a_certificate_may_stand_in_the_configuration(tree: Tree, pki: DemoPki) -> None:
    cert = tree["stores"]["anchors"][0]["cert"]
    del cert["file"]
    cert["pem"] = pki.root.certificate.public_bytes(Encoding.PEM).decode()
    found = read_configuration(encoded(tree)).configuration.stores.anchors[0].cert
    assert found.certificate is not None
    cert["pem"] = pki.smp_ca.certificate.public_bytes(Encoding.PEM).decode()
    with pytest.raises(ConfigurationError, match="this text doesn't hold"):
        read_configuration(encoded(tree))


def test_without_a_name_the_digest_is_asked_for(tree: Tree, pki: DemoPki) -> None:
    cert = tree["stores"]["anchors"][0]["cert"]
    del cert["file"]
    del tree["stores"]["lists"][0]["signers"][0]["file"]
    asked = {f"{cert['sha256']}.der": pki.root.certificate.public_bytes(Encoding.DER)}
    assert read_configuration(encoded(tree), asked.get).configuration.stores.anchors[0].cert.certificate


def test_deviations_say_what_really_happens() -> None:
    declared = read_configuration(shipped_model("ehdsi-trust-on-metadata")).configuration
    assert declared.roles.smp_metadata is not None
    assert declared.roles.smp_metadata.endpoint_certificate is EndpointCertificate.HINT
    for ids in (None, ["openncp-anchor-from-smp"]):
        real = effective_configuration(declared, ids)
        assert real.roles.smp_metadata is not None
        assert real.roles.smp_metadata.endpoint_certificate is EndpointCertificate.ANCHOR
        assert real.effective.deviations == ()
        assert content_address(real) != content_address(declared)
    assert effective_configuration(declared, []).roles == declared.roles
    with pytest.raises(ConfigurationError, match="there is no nothing"):
        effective_configuration(declared, ["nothing"])


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        ({"roles.smp-metadata.endpoint": "anchor"}, "there is no such value"),
        ({"engine.max_path": "many"}, "a whole number from 1 to 20"),
        ({"roles.ap-sign.accept": {"pin": ["nobody"]}}, "there is no nobody"),
        ({"id": "another"}, "there is no such value"),
    ],
)
def test_deviations_must_make_a_configuration(tree: Tree, reasons: Reasons, overrides: Tree, told: str) -> None:
    tree["effective"]["deviations"] = [{"id": "odd", "overrides": overrides, "evidence": "seen"}]
    assert all(each.startswith("effective.deviations[1].overrides: ") and told in each for each in reasons(tree))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_whatever_bytes_come_only_our_error_comes_out(data: bytes) -> None:
    with pytest.raises(ConfigurationError):
        read_configuration(data)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(shipped_names()), st.data())
def test_whatever_is_changed_in_a_text_only_our_error_comes_out(name: str, data: st.DataObject) -> None:
    text = bytearray(shipped_model(name))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text) - 1))
        stop = start + data.draw(st.integers(0, 12))
        text[start:stop] = data.draw(
            st.sampled_from([b"", b"\n", b": ", b"- ", b"any", b"null", b"&a ", b"*a", b"'", b"9"])
        )
    with suppress(ConfigurationError):
        read_configuration(bytes(text))
