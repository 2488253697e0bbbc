# SPDX-License-Identifier: Apache-2.0
"""`registry sml certificate`, `registry signing-key`: what an operator does when certificates change."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result
from cryptography.hazmat.primitives.serialization import Encoding
from typer.testing import CliRunner

from registry.app.domain_setup import SigningKeyFile, add_domain
from registry.app.instance import Instance
from registry.cli.main import app
from registry.demo.content import demo_metadata
from registry.demo.pki import DemoPki, identity_pem, new_rsa_key
from registry.errors import ConflictError, NotFoundError, ValidationError
from registry.metadata import ServiceGroup
from registry.settings import load_settings
from registry.sml.key_proof import CertificateChange, check_proof, read_instant
from registry.smp.access_points import AccessPoints
from tests.simulators.databases import database_url
from tests.simulators.live import SMP_ID, demo_trust
from tests.simulators.next_certificates import next_identity
from tests.simulators.offline import ACTOR
from trust_lists.certificates.parsing import SigningKey, fingerprint, load_certificate

DAY = timedelta(days=1)


@pytest.fixture
def folder(tmp_path: Path, pki: DemoPki, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with the domain `demo`, which is the SML of its SMP."""
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(tmp_path))
    files = pki.write(tmp_path / "pki")
    with Instance.open(load_settings(data_dir=tmp_path, database_url=database_url(tmp_path))) as instance:
        smp = {"base_url": "https://smp.example.org", "smp_id": SMP_ID}
        domain = {"name": "demo", "smp": smp, "trust": demo_trust(pki)}
        stored = add_domain(instance, ACTOR, "demo", domain, signing_key=SigningKeyFile(files.smp))
        metadata = demo_metadata(pki.access_points)[0]
        instance.publishing.put_service_group(ACTOR, stored, ServiceGroup(metadata.participant))
        instance.publishing.put_service_metadata(ACTOR, stored, metadata)
    return tmp_path


@pytest.fixture(scope="module")
def following(pki: DemoPki) -> SigningKey:
    """The next certificate, for another name."""
    return next_identity(pki, datetime.now(UTC).replace(microsecond=0) - DAY, key=new_rsa_key())


