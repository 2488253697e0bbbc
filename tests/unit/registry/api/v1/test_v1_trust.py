# SPDX-License-Identifier: Apache-2.0
"""Trust over REST: decisions with their reasons and steps, and which model is in force."""

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.accounts.groups import create_group
from registry.accounts.permissions import Role as AccountRole
from registry.accounts.permissions import Scope
from registry.api.v1.trust_models import MAX_INTERMEDIATES, TrustRole
from registry.storage.queries import impact
from registry.trust import Role, TrustModel
from tests.simulators.certificate_chains import NOW, Authority, refused_by_cryptography
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.rest_callers import reasons
from tests.simulators.trust_http import TrustOffice, common_name, pem, steps_of, x5c
from tests.simulators.trust_models import anchor, engine_of, path_to, rule
from trust_lists.certificates.listed import ListedCertificate, listed
from trust_lists.evaluation.decisions import Case, Evidence
from trust_lists.evaluation.trust_configuration.model import Context

ROOT = Authority("root")
BETWEEN = Authority("between", ROOT)
LEAF = BETWEEN.issue("POP000001")
BOUND = {"subject": {"match": {}, "bind": {"CN": "context.seat_id"}}}


def model_of(**other: Any) -> TrustModel:
    """Below the root: `ap-sign` for whoever has the seat id, `ap-encrypt` for everybody, with a warning only."""
    roles = {"ap-sign": rule(path_to("root"), BOUND), "ap-encrypt": rule(path_to("root"))}
    engine = engine_of(roles, {"anchors": [anchor("root", ROOT.certificate)]}, [ROOT.certificate], **other)
    return TrustModel(engine, "demo", frozenset({"ap-encrypt"}))


MODEL = model_of()


@pytest.fixture
def office(offline: OfflineInstance) -> TrustOffice:
    offline.clock.now = NOW
    return TrustOffice(offline, MODEL)


@pytest.fixture
def demo(offline: OfflineInstance) -> TrustOffice:
    """With the settings of the demonstration."""
    return TrustOffice(offline)


def asked(role: str = "ap-encrypt", **other: Any) -> dict[str, Any]:
    return {"role": role, "certificate": pem(LEAF), "intermediates": [pem(BETWEEN.certificate)]} | other


def decided(office: TrustOffice, body: dict[str, Any]) -> Any:
    reply = office.decide(body)
    assert reply.status == 200, reply.body
    return reply.json()


# Decisions


def test_accepted_certificate_is_told_with_who_vouches_and_by_which_path(office: TrustOffice) -> None:
    found = decided(office, asked())
    assert (found["outcome"], found["checks"]) == ("ACCEPT", [])
    assert found["grounds"] == ["stores.anchors.root"]
    assert found["path"] == [BETWEEN.certificate.sha256, LEAF.sha256]
    assert (found["configuration"], found["engine"], found["evidence"]) == (MODEL.address, "1", "")
    assert found["at"] == "2026-11-20T12:00:00Z", "now is the clock of the instance"
    assert "trace" not in found, "nobody asked for it"
    assert "counterfactuals" not in found


def test_refused_certificate_is_told_with_every_reason(demo: TrustOffice) -> None:
    """The real case of networks whose roles differ by the issuer alone: an access point is no SMP."""
    gateway = demo.offline.pki.access_points[0].certificate
    found = decided(demo, {"role": "smp-sign", "certificate": pem(gateway)})
    assert (found["outcome"], found["enforced"], found["grounds"]) == ("REJECT", True, [])
    assert {"SUBJECT_MISMATCH", "EXCLUDED"} <= {check["id"] for check in found["checks"]}
    assert all(check["clause"].startswith("roles.smp-sign.") for check in found["checks"])
    assert decided(demo, {"role": "ap-encrypt", "certificate": pem(gateway)})["outcome"] == "ACCEPT"


def test_what_can_not_be_told_is_no_yes(office: TrustOffice) -> None:
    """A rule about a name can't be decided without the name, and isn't passed over."""
    found = decided(office, asked("ap-sign"))
    assert found["outcome"] == "INDETERMINATE"
    assert [(check["id"], check["undecided"]) for check in found["checks"]] == [("CONTEXT_MISSING", True)]
    assert decided(office, asked("ap-sign", context={"seat_id": "POP000001"}))["outcome"] == "ACCEPT"
    assert decided(office, asked("ap-sign", context={"seat_id": "POP000002"}))["outcome"] == "REJECT"


