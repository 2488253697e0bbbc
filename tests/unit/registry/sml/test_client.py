# SPDX-License-Identifier: Apache-2.0
"""The client of a locator: against our own listener on loopback, and against answers that no locator should give."""

import gzip
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from registry.errors import TechnicalError, ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.sml.client import MAX_ANSWER_BYTES, SmlClient
from registry.sml.envelope import EMPTY, envelope
from registry.sml.errors import FaultKind, SmlError, publisher_not_found
from registry.sml.faults import write_fault
from registry.sml.messages import write_publisher
from registry.sml.model import Caller, ParticipantPage, Publisher
from registry.sml.soap import SmlSoapApp
from tests.simulators.sml_operations import BROKEN_SMP, InMemoryLocator, certificate, pem, serving

BASE_URL = "https://sml.example.org/edelivery-sml/"
SMP = Publisher("SMP-1", "https://smp.example.org/", "192.0.2.1")
ONE, TWO, THREE = (ParticipantIdentifier("iso6523-actorid-upis", f"0088:{number}") for number in (1, 2, 3))
KEY = "11AAbb$$11AAbb$$"

Handler = Callable[[httpx2.Request], httpx2.Response]


def locator_app(url: str, locator: InMemoryLocator | None = None) -> SmlSoapApp:
    return SmlSoapApp(
        locator or InMemoryLocator(page_size=2),
        public_url=f"{url}/edelivery-sml",
        caller_of=lambda _, request_id: Caller(certificate("one"), request_id),
    )


@pytest.fixture
def client() -> Iterator[SmlClient]:
    """A client of our own listener."""
    with serving(locator_app) as url, SmlClient(f"{url}/edelivery-sml", None) as client:
        yield client


def answering(handler: Handler) -> SmlClient:
    """A client of somebody who answers as `handler` says."""
    return SmlClient(BASE_URL, None, transport=httpx2.MockTransport(handler))


def always(status: int, content: bytes) -> SmlClient:
    return answering(lambda _: answer(status, content))


def answer(status: int, content: bytes = b"", **headers: str) -> httpx2.Response:
    """An answer that is still to be read, as from a network."""
    return httpx2.Response(status, headers=headers, stream=httpx2.ByteStream(content))


def test_publisher_comes_changes_and_goes(client: SmlClient) -> None:
    client.create_publisher(SMP)
    assert client.read_publisher("SMP-1") == SMP
    moved = Publisher("SMP-1", "https://moved.example.org/smp/?a=1&b=2", "192.0.2.2")
    client.update_publisher(moved)
    assert client.read_publisher("SMP-1") == moved
    client.delete_publisher("SMP-1")
    with pytest.raises(SmlError) as caught:
        client.read_publisher("SMP-1")
    assert (caught.value.kind, str(caught.value)) == (FaultKind.NOT_FOUND, "[ERR-100] The SMP 'SMP-1' doesn't exist")


def test_participants_come_in_pages_and_go(client: SmlClient) -> None:
    client.create_publisher(SMP)
    client.create_participants("SMP-1", [ONE])
    client.create_participants("SMP-1", [TWO, THREE])
    first = client.list_participants("SMP-1")
    assert first == ParticipantPage("SMP-1", (ONE, TWO), "2")
    assert client.list_participants("SMP-1", first.next_page) == ParticipantPage("SMP-1", (THREE,), None)
    client.delete_participants("SMP-1", [ONE])
    client.delete_participants(None, [TWO, THREE])
    assert client.list_participants("SMP-1").participants == ()


def test_other_operations_of_the_locator_reach_it() -> None:
    locator = InMemoryLocator()
    with serving(lambda url: locator_app(url, locator)) as url, SmlClient(f"{url}/edelivery-sml", None) as client:
        client.create_publisher(SMP)
        client.create_participants("SMP-1", [ONE], service="Meta:CPPA")
        assert [client.exists_participant("SMP-1", each) for each in (ONE, TWO)] == [True, False]
        with pytest.raises(SmlError, match="ERR-100"):
            client.exists_participant("SMP-2", ONE)
        client.prepare_change_certificate(certificate("two"), date(2027, 1, 15))
        client.prepare_change_certificate(certificate("three"))
        client.is_alive()
    assert list(locator.services.values()) == ["Meta:CPPA"]
    assert [(str(sent), day) for sent, day in locator.following] == [
        (pem("two").strip(), date(2027, 1, 15)),
        (pem("three").strip(), None),
    ]


