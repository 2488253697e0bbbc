# SPDX-License-Identifier: Apache-2.0
"""Who serves a zone is known from settings: of its domain, of the one of which it is another name, of the catalog."""

from pathlib import Path

import pytest

from registry.app.domain_setup import change_domain
from registry.app.instance import Instance
from registry.app.zone_checks import TargetRepair, chosen_servers, zone_servers
from registry.dns.followers import FollowerRole
from registry.dns.reconcile.checking import Server
from registry.dns.tsig_keys import TsigKeys
from registry.errors import ConfigurationError, ConflictError, NotFoundError
from registry.settings import Settings, load_settings
from registry.storage.queries import zones
from tests.simulators.offline import ACTOR, OfflineInstance

CATALOG = "catalog.test"


@pytest.fixture
def settings(offline: OfflineInstance) -> Settings:
    """A secondary, a target and two observed servers, of which one is the secondary; a catalog; another name."""
    found = load_settings(
        data_dir=offline.folder, dns_catalog_zone=CATALOG, dns_catalog_secondaries=("192.0.2.4:53/shared",)
    )
    TsigKeys(found.dns_key_dir).generate("shared")
    dns = {
        "secondaries": [{"server": "192.0.2.1:53", "key": "shared"}],
        "push_to": [{"server": "192.0.2.2:53", "key": "shared", "zone": "their.test", "only_writer": False}],
        "observed_servers": ["192.0.2.1:53", "192.0.2.3:53"],
    }
    offline.stored = change_domain(offline.instance, ACTOR, "demo", {"dns": dns})
    with offline.instance.database.write(ACTOR) as work:
        zones.add(work, None, "former.test", 1, alias_of=offline.stored.zone_id)
        zones.add(work, None, CATALOG, 1)
    offline.instance.catalog.name = CATALOG
    return found


def shown(servers: tuple[Server, ...]) -> list[tuple[str, str, FollowerRole, bool]]:
    return [(each.address, each.zone, each.role, each.key is not None) for each in servers]


def known(instance: Instance, settings: Settings, name: str) -> list[tuple[str, str, FollowerRole, bool]]:
    return shown(zone_servers(instance, settings, name).servers)


def test_servers_of_a_domain_are_those_of_its_settings(offline: OfflineInstance, settings: Settings) -> None:
    assert known(offline.instance, settings, "SML.test.") == [
        ("192.0.2.3:53", "sml.test", FollowerRole.OBSERVED, False),
        ("192.0.2.1:53", "sml.test", FollowerRole.SECONDARY, True),
        ("192.0.2.2:53", "their.test", FollowerRole.TARGET, True),
    ]


def test_another_name_is_served_by_the_secondaries_of_its_domain(offline: OfflineInstance, settings: Settings) -> None:
    assert known(offline.instance, settings, "former.test") == [
        ("192.0.2.1:53", "former.test", FollowerRole.SECONDARY, True),
    ]


def test_catalog_has_servers_of_its_own(offline: OfflineInstance, settings: Settings) -> None:
    assert known(offline.instance, settings, CATALOG) == [("192.0.2.4:53", CATALOG, FollowerRole.SECONDARY, True)]


def test_server_that_is_named_is_known_or_new(offline: OfflineInstance, settings: Settings) -> None:
    found = zone_servers(offline.instance, settings, "sml.test")
    chosen = chosen_servers(found, settings, ["192.0.2.2:53", "192.0.2.3:53", "192.0.2.9"], "shared")
    assert shown(tuple(chosen)) == [
        ("192.0.2.2:53", "their.test", FollowerRole.TARGET, True),
        ("192.0.2.3:53", "sml.test", FollowerRole.OBSERVED, True),
        ("192.0.2.9:53", "sml.test", FollowerRole.OBSERVED, True),
    ]
    with pytest.raises(ConfigurationError, match="HOST:PORT"):
        chosen_servers(found, settings, ["two words"])


def test_key_that_is_missing_and_zone_that_is_unknown_say_what_to_do(
    offline: OfflineInstance, settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(NotFoundError, match=r"known: catalog\.test, former\.test, sml\.test"):
        zone_servers(offline.instance, settings, "other.test")
    (settings.dns_key_dir / "shared.key").unlink()
    with pytest.raises(ConfigurationError, match="registry dns key generate shared"):
        zone_servers(offline.instance, settings, "sml.test")


def test_target_that_the_settings_do_not_name_any_more_is_not_written_to(
    offline: OfflineInstance, settings: Settings
) -> None:
    found = zone_servers(offline.instance, settings, "sml.test")
    push = TargetRepair(offline.instance, settings, ACTOR, found)
    with pytest.raises(ConflictError, match="isn't pushed to any more"):
        push(Server("192.0.2.9:53", "sml.test", FollowerRole.TARGET), [("n1", "TXT")])
