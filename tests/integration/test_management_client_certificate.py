# SPDX-License-Identifier: Apache-2.0
"""A program comes to the management listener with a client certificate, and one of nobody's doesn't help."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from registry.accounts.accounts import Kind, create_account, disable_account
from registry.accounts.credentials import add_certificate
from registry.accounts.grants import give_grant
from registry.accounts.permissions import Role, Scope
from registry.demo.pki import DemoPki, certificates_pem
from registry.errors import ConfigurationError
from registry.identifiers.url_form import encode_segment
from registry.metadata import ServiceGroup
from registry.smp.documents.catalogue import DIALECTS
from tests.simulators.live import ACTOR, LiveInstance, live_instance
from tests.simulators.offline import participant

WHO = participant("0088:1111")


@pytest.fixture
def with_tls(tmp_path: Path, pki: DemoPki) -> Iterator[LiveInstance]:
    files = pki.write(tmp_path / "pki")
    settings = {
        "manage_tls_cert": files.tls_certificate,
        "manage_tls_key": files.tls_key,
        "manage_client_ca": files.root,
    }
    with live_instance(tmp_path, pki, **settings) as running:
        yield running


def put(live: LiveInstance, identity: Path | None) -> int:
    context: ssl.SSLContext = live.client_context(identity)
    body = DIALECTS["busdox"].write_service_group(ServiceGroup(WHO), "https://x.example")
    url = f"{live.addresses.manage}/domains/demo/{encode_segment(str(WHO))}"
    with httpx2.Client(verify=context) as client:
        return client.put(url, content=body).status_code


def test_certificate_of_tls_is_the_credential(with_tls: LiveInstance, pki: DemoPki) -> None:
    database = with_tls.instance.database
    account = create_account(database, ACTOR, Kind.PROGRAM, "erp")
    give_grant(database, ACTOR, account.id, Role.EDITOR, Scope(with_tls.stored.id))
    assert put(with_tls, with_tls.files.smp) == 401, "nobody has registered it"
    add_certificate(database, ACTOR, account.id, certificates_pem(pki.smp.certificate))
    assert put(with_tls, with_tls.files.smp) == 201
    assert put(with_tls, None) == 401, "a client may come without one, and is nobody"
    assert put(with_tls, with_tls.files.access_points[0]) == 401
    disable_account(database, ACTOR, account.id)
    assert put(with_tls, with_tls.files.smp) == 401


def test_authorities_that_can_not_be_read_are_told_at_the_start(tmp_path: Path, pki: DemoPki) -> None:
    files = pki.write(tmp_path / "pki")
    settings = {
        "manage_tls_cert": files.tls_certificate,
        "manage_tls_key": files.tls_key,
        "manage_client_ca": tmp_path / "nothing.pem",
    }
    with pytest.raises(ConfigurationError), live_instance(tmp_path, pki, **settings):
        pass