def test_role_in_which_the_domain_only_warns_is_answered_as_it_is(office: TrustOffice) -> None:
    late = asked(at="2031-01-01T00:00:00Z")
    found = decided(office, late)
    assert (found["outcome"], found["enforced"]) == ("REJECT", False)
    assert decided(office, late | {"role": "ap-sign"})["enforced"]


def test_decision_is_for_the_instant_that_is_asked_about(office: TrustOffice) -> None:
    found = decided(office, asked(at="2027-11-20T14:00:00+01:00"))
    assert (found["outcome"], found["at"]) == ("REJECT", "2027-11-20T13:00:00Z")
    assert "expired" in " ".join(check["message"] for check in found["checks"]) or found["checks"]
    assert decided(office, asked(at="2027-11-20T11:59:59Z"))["outcome"] == "ACCEPT"


def test_certificate_that_ends_soon_is_warned_of(office: TrustOffice) -> None:
    (warning,) = decided(office, asked(at="2027-11-10T00:00:00Z"))["warnings"]
    assert "expires" in warning


def test_what_stands_behind_the_first_certificate_came_along(office: TrustOffice) -> None:
    together = {"role": "ap-encrypt", "certificate": pem(LEAF, BETWEEN.certificate)}
    bare = {"role": "ap-encrypt", "certificate": x5c([LEAF])[0], "intermediates": x5c([BETWEEN.certificate, LEAF])}
    assert decided(office, together) == decided(office, bare) == decided(office, asked())
    alone = decided(office, {"role": "ap-encrypt", "certificate": pem(LEAF)})
    assert alone["outcome"] == "REJECT", "nothing is fetched"


def test_certificate_that_a_library_does_not_load_is_judged_all_the_same(office: TrustOffice) -> None:
    odd = refused_by_cryptography(LEAF, BETWEEN)
    assert odd.certificate is None
    found = decided(office, asked(certificate=pem(odd)))
    assert (found["sha256"], found["subject"]) == (odd.sha256, LEAF.subject_text)


def test_metadata_that_name_the_certificate_count_where_the_model_says_so(offline: OfflineInstance) -> None:
    offline.clock.now = NOW
    roles = {"ap-encrypt": rule(path_to("root")), "smp-metadata": {"endpoint_certificate": "pin"}}
    engine = engine_of(roles, {"anchors": [anchor("root", ROOT.certificate)]}, [ROOT.certificate])
    office = TrustOffice(offline, TrustModel(engine, "demo"))
    assert decided(office, asked())["outcome"] == "INDETERMINATE"
    assert decided(office, asked(asserted=[]))["outcome"] == "REJECT"
    assert decided(office, asked(asserted=["0" * 64, LEAF.sha256]))["outcome"] == "ACCEPT"


def test_domain_of_the_path_is_known_to_rules(offline: OfflineInstance) -> None:
    offline.clock.now = NOW
    subject = {"subject": {"match": {}, "bind": {"O": "context.domain"}}}
    engine = engine_of(
        {"ap-sign": rule(path_to("root"), subject)}, {"anchors": [anchor("root", ROOT.certificate)]}, [ROOT.certificate]
    )
    office = TrustOffice(offline, TrustModel(engine, "demo"))
    assert {check["id"] for check in decided(office, asked("ap-sign"))["checks"]} == {"SUBJECT_NOT_BOUND"}
    assert decided(office, asked("ap-sign", context={"domain": "Testers"}))["outcome"] == "ACCEPT"


def test_trace_has_the_steps_of_the_specification(office: TrustOffice) -> None:
    trace = decided(office, asked(trace=True))["trace"]
    steps = {(step["ref"], step["step"]) for step in steps_of(trace)}
    for clause in ("6.1.3(a)(1)", "6.1.3(a)(2)", "6.1.3(a)(4)", "6.1.4(k)"):
        assert ("RFC 5280", clause) in steps
    assert {step["outcome"] for step in steps_of(trace)} <= {"PASSED", "FAILED", "UNDECIDED", "NOT CHECKED"}
    failed = decided(office, asked(trace=True, at="2031-01-01T00:00:00Z"))["trace"]
    assert any(step["step"] == "6.1.3(a)(2)" and step["outcome"] == "FAILED" for step in steps_of(failed))