def registry(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def told(*words: str | Path) -> list[dict[str, object]]:
    result = registry(*words, "--json")
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def in_days(days: int) -> str:
    return f"{datetime.now(UTC) + days * DAY:%Y-%m-%dT%H:%M:%SZ}"


# SML


def test_certificates_of_an_smp_are_added_changed_and_ended(folder: Path, pki: DemoPki, following: SigningKey) -> None:
    (folder / "next.pem").write_bytes(following.certificate.public_bytes(Encoding.PEM))
    sha256, own = fingerprint(following.certificate), fingerprint(pki.smp.certificate)
    (added,) = told("sml", "certificate", "add", SMP_ID, folder / "next.pem", "--from", in_days(3))
    assert added == {"smp_id": SMP_ID, "sha256": sha256, "outcome": "added"}
    held = {row["sha256"]: row for row in told("sml", "certificate", "list", SMP_ID)}
    assert set(held) == {sha256, own}
    (changed,) = told("sml", "certificate", "change", SMP_ID, sha256.upper(), "--until", in_days(9))
    assert changed["outcome"] == "changed"
    refused = registry("sml", "certificate", "end", SMP_ID, own)
    assert isinstance(refused.exception, ConflictError)
    assert "add the next one first" in str(refused.exception)
    (ended,) = told("sml", "certificate", "end", SMP_ID, sha256)
    assert ended["outcome"] == "ended"
    assert told("sml", "certificate", "end", SMP_ID, own, "--last")[0]["outcome"] == "ended"
    text = registry("sml", "certificate", "list", SMP_ID).stdout
    assert own in text
    assert len(text.splitlines()) == 1, "what never spoke is forgotten"


@pytest.mark.parametrize(
    ("content", "words", "error"),
    [(b"no certificate", (), ValidationError), (None, ("--from", "soon"), SystemExit)],
    ids=["no certificate", "no instant"],
)
def test_what_can_not_be_read_is_refused_and_says_what_is_wanted(
    folder: Path, following: SigningKey, content: bytes | None, words: tuple[str, ...], error: type[BaseException]
) -> None:
    (folder / "next.pem").write_bytes(content or following.certificate.public_bytes(Encoding.PEM))
    result = registry("sml", "certificate", "add", SMP_ID, folder / "next.pem", *words)
    assert isinstance(result.exception, error)
    if words:
        assert "2027-01-31T06:00:00Z" in " ".join(result.output.split())
    else:
        assert "next.pem" in str(result.exception)


def test_body_that_is_made_proves_the_new_key(folder: Path, pki: DemoPki, following: SigningKey) -> None:
    import base64

    (folder / "next.pem").write_bytes(identity_pem(following))
    (folder / "present.pem").write_bytes(pki.smp.certificate.public_bytes(Encoding.PEM))
    arguments = ("--domain", "demo", "--present", folder / "present.pem", "--next", folder / "next.pem")
    result = registry("sml", "certificate", "prove", SMP_ID, *arguments, "--from", "2027-01-31T07:00:00+01:00")
    assert result.exit_code == 0, result.output
    body = json.loads(result.stdout)
    assert body["from"] == "2027-01-31T06:00:00Z"
    assert load_certificate(body["certificate"]) == following.certificate
    change = CertificateChange(
        "demo", SMP_ID, pki.smp.certificate, following.certificate, read_instant("2027-01-31T06:00:00Z")
    )
    check_proof(change, base64.b64decode(body["proof"]))


def test_what_ends_before_long_is_listed(folder: Path) -> None:
    assert told("sml", "certificate", "ending") == []
    rows = told("sml", "certificate", "ending", "--days", "3000", "--all-domains")
    assert [row["kind"] for row in rows] == ["access-point", "publisher", "signing-key"]
    assert {row["domain"] for row in rows} == {"demo"}
    text = registry("sml", "certificate", "ending", "--days", "3000").stdout
    assert text.count("has none") == 3


# The signing key


def test_signing_key_is_planned_listed_activated(folder: Path, following: SigningKey) -> None:
    (folder / "next.pem").write_bytes(identity_pem(following))
    (planned,) = told("signing-key", "plan", folder / "next.pem", "--at", in_days(3))
    assert (planned["redirects"], planned["broken"]) == (0, [])
    rows = told("signing-key", "list")
    assert [row["state"] for row in rows] == ["active", "planned"]
    assert rows[0]["safe_to_retire_at"] > rows[1]["planned_at"]  # type: ignore[operator]
    key = str(planned["id"])
    assert told("signing-key", "activate", key, "--plan")[0]["outcome"] == "would be activated"
    assert told("signing-key", "activate", key)[0]["outcome"] == "activated"
    assert told("signing-key", "activate", key)[0]["outcome"] == "active already"
    text = registry("signing-key", "list").stdout.splitlines()
    assert "safe to retire at" in text[0]
    assert text[1].split("\t")[1] == "active"


def test_planned_signing_key_is_called_off(folder: Path, following: SigningKey) -> None:
    (folder / "next.pem").write_bytes(identity_pem(following))
    (planned,) = told("signing-key", "plan", folder / "next.pem", "--at", in_days(3))
    result = registry("signing-key", "cancel", str(planned["id"]))
    assert result.stdout == f"signing key {planned['id']}: called off\n"
    assert isinstance(registry("signing-key", "cancel", str(planned["id"])).exception, NotFoundError)


def test_key_of_an_access_point_is_needed_until_caches_have_caught_up(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY_CLIENT_CACHE_S", "3600")
    monkeypatch.setenv("REGISTRY_CLOCK_SKEW_S", "60")
    with Instance.open(load_settings(data_dir=folder, database_url=database_url(folder))) as instance:
        stored = instance.directory.get("demo")
        points = AccessPoints(instance.database, stored, instance.trust_models.of(stored.domain))
        (name,) = [row.name for row in points.listed()]
        points.change(ACTOR, name, address="https://later.example/as4", at=datetime(2098, 1, 31, 6, tzinfo=UTC))
    row = next(row for row in told("access-point", "list") if row["name"] == name)
    assert row["safe_to_retire_at"] == "2098-01-31T07:01:00+00:00"
    assert "old key needed until 2098-01-31T07:01Z" in registry("access-point", "list").stdout
