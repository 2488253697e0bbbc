# SPDX-License-Identifier: Apache-2.0
"""A proof holds for the one change that its text names, and is what OpenSSL makes of the text."""

import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from registry.demo.pki import DemoPki, new_ec_key, new_rsa_key, private_key_pem, write_secret
from registry.errors import ValidationError
from registry.sml.key_proof import CertificateChange, check_proof, instant_text, prove, read_instant
from tests.simulators.next_certificates import next_identity
from trust_lists.certificates.parsing import PrivateKey, SigningKey

NOW = datetime.now(UTC).replace(microsecond=0)
KEYS = {"ec": new_ec_key, "rsa": new_rsa_key, "ed25519": Ed25519PrivateKey.generate}


@pytest.fixture(scope="module", params=sorted(KEYS))
def identity(request: pytest.FixtureRequest, pki: DemoPki) -> SigningKey:
    key: PrivateKey = KEYS[request.param]()
    return next_identity(pki, NOW, key=key)


@pytest.fixture(scope="module")
def change(pki: DemoPki, identity: SigningKey) -> CertificateChange:
    return CertificateChange("demo", "SMP-1", pki.smp.certificate, identity.certificate, NOW + timedelta(days=3))


def test_proof_of_the_new_key_holds(identity: SigningKey, change: CertificateChange) -> None:
    check_proof(change, prove(identity, change))
    check_proof(replace(change, smp_id="smp-1"), prove(identity, change))


def test_proof_is_good_for_nothing_else(pki: DemoPki, identity: SigningKey, change: CertificateChange) -> None:
    proof = prove(identity, change)
    other = next_identity(pki, NOW).certificate
    for changed in (
        replace(change, domain="other"),
        replace(change, smp_id="SMP-2"),
        replace(change, present=other),
        replace(change, following=other),
        replace(change, begin=change.begin + timedelta(seconds=1)),
    ):
        with pytest.raises(ValidationError) as caught:
            check_proof(changed, proof)
        assert caught.value.reasons[0].id == "SML-CERTIFICATE-PROOF"


def test_signature_of_another_key_is_no_proof(pki: DemoPki, change: CertificateChange) -> None:
    with pytest.raises(ValidationError):
        check_proof(change, prove(next_identity(pki, NOW), change))


@given(proof=st.binary(max_size=600))
def test_whatever_the_bytes_say_they_are_refused_in_our_words(pki: DemoPki, proof: bytes) -> None:
    following = next_identity(pki, NOW, key=_KEY).certificate
    change = CertificateChange("demo", "SMP-1", pki.smp.certificate, following, NOW)
    with pytest.raises(ValidationError):
        check_proof(change, proof)


_KEY = new_ec_key()


def test_text_names_all_that_is_asked(change: CertificateChange) -> None:
    lines = change.text().decode().splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "edelivery-registry",
        "domain",
        "smp",
        "present",
        "next",
        "from",
    ]
    assert change.text().endswith(b"\n")


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_openssl_makes_the_same_proof(tmp_path: Path, tool, pki: DemoPki, kind: str) -> None:
    identity = next_identity(pki, NOW, key=KEYS[kind]())
    change = CertificateChange("demo", "SMP-1", pki.smp.certificate, identity.certificate, NOW)
    write_secret(tmp_path / "key.pem", private_key_pem(identity.private_key))
    (tmp_path / "text").write_bytes(change.text())
    command = [tool.path("openssl"), "dgst", "-sha256", "-sign", "key.pem", "-out", "proof", "text"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    check_proof(change, (tmp_path / "proof").read_bytes())


@given(
    instant=st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(microsecond=0)),  # noqa: DTZ001
    offset=st.integers(-14 * 60, 14 * 60),
)
def test_instant_means_the_same_in_every_zone(instant: datetime, offset: int) -> None:
    local = instant.replace(tzinfo=timezone(timedelta(minutes=offset)))
    assert read_instant(local.isoformat()) == local
    assert instant_text(local) == instant_text(local.astimezone(UTC))
    assert read_instant(instant_text(local)) == local


@pytest.mark.parametrize(
    "text", ["", "soon", "2027-01-31", "2027-01-31T06:00:00", "2027-01-31T06:00:00.5Z", "0001-01-01T00:00:00+14:00"]
)
def test_instant_without_a_zone_or_with_less_or_more_than_seconds_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        read_instant(text)
