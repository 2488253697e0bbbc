# SPDX-License-Identifier: Apache-2.0
import pytest

from registry.accounts.permissions import SYSTEM, Grant, Role, Scope
from registry.accounts.role_mapping import RoleMapping, grants_of
from registry.errors import ConfigurationError

PLACES = {("demo", None): Scope(1), ("demo", "clinics"): Scope(1, 7)}


def scope_of(domain: str, group: str | None) -> Scope | None:
    return PLACES.get((domain, group))


def test_group_gets_a_role_for_the_system_a_domain_or_a_group_of_participants() -> None:
    mappings = [
        RoleMapping.parse(text) for text in ("root=admin@system", "ops=editor@demo", "cn=x,ou=y=viewer@demo/clinics")
    ]
    assert grants_of(mappings, {"root"}, scope_of) == (Grant(Role.ADMIN, SYSTEM),)
    assert grants_of(mappings, {"ops"}, scope_of) == (Grant(Role.EDITOR, Scope(1)),)
    assert grants_of(mappings, {"cn=x,ou=y"}, scope_of) == (Grant(Role.VIEWER, Scope(1, 7)),)


def test_nobody_gets_anything_for_groups_that_are_not_mapped() -> None:
    assert grants_of([RoleMapping.parse("root=admin@system")], {"ROOT", "other", ""}, scope_of) == ()


def test_of_two_roles_at_one_place_the_stronger_counts() -> None:
    mappings = [RoleMapping.parse(text) for text in ("a=viewer@demo", "b=admin@demo", "c=editor@demo")]
    assert grants_of(mappings, {"a", "b", "c"}, scope_of) == (Grant(Role.ADMIN, Scope(1)),)


def test_place_that_does_not_exist_gives_nothing() -> None:
    assert grants_of([RoleMapping.parse("a=admin@gone"), RoleMapping.parse("a=admin@demo/gone")], {"a"}, scope_of) == ()


@pytest.mark.parametrize(
    "text", ["", "a", "a=admin", "a=owner@system", "=admin@system", "a=admin@", "a=admin@system/x", "a=admin@x/y/z"]
)
def test_text_that_gives_no_role_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError):
        RoleMapping.parse(text)
