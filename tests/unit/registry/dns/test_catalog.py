# SPDX-License-Identifier: Apache-2.0
"""The catalog zone lists what is here, in the transaction that changes it; what is so already leaves no trace."""

from typing import Any

import dns.name
import dns.rdata
import dns.rdataclass
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.app.domain_setup import add_domain, change_domain
from registry.dns.catalog import CatalogZone, catalog_secondaries, catalog_states, member_label, members
from registry.dns.served_zone import ServedZone
from registry.dns.zone_reader import absolute
from registry.domains.dns_profile import DnsProfile
from registry.domains.zone_servers import Secondary
from registry.errors import ConfigurationError
from registry.storage.engine import Actor
from registry.storage.queries import zones
from registry.storage.queries.zones import ZoneRow
from tests.simulators.audit import all_events
from tests.simulators.offline import ACTOR, OfflineInstance

NAME = "catalog.example.org"
KEEPER = Actor("catalog")


@pytest.fixture
def catalog(offline: OfflineInstance) -> CatalogZone:
    """As the setting names it; nothing is written yet."""
    made = CatalogZone(offline.instance.database, offline.instance.journal, NAME)
    offline.instance.catalog = made
    return made


def held(offline: OfflineInstance, name: str = NAME) -> dict[tuple[str, str], str]:
    with offline.instance.database.read() as connection:
        row = next(row for row in zones.all_zones(connection) if row.name == name)
        return {(owner, rdtype): text for owner, rdtype, text in zones.newest_state(connection, row.id)}


def listed(offline: OfflineInstance) -> dict[str, str]:
    """Zone to group, as a consumer reads it."""
    records = held(offline)
    found = {}
    for (owner, rdtype), text in records.items():
        if rdtype == "PTR":
            assert owner.endswith(".zones")
            found[text.split(" ")[1].removesuffix(".")] = records[f"group.{owner}", "TXT"].split(" ")[1].strip('"')
    return found


def add(offline: OfflineInstance, name: str, dns: dict[str, Any]) -> None:
    settings = {
        "name": name,
        "default": False,
        "smp": {"base_url": f"https://{name}.example"},
        "dns": {"zone": f"{name}.test", "name_servers": ["ns1.example.org"], **dns},
    }
    add_domain(offline.instance, ACTOR, "demo", settings, register_smp=False)


def test_a_new_catalog_lists_the_zones_that_are_there(offline: OfflineInstance, catalog: CatalogZone) -> None:
    assert catalog.keep(KEEPER) == 5
    zone = offline.stored.domain.dns.zone
    assert listed(offline) == {zone: "nsec"}
    records = held(offline)
    assert records["version", "TXT"] == '0 "2"'
    assert records["@", "NS"] == "0 invalid."
    assert [event.subject for event in all_events(offline.instance.database, "dns:catalog:update")] == [NAME]


def test_what_it_lists_already_leaves_no_trace(offline: OfflineInstance, catalog: CatalogZone) -> None:
    catalog.keep(KEEPER)
    assert catalog.keep(KEEPER) == 0
    assert len(all_events(offline.instance.database, "dns:catalog:update")) == 1


def test_without_a_name_there_is_none(offline: OfflineInstance) -> None:
    none = CatalogZone(offline.instance.database, offline.instance.journal, "")
    assert none.keep(KEEPER) == 0
    with offline.instance.database.read() as connection:
        assert len(zones.all_zones(connection)) == 1


def test_a_domain_comes_with_its_place_in_the_catalog(offline: OfflineInstance, catalog: CatalogZone) -> None:
    catalog.keep(KEEPER)
    add(offline, "second", {"zone_privacy": "nsec3"})
    add(offline, "hidden", {"catalog": False})
    assert listed(offline) == {offline.stored.domain.dns.zone: "nsec", "second.test": "nsec3"}


