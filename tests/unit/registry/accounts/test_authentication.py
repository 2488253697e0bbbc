# SPDX-License-Identifier: Apache-2.0
"""Who calls is found by a token, a session or a certificate, at every request anew."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import structlog
from cryptography.hazmat.primitives.serialization import Encoding

from registry.accounts.accounts import disable_account
from registry.accounts.credentials import add_certificate, list_credentials, remove_credential
from registry.accounts.permissions import Grant, Role, Scope
from registry.accounts.tokens import find_token
from registry.demo.pki import DemoPki, certificates_pem
from registry.errors import TechnicalError, UnauthorizedError
from registry.storage.engine import Database
from registry.storage.unit_of_work import UnitOfWork
from tests.simulators.accounts import ACTOR, House

pytestmark = pytest.mark.database


def test_last_use_of_a_token_is_written_once_an_hour(house: House) -> None:
    secret, begin = house.token("erp"), house.clock.now
    authenticator = house.authenticator
    for minutes, used in ((0, 0), (30, 0), (29, 0), (1, 60), (59, 60), (1, 120)):
        house.clock.forward(minutes=minutes)
        authenticator.by_token(secret)
        assert find_token(house.database, "erp").last_used_at == begin + timedelta(minutes=used)


def test_use_of_a_credential_is_no_event(house: House) -> None:
    secret = house.token("erp")
    house.authenticator.by_token(secret)
    assert house.tags("token:erp") == ["accounts:token:create"]


def test_database_that_can_not_be_written_lets_callers_in(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = house.token("erp")

    @contextmanager
    def refuse(*_arguments: object) -> Iterator[UnitOfWork]:
        raise TechnicalError("the database failed: locked")
        yield

    monkeypatch.setattr(Database, "write", refuse)
    with structlog.testing.capture_logs() as logged:
        assert house.authenticator.by_token(secret).name == "erp"
    assert [entry["event"] for entry in logged] == ["last_use_not_noted"]


def test_client_certificate_is_its_accounts(house: House, pki: DemoPki) -> None:
    certificate = pki.smp.certificate
    house.clock.now = certificate.not_valid_before_utc
    erp, domain = house.program(), house.domain()
    house.grant(erp, Role.EDITOR, Scope(domain))
    house.grant(erp, Role.VIEWER)
    row = add_certificate(house.database, ACTOR, erp.id, certificates_pem(certificate))
    der, authenticator = certificate.public_bytes(Encoding.DER), house.authenticator
    principal = authenticator.by_certificate(der)
    assert (principal.actor, principal.name, principal.method) == ("program:erp", "erp", "certificate")
    assert set(principal.grants) == {Grant(Role.EDITOR, Scope(domain)), Grant(Role.VIEWER)}
    assert principal.limit is None
    assert list_credentials(house.database, erp.id)[0].last_used_at == house.clock.now
    remove_credential(house.database, ACTOR, erp.id, row.id)
    with pytest.raises(UnauthorizedError, match="not known"):
        authenticator.by_certificate(der)


def test_client_certificate_is_good_between_its_own_dates(house: House, pki: DemoPki) -> None:
    certificate = pki.smp.certificate
    erp = house.program()
    house.clock.now = certificate.not_valid_before_utc
    add_certificate(house.database, ACTOR, erp.id, certificates_pem(certificate))
    der, authenticator = certificate.public_bytes(Encoding.DER), house.authenticator
    for instant in (certificate.not_valid_before_utc - timedelta(seconds=1), certificate.not_valid_after_utc):
        house.clock.now = instant
        with pytest.raises(UnauthorizedError, match="not valid at present"):
            authenticator.by_certificate(der)
    house.clock.now = certificate.not_valid_after_utc - timedelta(seconds=1)
    assert authenticator.by_certificate(der)
    disable_account(house.database, ACTOR, erp.id)
    with pytest.raises(UnauthorizedError, match="not known"):
        authenticator.by_certificate(der)


@pytest.mark.parametrize("der", [b"", b"no certificate", b"\x30\x82"])
def test_certificate_that_nobody_registered_is_not_known(house: House, der: bytes) -> None:
    with pytest.raises(UnauthorizedError, match="not known"):
        house.authenticator.by_certificate(der)


def test_secret_of_one_kind_is_not_one_of_another(house: House) -> None:
    secret = house.token("erp")
    with pytest.raises(UnauthorizedError):
        house.authenticator.by_session(secret)
