# SPDX-License-Identifier: Apache-2.0
"""Cases of x509-limbo become questions to the engine."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from tests.simulators.certificate_chains import NOW, Authority, key_usage
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.revocation.rules import OnUnknown, RevocationRule
from trust_lists.errors import SuiteError
from trust_lists.evaluation.decisions.model import Outcome
from trust_lists.evaluation.path_suites import SuiteCase, limbo_cases, run
from trust_lists.evaluation.trust_configuration import Role, read_configuration
from trust_lists.evaluation.trust_configuration.model import AllOf, Context, PathTo, RoleRule, Subject, Usage
from trust_lists.evaluation.trust_configuration.shipped import shipped_model

MODEL = read_configuration(shipped_model("webpki")).configuration
HOST = "smp.example.org"


def pem(certificate: ListedCertificate) -> str:
    loaded = certificate.certificate
    assert loaded is not None
    return loaded.public_bytes(Encoding.PEM).decode()


ROOT = Authority("root")
CA = Authority(
    "authority",
    ROOT,
    extensions=[(x509.AuthorityKeyIdentifier.from_issuer_public_key(ROOT.key.public_key()), False)],
)


def leaf(*names: x509.GeneralName, purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH) -> str:
    return pem(
        CA.issue(
            x509.Name([]),
            extensions=[
                (key_usage("digital_signature"), True),
                (x509.ExtendedKeyUsage([purpose]), False),
                (x509.SubjectAlternativeName(names or [x509.DNSName(HOST)]), True),
                (x509.AuthorityKeyIdentifier.from_issuer_public_key(CA.key.public_key()), False),
            ],
        )
    )


def limbo(**fields: Any) -> bytes:
    """A file with one case: good, and with other fields."""
    case = {
        "id": "own::case",
        "validation_kind": "SERVER",
        "trusted_certs": [pem(ROOT.certificate)],
        "untrusted_intermediates": [pem(CA.certificate)],
        "peer_certificate": leaf(),
        "validation_time": NOW.isoformat(),
        "expected_result": "SUCCESS",
        "expected_peer_name": {"kind": "DNS", "value": HOST},
        "max_chain_depth": None,
        "crls": [],
    } | fields
    return json.dumps({"version": 1, "testcases": [case]}).encode()


def read(data: bytes, role: Role | None = None) -> SuiteCase:
    (found,) = limbo_cases(data, MODEL, NOW, role)
    return found


def rule(case: SuiteCase) -> RoleRule:
    found = case.configuration.rule(case.case.role)
    assert found is not None
    return found


def outcome(**fields: Any) -> Outcome:
    return run(read(limbo(**fields))).decision.outcome


def test_a_result_says_what_was_expected_and_why_not() -> None:
    good, bad = run(read(limbo())), run(read(limbo(expected_peer_name={"kind": "DNS", "value": "other.example"})))
    assert good.as_expected
    assert good.to_json() == {"id": "own::case", "expected": "SUCCESS", "actual": "SUCCESS", "reason": ""}
    assert not bad.as_expected
    assert bad.to_json()["actual"] == "FAILURE"
    assert "other.example" in bad.reason


def test_what_nobody_can_tell_is_a_failure_that_says_so() -> None:
    names = x509.NameConstraints(None, [x509.RegisteredID(x509.ObjectIdentifier("1.2.3"))])
    root = Authority("root", extensions=[(names, True)])
    own = root.issue(
        x509.Name([]),
        extensions=[
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
            (
                x509.SubjectAlternativeName([x509.DNSName(HOST), x509.RegisteredID(x509.ObjectIdentifier("1.2.4"))]),
                True,
            ),
            (x509.AuthorityKeyIdentifier.from_issuer_public_key(root.key.public_key()), False),
        ],
    )
    open_result = run(read(limbo(trusted_certs=[pem(root.certificate)], peer_certificate=pem(own))))
    assert open_result.decision.outcome is Outcome.INDETERMINATE
    assert open_result.to_json()["actual"] == "FAILURE"
    assert open_result.reason.startswith("INDETERMINATE: ")


def test_what_a_case_trusts_takes_the_place_of_all_stores() -> None:
    found = read(limbo())
    stores = found.configuration.stores
    assert [each.cert.certificate for each in stores.anchors] == [ROOT.certificate]
    assert rule(found).accept == PathTo(("anchor-1",), issuer_must_be_anchor=False)
    assert found.case.intermediates == (CA.certificate,)
    assert found.configuration.engine == MODEL.engine
    assert outcome(trusted_certs=[pem(Authority("root").certificate)]) is Outcome.REJECT


def test_the_kind_of_validation_is_the_role() -> None:
    assert read(limbo()).case.role is Role.TLS_SERVER
    client = read(limbo(validation_kind="CLIENT", expected_peer_name=None))
    assert client.case.role is Role.SML_CLIENT
    assert client.configuration.rule(Role.TLS_SERVER) is None
    assert read(limbo(), Role.SML_CLIENT).case.role is Role.SML_CLIENT


@pytest.mark.parametrize(
    ("kind", "value", "good"),
    [("DNS", HOST, True), ("DNS", "other.example", False), ("IP", "192.0.2.1", False)],
)
def test_the_expected_server_is_the_host(kind: str, value: str, good: bool) -> None:
    name = {"kind": kind, "value": value}
    assert read(limbo(expected_peer_name=name)).case.context == {Context.HOST: value}
    assert (outcome(expected_peer_name=name) is Outcome.ACCEPT) is good


def test_without_an_expected_server_names_are_not_asked_for() -> None:
    found = read(limbo(expected_peer_name=None))
    assert rule(found).leaf.subject is None
    assert run(found).decision.accepted


def test_all_expected_names_have_to_be_there() -> None:
    names = [x509.RFC822Name("a.b@example.org"), x509.RFC822Name("c@example.org")]
    case = {
        "validation_kind": "CLIENT",
        "expected_peer_name": None,
        "peer_certificate": leaf(*names, purpose=ExtendedKeyUsageOID.CLIENT_AUTH),
    }

    def with_names(*texts: str) -> dict[str, Any]:
        return case | {"expected_peer_names": [{"kind": "RFC822", "value": text} for text in texts]}

    accept = rule(read(limbo(**with_names("a.b@example.org", "c@example.org")))).accept
    assert isinstance(accept, AllOf)
    assert [type(each) for each in accept.parts] == [PathTo, Subject, Subject]
    assert outcome(**with_names("a.b@example.org", "c@example.org")) is Outcome.ACCEPT
    assert outcome(**with_names("a.b@example.org", "d@example.org")) is Outcome.REJECT
    assert outcome(**with_names("axb@example.org")) is Outcome.REJECT  # a point is a point


def test_times_have_whole_seconds_and_null_is_the_time_asked() -> None:
    assert read(limbo(validation_time="2024-04-01T00:00:00.999+02:00")).case.at == datetime(2024, 3, 31, 22, tzinfo=UTC)
    assert read(limbo(validation_time=None)).case.at == NOW


@pytest.mark.parametrize(("depth", "good"), [(0, False), (1, True)])
def test_the_depth_is_the_path_length_of_the_anchors(depth: int, good: bool) -> None:
    assert (outcome(max_chain_depth=depth) is Outcome.ACCEPT) is good


def test_usages_take_the_place_of_those_of_the_model() -> None:
    found = rule(
        read(limbo(key_usage=["digitalSignature", "contentCommitment"], extended_key_usage=["clientAuth"]))
    ).leaf
    assert found.key_usage is not None
    assert found.key_usage.required == (Usage.DIGITAL_SIGNATURE, Usage.NON_REPUDIATION)
    assert found.eku is not None
    assert found.eku.one_of == ("1.3.6.1.5.5.7.3.2",)
    assert outcome(key_usage=["digitalSignature"]) is Outcome.ACCEPT
    assert outcome(key_usage=["keyAgreement"]) is Outcome.REJECT
    assert outcome(extended_key_usage=["1.2.3"]) is Outcome.REJECT


def test_crls_are_required_where_a_case_has_some() -> None:
    without, given_one = rule(read(limbo())).revocation, rule(read(limbo(crls=["no CRL"]))).revocation
    model = MODEL.rule(Role.TLS_SERVER)
    assert model is not None
    assert without == model.revocation
    assert (given_one.leaf, given_one.on_unknown) == (RevocationRule.CRL_REQUIRED, OnUnknown.REJECT)
    assert outcome(crls=["no CRL"]) is Outcome.REJECT


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"[]", "the file is no JSON object"),
        (b"{", "can't be read"),
        (b'{"version": 2, "testcases": []}', "version 1"),
        (b'{"version": 1, "testcases": {}}', "testcases is of another type"),
        (b'{"version": 1, "testcases": [1]}', "the file: testcases is no JSON object"),
        (limbo(validation_kind="OTHER"), "case 1 (own::case): validation_kind is 'OTHER'"),
        (limbo(peer_certificate=None), "case 1 (own::case): peer_certificate is missing"),
        (limbo(peer_certificate="none"), "a certificate is no PEM"),
        (limbo(trusted_certs=[1]), "trusted_certs holds something else than texts"),
        (limbo(validation_time="noon"), "validation_time is no time"),
        (limbo(expected_result=None), "expected_result is missing"),
        (limbo(key_usage=["all"]), "key_usage has 'all', which is none"),
        (limbo(extended_key_usage=["all"]), "extended_key_usage has 'all', which is none"),
        (limbo(max_chain_depth=True), "max_chain_depth is of another type"),
        (limbo(id=None), "id is missing"),
    ],
    ids=lambda each: each if isinstance(each, str) else "data",
)
def test_a_file_that_cant_be_read_says_where(data: bytes, told: str) -> None:
    with pytest.raises(SuiteError, match=r".") as raised:
        list(limbo_cases(data, MODEL, NOW))
    assert told in str(raised.value)


def test_a_model_without_the_role_is_told() -> None:
    model = read_configuration(shipped_model("peppol-g3")).configuration
    with pytest.raises(SuiteError, match="the model peppol-g3 has no rule for tls-server"):
        list(limbo_cases(limbo(), model, NOW))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    [*json.loads(limbo())["testcases"][0], "expected_peer_names", "key_usage", "extended_key_usage"]
)


@given(st.dictionaries(FIELDS, JSON, max_size=4))
def test_whatever_a_case_says_it_is_decided_or_refused(fields: Mapping[str, Any]) -> None:
    try:
        found = read(limbo(**fields))
    except SuiteError:
        return
    assert run(found).decision.outcome in Outcome
