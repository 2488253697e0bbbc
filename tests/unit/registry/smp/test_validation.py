# SPDX-License-Identifier: Apache-2.0
"""What a domain asks of redirects and of endpoints' addresses."""

from dataclasses import replace
from pathlib import Path

import pytest

from registry.demo.content import demo_metadata
from registry.demo.pki import DemoPki
from registry.metadata import ProcessMetadata, Redirect, ServiceMetadata
from registry.smp.validation import check_metadata
from tests.simulators.offline import OfflineInstance, offline_instance


def reasons(offline: OfflineInstance, metadata: ServiceMetadata) -> set[str]:
    domain = offline.stored.domain
    refused, _ = check_metadata(metadata, domain, offline.instance.trust_models.of(domain), offline.clock())
    return {reason.id for reason in refused}


def redirected(metadata: ServiceMetadata, href: str) -> ServiceMetadata:
    return replace(metadata, process_metadata=(ProcessMetadata(redirect=Redirect(href, "CN=x")),))


@pytest.mark.parametrize(
    "href", ["http://other.example.org/x/services/y", "https://other.example.org:8443/x", "https://192.0.2.1/x"]
)
def test_redirect_leads_to_port_443_where_the_domain_says_so(tmp_path: Path, pki: DemoPki, href: str) -> None:
    metadata = demo_metadata(pki.access_points)[0]
    smp = {"base_url": "https://smp.example.org", "smp_id": "SMP-TEST"}
    with offline_instance(tmp_path / "any", pki, smp={**smp, "https_443_only": False}) as anywhere:
        assert reasons(anywhere, redirected(metadata, href)) == set()
    with offline_instance(tmp_path / "strict", pki, smp={**smp, "https_443_only": True}) as strict:
        assert reasons(strict, redirected(metadata, href)) == {"SMP-HTTPS-443"}
        assert reasons(strict, redirected(metadata, "https://other.example.org/x/services/y")) == set()


def test_rule_of_port_443_is_for_smps_and_not_for_endpoints(tmp_path: Path, pki: DemoPki) -> None:
    smp = {"base_url": "https://smp.example.org", "smp_id": "SMP-TEST", "https_443_only": True}
    with offline_instance(tmp_path, pki, smp=smp) as strict:
        metadata = demo_metadata(pki.access_points)[0]
        (group,) = metadata.process_metadata
        endpoint = replace(group.endpoints[0], address="http://192.0.2.1:8080/as4")
        assert reasons(strict, replace(metadata, process_metadata=(replace(group, endpoints=(endpoint,)),))) == set()
