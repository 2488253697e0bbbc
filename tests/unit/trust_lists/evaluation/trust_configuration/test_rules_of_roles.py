# SPDX-License-Identifier: Apache-2.0
"""Another rule for a role, and for all that have one; nothing else changes."""

from dataclasses import replace

import pytest

from tests.simulators.certificate_chains import Authority
from tests.simulators.trust_models import anchor, configuration, path_to, rule
from trust_lists.evaluation.trust_configuration.model import Pinned, Role, RoleRule, Roles

ROOT = Authority("root").certificate
MADE = configuration(
    {"ap-sign": rule(path_to("root")), "smp-sign": rule(path_to("root"))}, {"anchors": [anchor("root", ROOT)]}, [ROOT]
).roles


def other(found: RoleRule) -> RoleRule:
    return replace(found, accept=Pinned(None))


@pytest.mark.parametrize("role", list(Role))
def test_another_rule_for_a_role_changes_no_other_role(role: Role) -> None:
    assert MADE.ap_sign is not None
    wanted = other(MADE.ap_sign)
    changed = MADE.with_rule(role, wanted)
    assert {each: changed.rule(each) for each in Role} == {each: MADE.rule(each) for each in Role} | {role: wanted}
    assert changed.smp_metadata == MADE.smp_metadata
    assert changed.with_rule(role, MADE.rule(role)) == MADE


def test_a_role_may_have_its_rule_taken() -> None:
    assert MADE.with_rule(Role.AP_SIGN, None).rule(Role.AP_SIGN) is None


def test_all_rules_are_changed_and_none_is_added() -> None:
    changed = MADE.with_rules(other)
    accepted = {role: found.accept for role in Role if (found := changed.rule(role)) is not None}
    assert accepted == dict.fromkeys((Role.AP_SIGN, Role.SMP_SIGN), Pinned(None))
    assert Roles().with_rules(other) == Roles()