def test_service_is_said_of_one_participant_at_a_time() -> None:
    with answering(lambda _: answer(500)) as client, pytest.raises(ValidationError):
        client.create_participants("SMP-1", [ONE, TWO], service="Meta:CPPA")


def test_exists_without_an_answer_is_no_no() -> None:
    for content in (EMPTY, envelope("<x/>"), envelope('<d:ExistsParticipantResponse xmlns:d="urn:x"/>')):
        with always(200, content) as client, pytest.raises(TechnicalError):
            client.exists_participant("SMP-1", ONE)


def test_participant_migrates(client: SmlClient) -> None:
    client.create_publisher(SMP)
    client.create_publisher(Publisher("SMP-2", "https://b.example.org/", "192.0.2.2"))
    client.create_participants("SMP-1", [ONE])
    client.prepare_migration("SMP-1", ONE, KEY)
    with pytest.raises(SmlError) as caught:
        client.delete_participants("SMP-1", [ONE])
    assert caught.value.code == 114
    client.migrate("SMP-2", ONE, KEY)
    assert client.list_participants("SMP-2").participants == (ONE,)


@pytest.mark.parametrize("icd_status_codes", [False, True])
def test_faults_are_understood_with_either_set_of_status_codes(icd_status_codes: bool) -> None:
    def make_app(url: str) -> SmlSoapApp:
        return SmlSoapApp(
            InMemoryLocator(),
            public_url=url,
            icd_status_codes=icd_status_codes,
            caller_of=lambda _, request_id: Caller(certificate("one"), request_id),
        )

    with serving(make_app) as url, SmlClient(f"{url}/edelivery-sml", None) as client:
        for smp_id, kind in (("SMP-1", FaultKind.NOT_FOUND), (BROKEN_SMP, FaultKind.INTERNAL_ERROR)):
            with pytest.raises(SmlError) as caught:
                client.read_publisher(smp_id)
            assert caught.value.kind is kind


def test_request_has_the_path_and_the_action_of_its_operation() -> None:
    seen: list[tuple[str, str, str]] = []

    def note(request: httpx2.Request) -> httpx2.Response:
        seen.append((str(request.url), request.headers["SOAPAction"], request.headers["Content-Type"]))
        return answer(200, EMPTY)

    with answering(note) as client:
        client.delete_publisher("SMP-1")
        client.create_participants("SMP-1", [ONE, TWO])
    namespace, xml = "http://busdox.org/serviceMetadata", "text/xml; charset=utf-8"
    assert seen == [
        (f"{BASE_URL}manageservicemetadata", f'"{namespace}/ManageServiceMetadataService/1.0/:deleteIn"', xml),
        (
            f"{BASE_URL}manageparticipantidentifier",
            f'"{namespace}/ManageBusinessIdentifierService/1.0/         :createListIn"',
            xml,
        ),
    ]


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (200, b""),
        (200, b"<html/>"),
        (200, b"not xml"),
        (200, b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>'),
        (200, b'<E:Envelope xmlns:E="http://www.w3.org/2003/05/soap-envelope"><E:Body/></E:Envelope>'),
        (200, envelope("<a/><b/>")),
        (302, b""),
        (404, b"<html>not here</html>"),
        (502, b"bad gateway"),
        (503, EMPTY),
    ],
)
def test_what_is_no_soap_answer_is_a_technical_error(status: int, content: bytes) -> None:
    with always(status, content) as client, pytest.raises(TechnicalError, match=f"answered {status}"):
        client.create_publisher(SMP)


