# SPDX-License-Identifier: Apache-2.0
"""What would have to be otherwise: the smallest changes, each proven by a decision."""

from typing import Any

import pytest

from tests.simulators.certificate_chains import NOW, YEAR, Authority
from tests.simulators.revocation_evidence import crl, entry
from tests.simulators.trust_models import anchor, engine_of, path_to, rule
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.revocation.evidence import RevocationEvidence
from trust_lists.evaluation.decisions import Case, Evidence
from trust_lists.evaluation.decisions.counterfactual import counterfactuals
from trust_lists.evaluation.trust_configuration.model import Role

ROOT, STRANGER = Authority("root"), Authority("stranger")
LEAF = ROOT.issue("leaf")


def found(
    certificate: ListedCertificate = LEAF,
    leaf: dict[str, Any] | None = None,
    revocation: dict[str, Any] | None = None,
    at_offset: float = 0,
    evidence: Evidence = Evidence(),  # noqa: B008 - immutable
    *,
    direct: bool = False,
    intermediates: tuple[ListedCertificate, ...] = (),
    **stores: Any,
) -> list[tuple[str, ...]]:
    engine = engine_of(
        {"ap-sign": rule(path_to("root", direct=direct), leaf, revocation)},
        {"anchors": [anchor("root", ROOT.certificate)]} | stores,
        [ROOT.certificate],
    )
    case = Case(Role.AP_SIGN, certificate, NOW + at_offset * YEAR, intermediates)
    return [each.ids for each in counterfactuals(engine, case, evidence)]


def test_what_is_accepted_needs_no_change() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({"at_offset": 1.5}, ("time",), id="expired"),
        pytest.param({"leaf": {"max_lifetime": "P1D"}}, ("leaf.max_lifetime",), id="lifetime"),
        pytest.param(
            {"leaf": {"algorithms": {"keys": ["ed25519"], "hashes": ["sha256"]}}}, ("leaf.algorithms",), id="key"
        ),
        pytest.param({"revocation": {"leaf": "crl_required"}}, ("revocation",), id="no CRL"),
        pytest.param({"deny": {"cert_sha256": [LEAF.sha256]}}, ("deny",), id="denied"),
        pytest.param(
            {"leaf": {"subject": {"match": {}, "bind": {"CN": "context.seat_id"}}}}, ("context",), id="name not bound"
        ),
        pytest.param(
            {
                "leaf": {
                    "policies": {
                        "any": ["1.2.3"],
                        **dict.fromkeys(
                            ("require_explicit_policy", "inhibit_policy_mapping", "inhibit_any_policy"), True
                        ),
                    }
                }
            },
            ("leaf.policies",),
            id="policies",
        ),
    ],
)
def test_one_thing_that_is_wrong_is_one_change(options: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert found(**options)[0] == expected


def test_two_things_that_are_wrong_are_two_changes_and_neither_is_enough() -> None:
    assert found(leaf={"max_lifetime": "P1D"}, at_offset=1.5)[0] == ("leaf.max_lifetime", "time")


def test_a_revoked_certificate_would_be_accepted_if_nobody_asked() -> None:
    evidence = Evidence(RevocationEvidence([crl(ROOT, entry(LEAF))]))
    assert ("revocation",) in found(revocation={"leaf": "crl_required"}, evidence=evidence)


def test_an_authority_at_hand_is_tried_as_an_anchor() -> None:
    assert ("anchor",) in found(STRANGER.issue(), intermediates=(STRANGER.certificate,))
    assert found(STRANGER.issue()) == [("pin",)]


def test_an_issuer_that_is_below_the_anchor_is_told() -> None:
    below = Authority("below", ROOT)
    assert ("path",) in found(below.issue(), direct=True, intermediates=(below.certificate,))


def test_what_comes_to_light_only_once_somebody_vouches_is_counted_too() -> None:
    assert ("time", "pin") in found(STRANGER.issue(), at_offset=1.5)


def test_the_words_can_be_read_after_if() -> None:
    engine = engine_of(
        {"ap-sign": rule(path_to("root"))}, {"anchors": [anchor("root", ROOT.certificate)]}, [ROOT.certificate]
    )
    told = counterfactuals(engine, Case(Role.AP_SIGN, LEAF, NOW + 2 * YEAR))[0]
    assert str(told) == f"would be accepted if it were asked for {NOW + YEAR:%Y-%m-%d %H:%M:%S} UTC"
    assert told.to_json() == {"ids": ["time"], "changes": [told.changes[0]]}
