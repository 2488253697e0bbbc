# SPDX-License-Identifier: Apache-2.0
"""Below services of trusted lists there are hypotheticals alone: everything is checked but the services' signatures."""

from typing import Any

import pytest

from tests.simulators.qualification_world import DATE_TIME, lists, service
from tests.simulators.trust_models import configuration, rule
from trust_lists.documents.vocabulary import CA_QC, GRANTED, SERVICE_TYPE
from trust_lists.evaluation.comparison import ProbeResults, run_probes
from trust_lists.evaluation.decisions import Evidence, Outcome
from trust_lists.evaluation.decisions.evidence import ListsAtHand
from trust_lists.evaluation.trust_configuration.model import Role, TrustConfiguration

EKU = {"eku": {"any": ["clientAuth"], "absent": "reject", "any_eku": "reject"}}


def following(match: str = "path", leaf: dict[str, Any] | None = None, **source: Any) -> TrustConfiguration:
    """A configuration that follows a list."""
    entry = {
        "id": "eu",
        "kind": "tl",
        "location": {"url": "https://lists.example/tl.xml"},
        "signers": [{"sha256": "ab" * 32}],
        "pivots": False,
        "territories": "any",
        "service_types": [CA_QC],
        "statuses": [GRANTED],
        "max_age": "any",
        "on_expired": "warn",
    }
    accept = {"list": {"in": ["eu"], "match": match, "qualified": "any"}}
    return configuration({"ap-sign": rule(accept, leaf)}, {"lists": [entry | source]})


def probed(a: TrustConfiguration, b: TrustConfiguration, *, at_hand: bool = True) -> ProbeResults:
    found = lists(service())
    evidence = Evidence(lists={"eu": ListsAtHand(found.lists, found.index, DATE_TIME)} if at_hand else {})
    return run_probes(a, b, (Role.AP_SIGN,), DATE_TIME, None, (evidence, evidence))


def test_what_meets_the_rule_below_a_service_is_accepted_with_an_assumed_signature() -> None:
    found = probed(following(leaf=EKU), following(leaf=EKU))
    assert found.probes == ()
    assert {each.signed for each in found.hypotheticals} == {False}
    bases = [each for each in found.whole if each.kind == "BASE"]
    assert [(each.sides, each.before.outcome) for each in bases] == [("A", Outcome.ACCEPT), ("B", Outcome.ACCEPT)]
    assert found.unmet == ()
    assert found.differing == ()
    assert {each.origin for each in found.whole} == {"stores.lists.eu/BE"}


def test_rules_of_the_leaf_are_probed_below_a_service() -> None:
    strict, lax = following(leaf=EKU), following()
    telling = {(each.kind, each.before.outcome, each.after.outcome) for each in probed(strict, lax).telling}
    assert telling == {
        ("EKU_WRONG", Outcome.REJECT, Outcome.ACCEPT),
        ("EKU_ABSENT", Outcome.REJECT, Outcome.ACCEPT),
        ("EKU_ANY", Outcome.REJECT, Outcome.ACCEPT),
        ("BASE", Outcome.REJECT, Outcome.ACCEPT),
    }


def test_a_list_whose_services_do_not_count_is_told() -> None:
    other = following(service_types=[f"{SERVICE_TYPE}EDS/Q"])
    (told, _) = probed(other, other).left_out
    assert told == "A, roles.ap-sign.accept.list, stores.lists.eu: no service of it counts"


@pytest.mark.parametrize(
    ("match", "at_hand", "words"),
    [("path", False, "the list is not at hand"), ("identity", True, "its services are the subjects themselves")],
)
def test_what_is_not_probed_is_told(match: str, at_hand: bool, words: str) -> None:
    made = following(match)
    found = probed(made, made, at_hand=at_hand)
    assert found.whole == ()
    assert all(words in each for each in found.left_out)
    assert len(found.left_out) == 2