@pytest.mark.parametrize(
    "content", [EMPTY, envelope("<Surprise/>"), write_publisher(SMP).replace(b"LogicalAddress", b"Other")]
)
def test_answer_without_what_was_asked_is_a_technical_error(content: bytes) -> None:
    with always(200, content) as client:
        with pytest.raises(TechnicalError, match="answer to ReadServiceMetadataPublisherService"):
            client.read_publisher("SMP-1")
        with pytest.raises(TechnicalError, match="answer to PageRequest"):
            client.list_participants("SMP-1")


def test_fault_counts_whatever_the_status() -> None:
    for status in (200, 400, 401, 404, 500):
        fault = write_fault(publisher_not_found("SMP-1"), "0123")
        with always(status, fault) as client, pytest.raises(SmlError, match="doesn't exist"):
            client.delete_publisher("SMP-1")


def test_redirect_is_not_followed() -> None:
    calls: list[str] = []

    def redirect(request: httpx2.Request) -> httpx2.Response:
        calls.append(str(request.url))
        return answer(307, Location="https://evil.example/")

    with answering(redirect) as client, pytest.raises(TechnicalError, match="answered 307"):
        client.delete_publisher("SMP-1")
    assert calls == [f"{BASE_URL}manageservicemetadata"]


def test_answer_over_the_limit_is_a_technical_error() -> None:
    too_long = b" " * MAX_ANSWER_BYTES + EMPTY
    with always(200, too_long) as client, pytest.raises(TechnicalError, match="is longer than"):
        client.delete_publisher("SMP-1")


def test_compressed_answer_is_not_expanded() -> None:
    compressed = answer(200, gzip.compress(EMPTY), **{"Content-Encoding": "gzip"})
    with answering(lambda _: compressed) as client, pytest.raises(TechnicalError, match="without a SOAP message"):
        client.delete_publisher("SMP-1")


@pytest.mark.parametrize(
    "failure", [httpx2.ConnectError("refused"), httpx2.ReadTimeout("slow"), httpx2.RemoteProtocolError("cut")]
)
def test_failing_transport_is_a_technical_error(failure: httpx2.HTTPError) -> None:
    def fail(_: httpx2.Request) -> httpx2.Response:
        raise failure

    with answering(fail) as client, pytest.raises(TechnicalError, match=type(failure).__name__):
        client.delete_publisher("SMP-1")


def test_nobody_listening_is_a_technical_error() -> None:
    with serving(locator_app) as url:
        pass
    with SmlClient(url, None) as client, pytest.raises(TechnicalError, match="ConnectError"):
        client.delete_publisher("SMP-1")


@pytest.mark.parametrize("base_url", ["", "sml.example.org", "ftp://sml.example.org", "https://[", "https://a:x/"])
def test_url_that_is_none_is_a_technical_error(base_url: str) -> None:
    with SmlClient(base_url, None) as client, pytest.raises(TechnicalError):
        client.delete_publisher("SMP-1")


@pytest.fixture
def identity(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1, its own issuer, with its key: a PEM file for server and client."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    made = datetime.now(UTC)
    issued = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(made - timedelta(days=1))
        .not_valid_after(made + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "identity.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + issued.public_bytes(serialization.Encoding.PEM))
    return path


def test_client_certificate_is_shown_to_a_server_that_asks_for_one(identity: Path) -> None:
    tls = {"ssl_certfile": identity, "ssl_ca_certs": str(identity), "ssl_cert_reqs": ssl.CERT_REQUIRED}
    anonymous = ssl.create_default_context(cafile=identity)
    identified = ssl.create_default_context(cafile=identity)
    identified.load_cert_chain(identity)
    with serving(locator_app, **tls) as url:
        with SmlClient(f"{url}/edelivery-sml", identified) as client:
            client.create_publisher(SMP)
            assert client.read_publisher("SMP-1") == SMP
        with SmlClient(f"{url}/edelivery-sml", anonymous) as client, pytest.raises(TechnicalError):
            client.read_publisher("SMP-1")


def test_server_without_a_trusted_certificate_is_a_technical_error(identity: Path) -> None:
    with (
        serving(locator_app, ssl_certfile=identity) as url,
        SmlClient(f"{url}/edelivery-sml", ssl.create_default_context()) as client,
        pytest.raises(TechnicalError, match="ConnectError"),
    ):
        client.read_publisher("SMP-1")
