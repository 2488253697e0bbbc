# SPDX-License-Identifier: Apache-2.0
"""Certificates by ACME (RFC 8555): Let's Encrypt's test server Pebble, lego or certbot with our scripts of `ops/acme`,
and the public listener of an instance that runs all the while.
"""

import json
import os
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from registry.demo.pki import DemoPki
from tests.simulators.live import live_instance
from tests.simulators.programs import free_ports, running
from tests.simulators.server_certificates import ServerAuthority, write_pair

pytestmark = pytest.mark.any_database

OPS = Path(__file__).resolve().parents[2] / "ops" / "acme"
EMAIL = "admin@example.org"
FIRST, SECOND = "smp.example.org", "smp.example.com"
WAIT_S = 20


@dataclass(frozen=True)
class Acme:
    directory: str
    http_port: int
    """Where the authority looks for the challenge, instead of at port 80."""
    own_root: Path
    """The authority of Pebble's own HTTPS."""
    issued_root: str
    """The root of what Pebble issues."""
    environment: dict[str, str]


@pytest.fixture(scope="module")
def acme(tool: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Acme]:
    """Pebble, for which every name is at 127.0.0.1."""
    folder = tmp_path_factory.mktemp("pebble")
    authority = ServerAuthority()
    write_pair(authority.issue("localhost"), folder / "cert.pem", folder / "key.pem")
    root = folder / "root.pem"
    root.write_text(authority.pem)
    port, management, http, tls, dns, dns_management = free_ports(6)
    settings = {
        "listenAddress": f"127.0.0.1:{port}",
        "managementListenAddress": f"127.0.0.1:{management}",
        "certificate": str(folder / "cert.pem"),
        "privateKey": str(folder / "key.pem"),
        "httpPort": http,
        "tlsPort": tls,
    }
    (folder / "pebble.json").write_text(json.dumps({"pebble": settings}))
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    names = [
        *(tool.path("pebble-challtestsrv"), "-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""),
        *("-dns01", f"127.0.0.1:{dns}", "-http01", "", "-https01", "", "-tlsalpn01", ""),
        *("-management", f"127.0.0.1:{dns_management}"),
    ]
    pebble = [tool.path("pebble"), "-config", folder / "pebble.json", "-dnsserver", f"127.0.0.1:{dns}"]
    quick = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0"}
    with (
        running(names, folder / "names.log", [dns_management], environment),
        running(pebble, folder / "pebble.log", [port, management], environment | quick),
    ):
        trust = ssl.create_default_context(cafile=str(root))
        issued_root = httpx2.get(f"https://localhost:{management}/roots/0", verify=trust).text
        yield Acme(f"https://localhost:{port}/dir", http, root, issued_root, environment)


def get_by_lego(acme: Acme, folder: Path, *names: str, days: int = 30) -> None:
    environment = acme.environment | {
        "ACME_EMAIL": EMAIL,
        "ACME_FOLDER": str(folder),
        "ACME_SERVER": acme.directory,
        "ACME_HTTP": f"127.0.0.1:{acme.http_port}",
        "ACME_DAYS": str(days),
        "LEGO_CA_CERTIFICATES": str(acme.own_root),
    }
    done = subprocess.run(
        [OPS / "lego.sh", *names], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def serial_verified(acme: Acme, port: int, name: str) -> str | None:
    """The serial number of the certificate for a name; None where a client that trusts Pebble's root refuses it."""
    context = ssl.create_default_context(cadata=acme.issued_root)
    try:
        with (
            socket.create_connection(("127.0.0.1", port), 10) as plain,
            context.wrap_socket(plain, server_hostname=name) as connection,
        ):
            certificate = connection.getpeercert()
    except ssl.SSLError:
        return None
    assert certificate is not None
    return str(certificate["serialNumber"])


def wait_for_other(acme: Acme, port: int, name: str, old: str | None) -> str:
    """Another serial number than `old`, as soon as the listener shows it."""
    deadline = time.monotonic() + WAIT_S
    while (serial := serial_verified(acme, port, name)) in {old, None}:
        assert time.monotonic() < deadline, f"no other certificate for {name} than {old}"
    assert serial is not None
    return serial


@pytest.mark.slow
def test_listener_takes_over_what_lego_gets_and_renews(acme: Acme, tool: Any, tmp_path: Path, pki: DemoPki) -> None:
    tool.path("lego")
    folder = tmp_path / "acme"
    get_by_lego(acme, folder, FIRST)
    with live_instance(tmp_path, pki, public_tls=folder / "certificates", tls_check_s=0.1) as live:
        port = int(live.addresses.public.rpartition(":")[2])
        first = wait_for_other(acme, port, FIRST, None)
        assert serial_verified(acme, port, SECOND) is None

        get_by_lego(acme, folder, FIRST, SECOND)  # another name; the first one isn't due
        wait_for_other(acme, port, SECOND, None)
        assert serial_verified(acme, port, FIRST) == first

        get_by_lego(acme, folder, FIRST, days=100_000)  # a renewal
        renewed = wait_for_other(acme, port, FIRST, first)
        assert verified_by_openssl(acme, tool, tmp_path, port) == renewed.lower()


def verified_by_openssl(acme: Acme, tool: Any, folder: Path, port: int) -> str:
    """The serial number that OpenSSL's own client reports once it has verified chain and name."""
    (folder / "pebble.pem").write_text(acme.issued_root)
    command = [
        *(tool.path("openssl"), "s_client", "-connect", f"127.0.0.1:{port}", "-servername", FIRST),
        *("-verify_hostname", FIRST, "-verify_return_error", "-CAfile", str(folder / "pebble.pem")),
    ]
    shown = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=True).stdout
    command = [tool.path("openssl"), "x509", "-noout", "-serial"]
    read = subprocess.run(command, input=shown, capture_output=True, timeout=30, check=True).stdout
    return read.decode().strip().partition("=")[2].lower()


@pytest.mark.slow
def test_listener_takes_over_what_certbot_deploys(acme: Acme, tool: Any, tmp_path: Path, pki: DemoPki) -> None:
    folder = tmp_path / "tls"
    folder.mkdir()
    ServerAuthority().write(folder, FIRST, FIRST)
    with live_instance(tmp_path, pki, public_tls=folder, tls_check_s=0.1) as live:
        port = int(live.addresses.public.rpartition(":")[2])
        assert serial_verified(acme, port, FIRST) is None
        environment = acme.environment | {
            "REQUESTS_CA_BUNDLE": str(acme.own_root),
            "REGISTRY_PUBLIC_TLS": str(folder),
            "REGISTRY_GROUP": str(os.getgid()),
        }
        command = [
            *(tool.path("certbot"), "certonly", "--non-interactive", "--agree-tos", "--email", EMAIL),
            *("--server", acme.directory, "--domains", FIRST, "--deploy-hook", str(OPS / "certbot-deploy.sh")),
            *("--standalone", "--http-01-address", "127.0.0.1", "--http-01-port", str(acme.http_port)),
            *(f"--{kind}-dir={tmp_path / 'certbot' / kind}" for kind in ("config", "work")),
            f"--logs-dir={tmp_path / 'certbot' / 'logs'}",
        ]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=90, check=False)
        assert done.returncode == 0, done.stderr
        wait_for_other(acme, port, FIRST, None)
    assert not list(folder.glob(".*"))
    assert (folder / f"{FIRST}.key").stat().st_mode & 0o777 == 0o640
