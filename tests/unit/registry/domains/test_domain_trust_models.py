# SPDX-License-Identifier: Apache-2.0
"""A domain names its trust model, and carries it with all certificates from then on."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from registry.demo.pki import DemoPki, certificates_pem
from registry.domains.differences import differences
from registry.domains.domain import Domain
from registry.domains.loader import domain_to_mapping, load_domain, profile_names, take_in_files
from registry.domains.trust_settings import lay_over
from registry.errors import ConfigurationError
from registry.trust import TrustModel
from tests.simulators.domain_trust import peppol_like, write_model


@pytest.fixture
def model(pki: DemoPki, tmp_path: Path) -> Path:
    return write_model(tmp_path, peppol_like(pki))


@pytest.fixture
def domain(model: Path) -> Domain:
    return load_domain("peppol", {"trust": {"model_file": "ours.yaml"}}, base_dir=model.parent)


def test_a_model_in_a_file_is_read_with_the_certificates_beside_it(pki: DemoPki, domain: Domain, model: Path) -> None:
    for file in model.parent.iterdir():
        file.unlink()
    assert domain.trust.configuration is not None
    assert domain.trust.configuration["id"] == "by-ap-ca"
    same = load_domain("demo", {"trust": {"configuration": peppol_like(pki)}})
    assert TrustModel.for_domain(domain).address == TrustModel.for_domain(same).address


def test_a_model_that_is_shipped_is_completed_from_a_folder(corpus: Path) -> None:
    folder = corpus / "trust_models" / "real_anchors" / "peppol-g3"
    settings: dict[str, Any] = {"trust": {"model": "peppol-g3", "certificate_dir": str(folder)}}
    trust = TrustModel.for_domain(load_domain("peppol", settings))
    assert trust.configuration.id == "peppol-g3"
    assert all(reference.certificate is not None for reference in trust.configuration.certificates())


@pytest.mark.parametrize("folder", [None, "elsewhere"])
def test_certificates_that_are_missing_are_all_named(folder: str | None, tmp_path: Path) -> None:
    settings = {"trust": {"model": "peppol-g3", **({"certificate_dir": folder} if folder else {})}}
    with pytest.raises(ConfigurationError) as caught:
        load_domain("peppol", settings, base_dir=tmp_path)
    for path in ("stores.anchors[1].cert", "stores.anchors[2].cert", "PEPPOL_ACCESS_POINT_CA-G3.pem"):
        assert path in str(caught.value)
    assert ("certificate_dir" in str(caught.value)) == (folder is None)


@pytest.mark.parametrize(
    ("trust", "message"),
    [
        ({"model": "peppol-g9"}, "there is no model peppol-g9"),
        ({"model": ["peppol-g3"]}, r"trust\.model: a text is wanted"),
        ({"model_file": "missing.yaml"}, r"missing\.yaml can't be read"),
        ({"model": "peppol-g3", "model_file": "ours.yaml"}, "two trust models"),
        ({"model_file": "ours.yaml", "certificate_dir": "."}, r"trust\.certificate_dir is for trust\.model"),
        ({"model_fil": "ours.yaml"}, r"trust\.model_fil: unknown"),
        ({"configuration": ["x"]}, r"trust\.configuration: a section is wanted"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_model_that_cannot_be_had_is_refused(trust: dict[str, object], message: str, model: Path) -> None:
    with pytest.raises(ConfigurationError, match=message):
        load_domain("demo", {"trust": trust}, base_dir=model.parent)


@pytest.mark.parametrize("content", ["", "a: [", "kind: TrustConfiguration\n", "\x00", "{"])
def test_a_file_that_is_no_model_is_refused_with_its_name(content: str, tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text(content)
    with pytest.raises(ConfigurationError, match=r"ours\.yaml can't be used"):
        load_domain("demo", {"trust": {"model_file": "ours.yaml"}}, base_dir=tmp_path)


@pytest.mark.parametrize("key", ["anchors", "pins", "subject_patterns", "key_usage"])
def test_a_model_and_the_short_form_exclude_each_other(key: str, pki: DemoPki) -> None:
    values = {
        "anchors": [certificates_pem(pki.root.certificate).decode()],
        "pins": ["0" * 64],
        "subject_patterns": ["x"],
        "key_usage": ["crl_sign"],
    }
    settings = {"trust": {"configuration": peppol_like(pki), "smp-sign": {key: values[key]}}}
    with pytest.raises(ConfigurationError, match=r"trust\.smp-sign: the trust model says already who is accepted"):
        load_domain("demo", settings)


def test_a_model_takes_the_place_of_what_the_profile_says_but_for_what_is_done_about_a_no(pki: DemoPki) -> None:
    demo = load_domain("demo", {"trust": {"configuration": peppol_like(pki)}})
    assert demo.trust.advisory == load_domain("demo").trust.advisory != frozenset()
    peppol = load_domain("peppol", {"trust": {"configuration": peppol_like(pki)}})
    assert not any(role.subject_patterns for role in peppol.trust.roles.values())
    policy = load_domain(
        "peppol", {"trust": {"configuration": peppol_like(pki), "ap-encrypt": {"on_untrusted": "warn"}}}
    )
    assert policy.trust.advisory == {"ap-encrypt"}


def test_a_model_laid_over_settings_replaces_them_and_without_it_they_come_back(pki: DemoPki) -> None:
    anchors = [certificates_pem(pki.root.certificate).decode()]
    below: dict[str, Any] = {"trust": {"smp-sign": {"anchors": anchors, "on_untrusted": "warn"}}, "title": "x"}
    over = lay_over(below, {"trust": {"configuration": peppol_like(pki)}})
    assert over == {
        "trust": {"smp-sign": {"on_untrusted": "warn"}, "configuration": peppol_like(pki)},
        "title": "x",
    }
    without = lay_over(over, {"trust": {"configuration": None}})
    assert load_domain("peppol", without).trust.role("ap-encrypt").subject_patterns
    assert load_domain("peppol", without).trust.configuration is None


def test_another_model_replaces_the_whole_of_the_last_one(pki: DemoPki) -> None:
    first = {"trust": {"configuration": peppol_like(pki)}}
    second = peppol_like(pki, access_points="root")
    del second["roles"]["sml-client"]
    assert lay_over(first, {"trust": {"configuration": second}})["trust"] == {"configuration": second}


def test_which_roles_trust_nobody_is_known_of_a_model_too(domain: Domain) -> None:
    assert not domain.trust.trusts_nobody("ap-encrypt")
    assert domain.trust.trusts_nobody("tls-server")
    assert load_domain("peppol").trust.trusts_nobody("ap-encrypt")


def test_a_shown_domain_with_a_model_can_be_read_again(domain: Domain) -> None:
    shown = yaml.safe_load(yaml.safe_dump(domain_to_mapping(domain)))
    again = Domain.from_mapping(shown)
    assert again == domain
    assert TrustModel.for_domain(again).address == TrustModel.for_domain(domain).address


def test_a_change_of_the_model_is_one_difference(pki: DemoPki, domain: Domain) -> None:
    other = load_domain("peppol", {"trust": {"configuration": peppol_like(pki, access_points="root")}})
    (found,) = differences(domain, other)
    assert found.setting == "trust.configuration"
    assert str(found.before).startswith("by-ap-ca (")
    assert str(found.after).startswith("by-root (")


def test_what_stands_around_certificates_in_a_file_is_not_kept(pki: DemoPki, tmp_path: Path) -> None:
    """It may be a private key."""
    certificate = certificates_pem(pki.root.certificate).decode()
    (tmp_path / "ca.pem").write_text(f"subject: root\n{certificate}-----BEGIN SOMETHING-----\nAAAA\n")
    taken = take_in_files(
        {"trust": {"ap-sign": {"anchor_files": ["ca.pem"], "anchors": [f"x {certificate}"]}}}, tmp_path
    )
    assert taken == {"trust": {"ap-sign": {"anchors": [certificate, certificate]}}}


@pytest.mark.parametrize("name", profile_names())
def test_every_profile_has_a_trust_configuration_that_the_engine_takes(name: str) -> None:
    assert TrustModel.for_domain(load_domain(name)).configuration.id == "domain-settings"
