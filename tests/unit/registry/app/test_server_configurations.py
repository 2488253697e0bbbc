# SPDX-License-Identifier: Apache-2.0
"""Who a name server is, and what it takes from where, is known from the settings, or asked of who wants it."""

from pathlib import Path
from typing import Any

import pytest

from registry.app.domain_setup import add_domain, change_domain
from registry.app.server_configurations import Wish, name_server
from registry.dns.secondary_configurations import NameServer
from registry.dns.tsig_keys import TsigKeys
from registry.errors import ConfigurationError, NotFoundError
from registry.settings import Settings, load_settings
from registry.storage.engine import Actor
from registry.storage.queries import zones
from tests.simulators.offline import ACTOR, OfflineInstance

NS1, NS2 = "192.0.2.53:53", "ns2.example.org:53"


@pytest.fixture
def settings(offline: OfflineInstance) -> Settings:
    """With two keys, and the first two domains' secondaries in their settings."""
    made = load_settings(
        data_dir=offline.folder,
        dns_bind="198.51.100.1:5300",
        dns_catalog_zone="catalog.test",
        dns_catalog_secondaries=(f"{NS1}/k1",),
    )
    keys = TsigKeys(made.dns_key_dir)
    for name in ("k1", "k2"):
        keys.generate(name)
    return made


def secondaries(offline: OfflineInstance, *servers: dict[str, Any], **dns: Any) -> None:
    change_domain(offline.instance, ACTOR, offline.stored.domain.name, {"dns": {"secondaries": list(servers), **dns}})


def second_domain(offline: OfflineInstance, *servers: dict[str, Any]) -> None:
    dns = {"zone": "second.test", "name_servers": ["ns1.example.org"], "secondaries": list(servers)}
    settings = {"name": "second", "default": False, "smp": {"base_url": "https://second.example"}, "dns": dns}
    add_domain(offline.instance, ACTOR, "demo", settings, register_smp=False)


def asked(offline: OfflineInstance, settings: Settings, **wish: Any) -> NameServer:
    return name_server(offline.instance, settings, Wish(**wish))


def test_the_only_secondary_needs_nothing_said(offline: OfflineInstance, settings: Settings) -> None:
    secondaries(offline, {"server": NS1, "key": "k1"}, zone_privacy="nsec3")
    found = asked(offline, settings)
    assert (found.primary.host, found.primary.port) == ("198.51.100.1", 5300)
    assert found.primary.key == TsigKeys(settings.dns_key_dir).get("k1")
    assert found.zones == {offline.stored.domain.dns.zone: "nsec3"}
    assert found.listen == (("192.0.2.53", 53),)


def test_of_several_secondaries_one_is_named(offline: OfflineInstance, settings: Settings) -> None:
    secondaries(offline, {"server": NS1, "key": "k1"}, {"server": NS2, "key": "k2"})
    with pytest.raises(ConfigurationError, match=r"--server, one of 192\.0\.2\.53:53, ns2\.example\.org:53"):
        asked(offline, settings)
    found = asked(offline, settings, server="NS2.example.org")
    assert found.primary.key == TsigKeys(settings.dns_key_dir).get("k2")
    assert found.listen == (("0.0.0.0", 53), ("::", 53))  # noqa: S104
    with pytest.raises(ConfigurationError, match="none of the secondaries"):
        asked(offline, settings, server="ns3.example.org")


def test_a_server_has_the_zones_of_which_it_is_a_secondary(offline: OfflineInstance, settings: Settings) -> None:
    secondaries(offline, {"server": NS1, "key": "k1"}, {"server": NS2, "key": "k1"})
    second_domain(offline, {"server": NS2, "key": "k1"})
    assert set(asked(offline, settings, server=NS2).zones) == {offline.stored.domain.dns.zone, "second.test"}
    assert set(asked(offline, settings, server=NS1).zones) == {offline.stored.domain.dns.zone}
    assert set(asked(offline, settings, zone="Second.test.").zones) == {"second.test"}


def test_different_keys_for_the_zones_of_a_server_are_told(offline: OfflineInstance, settings: Settings) -> None:
    secondaries(offline, {"server": NS1, "key": "k1"})
    second_domain(offline, {"server": NS1, "key": "k2"})
    with pytest.raises(ConfigurationError, match=r"different keys.*k1, k2"):
        asked(offline, settings)
    found = asked(offline, settings, zone="second.test")
    assert found.primary.key == TsigKeys(settings.dns_key_dir).get("k2")


def test_another_name_of_a_zone_goes_with_it(offline: OfflineInstance, settings: Settings) -> None:
    secondaries(offline, {"server": NS1, "key": "k1"})
    with offline.instance.database.write(Actor("test")) as work:
        zones.add(work, None, "new.test", 1, alias_of=offline.stored.zone_id)
    assert set(asked(offline, settings).zones) == {offline.stored.domain.dns.zone, "new.test"}


def test_a_catalog_needs_no_zones(offline: OfflineInstance, settings: Settings) -> None:
    offline.instance.catalog.name = "catalog.test"
    found = asked(offline, settings, catalog=True)
    assert (found.catalog, dict(found.zones)) == ("catalog.test", {})
    assert found.primary.key == TsigKeys(settings.dns_key_dir).get("k1")


def test_a_server_behind_a_signer_takes_zones_from_that(offline: OfflineInstance, settings: Settings) -> None:
    secondaries(offline, {"server": NS1, "key": "k1"})
    zone = offline.stored.domain.dns.zone
    said = {"zone": zone, "primary": "192.0.2.53:53", "key": "k2", "listen": ("203.0.113.1:53",)}
    found = asked(offline, settings, server="203.0.113.1:53", **said)
    assert (found.primary.host, found.listen) == ("192.0.2.53", (("203.0.113.1", 53),))
    assert found.primary.key == TsigKeys(settings.dns_key_dir).get("k2")


def test_followers_have_an_address_and_a_key(offline: OfflineInstance, settings: Settings) -> None:
    secondaries(offline, {"server": NS1, "key": "k1"})
    (peer,) = asked(offline, settings, followers=("[2001:db8::5]:5353/k2",)).followers
    assert (peer.host, peer.port, peer.key) == ("2001:db8::5", 5353, TsigKeys(settings.dns_key_dir).get("k2"))
    with pytest.raises(ConfigurationError, match="ADDRESS:PORT"):
        asked(offline, settings, followers=("ns5.example.org/k2",))


@pytest.mark.parametrize("bind", ["0.0.0.0:5300", "[::]:5300", "127.0.0.1:0", "dns.internal:53"])
def test_an_address_that_says_nothing_to_others_is_asked_for(
    offline: OfflineInstance, settings: Settings, bind: str
) -> None:
    secondaries(offline, {"server": NS1, "key": "k1"})
    anywhere = load_settings(data_dir=offline.folder, dns_bind=bind)
    with pytest.raises(ConfigurationError, match="say --primary"):
        asked(offline, anywhere)
    assert asked(offline, anywhere, primary="10.0.0.1:5300").primary.host == "10.0.0.1"


def test_what_is_not_there_is_told(offline: OfflineInstance, settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"set dns\.secondaries"):
        asked(offline, settings)
    with pytest.raises(NotFoundError, match="there is no zone other"):
        asked(offline, settings, zone="other.test")
    with pytest.raises(ConfigurationError, match="REGISTRY_DNS_CATALOG_ZONE"):
        asked(offline, load_settings(data_dir=tmp_path), catalog=True)
    secondaries(offline, {"server": NS1, "key": "k9"})
    with pytest.raises(ConfigurationError, match="registry dns key generate k9"):
        asked(offline, settings)
