# SPDX-License-Identifier: Apache-2.0
"""Adding domains: all or nothing, several in one instance, and settings that survive their files."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from registry.app.domain_setup import SigningKeyFile, add_domain, change_domain
from registry.app.health import health_of
from registry.app.instance import Instance
from registry.demo.pki import certificates_pem
from registry.domains.loader import domain_to_mapping, load_domain
from registry.errors import AlreadyExistsError, ConfigurationError
from registry.settings import load_settings
from registry.storage.queries import publishers, trust_configurations
from tests.simulators.domain_trust import peppol_like, write_model
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, OfflineInstance


def test_own_smp_is_registered_at_the_own_sml_for_the_signing_certificate(offline: OfflineInstance) -> None:
    assert offline.instance.sml.read_publisher(offline.caller(), SMP_ID).logical_address.startswith("https://smp")


def test_second_domain_of_the_same_name_is_refused(offline: OfflineInstance) -> None:
    with pytest.raises(AlreadyExistsError):
        add_domain(offline.instance, ACTOR, "demo", {"name": "demo", "default": False})


def test_base_url_that_another_domain_has_is_refused_and_nothing_stays(offline: OfflineInstance) -> None:
    settings = {
        "name": "second",
        "default": False,
        "dns": {"zone": "second.test"},
        "smp": {"base_url": offline.stored.domain.smp.base_url},
    }
    with pytest.raises(ConfigurationError, match="base URL"):
        add_domain(offline.instance, ACTOR, "demo", settings)
    assert [stored.domain.name for stored in offline.instance.directory.all()] == ["demo"]


def test_unreadable_key_leaves_no_domain_behind(offline: OfflineInstance, tmp_path: Path) -> None:
    settings = {"name": "second", "default": False, "dns": {"zone": "second.test"}}
    with pytest.raises(ConfigurationError):
        add_domain(offline.instance, ACTOR, "demo", settings, signing_key=SigningKeyFile(tmp_path / "none.p12"))
    with offline.instance.database.read() as connection:
        assert publishers.find(connection, [1, 2], "SECOND") == []
    assert len(offline.instance.directory.all()) == 1


def test_trust_anchors_are_kept_when_their_files_are_gone(offline: OfflineInstance, tmp_path: Path) -> None:
    file = tmp_path / "anchors.pem"
    file.write_bytes(certificates_pem(offline.pki.root.certificate))
    settings = {"name": "second", "trust": {"smp-sign": {"anchor_files": [str(file)]}}}
    add_domain(offline.instance, ACTOR, "peppol-test", settings)
    file.unlink()
    offline.instance.close()
    with Instance.open(load_settings(data_dir=offline.folder)) as again:
        domain = again.directory.get("second").domain
        assert len(domain.trust.role("smp-sign").anchors) == 1
        assert domain.profile == "peppol-test"


def test_domain_from_a_file_is_kept_whole(offline: OfflineInstance, tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("extends: peppol\ntitle: Own network\ndns: {zone: own.test}\n")
    stored = add_domain(offline.instance, ACTOR, file, {"name": "own"})
    file.unlink()
    expected = domain_to_mapping(stored.domain)
    assert expected["title"] == "Own network"
    offline.instance.directory = type(offline.instance.directory)(offline.instance.database)
    assert domain_to_mapping(offline.instance.directory.get("own").domain) == expected


def test_health_names_what_a_domain_lacks(offline: OfflineInstance) -> None:
    settings = {"name": "bare", "smp": {"base_url": "https://bare.example.org"}}
    add_domain(offline.instance, ACTOR, "peppol-test", settings)
    by_name = {domain.name: domain for domain in health_of(offline.instance)}
    assert by_name["demo"].lacks == []
    assert "there is no signing key" in by_name["bare"].lacks
    assert any("smp-sign" in lack for lack in by_name["bare"].lacks)
    offline.clock.forward(days=4000)
    (demo,) = [domain for domain in health_of(offline.instance) if domain.name == "demo"]
    assert any("expired" in lack for lack in demo.lacks)


def test_shipped_profile_trusts_nobody_until_it_is_told_whom() -> None:
    domain = load_domain("peppol")
    assert all(not settings.anchors for settings in domain.trust.roles.values())


# Trust


def kept_trust(offline: OfflineInstance, name: str) -> str | None:
    """The document of the configuration that a domain has."""
    address = offline.instance.trust_models.of(offline.instance.directory.get(name).domain).address
    with offline.instance.database.read() as connection:
        return trust_configurations.document(connection, address)


def last_event(offline: OfflineInstance) -> tuple[str, Any, Any]:
    with offline.instance.database.read() as connection:
        row = connection.execute(text("select tag, before, after from event order by sequence desc limit 1")).one()
    return row.tag, json.loads(row.before or "null"), json.loads(row.after or "null")


def test_the_trust_configuration_of_a_domain_is_kept_under_its_address(offline: OfflineInstance) -> None:
    document = kept_trust(offline, "demo")
    assert document is not None
    trust = offline.instance.trust_models.of(offline.stored.domain)
    assert hashlib.sha256(document.encode()).hexdigest() == trust.address
    assert "BEGIN CERTIFICATE" not in document
    with offline.instance.database.read() as connection:
        assert trust_configurations.document(connection, "0" * 64) is None


def test_a_change_of_trust_keeps_the_new_configuration_and_the_audit_names_both(offline: OfflineInstance) -> None:
    before = offline.instance.trust_models.of(offline.stored.domain).address
    settings = {"trust": {"configuration": peppol_like(offline.pki)}}
    stored = change_domain(offline.instance, ACTOR, "demo", settings)
    after = offline.instance.trust_models.of(stored.domain).address
    assert before != after
    assert kept_trust(offline, "demo") is not None
    tag, old, new = last_event(offline)
    assert tag == "domains:domain:update"
    assert (old["trust"], new["trust"]) == (before, after)
    change_domain(offline.instance, ACTOR, "demo", {"title": "the same trust"})
    assert last_event(offline)[1]["trust"] == last_event(offline)[2]["trust"] == after


def test_a_model_that_cannot_be_used_changes_nothing(offline: OfflineInstance) -> None:
    model = peppol_like(offline.pki)
    model["roles"]["ap-sign"] = {}
    with pytest.raises(ConfigurationError, match=r"roles\.ap-sign"):
        change_domain(offline.instance, ACTOR, "demo", {"trust": {"configuration": model}})
    assert offline.instance.directory.get("demo").domain.trust.configuration is None
    with pytest.raises(ConfigurationError, match=r"roles\.ap-sign"):
        add_domain(offline.instance, ACTOR, "peppol", {"name": "second", "trust": {"configuration": model}})


def test_a_domain_keeps_its_model_when_the_files_are_gone(offline: OfflineInstance, tmp_path: Path) -> None:
    path = write_model(tmp_path, peppol_like(offline.pki))
    change_domain(offline.instance, ACTOR, "demo", {"trust": {"model_file": str(path)}})
    for file in tmp_path.glob("*.pem"):
        file.unlink()
    path.unlink()
    offline.instance.directory = type(offline.instance.directory)(offline.instance.database)
    domain = offline.instance.directory.get("demo").domain
    assert domain.trust.configuration is not None
    assert domain.trust.configuration["id"] == "by-ap-ca"


def test_anchor_files_of_a_change_are_taken_in_too(offline: OfflineInstance, tmp_path: Path) -> None:
    file = tmp_path / "anchors.pem"
    file.write_bytes(certificates_pem(offline.pki.ap_ca.certificate))
    change_domain(offline.instance, ACTOR, "demo", {"trust": {"ap-encrypt": {"anchor_files": [str(file)]}}})
    file.unlink()
    offline.instance.directory = type(offline.instance.directory)(offline.instance.database)
    assert len(offline.instance.directory.get("demo").domain.trust.role("ap-encrypt").anchors) == 2
