# SPDX-License-Identifier: Apache-2.0
"""Attacks on TLS names at the public listener: a session, or a name, of one domain is no way into another."""

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from registry.app.domain_setup import SigningKeyFile, add_domain
from registry.demo.content import demo_metadata
from registry.demo.pki import DemoPki
from registry.identifiers.url_form import service_path
from tests.simulators.hostile import Answer, read_answers, request
from tests.simulators.live import ACTOR, LiveInstance, demo_trust, live_instance
from tests.simulators.server_certificates import ServerAuthority

pytestmark = pytest.mark.any_database

ONE, TWO = "smp.one.example", "smp.two.example"


@dataclass(frozen=True, slots=True)
class Hosts:
    """An instance whose domains `one` and `two` have a host and a certificate each; `path` is published in `one`."""

    live: LiveInstance
    port: int
    path: str
    authority: ServerAuthority

    def client(self, version: ssl.TLSVersion) -> ssl.SSLContext:
        """What an attacker has: it trusts the authority, and looks at no names."""
        context = ssl.create_default_context(cadata=self.authority.pem)
        context.check_hostname = False
        context.minimum_version = context.maximum_version = version
        return context

    def ask(
        self, client: ssl.SSLContext, sni: str, host: str, session: ssl.SSLSession | None = None
    ) -> tuple[Answer, ssl.SSLSession | None, bool]:
        """The answer, the session that was made, and whether the given one was resumed."""
        sent = request("GET", self.path, (("Host", host),))
        with (
            socket.create_connection(("127.0.0.1", self.port), 10) as plain,
            client.wrap_socket(plain, server_hostname=sni, session=session) as connection,
        ):
            connection.sendall(sent)
            raw = b""
            while chunk := connection.recv(65_536):
                raw += chunk
            (answer,) = read_answers(raw, "GET")
            return answer, connection.session, bool(connection.session_reused)


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[Hosts]:
    folder = tmp_path_factory.mktemp("hosts")
    certificates = folder / "certificates"
    certificates.mkdir()
    authority = ServerAuthority()
    authority.write(certificates, "one", ONE)
    authority.write(certificates, "two", TWO)
    with live_instance(folder, pki, public_tls=certificates, register_smp=False) as live:
        for name, host in (("one", ONE), ("two", TWO)):
            add_domain(
                live.instance,
                ACTOR,
                "demo",
                {
                    "name": name,
                    "default": False,
                    "smp": {"base_url": f"https://{host}", "smp_id": f"SMP-HOST-{name.upper()}"},
                    "dns": {"zone": f"{name}.test"},
                    "trust": demo_trust(pki),
                },
                signing_key=SigningKeyFile(live.files.smp),
            )
        live.run(live.serving.refresh())
        metadata = demo_metadata(pki.access_points)[0]
        stored = live.instance.directory.get("one")
        live.instance.publishing.put_service_metadata(ACTOR, stored, metadata, create_group=True)
        path = service_path(metadata.participant, metadata.document_type)
        yield Hosts(live, int(live.addresses.public.rsplit(":", 1)[1]), path, authority)


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def version(request: pytest.FixtureRequest) -> ssl.TLSVersion:
    found: ssl.TLSVersion = request.param
    return found


def test_host_decides_and_not_the_name_of_the_handshake(hosts: Hosts, version: ssl.TLSVersion) -> None:
    client = hosts.client(version)
    for sni in (ONE, TWO):
        assert hosts.ask(client, sni, ONE)[0].status == 200
        assert hosts.ask(client, sni, TWO)[0].status == 404


def test_session_that_is_resumed_for_another_name_gets_no_other_domain(hosts: Hosts, version: ssl.TLSVersion) -> None:
    client = hosts.client(version)
    answer, session, _ = hosts.ask(client, ONE, ONE)
    assert answer.status == 200
    for sni, host, status in ((TWO, TWO, 404), (TWO, ONE, 200), (ONE, TWO, 404), (ONE, ONE, 200)):
        assert hosts.ask(client, sni, host, session)[0].status == status


def test_session_is_still_good_for_its_own_name(hosts: Hosts, version: ssl.TLSVersion) -> None:
    client = hosts.client(version)
    _, session, _ = hosts.ask(client, ONE, ONE)
    assert hosts.ask(client, ONE, ONE, session)[2]


def test_certificate_of_each_name_is_shown_for_that_name_only(hosts: Hosts, version: ssl.TLSVersion) -> None:
    client = hosts.client(version)
    client.check_hostname = True
    for name in (ONE, TWO):
        assert hosts.ask(client, name, name)[0].status in {200, 404}
    with pytest.raises(ssl.SSLError):
        hosts.ask(client, "smp.three.example", ONE)