def test_answer_says_with_which_changes_it_would_be_another_one(office: TrustOffice) -> None:
    found = decided(office, asked("ap-sign", counterfactual=True, context={"seat_id": "POP000009"}))
    assert found["counterfactuals"]
    assert all(len(each["ids"]) == len(each["changes"]) > 0 for each in found["counterfactuals"])
    assert decided(office, asked(counterfactual=True))["counterfactuals"] == []


def test_few_search_for_counterfactuals_at_a_time(office: TrustOffice) -> None:
    searches = office.context.searches
    with searches.taken("one", 1), searches.taken("two", 1):
        reply = office.decide(asked("list-signer", counterfactual=True))
        assert (reply.status, reply.headers["retry-after"]) == (429, "1")
        assert office.decide(asked()).status == 200, "decisions go on"
    assert office.decide(asked("list-signer", counterfactual=True)).status == 200


def test_role_without_a_rule_accepts_nobody(office: TrustOffice) -> None:
    found = decided(office, asked("list-signer"))
    assert (found["outcome"], [check["id"] for check in found["checks"]]) == ("REJECT", ["NO_RULE"])


def test_roles_are_those_of_trust_configurations() -> None:
    assert set(get_args(TrustRole)) == set(Role)


# Bad input


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"role": "emperor"}, "#/role"),
        ({"role": "smp-metadata"}, "#/role"),
        ({"certificate": "no certificate"}, "#/certificate"),
        ({"certificate": "MIIB"}, "#/certificate"),
        ({"certificate": ""}, "#/certificate"),
        ({"certificate": "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"}, "#/certificate"),
        ({"certificate": "é"}, "#/certificate"),
        ({"certificate": 7}, "#/certificate"),
        ({"intermediates": ["", pem(ROOT.certificate)]}, "#/intermediates/0"),
        ({"intermediates": [pem(ROOT.certificate), "AAAA"]}, "#/intermediates/1"),
        ({"intermediates": ["AAAA"] * 10_000}, "#/intermediates"),
        ({"context": {"nobody": "knows"}}, "#/context/nobody"),
        ({"context": {"party": 1}}, "#/context/party"),
        ({"at": "2026-11-20"}, "#/at"),
        ({"at": "2026-11-20T12:00:00"}, "#/at"),
        ({"asserted": ["f"]}, "#/asserted/0"),
        ({"trace": "yes"}, "#/trace"),
        ({"accept": True}, "#/accept"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-",
)
def test_bad_input_is_refused_with_its_place(office: TrustOffice, changed: dict[str, Any], pointer: str) -> None:
    reply = office.decide(asked(**changed))
    assert reply.status == 400
    assert pointer in {reason.get("pointer") for reason in reply.json()["reasons"]}


def variants(certificate: ListedCertificate, count: int) -> list[ListedCertificate]:
    """The same certificate with other signatures, none of which holds."""
    return [ListedCertificate(certificate.der[:-2] + number.to_bytes(2, "big")) for number in range(count)]


def test_more_certificates_than_anybody_needs_are_refused(office: TrustOffice) -> None:
    many = variants(BETWEEN.certificate, MAX_INTERMEDIATES + 1)
    assert decided(office, asked(intermediates=[pem(each) for each in many[1:]]))["outcome"] != "ACCEPT"
    reply = office.decide(asked(intermediates=[pem(each) for each in many]))
    assert (reply.status, reasons(reply)) == (400, {"REST-INPUT"})
    reply = office.decide(asked(intermediates=[pem(*many[:60]), pem(*many[60:])]))
    assert (reply.status, reasons(reply)) == (400, {"TRUST-CERTIFICATES"}), "several in one text count, too"
    assert office.decide(asked(intermediates=[pem(*variants(BETWEEN.certificate, 10_000))])).status == 413


