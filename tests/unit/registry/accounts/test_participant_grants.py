# SPDX-License-Identifier: Apache-2.0
from registry.accounts.accounts import Kind, create_account
from registry.accounts.grants import give_grant, list_grants
from registry.accounts.permissions import Role, Scope
from registry.metadata import ServiceGroup
from tests.simulators.offline import ACTOR, OfflineInstance, participant


def test_grants_for_a_participant_end_with_it_so_that_nobody_inherits_them(offline: OfflineInstance) -> None:
    publishing, database, stored = offline.instance.publishing, offline.instance.database, offline.stored
    account = create_account(database, ACTOR, Kind.PERSON, "bob")
    for value in ("0088:gone", "0088:stays"):
        publishing.put_service_group(ACTOR, stored, ServiceGroup(participant(value)))
        scope = Scope(stored.id, None, (participant(value).scheme, value))
        give_grant(database, ACTOR, account.id, Role.EDITOR, scope)
    publishing.delete_service_group(ACTOR, stored, participant("0088:gone"))
    publishing.put_service_group(ACTOR, stored, ServiceGroup(participant("0088:gone")))
    left = list_grants(database, account_id=account.id, size=10)
    assert [row.place.value_key for row in left] == ["0088:stays"]
