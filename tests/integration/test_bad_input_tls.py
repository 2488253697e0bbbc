# SPDX-License-Identifier: Apache-2.0
"""Bad client certificates at the SML: those that TLS refuses, with an alert and a log line, and those of strangers."""

import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import structlog.testing
from cryptography.x509.oid import ExtendedKeyUsageOID

from registry.clock import system_clock
from registry.demo.pki import SMP_UNIT, identity_pem, new_ec_key, new_root
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.sml.wsdl import SERVICES
from tests.simulators.hostile import (
    PARTICIPANTS,
    PUBLISHERS,
    Answer,
    assert_discreet,
    assert_fault,
    call_sml,
    cheap,
    create_xml,
    envelope,
    nothing_changed,
    publisher_xml,
    send,
)
from tests.simulators.live import SMP_ID, LiveInstance
from trust_lists.certificates.parsing import SigningKey

pytestmark = pytest.mark.any_database

DAY = timedelta(days=1)
CREATE = envelope(create_xml(SMP_ID, ParticipantIdentifier(ISO6523, "0088:by-a-stranger")))


@pytest.fixture(scope="module")
def identities(shared_live: LiveInstance) -> dict[str, Path]:
    """PEM files of clients that must not get in."""
    pki, now = shared_live.pki, system_clock()
    stranger = new_root(now)

    def smp(name: str, since: timedelta = -DAY, until: timedelta = DAY, *, authority: object = None) -> SigningKey:
        issuer = authority or pki.smp_ca
        return issuer.issue(name, SMP_UNIT, not_before=now + since, not_after=now + until, key=new_ec_key())  # type: ignore[attr-defined,no-any-return]

    server_only = pki.smp_ca.issue(
        "SMP_SERVER",
        SMP_UNIT,
        not_before=now - DAY,
        not_after=now + DAY,
        key=new_ec_key(),
        extended_key_usage=(ExtendedKeyUsageOID.SERVER_AUTH,),
    )
    own = smp("SMP_SELF")
    without_chain = SigningKey(pki.access_points[0].private_key, pki.access_points[0].certificate)
    made = {
        "expired": smp("SMP_EXPIRED", -2 * DAY, -DAY),
        "not-yet-valid": smp("SMP_FUTURE", DAY, 2 * DAY),
        "unknown-ca": smp("SMP_STRANGER", authority=stranger),
        "self-signed": stranger.identity,
        "server-only": server_only,
        "access-point": pki.access_points[0],
        "access-point-without-chain": without_chain,
        "authority": pki.smp_ca.identity,
        "unregistered": own,
        "same-name-as-the-owner": smp("SMP_DEMO000001"),
        "other-unit": pki.smp_ca.issue(
            'SMP <&"\u00e9>', "NO SMP", not_before=now - DAY, not_after=now + DAY, key=new_ec_key()
        ),
        "no-unit": pki.smp_ca.issue("SMP_X", "", not_before=now - DAY, not_after=now + DAY, key=new_ec_key()),
        "unit-in-the-name": pki.smp_ca.issue(
            "x,OU=PEPPOL TEST SMP", "", not_before=now - DAY, not_after=now + DAY, key=new_ec_key()
        ),
    }
    folder = shared_live.settings.data_dir / "strangers"
    folder.mkdir()
    files = {}
    for name, identity in made.items():
        files[name] = folder / f"{name}.pem"
        files[name].write_bytes(identity_pem(identity))
    return files


