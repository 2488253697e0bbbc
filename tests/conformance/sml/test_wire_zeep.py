# SPDX-License-Identifier: Apache-2.0
"""A SOAP client that we did not write calls every operation, by both genuine WSDL sets and by ours.

ICD 1.30 §3; the scenario is in tests/interop/sml_zeep_calls.py. The client takes faults as typed only if status,
envelope and detail are as SOAP 1.1 and the WSDL want them.
"""

import json
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from registry.sml.soap import SmlSoapApp
from registry.sml.wsdl import MANAGE_PARTICIPANT_IDENTIFIER, MANAGE_SERVICE_METADATA
from tests.simulators.sml_operations import BROKEN_SMP, InMemoryLocator, caller_by_header, serving

SCRIPT = Path(__file__).resolve().parents[2] / "interop" / "sml_zeep_calls.py"
SMP = "SMP-ZEEP-1"
FIRST = "0088:5798000000001"

REFUSALS = {
    "delete unknown publisher": ("NotFoundFault", f"[ERR-100] The SMP '{SMP}' doesn't exist"),
    "create publisher twice": ("BadRequestFault", f"[ERR-106] The SMP '{SMP}' already exists"),
    "create participant twice": (
        "BadRequestFault",
        f"[ERR-106] The participant identifier '{FIRST}' with scheme: 'iso6523-actorid-upis' already exist",
    ),
    "create too long list": ("BadRequestFault", "[ERR-106] "),
    "delete during migration": ("BadRequestFault", "[ERR-114] "),
    "migrate with wrong key": ("NotFoundFault", "[ERR-111] "),
    "migrate twice": ("NotFoundFault", "[ERR-111] "),
    "delete what was given away": ("UnauthorizedFault", "[ERR-101] "),
    "delete list twice": (
        "NotFoundFault",
        "[ERR-110] At least one of the participants doesn't exist in the list",
    ),
    "probe": ("InternalErrorFault", "[ERR-105] technical error"),
    "delete publisher twice": ("NotFoundFault", f"[ERR-100] The SMP '{SMP}' doesn't exist"),
}


@pytest.fixture(scope="module", params=["wsdl-icd-1.30", "wsdl-peppol-commons", "served by us"])
def lines(request: pytest.FixtureRequest, corpus: Path, tool: Any) -> list[dict[str, Any]]:
    """What zeep saw, call by call."""
    python = tool.interop_python()

    def make_app(url: str) -> SmlSoapApp:
        return SmlSoapApp(InMemoryLocator(page_size=2), public_url=f"{url}/edelivery-sml", caller_of=caller_by_header)

    with serving(make_app) as url:
        options = ["--header", "X-Test-Caller: one", "--other-header", "X-Test-Caller: other"]
        if request.param.startswith("wsdl-"):
            options += ["--wsdl", str(corpus / "sml" / request.param)]
        done = subprocess.run(
            [python, str(SCRIPT), f"{url}/edelivery-sml", "--smp-id", SMP, "--probe", BROKEN_SMP, *options],
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_icd_3_foreign_client_reaches_every_operation(lines: list[dict[str, Any]]) -> None:
    managed = (MANAGE_SERVICE_METADATA, MANAGE_PARTICIPANT_IDENTIFIER)
    ours = {operation.name for service in managed for operation in service.operations}
    assert {line["operation"] for line in lines} == ours
    succeeded = {line["operation"] for line in lines if line["fault"] is None}
    assert succeeded == ours


def test_icd_3_foreign_client_sees_each_refusal_as_the_typed_fault(lines: list[dict[str, Any]]) -> None:
    refused = {line["step"]: line for line in lines if line["fault"] is not None}
    assert refused.keys() == REFUSALS.keys()
    for step, (fault, text) in REFUSALS.items():
        line = refused[step]
        assert (line["fault"], line["declared"], line["status"]) == (fault, True, 500), step
        assert line["text"].startswith(text), step
        assert line["message"].startswith(text), step
        assert line["text"].startswith(line["message"] + " ["), step


def test_icd_3_foreign_client_reads_what_it_wrote(lines: list[dict[str, Any]]) -> None:
    results = defaultdict(list)
    for line in lines:
        results[line["step"]].append(line["result"])
    endpoint = {"LogicalAddress": "https://smp.example.org/", "PhysicalAddress": "192.0.2.1"}
    moved = {**endpoint, "LogicalAddress": "https://smp.example.org/moved/"}
    assert results["read publisher"] == [{"PublisherEndpoint": endpoint, "ServiceMetadataPublisherID": SMP}]
    assert results["read updated publisher"] == [{"PublisherEndpoint": moved, "ServiceMetadataPublisherID": SMP}]
    listed = [[participant["_value_1"] for participant in page["ParticipantIdentifier"]] for page in results["list"]]
    assert listed == [[f"0088:579800000000{n}" for n in pair] for pair in ((1, 2), (3, 4), (5, 6))]
    assert [page["NextPageIdentifier"] for page in results["list"]] == ["2", "3", None]
    assert len(results["list what is left"][0]["ParticipantIdentifier"]) == 1
