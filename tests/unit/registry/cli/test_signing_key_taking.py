# SPDX-License-Identifier: Apache-2.0
"""Keys that an SMP has had elsewhere: PKCS#12, PEM, and Java key stores by way of keytool."""

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from typer.testing import CliRunner, Result

from registry.cli.main import app
from registry.demo.pki import DemoPki
from tests.simulators.live import demo_trust
from trust_lists.certificates.parsing import SigningKey, fingerprint, load_signing_key

if TYPE_CHECKING:
    from tests.conftest import ToolFinder

PASSWORD = "changeit"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.fixture
def old(pki: DemoPki) -> SigningKey:
    """The key of the old SMP."""
    own = pki.smp.certificate
    dates = {"not_before": own.not_valid_before_utc, "not_after": own.not_valid_after_utc}
    return pki.smp_ca.issue("SMP_OLD", "PEPPOL TEST SMP", **dates)


@pytest.fixture
def folder(tmp_path: Path, pki: DemoPki, old: SigningKey, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A domain with another key, and the old one as PKCS#12 with its password."""
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("REGISTRY_LOG_LEVEL", "ERROR")
    files = pki.write(tmp_path / "pki")
    (tmp_path / "settings.yaml").write_text(yaml.safe_dump({"trust": demo_trust(pki)}))
    added = run(
        *("domain", "add", "demo", "--base-url", "https://smp.example.org", "--smp-id", "SMP-1"),
        *("--signing-key", files.smp, "--settings", tmp_path / "settings.yaml"),
    )
    assert added.exit_code == 0, added.output
    encrypted = BestAvailableEncryption(PASSWORD.encode())
    stored = serialize_key_and_certificates(b"old", old.private_key, old.certificate, old.chain, encrypted)
    (tmp_path / "old.p12").write_bytes(stored)
    (tmp_path / "password").write_text(PASSWORD + "\n")
    return tmp_path


def test_key_that_was_elsewhere_signs_at_once_and_only_once(folder: Path, old: SigningKey) -> None:
    for outcome in ("signs now", "signs already"):
        done = run("signing-key", "take", folder / "old.p12", "--password-file", folder / "password", "--json")
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout) == {"certificate": fingerprint(old.certificate), "outcome": outcome}
    (active,) = [line for line in run("signing-key", "list").stdout.splitlines() if "\tactive\t" in line]
    assert "SMP_OLD" in active


def test_key_becomes_a_pem_file_that_only_its_owner_reads(folder: Path, old: SigningKey) -> None:
    target = folder / "client.pem"
    made = ("signing-key", "to-pem", folder / "old.p12", target, "--password-file", folder / "password")
    assert run(*made).exit_code == 0
    assert target.stat().st_mode & 0o777 == 0o600
    assert load_signing_key(target).certificate == old.certificate
    again = run(*made)
    assert again.exit_code != 0, "what is there stays"


def test_java_key_store_comes_by_the_documented_way(folder: Path, old: SigningKey, tool: "type[ToolFinder]") -> None:
    keytool = tool.path("keytool")
    kept = ("-srcstorepass", PASSWORD, "-deststorepass", PASSWORD, "-noprompt")
    for source, target, kind in (("old.p12", "smp.jks", "JKS"), ("smp.jks", "smp.p12", "PKCS12")):
        command = [keytool, "-importkeystore", "-srckeystore", folder / source, "-destkeystore", folder / target]
        subprocess.run([*command, "-deststoretype", kind, *kept], check=True, capture_output=True)
    refused = run("signing-key", "take", folder / "smp.jks", "--password-file", folder / "password")
    assert refused.exit_code != 0
    assert "keytool -importkeystore" in str(refused.exception or refused.output)
    taken = run("signing-key", "take", folder / "smp.p12", "--password-file", folder / "password")
    assert taken.exit_code == 0, taken.output
    assert fingerprint(old.certificate) in taken.stdout
