# SPDX-License-Identifier: Apache-2.0
"""The shipped models hold on the certificates that they name, and say of themselves what there is to know."""

from pathlib import Path

import pytest

from trust_lists.certificates.path_extensions import path_extensions
from trust_lists.errors import ConfigurationError
from trust_lists.evaluation.trust_configuration import Role, read_configuration
from trust_lists.evaluation.trust_configuration.model import EndpointCertificate, Pinned
from trust_lists.evaluation.trust_configuration.shipped import shipped_model, shipped_names

REAL = {
    "de4a": "real_anchors/de4a",
    "hr-eracun": "real_anchors/hr-fina",
    "peppol-g2": "real_anchors/peppol-g2",
    "peppol-g3": "real_anchors/peppol-g3",
    "us-fpki-bridge": "fpki_real",
}


def test_there_is_a_model_for_each_way_to_establish_trust() -> None:
    models = {read_configuration(shipped_model(name)).configuration.model for name in shipped_names()}
    assert models == {
        *("mutual-exchange", "dedicated-domain-pki", "shared-domain-pki", "ca-whitelist", "eu-trusted-lists"),
        *(
            "domain-trusted-list",
            "bridge",
            "saml-metadata",
            "openid-federation",
            "eudi-lote",
            "trust-on-metadata",
            "web-pki",
        ),
    }


@pytest.mark.parametrize("name", shipped_names())
def test_models_are_named_after_their_files_and_give_no_reason_to_warn(name: str) -> None:
    reading = read_configuration(shipped_model(name))
    assert reading.configuration.id == name
    assert reading.configuration.description
    assert reading.warnings == ()
    assert all(each.file for each in reading.configuration.certificates())


@pytest.mark.parametrize("name", REAL)
def test_the_real_certificates_are_those_that_the_model_names(name: str, corpus: Path) -> None:
    folder = corpus / "trust_models" / REAL[name]
    reading = read_configuration(shipped_model(name), lambda file: (folder / file).read_bytes())
    assert reading.configuration.certificates()
    assert all(each.certificate for each in reading.configuration.certificates())
    assert reading.warnings == ()


def test_g3_is_held_to_the_path_length_of_g2(corpus: Path) -> None:
    folder = corpus / "trust_models" / REAL["peppol-g3"]
    found = read_configuration(shipped_model("peppol-g3"), lambda file: (folder / file).read_bytes()).configuration
    for anchor in found.stores.anchors:
        assert anchor.cert.certificate is not None
        assert path_extensions(anchor.cert.certificate.der).path_length == 1
        assert anchor.controls.path_len == 0


def test_both_generations_together_trust_whom_each_trusts() -> None:
    g2, g3, both = (
        {each.cert.sha256 for each in read_configuration(shipped_model(name)).configuration.stores.anchors}
        for name in ("peppol-g2", "peppol-g3", "peppol-g2-g3")
    )
    assert both == g2 | g3


def test_in_mutual_exchange_pins_alone_count() -> None:
    found = read_configuration(shipped_model("mutual-exchange")).configuration
    assert found.stores.anchors == ()
    assert {each.party for each in found.stores.pins} == {"AT", "DE"}
    rule = found.rule(Role.AP_SIGN)
    assert rule is not None
    assert rule.accept == Pinned(None)


def test_smp_documents_are_hints_unless_somebody_says_otherwise() -> None:
    for name in shipped_names():
        metadata = read_configuration(shipped_model(name)).configuration.roles.smp_metadata
        assert metadata is None or metadata.endpoint_certificate is EndpointCertificate.HINT


def test_an_unknown_model_names_those_that_there_are() -> None:
    with pytest.raises(ConfigurationError, match="there is no model peppol; there are de4a, "):
        shipped_model("peppol")
