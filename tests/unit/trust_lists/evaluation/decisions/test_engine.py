# SPDX-License-Identifier: Apache-2.0
"""Decisions by a configuration: each source, rule of a leaf and demand on a path, on chains made for it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from tests.simulators.certificate_chains import NOW, YEAR, Authority, ec_key, key_usage
from tests.simulators.revocation_evidence import crl, entry
from tests.simulators.trust_models import anchor, configuration, engine_of, path_to, pin, rule
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.revocation.evidence import RevocationEvidence
from trust_lists.certificates.signed import Signatures
from trust_lists.evaluation.decisions import Case, Check, Decision, Evidence, Outcome
from trust_lists.evaluation.decisions.engine import DecisionEngine
from trust_lists.evaluation.decisions.expressions import AtLeast, NotExpression, Question, SourceExpression
from trust_lists.evaluation.decisions.grounds import Offer
from trust_lists.evaluation.decisions.rules import ready_rules
from trust_lists.evaluation.trust_configuration.certificates import key_digest, serial_text
from trust_lists.evaluation.trust_configuration.model import Context, Role

SECOND = timedelta(seconds=1)
ROOT = Authority("root")
MIDDLE = Authority("middle", ROOT)
LEAF = MIDDLE.issue("leaf")
OTHER = Authority("other root")
ANCHORS = {"anchors": [anchor("root", ROOT.certificate)]}
CLIENT = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)


def ask(engine: DecisionEngine, certificate: ListedCertificate = LEAF, **options: Any) -> Decision:
    evidence = options.pop("evidence", Evidence())
    case = Case(options.pop("role", Role.AP_SIGN), certificate, options.pop("at", NOW), **options)
    return engine.decide(case, evidence)


def by_path(
    leaf: dict[str, Any] | None = None, revocation: dict[str, Any] | None = None, **stores: Any
) -> DecisionEngine:
    """Paths to the root, over the authority in the middle."""
    found = ANCHORS | {"intermediates": [{"sha256": MIDDLE.certificate.sha256}]} | stores
    rules = {"ap-sign": rule(path_to("root"), leaf, revocation)}
    return engine_of(rules, found, [ROOT.certificate, MIDDLE.certificate])


def ids(decision: Decision) -> list[str]:
    return [check.id for check in decision.checks]


def test_a_certificate_with_a_path_to_an_anchor_is_accepted_and_the_answer_says_by_whom() -> None:
    decision = ask(by_path())
    assert decision.outcome is Outcome.ACCEPT
    assert decision.grounds == ("stores.anchors.root",)
    assert decision.path == (MIDDLE.certificate.sha256, LEAF.sha256)
    assert decision.reason == ""
    assert decision.decisive is None


def test_certificates_in_between_may_come_with_the_case_or_with_the_evidence() -> None:
    engine = engine_of({"ap-sign": rule(path_to("root"))}, ANCHORS, [ROOT.certificate])
    assert ids(ask(engine)) == ["NO_PATH"]
    assert ask(engine, intermediates=(MIDDLE.certificate,)).accepted
    assert ask(engine, evidence=Evidence(intermediates=(MIDDLE.certificate,))).accepted


def test_nobody_is_accepted_in_a_role_without_a_rule() -> None:
    assert ids(ask(by_path(), role=Role.TLS_SERVER)) == ["NO_RULE"]


def test_an_anchor_whose_certificate_is_not_at_hand_leaves_it_open() -> None:
    engine = engine_of({"ap-sign": rule(path_to("root"))}, ANCHORS)
    decision = ask(engine, MIDDLE.certificate)
    assert decision.outcome is Outcome.INDETERMINATE
    assert ids(decision) == ["ANCHOR_CERTIFICATE_MISSING"]


@pytest.mark.parametrize(
    ("leaf", "extensions", "expected"),
    [
        pytest.param(
            {"key_usage": {"all": ["digitalSignature"], "none": [], "absent": "reject"}},
            [(key_usage("key_encipherment"), True)],
            "KEY_USAGE_MISSING",
            id="a usage is missing",
        ),
        pytest.param(
            {"key_usage": {"all": [], "none": ["keyCertSign"], "absent": "reject"}},
            [(key_usage("key_cert_sign"), True)],
            "KEY_USAGE_FORBIDDEN",
            id="a usage is forbidden",
        ),
        pytest.param(
            {"key_usage": {"all": ["digitalSignature"], "none": [], "absent": "reject"}},
            [CLIENT],
            "KEY_USAGE_ABSENT",
            id="no key usage",
        ),
        pytest.param(
            {"eku": {"any": ["clientAuth"], "absent": "reject", "any_eku": "reject"}},
            [(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)],
            "EKU_MISSING",
            id="another purpose",
        ),
        pytest.param(
            {"eku": {"any": ["clientAuth"], "absent": "reject", "any_eku": "reject"}},
            [(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]), False)],
            "EKU_MISSING",
            id="any purpose",
        ),
        pytest.param(
            {"eku": {"any": ["clientAuth"], "absent": "reject", "any_eku": "reject"}},
            [(key_usage("digital_signature"), True)],
            "EKU_ABSENT",
            id="no purpose",
        ),
        pytest.param({"max_lifetime": "P729D"}, (), "LIFETIME_TOO_LONG", id="a long lifetime"),
        pytest.param({"subject": {"match": {"CN": "lea"}, "bind": {}}}, (), "SUBJECT_MISMATCH", id="a part of a name"),
        pytest.param({"subject": {"match": {"OU": ".*"}, "bind": {}}}, (), "SUBJECT_MISMATCH", id="no such name"),
        pytest.param({"algorithms": {"keys": ["ed25519"], "hashes": ["sha256"]}}, (), "KEY_TOO_WEAK", id="a key"),
        pytest.param({"algorithms": {"keys": ["p256"], "hashes": ["sha512"]}}, (), "HASH_TOO_WEAK", id="a hash"),
    ],
)
def test_each_rule_of_a_leaf_refuses_what_it_is_about(leaf: dict[str, Any], extensions: Any, expected: str) -> None:
    certificate = MIDDLE.issue("leaf", extensions=extensions)
    decision = ask(by_path(leaf), certificate)
    assert decision.outcome is Outcome.REJECT
    assert set(ids(decision)) == {expected}
    assert ask(by_path(), certificate).accepted


@pytest.mark.parametrize(
    "leaf",
    [
        {"key_usage": {"all": [], "none": [], "absent": "accept"}},
        {"eku": {"any": ["clientAuth"], "absent": "accept", "any_eku": "reject"}},
        {"max_lifetime": "P730D"},
        {"subject": {"match": {"CN": "l.*", "DN": "CN=leaf,O=Testers,C=BE"}, "bind": {}}},
        {"algorithms": {"keys": ["p256"], "hashes": ["sha256"]}},
    ],
    ids=lambda leaf: next(iter(leaf)),
)
def test_each_rule_of_a_leaf_lets_pass_what_meets_it(leaf: dict[str, Any]) -> None:
    assert ask(by_path(leaf)).accepted


def test_an_authority_that_says_nothing_of_its_key_is_no_end_entity_where_signing_certificates_is_forbidden() -> None:
    authority = MIDDLE.issue("authority", extensions=[(x509.BasicConstraints(ca=True, path_length=None), True)])
    entity = MIDDLE.issue("entity", extensions=[(x509.BasicConstraints(ca=False, path_length=None), True)])
    rules = {"key_usage": {"all": [], "none": ["keyCertSign"], "absent": "accept"}}
    assert ids(ask(by_path(rules), authority)) == ["KEY_USAGE_FORBIDDEN"]
    assert ask(by_path(rules), entity).accepted
    assert ask(by_path({"key_usage": rules["key_usage"] | {"none": []}}), authority).accepted


def test_all_that_is_wrong_is_told_at_once() -> None:
    leaf = {"max_lifetime": "P1D", "eku": {"any": ["clientAuth"], "absent": "reject", "any_eku": "reject"}}
    decision = ask(by_path(leaf), at=NOW + 2 * YEAR)
    assert set(ids(decision)) == {"EKU_ABSENT", "LIFETIME_TOO_LONG", "EXPIRED"}


def test_a_name_is_bound_to_the_case_at_hand_and_what_is_not_known_of_it_leaves_it_open() -> None:
    engine = by_path({"subject": {"match": {}, "bind": {"CN": "context.seat_id"}}})
    assert ask(engine, context={Context.SEAT_ID: "leaf"}).accepted
    assert ids(ask(engine, context={Context.SEAT_ID: "leaves"})) == ["SUBJECT_NOT_BOUND"]
    unknown = ask(engine)
    assert (unknown.outcome, ids(unknown)) == (Outcome.INDETERMINATE, ["CONTEXT_MISSING"])


def test_what_surely_fails_comes_before_what_cannot_be_told() -> None:
    engine = by_path({"subject": {"match": {"OU": "x"}, "bind": {"CN": "context.seat_id"}}})
    decision = ask(engine)
    assert decision.outcome is Outcome.REJECT
    assert ids(decision) == ["SUBJECT_MISMATCH", "CONTEXT_MISSING"]


def test_a_name_that_only_looks_like_two_attributes_does_not_fit_a_pattern_over_the_whole_subject() -> None:
    forged = MIDDLE.issue("leaf,OU=PEPPOL")
    engine = by_path({"subject": {"match": {"DN": "(?:.*,)?OU=PEPPOL(?:,.*)?"}, "bind": {}}})
    assert ids(ask(engine, forged)) == ["SUBJECT_MISMATCH"]


@pytest.mark.parametrize("kind", ["cert_sha256", "spki_sha256", "issuer_serial"])
@pytest.mark.parametrize("denied", ["leaf", "middle"])
def test_what_is_denied_is_never_trusted_in_whatever_place_of_a_path(kind: str, denied: str) -> None:
    certificate = LEAF if denied == "leaf" else MIDDLE.certificate
    entries: dict[str, Any] = {
        "cert_sha256": certificate.sha256,
        "spki_sha256": key_digest(certificate),
        "issuer_serial": {"issuer": certificate.issuer_text, "serial": serial_text(certificate)},
    }
    decision = ask(by_path(deny={kind: [entries[kind]]}))
    assert (decision.outcome, ids(decision)) == (Outcome.REJECT, ["DENIED"])
    assert decision.checks[0].subject == certificate.sha256
    assert decision.checks[0].clause == f"stores.deny.{kind}"


def test_the_deny_list_takes_a_path_away_and_not_the_other_one() -> None:
    again = Authority("middle", ROOT, key=MIDDLE.key)
    engine = by_path(
        deny={"cert_sha256": [MIDDLE.certificate.sha256]},
        intermediates=[{"sha256": MIDDLE.certificate.sha256}],
    )
    assert ask(engine, intermediates=(again.certificate,)).accepted


def test_a_path_may_have_so_many_certificates_and_no_more() -> None:
    def engine(most: int) -> DecisionEngine:
        return engine_of({"ap-sign": rule(path_to("root"))}, ANCHORS, [ROOT.certificate], engine={"max_path": most})

    assert ids(ask(engine(1), intermediates=(MIDDLE.certificate,))) == ["PATH_TOO_LONG"]
    assert ask(engine(2), intermediates=(MIDDLE.certificate,)).accepted


def test_an_issuer_that_must_be_the_anchor_itself_is_not_one_below_it() -> None:
    engine = engine_of({"ap-sign": rule(path_to("root", direct=True))}, ANCHORS, [ROOT.certificate])
    assert ids(ask(engine, intermediates=(MIDDLE.certificate,))) == ["ISSUER_NOT_ANCHOR"]
    assert ask(engine, ROOT.issue()).accepted


def test_clocks_may_differ_by_what_the_configuration_says() -> None:
    def engine(skew: str) -> DecisionEngine:
        entries = ANCHORS | {"intermediates": [{"sha256": MIDDLE.certificate.sha256}]}
        found = [ROOT.certificate, MIDDLE.certificate]
        return engine_of({"ap-sign": rule(path_to("root"))}, entries, found, engine={"clock_skew": skew})

    assert ask(engine("PT5M"), at=NOW + YEAR + timedelta(minutes=5)).accepted
    assert ids(ask(engine("PT5M"), at=NOW + YEAR + timedelta(minutes=5, seconds=1))) == ["EXPIRED"]
    assert ids(ask(engine("PT0S"), at=NOW + YEAR + SECOND)) == ["EXPIRED"]
    assert ids(ask(engine("PT0S"), at=NOW - YEAR - SECOND)) == ["NOT_YET_VALID"]


class TestAnchors:
    """What an anchor is trusted for."""

    @staticmethod
    def engine(kind: str = "ca", authority: Authority = ROOT, **limits: Any) -> DecisionEngine:
        entry_of = anchor("root", authority.certificate, kind, limits.get("controls"), limits.get("trusted"))
        return engine_of({"ap-sign": rule(path_to("root"))}, {"anchors": [entry_of]}, [authority.certificate])

    def test_its_period_begins_when_it_says_and_ends_before_it_says(self) -> None:
        begin, end = NOW - YEAR / 2, NOW + YEAR / 2
        leaf = ROOT.issue()
        engine = self.engine(trusted={"from": f"{begin:%Y-%m-%dT%H:%M:%SZ}", "until": f"{end:%Y-%m-%dT%H:%M:%SZ}"})
        assert ids(ask(engine, leaf, at=begin - SECOND)) == ["ANCHOR_NOT_YET_TRUSTED"]
        assert ask(engine, leaf, at=begin).accepted
        assert ask(engine, leaf, at=end - SECOND).accepted
        assert ids(ask(engine, leaf, at=end)) == ["ANCHOR_NO_LONGER_TRUSTED"]

    def test_certificates_count_if_they_are_valid_from_before_it_was_distrusted(self) -> None:
        edge = NOW - YEAR
        engine = self.engine(trusted={"for_certs_issued_before": f"{edge:%Y-%m-%dT%H:%M:%SZ}"})
        assert ask(engine, ROOT.issue(begin=edge - SECOND)).accepted
        assert ids(ask(engine, ROOT.issue(begin=edge))) == ["ANCHOR_DISTRUSTED"]

    def test_an_authority_has_its_own_dates_and_path_length_and_a_key_with_a_name_has_not(self) -> None:
        narrow = Authority("root", path_length=0, end=NOW + YEAR / 2)
        below = Authority("below", narrow)
        long = below.issue()
        assert "PATH_TOO_LONG" in ids(ask(self.engine(authority=narrow), long, intermediates=(below.certificate,)))
        late = NOW + YEAR * 3 / 4
        assert ids(ask(self.engine(authority=narrow), narrow.issue(), at=late)) == ["ANCHOR_NO_LONGER_TRUSTED"]
        by_name = self.engine("key+name", narrow)
        assert ask(by_name, long, intermediates=(below.certificate,), at=late).accepted

    def test_controls_narrow_what_the_certificate_allows(self) -> None:
        named = Authority("sub", ROOT).issue()
        narrow = self.engine(controls={"path_len": 0})
        assert ids(ask(narrow, named, intermediates=())) == ["NO_PATH"]
        below = Authority("below", ROOT)
        assert ids(ask(narrow, below.issue(), intermediates=(below.certificate,))) == ["PATH_TOO_LONG"]
        names = self.engine(controls={"permitted": ["directory:O=Others,C=BE"]})
        assert ids(ask(names, ROOT.issue())) == ["NAME_NOT_PERMITTED"]
        within = self.engine(controls={"permitted": ["directory:O=Testers,C=BE"]})
        assert ask(within, ROOT.issue()).accepted
        assert ids(ask(self.engine(controls={"require_explicit_policy": True}), ROOT.issue()))[0] == "POLICY_MISSING"

    def test_an_end_entity_is_trusted_itself_and_issues_nothing(self) -> None:
        leaf = OTHER.issue("trusted")
        engine = engine_of({"ap-sign": rule(path_to("it"))}, {"anchors": [anchor("it", leaf, "end-entity")]}, [leaf])
        assert ask(engine, leaf).accepted
        assert ids(ask(engine, leaf, at=NOW + 2 * YEAR)) == ["EXPIRED"]
        assert ids(ask(engine, OTHER.issue("trusted"))) == ["NO_PATH"]
        ended = anchor("it", leaf, "end-entity", trusted={"until": f"{NOW:%Y-%m-%dT%H:%M:%SZ}"})
        engine = engine_of({"ap-sign": rule(path_to("it"))}, {"anchors": [ended]}, [leaf])
        assert ids(ask(engine, leaf)) == ["ANCHOR_NO_LONGER_TRUSTED"]

    def test_a_key_with_a_name_is_found_by_both_in_whatever_certificate(self) -> None:
        key = ec_key()
        first, second = OTHER.issue("same", key=key), ROOT.issue("same", key=key)
        engine = engine_of({"ap-sign": rule(path_to("it"))}, {"anchors": [anchor("it", first, "key+name")]}, [first])
        assert ask(engine, second).accepted
        assert not ask(engine, ROOT.issue("same")).accepted


class TestPins:
    """Certificates that need no path."""

    def test_a_pin_is_for_its_roles_party_and_period(self) -> None:
        until = f"{NOW + YEAR / 2:%Y-%m-%dT%H:%M:%SZ}"
        entries = {"pins": [pin("at", LEAF, "ap-sign", party="AT", valid={"until": until})]}
        rules = {"ap-sign": rule({"pin": "any"}), "ap-encrypt": rule({"pin": "any"})}
        engine = engine_of(rules, entries)
        party = {Context.PARTY: "AT"}
        assert ask(engine, context=party).grounds == ("stores.pins.at",)
        assert ids(ask(engine, context=party, role=Role.AP_ENCRYPT)) == ["NOT_PINNED"]
        assert ids(ask(engine, context={Context.PARTY: "BE"})) == ["PIN_OF_ANOTHER_PARTY"]
        assert ask(engine).outcome is Outcome.INDETERMINATE
        assert ids(ask(engine, context=party, at=NOW + YEAR / 2)) == ["PIN_NO_LONGER_VALID"]
        assert ids(ask(engine, MIDDLE.issue("leaf"), context=party)) == ["NOT_PINNED"]

    def test_a_pinned_certificate_expires_all_the_same(self) -> None:
        engine = engine_of({"ap-sign": rule({"pin": "any"})}, {"pins": [pin("it", LEAF, "ap-sign")]})
        assert ids(ask(engine, at=NOW + 2 * YEAR)) == ["EXPIRED"]

    def test_revocation_of_a_pinned_certificate_is_asked_of_its_issuer_and_open_without_one(self) -> None:
        wanted = {"leaf": "crl_required", "on_unknown": "indeterminate"}
        engine = engine_of({"ap-sign": rule({"pin": "any"}, revocation=wanted)}, {"pins": [pin("it", LEAF, "ap-sign")]})
        good = Evidence(RevocationEvidence([crl(MIDDLE)]), (MIDDLE.certificate,))
        bad = Evidence(RevocationEvidence([crl(MIDDLE, entry(LEAF))]), (MIDDLE.certificate,))
        assert ask(engine, evidence=good).accepted
        assert ids(ask(engine, evidence=bad)) == ["REVOKED"]
        assert ids(ask(engine)) == ["ISSUER_UNKNOWN"]
        assert ask(engine).outcome is Outcome.INDETERMINATE


@pytest.mark.parametrize(
    ("on_unknown", "expected"),
    [("reject", Outcome.REJECT), ("indeterminate", Outcome.INDETERMINATE), ("accept", Outcome.ACCEPT)],
)
def test_an_unknown_status_means_what_the_rule_says(on_unknown: str, expected: Outcome) -> None:
    decision = ask(by_path(revocation={"leaf": "crl_required", "on_unknown": on_unknown}))
    assert decision.outcome is expected
    told = ids(decision) if expected is not Outcome.ACCEPT else [*decision.warnings]
    assert any("NO_CRL" in each or "CRL" in each for each in told)


def test_a_revoked_certificate_is_refused_and_so_is_one_below_a_revoked_authority() -> None:
    engine = by_path(revocation={"leaf": "crl_required", "intermediates": "crl_required"})
    both = RevocationEvidence([crl(ROOT), crl(MIDDLE)])
    assert ask(engine, evidence=Evidence(both)).accepted
    leaf = RevocationEvidence([crl(ROOT), crl(MIDDLE, entry(LEAF))])
    assert ids(ask(engine, evidence=Evidence(leaf))) == ["REVOKED"]
    above = ask(engine, evidence=Evidence(RevocationEvidence([crl(ROOT, entry(MIDDLE.certificate)), crl(MIDDLE)])))
    assert (ids(above), above.checks[0].subject) == (["REVOKED"], MIDDLE.certificate.sha256)


def test_another_path_is_looked_for_where_one_is_revoked() -> None:
    again = Authority("middle", ROOT, key=MIDDLE.key)
    engine = by_path(revocation={"intermediates": "crl_required"})
    evidence = Evidence(RevocationEvidence([crl(ROOT, entry(MIDDLE.certificate))]), (again.certificate,))
    decision = ask(engine, evidence=evidence)
    assert decision.accepted
    assert decision.path[0] == again.certificate.sha256


class TestSmpMetadata:
    """How far a signed SMP document is believed: for the role `ap-encrypt`."""

    @staticmethod
    def engine(use: str) -> DecisionEngine:
        rules = {"ap-encrypt": rule(path_to("root")), "smp-metadata": {"endpoint_certificate": use}}
        return engine_of(rules, ANCHORS, [ROOT.certificate])

    def test_a_hint_says_nothing(self) -> None:
        stranger, own = OTHER.issue(), ROOT.issue()
        asked = {"role": Role.AP_ENCRYPT, "asserted": frozenset({stranger.sha256})}
        assert not ask(self.engine("hint"), stranger, **asked).accepted
        assert ask(self.engine("hint"), own, **asked).accepted

    def test_an_anchor_is_trusted_because_the_smp_says_so(self) -> None:
        stranger = OTHER.issue()
        engine, named = self.engine("anchor"), frozenset({stranger.sha256})
        assert ask(engine, stranger, role=Role.AP_ENCRYPT, asserted=named).grounds == (
            "roles.smp-metadata.endpoint_certificate",
        )
        assert not ask(engine, stranger, role=Role.AP_ENCRYPT, asserted=frozenset()).accepted
        assert ask(engine, stranger, role=Role.AP_ENCRYPT).outcome is Outcome.INDETERMINATE
        assert ask(engine, stranger, role=Role.AP_ENCRYPT, asserted=named, at=NOW + 2 * YEAR).outcome is Outcome.REJECT

    def test_a_pin_is_demanded_beside_the_rule(self) -> None:
        own = ROOT.issue()
        engine = self.engine("pin")
        assert ask(engine, own, role=Role.AP_ENCRYPT, asserted=frozenset({own.sha256})).accepted
        assert ids(ask(engine, own, role=Role.AP_ENCRYPT, asserted=frozenset())) == ["NOT_ASSERTED"]
        assert ids(ask(engine, own, role=Role.AP_ENCRYPT)) == ["ASSERTION_MISSING"]


A, B = Authority("a"), Authority("b")
LEAVES = {"a": A.issue(), "b": B.issue(), "none": OTHER.issue()}


class TestExpressions:
    """Kleene's three values over sources."""

    def engine(self, accept: dict[str, Any]) -> DecisionEngine:
        # the certificate of u is not at hand, so that nobody knows what it would say
        entries = {"anchors": [anchor("a", A.certificate), anchor("b", B.certificate), anchor("u", LEAF)]}
        return engine_of({"ap-sign": rule(accept)}, entries, [A.certificate, B.certificate])

    @pytest.mark.parametrize(
        ("accept", "expected"),
        [
            ({"any_of": [path_to("a"), path_to("b")]}, {"a": "ACCEPT", "b": "ACCEPT", "none": "REJECT"}),
            ({"any_of": [path_to("a"), path_to("u")]}, {"a": "ACCEPT", "b": "INDETERMINATE", "none": "INDETERMINATE"}),
            ({"all_of": [path_to("a", "b"), path_to("a")]}, {"a": "ACCEPT", "b": "REJECT", "none": "REJECT"}),
            ({"all_of": [path_to("a"), path_to("u")]}, {"a": "INDETERMINATE", "b": "REJECT", "none": "REJECT"}),
            (
                {"quorum": {"least": 2, "of": [path_to("a"), path_to("a", "b"), path_to("u")]}},
                {"a": "ACCEPT", "b": "INDETERMINATE", "none": "REJECT"},
            ),
            (
                {"all_of": [path_to("a", "b"), {"not": path_to("b")}]},
                {"a": "ACCEPT", "b": "REJECT", "none": "REJECT"},
            ),
            (
                {"all_of": [path_to("a", "b"), {"not": path_to("u")}]},
                {"a": "INDETERMINATE", "b": "INDETERMINATE", "none": "REJECT"},
            ),
            (
                {"all_of": [path_to("a", "b"), {"subject": {"match": {"CN": "leaf"}, "bind": {}}}]},
                {"a": "ACCEPT", "b": "ACCEPT", "none": "REJECT"},
            ),
            (
                {"all_of": [path_to("a"), {"subject": {"match": {"CN": "others"}, "bind": {}}}]},
                {"a": "REJECT", "b": "REJECT", "none": "REJECT"},
            ),
        ],
        ids=["any", "any open", "all", "all open", "quorum", "not", "not open", "subject", "other subject"],
    )
    def test_what_cannot_be_told_counts_where_it_would_change_the_answer(
        self, accept: dict[str, Any], expected: dict[str, str]
    ) -> None:
        engine = self.engine(accept)
        assert {name: ask(engine, leaf).outcome.value for name, leaf in LEAVES.items()} == expected

    def test_an_answer_that_is_no_yes_has_a_reason_and_a_yes_has_none(self) -> None:
        for accept in ({"any_of": [path_to("a"), path_to("u")]}, {"all_of": [path_to("a"), {"not": path_to("u")}]}):
            for leaf in LEAVES.values():
                decision = ask(self.engine(accept), leaf)
                assert bool(decision.checks) is not decision.accepted


