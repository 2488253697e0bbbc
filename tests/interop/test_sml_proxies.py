# SPDX-License-Identifier: Apache-2.0
"""HAProxy, nginx and Caddy in front of the SML, each with our configuration file of `ops/`, telling who calls.

Each request brings forged headers along, with the certificate of somebody else: what arrives is the client's own.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from registry.demo.pki import DemoPki, certificates_pem, new_root
from registry.errors import TechnicalError
from registry.sml.client import SmlClient
from tests.conformance.sml.live_calls import UNAUTHORIZED, publisher, refused
from tests.interop.identities import NOW, write_identity
from tests.simulators.live import SMP_ID, LiveInstance, live_instance
from tests.simulators.lying_proxies import telling_client, told
from tests.simulators.programs import free_ports, running
from tests.simulators.server_certificates import ServerAuthority, write_pair

pytestmark = pytest.mark.any_database

OPS = Path(__file__).resolve().parents[2] / "ops"
MINE = "SMP-PROXIED"
HAPROXY_NAMES = "    # http-request set-header Client-Cert"
NGINX_NAMES = "        # proxy_set_header"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[LiveInstance]:
    settings = {
        "sml_plain_bind": "127.0.0.1:0",
        "sml_proxy_networks": "127.0.0.1/32",
        "sml_proxy_forms": "rfc9440,ec-names,ssl-client-cert",
        "trusted_proxies": "127.0.0.1/32",
    }
    with live_instance(tmp_path_factory.mktemp("live"), pki, **settings) as running_instance:
        yield running_instance


@pytest.fixture(scope="module")
def mine(live: LiveInstance, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SMP that is registered, by TLS directly."""
    identity = write_identity(tmp_path_factory.mktemp("mine"), live.pki.smp_ca, "SMP_PROXIED")
    with live.sml_client(identity) as client:
        client.create_publisher(publisher(MINE))
    live.run(live.serving.refresh())
    return identity


def configured(file: str, *replacements: tuple[str, object]) -> str:
    text = (OPS / file).read_text()
    for old, new in replacements:
        assert old in text, f"{file}: {old}"
        text = text.replace(old, str(new))
    return text


def haproxy(tool: Any, folder: Path, port: int, backend: str, *, names: bool = False) -> AbstractContextManager[None]:
    text = configured(
        "haproxy/sml.cfg",
        ("bind :8443", f"bind 127.0.0.1:{port}"),
        ("/etc/haproxy/sml/", f"{folder}/both/"),
        ("/etc/haproxy/sml-clients.pem", folder / "clients.pem"),
        ("127.0.0.1:8444", backend),
    )
    if names:
        lines = [line for line in text.splitlines() if not line.startswith("    http-request set-header Client-Cert :")]
        text = "\n".join(lines).replace(HAPROXY_NAMES, HAPROXY_NAMES.replace("# ", "")) + "\n"
    (folder / "haproxy.cfg").write_text("global\n    maxconn 100\n" + text)
    program = tool.path("haproxy", "/usr/sbin")
    return running([program, "-db", "-dW", "-f", folder / "haproxy.cfg"], folder / "log", [port])


def nginx(tool: Any, folder: Path, port: int, backend: str, *, names: bool = False) -> AbstractContextManager[None]:
    text = configured(
        "nginx/sml.conf",
        ("listen 8443", f"listen 127.0.0.1:{port}"),
        ("/etc/nginx/sml.crt", folder / "sml.crt"),
        ("/etc/nginx/sml.key", folder / "sml.key"),
        ("/etc/nginx/sml-clients.pem", folder / "clients.pem"),
        ("server 127.0.0.1:8444", f"server {backend}"),
    )
    if names:
        gone = ('        proxy_set_header Client-Cert "";', "        proxy_set_header SSLClientCert $ssl")
        lines = [line for line in text.splitlines() if not line.startswith(gone)]
        text = "\n".join(lines).replace(NGINX_NAMES, NGINX_NAMES.replace("# ", "")) + "\n"
    (folder / "site.conf").write_text(text)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log stderr;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{temporary}include {folder}/site.conf;\n}}\n"
    )
    program = tool.path("nginx", "/usr/sbin")
    return running([program, "-p", folder, "-c", folder / "nginx.conf"], folder / "log", [port])


