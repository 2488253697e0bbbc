# SPDX-License-Identifier: Apache-2.0
"""Groups of participants: of one domain each, empty when they go, and each new participant in the right one."""

import pytest

from registry.accounts.grants import list_grants
from registry.accounts.groups import (
    change_group,
    create_group,
    delete_group,
    find_group,
    group_for_new,
    group_name,
    list_groups,
    move_participant,
)
from registry.accounts.permissions import Grant, Principal, Role, Scope
from registry.audit.events import about
from registry.errors import AlreadyExistsError, ConflictError, NotFoundError, UnauthorizedError, ValidationError
from tests.simulators.accounts import ACTOR, House

pytestmark = pytest.mark.database


def principal(*grants: Grant) -> Principal:
    return Principal("program:erp", "erp", "program", "token", 1, grants)


def test_group_is_made_changed_and_deleted_with_events(house: House) -> None:
    domain = house.domain()
    made = create_group(house.database, ACTOR, domain, "hospitals", "All of them")
    assert find_group(house.database, domain, "hospitals") == made
    changed = change_group(house.database, ACTOR, made.id, name="clinics")
    assert (changed.name, changed.description) == ("clinics", "All of them")
    assert change_group(house.database, ACTOR, made.id, name="clinics") == changed
    delete_group(house.database, ACTOR, made.id)
    with pytest.raises(NotFoundError):
        group_name(house.database, made.id)
    assert house.tags("owner-group:hospitals") == ["accounts:owner-group:create"]
    assert house.tags("owner-group:clinics") == ["accounts:owner-group:update", "accounts:owner-group:delete"]


def test_name_is_taken_in_its_domain_only(house: House) -> None:
    one, other = house.domain("one"), house.domain("other")
    create_group(house.database, ACTOR, one, "hospitals")
    second = create_group(house.database, ACTOR, other, "hospitals")
    with pytest.raises(AlreadyExistsError):
        create_group(house.database, ACTOR, one, "hospitals")
    third = create_group(house.database, ACTOR, other, "clinics")
    with pytest.raises(AlreadyExistsError):
        change_group(house.database, ACTOR, third.id, name="hospitals")
    assert [row.id for row in list_groups(house.database, other, size=9)] == [second.id, third.id]
    assert len(list_groups(house.database, size=9)) == 3
    assert [row.id for row in list_groups(house.database, other, after_id=second.id, size=9)] == [third.id]


@pytest.mark.parametrize("name", ["", " a", "x" * 65, "a\nb"])
def test_odd_names_are_refused(house: House, name: str) -> None:
    with pytest.raises(ValidationError, match="GROUP-NAME"):
        create_group(house.database, ACTOR, house.domain(), name)


def test_too_long_a_description_is_refused(house: House) -> None:
    with pytest.raises(ValidationError, match="GROUP-DESCRIPTION"):
        create_group(house.database, ACTOR, house.domain(), "a", "x" * 1001)


def test_group_with_participants_stays_and_goes_with_its_grants_when_empty(house: House) -> None:
    domain, erp = house.domain(), house.program()
    scheme, value = house.participant(domain)
    group = create_group(house.database, ACTOR, domain, "hospitals")
    house.grant(erp, Role.EDITOR, Scope(domain, group.id))
    move_participant(house.database, ACTOR, domain, scheme, value, group.id)
    with pytest.raises(ConflictError, match="1 participants"):
        delete_group(house.database, ACTOR, group.id)
    move_participant(house.database, ACTOR, domain, scheme, value, None)
    delete_group(house.database, ACTOR, group.id)
    assert list_grants(house.database, account_id=erp.id, size=9) == []
    assert house.tags("program:erp")[-1] == "accounts:grant:delete"


def test_move_is_told_of_the_participant(house: House) -> None:
    domain = house.domain()
    scheme, value = house.participant(domain)
    group = create_group(house.database, ACTOR, domain, "hospitals")
    for _ in range(2):  # the second time it is there already
        move_participant(house.database, ACTOR, domain, scheme, value, group.id)
    (event,) = about(house.database, f"{scheme}::{value}")
    assert (event.tag, event.before, event.after) == (
        "smp:service-group:move",
        {"group": None},
        {"group": "hospitals"},
    )


def test_participant_gets_into_no_group_of_another_domain(house: House) -> None:
    one, other = house.domain("one"), house.domain("other")
    scheme, value = house.participant(one)
    group = create_group(house.database, ACTOR, other, "hospitals")
    for group_id in (group.id, 99):
        with pytest.raises(NotFoundError):
            move_participant(house.database, ACTOR, one, scheme, value, group_id)
    with pytest.raises(NotFoundError):
        move_participant(house.database, ACTOR, other, scheme, value, group.id)


def test_new_participant_gets_into_the_group_of_its_editor(house: House) -> None:
    one, other = house.domain("one"), house.domain("other")
    first = create_group(house.database, ACTOR, one, "hospitals")
    second = create_group(house.database, ACTOR, one, "clinics")

    def chosen(*grants: Grant, wanted: str = "") -> int | None:
        with house.database.read() as connection:
            return group_for_new(connection, principal(*grants), one, wanted)

    editor = Grant(Role.EDITOR, Scope(one, first.id))
    assert chosen(Grant(Role.EDITOR, Scope(one))) is None
    assert chosen(Grant(Role.EDITOR)) is None
    assert chosen(editor) == first.id
    assert chosen(editor, Grant(Role.VIEWER, Scope(one, second.id))) == first.id
    both = (editor, Grant(Role.ADMIN, Scope(one, second.id)))
    with pytest.raises(ValidationError, match="GROUP-AMBIGUOUS"):
        chosen(*both)
    assert chosen(*both, wanted="clinics") == second.id
    assert chosen(Grant(Role.EDITOR), wanted="clinics") == second.id
    for grants in ([], [Grant(Role.VIEWER)], [Grant(Role.EDITOR, Scope(other))]):
        with pytest.raises(UnauthorizedError):
            chosen(*grants)
    with pytest.raises(UnauthorizedError):
        chosen(editor, wanted="clinics")
    with pytest.raises(NotFoundError):
        chosen(editor, wanted="nothing")
