# SPDX-License-Identifier: Apache-2.0
"""The admin service has a listener of its own, to which nobody comes whose certificate its authorities didn't issue."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from registry.app.roles import Role
from registry.app.sockets import open_sockets
from registry.demo.pki import DemoPki, new_root
from registry.errors import ConfigurationError
from registry.settings import load_settings
from registry.sml.envelope import envelope, read_response
from registry.sml.faults import read_fault
from registry.sml.wsdl import ADMIN_DATA
from tests.interop.identities import write_identity
from tests.simulators.live import LiveInstance, live_instance

PUBLIC_URL = "https://sml-admin.example.org:8444/edelivery-sml"
CLEAR = envelope(f'<ClearCache xmlns="{ADMIN_DATA}"/>')


@pytest.fixture(scope="module")
def administered(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[LiveInstance]:
    folder = tmp_path_factory.mktemp("administered")
    files = pki.write(folder / "pki")
    settings = {
        "sml_admin_bind": "127.0.0.1:0",
        "sml_admin_tls_cert": files.tls_certificate,
        "sml_admin_tls_key": files.tls_key,
        "sml_admin_client_ca": files.root,
        "sml_admin_public_url": PUBLIC_URL,
    }
    with live_instance(folder, pki, **settings) as running:
        yield running


def post(live: LiveInstance, base: str | None, identity: Path | None) -> httpx2.Response:
    with httpx2.Client(verify=live.client_context(identity)) as client:
        headers = {"content-type": "text/xml"}
        return client.post(f"{base}/edelivery-sml/bdmsladminservice", content=CLEAR, headers=headers)


def test_admin_service_is_at_its_own_listener_only(administered: LiveInstance) -> None:
    addresses = administered.addresses
    answer = post(administered, addresses.sml_admin, administered.files.smp)
    body = read_response(answer.content)
    assert body is not None
    assert str(read_fault(body)) == "[ERR-101] the client certificate is not known"
    for elsewhere in (addresses.sml, addresses.manage, addresses.public):
        assert post(administered, elsewhere, administered.files.smp).status_code in {404, 405}


def test_wsdl_names_the_address_that_administrators_use(administered: LiveInstance) -> None:
    with httpx2.Client(verify=administered.client_context(administered.files.smp)) as client:
        wsdl = client.get(f"{administered.addresses.sml_admin}/edelivery-sml/bdmsladminservice?wsdl").text
    assert f'<soap:address location="{PUBLIC_URL}/bdmsladminservice"/>' in wsdl
    assert f'schemaLocation="{PUBLIC_URL}/bdmsladminservice?xsd=admin"' in wsdl


def test_services_for_smps_are_not_at_it(administered: LiveInstance) -> None:
    with httpx2.Client(verify=administered.client_context(administered.files.smp)) as client:
        for path in ("manageservicemetadata?wsdl", "bdmslservice?wsdl", "v1/publishers"):
            assert client.get(f"{administered.addresses.sml_admin}/edelivery-sml/{path}").status_code == 404


def test_certificate_of_other_authorities_doesn_t_get_through_tls(administered: LiveInstance, tmp_path: Path) -> None:
    foreign = new_root(datetime.now(UTC) - timedelta(days=1), "Foreign Root TEST CA")
    identity = write_identity(tmp_path, foreign, "ADMIN")
    with pytest.raises((httpx2.HTTPError, ssl.SSLError)):
        post(administered, administered.addresses.sml_admin, identity)


def test_without_its_setting_there_is_none(shared_live: LiveInstance) -> None:
    assert shared_live.addresses.sml_admin == ""


def test_role_manage_opens_it(tmp_path: Path, pki: DemoPki) -> None:
    files = pki.write(tmp_path)
    settings = load_settings(
        sml_admin_bind="127.0.0.1:0",
        manage_bind="127.0.0.1:0",
        sml_admin_tls_cert=files.tls_certificate,
        sml_admin_tls_key=files.tls_key,
        sml_admin_client_ca=files.root,
    )
    for role, there in ((Role.MANAGE, True), (Role.JOBS, False)):
        sockets = open_sockets(settings, [role])
        for each in sockets.values():
            each.close()
        assert ("sml-admin" in sockets) is there


def test_authorities_that_can_not_be_read_are_told_at_the_start(tmp_path: Path, pki: DemoPki) -> None:
    files = pki.write(tmp_path / "pki")
    settings = {
        "sml_admin_bind": "127.0.0.1:0",
        "sml_admin_tls_cert": files.tls_certificate,
        "sml_admin_tls_key": files.tls_key,
        "sml_admin_client_ca": tmp_path / "nothing.pem",
    }
    with (
        pytest.raises(ConfigurationError, match="REGISTRY_SML_ADMIN_CLIENT_CA"),
        live_instance(tmp_path, pki, **settings),
    ):
        pass