@pytest.mark.parametrize("algorithm", [hashes.SHA224(), hashes.SHA384()], ids=lambda each: each.name)
def test_the_hash_of_every_certificate_of_a_path_counts(algorithm: hashes.HashAlgorithm) -> None:
    leaf = MIDDLE.issue("leaf", algorithm=algorithm)
    decision = ask(by_path({"algorithms": {"keys": ["p256"], "hashes": ["sha256", "sha384"]}}), leaf)
    assert decision.accepted is (algorithm.name == "sha384")


def test_the_same_question_has_the_same_answer_to_the_byte_whatever_was_asked_in_between() -> None:
    engine = by_path({"subject": {"match": {"OU": "x"}, "bind": {}}})
    first = engine.decide(Case(Role.AP_SIGN, LEAF, NOW), trace=True).to_json()
    ask(engine, OTHER.issue())
    assert engine.decide(Case(Role.AP_SIGN, LEAF, NOW), trace=True).to_json() == first


def test_a_decision_cites_configuration_engine_and_evidence() -> None:
    engine = by_path()
    found = ask(engine, evidence=Evidence(digest="d" * 64)).to_json()
    assert (found["configuration"], found["evidence"], found["engine"]) == (engine.address, "d" * 64, "1")
    assert engine.address != engine_of({"ap-sign": rule(path_to("root"))}, ANCHORS).address