def test_a_changed_domain_has_another_group_or_goes(offline: OfflineInstance, catalog: CatalogZone) -> None:
    catalog.keep(KEEPER)
    name, zone = offline.stored.domain.name, offline.stored.domain.dns.zone
    change_domain(offline.instance, ACTOR, name, {"dns": {"zone_privacy": "minimal"}})
    assert listed(offline) == {zone: "minimal"}
    change_domain(offline.instance, ACTOR, name, {"dns": {"catalog": False}})
    assert listed(offline) == {}
    assert ("version", "TXT") in held(offline)


def test_a_domain_that_is_refused_leaves_the_catalog_as_it_was(offline: OfflineInstance, catalog: CatalogZone) -> None:
    catalog.keep(KEEPER)
    before = held(offline)
    with pytest.raises(ConfigurationError):
        add(offline, "unserved", {"name_servers": []})
    assert held(offline) == before


def test_the_name_of_a_domains_zone_is_none_for_a_catalog(offline: OfflineInstance) -> None:
    wrong = CatalogZone(offline.instance.database, offline.instance.journal, offline.stored.domain.dns.zone)
    with pytest.raises(ConfigurationError, match="is the zone of a domain"):
        wrong.keep(KEEPER)


@pytest.mark.parametrize("name", ["not a name", "-.example"], ids=["blank", "hyphen"])
def test_what_is_no_name_is_refused(offline: OfflineInstance, name: str) -> None:
    with pytest.raises(ConfigurationError, match="REGISTRY_DNS_CATALOG_ZONE"):
        CatalogZone(offline.instance.database, offline.instance.journal, name)


def test_another_name_of_a_zone_is_listed_like_the_zone() -> None:
    rows = [
        ZoneRow(1, 7, "sml.test", 1, 0),
        ZoneRow(2, None, "new.test", 1, 0, alias_of=1),
        ZoneRow(3, 8, "own.test", 1, 0),
        ZoneRow(4, None, NAME, 1, 0),
    ]
    profiles = {7: DnsProfile("sml.test", zone_privacy="nsec3"), 8: DnsProfile("own.test", catalog=False)}
    assert members(rows, profiles) == {"sml.test": "nsec3", "new.test": "nsec3"}


names = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?(\.[a-z0-9]{1,12}){1,3}", fullmatch=True)


@given(st.dictionaries(names, st.sampled_from(["nsec", "nsec3", "minimal"]), max_size=20))
def test_every_catalog_is_a_zone_that_dnspython_reads(zones_listed: dict[str, Any]) -> None:
    states = catalog_states(zones_listed)
    assert len({(each.owner, each.rdtype) for each in states}) == len(states)
    seen = set()
    for each in states:
        assert each.text is not None
        ttl, _, rdata = each.text.partition(" ")
        assert ttl == "0"
        assert dns.name.from_text(absolute(each.owner, NAME)).is_subdomain(dns.name.from_text(NAME))
        parsed = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(each.rdtype), rdata)
        if each.rdtype == "PTR":
            seen.add(parsed.to_text().removesuffix("."))
            assert each.owner == f"{member_label(parsed.to_text().removesuffix('.'))}.zones"
    assert seen == set(zones_listed)
    ServedZone.of_texts(NAME, [(each.owner, each.rdtype, each.text or "") for each in states], 1)


def test_secondaries_of_the_catalog_are_an_address_and_a_key() -> None:
    assert catalog_secondaries(["NS1.example.org/Key-1.", "[2001:db8::1]:5300/k2"]) == (
        Secondary("ns1.example.org:53", "key-1"),
        Secondary("[2001:db8::1]:5300", "k2"),
    )


@pytest.mark.parametrize("text", ["ns1.example.org", "/key", "a b/key", "ns1.example.org:0/key", "ns1/k k"])
def test_other_texts_are_no_secondaries_of_the_catalog(text: str) -> None:
    with pytest.raises(ConfigurationError, match="HOST:PORT/KEY"):
        catalog_secondaries([text])
