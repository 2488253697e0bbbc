# SPDX-License-Identifier: Apache-2.0
"""Who may do what at an SML: the client certificate of the TLS connection decides (sml.md §1.4)."""

import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from registry.demo.pki import SMP_UNIT, identity_pem, new_root, write_secret
from registry.errors import TechnicalError
from registry.sml.client import SmlClient
from registry.sml.errors import SmlError
from registry.telemetry import tls_failures_total
from tests.conformance.sml.live_calls import (
    NOT_FOUND,
    UNAUTHORIZED,
    URL,
    Zone,
    participant,
    publisher,
    refused,
)
from tests.interop.identities import NOW, write_identity
from tests.simulators.live import LiveInstance

MINE = "SMP-C-MINE"
Act = Callable[[SmlClient], object]

CALLS: dict[str, Act] = {
    "Read": lambda sml: sml.read_publisher(MINE),
    "Update": lambda sml: sml.update_publisher(publisher(MINE, "https://stolen.example.org/")),
    "Delete": lambda sml: sml.delete_publisher(MINE),
    "Create": lambda sml: sml.create_participants(MINE, [participant("0088:c-other")]),
    "DeleteList": lambda sml: sml.delete_participants(MINE, [participant("0088:c-mine")]),
    "List": lambda sml: sml.list_participants(MINE),
    "PrepareToMigrate": lambda sml: sml.prepare_migration(MINE, participant("0088:c-mine"), "11AAbb$$"),
    "Migrate": lambda sml: sml.migrate(MINE, participant("0088:c-mine"), "11AAbb$$"),
}


@pytest.fixture(scope="module")
def mine(shared_live: LiveInstance) -> Iterator[SmlClient]:
    """The owner of a publisher with one participant."""
    with shared_live.sml_client() as client:
        client.create_publisher(publisher(MINE))
        client.create_participants(MINE, [participant("0088:c-mine")])
        yield client


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("identities")


@pytest.fixture(scope="module")
def stranger(shared_live: LiveInstance, folder: Path) -> Iterator[SmlClient]:
    """An SMP of the same network that owns no publisher."""
    with shared_live.sml_client(write_identity(folder, shared_live.pki.smp_ca, "SMP_STRANGER")) as client:
        yield client


def unharmed(live: LiveInstance, mine: SmlClient) -> bool:
    here = mine.list_participants(MINE).participants == (participant("0088:c-mine"),)
    return (
        here and mine.read_publisher(MINE) == publisher(MINE) and Zone(live).url_of(participant("0088:c-mine")) == URL
    )


@pytest.mark.parametrize("operation", CALLS)
def test_another_certificate_may_do_nothing_with_a_publisher(
    shared_live: LiveInstance, mine: SmlClient, stranger: SmlClient, operation: str
) -> None:
    with refused(UNAUTHORIZED, 101):
        CALLS[operation](stranger)
    assert unharmed(shared_live, mine)


def test_who_owns_no_publisher_deletes_no_participant(
    shared_live: LiveInstance, mine: SmlClient, stranger: SmlClient
) -> None:
    with refused(UNAUTHORIZED, 101):
        stranger.delete_participants(None, [participant("0088:c-mine")])
    assert unharmed(shared_live, mine)


def test_another_publisher_takes_no_participant(shared_live: LiveInstance, mine: SmlClient, folder: Path) -> None:
    identity = write_identity(folder, shared_live.pki.smp_ca, "SMP_SECOND")
    with shared_live.sml_client(identity) as second:
        second.create_publisher(publisher("SMP-C-SECOND"))
        for smp_id in ("SMP-C-SECOND", None):
            with refused(UNAUTHORIZED, 101):
                second.delete_participants(smp_id, [participant("0088:c-mine")])
        with refused(NOT_FOUND, 100):
            second.read_publisher("SMP-C-NONE")
    assert unharmed(shared_live, mine)


def test_the_same_subject_with_another_key_is_another_caller(
    shared_live: LiveInstance, mine: SmlClient, folder: Path
) -> None:
    """A name can be issued twice; the certificate that registered the SMP is the identity."""
    identity = write_identity(folder, shared_live.pki.smp_ca, "SMP_DEMO000001")
    with shared_live.sml_client(identity) as namesake, refused(UNAUTHORIZED, 101):
        namesake.read_publisher(MINE)
    assert unharmed(shared_live, mine)


@pytest.mark.parametrize("operation", CALLS)
def test_without_a_certificate_everything_is_unauthorized(
    shared_live: LiveInstance, mine: SmlClient, operation: str
) -> None:
    """The listener asks for a certificate and doesn't require one, so that the caller gets a fault and not an alert."""
    url = f"{shared_live.addresses.sml}/edelivery-sml"
    with SmlClient(url, shared_live.client_context()) as nobody, refused(UNAUTHORIZED, 101):
        CALLS[operation](nobody)
    assert unharmed(shared_live, mine)


