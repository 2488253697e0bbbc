# SPDX-License-Identifier: Apache-2.0
"""Accounts: made, changed, disabled, erased; each with its event, and the system never without an administrator."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from registry.accounts.accounts import (
    Kind,
    change_account,
    create_account,
    disable_account,
    enable_account,
    erase_account,
    find_account,
    find_account_named,
    list_accounts,
)
from registry.accounts.credentials import (
    add_certificate,
    find_person_of_oidc,
    list_credentials,
    person_of_oidc,
    remove_credential,
    reset_password,
    set_password,
    unlock_account,
)
from registry.accounts.names import name_key, name_reasons
from registry.accounts.permissions import Role, Scope
from registry.accounts.sessions import Sessions
from registry.accounts.tokens import create_token
from registry.audit.events import about
from registry.demo.pki import DemoPki, certificates_pem
from registry.errors import AlreadyExistsError, ConflictError, NotFoundError, UnauthorizedError, ValidationError
from registry.storage.tables import account, credential, role_grant, session, token
from tests.simulators.accounts import ACTOR, House

pytestmark = pytest.mark.database
PASSWORD = "correct horse battery"


def reasons(refused: pytest.ExceptionInfo[ValidationError]) -> list[str]:
    return [reason.id for reason in refused.value.reasons]


def test_account_is_made_with_its_event(house: House) -> None:
    made = create_account(house.database, ACTOR, Kind.PERSON, "Anna", display_name="Anna A.", email="anna@example.org")
    assert find_account(house.database, made.id) == made == find_account_named(house.database, "ANNA")
    (event,) = about(house.database, f"person:{made.id}")
    assert (event.tag, event.actor) == ("accounts:account:create", "cli:admin")
    assert event.after == {"id": made.id, "name": "Anna", "display_name": "Anna A.", "email": "anna@example.org"}


def test_names_that_look_the_same_are_taken(house: House) -> None:
    house.person("Stra\u00dfe")
    for name in ("stra\u00dfe", "STRASSE", "\uff33trasse"):
        with pytest.raises(AlreadyExistsError):
            house.program(name)


@pytest.mark.parametrize(
    "name", ["", " ", "a\nb", " a", "a ", "x" * 129, "\ufdfa" * 8, "a\x00", "\u202eanna", "erased-7", "ERASED-7"]
)
def test_names_that_would_spoil_the_audit_are_refused(house: House, name: str) -> None:
    with pytest.raises(ValidationError) as refused:
        house.person(name)
    assert reasons(refused) == ["ACCOUNT-NAME"]


def test_every_reason_is_told_at_once(house: House) -> None:
    with pytest.raises(ValidationError) as refused:
        create_account(house.database, ACTOR, Kind.PERSON, "", display_name="a\nb", email="nowhere")
    assert reasons(refused) == ["ACCOUNT-NAME", "ACCOUNT-DISPLAY-NAME", "ACCOUNT-EMAIL"]


@given(st.text(max_size=200))
def test_name_that_is_good_has_a_key_that_fits_its_column(name: str) -> None:
    key = name_key(name)
    key.encode()
    assert "\x00" not in key
    assert name_reasons(name) or 0 < len(key) <= 128
    assert name_key(name.upper().lower()) == name_key(name_key(name.upper().lower()))


def test_change_leaves_an_event_with_both_states_and_no_change_none(house: House) -> None:
    anna = house.person()
    changed = change_account(house.database, ACTOR, anna.id, name="anne", email="a@example.org")
    assert (changed.name, changed.email, changed.display_name) == ("anne", "a@example.org", "")
    event = about(house.database, f"person:{anna.id}")[-1]
    assert (event.tag, event.before["name"], event.after["name"]) == ("accounts:account:update", "anna", "anne")
    assert change_account(house.database, ACTOR, anna.id, name="anne") == changed
    assert len(house.tags(f"person:{anna.id}")) == 2
    with pytest.raises(NotFoundError):
        find_account_named(house.database, "anna")


def test_name_of_another_can_not_be_taken(house: House) -> None:
    house.person("bert")
    with pytest.raises(AlreadyExistsError):
        change_account(house.database, ACTOR, house.person().id, name="BERT")


def test_disabled_account_comes_back_with_what_it_had(house: House) -> None:
    erp = house.program()
    house.grant(erp, Role.EDITOR)
    secret = house.token(account_id=erp.id)
    assert disable_account(house.database, ACTOR, erp.id).state == "disabled"
    with pytest.raises(UnauthorizedError):
        house.authenticator.by_token(secret)
    with pytest.raises(ConflictError):
        house.token("other", account_id=erp.id)
    disable_account(house.database, ACTOR, erp.id)
    assert enable_account(house.database, ACTOR, erp.id).state == "active"
    assert house.authenticator.by_token(secret).grants
    told = [tag for tag in house.tags("program:erp") if tag.startswith("accounts:account:")]
    assert told == ["accounts:account:create", "accounts:account:disable", "accounts:account:enable"]


def test_last_administrator_of_the_system_stays(house: House) -> None:
    root = house.admin()
    second = house.admin("second")
    disable_account(house.database, ACTOR, second.id)
    for use_case in (disable_account, erase_account):
        with pytest.raises(ConflictError, match="last administrator"):
            use_case(house.database, ACTOR, root.id)
    enable_account(house.database, ACTOR, second.id)
    erase_account(house.database, ACTOR, root.id)
    with pytest.raises(ConflictError, match="last administrator"):
        erase_account(house.database, ACTOR, second.id)


def test_erased_person_leaves_nothing_personal_behind(house: House, pki: DemoPki) -> None:
    anna = create_account(house.database, ACTOR, Kind.PERSON, "Anna", display_name="Anna A.", email="anna@example.org")
    set_password(house.database, ACTOR, anna.id, PASSWORD)
    add_certificate(house.database, ACTOR, anna.id, certificates_pem(pki.smp.certificate), "Anna's laptop")
    house.grant(anna, Role.EDITOR)
    Sessions(house.database).begin(anna.id, "oidc", address="192.0.2.7", user_agent="Anna's browser")
    secret = create_token(house.database, ACTOR, "Anna's script", account_id=anna.id)
    erased = erase_account(house.database, ACTOR, anna.id)
    assert (erased.name, erased.state, erased.display_name, erased.email) == (f"erased-{anna.id}", "erased", "", "")
    with house.database.read() as connection:
        for table in (credential, role_grant, session):
            assert connection.execute(select(table)).all() == []
        kept = repr(connection.execute(select(account)).all()) + repr(connection.execute(select(token)).all())
    assert "nna" not in kept
    assert "192.0.2.7" not in kept
    with pytest.raises(UnauthorizedError):
        house.authenticator.by_token(secret)
    assert about(house.database, f"person:{anna.id}") == []
    (event,) = about(house.database, f"account:{anna.id}")
    assert (event.tag, event.before, event.after) == ("accounts:account:erase", None, None)


def test_what_was_erased_stays_so_and_its_name_is_free(house: House) -> None:
    anna = house.person()
    erase_account(house.database, ACTOR, anna.id)
    for use_case in (disable_account, enable_account, erase_account):
        with pytest.raises(ConflictError, match="erased"):
            use_case(house.database, ACTOR, anna.id)
    with pytest.raises(ConflictError, match="erased"):
        change_account(house.database, ACTOR, anna.id, name="anna")
    with pytest.raises(ConflictError, match="erased"):
        house.grant(anna, Role.VIEWER)
    assert house.person("anna").id != anna.id


def test_unknown_account_is_not_found(house: House) -> None:
    for use_case in (disable_account, enable_account, erase_account, unlock_account, reset_password):
        with pytest.raises(NotFoundError):
            use_case(house.database, ACTOR, 9_999)
    with pytest.raises(NotFoundError):
        find_account_named(house.database, "nobody\x00")


def test_accounts_come_in_pages(house: House) -> None:
    made = [house.program(f"p{number}") for number in range(5)] + [house.person()]
    disable_account(house.database, ACTOR, made[0].id)
    first = list_accounts(house.database, size=4)
    rest = list_accounts(house.database, after_id=first[-1].id, size=4)
    assert [row.id for row in first + rest] == [row.id for row in made]
    assert [row.name for row in list_accounts(house.database, kind="person", size=9)] == ["anna"]
    assert [row.name for row in list_accounts(house.database, state="disabled", size=9)] == ["p0"]


# Credentials


def test_program_has_no_password(house: House) -> None:
    with pytest.raises(ValidationError) as refused:
        set_password(house.database, ACTOR, house.program().id, PASSWORD)
    assert reasons(refused) == ["ACCOUNT-KIND"]


def test_password_is_judged_before_it_is_taken(house: House) -> None:
    with pytest.raises(ValidationError) as refused:
        set_password(house.database, ACTOR, house.person().id, "short")
    assert reasons(refused) == ["PASSWORD-SHORT"]


def test_reset_password_is_told_once_and_has_to_be_changed(house: House) -> None:
    anna = house.person()
    password = reset_password(house.database, ACTOR, anna.id)
    assert Sessions(house.database).login("anna", password).must_change
    event = about(house.database, f"person:{anna.id}")[1]
    assert (event.tag, event.after) == ("accounts:password:change", {"must_change": True})
    assert password not in repr(about(house.database, f"person:{anna.id}"))


def test_certificate_belongs_to_one_account(house: House, pki: DemoPki) -> None:
    house.clock.now = pki.smp.certificate.not_valid_before_utc
    erp = house.program()
    row = add_certificate(house.database, ACTOR, erp.id, certificates_pem(pki.smp.certificate))
    assert row.label.startswith("CN=") or "CN=" in row.label
    assert row.expires_at == pki.smp.certificate.not_valid_after_utc
    with pytest.raises(AlreadyExistsError):
        add_certificate(house.database, ACTOR, house.program("other").id, certificates_pem(pki.smp.certificate))
    with pytest.raises(NotFoundError):
        remove_credential(house.database, ACTOR, find_account_named(house.database, "other").id, row.id)
    remove_credential(house.database, ACTOR, erp.id, row.id)
    assert list_credentials(house.database, erp.id) == []
    assert house.tags("program:erp")[1:] == ["accounts:certificate:create", "accounts:certificate:delete"]


def test_certificate_that_is_none_or_has_expired_is_refused(house: House, pki: DemoPki) -> None:
    erp = house.program()
    with pytest.raises(ValidationError) as refused:
        add_certificate(house.database, ACTOR, erp.id, b"no certificate")
    assert reasons(refused) == ["CREDENTIAL-CERTIFICATE"]
    house.clock.now = pki.smp.certificate.not_valid_after_utc
    with pytest.raises(ValidationError, match="has expired"):
        add_certificate(house.database, ACTOR, erp.id, certificates_pem(pki.smp.certificate))
    house.clock.now -= timedelta(days=1)
    with pytest.raises(ValidationError) as refused:
        add_certificate(house.database, ACTOR, erp.id, certificates_pem(pki.smp.certificate), "a\nb")
    assert reasons(refused) == ["CREDENTIAL-LABEL"]


def oidc(house: House, subject: str, name: str = "anna", issuer: str = "https://id.example.org", **more: str) -> int:
    with house.database.write(ACTOR) as work:
        return person_of_oidc(work, issuer=issuer, subject=subject, name=name, **more).id


def test_person_of_a_provider_is_found_by_issuer_and_subject_alone(house: House) -> None:
    local = house.person("anna")
    first = oidc(house, "s-1")
    assert first != local.id
    assert find_account(house.database, first).name == "anna-2"
    assert oidc(house, "s-1", name="renamed", display_name="Anna A.") == first
    assert find_account(house.database, first).display_name == "Anna A."
    assert len({first, oidc(house, "s-2"), oidc(house, "s-1", issuer="https://other.example.org")}) == 3
    with house.database.read() as connection:
        assert find_person_of_oidc(connection, "https://id.example.org", "s-1") == first
        assert find_person_of_oidc(connection, "https://id.example.org", "s-9") is None


@pytest.mark.parametrize("name", ["", "erased-1", "a\nb", "x" * 500, "\u202e"])
def test_odd_names_of_a_provider_hinder_nobody(house: House, name: str) -> None:
    first, second = (oidc(house, f"s-{n}", name, display_name="a\nb", email="none") for n in (1, 2))
    assert find_account(house.database, first).name == "person"
    assert find_account(house.database, second).name == "person-2"
    assert find_account(house.database, first).email == ""


def test_disabled_person_of_a_provider_is_given_as_such(house: House) -> None:
    anna = oidc(house, "s-1")
    disable_account(house.database, ACTOR, anna)
    with house.database.write(ACTOR) as work:
        row = person_of_oidc(work, issuer="https://id.example.org", subject="s-1", name="anna", display_name="New")
    assert (row.state, row.display_name) == ("disabled", "")


def test_grant_of_a_domain_is_gone_with_the_account(house: House) -> None:
    domain = house.domain()
    erp = house.program()
    house.grant(erp, Role.EDITOR, Scope(domain))
    erase_account(house.database, ACTOR, erp.id)
    with house.database.read() as connection:
        assert connection.execute(select(role_grant)).all() == []