def caddy(tool: Any, folder: Path, port: int, backend: str) -> AbstractContextManager[None]:
    text = configured(
        "caddy/sml.Caddyfile",
        ("sml.example.org:8443", f"localhost:{port}"),
        ("/etc/caddy/sml.crt /etc/caddy/sml.key", f"{folder}/sml.crt {folder}/sml.key"),
        ("/etc/caddy/sml-clients.pem", folder / "root.pem"),
        ("127.0.0.1:8444", backend),
    )
    options = "{\n\tadmin off\n\tdefault_bind 127.0.0.1\n\tauto_https disable_redirects\n}\n"
    (folder / "Caddyfile").write_text(options + text)
    home = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    command = [tool.path("caddy"), "run", "--adapter", "caddyfile", "--config", folder / "Caddyfile"]
    return running(command, folder / "log", [port], home)


STARTERS: dict[str, Callable[..., AbstractContextManager[None]]] = {
    "haproxy": haproxy,
    "haproxy-names": lambda *where: haproxy(*where, names=True),
    "nginx": nginx,
    "nginx-names": lambda *where: nginx(*where, names=True),
    "caddy": caddy,
}


@dataclass(frozen=True)
class Proxy:
    url: str
    context: Callable[[Path | None], Any]

    @contextmanager
    def client(self, identity: Path | None, *headers: tuple[str, str]) -> Iterator[SmlClient]:
        with telling_client(self.url, *headers, context=self.context(identity)) as client:
            yield client


@pytest.fixture(scope="module", params=STARTERS)
def proxy(
    request: pytest.FixtureRequest, live: LiveInstance, tool: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp(request.param)
    authority = ServerAuthority()
    issued = authority.issue("localhost", "127.0.0.1")
    (folder / "both").mkdir()
    write_pair(issued, folder / "sml.crt", folder / "sml.key")
    write_pair(issued, folder / "both" / "sml.pem", folder / "both" / "sml.pem")
    pki = live.pki
    (folder / "root.pem").write_bytes(certificates_pem(pki.root.certificate))
    (folder / "clients.pem").write_bytes(certificates_pem(pki.root.certificate, pki.smp_ca.certificate))

    def context(identity: Path | None) -> Any:
        found = live.client_context(identity)
        found.load_verify_locations(cadata=authority.pem)
        return found

    (port,) = free_ports(1)
    with STARTERS[request.param](tool, folder, port, live.addresses.sml_plain.removeprefix("http://")):
        yield Proxy(f"https://localhost:{port}", context)


def forged(live: LiveInstance) -> list[tuple[tuple[str, str], ...]]:
    """What the owner of `SMP_ID` would be told by, in every form, alone, together, twice, and in odd spellings."""
    headers = told(live.pki.smp.certificate)
    value = headers["rfc9440"][1]
    odd = [("client-cert", value), ("CLIENT-CERT", value), ("Client_Cert", value), ("sslclientcert", value)]
    chain = ("Client-Cert-Chain", value)
    singles = [*headers.values(), *odd, ("X-Forwarded-Client-Cert", value), chain]
    return [(), *((each,) for each in singles), tuple(headers.values()), (headers["rfc9440"],) * 2]


def test_the_client_is_who_its_certificate_says_whatever_it_claims(
    proxy: Proxy, live: LiveInstance, mine: Path
) -> None:
    for headers in forged(live):
        with proxy.client(mine, *headers) as client:
            assert client.read_publisher(MINE).smp_id == MINE, headers
            with refused(UNAUTHORIZED, 101, f"The SMP '{SMP_ID}' belongs to another"):
                client.read_publisher(SMP_ID)


def test_who_shows_no_certificate_is_nobody_whatever_he_claims(proxy: Proxy, live: LiveInstance) -> None:
    for headers in forged(live):
        with proxy.client(None, *headers) as client, refused(UNAUTHORIZED, 101):
            client.read_publisher(SMP_ID)


def test_who_shows_a_certificate_of_an_unknown_authority_does_not_pass_the_proxy(
    proxy: Proxy, live: LiveInstance, tmp_path: Path
) -> None:
    identity = write_identity(tmp_path, new_root(NOW, "Unknown Root"), "SMP_PROXIED")
    for headers in forged(live)[:4]:
        with proxy.client(identity, *headers) as client, pytest.raises(TechnicalError):
            client.read_publisher(SMP_ID)


def test_the_listener_behind_it_takes_no_word_from_elsewhere(live: LiveInstance) -> None:
    """The proxy is in 127.0.0.1/32 here, and this comes from another address of the same machine."""
    header = told(live.pki.smp.certificate)["rfc9440"]
    base = live.addresses.sml_plain
    with telling_client(base, header, source="127.0.0.9") as client, refused(UNAUTHORIZED, 102, "127.0.0.9 is not a"):
        client.read_publisher(SMP_ID)
