# SPDX-License-Identifier: Apache-2.0
"""How a running SML finds out who calls: leaves without an anchor, proxies that tell or lie (RFC 9440, sml.md §1.4)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography import x509
from sqlalchemy import insert

from registry.app.domain_setup import add_domain, change_domain
from registry.demo.pki import DemoPki, new_root
from registry.errors import TechnicalError
from registry.sml.administration import SmlAdministration
from registry.sml.client import SmlClient
from registry.sml.publisher_certificates import Window
from registry.storage.queries.callers import Bearer
from registry.storage.tables import blocked_certificate
from tests.conformance.sml.live_calls import UNAUTHORIZED, publisher, refused
from tests.interop.identities import NOW, write_identity
from tests.simulators.live import ACTOR, SMP_ID, LiveInstance, live_instance
from tests.simulators.lying_proxies import telling_client, told
from trust_lists.certificates.parsing import fingerprint, load_certificates_pem

FORMS = ["rfc9440", "ec-names", "ssl-client-cert"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("identities")


@pytest.fixture(scope="module")
def proxy(folder: Path) -> Path:
    """The identity of a proxy, which no domain accepts."""
    return write_identity(folder, new_root(NOW, "Proxies"), "proxy", unit="")


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki, proxy: Path) -> Iterator[LiveInstance]:
    settings = {
        "sml_plain_bind": "127.0.0.1:0",
        "sml_proxy_networks": "127.0.0.1/32",
        "sml_proxy_forms": FORMS,
        "sml_proxy_certificates": proxy,
        "trusted_proxies": "127.0.0.0/8",
    }
    with live_instance(tmp_path_factory.mktemp("live"), pki, **settings) as running:
        yield running


def certificate_of(identity: Path) -> x509.Certificate:
    return load_certificates_pem(identity.read_bytes())[0]


def by_tls(live: LiveInstance, identity: Path | None, *headers: tuple[str, str]) -> SmlClient:
    return telling_client(str(live.addresses.sml), *headers, context=live.client_context(identity))


def by_plain(live: LiveInstance, *headers: tuple[str, str]) -> SmlClient:
    return telling_client(live.addresses.sml_plain, *headers)


def reads(client: SmlClient, smp_id: str = SMP_ID) -> bool:
    with client:
        return client.read_publisher(smp_id).smp_id == smp_id


# Proxies


@pytest.mark.parametrize("form", FORMS)
def test_a_proxy_tells_who_calls_on_the_plain_listener(live: LiveInstance, form: str) -> None:
    assert live.addresses.sml_plain.startswith("http://127.0.0.1:")
    assert reads(by_plain(live, told(live.pki.smp.certificate)[form]))


@pytest.mark.parametrize("form", FORMS)
def test_a_proxy_with_its_own_certificate_does_so_over_tls(live: LiveInstance, proxy: Path, form: str) -> None:
    assert reads(by_tls(live, proxy, told(live.pki.smp.certificate)[form]))


@pytest.mark.parametrize("form", FORMS)
def test_who_only_sits_where_the_proxy_sits_tells_nothing_over_tls(live: LiveInstance, folder: Path, form: str) -> None:
    header = told(live.pki.smp.certificate)[form]
    stranger = write_identity(folder, live.pki.smp_ca, f"SMP_NEAR_{form}")
    for identity in (None, stranger):
        with by_tls(live, identity, header) as client, refused(UNAUTHORIZED, 102, "The proxy has to show its own"):
            client.read_publisher(SMP_ID)


@pytest.mark.parametrize("forwarded", ["203.0.113.9", "127.0.0.1", "127.0.0.9, 127.0.0.1"])
def test_what_a_proxy_tells_of_addresses_changes_nothing(live: LiveInstance, forwarded: str) -> None:
    """Whose word counts about addresses needn't be somebody whose word counts about certificates."""
    headers = [("X-Forwarded-For", forwarded), told(live.pki.smp.certificate)["rfc9440"]]
    assert reads(by_plain(live, *headers))
    elsewhere = telling_client(live.addresses.sml_plain, *headers, source="127.0.0.9")
    with elsewhere as client, refused(UNAUTHORIZED, 102, "127.0.0.9 is not a proxy"):
        client.read_publisher(SMP_ID)


