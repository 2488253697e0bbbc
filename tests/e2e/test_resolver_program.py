# SPDX-License-Identifier: Apache-2.0
"""`registry resolver` as a process of its own: it says where it listens, reloads on SIGHUP, and stops on SIGTERM."""

import json
import signal
import subprocess
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from registry.demo.pki import DemoPki
from tests.e2e.conftest import TIMEOUT, command, environment


def test_it_serves_a_profile_without_a_database_until_it_is_told_to_stop(home: Path, pki: DemoPki) -> None:
    files = pki.write(home / "resolver-pki")
    arguments = ["--anchors", f"smp-sign={files.root}", "--anchors", f"ap-encrypt={files.root}"]
    arguments += ["--bind", "127.0.0.1:0", "--dns", "127.0.0.1:9"]
    data = home / "resolver-data"
    with subprocess.Popen(
        command("resolver", "--domain", "peppol-test", *arguments),
        env=environment(home, DATA_DIR=str(data)),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            url = urlsplit(process.stdout.readline().split()[1])
            assert url.hostname == "127.0.0.1"
            process.send_signal(signal.SIGHUP)
            connection = HTTPConnection(url.hostname, url.port, timeout=TIMEOUT)
            connection.request("GET", "/health")
            health = json.load(connection.getresponse())
            connection.close()
            process.terminate()
            assert process.wait(TIMEOUT) == 0
        finally:
            process.kill()
    assert health["ready"] is True
    assert health["domains"] == ["peppol-test"]
    assert not data.exists()