@given(st.data())
def test_whatever_bytes_come_nothing_is_raised_and_nothing_but_the_certificate_is_accepted(data: st.DataObject) -> None:
    changed = bytearray(LEAF.der)
    position = data.draw(st.integers(0, len(changed) - 1))
    changed[position] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.integers(1, len(changed)))
    decision = ask(
        by_path({"key_usage": {"all": ["digitalSignature"], "none": [], "absent": "reject"}}),
        ListedCertificate(bytes(changed[:cut])),
    )
    # the only thing that may be changed is what nobody signed: an encoding of the signature with the same numbers
    assert not decision.accepted


@dataclass(frozen=True, slots=True)
class _Offering:
    """A source that has nothing."""

    has: Offer
    place: str = "roles.ap-sign.accept.list"

    def offer(self, case: Case, evidence: Evidence) -> Offer:
        del case, evidence
        return self.has


UNKNOWN, EXPIRED = Check("ENTITY_UNKNOWN", "a clause", "told"), Check("LIST_EXPIRED", "a clause", "told", outdated=True)
FRESH, OLD, SILENT = Offer(problems=(UNKNOWN,)), Offer(problems=(EXPIRED,)), Offer(problems=(UNKNOWN,), outdated=True)


@pytest.mark.parametrize(
    ("offers", "least", "expected"),
    [
        pytest.param([FRESH], 1, Outcome.ACCEPT, id="up to date"),
        pytest.param([OLD], 1, Outcome.INDETERMINATE, id="says that it is out of date"),
        pytest.param([SILENT], 1, Outcome.INDETERMINATE, id="is out of date and does not name the party"),
        pytest.param([FRESH, SILENT], 1, Outcome.INDETERMINATE, id="one of two is out of date"),
        pytest.param([FRESH, SILENT], 2, Outcome.ACCEPT, id="two would be needed and one surely says no"),
        pytest.param([OLD, SILENT], 2, Outcome.INDETERMINATE, id="two would be needed and both are out of date"),
    ],
)
def test_a_source_of_whom_not_to_accept_is_no_yes_where_it_is_out_of_date(
    offers: list[Offer], least: int, expected: Outcome
) -> None:
    demands = ready_rules(by_path().configuration)[Role.AP_SIGN].demands
    parts = tuple(SourceExpression("list", _Offering(offer), demands) for offer in offers)
    question = Question(Case(Role.AP_SIGN, LEAF, NOW), Evidence(), lambda _name: (), Signatures())
    assert NotExpression("a place", AtLeast("quorum", "a place", least, parts)).answer(question).outcome is expected


