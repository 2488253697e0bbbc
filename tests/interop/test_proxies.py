# SPDX-License-Identifier: Apache-2.0
"""HAProxy, nginx and Caddy in front of the public listener, each with our configuration file of `ops/`, asked by curl.

Only names, addresses and paths of files are replaced in those files, and what would make health checks too rare to
matter in a test; each replacement must find its place.
"""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from registry.app.domain_setup import SigningKeyFile, add_domain
from registry.demo.content import demo_metadata
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.url_form import service_path
from registry.metadata import ServiceMetadata
from tests.simulators.live import ACTOR, LiveInstance, demo_trust
from tests.simulators.programs import free_ports, running
from tests.simulators.server_certificates import ServerAuthority, write_pair

pytestmark = pytest.mark.any_database

OPS = Path(__file__).resolve().parents[2] / "ops"
HOST = "smp.example.org"
PROXIES = ["haproxy", "nginx", "caddy"]
DOCUMENT_TYPE = DocumentTypeIdentifier("busdox-docid-qns", "urn:x:Invoice::Invoice##urn:example/a/b#c::2.1")


@dataclass(frozen=True)
class Reply:
    status: int
    http: str
    headers: dict[str, list[str]]
    body: bytes


@dataclass(frozen=True)
class Proxy:
    name: str
    https_port: int
    http_port: int
    curl: str
    folder: Path

    def ask(self, target: str, *options: str, port: int = 443, host: str = HOST) -> Reply:
        """What curl gets for this request target, exactly as it is here."""
        ours = self.https_port if port == 443 else self.http_port
        body = self.folder / "body"
        body.unlink(missing_ok=True)
        command = [
            *(self.curl, "--silent", "--show-error", "--max-time", "20", "--noproxy", "*"),
            *("--cacert", str(self.folder / "root.pem"), "--connect-to", f"{host}:{port}:127.0.0.1:{ours}"),
            *("--request-target", target, "--output", str(body), "--write-out"),
            '{"status": %{response_code}, "http": "%{http_version}", "headers": %{header_json}}',
            *options,
            f"{'https' if port == 443 else 'http'}://{host}:{port}/",
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
        seen = json.loads(done.stdout)
        return Reply(seen["status"], seen["http"], seen["headers"], body.read_bytes() if body.exists() else b"")


@pytest.fixture(scope="module")
def published(shared_live: LiveInstance) -> ServiceMetadata:
    """A service of the domain that only a request for `HOST` reaches: another one is the default."""
    settings = {
        "name": "proxied",
        "default": False,
        "smp": {"base_url": f"https://{HOST}"},
        "dns": {"zone": "proxied.test"},
        "sml": {"enabled": False},
        "trust": demo_trust(shared_live.pki),
    }
    key = SigningKeyFile(shared_live.files.smp)
    stored = add_domain(shared_live.instance, ACTOR, "demo", settings, signing_key=key, register_smp=False)
    metadata = replace(demo_metadata(shared_live.pki.access_points)[0], document_type=DOCUMENT_TYPE)
    shared_live.instance.publishing.put_service_metadata(ACTOR, stored, metadata, create_group=True)
    shared_live.run(shared_live.serving.refresh())
    return metadata


@pytest.fixture(scope="module")
def direct(shared_live: LiveInstance, published: ServiceMetadata) -> httpx2.Response:
    """What the public listener itself answers."""
    path = service_path(published.participant, published.document_type)
    answer = httpx2.get(shared_live.addresses.public + path, headers={"Host": HOST})
    assert answer.status_code == 200, answer.text
    return answer


def configured(file: str, *replacements: tuple[str, object]) -> str:
    text = (OPS / file).read_text()
    for old, new in replacements:
        assert old in text, f"{file}: {old}"
        text = text.replace(old, str(new))
    return text


def haproxy(tool: Any, folder: Path, https: int, http: int, backend: str) -> AbstractContextManager[None]:
    program = tool.path("haproxy", "/usr/sbin")
    ours = ["    user haproxy\n", "    group haproxy\n", "    chroot /var/lib/haproxy\n"]
    text = configured(
        "haproxy/haproxy.cfg",
        *((line, "") for line in ours),
        ("log /dev/log local0", "log stdout format raw local0"),
        ("maxconn 20000", "maxconn 100"),
        ("bind :443", f"bind 127.0.0.1:{https}"),
        ("bind :80", f"bind 127.0.0.1:{http}"),
        ("/etc/haproxy/certs/", f"{folder}/both/"),
        ("server one 127.0.0.1:8080 check inter 5s", f"server one {backend} check inter 20ms"),
    )
    (folder / "haproxy.cfg").write_text(text)
    return running([program, "-db", "-dW", "-f", folder / "haproxy.cfg"], folder / "log", [https, http])


def nginx(tool: Any, folder: Path, https: int, http: int, backend: str) -> AbstractContextManager[None]:
    program = tool.path("nginx", "/usr/sbin")
    site = configured(
        "nginx/edelivery-registry.conf",
        ("listen 443", f"listen 127.0.0.1:{https}"),
        ("listen 80", f"listen 127.0.0.1:{http}"),
        (f"/etc/letsencrypt/live/{HOST}/fullchain.pem", folder / "smp.crt"),
        (f"/etc/letsencrypt/live/{HOST}/privkey.pem", folder / "smp.key"),
        ("server 127.0.0.1:8080", f"server {backend}"),
        ("/var/log/nginx/registry.log", folder / "access.log"),
    )
    (folder / "site.conf").write_text(site)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log stderr;\n"
        f"events {{}}\nhttp {{\n{temporary}include {folder}/site.conf;\n}}\n"
    )
    return running([program, "-p", folder, "-c", folder / "nginx.conf"], folder / "log", [https, http])


