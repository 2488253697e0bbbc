# SPDX-License-Identifier: Apache-2.0
"""The OpenID AuthZEN Authorization API 1.0, clause by clause, as a decision point for trust.

`trust:` clauses are those of draft-johansson-authzen-trust, by the name of the section.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from registry.accounts.permissions import Role as AccountRole
from registry.accounts.permissions import Scope
from registry.api.authzen import AuthzenApp
from registry.api.authzen_evaluation import Evaluator
from registry.api.authzen_requests import Batch, Semantic
from registry.app.domain_setup import add_domain
from registry.demo.pki import DemoPki
from tests.simulators.asgi import Reply, call
from tests.simulators.offline import ACTOR, OfflineInstance, offline_instance
from tests.simulators.rest_callers import RestCaller, reasons
from tests.simulators.trust_http import PUBLIC_URL, TrustOffice, common_name, question

OTHER = {"name": "other", "default": False, "dns": {"zone": "other.example"}}
REQUEST_ID = "bfe9eb29-ab87-4ca3-be83-a1d5d8305716"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[TrustOffice]:
    """For questions, which change nothing."""
    with offline_instance(tmp_path_factory.mktemp("authzen"), pki) as offline:
        yield TrustOffice(offline)


@pytest.fixture
def own(offline: OfflineInstance) -> TrustOffice:
    """For who adds domains."""
    return TrustOffice(offline)


@pytest.fixture
def permitted(office: TrustOffice) -> dict[str, Any]:
    """An access point of the network under its own name."""
    gateway = office.offline.pki.access_points[0].certificate
    return question(common_name(gateway), gateway)


@pytest.fixture
def denied(office: TrustOffice) -> dict[str, Any]:
    """The same access point as an SMP."""
    gateway = office.offline.pki.access_points[0].certificate
    return question(common_name(gateway), gateway, action="smp-sign")


def decisions(reply: Reply) -> list[bool]:
    assert reply.status == 200, reply.body
    return [each["decision"] for each in reply.json()["evaluations"]]


def get(office: TrustOffice, path: str = "/.well-known/authzen-configuration", method: str = "GET") -> Reply:
    return call(office.authzen, method, path.encode())


# §6 Access Evaluation


def test_6_2_permit_is_a_decision(office: TrustOffice, permitted: dict[str, Any]) -> None:
    reply = office.evaluate(permitted)
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    assert reply.json()["decision"] is True


def test_10_1_2_deny_is_200_with_its_reasons(office: TrustOffice, denied: dict[str, Any]) -> None:
    reply = office.evaluate(denied)
    assert (reply.status, reply.json()["decision"]) == (200, False)
    assert list(reply.json()["context"]["reason"]) == ["SUBJECT_MISMATCH", "EXCLUDED"], "the decisive one first"


def test_5_5_1_answer_says_by_what_it_was_decided(office: TrustOffice, permitted: dict[str, Any]) -> None:
    """So that the same question can be asked again later, by whatever means."""
    told = office.evaluate(permitted).json()["context"]
    assert (told["configuration"], told["evidence"], told["engine"]) == (office.model.address, "", "1")
    assert (told["outcome"], told["role"], told["domain"]) == ("ACCEPT", "ap-encrypt", "demo")
    assert "reason" not in told


@pytest.mark.parametrize("name", ["subject", "action", "resource"])
def test_6_1_missing_entity_is_a_bad_request(office: TrustOffice, permitted: dict[str, Any], name: str) -> None:
    reply = office.evaluate({key: value for key, value in permitted.items() if key != name})
    assert reply.status == 400
    assert reply.json()["reasons"][0]["pointer"] == f"#/{name}"


@pytest.mark.parametrize(
    ("entity", "key"),
    [("subject", "type"), ("subject", "id"), ("action", "name"), ("resource", "type"), ("resource", "id")],
)
def test_5_missing_key_is_a_bad_request(office: TrustOffice, permitted: dict[str, Any], entity: str, key: str) -> None:
    del permitted[entity][key]
    assert office.evaluate(permitted).status == 400


@pytest.mark.parametrize(
    "changed",
    [
        {"subject": "alice"},
        {"action": {"name": 123}},
        {"subject": {"type": "key", "id": 5}},
        {"subject": None},
        {"context": "now"},
        {"context": {"party": 7}},
        {"resource": []},
    ],
    ids=json.dumps,
)
def test_10_1_1_wrong_type_is_a_bad_request(
    office: TrustOffice, permitted: dict[str, Any], changed: dict[str, Any]
) -> None:
    assert office.evaluate(permitted | changed).status == 400


def test_10_1_1_unknown_fields_are_passed_over(office: TrustOffice, permitted: dict[str, Any]) -> None:
    for entity in ("subject", "action", "resource"):
        permitted[entity]["properties"] = {"department": "Sales", "nested": {"deep": [True]}}
    unknown = permitted | {"futureField": {"nested": True}, "context": {"time": "2025-06-27T18:03-07:00", "ip": "::1"}}
    assert office.evaluate(unknown).json()["decision"] is True


def test_10_1_only_json_is_taken(office: TrustOffice, permitted: dict[str, Any]) -> None:
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "application/json-patch+json", ""):
        assert office.evaluate(permitted, media_type=media_type).status == 400
    assert office.evaluate(permitted, media_type="application/json; charset=utf-8").status == 200


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"7", b"null", b'{"subject": 1, "subject": 2}', b"\xff\xfe", b"[" * 100_000, b'{"a": NaN}'],
    ids=lambda body: repr(body[:20]),
)
def test_10_1_1_what_is_no_object_is_a_bad_request(office: TrustOffice, body: bytes) -> None:
    assert office.evaluate(body).status == 400


def test_11_7_large_requests_are_refused(office: TrustOffice, permitted: dict[str, Any]) -> None:
    assert office.evaluate(permitted | {"filling": "x" * 2_000_000}).status == 413


def test_10_1_requests_are_posts(office: TrustOffice) -> None:
    for path in ("/access/v1/evaluation", "/access/v1/evaluations"):
        reply = get(office, path)
        assert (reply.status, reply.headers["allow"]) == (405, "POST")
    assert get(office, "/access/v1/search/subject").status == 404
    reply = get(office, method="POST")
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")


def test_same_question_has_the_same_answer(office: TrustOffice, permitted: dict[str, Any]) -> None:
    before = office.evaluate(permitted), office.everything()
    assert (office.evaluate(permitted), office.everything()) == before


# §10.1.3 Request identification


def test_10_1_3_id_of_the_request_comes_back(
    office: TrustOffice, permitted: dict[str, Any], denied: dict[str, Any]
) -> None:
    for body, several in ((permitted, False), ({"evaluations": [denied]}, True), ({}, False)):
        reply = office.evaluate(body, several=several, x_request_id=REQUEST_ID)
        assert reply.all("x-request-id") == [REQUEST_ID]
    assert office.evaluate(permitted, by=None, x_request_id=REQUEST_ID).headers["x-request-id"] == REQUEST_ID
    assert office.evaluate(permitted).status == 200, "nobody has to send one"


# §10.1.2, §11 Who may ask


def test_10_1_2_caller_who_is_not_known_is_401(office: TrustOffice, permitted: dict[str, Any]) -> None:
    nobody = (office.evaluate(permitted, by=None), office.evaluate(permitted, RestCaller(0, "", "edr_wrong")))
    for reply in nobody:
        assert (reply.status, reply.headers["www-authenticate"]) == (401, "Bearer")


def test_10_1_2_caller_without_a_grant_is_403(own: TrustOffice, permitted: dict[str, Any]) -> None:
    add_domain(own.offline.instance, ACTOR, "demo", OTHER)
    for domain in ({}, {"context": {"domain": "demo"}}, {"context": {"domain": "other"}}):
        assert own.evaluate(permitted | domain, own.caller()).status == 403
    absent = own.evaluate(permitted | {"context": {"domain": "absent"}})
    unseen = own.evaluate(permitted | {"context": {"domain": "other"}})
    assert (absent.status, unseen.status) == (403, 403)
    assert absent.json()["detail"].replace("absent", "other") == unseen.json()["detail"], "which there are is not told"
    elsewhere = own.caller(AccountRole.ADMIN, domain_id=own.offline.stored.id)
    assert own.evaluate(permitted | {"context": {"domain": "other"}}, elsewhere).status == 403
    assert own.evaluate(permitted, elsewhere).status == 200


def test_domain_is_the_default_unless_the_context_names_one(own: TrustOffice, permitted: dict[str, Any]) -> None:
    instance = own.offline.instance
    other = add_domain(instance, ACTOR, "demo", OTHER)
    everywhere = own.caller(AccountRole.VIEWER)
    default = next(stored.domain.name for stored in instance.directory.all() if stored.domain.default)
    assert own.evaluate(permitted, everywhere).json()["context"]["domain"] == default
    named = own.evaluate(permitted | {"context": {"domain": "other"}}, everywhere).json()
    assert (named["decision"], named["context"]["domain"]) == (False, "other"), "it trusts nobody yet"
    reply = own.evaluate(permitted, own.caller(AccountRole.VIEWER, Scope(other.id)))
    assert reply.status == 403, "the default is the listener's, not the caller's"


def test_domain_has_to_be_named_where_there_is_no_default(own: TrustOffice, permitted: dict[str, Any]) -> None:
    instance = own.offline.instance
    for stored in instance.directory.all():
        if stored.domain.default:
            instance_domain = own.context.setup.change(ACTOR, stored.domain.name, {"default": False})
            assert not instance_domain.domain.default
    add_domain(instance, ACTOR, "demo", OTHER)
    everywhere = own.caller(AccountRole.VIEWER)
    reply = own.evaluate(permitted, everywhere)
    assert (reply.status, reasons(reply)) == (400, {"AUTHZEN-DOMAIN"})
    assert own.evaluate(permitted | {"context": {"domain": "demo"}}, everywhere).json()["decision"] is True


# §7 Access Evaluations


def test_7_2_answers_come_in_the_order_of_the_questions(
    office: TrustOffice, permitted: dict[str, Any], denied: dict[str, Any]
) -> None:
    reply = office.evaluate({"evaluations": [permitted, denied, permitted]}, several=True)
    assert decisions(reply) == [True, False, True]
    assert "decision" not in reply.json()


@pytest.mark.parametrize("wanting", [{}, {"evaluations": []}], ids=["absent", "empty"])
def test_7_1_without_evaluations_it_is_a_single_one(
    office: TrustOffice, permitted: dict[str, Any], wanting: dict[str, Any]
) -> None:
    assert office.evaluate(permitted | wanting, several=True).json()["decision"] is True
    assert office.evaluate(wanting, several=True).status == 400


def test_7_1_1_top_level_keys_are_defaults(office: TrustOffice, permitted: dict[str, Any]) -> None:
    actions = [{}, {"action": {"name": "smp-sign"}}, {"action": {"name": "ap-sign"}}]
    assert decisions(office.evaluate(permitted | {"evaluations": actions}, several=True)) == [True, False, True]
    contexts = [{}, {"context": {"domain": "absent"}}]
    default = permitted | {"context": {"domain": "demo"}, "evaluations": contexts}
    assert decisions(office.evaluate(default, several=True)) == [True, False]


@pytest.mark.parametrize(
    ("semantic", "expected"),
    [
        ("execute_all", [True, False, True, False]),
        ("deny_on_first_deny", [True, False]),
        ("permit_on_first_permit", [True]),
    ],
)
def test_7_1_2_1_semantics(
    office: TrustOffice, permitted: dict[str, Any], denied: dict[str, Any], semantic: str, expected: list[bool]
) -> None:
    batch = {
        "evaluations": [permitted, denied, permitted, denied],
        "options": {"evaluations_semantic": semantic, "another_option": "value"},
    }
    assert decisions(office.evaluate(batch, several=True)) == expected


def test_7_1_2_1_permit_comes_after_denials(
    office: TrustOffice, permitted: dict[str, Any], denied: dict[str, Any]
) -> None:
    batch = {
        "evaluations": [denied, {}, permitted, denied],
        "options": {"evaluations_semantic": "permit_on_first_permit"},
    }
    assert decisions(office.evaluate(batch, several=True)) == [False, False, True]
    batch = {"evaluations": [permitted, {}, denied], "options": {"evaluations_semantic": "deny_on_first_deny"}}
    assert decisions(office.evaluate(batch, several=True)) == [True, False], "a failure is a denial"


@pytest.mark.parametrize("options", [{"evaluations_semantic": "guess"}, {"evaluations_semantic": 1}, "all"], ids=str)
def test_7_1_2_1_unknown_semantic_is_a_bad_request(office: TrustOffice, denied: dict[str, Any], options: Any) -> None:
    assert office.evaluate({"evaluations": [denied], "options": options}, several=True).status == 400


def test_7_2_1_error_of_one_evaluation_is_its_own(office: TrustOffice, permitted: dict[str, Any]) -> None:
    broken = permitted | {"resource": permitted["resource"] | {"key": ["no certificate"]}}
    foreign = permitted | {"context": {"domain": "absent"}}
    reply = office.evaluate({"evaluations": [permitted, {}, broken, foreign, permitted]}, several=True)
    assert decisions(reply) == [True, False, False, False, True]
    errors = [each["context"].get("error", {}).get("status") for each in reply.json()["evaluations"]]
    assert errors == [None, 400, 400, 403, None]


def test_7_2_1_error_of_the_whole_is_no_answer(office: TrustOffice, permitted: dict[str, Any]) -> None:
    refused: list[Any] = [{}, "all", [7], [permitted] * 101]
    for evaluations in refused:
        assert office.evaluate({"evaluations": evaluations}, several=True).status == 400
    assert len(decisions(office.evaluate({"evaluations": [{}] * 100}, several=True))) == 100


def test_7_2_1_what_is_not_decided_in_time_is_denied(office: TrustOffice, permitted: dict[str, Any]) -> None:
    """Decisions default to closed."""
    caller = office.context.authenticator.by_token(office.viewer.secret)
    seconds = iter([0.0, 1.0, 9.9, 10.1, 11.0])
    evaluator = Evaluator(office.context, caller, lambda: next(seconds))
    found = evaluator.every(Batch((permitted,) * 4, Semantic.EXECUTE_ALL))["evaluations"]
    assert [each["decision"] for each in found] == [True, True, False, False]
    assert [each["context"]["error"]["status"] for each in found[2:]] == [503, 503]


# §9 Metadata


def test_9_2_2_metadata_lead_to_the_endpoints(office: TrustOffice) -> None:
    reply = get(office)
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    assert reply.json() == {
        "policy_decision_point": PUBLIC_URL,
        "access_evaluation_endpoint": f"{PUBLIC_URL}/access/v1/evaluation",
        "access_evaluations_endpoint": f"{PUBLIC_URL}/access/v1/evaluations",
    }
    head = get(office, method="HEAD")
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", reply.headers["content-length"])


def test_9_2_3_metadata_never_follow_the_host_of_a_request(office: TrustOffice) -> None:
    app = AuthzenApp(office.context)
    reply = call(app, "GET", b"/.well-known/authzen-configuration", headers=[(b"x-forwarded-host", b"evil.example")])
    assert reply.status == 404
    assert "manage_public_url" in reply.json()["detail"]


# draft-johansson-authzen-trust


@pytest.mark.parametrize(
    "changed",
    [
        {"subject": {"type": "user", "id": "POP000001"}},
        {"subject": {"type": "key", "id": ""}},
        {"subject": {"type": "key", "id": "another"}},
        {"resource": {"type": "x5c", "id": "POP000001"}},
        {"resource": {"type": "x5c", "id": "POP000001", "key": []}},
        {"resource": {"type": "x5c", "id": "POP000001", "key": "MIIB"}},
        {"resource": {"type": "x5c", "id": "POP000001", "key": ["MIIB"]}},
        {"resource": {"type": "x5c", "id": "POP000001", "key": [{}]}},
        {"resource": {"type": "x5c", "id": "POP000001", "key": [""]}},
        {"resource": {"type": "x5c", "id": "POP000001", "key": ["MIIB"] * 10_000}},
        {"resource": {"type": "x5c", "id": "POP000001", "key": {"kty": "RSA"}}},
        {"resource": {"type": "jwk", "id": "POP000001", "key": ["MIIB"]}},
        {"resource": {"type": "jwk", "id": "POP000001", "key": {"kty": "RSA"}}},
        {"resource": {"type": "jwk", "id": "POP000001", "key": {"x5c": ["MIIB"]}}},
        {"resource": {"type": "did", "id": "POP000001", "key": ["MIIB"]}},
    ],
    ids=lambda changed: json.dumps(changed)[:90],
)
def test_trust_request_that_breaks_the_profile_is_a_bad_request(
    office: TrustOffice, permitted: dict[str, Any], changed: dict[str, Any]
) -> None:
    assert office.evaluate(permitted | changed).status == 400


def test_trust_action_that_is_no_role_is_denied(office: TrustOffice, permitted: dict[str, Any]) -> None:
    for name in ("http://ec.europa.eu/NS/wallet-provider", "AP-ENCRYPT", "smp-metadata"):
        reply = office.evaluate(permitted | {"action": {"name": name}})
        assert (reply.status, reply.json()["decision"]) == (200, False)
        assert list(reply.json()["context"]["reason"]) == ["ROLE_UNKNOWN"]


def test_trust_name_that_nothing_binds_to_the_key_is_denied(office: TrustOffice) -> None:
    """The certificate is good for the role, and another party asks for it under its own name."""
    gateway = office.offline.pki.access_points[0].certificate
    told = office.evaluate(question("POP999999", gateway)).json()
    assert (told["decision"], told["context"]["outcome"]) == (False, "ACCEPT")
    assert list(told["context"]["reason"]) == ["NAME_NOT_BOUND"]
