# SPDX-License-Identifier: Apache-2.0
"""The use cases of accounts, logins, tokens and permissions, on the instance of `use_case_world`."""

import contextlib
from datetime import timedelta

from cryptography.hazmat.primitives.serialization import Encoding

from registry.accounts import accounts, credentials, grants, groups, tokens
from registry.accounts.authentication import Authenticator
from registry.accounts.oidc import OidcProvider, OidcSettings
from registry.accounts.oidc_logins import OidcLogins
from registry.accounts.permissions import SYSTEM, Role
from registry.accounts.role_mapping import RoleMapping
from registry.accounts.sessions import Sessions
from registry.errors import NotFoundError, UnauthorizedError
from registry.storage.queries.signed_groups import GroupKey
from tests.simulators.oidc import CLIENT_ID, ISSUER, REDIRECT_URI, FakeProvider
from tests.simulators.use_case_world import (
    ACTOR,
    HELD,
    PASSWORD,
    World,
    account_id,
    use_case,
)

# Accounts


@use_case
def create_account(world: World) -> None:
    accounts.create_account(world.instance.database, ACTOR, accounts.Kind.PERSON, "Zoe", email="zoe@example.org")


@use_case
def change_account(world: World) -> None:
    accounts.change_account(world.instance.database, ACTOR, account_id(world, "bob"), display_name="Robert")


@use_case
def disable_account(world: World) -> None:
    accounts.disable_account(world.instance.database, ACTOR, account_id(world, "bob"))


@use_case
def enable_account(world: World) -> None:
    accounts.enable_account(world.instance.database, ACTOR, account_id(world, "sleeper"))


@use_case
def erase_account(world: World) -> None:
    try:
        accounts.erase_account(world.instance.database, ACTOR, account_id(world, "bob"))
    except NotFoundError:  # it has no name any more
        return


@use_case
def set_password(world: World) -> None:
    credentials.set_password(world.instance.database, ACTOR, account_id(world, "bob"), PASSWORD + "!")


@use_case
def change_own_password(world: World) -> None:
    bob = account_id(world, "bob")
    try:
        credentials.change_own_password(world.instance.database, bob, PASSWORD, PASSWORD + "!")
    except UnauthorizedError:  # it was changed before
        credentials.change_own_password(world.instance.database, bob, PASSWORD + "!", PASSWORD)
        credentials.change_own_password(world.instance.database, bob, PASSWORD, PASSWORD + "!")


@use_case
def unlock_account(world: World) -> None:
    credentials.unlock_account(world.instance.database, ACTOR, account_id(world, "sleeper"))


@use_case
def add_and_remove_certificate(world: World) -> None:
    der = world.pki.smp.certificate.public_bytes(Encoding.DER)
    credentials.add_certificate(world.instance.database, ACTOR, account_id(world, "robot"), der)


@use_case
def remove_credential(world: World) -> None:
    bob = account_id(world, "bob")
    for row in credentials.list_credentials(world.instance.database, bob):
        credentials.remove_credential(world.instance.database, ACTOR, bob, row.id)


@use_case
def give_grant(world: World) -> None:
    grants.give_grant(world.instance.database, ACTOR, account_id(world, "bob"), Role.VIEWER, SYSTEM)


@use_case
def take_grant(world: World) -> None:
    for row in grants.list_grants(world.instance.database, account_id=account_id(world, "bob"), size=10):
        grants.take_grant(world.instance.database, ACTOR, row.id)


@use_case
def create_group(world: World) -> None:
    groups.create_group(world.instance.database, ACTOR, world.stored.id, "hospitals")


@use_case
def change_group(world: World) -> None:
    group = groups.find_group(world.instance.database, world.stored.id, "clinics")
    groups.change_group(world.instance.database, ACTOR, group.id, description="Clinics of a region")


@use_case
def delete_group(world: World) -> None:
    group = groups.find_group(world.instance.database, world.stored.id, "empty")
    groups.delete_group(world.instance.database, ACTOR, group.id)


@use_case
def move_participant(world: World) -> None:
    group = groups.find_group(world.instance.database, world.stored.id, "empty")
    key = world.stored.domain.identifiers.participant_key(HELD)
    groups.move_participant(world.instance.database, ACTOR, world.stored.id, HELD.scheme, key, group.id)


@use_case
def create_token(world: World) -> None:
    tokens.create_token(world.instance.database, ACTOR, "new", account_id=account_id(world, "robot"))


@use_case
def rotate_token(world: World) -> None:
    row = tokens.find_token(world.instance.database, "held")
    tokens.rotate_token(world.instance.database, ACTOR, row.id, overlap=timedelta(hours=1))


@use_case
def revoke_token(world: World) -> None:
    row = tokens.find_token(world.instance.database, "held")
    tokens.revoke_token(world.instance.database, ACTOR, row.id)


@use_case
def use_token(world: World) -> None:
    Authenticator(world.instance.database).by_token((world.folder / "secret").read_text())


@use_case
def login(world: World) -> None:
    # A second session is as good as the first, so this one comes to the same end only while there is one.
    if not Sessions(world.instance.database).page(account_id=account_id(world, "bob"), size=10):
        Sessions(world.instance.database).login("bob", PASSWORD)


@use_case
def begin_session(world: World) -> None:
    if not Sessions(world.instance.database).page(account_id=account_id(world, "bob"), size=10):
        Sessions(world.instance.database).begin(account_id(world, "bob"), "oidc")


@use_case
def login_at_provider(world: World) -> None:
    fake = FakeProvider(world.clock())
    provider = OidcProvider(OidcSettings(ISSUER, CLIENT_ID, REDIRECT_URI), world.clock, fake.transport)
    mappings = [RoleMapping.parse("registry-admins=viewer@demo")]
    logins = OidcLogins(world.instance.database, provider, mappings, Sessions(world.instance.database))
    begun = logins.begin()
    logins.finish(begun.state, fake.log_in(begun.url), address="", user_agent="")


@use_case
def fail_to_login(world: World) -> None:
    with contextlib.suppress(UnauthorizedError):
        Sessions(world.instance.database).login("robot", "something wrong")


@use_case
def sign_service_group(world: World) -> None:
    key = world.stored.domain.identifiers.participant_key(HELD)
    world.instance.signer.current_group(world.stored, GroupKey(world.stored.id, HELD.scheme, key, "bdxr2"))


@use_case
def end_sessions(world: World) -> None:
    Sessions(world.instance.database).revoke_all(account_id(world, "sleeper"), ACTOR)


@use_case
def end_session(world: World) -> None:
    sessions = Sessions(world.instance.database)
    for row in sessions.page(account_id=account_id(world, "carol"), size=10):
        sessions.revoke(row.id, ACTOR)