def caddy(tool: Any, folder: Path, https: int, http: int, backend: str) -> AbstractContextManager[None]:
    program = tool.path("caddy")
    text = configured(
        "caddy/Caddyfile",
        ("\temail", f"\tadmin off\n\tdefault_bind 127.0.0.1\n\thttp_port {http}\n\thttps_port {https}\n\temail"),
        (
            f"# tls /etc/caddy/{HOST}.crt /etc/caddy/{HOST}.key",
            f"tls {folder}/smp.crt {folder}/smp.key",
        ),
        ("reverse_proxy 127.0.0.1:8080", f"reverse_proxy {backend}"),
        ("health_interval 5s", "health_interval 20ms"),
    )
    (folder / "Caddyfile").write_text(text)
    home = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    command = [program, "run", "--adapter", "caddyfile", "--config", folder / "Caddyfile"]
    return running(command, folder / "log", [https, http], home)


STARTERS: dict[str, Callable[..., AbstractContextManager[None]]] = {"haproxy": haproxy, "nginx": nginx, "caddy": caddy}


@pytest.fixture(scope="module", params=PROXIES)
def proxy(
    request: pytest.FixtureRequest,
    shared_live: LiveInstance,
    tool: Any,
    tmp_path_factory: pytest.TempPathFactory,
    direct: httpx2.Response,
) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp(request.param)
    authority = ServerAuthority()
    issued = authority.issue(HOST)
    (folder / "root.pem").write_text(authority.pem)
    (folder / "both").mkdir()
    write_pair(issued, folder / "smp.crt", folder / "smp.key")
    write_pair(issued, folder / "both" / "smp.pem", folder / "both" / "smp.pem")
    https, http = free_ports(2)
    backend = shared_live.addresses.public.removeprefix("http://")
    with STARTERS[request.param](tool, folder, https, http, backend):
        yield Proxy(request.param, https, http, tool.path("curl"), folder)


def targets(published: ServiceMetadata) -> list[str]:
    """Spellings of one path that clients use, and that mean the same to us."""
    path = service_path(published.participant, published.document_type)
    return [path, path.replace("%3A", ":"), path.replace("%2F", "%2f"), path.replace("%3A", "%3a")]


