# SPDX-License-Identifier: Apache-2.0
"""Whether the public listener has a certificate for a domain."""

from datetime import timedelta
from pathlib import Path

import pytest

from registry.app.public_tls import lacks_certificate, open_public_tls
from registry.clock import system_clock
from registry.domains.loader import load_domain
from registry.settings import load_settings
from tests.simulators.server_certificates import ServerAuthority

AUTHORITY = ServerAuthority()


def lacks(folder: Path, base_url: str) -> list[str]:
    settings = load_settings(public_tls=folder)
    domain = load_domain("demo", {"smp": {"base_url": base_url}})
    return lacks_certificate(settings, open_public_tls(settings, system_clock), domain, AUTHORITY.now)


def test_domain_whose_host_no_certificate_is_for_lacks_one(tmp_path: Path) -> None:
    AUTHORITY.write(tmp_path, "default", "smp.example.org", "*.wild.example.org", "192.0.2.1", "::1")
    for host in ("smp.example.org", "x.wild.example.org", "192.0.2.1", "[::1]:8443"):
        assert lacks(tmp_path, f"https://{host}/base") == []
    assert lacks(tmp_path, "https://other.example.org") == [f"no certificate in {tmp_path} is for other.example.org"]


def test_domain_whose_certificate_has_expired_lacks_a_valid_one(tmp_path: Path) -> None:
    AUTHORITY.write(tmp_path, "a", "smp.example.org", ends=timedelta(0))
    assert lacks(tmp_path, "https://smp.example.org") == ["the certificate for smp.example.org has expired"]


@pytest.mark.parametrize("base_url", ["", "http://127.0.0.1:8080"])
def test_domain_without_https_needs_no_certificate(tmp_path: Path, base_url: str) -> None:
    AUTHORITY.write(tmp_path, "a", "smp.example.org")
    assert lacks(tmp_path, base_url) == []


def test_names_are_not_judged_where_one_certificate_serves_all_or_a_proxy_has_them(tmp_path: Path) -> None:
    AUTHORITY.write(tmp_path, "inner", "inner.example")
    domain = load_domain("demo", {"smp": {"base_url": "https://smp.example.org"}})
    single = load_settings(public_tls_cert=tmp_path / "inner.crt", public_tls_key=tmp_path / "inner.key")
    tls = open_public_tls(single, system_clock)
    assert tls is not None
    assert lacks_certificate(single, tls, domain, AUTHORITY.now) == []
    assert open_public_tls(load_settings(), system_clock) is None
    assert lacks_certificate(load_settings(), None, domain, AUTHORITY.now) == []