@pytest.fixture
def logged() -> Iterator[list[dict[str, object]]]:
    with structlog.testing.capture_logs() as captured:
        yield captured  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "alert", "reason"),
    [
        ("expired", "certificate_expired|certificate expired", "certificate has expired"),
        ("not-yet-valid", "bad certificate|bad_certificate", "certificate is not yet valid"),
        ("unknown-ca", "unknown ca|unknown_ca", "unable to get local issuer certificate|self-signed certificate in"),
        ("self-signed", "unknown ca|unknown_ca|certificate", "self-signed certificate"),
        ("access-point-without-chain", "unknown ca|unknown_ca", "unable to get local issuer certificate"),
        ("server-only", "certificate", "purpose"),
        ("authority", "certificate", "purpose"),
    ],
)
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_certificate_that_tls_refuses_is_an_alert_for_the_client_and_a_line_in_the_log(
    shared_live: LiveInstance,
    identities: dict[str, Path],
    logged: list[dict[str, object]],
    name: str,
    alert: str,
    reason: str,
    version: ssl.TLSVersion,
) -> None:
    context = shared_live.client_context(identities[name])
    context.minimum_version = context.maximum_version = version
    with nothing_changed(shared_live), pytest.raises(ssl.SSLError) as refused:
        call_sml(shared_live, PARTICIPANTS, CREATE, context=context)
    told = str(refused.value).lower()
    assert "alert" in told
    assert any(words in told for words in alert.split("|")), told
    lines = [entry for entry in logged if entry["event"] == "tls_handshake_failed"]
    assert len(lines) == 1
    assert any(words in str(lines[0]["reason"]) for words in reason.split("|")), lines
    assert str(lines[0]["peer"]).startswith("127.0.0.1:")


@pytest.mark.parametrize("name", ["access-point", "other-unit", "no-unit", "unit-in-the-name"])
def test_valid_certificate_that_is_not_for_smps_is_an_unauthorized_fault(
    shared_live: LiveInstance, identities: dict[str, Path], name: str
) -> None:
    context = shared_live.client_context(identities[name])
    for path, message in (
        (PARTICIPANTS, CREATE),
        (PUBLISHERS, envelope(publisher_xml("SMP-NEW", "https://x.example"))),
    ):
        with nothing_changed(shared_live):
            text = assert_fault(call_sml(shared_live, path, message, context=context), "UnauthorizedFault", 101)
        assert "is not accepted" in text


def test_caller_without_certificate_is_an_unauthorized_fault_for_every_operation(shared_live: LiveInstance) -> None:
    nobody = shared_live.client_context()
    for service in SERVICES:
        for operation in service.operations:
            message = envelope(f"<l:{operation.request}/>")
            path = f"/edelivery-sml/{service.path}"
            with nothing_changed(shared_live):
                assert_fault(call_sml(shared_live, path, message, context=nobody), "UnauthorizedFault", 101)


def test_caller_without_certificate_is_refused_before_the_message_is_understood(shared_live: LiveInstance) -> None:
    nobody = shared_live.client_context()
    for message in (b"", b"<a", b"<!DOCTYPE a><a/>", b"\xff" * 1_900_000):
        with cheap(1):
            assert_fault(call_sml(shared_live, PARTICIPANTS, message, context=nobody), "UnauthorizedFault", 101)


@pytest.mark.parametrize("name", ["unregistered", "same-name-as-the-owner"])
def test_accepted_certificate_may_not_touch_what_is_anothers(
    shared_live: LiveInstance, identities: dict[str, Path], name: str
) -> None:
    """A renewed certificate is another one, too: which certificate speaks for an SMP is decided, never guessed."""
    context = shared_live.client_context(identities[name])
    smp = f"<l:ServiceMetadataPublisherID>{SMP_ID}</l:ServiceMetadataPublisherID>"
    someone = '<i:ParticipantIdentifier scheme="iso6523-actorid-upis">0088:1</i:ParticipantIdentifier>'
    migration = f"{smp}{someone}<l:MigrationKey>Ab1@Cd2#Ef3!</l:MigrationKey>"
    forbidden: list[tuple[str, str]] = [
        (PARTICIPANTS, create_xml(SMP_ID, ParticipantIdentifier(ISO6523, "0088:stolen"))),
        (PARTICIPANTS, create_xml(SMP_ID, ParticipantIdentifier(ISO6523, "0088:stolen"), name="DeleteList")),
        (PARTICIPANTS, f"<l:PageRequest>{smp}</l:PageRequest>"),
        (PARTICIPANTS, f"<l:PrepareMigrationRecord>{migration}</l:PrepareMigrationRecord>"),
        (PARTICIPANTS, f"<l:CompleteMigrationRecord>{migration}</l:CompleteMigrationRecord>"),
        (PARTICIPANTS, f"<l:DeleteList>{someone}</l:DeleteList>"),
        (PUBLISHERS, publisher_xml(SMP_ID, "https://evil.example.org", name="Update")),
        (PUBLISHERS, publisher_xml(SMP_ID, "", "", name="Read")),
        (PUBLISHERS, smp),
    ]
    for path, body in forbidden:
        with nothing_changed(shared_live):
            assert_fault(call_sml(shared_live, path, envelope(body), context=context), "UnauthorizedFault", 101)