@pytest.mark.parametrize("http", ["1.1", "2"])
def test_paths_go_through_as_they_came(
    proxy: Proxy, published: ServiceMetadata, direct: httpx2.Response, http: str
) -> None:
    for target in targets(published):
        assert "%23%23" in target
        assert "%2f" in target.lower()
        reply = proxy.ask(target, f"--http{http}")
        assert (reply.status, reply.body) == (200, direct.content), target
        assert reply.http == http


def test_validators_go_through_and_answer_304(
    proxy: Proxy, published: ServiceMetadata, direct: httpx2.Response
) -> None:
    target = targets(published)[0]
    reply = proxy.ask(target)
    for name in ("etag", "cache-control", "content-type"):
        assert reply.headers[name] == [direct.headers[name]]
    again = proxy.ask(target, "--header", f"If-None-Match: {direct.headers['etag']}")
    assert (again.status, again.body) == (304, b"")
    assert again.headers["etag"] == [direct.headers["etag"]]
    deadline = time.monotonic() + 5
    while (
        reply := proxy.ask(target, "--header", f"If-Modified-Since: {reply.headers['last-modified'][0]}")
    ).status != 304:
        # In the second in which the document was made a copy of it doesn't pass as fresh.
        assert time.monotonic() < deadline


def test_compression_is_left_to_the_listener(proxy: Proxy, published: ServiceMetadata, direct: httpx2.Response) -> None:
    reply = proxy.ask(targets(published)[0], "--header", "Accept-Encoding: gzip, br, zstd")
    assert "content-encoding" not in reply.headers
    assert reply.body == direct.content


def test_head_is_answered_like_get_without_a_body(
    proxy: Proxy, published: ServiceMetadata, direct: httpx2.Response
) -> None:
    reply = proxy.ask(targets(published)[0], "--head")
    assert reply.status == 200
    assert reply.headers["content-length"] == [str(len(direct.content))]


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_writing_is_refused_before_it_reaches_the_listener(
    proxy: Proxy, published: ServiceMetadata, method: str
) -> None:
    # HTTP/1.1, because with HTTP/2 curl tells an answer before the end of its body as an error, or not.
    reply = proxy.ask(targets(published)[0], "--request", method, "--data-binary", "<x/>", "--http1.1")
    assert reply.status == 405
    assert b"problem" not in reply.body


def test_unknown_participant_is_our_404(proxy: Proxy) -> None:
    reply = proxy.ask("/iso6523-actorid-upis%3A%3A0088%3A1")
    assert reply.status == 404
    assert reply.headers["content-type"] == ["application/problem+json"]


def test_plain_http_leads_to_https_with_the_same_path(proxy: Proxy, published: ServiceMetadata) -> None:
    target = targets(published)[0]
    reply = proxy.ask(target, port=80)
    assert reply.status in {301, 308}
    assert reply.headers["location"] == [f"https://{HOST}{target}"]


def test_other_names_are_refused_in_the_handshake(proxy: Proxy) -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        proxy.ask("/", host="other.example.org")
    assert caught.value.returncode == 35, caught.value.stderr


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_old_tls_is_refused(proxy: Proxy, tool: Any, version: str) -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        proxy.ask("/", f"--tlsv{version}", "--tls-max", version, "--ciphers", "DEFAULT:@SECLEVEL=0")
    assert caught.value.returncode == 35, caught.value.stderr


def test_number_sign_that_is_not_encoded(proxy: Proxy, published: ServiceMetadata) -> None:
    """Not every client encodes it, as RFC 3986 wants; docs/howto/public-tls.md says what becomes of it."""
    target = targets(published)[0].replace("%23", "#")
    assert proxy.ask(target, "--http1.1").status == {"haproxy": 400, "nginx": 200, "caddy": 404}[proxy.name]
