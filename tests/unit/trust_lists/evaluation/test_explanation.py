# SPDX-License-Identifier: Apache-2.0
"""An explanation is a tree that prints as text and as JSON, and knows which steps the answer hangs on."""

import json

from trust_lists.evaluation.explanation import Account, Explanation


def tree() -> Explanation:
    inner = Account("4.3.4", "services")
    inner.step("-01", "list of BE", "read")
    inner.step("-11", "names", "conflict", decides=True)
    outer = Account("4.4.4", "certificate")
    outer.step("-01", "country", "BE")
    outer.include(inner.closed("2 found"))
    outer.step("-04", "services", "failed", decides=True)
    return outer.closed("PROCESS_FAILED")


def test_the_text_is_a_tree() -> None:
    assert tree().as_text().splitlines() == [
        "4.4.4  certificate: PROCESS_FAILED",
        "├─ 4.4.4-01  country: BE",
        "├─ 4.3.4  services: 2 found",
        "│  ├─ 4.3.4-01  list of BE: read",
        "│  └─ 4.3.4-11  names: conflict",
        "└─ 4.4.4-04  services: failed",
    ]


def test_the_json_has_the_same_steps() -> None:
    value = json.loads(json.dumps(tree().to_json()))
    assert (value["clause"], value["read"], value["outcome"]) == ("4.4.4", "certificate", "PROCESS_FAILED")
    assert [step["clause"] for step in value["steps"]] == ["4.4.4-01", "4.3.4", "4.4.4-04"]
    assert [step["decides"] for step in value["steps"][1]["steps"]] == [False, True]


def test_reasons_are_the_deciding_steps_in_order_and_once() -> None:
    assert [reason.clause for reason in tree().reasons] == ["4.3.4-11", "4.4.4-04"]
    twice = Explanation("4.4.4", "both runs", "", (tree(), tree()))
    assert twice.reasons == tree().reasons


def test_an_account_may_go_on_after_it_was_closed() -> None:
    account = Account("4.4.4", "certificate")
    before = account.closed("open")
    account.step("-01", "country", "BE")
    assert before.steps == ()
    assert len(account.closed("done").steps) == 1


def test_half_a_line_stands_alone() -> None:
    assert Explanation("", "read", "").line == "read"
    assert Explanation("", "", "came").line == "came"