def test_a_configuration_of_which_nothing_is_known_accepts_nobody() -> None:
    engine = DecisionEngine(configuration({}))
    assert all(ask(engine, role=role).outcome is Outcome.REJECT for role in Role)


def _length_in_more_bytes(der: bytes) -> bytes:
    assert der[1] == 0x82
    return der[:1] + b"\x83\x00" + der[2:]


def _unused_bits(der: bytes) -> bytes:
    slices = ListedCertificate(der).slices
    assert slices is not None
    position = len(der) - len(slices.signature) - 1
    return der[:position] + b"\x01" + der[position + 1 :]


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(lambda der: der + b"\x00", id="bytes behind it"),
        pytest.param(_length_in_more_bytes, id="a length in more bytes than it needs"),
        pytest.param(_unused_bits, id="unused bits of the signature"),
    ],
)
def test_the_same_signature_in_another_form_is_no_second_certificate(changed: Callable[[bytes], bytes]) -> None:
    engine = by_path(deny={"cert_sha256": [LEAF.sha256]})
    decision = ask(engine, ListedCertificate(changed(LEAF.der)))
    assert decision.outcome is not Outcome.ACCEPT


@pytest.mark.parametrize(
    "at", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)], ids=["first", "last"]
)
def test_the_ends_of_time_are_times_like_any_other(at: datetime) -> None:
    found = ANCHORS | {"intermediates": [{"sha256": MIDDLE.certificate.sha256}], "pins": [pin("it", LEAF, "ap-sign")]}
    rules = {"ap-sign": rule({"any_of": [path_to("root"), {"pin": "any"}]}, revocation={"leaf": "crl_required"})}
    engine = engine_of(rules, found, [ROOT.certificate, MIDDLE.certificate], engine={"clock_skew": "P1D"})
    evidence = Evidence(RevocationEvidence([crl(MIDDLE)]))
    assert ask(engine, at=at, evidence=evidence).outcome is Outcome.REJECT
