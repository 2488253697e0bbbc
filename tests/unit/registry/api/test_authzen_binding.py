# SPDX-License-Identifier: Apache-2.0
"""A key is bound to a name by the rule, by a source that knows parties, or by its certificate; or else not at all."""

import base64
from dataclasses import replace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.api.authzen_binding import context_of, is_bound
from registry.api.authzen_requests import Question
from registry.trust import Role, TrustModel
from tests.simulators.certificate_chains import NOW, Authority, rsa_key
from tests.simulators.offline import OfflineInstance
from tests.simulators.trust_http import TrustOffice, question, x5c
from tests.simulators.trust_models import anchor, engine_of, path_to, pin, rule
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.evaluation.decisions import Case, Outcome
from trust_lists.evaluation.decisions.engine import DecisionEngine
from trust_lists.evaluation.trust_configuration.model import Context

ROOT = Authority("root")
LEAF = ROOT.issue("POP000001")
NAMES = x509.SubjectAlternativeName(
    [
        x509.DNSName("smp.example.org"),
        x509.DNSName("*.wild.example.org"),
        x509.UniformResourceIdentifier("https://party.example.org"),
        x509.RFC822Name("party@example.org"),
    ]
)
NAMED = ROOT.issue("POP000002", extensions=[(NAMES, False)])


def engine(**roles: Any) -> DecisionEngine:
    stores = {"anchors": [anchor("root", ROOT.certificate)]}
    return engine_of({name.replace("_", "-"): each for name, each in roles.items()}, stores, [ROOT.certificate])


OPEN = engine(ap_sign=rule(path_to("root")), tls_server=rule(path_to("root")), smp_sign=rule(path_to("root")))


def bound(
    engine: DecisionEngine,
    name: str,
    certificate: ListedCertificate = LEAF,
    role: Role = Role.AP_SIGN,
    context: dict[Context, str] | None = None,
) -> bool:
    """Whether the engine accepts and the name is bound, as AuthZEN asks."""
    asked = Question(name, role.value, (certificate,), None, context or {})
    case = Case(role, certificate, NOW, (), context_of(asked, role))
    decision = engine.decide(case)
    return decision.accepted and is_bound(engine.configuration, case, decision, name)


@pytest.mark.parametrize("name", ["POP000001", "CN=POP000001,O=Testers,C=BE"])
def test_subject_of_the_certificate_is_a_name(name: str) -> None:
    assert bound(OPEN, name)


@pytest.mark.parametrize("name", ["", "POP000002", "pop000001", "Testers", "BE", "O=Testers", "POP000001 ", "root"])
def test_anything_else_is_none(name: str) -> None:
    assert not bound(OPEN, name)


@pytest.mark.parametrize("name", ["smp.example.org", "https://party.example.org", "party@example.org", "POP000002"])
def test_alternative_names_are_names(name: str) -> None:
    assert bound(OPEN, name, NAMED)


def test_wildcard_stands_for_servers_only() -> None:
    assert bound(OPEN, "one.wild.example.org", NAMED, Role.TLS_SERVER)
    assert bound(OPEN, "SMP.example.org", NAMED, Role.TLS_SERVER), "names in DNS have no case"
    assert not bound(OPEN, "one.wild.example.org", NAMED)
    assert not bound(OPEN, "a.b.wild.example.org", NAMED, Role.TLS_SERVER)


@pytest.mark.parametrize(
    ("role", "context"),
    [
        (Role.AP_SIGN, "context.seat_id"),
        (Role.AP_ENCRYPT, "context.party"),
        (Role.SMP_SIGN, "context.smp_id"),
        (Role.SML_CLIENT, "context.smp_id"),
        (Role.LIST_SIGNER, "context.party"),
        (Role.TLS_SERVER, "context.host"),
    ],
)
def test_name_counts_as_what_the_role_is_named_by(role: Role, context: str) -> None:
    """Also in an attribute that would be no name by itself."""
    leaf = {"subject": {"match": {}, "bind": {"O": context}}}
    made = engine_of(
        {role.value: rule(path_to("root"), leaf)}, {"anchors": [anchor("root", ROOT.certificate)]}, [ROOT.certificate]
    )
    assert bound(made, "Testers", role=role)
    assert not bound(made, "POP000001", role=role), "the rule binds another attribute"


def test_context_that_satisfies_the_rule_does_not_bind_another_name() -> None:
    """Whoever asks says the seat id of the certificate, and a name that is not in it."""
    made = engine(ap_sign=rule(path_to("root"), {"subject": {"match": {}, "bind": {"CN": "context.seat_id"}}}))
    told = {Context.SEAT_ID: "POP000001"}
    assert bound(made, "POP000001", context=told)
    assert not bound(made, "somebody else", context=told)
    assert not bound(made, "POP000001", context={Context.SEAT_ID: "somebody else"}), "the rule refuses"