def test_name_in_a_certificate_cannot_break_the_fault_or_the_log(
    shared_live: LiveInstance, identities: dict[str, Path]
) -> None:
    context = shared_live.client_context(identities["other-unit"])
    text = assert_fault(call_sml(shared_live, PARTICIPANTS, CREATE, context=context), "UnauthorizedFault", 101)
    assert "\u00e9" in text


def test_description_of_the_service_needs_no_certificate(shared_live: LiveInstance) -> None:
    assert shared_live.addresses.sml is not None
    raw = send(
        shared_live.addresses.sml,
        f"GET {PARTICIPANTS}?wsdl HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode(),
        context=shared_live.client_context(),
    )
    assert raw.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x00\x05hello",
        b"\x16\x03\x01\xff\xff" + bytes(65_535),
        bytes(1_000),
        b"\x80\x2e\x01\x00\x02" + bytes(50),
        b"\x15\x03\x01\x00\x02\x02\x28",
    ],
    ids=["http", "no-hello", "huge-record", "zeros", "ssl-2", "alert"],
)
def test_what_is_no_tls_is_closed_and_logged_and_the_next_client_is_served(
    shared_live: LiveInstance, logged: list[dict[str, object]], data: bytes
) -> None:
    assert shared_live.addresses.sml is not None
    with nothing_changed(shared_live), cheap(1):
        raw = send(shared_live.addresses.sml, data)
    assert_discreet(raw)
    assert b"HTTP" not in raw
    assert [entry["event"] for entry in logged].count("tls_handshake_failed") == 1
    assert answer_of_list(shared_live).status == 200


def answer_of_list(live: LiveInstance) -> Answer:
    smp = f"<l:ServiceMetadataPublisherID>{SMP_ID}</l:ServiceMetadataPublisherID>"
    return call_sml(live, PARTICIPANTS, envelope(f"<l:PageRequest>{smp}</l:PageRequest>"))


@pytest.mark.parametrize(
    "leave",
    [
        lambda connection: connection.close(),
        lambda connection: connection.shutdown(socket.SHUT_WR),
        lambda connection: connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0"),
    ],
    ids=["closes", "half-closes", "resets"],
)
def test_client_that_leaves_in_the_handshake_harms_nobody(
    shared_live: LiveInstance, leave: Callable[[socket.socket], None]
) -> None:
    assert shared_live.addresses.sml is not None
    address = urlsplit(shared_live.addresses.sml)
    for cut in (0, 1, 5, 100):
        with socket.create_connection((address.hostname or "", address.port or 0), 10) as connection:
            connection.sendall((b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(300))[:cut])
            leave(connection)
    assert answer_of_list(shared_live).status == 200


def test_weak_protocol_versions_and_ciphers_are_refused(shared_live: LiveInstance) -> None:
    for weaken in (_tls_1_1, _without_forward_secrecy):
        context = shared_live.client_context(shared_live.files.smp)
        weaken(context)
        with pytest.raises(ssl.SSLError):
            call_sml(shared_live, PARTICIPANTS, CREATE, context=context)


def _tls_1_1(context: ssl.SSLContext) -> None:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")


def _without_forward_secrecy(context: ssl.SSLContext) -> None:
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES128-GCM-SHA256:AES256-SHA")
