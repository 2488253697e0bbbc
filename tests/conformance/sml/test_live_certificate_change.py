# SPDX-License-Identifier: Apache-2.0
"""A change of certificate over the wire: PrepareChangeCertificate (ICD 1.30, sml.md §1.3), and our publisher API.

The running instance has the real clock, so windows are looked at; what they do in time is in the unit tests.
"""

import base64
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from registry.demo.pki import identity_pem, new_root, write_secret
from registry.sml.administration import SmlAdministration
from registry.sml.client import SmlClient
from registry.sml.key_proof import CertificateChange, instant_text, prove
from registry.sml.publisher_certificates import Window
from tests.conformance.sml.live_calls import BAD_REQUEST, UNAUTHORIZED, publisher, refused
from tests.simulators.live import LiveInstance
from tests.simulators.next_certificates import next_identity
from tests.simulators.offline import ACTOR
from trust_lists.certificates.parsing import SigningKey, fingerprint

NOW = datetime.now(UTC).replace(microsecond=0)
TODAY, DAY = NOW.date(), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Smp:
    """An SMP with its present and its next identity, and what it may look at."""

    live: LiveInstance
    smp_id: str
    present: SigningKey
    following: SigningKey
    sml: SmlClient
    api: httpx2.Client

    def windows(self) -> dict[str, tuple[str | None, str | None]]:
        held = self.api.get(f"publishers/{self.smp_id}").raise_for_status().json()["certificates"]
        return {each["sha256"]: (each["usable_from"], each["usable_until"]) for each in held}

    def body(self, begin: datetime) -> dict[str, str]:
        change = CertificateChange("demo", self.smp_id, self.present.certificate, self.following.certificate, begin)
        return {
            "certificate": base64.b64encode(self.following.certificate.public_bytes(Encoding.DER)).decode(),
            "from": instant_text(begin),
            "proof": base64.b64encode(prove(self.following, change)).decode(),
        }


@pytest.fixture
def smp(shared_live: LiveInstance, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Smp]:
    name = f"SMP-CC-{zlib.crc32(request.node.name.encode())}"
    present, following = (next_identity(shared_live.pki, NOW - DAY, name=f"{name}-{part}") for part in ("old", "new"))
    for identity, file in ((present, "old.pem"), (following, "new.pem")):
        write_secret(tmp_path / file, identity_pem(identity))
    base = f"{shared_live.addresses.sml}/edelivery-sml/v1/"
    context = shared_live.client_context(tmp_path / "old.pem")
    with (
        shared_live.sml_client(tmp_path / "old.pem") as sml,
        httpx2.Client(base_url=base, verify=context) as api,
    ):
        sml.create_publisher(publisher(name))
        yield Smp(shared_live, name, present, following, sml, api)
        sml.delete_publisher(name)


def midnight(days: int) -> str:
    return f"{TODAY + days * DAY}T00:00:00Z"


def test_the_day_is_the_begin_of_the_next_window_and_the_present_one_stays_open(smp: Smp) -> None:
    """ICD 1.30, PrepareChangeCertificate: called with the present certificate, migrationDate after today."""
    smp.sml.prepare_change_certificate(smp.following.certificate, TODAY + 3 * DAY)
    windows = smp.windows()
    assert windows[fingerprint(smp.following.certificate)] == (midnight(3), None)
    assert windows[fingerprint(smp.present.certificate)][1] is None


def test_without_a_day_the_validity_has_to_begin_in_the_future(smp: Smp) -> None:
    """ICD 1.30: absent, notBefore of the new certificate is the date, and must be in the future."""
    with refused(BAD_REQUEST, 106):
        smp.sml.prepare_change_certificate(smp.following.certificate)
    later = next_identity(smp.live.pki, NOW + 2 * DAY).certificate
    smp.sml.prepare_change_certificate(later)
    begin = later.not_valid_before_utc
    assert smp.windows()[fingerprint(later)] == (f"{begin:%Y-%m-%dT%H:%M:%SZ}", None)


@pytest.mark.parametrize("days", [0, -1, 400], ids=["today", "yesterday", "after its end"])
def test_day_that_will_not_do_is_a_bad_request(smp: Smp, days: int) -> None:
    """ICD 1.30: migrationDate is after today, and inside the new validity."""
    with refused(BAD_REQUEST, 106):
        smp.sml.prepare_change_certificate(smp.following.certificate, TODAY + days * DAY)


def test_certificate_of_a_foreign_authority_is_a_bad_request(smp: Smp) -> None:
    foreign = new_root(NOW).issue("SMP_FOREIGN", not_before=NOW - DAY, not_after=NOW + 300 * DAY)
    with refused(BAD_REQUEST, 106):
        smp.sml.prepare_change_certificate(foreign.certificate, TODAY + 3 * DAY)


def test_caller_without_an_smp_is_unauthorized(shared_live: LiveInstance, tmp_path: Path, smp: Smp) -> None:
    write_secret(tmp_path / "stranger.pem", identity_pem(next_identity(shared_live.pki, NOW - DAY, name="SMP_STRAY")))
    with shared_live.sml_client(tmp_path / "stranger.pem") as stranger, refused(UNAUTHORIZED, 101):
        stranger.prepare_change_certificate(smp.following.certificate, TODAY + 3 * DAY)


def test_exact_instant_with_both_keys_and_both_certificates_over_tls(smp: Smp, tmp_path: Path) -> None:
    begin = NOW + timedelta(hours=5)
    path = f"publishers/{smp.smp_id}/certificates"
    reply = smp.api.post(path, json=smp.body(begin))
    assert reply.status_code == 201, reply.text
    following = fingerprint(smp.following.certificate)
    assert smp.windows()[following] == (f"{begin:%Y-%m-%dT%H:%M:%SZ}", None)
    with smp.live.sml_client(tmp_path / "new.pem") as new, refused(UNAUTHORIZED, 101):
        new.read_publisher(smp.smp_id)
    instance, stored = smp.live.instance, smp.live.stored
    sml = SmlAdministration(instance.database, instance.journal, instance.registrar, instance.trust_models.of)
    sml.change_certificate(ACTOR, stored, smp.smp_id, following, Window(NOW - timedelta(minutes=1)))
    with smp.live.sml_client(tmp_path / "new.pem") as new:
        assert new.read_publisher(smp.smp_id) == smp.sml.read_publisher(smp.smp_id)


def test_proof_of_somebody_else_is_refused_with_the_text_that_was_to_be_signed(smp: Smp) -> None:
    body = {**smp.body(NOW + timedelta(hours=5)), "from": instant_text(NOW + timedelta(hours=6))}
    reply = smp.api.post(f"publishers/{smp.smp_id}/certificates", json=body)
    assert reply.status_code == 400
    assert "[ERR-106]" in reply.json()["detail"]
    assert f"smp: {smp.smp_id.lower()}" in reply.text