def test_pin_of_a_party_binds_its_name() -> None:
    stores = {"pins": [pin("at", LEAF, "ap-sign", party="AT"), pin("any", NAMED, "ap-sign")]}
    made = engine_of({"ap-sign": rule({"pin": "any"})}, stores)
    assert bound(made, "AT")
    assert not bound(made, "BE")
    assert not bound(made, "AT", NAMED), "a pin for any party names nobody"
    assert bound(made, "POP000002", NAMED)


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("stores.saml_metadata.nodes/entity", True),
        ("stores.openid_federation.it/entity", True),
        ("stores.anchors.root", False),
        ("stores.lists.eu/AT/provider/service", False),
        ("roles.smp-metadata.endpoint_certificate", False),
    ],
)
def test_sources_that_know_parties_bind_the_name_of_the_party(origin: str, expected: bool) -> None:
    case = Case(Role.AP_SIGN, LEAF, NOW, (), {Context.PARTY: "entity"})
    accepting = replace(OPEN.decide(case), grounds=(origin,))
    assert accepting.outcome is Outcome.ACCEPT
    assert is_bound(OPEN.configuration, case, accepting, "entity") is expected
    unknown = replace(case, context={})
    assert not is_bound(OPEN.configuration, unknown, accepting, "entity"), "they weren't asked about this party"


def test_certificate_with_unreadable_extensions_names_nobody_by_them() -> None:
    broken = ListedCertificate(NAMED.der.replace(b"\x82\x0fsmp.example.org", b"\x82\x7fsmp.example.org"))
    assert broken != NAMED
    made = engine_of({"tls-server": rule({"pin": "any"})}, {"pins": [pin("it", broken, "tls-server")]})
    assert not bound(made, "smp.example.org", broken, Role.TLS_SERVER)


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(["POP000001", "POP000002", "smp.example.org", "AT", "Testers"]) | st.text(max_size=20),
    certificate=st.sampled_from([LEAF, NAMED]),
    role=st.sampled_from(sorted(Role)),
)
def test_no_name_makes_a_refused_certificate_a_good_one(name: str, certificate: ListedCertificate, role: Role) -> None:
    made = engine(
        ap_sign=rule(path_to("root"), {"key_usage": {"all": ["keyAgreement"], "none": [], "absent": "reject"}})
    )
    case = Case(role, certificate, NOW, (), dict.fromkeys(Context, name))
    assert not made.decide(case).accepted
    assert not bound(made, name, certificate, role)


# Keys


@pytest.fixture
def office(offline: OfflineInstance) -> TrustOffice:
    offline.clock.now = NOW
    return TrustOffice(offline, TrustModel(OPEN, "demo"))


def test_bare_key_is_denied_since_nobody_knows_it(office: TrustOffice) -> None:
    reply = office.evaluate(_with_key(_jwk(_EC)))
    assert (reply.status, reply.json()["decision"]) == (200, False)
    assert list(reply.json()["context"]["reason"]) == ["KEY_WITHOUT_CERTIFICATE"]


@pytest.mark.parametrize("kind", ["EC", "RSA", "OKP"])
def test_key_with_its_certificate_is_decided_by_that(office: TrustOffice, kind: str) -> None:
    key = {"EC": _EC, "RSA": rsa_key(2048), "OKP": ed25519.Ed25519PrivateKey.generate()}[kind]
    certificate = ROOT.issue("POP000003", key=key)
    jwk = _jwk(key)
    assert jwk["kty"] == kind
    assert office.evaluate(_with_key(jwk | {"x5c": x5c([certificate])})).json()["decision"] is True
    other = _with_key(jwk | {"x5c": x5c([ROOT.issue("POP000003")])})
    assert office.evaluate(other).status == 400, "the certificate is of another key (RFC 7517 §4.7)"


def test_private_key_is_refused(office: TrustOffice) -> None:
    assert office.evaluate(_with_key(_jwk(_EC) | {"d": "AQAB"})).status == 400


@pytest.mark.parametrize("x5c", ["MIIB", [], {}, [7], None, ["MIIB"]], ids=str)
def test_key_with_a_certificate_that_is_none_is_refused(office: TrustOffice, x5c: Any) -> None:
    assert office.evaluate(_with_key(_jwk(_EC) | {"x5c": x5c})).status == 400


_EC = ec.generate_private_key(ec.SECP256R1())


def _with_key(jwk: dict[str, Any]) -> dict[str, Any]:
    return question("POP000003", action="ap-sign") | {
        "resource": {"type": "jwk", "id": "POP000003", "key": jwk},
    }


def _jwk(key: Any) -> dict[str, Any]:
    public = key.public_key()
    match public:
        case ec.EllipticCurvePublicKey():
            point = public.public_numbers()
            return {"kty": "EC", "crv": "P-256", "x": _text(point.x.to_bytes(32)), "y": _text(point.y.to_bytes(32))}
        case rsa.RSAPublicKey():
            numbers = public.public_numbers()
            return {"kty": "RSA", "n": _text(numbers.n.to_bytes(256)), "e": _text(numbers.e.to_bytes(3))}
    return {"kty": "OKP", "crv": "Ed25519", "x": _text(public.public_bytes_raw())}


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(["POP000001", "POP000002", "AT"]),
    action=st.sampled_from([*Role, "urn:oid:1.3.6.1.5.5.7.3.1", "emperor"]),
    key=st.lists(st.sampled_from([LEAF, NAMED, ROOT.certificate, Authority("stranger").certificate]), max_size=3),
)
def test_decision_is_true_only_where_the_engine_accepts(
    office: TrustOffice, name: str, action: str, key: list[ListedCertificate]
) -> None:
    reply = office.evaluate(question(name, *key, action=action))
    assert reply.status == (200 if key else 400)
    if key and reply.json()["decision"]:
        role = Role.TLS_SERVER if action.startswith("urn:") else Role(action)
        assert OPEN.decide(Case(role, key[0], NOW, tuple(key[1:]))).accepted
        assert name in key[0].subject_text
