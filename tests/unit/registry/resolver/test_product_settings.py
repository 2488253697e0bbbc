# SPDX-License-Identifier: Apache-2.0
"""The settings of each product name this domain's zone and trust stores, and say what isn't known."""

import base64
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from lxml import etree

from registry.demo.pki import DemoPki, certificates_pem
from registry.domains.loader import load_domain
from registry.errors import ConfigurationError
from registry.resolver.product_settings import PASSWORD, PRODUCTS, product_settings, trust_stores
from tests.simulators.authorities import Authority
from tests.simulators.domain_trust import peppol_like
from tests.simulators.network import Network
from tests.simulators.trust_models import path_to, rule

ZONE = "sml.test"


def values(product: str, domain: Any = None) -> dict[str, str]:
    """The keys that are set."""
    text = product_settings(product, domain or Network().domain, "/etc/ap").text
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return {key.strip(): value.strip().strip('"') for key, _, value in (line.partition("=") for line in lines)}


@pytest.mark.parametrize("product", ["domibus", "harmony"])
def test_domibus_looks_in_our_zone_and_asks_for_naptr_only(product: str) -> None:
    found = values(product)
    assert found["domibus.dynamicdiscovery.useDynamicDiscovery"] == "true"
    assert found["domibus.smlzone"] == ZONE
    assert found["domibus.dynamicdiscovery.client.specification"] == "PEPPOL"
    assert found["domibus.dynamicdiscovery.client.dns.lookup.types"] == "NAPTR"


def test_domibus_speaks_oasis_where_the_domain_is_no_busdox() -> None:
    domain = Network().configure({"smp": {"dialects": ["bdxr1"]}})
    found = values("domibus", domain)
    assert found["domibus.dynamicdiscovery.client.specification"] == "OASIS"
    assert "domibus.dynamicdiscovery.peppolclient.mode" not in found


def test_oxalis_uses_the_naptr_locator_whatever_its_mode() -> None:
    found = values("oxalis-ng")
    assert found["lookup.locator.class"].endswith(".BdxlLocator")
    assert found["lookup.locator.hostname"] == ZONE
    assert found["security.pki"] == "/pki/registry-pki.xml"


def test_the_recipe_for_oxalis_keeps_smps_and_access_points_apart(pki: DemoPki) -> None:
    smp, ap, between = (each.certificate for each in (pki.root, pki.ap_ca, pki.smp_ca))
    texts = {each: certificates_pem(each).decode() for each in (smp, ap, between)}
    roles = {
        "smp-sign": {"anchors": [texts[smp]], "intermediates": [texts[between]]},
        "ap-encrypt": {"anchors": [texts[ap]]},
    }
    settings = product_settings("oxalis-ng", Network().configure({"trust": roles}))
    root = etree.fromstring(settings.stores["registry-pki.xml"])
    space = "{http://difi.no/xsd/certvalidator/1.0}"
    buckets = {
        bucket.get("name"): [base64.b64decode(one.text or "") for one in bucket]
        for bucket in root.iter(f"{space}CertificateBucket")
    }
    der = {one: one.public_bytes(Encoding.DER) for one in (smp, ap, between)}
    assert buckets == {
        "root": [der[smp], der[ap]],
        "intermediate": [der[between]],
        "rootSMP": [der[smp]],
        "intermediateSMP": [der[between]],
        "rootAP": [der[ap]],
        "intermediateAP": [],
    }
    assert [one.get("name") for one in root.iter(f"{space}Validator")] == [None, "SMP", "AP"]


def test_phase4_gets_the_trust_store_of_smps() -> None:
    found = values("phase4")
    assert found["smpclient.truststore.type"] == "PKCS12"
    assert found["smpclient.truststore.path"] == "/etc/ap/smp-truststore.p12"
    assert f"#   {ZONE}." in product_settings("phase4", Network().domain).text


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_domain_without_anchors_says_so_and_has_no_stores(product: str) -> None:
    settings = product_settings(product, load_domain("peppol-test"))
    assert settings.stores == {}
    assert "the domain has no anchors" in settings.text
    assert not re.search(r"^[^#]*(truststore.*p12|security.pki)", settings.text, re.MULTILINE)


def test_the_stores_hold_the_anchors_of_their_roles() -> None:
    network = Network()
    smp, ap = Authority("For SMPs"), Authority("For access points")
    domain = network.configure(
        {"trust": {"smp-sign": {"anchors": [smp.pem, smp.pem]}, "ap-encrypt": {"anchors": [ap.pem]}}}
    )
    stores = trust_stores(domain)
    assert set(stores) == {f"{name}.{form}" for name in ("smp-truststore", "ap-truststore") for form in ("p12", "pem")}
    assert stores["smp-truststore.pem"].decode() == smp.pem
    held = pkcs12.load_pkcs12(stores["ap-truststore.p12"], PASSWORD.encode())
    assert [one.certificate for one in held.additional_certs] == [ap.certificate]


def test_openssl_reads_the_stores(tool: Any, tmp_path: Path) -> None:
    path = tmp_path / "store.p12"
    path.write_bytes(trust_stores(Network().domain)["smp-truststore.p12"])
    reading = [tool.path("openssl"), "pkcs12", "-in", str(path), "-nokeys", "-passin", f"pass:{PASSWORD}"]
    result = subprocess.run(reading, capture_output=True, text=True, check=True)
    assert "Test Root" in result.stdout
    assert "PRIVATE KEY" not in result.stdout


def test_a_certificate_that_can_t_be_read_is_a_configuration_error() -> None:
    broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    domain = load_domain("demo", {"dns": {"zone": ZONE}, "trust": {"smp-sign": {"anchors": [broken]}}})
    with pytest.raises(ConfigurationError):
        trust_stores(domain)


def test_a_trust_model_gives_the_stores_and_the_subject_of_smps(pki: DemoPki) -> None:
    model = peppol_like(pki)
    names = {"subject": {"match": {"OU": "PEPPOL TEST SMP", "CN": "SMP_.*"}, "bind": {}}}
    model["roles"]["smp-sign"] = rule(path_to("smp-ca"), names)
    domain = load_domain("demo", {"dns": {"zone": ZONE}, "trust": {"configuration": model}})
    stores = trust_stores(domain)
    assert stores["smp-truststore.pem"] == certificates_pem(pki.smp_ca.certificate)
    assert stores["ap-truststore.pem"] == certificates_pem(pki.ap_ca.certificate)
    text = product_settings("domibus", domain).text
    (pattern,) = re.findall("regexCertificateSubjectValidation=(.*)", text)
    assert re.fullmatch(pattern, "C=BE,O=Demo,OU=PEPPOL TEST SMP,CN=SMP_DEMO000001")
    assert not re.fullmatch(pattern, "C=BE,O=Demo,OU=PEPPOL TEST AP,CN=SMP_DEMO000001")
