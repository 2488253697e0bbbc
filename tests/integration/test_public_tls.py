# SPDX-License-Identifier: Apache-2.0
"""An instance that speaks HTTPS by itself: a certificate for each domain, taken over as the files change."""

import ssl
import time
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from registry import telemetry
from registry.app.domain_setup import add_domain
from registry.demo.pki import DemoPki
from tests.simulators.live import ACTOR, LiveInstance, live_instance
from tests.simulators.server_certificates import ServerAuthority, serial_shown

WAIT_S = 10


@pytest.fixture(scope="module")
def authority() -> ServerAuthority:
    return ServerAuthority()


def lacks(live: LiveInstance) -> dict[str, list[str]]:
    health = httpx2.get(f"{live.addresses.manage}/api/v1/health").json()
    return {domain["name"]: [text for text in domain["lacks"] if "certificate" in text] for domain in health["domains"]}


def test_files_that_change_are_served_without_a_restart_and_without_being_told(
    tmp_path: Path, pki: DemoPki, authority: ServerAuthority
) -> None:
    folder = tmp_path / "tls"
    folder.mkdir()
    authority.write(folder, "local", "localhost", "127.0.0.1")
    with live_instance(tmp_path, pki, public_tls=folder, tls_check_s=0.1) as live:
        port = int(live.addresses.public.rpartition(":")[2])
        assert (
            httpx2.get(live.addresses.public, verify=ssl.create_default_context(cadata=authority.pem)).status_code
            == 404
        )
        renewed = authority.write(folder, "local", "localhost", "127.0.0.1", ends=timedelta(days=7))
        deadline = time.monotonic() + WAIT_S
        while serial_shown(port, "localhost") != renewed:
            assert time.monotonic() < deadline, "the new certificate isn't served"
        labels = {"listener": "public", "name": "local"}
        ends = telemetry.METRICS.get_sample_value("registry_tls_certificate_not_after_seconds", labels)
        assert ends == (authority.now + timedelta(days=7)).timestamp()


def test_health_tells_a_domain_without_certificate_until_it_has_one(
    tmp_path: Path, pki: DemoPki, authority: ServerAuthority
) -> None:
    folder = tmp_path / "tls"
    folder.mkdir()
    authority.write(folder, "local", "localhost", "127.0.0.1")
    with live_instance(tmp_path, pki, public_tls=folder, tls_check_s=3600) as live:
        second = {
            "name": "second",
            "default": False,
            "smp": {"base_url": "https://second.example.org"},
            "dns": {"zone": "second.test"},
        }
        add_domain(live.instance, ACTOR, "demo", second, register_smp=False)
        live.run(live.serving.refresh())
        assert lacks(live) == {"demo": [], "second": [f"no certificate in {folder} is for second.example.org"]}
        added = authority.write(folder, "second", "second.example.org")
        live.loop.call_soon_threadsafe(live.serving.reload_certificates)
        live.wait_for_dns()  # the loop has done the other thing before this one
        assert serial_shown(int(live.addresses.public.rpartition(":")[2]), "second.example.org") == added
        assert lacks(live) == {"demo": [], "second": []}