def test_changed_certificate_is_never_accepted(office: TrustOffice) -> None:
    """Wherever a byte of what was signed is another one, or of the signature."""
    slices = LEAF.slices
    assert slices is not None
    signed, end = LEAF.der.index(slices.signed), len(LEAF.der) - len(slices.signature)
    for place in (*range(signed, signed + len(slices.signed), 17), *range(end, len(LEAF.der), 17)):
        broken = bytearray(LEAF.der)
        broken[place] ^= 0x5A
        reply = office.decide(asked(certificate=pem(bytes(broken)), trace=True))
        assert reply.status in {200, 400}
        assert reply.status == 400 or reply.json()["outcome"] != "ACCEPT", place


def test_name_that_no_text_can_hold_is_answered(office: TrustOffice) -> None:
    """A BMPString with half of a surrogate pair."""
    plain = BETWEEN.issue("POP00000")
    odd = ListedCertificate(plain.der.replace(b"\x0c\x08POP00000", b"\x1e\x08\xd8\x00\x00A\x00B\x00C"))
    assert odd != plain
    found = decided(office, asked(certificate=pem(odd), trace=True, counterfactual=True))
    assert found["outcome"] == "REJECT"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    role=st.sampled_from(sorted(Role)),
    days=st.integers(-500, 500),
    seat=st.sampled_from([None, "POP000001", "POP000002"]),
    between=st.booleans(),
)
def test_answer_is_that_of_the_engine(
    office: TrustOffice, role: Role, days: int, seat: str | None, between: bool
) -> None:
    at = NOW + timedelta(days=days)
    others = (BETWEEN.certificate,) if between else ()
    context = {"seat_id": seat} if seat else {}
    case = Case(role, LEAF, at, others, {Context.DOMAIN: "demo"} | ({Context.SEAT_ID: seat} if seat else {}))
    body = {
        "role": role.value,
        "certificate": pem(LEAF),
        "intermediates": [pem(each) for each in others],
        "context": context,
        "at": at.isoformat(),
    }
    expected = MODEL.engine.decide(case)
    found = decided(office, body)
    assert found["outcome"] == expected.outcome
    assert [check["id"] for check in found["checks"]] == [check.id for check in expected.checks]


# Who may


def test_who_may_read_the_domain_may_ask(office: TrustOffice) -> None:
    group = create_group(office.database, ACTOR, office.offline.stored.id, "ours")
    narrow = office.caller(AccountRole.ADMIN, Scope(office.offline.stored.id, group.id))
    body = asked()
    assert office.ask("POST", "/domains/demo/trust/decisions", None, body).status == 401
    assert office.decide(body, narrow).status == 403, "they know of the domain, and have a part of it only"
    assert office.decide(body, office.caller()).status == 404, "who sees nothing of a domain learns nothing of it"
    assert office.decide(body, office.caller(AccountRole.VIEWER)).status == 200
    assert office.decide(body, office.viewer, domain="other").status == 404


def test_decision_writes_nothing(office: TrustOffice) -> None:
    office.decide(asked())
    before = office.everything()
    office.decide(asked(trace=True, counterfactual=True))
    assert office.everything() == before
    reply = office.ask("POST", "/domains/demo/trust/decisions", office.viewer, asked(), idempotency_key="1")
    assert (reply.status, reasons(reply)) == (400, {"REST-PRECONDITION"}), "there is nothing to do twice"


# The model in force


def test_model_in_force_is_told(office: TrustOffice) -> None:
    found = office.ask("GET", "/domains/demo/trust", office.viewer).json()
    assert (found["domain"], found["configuration"], found["model"]) == ("demo", MODEL.address, "made")
    told = {"accepted": "path to root", "revocation": "no_check"}
    assert found["roles"] == [
        {"role": "ap-sign", "enforced": True} | told,
        {"role": "ap-encrypt", "enforced": False} | told,
    ]
    assert found["sources"] == []
    (told,) = found["anchors"]
    assert (told["id"], told["sha256"], told["kind"]) == ("root", ROOT.certificate.sha256, "ca")
    assert (told["not_before"], told["not_after"]) == ("2021-11-21T12:00:00Z", "2031-11-19T12:00:00Z")
    assert (told["trusted_from"], told["trusted_until"]) == (None, None)
    assert found["evidence"] == {"digest": "", "collected_at": None, "age_s": None}


