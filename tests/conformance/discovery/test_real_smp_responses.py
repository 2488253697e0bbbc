# SPDX-License-Identifier: Apache-2.0
"""Signed answers of real SMPs from before 2022 (Peppol SMP 1.2.0, 1.3.0), met by a client of today."""

from pathlib import Path

import pytest

from registry.discovery.errors import NotTrustedError
from registry.smp.documents.busdox import read
from tests.simulators.network import Network

SAMPLES = Path("smp", "samples", "vefa-peppol")


@pytest.mark.parametrize(
    "name", ["busdox-servicemetadata-9933-061828591.xml", "busdox-servicemetadata-redirect-0192-991825827.xml"]
)
def test_peppol_smp_1_4_0_signatures_of_former_versions_are_not_trusted(corpus: Path, name: str) -> None:
    body = (corpus / SAMPLES / name).read_bytes()
    parsed = read(body)
    assert parsed.document_type is not None
    network = Network()
    network.register(parsed.participant, network.smp.base_url)
    network.replace(network.smp.metadata_url(parsed.participant, parsed.document_type), body)
    with pytest.raises(NotTrustedError) as caught:
        network.client().resolve(parsed.participant, parsed.document_type)
    assert caught.value.reason_id == "signature-algorithm"


def test_bdxl_service_group_of_a_real_smp_is_read_for_the_document_types(corpus: Path) -> None:
    body = (corpus / SAMPLES / "busdox-servicegroup-9915-setcce-test.xml").read_bytes()
    group = read(body).service_group
    assert group is not None
    network = Network()
    network.register(group.participant, network.smp.base_url)
    network.replace(network.smp.group_url(group.participant), body)
    wanted = min(group.document_types)
    network.smp.publish(network.metadata(participant=group.participant, document_type=wanted))
    resolution = network.client().resolve(group.participant)
    assert resolution.service_group == group
    assert resolution.metadata.document_type == wanted