def test_without_a_header_the_proxy_is_nobody(live: LiveInstance, proxy: Path) -> None:
    with by_tls(live, proxy) as client, refused(UNAUTHORIZED, 101):
        client.read_publisher(SMP_ID)
    with by_plain(live) as client, refused(UNAUTHORIZED, 101):
        client.read_publisher(SMP_ID)


def test_a_forged_header_that_the_proxy_left_in_is_noticed(live: LiveInstance, folder: Path) -> None:
    own = certificate_of(write_identity(folder, live.pki.smp_ca, "SMP_FORGER"))
    headers = [told(live.pki.smp.certificate)["rfc9440"], told(own)["rfc9440"]]
    for order in (headers, headers[::-1]):
        with by_plain(live, *order) as client, refused(UNAUTHORIZED, 102, "One header has to tell"):
            client.read_publisher(SMP_ID)


def test_a_certificate_behind_a_proxy_is_judged_like_any_other(live: LiveInstance, folder: Path) -> None:
    """Of another authority, not in force, of another purpose; and it owns what it owns, and no more."""
    foreign = certificate_of(write_identity(folder, new_root(NOW, "DEMO Root TEST CA"), "SMP_DEMO000001"))
    access_point = certificate_of(write_identity(folder, live.pki.ap_ca, "POP000001", unit="PEPPOL TEST AP"))
    dates = {"not_before": NOW.replace(year=2020), "not_after": NOW.replace(year=2021)}
    expired = certificate_of(write_identity(folder, live.pki.smp_ca, "SMP_EXPIRED", **dates))
    stranger = certificate_of(write_identity(folder, live.pki.smp_ca, "SMP_BEHIND"))
    for certificate in (foreign, access_point, expired, stranger):
        with by_plain(live, told(certificate)["rfc9440"]) as client, refused(UNAUTHORIZED, 101):
            client.read_publisher(SMP_ID)
    with by_plain(live, told(stranger)["ec-names"]) as client, refused(UNAUTHORIZED, 102, "No registered certificate"):
        client.create_publisher(publisher("SMP-BEHIND"))


def test_the_publisher_api_knows_callers_in_the_same_way(live: LiveInstance) -> None:
    name, value = told(live.pki.smp.certificate)["rfc9440"]
    url = f"{live.addresses.sml_plain}/edelivery-sml/v1/publishers"
    with httpx2.Client() as client:
        assert [each["smp_id"] for each in client.get(url, headers={name: value}).json()["items"]] == [SMP_ID]
        assert client.get(url).status_code == 403
        both = client.get(
            url, headers={name: value, "SSLClientCert": told(live.pki.smp.certificate)["ssl-client-cert"][1]}
        )
        assert both.status_code == 403


def test_the_sml_may_be_there_for_proxies_alone(tmp_path: Path, pki: DemoPki) -> None:
    settings = {"sml_plain_bind": "127.0.0.1:0", "sml_proxy_networks": "127.0.0.1", "sml_proxy_forms": "rfc9440"}
    with live_instance(tmp_path, pki, sml_tls_cert=None, sml_tls_key=None, **settings) as alone:
        assert alone.addresses.sml == alone.addresses.sml_plain
        assert reads(by_plain(alone, told(pki.smp.certificate)["rfc9440"]))
        with by_plain(alone, told(pki.smp.certificate)["ssl-client-cert"]) as client, refused(UNAUTHORIZED, 101):
            client.read_publisher(SMP_ID)


def test_by_default_nobody_listens_in_plain_and_no_header_counts(shared_live: LiveInstance, folder: Path) -> None:
    assert shared_live.addresses.sml_plain == ""
    header = told(shared_live.pki.smp.certificate)["rfc9440"]
    with by_tls(shared_live, None, header) as client, refused(UNAUTHORIZED, 101):
        client.read_publisher(SMP_ID)
    assert reads(by_tls(shared_live, shared_live.files.smp, told(shared_live.pki.ap_ca.certificate)["rfc9440"]))


