# SPDX-License-Identifier: Apache-2.0
"""Trust marks that a source demands: OpenID Federation 1.0 §7.3, and delegations, §7.2.2."""

from dataclasses import replace
from typing import Any

import pytest

from tests.simulators.federation_world import FEDERATION, SOURCE, accepts, offered, put, reasons
from tests.simulators.federations import AT, DAY, MARK, NAMES, Change, Claims, Federation, public, seconds
from trust_lists.evaluation.decisions.grounds import Offer

MARKED = replace(SOURCE, trust_marks=(MARK,))


def marked(mark: str | None = None, changes: dict[str, Change] | None = None, **options: Any) -> Offer:
    federation = Federation(FEDERATION.keys, FEDERATION.leaf_metadata, [FEDERATION.mark() if mark is None else mark])
    return offered(federation.statements(changes, **options), source=MARKED)


def test_a_mark_by_somebody_whom_the_anchor_lets_issue_it_is_one() -> None:
    assert accepts(marked())
    assert accepts(marked(changes={"anchor": put(trust_mark_issuers={MARK: []})}))
    assert accepts(marked(FEDERATION.mark(lambda claims: claims.pop("exp"))))


def test_without_the_mark_nobody_is_accepted() -> None:
    statements = FEDERATION.statements({"leaf": put(trust_marks=[])})
    assert reasons(offered(statements, source=MARKED)) == {"TRUST_MARK_MISSING"}
    assert reasons(offered(source=replace(SOURCE, trust_marks=(MARK, "https://other")))) == {"TRUST_MARK_MISSING"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (put(sub=NAMES["middle"]), "TRUST_MARK_OF_ANOTHER"),
        (put(trust_mark_type="https://other"), "TRUST_MARK_OF_ANOTHER"),
        (put(exp=seconds(AT - DAY)), "TRUST_MARK_NOT_VALID"),
        (put(iat=seconds(AT + DAY)), "TRUST_MARK_NOT_VALID"),
        (put(iss=NAMES["middle"]), "TRUST_MARK_ISSUER"),
        (put(iat="yesterday"), "TRUST_MARK_UNREADABLE"),
        (put(delegation="x"), "TRUST_MARK_DELEGATION"),
        (put(delegation=1), "TRUST_MARK_UNREADABLE"),
    ],
    ids=["subject", "type", "expired", "later", "issuer", "times", "delegation", "no-delegation"],
)
def test_a_mark_has_to_say_what_is_asked_for(change: Change, expected: str) -> None:
    assert expected in reasons(marked(FEDERATION.mark(change)))


def test_a_mark_has_to_be_signed_by_its_issuer() -> None:
    assert reasons(marked(FEDERATION.mark(by="stranger"))) == {"TRUST_MARK_NOT_AUTHENTICATED"}
    assert reasons(marked(FEDERATION.mark(kind="JWT"))) == {"TRUST_MARK_UNREADABLE"}
    for name in ("marker", "anchor about marker"):
        assert reasons(marked(without=(name,))) == {"TRUST_MARK_NOT_AUTHENTICATED"}
        assert reasons(marked(by={name: "stranger"})) == {"TRUST_MARK_NOT_AUTHENTICATED"}
        assert reasons(marked(changes={name: put(exp=seconds(AT - DAY))})) == {"TRUST_MARK_NOT_AUTHENTICATED"}


@pytest.mark.parametrize("issuers", [{}, {MARK: [NAMES["middle"]]}, {"https://other": []}], ids=str)
def test_the_anchor_says_who_issues_a_mark(issuers: Claims) -> None:
    assert reasons(marked(changes={"anchor": put(trust_mark_issuers=issuers)})) == {"TRUST_MARK_ISSUER"}


def test_one_of_several_marks_of_a_type_is_enough() -> None:
    marks = [FEDERATION.mark(put(exp=seconds(AT - DAY))), FEDERATION.mark()]
    federation = Federation(FEDERATION.keys, FEDERATION.leaf_metadata, marks)
    assert accepts(offered(federation.statements(), source=MARKED))


def owned(delegation: str | None) -> Offer:
    owner = {MARK: {"sub": NAMES["owner"], "jwks": public(FEDERATION.keys["owner"])}}
    mark = FEDERATION.mark() if delegation is None else FEDERATION.mark(put(delegation=delegation))
    return marked(mark, {"anchor": put(trust_mark_issuers={MARK: [NAMES["marker"]]}, trust_mark_owners=owner)})


def test_a_mark_that_is_owned_needs_the_delegation_of_its_owner() -> None:
    assert accepts(owned(FEDERATION.delegation()))
    assert reasons(owned(None)) == {"TRUST_MARK_DELEGATION"}


@pytest.mark.parametrize(
    "delegation",
    [
        FEDERATION.delegation(by="marker"),
        FEDERATION.delegation(put(iss=NAMES["anchor"])),
        FEDERATION.delegation(put(sub=NAMES["leaf"])),
        FEDERATION.delegation(put(trust_mark_type="https://other")),
        FEDERATION.mark(put(iss=NAMES["owner"], sub=NAMES["marker"]), by="owner"),
        "no.jwt.here",
    ],
    ids=["key", "issuer", "subject", "type", "kind", "form"],
)
def test_a_delegation_has_to_be_the_owners_to_the_issuer(delegation: str) -> None:
    assert reasons(owned(delegation)) == {"TRUST_MARK_DELEGATION"}


@pytest.mark.parametrize("change", [put(exp=seconds(AT - DAY)), put(iat=seconds(AT + DAY))], ids=["expired", "later"])
def test_a_delegation_has_its_time(change: Change) -> None:
    assert reasons(owned(FEDERATION.delegation(change))) == {"TRUST_MARK_NOT_VALID"}