def test_evidence_is_told_with_its_age(offline: OfflineInstance) -> None:
    offline.clock.now = NOW
    collected = NOW - timedelta(hours=3)
    office = TrustOffice(offline, MODEL.at_hand(Evidence(digest="d" * 64)), collected)
    found = office.ask("GET", "/domains/demo/trust", office.viewer).json()["evidence"]
    assert found == {"digest": "d" * 64, "collected_at": "2026-11-20T09:00:00Z", "age_s": 3 * 3600}
    assert decided(office, asked())["evidence"] == "d" * 64


def test_configuration_is_answered_under_its_address(office: TrustOffice) -> None:
    path = "/domains/demo/trust/configuration"
    reply = office.ask("GET", path, office.viewer)
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["etag"] == f'"{hashlib.sha256(reply.body).hexdigest()}"' == f'"{MODEL.address}"'
    assert json.loads(reply.body)["stores"]["anchors"][0]["cert"] == {"sha256": ROOT.certificate.sha256}
    assert office.ask("GET", path, office.viewer, if_none_match=reply.headers["etag"]).status == 304


def test_configuration_that_a_decision_cites_is_found_also_when_it_is_no_longer_in_force(demo: TrustOffice) -> None:
    everywhere = demo.caller(AccountRole.VIEWER)
    former = demo.ask("GET", "/domains/demo/trust/configuration", demo.viewer)
    cited = demo.model.address
    changed = {"trust": {"tls-server": {"pins": ["0" * 64]}}}
    demo.offline.stored = demo.context.setup.change(ACTOR, "demo", changed)
    assert demo.ask("GET", "/domains/demo/trust/configuration", demo.viewer).headers["etag"] != f'"{cited}"'
    reply = demo.ask("GET", f"/trust/configurations/{cited}", everywhere)
    assert (reply.status, reply.body, reply.headers["etag"]) == (200, former.body, f'"{cited}"')
    assert demo.ask("GET", f"/trust/configurations/{cited}", demo.viewer).status == 403, "whose it was, nobody knows"
    assert demo.ask("GET", f"/trust/configurations/{'0' * 64}", everywhere).status == 404
    assert demo.ask("GET", "/trust/configurations/short", everywhere).status == 400


def test_last_report_of_an_impact_is_told(demo: TrustOffice) -> None:
    path = "/domains/demo/trust/impact"
    assert demo.ask("GET", path, demo.viewer).status == 404
    for after in ("a" * 64, "b" * 64):
        with demo.database.write(ACTOR) as work:
            stored = demo.offline.stored
            run = impact.begin(work, impact.NewRun(stored.id, demo.model.address, after, "", work.now, work.now))
            impact.finish(work, run, {"domain": "demo", "after": {"address": after}})
        demo.offline.clock.forward(seconds=1)
    assert demo.ask("GET", path, demo.viewer).json()["after"] == {"address": "b" * 64}
    assert demo.ask("GET", f"{path}?to={'a' * 64}", demo.viewer).json()["after"] == {"address": "a" * 64}
    assert demo.ask("GET", f"{path}?to={'c' * 64}", demo.viewer).status == 404
    assert demo.ask("GET", path, demo.caller()).status == 404


def test_settings_of_a_domain_are_a_model_like_any_other(demo: TrustOffice) -> None:
    found = demo.ask("GET", "/domains/demo/trust", demo.viewer).json()
    assert found["model"] == "short-form"
    assert listed(demo.offline.pki.root.certificate).sha256 in {each["sha256"] for each in found["anchors"]}
    gateway = demo.offline.pki.access_points[0].certificate
    told = decided(demo, {"role": "ap-encrypt", "certificate": pem(gateway)})
    assert (told["configuration"], told["outcome"]) == (found["configuration"], "ACCEPT")
    assert common_name(gateway) in told["subject"]


def test_anchor_that_can_not_be_read_has_no_dates(offline: OfflineInstance) -> None:
    configuration = MODEL.configuration
    (held,) = configuration.stores.anchors
    broken = replace(held, cert=replace(held.cert, certificate=None))
    engine = type(MODEL.engine)(replace(configuration, stores=replace(configuration.stores, anchors=(broken,))))
    office = TrustOffice(offline, TrustModel(engine, "demo"))
    (told,) = office.ask("GET", "/domains/demo/trust", office.viewer).json()["anchors"]
    assert (told["subject"], told["not_before"], told["not_after"]) == ("", None, None)
    assert decided(office, asked(at="2026-11-20T12:00:00Z"))["outcome"] != "ACCEPT"