# Certificates without an anchor


def add(live: LiveInstance, folder: Path, name: str, **sml_client: Any) -> tuple[Path, Any]:
    """A domain that trusts as it is told, and the identity of an SMP below an authority that nobody knows."""
    identity = write_identity(folder, new_root(NOW, f"{name} CA"), f"SMP_{name.upper()}")
    settings = {
        "name": name,
        "default": False,
        "smp": {"base_url": f"https://{name}.example.org"},
        "dns": {"zone": f"{name}.test"},
        "trust": {"sml-client": sml_client},
    }
    stored = add_domain(live.instance, ACTOR, "demo", settings, register_smp=False)
    live.run(live.serving.refresh())
    return identity, stored


def test_a_pinned_leaf_gets_in_once_the_domain_pins_it_and_registers_itself(live: LiveInstance, folder: Path) -> None:
    """A non-root domain: nobody but the certificate itself stands for it."""
    identity, _ = add(live, folder, "pinned")
    with by_tls(live, identity) as client, pytest.raises(TechnicalError):
        client.create_publisher(publisher("SMP-PINNED"))
    pins = [fingerprint(certificate_of(identity))]
    change_domain(live.instance, ACTOR, "pinned", {"trust": {"sml-client": {"pins": pins}}})
    live.run(live.serving.refresh())
    with by_tls(live, identity) as client:
        client.create_publisher(publisher("SMP-PINNED"))
        assert client.read_publisher("SMP-PINNED").smp_id == "SMP-PINNED"
    change_domain(live.instance, ACTOR, "pinned", {"trust": {"sml-client": {"pins": []}}})
    live.run(live.serving.refresh())
    with by_tls(live, identity) as client, refused(UNAUTHORIZED, 101):  # no alert: it is registered for the SMP
        client.read_publisher("SMP-PINNED")


def test_a_registered_leaf_gets_in_without_a_restart_or_a_change_of_the_domain(
    live: LiveInstance, folder: Path
) -> None:
    identity, stored = add(live, folder, "leaves", on_untrusted="warn")
    with by_tls(live, identity) as client, pytest.raises(TechnicalError):
        client.read_publisher("SMP-LEAF")
    instance = live.instance
    administration = SmlAdministration(
        instance.database, instance.journal, instance.registrar, instance.trust_models.of
    )
    administration.create_publisher(ACTOR, stored, publisher("SMP-LEAF"))
    administration.add_certificate(ACTOR, stored, "SMP-LEAF", certificate_of(identity), Window())
    live.run(live.serving.refresh())
    assert reads(by_tls(live, identity), "SMP-LEAF")
    assert reads(by_plain(live, told(certificate_of(identity))["ec-names"]), "SMP-LEAF")
    change_domain(instance, ACTOR, "leaves", {"trust": {"sml-client": {"on_untrusted": "refuse"}}})
    live.run(live.serving.refresh())
    with by_tls(live, identity) as client, refused(UNAUTHORIZED, 101):
        client.read_publisher("SMP-LEAF")


def test_a_block_cuts_a_connection_that_is_open(live: LiveInstance, folder: Path) -> None:
    identity = write_identity(folder, live.pki.smp_ca, "SMP_BLOCKED")
    with by_tls(live, identity) as client:
        client.create_publisher(publisher("SMP-BLOCKED"))
        bearer = Bearer.of(certificate_of(identity))
        with live.instance.database.write(ACTOR) as work:
            values = {"issuer": bearer.issuer, "serial": bearer.serial, "blocked_at": work.now}
            work.connection.execute(insert(blocked_certificate).values(domain_id=live.stored.id, **values))
        with refused(UNAUTHORIZED, 101):
            client.read_publisher("SMP-BLOCKED")
    with by_plain(live, told(certificate_of(identity))["rfc9440"]) as client, refused(UNAUTHORIZED, 101):
        client.read_publisher("SMP-BLOCKED")
