# SPDX-License-Identifier: Apache-2.0
"""Foreign DNS-over-HTTPS clients at a running resolver: curl directly, dig through an HTTP/2 proxy.

dig and kdig speak HTTP/2 only, our listener HTTP/1.1: nghttpx stands between them, as a proxy does in production.
"""

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dns.message
import pytest

from registry.demo.content import demo_metadata
from tests.simulators.live import ACTOR, LiveInstance
from tests.simulators.live_resolver import live_resolver

pytestmark = pytest.mark.any_database

VALUE = "0088:7300010000001"


@pytest.fixture(scope="module")
def expected(shared_live: LiveInstance) -> str:
    """The NAPTR record of a published participant."""
    metadata = demo_metadata(shared_live.pki.access_points)[0]
    assert metadata.participant.value == VALUE
    shared_live.instance.publishing.put_service_metadata(ACTOR, shared_live.stored, metadata, create_group=True)
    shared_live.wait_for_dns()
    return f'100 10 "U" "Meta:SMP" "!.*!{shared_live.addresses.public}!" .'


@pytest.fixture(scope="module")
def resolver(shared_live: LiveInstance, expected: str) -> Iterator[str]:
    files = shared_live.files
    tls = {"resolver_tls_cert": files.tls_certificate, "resolver_tls_key": files.tls_key}
    with live_resolver(shared_live, **tls) as url:
        yield url


@pytest.fixture
def name(shared_live: LiveInstance, name_of: Any) -> str:
    return str(name_of(VALUE, zone=shared_live.stored.domain.dns.zone))


def test_curl_gets_the_record_as_json(
    resolver: str, expected: str, name: str, shared_live: LiveInstance, tool: Any
) -> None:
    command = [tool.path("curl"), "-sS", "--fail", "--cacert", str(shared_live.files.root)]
    command += ["-H", "Accept: application/dns-json", f"{resolver}/dns-query?name={name}&type=NAPTR"]
    done = subprocess.run(command, capture_output=True, timeout=30, check=False)
    assert done.returncode == 0, done
    answer = json.loads(done.stdout)
    assert answer["Status"] == 0
    assert [one["data"] for one in answer["Answer"]] == [expected]


def test_curl_gets_the_record_as_a_dns_message(
    resolver: str, expected: str, name: str, shared_live: LiveInstance, tool: Any
) -> None:
    command = [tool.path("curl"), "-sS", "--fail", "--cacert", str(shared_live.files.root), "--data-binary", "@-"]
    command += ["-H", "Content-Type: application/dns-message", f"{resolver}/dns-query"]
    query = dns.message.make_query(name, "NAPTR").to_wire()
    done = subprocess.run(command, input=query, capture_output=True, timeout=30, check=False)
    assert done.returncode == 0, done
    assert [one.to_text() for one in dns.message.from_wire(done.stdout).answer[0]] == [expected]


@pytest.fixture
def http2_port(resolver: str, shared_live: LiveInstance, tool: Any, tmp_path: Path) -> Iterator[int]:
    """The port of a proxy that speaks HTTP/2 over TLS in front of the resolver."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    files, parts = shared_live.files, urlsplit(resolver)
    command = [tool.path("nghttpx", "/usr/sbin"), f"--frontend=127.0.0.1,{port}", "--workers=1", "--conf=/dev/null"]
    command += [f"--backend=127.0.0.1,{parts.port};;tls;sni=localhost;proto=http/1.1", f"--cacert={files.root}"]
    command += [f"--pid-file={tmp_path / 'pid'}", "--no-ocsp", str(files.tls_key), str(files.tls_certificate)]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as proxy:
        try:
            deadline = time.monotonic() + 10
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    assert proxy.poll() is None, proxy.stderr and proxy.stderr.read()
                    assert time.monotonic() < deadline, "the proxy did not start"
            yield port
        finally:
            proxy.terminate()


@pytest.mark.parametrize("options", [["+https"], ["+https-get"]])
def test_dig_gets_the_record_over_https(
    http2_port: int, expected: str, name: str, tool: Any, options: list[str]
) -> None:
    command = [tool.path("dig"), "@127.0.0.1", "-p", str(http2_port), *options, "+short", "+tries=1", name, "NAPTR"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done
    assert done.stdout.strip() == expected


def test_dig_is_refused_for_another_zone(http2_port: int, tool: Any) -> None:
    command = [tool.path("dig"), "@127.0.0.1", "-p", str(http2_port), "+https", "+tries=1", "example.com", "A"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done
    assert "status: REFUSED" in done.stdout
