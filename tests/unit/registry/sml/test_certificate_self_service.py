# SPDX-License-Identifier: Apache-2.0
"""Over the publisher API an SMP gets its next certificate at an exact instant, with proof of both keys."""

import base64
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from registry.app.publisher_api import publisher_api_routes
from registry.sml.errors import SmlError
from registry.sml.key_proof import CertificateChange, instant_text, prove
from registry.sml.publisher_api import PREFIX, PublisherApi
from tests.simulators.asgi import Reply, call
from tests.simulators.databases import everything_in
from tests.simulators.live import SMP_ID
from tests.simulators.next_certificates import next_identity
from tests.simulators.offline import OfflineInstance
from trust_lists.certificates.parsing import SigningKey, fingerprint

PATH = f"publishers/{SMP_ID}/certificates"


class Smp:
    """The SMP that calls, with the certificate that it shows."""

    def __init__(self, offline: OfflineInstance) -> None:
        self.offline = offline
        self.shows: x509.Certificate | None = offline.pki.smp.certificate
        self.api = PublisherApi(publisher_api_routes(offline.instance), caller_of=self._caller)

    def _caller(self, scope: Any, *_: Any) -> Any:
        return type(self.offline.caller())(self.shows, "request-9")

    def ask(self, method: str, path: str, body: object = None) -> Reply:
        sent = b"" if body is None else json.dumps(body).encode()
        headers = [(b"content-type", b"application/json")] if sent else []
        return call(self.api, method, f"{PREFIX}{path}".encode(), headers=headers, body=[sent])

    def body(self, new: SigningKey, begin: datetime, *, signer: SigningKey | None = None) -> dict[str, str]:
        change = CertificateChange("demo", SMP_ID, self.offline.pki.smp.certificate, new.certificate, begin)
        return {
            "certificate": base64.b64encode(new.certificate.public_bytes(Encoding.DER)).decode(),
            "from": instant_text(begin),
            "proof": base64.b64encode(prove(signer or new, change)).decode(),
        }


@pytest.fixture
def smp(offline: OfflineInstance) -> Smp:
    return Smp(offline)


@pytest.fixture
def new(offline: OfflineInstance) -> SigningKey:
    return next_identity(offline.pki, offline.clock.now - timedelta(days=1))


def reads(offline: OfflineInstance, certificate: x509.Certificate) -> bool:
    try:
        offline.instance.sml.read_publisher(offline.caller(certificate), SMP_ID)
    except SmlError:
        return False
    return True


def reasons(reply: Reply) -> set[str]:
    return {reason["id"] for reason in reply.json()["reasons"]}


def test_next_certificate_speaks_from_the_instant_on_beside_the_present_one(
    smp: Smp, new: SigningKey, offline: OfflineInstance
) -> None:
    begin = offline.clock.now + timedelta(hours=3)
    reply = smp.ask("POST", PATH, smp.body(new, begin))
    assert (reply.status, reply.json()["sha256"]) == (201, fingerprint(new.certificate)), reply.body
    offline.clock.now = begin - timedelta(seconds=1)
    assert not reads(offline, new.certificate)
    offline.clock.now = begin
    assert reads(offline, new.certificate)
    assert reads(offline, offline.pki.smp.certificate)


def test_same_request_is_answered_alike_also_after_the_instant_and_changes_nothing(
    smp: Smp, new: SigningKey, offline: OfflineInstance
) -> None:
    body = smp.body(new, offline.clock.now + timedelta(hours=3))
    first = smp.ask("POST", PATH, body)
    before = everything_in(offline.instance.database)
    offline.clock.forward(hours=4)
    second = smp.ask("POST", PATH, body)
    assert (second.status, second.body) == (first.status, first.body)
    assert everything_in(offline.instance.database) == before


def test_zone_of_the_instant_counts(smp: Smp, new: SigningKey, offline: OfflineInstance) -> None:
    begin = offline.clock.now + timedelta(hours=3)
    body = smp.body(new, begin)
    body["from"] = (begin + timedelta(hours=2)).isoformat().replace("+00:00", "+02:00")
    assert smp.ask("POST", PATH, body).status == 201
    body["from"] = begin.isoformat().replace("+00:00", "")
    assert reasons(smp.ask("POST", PATH, body)) == {"SML-CERTIFICATE-INSTANT"}


def test_without_the_new_key_nothing_changes(smp: Smp, new: SigningKey, offline: OfflineInstance) -> None:
    begin = offline.clock.now + timedelta(hours=3)
    before = everything_in(offline.instance.database)
    reply = smp.ask("POST", PATH, smp.body(new, begin, signer=offline.pki.smp))
    assert (reply.status, reasons(reply)) == (400, {"SML-CERTIFICATE-PROOF"})
    for proof in ("", "!", "A" * 8000):
        refused = smp.ask("POST", PATH, {**smp.body(new, begin), "proof": proof})
        assert (refused.status, reasons(refused)) == (400, {"SML-CERTIFICATE-PROOF"})
    assert everything_in(offline.instance.database) == before


def test_without_the_present_key_nobody_is_let_in(smp: Smp, new: SigningKey, offline: OfflineInstance) -> None:
    body = smp.body(new, offline.clock.now + timedelta(hours=3))
    for shown in (new.certificate, None):
        smp.shows = shown
        assert smp.ask("POST", PATH, body).status == 403
        assert smp.ask("DELETE", f"{PATH}/{'0' * 64}").status == 403


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (-1, {"SML-CERTIFICATE-INSTANT"}),
        (24 * 800, {"SML-CERTIFICATE-GAP", "SML-CERTIFICATE-INSTANT"}),
        (24 * 500, {"SML-CERTIFICATE-INSTANT"}),
    ],
    ids=["over", "after the end of both", "after the end of the new one"],
)
def test_instant_that_would_shut_the_smp_out_is_refused(
    smp: Smp, new: SigningKey, offline: OfflineInstance, hours: int, expected: set[str]
) -> None:
    reply = smp.ask("POST", PATH, smp.body(new, offline.clock.now + timedelta(hours=hours)))
    assert (reply.status, reasons(reply)) == (400, expected)


def test_body_that_says_less_or_more_is_refused(smp: Smp, new: SigningKey, offline: OfflineInstance) -> None:
    body = smp.body(new, offline.clock.now + timedelta(hours=3))
    assert smp.ask("POST", PATH, {**body, "until": "2030-01-01T00:00:00Z"}).status == 400
    assert smp.ask("POST", PATH, {"certificate": body["certificate"]}).status == 400
    assert smp.ask("POST", PATH, {**body, "certificate": "PLACEHOLDER"}).status == 400


def test_smp_ends_its_old_certificate_itself_and_the_last_one_only_if_it_says_so(
    smp: Smp, new: SigningKey, offline: OfflineInstance
) -> None:
    old = fingerprint(offline.pki.smp.certificate)
    offline.clock.forward(minutes=1)
    assert smp.ask("DELETE", f"{PATH}/{old}").status == 409
    smp.ask("POST", PATH, smp.body(new, offline.clock.now + timedelta(hours=1)))
    offline.clock.forward(hours=1)
    assert smp.ask("DELETE", f"{PATH}/{old.upper()}").status == 204
    assert not reads(offline, offline.pki.smp.certificate)
    smp.shows = new.certificate
    offline.clock.forward(hours=1)
    assert smp.ask("DELETE", f"{PATH}/{'0' * 64}").status == 404
    assert smp.ask("DELETE", f"{PATH}/{fingerprint(new.certificate)}?last=true").status == 204
    assert not reads(offline, new.certificate)