def test_headers_of_a_proxy_are_no_identity(shared_live: LiveInstance, mine: SmlClient) -> None:
    """`Client-Cert` is what SMLs behind a proxy read; anybody can write it."""
    envelope = (
        '<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>'
        '<ServiceMetadataPublisherID xmlns="http://busdox.org/serviceMetadata/locator/1.0/">'
        f"{MINE}</ServiceMetadataPublisherID></S:Body></S:Envelope>"
    )
    claim = "sno=1&subject=CN=SMP_DEMO000001,OU=PEPPOL TEST SMP,O=Demo,C=BE&issuer=CN=DEMO"
    answer = httpx2.post(
        f"{shared_live.addresses.sml}/edelivery-sml/manageservicemetadata",
        content=envelope,
        headers={
            "Content-Type": "text/xml",
            "Client-Cert": claim,
            "SSLClientCert": claim,
            "X-Forwarded-Client-Cert": claim,
        },
        verify=shared_live.client_context(),
    )
    assert answer.status_code == 500
    assert b"UnauthorizedFault" in answer.content
    assert unharmed(shared_live, mine)


@pytest.mark.parametrize("authority", ["ap_ca", "smp_ca"])
def test_a_valid_certificate_of_another_purpose_is_unauthorized(
    shared_live: LiveInstance, folder: Path, authority: str
) -> None:
    """Access points have certificates of the same root, and an SMP's CA may issue others, too."""
    issuer = getattr(shared_live.pki, authority)
    identity = write_identity(folder, issuer, f"POP_{authority}", unit="PEPPOL TEST AP")
    with shared_live.sml_client(identity) as client, refused(UNAUTHORIZED, 101):
        client.create_publisher(publisher("SMP-C-AP"))


@pytest.mark.parametrize(
    ("not_before", "not_after", "reason"),
    [
        (NOW - timedelta(days=30), NOW - timedelta(days=1), "certificate has expired"),
        (NOW + timedelta(days=1), NOW + timedelta(days=30), "certificate is not yet valid"),
    ],
    ids=["expired", "not yet valid"],
)
def test_a_certificate_that_is_not_in_force_gets_a_tls_alert(
    shared_live: LiveInstance, folder: Path, not_before: datetime, not_after: datetime, reason: str
) -> None:
    identity = write_identity(
        folder, shared_live.pki.smp_ca, f"SMP_{reason}", not_before=not_before, not_after=not_after
    )
    before = failures(reason)
    with shared_live.sml_client(identity) as client, pytest.raises(TechnicalError, match=r"(?i)alert|ssl"):
        client.create_publisher(publisher("SMP-C-EXPIRED"))
    assert failures(reason) == before + 1


def test_a_certificate_of_an_unknown_authority_gets_a_tls_alert(shared_live: LiveInstance, folder: Path) -> None:
    root = new_root(datetime.now(UTC), "DEMO Root TEST CA")
    identity = write_identity(folder, root, "SMP_DEMO000001-foreign")
    total = sum(failures(reason) for reason in reasons())
    with shared_live.sml_client(identity) as client, pytest.raises(TechnicalError, match=r"(?i)alert|ssl"):
        client.create_publisher(publisher("SMP-C-FOREIGN"))
    assert sum(failures(reason) for reason in reasons()) == total + 1


def test_a_self_signed_certificate_gets_a_tls_alert(shared_live: LiveInstance, folder: Path) -> None:
    identity = folder / "self-signed.pem"
    write_secret(identity, identity_pem(new_root(datetime.now(UTC), f"SMP_SELF,OU={SMP_UNIT}").identity))
    with shared_live.sml_client(identity) as client, pytest.raises(TechnicalError, match=r"(?i)alert|ssl"):
        client.create_publisher(publisher("SMP-C-SELF"))


def test_old_tls_is_not_spoken(shared_live: LiveInstance) -> None:
    context = shared_live.client_context(shared_live.files.smp)
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with SmlClient(f"{shared_live.addresses.sml}/edelivery-sml", context) as client, pytest.raises(TechnicalError):
        client.read_publisher(MINE)


def test_of_many_who_register_a_participant_at_once_one_gets_it(shared_live: LiveInstance, folder: Path) -> None:
    """One owner per participant is a constraint of the database; the others learn that it exists."""
    wanted = participant("0088:c-wanted")
    racers = 6

    def register(number: int) -> str:
        identity = write_identity(folder, shared_live.pki.smp_ca, f"SMP_RACER{number}")
        with shared_live.sml_client(identity) as client:
            client.create_publisher(publisher(f"SMP-C-RACER-{number}", f"https://racer{number}.example.org/"))
            try:
                client.create_participants(f"SMP-C-RACER-{number}", [wanted])
            except SmlError as error:
                return str(error)
            return f"https://racer{number}.example.org/"

    with ThreadPoolExecutor(racers) as pool:
        outcomes = list(pool.map(register, range(racers)))
    winners = [outcome for outcome in outcomes if outcome.startswith("https:")]
    losers = [outcome for outcome in outcomes if outcome not in winners]
    assert len(winners) == 1
    exists = "[ERR-106] The participant identifier '0088:c-wanted' with scheme: 'iso6523-actorid-upis' already exist"
    assert [text.startswith(exists) for text in losers] == [True] * (racers - 1)
    assert Zone(shared_live).url_of(wanted) == winners[0]


def reasons() -> set[str]:
    """The reasons of handshakes that failed so far."""
    return {
        sample.labels["reason"]
        for metric in tls_failures_total.collect()
        for sample in metric.samples
        if sample.name.endswith("_total")
    }


def failures(reason: str) -> float:
    return float(tls_failures_total.labels(reason)._value.get())
