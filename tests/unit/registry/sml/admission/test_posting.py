# SPDX-License-Identifier: Apache-2.0
"""How the service outside is reached: with its certificate verified, and at no address that is guarded."""

import json
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.errors import ConfigurationError, TechnicalError
from registry.sml.admission.posting import guarded_post
from tests.simulators.admission_service import AdmissionService, admission_service
from tests.simulators.server_certificates import ServerAuthority

OWN = ("127.0.0.0/8",)
BODY = json.dumps({"participants": ["x::y"]}).encode()


@pytest.fixture(scope="module")
def authority() -> ServerAuthority:
    return ServerAuthority()


@pytest.fixture
def service(authority: ServerAuthority, tmp_path: Path) -> Iterator[AdmissionService]:
    authority.write(tmp_path, "server", "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")
    with admission_service(context) as outside:
        yield outside


def test_verified_service_is_asked(authority: ServerAuthority, service: AdmissionService) -> None:
    post = guarded_post(OWN, lambda: ssl.create_default_context(cadata=authority.pem))
    for _ in range(2):
        assert json.loads(post(service.url, BODY, 5))["participants"] == [{"participant": "x::y", "allowed": True}]
    assert len(service.asked) == 2


def test_service_of_an_unknown_authority_is_not_asked(service: AdmissionService) -> None:
    with pytest.raises(TechnicalError, match="TLS with the server"):
        guarded_post(OWN)(service.url, BODY, 5)
    assert service.asked == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "10.0.0.1", "169.254.169.254", "[::1]", "[fd00::1]"])
def test_address_that_is_not_public_is_not_asked(host: str) -> None:
    with pytest.raises(TechnicalError, match="may not be asked"):
        guarded_post(())(f"https://{host}:1/", BODY, 5)


def test_networks_that_are_none_are_the_operators_mistake() -> None:
    with pytest.raises(ConfigurationError, match="sml_admission_networks"):
        guarded_post(("nowhere",))("https://127.0.0.1:1/", BODY, 5)
