# SPDX-License-Identifier: Apache-2.0
"""`registry trust`: what a domain trusts by, another model with a plan first, and evidence."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from registry.app.trust_models import trust_folder
from registry.cli.main import app
from registry.demo.pki import DemoPki
from registry.errors import ConfigurationError, NotFoundError, RegistryError
from tests.simulators.domain_trust import CRL_REQUIRED, crl, peppol_like, write_evidence, write_model
from tests.simulators.offline import OfflineInstance


@pytest.fixture
def folder(offline: OfflineInstance, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder of an instance with the domain `demo`."""
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(offline.folder))
    monkeypatch.setenv("REGISTRY_LOG_LEVEL", "ERROR")
    return offline.folder


@pytest.fixture
def model(folder: Path, pki: DemoPki) -> str:
    (folder / "models").mkdir()
    return str(write_model(folder / "models", peppol_like(pki, revocation=CRL_REQUIRED)))


def run(*words: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["trust", *words])
    assert result.exit_code == code, (result.output, result.exception)
    return result


def told(*words: str, code: int = 0) -> Any:
    return json.loads(run(*words, "--json", code=code).stdout)


def refused(kind: type[RegistryError], *words: str) -> str:
    result = CliRunner().invoke(app, ["trust", *words])
    assert isinstance(result.exception, kind), result.output
    return str(result.exception)


def address() -> str:
    return str(told("show")["address"])


@pytest.mark.usefixtures("folder")
def test_show_tells_the_roles_the_anchors_with_their_dates_and_what_a_no_means(offline: OfflineInstance) -> None:
    shown = told("show", "demo")
    assert (shown["id"], shown["model"]) == ("domain-settings", "short-form")
    assert shown["address"] == offline.instance.trust_models.of(offline.stored.domain).address
    assert shown["evidence"] == {"digest": "", "collected_at": None, "age_s": None}
    roles = {role["role"]: role for role in shown["roles"]}
    assert set(roles) == {"smp-sign", "sml-client", "ap-encrypt", "ap-sign"}
    assert roles["ap-encrypt"]["on_untrusted"] == "warn"
    assert roles["sml-client"]["on_untrusted"] == "refuse"
    assert "DN fits" in roles["smp-sign"]["accepted"]
    root = next(each for each in shown["anchors"] if "Root" in each["subject"])
    assert root["not_after"] == offline.pki.root.certificate.not_valid_after_utc.isoformat()
    text = run("show").stdout
    assert shown["address"] in text
    assert "none was collected" in text
    assert "CN=DEMO Root TEST CA" in text


@pytest.mark.usefixtures("folder")
def test_show_tells_how_old_the_evidence_is(offline: OfflineInstance) -> None:
    now = offline.instance.database.now()
    digest = write_evidence(trust_folder(offline.folder, "demo"), now, crl(offline.pki.ap_ca, now))
    shown = told("show", "demo")["evidence"]
    assert shown["digest"] == digest
    assert 0 <= shown["age_s"] < 600
    assert digest[:12] in run("show", "demo").stdout


def test_a_plan_shows_the_differences_and_changes_nothing(model: str) -> None:
    before = address()
    planned = told("use", model, "--domain", "demo", "--plan")
    assert planned["planned"]
    assert planned["before"] == before == address()
    assert planned["after"] != before
    paths = {each["path"] for each in planned["differences"]}
    assert any(path.startswith("roles.ap-encrypt.accept") for path in paths)
    assert any(path.startswith("roles.smp-sign.revocation") for path in paths)
    assert planned["policies"] == []
    text = run("use", model, "--domain", "demo", "--plan").output
    assert "(planned)" in text
    assert "registry trust collect --domain demo" in text


def test_a_model_is_used_from_then_on(model: str) -> None:
    done = told("use", model, "--domain", "demo")
    assert not done["planned"]
    assert done["after"] == address()
    shown = told("show")
    assert shown["id"] == "by-ap-ca"
    assert {role["role"]: role["on_untrusted"] for role in shown["roles"]}["ap-encrypt"] == "warn"
    assert told("use", model, "--domain", "demo")["differences"] == []


def test_the_policy_can_be_set_for_all_roles_and_for_publishing(model: str) -> None:
    done = told("use", model, "--domain", "demo", "--on-untrusted", "refuse")
    settings = {each["setting"]: each["after"] for each in done["policies"]}
    assert settings["trust.ap-encrypt.on_untrusted"] == "refuse"
    shown = told("show")
    assert {role["on_untrusted"] for role in shown["roles"]} == {"refuse"}
    assert shown["endpoint_certificates"] == "refuse"
    told("use", model, "--domain", "demo", "--on-untrusted", "warn")
    assert told("show")["endpoint_certificates"] == "warn"


def test_a_model_that_is_wrong_is_refused_with_every_key_path(folder: Path, pki: DemoPki) -> None:
    wrong = peppol_like(pki)
    wrong["engine"]["max_path"] = 0
    wrong["roles"]["ap-sign"] = {}
    path = write_model(folder, wrong)
    before = address()
    for plan in (["--plan"], []):
        message = refused(ConfigurationError, "use", str(path), "--domain", "demo", *plan)
        assert "engine.max_path" in message
        assert "roles.ap-sign" in message
    assert address() == before


@pytest.mark.usefixtures("folder")
def test_a_shipped_model_needs_its_certificates() -> None:
    message = refused(ConfigurationError, "use", "peppol-g3", "--domain", "demo", "--certificates", "nowhere")
    assert "PEPPOL_ACCESS_POINT_CA-G3.pem is missing" in message
    assert "there is no model" in refused(ConfigurationError, "use", "peppol-g9", "--domain", "demo")


def test_wrong_words_are_refused(model: str) -> None:
    run("use", model, "--domain", "demo", "--on-untrusted", "ignore", code=2)
    run("use", model, "--domain", "demo", "--certificates", ".", code=2)
    assert "nowhere" in refused(NotFoundError, "use", model, "--domain", "nowhere")
    assert "nowhere" in refused(NotFoundError, "show", "nowhere")
    assert "10.0.0.0/8" in refused(ConfigurationError, "collect", "--allow", "ten")


@pytest.mark.usefixtures("folder")
def test_collect_leaves_out_domains_that_ask_for_no_evidence() -> None:
    result = run("collect")
    assert "no domain's trust model asks for evidence" in result.output


def test_collect_makes_a_snapshot_that_counts(model: str) -> None:
    """The certificates of the test name no place to ask, so the snapshot is empty, and that is told."""
    run("use", model, "--domain", "demo")
    found = told("collect", "--domain", "demo")["demo"]
    assert found["requests"] == 0
    assert told("show")["evidence"]["digest"] == found["snapshot"]


def test_sources_tell_what_the_last_collection_came_to(offline: OfflineInstance, folder: Path, model: str) -> None:
    assert told("sources")["collected_at"] is None
    assert "no evidence was collected" in run("sources", "demo").stdout
    run("use", model, "--domain", "demo")
    at = offline.instance.database.now()
    digest = write_evidence(trust_folder(folder, "demo"), at, crl(offline.pki.ap_ca, at))
    shown = told("sources", "demo")
    assert shown["snapshot"] == digest
    assert shown["certificates"] == [{"kind": "crl", "fetched": 1, "kept": 0, "failed": 0}]
    assert "crl: 1 fetched, 0 kept, 0 failed" in run("sources").stdout
