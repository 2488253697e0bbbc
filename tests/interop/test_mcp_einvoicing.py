# SPDX-License-Identifier: Apache-2.0
"""mcp-einvoicing-core, a client that we did not write, finds a participant and verifies what it is told.

It asks our resolver over HTTPS, our SMP over HTTPS, checks the signature and builds the chain of the signer
(interop.md §1b).
"""

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from cryptography import x509

from registry.demo.content import BILLING, INVOICE, ORDER, PARTICIPANTS, demo_metadata
from registry.demo.pki import DemoPki, certificates_pem, new_root
from registry.identifiers.url_form import service_path
from tests.simulators.live import ACTOR, LiveInstance, live_instance
from tests.simulators.live_resolver import live_resolver

SCRIPT = Path(__file__).with_name("mcp_einvoicing_lookup.py")
PARTICIPANT = PARTICIPANTS[0][0]
Answers = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[LiveInstance]:
    """An instance that publishes the demonstration's participants over HTTPS."""
    folder = tmp_path_factory.mktemp("https")
    files = pki.write(folder / "tls")
    with live_instance(folder, pki, public_tls_cert=files.tls_certificate, public_tls_key=files.tls_key) as live:
        for metadata in demo_metadata(pki.access_points):
            live.instance.publishing.put_service_metadata(ACTOR, live.stored, metadata, create_group=True)
        live.wait_for_dns()
        yield live


@pytest.fixture(scope="module")
def resolver(network: LiveInstance) -> Iterator[str]:
    """The address of DNS over HTTPS."""
    files = network.files
    with live_resolver(network, resolver_tls_cert=files.tls_certificate, resolver_tls_key=files.tls_key) as url:
        yield f"{url}/dns-query"


@pytest.fixture(scope="module")
def document(network: LiveInstance) -> bytes:
    """What the SMP serves over HTTPS."""
    answer = httpx2.get(network.addresses.public + service_path(PARTICIPANT, INVOICE), verify=network.client_context())
    assert answer.status_code == 200
    return answer.content


@pytest.fixture(scope="module")
def answers(
    network: LiveInstance, resolver: str, document: bytes, tool: Any, tmp_path_factory: pytest.TempPathFactory
) -> Answers:
    """What the client finds; one process answers all questions."""
    folder = tmp_path_factory.mktemp("client")
    altered = document.replace(b"ap1.demo.example", b"ap6.demo.example")
    assert altered != document
    (folder / "served.xml").write_bytes(document)
    (folder / "altered.xml").write_bytes(altered)
    ours = folder / "ours"
    others = folder / "others"
    for trusted, authorities in (
        (ours, (network.pki.root.certificate, network.pki.smp_ca.certificate)),
        (others, (new_root(datetime.now(UTC)).certificate,)),
    ):
        (trusted / "test").mkdir(parents=True)
        (trusted / "test" / "authorities.pem").write_bytes(certificates_pem(*authorities))
    invoice, order = str(INVOICE), str(ORDER)
    questions = {
        "registered": {"participant": PARTICIPANT.value, "document_type": invoice},
        "other spelling": {"participant": "9915:TEST-hospital", "document_type": order},
        "not registered": {"participant": "0088:0000000000000", "document_type": invoice},
        "not received": {"participant": PARTICIPANTS[1][0].value, "document_type": order},
        "other authority": {"participant": PARTICIPANT.value, "document_type": invoice, "trusted": str(others)},
        "served": {"document": str(folder / "served.xml"), "document_type": invoice},
        "altered": {"document": str(folder / "altered.xml"), "document_type": invoice},
    }
    environment = os.environ | {
        "SSL_CERT_FILE": str(network.files.root),
        "EINVOICING_SMP_ALLOWLIST": urlsplit(network.addresses.public).netloc,
        "NO_PROXY": "*",
    }
    done = subprocess.run(
        [tool.interop_python(), str(SCRIPT), resolver, network.stored.domain.dns.zone],
        input="".join(json.dumps({"trusted": str(ours)} | question) + "\n" for question in questions.values()),
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(questions, map(json.loads, done.stdout.splitlines()), strict=True))


def test_mcp_finds_the_endpoint_and_accepts_signature_and_chain(answers: Answers, network: LiveInstance) -> None:
    found = answers["registered"]
    assert found["transport_profile"] == "peppol-transport-as4-v2_0"
    assert found["endpoint_url"] == "https://ap1.demo.example/as4"
    assert found["process_id"] == BILLING
    certificate = x509.load_der_x509_certificate(base64.b64decode(found["certificate"]))
    assert certificate == network.pki.access_points[0].certificate
    signature = found["signature_verification"]
    assert (signature["signature_valid"], signature["error"]) == (True, None)
    assert (signature["chain"]["trust_anchors_configured"], signature["chain"]["valid"]) == (True, True)


def test_mcp_finds_a_participant_in_any_spelling(answers: Answers) -> None:
    found = answers["other spelling"]
    assert found["endpoint_url"] == "https://ap1.demo.example/as4"
    assert found["signature_verification"]["signature_valid"] is True


def test_mcp_refuses_what_it_would_have_accepted_but_for_a_change(answers: Answers) -> None:
    assert answers["served"]["signature_verification"]["signature_valid"] is True
    refusal = {"signature_valid": False, "error": "Reference digest mismatch."}
    assert answers["altered"]["signature_verification"] == refusal


def test_mcp_refuses_a_signer_of_another_authority(answers: Answers) -> None:
    signature = answers["other authority"]["signature_verification"]
    assert (signature["signature_valid"], signature["chain"]["status"]) == (True, "invalid")


def test_mcp_sees_that_a_participant_is_not_registered(answers: Answers) -> None:
    found = answers["not registered"]
    assert "error" not in found
    assert found["endpoint_url"] is None


def test_mcp_sees_that_a_document_type_is_not_received(answers: Answers) -> None:
    assert answers["not received"]["error"] == 404
