# SPDX-License-Identifier: Apache-2.0
"""zeep, loaded from the genuine WSDLs, drives every operation of a running SML over mutual TLS.

The scenario is in sml_zeep_calls.py. Two SMPs take part, each with a certificate of its own; the SML decides by that
certificate alone. Fault texts are those that existing SMPs parse (sml.md §1.2).
"""

import json
import subprocess
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from registry.dns.journal import zone_content
from registry.sml.model import Caller, Publisher
from tests.interop.identities import write_identity
from tests.simulators.live import LiveInstance

SCRIPT = Path(__file__).with_name("sml_zeep_calls.py")
OPERATIONS = {
    *("Create", "Read", "Update", "Delete"),
    *("CreateList", "DeleteList", "List", "PrepareToMigrate", "Migrate"),
}
BROKEN = "SMP-BROKEN"
SCHEME = "iso6523-actorid-upis"
WSDL_SETS = ("wsdl-icd-1.30", "wsdl-peppol-commons", "served by us")


@dataclass(frozen=True, slots=True)
class Run:
    """A run of the scenario: the first publisher, how its participants begin, and what zeep saw, call by call."""

    smp_id: str
    prefix: str
    lines: list[dict[str, Any]]


@pytest.fixture(scope="module")
def other_smp(shared_live: LiveInstance, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The identity of a second SMP."""
    return write_identity(tmp_path_factory.mktemp("smp"), shared_live.pki.smp_ca, "SMP_OTHER00001")


@pytest.fixture(scope="module", params=enumerate(WSDL_SETS), ids=lambda item: item[1])
def run(request: pytest.FixtureRequest, shared_live: LiveInstance, other_smp: Path, corpus: Path, tool: Any) -> Run:
    """One run of the scenario. Reading the publisher SMP-BROKEN fails in a way that nobody foresaw."""
    number, wsdl_set = request.param
    smp_id, prefix = f"SMP-ZEEP-{number}", f"0088:{number}000"
    sml = shared_live.instance.sml
    read_publisher: Callable[[Caller, str], Publisher] = sml.read_publisher

    def read_or_break(caller: Caller, asked: str) -> Publisher:
        if asked == BROKEN:
            raise RuntimeError("a secret detail")
        return read_publisher(caller, asked)

    one, ca = str(shared_live.files.smp), str(shared_live.files.root)
    wsdl = ["--wsdl", str(corpus / "sml" / wsdl_set)] if wsdl_set.startswith("wsdl-") else []
    command = [
        *(tool.interop_python(), str(SCRIPT), f"{shared_live.addresses.sml}/edelivery-sml", *wsdl),
        *("--ca", ca, "--cert", one, "--key", one, "--other-cert", str(other_smp), "--other-key", str(other_smp)),
        *("--smp-id", smp_id, "--participant-prefix", prefix, "--probe", BROKEN),
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sml, "read_publisher", read_or_break)
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return Run(smp_id, prefix, [json.loads(line) for line in done.stdout.splitlines()])


def test_zeep_performs_every_operation(run: Run) -> None:
    assert {line["operation"] for line in run.lines} == OPERATIONS
    assert {line["operation"] for line in run.lines if line["fault"] is None} == OPERATIONS


def test_zeep_sees_each_refusal_as_the_typed_fault(run: Run) -> None:
    no_smp = f"[ERR-100] The SMP '{run.smp_id}' doesn't exist"
    expected = {
        "delete unknown publisher": ("NotFoundFault", no_smp),
        "create publisher twice": ("BadRequestFault", f"[ERR-106] The SMP '{run.smp_id}' already exists"),
        "create participant twice": (
            "BadRequestFault",
            f"[ERR-106] The participant identifier '{run.prefix}00001' with scheme: '{SCHEME}' already exist",
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
        "delete publisher twice": ("NotFoundFault", no_smp),
    }
    refused = {line["step"]: line for line in run.lines if line["fault"] is not None}
    assert {step: line["fault"] for step, line in refused.items()} == {
        step: fault for step, (fault, _) in expected.items()
    }
    for step, (_, text) in expected.items():
        line = refused[step]
        assert (line["declared"], line["status"]) == (True, 500), step
        assert line["text"].startswith(text), step
        assert line["message"].startswith(text), step


def test_zeep_is_told_nothing_of_an_unforeseen_error(run: Run) -> None:
    (probe,) = (line for line in run.lines if line["step"] == "probe")
    assert "secret" not in json.dumps(probe)


def test_zeep_reads_what_it_wrote(run: Run) -> None:
    results = defaultdict(list)
    for line in run.lines:
        results[line["step"]].append(line["result"])
    endpoint = {"LogicalAddress": "https://smp.example.org/", "PhysicalAddress": "192.0.2.1"}
    moved = {**endpoint, "LogicalAddress": "https://smp.example.org/moved/"}
    assert results["read publisher"] == [{"PublisherEndpoint": endpoint, "ServiceMetadataPublisherID": run.smp_id}]
    assert results["read updated publisher"] == [{"PublisherEndpoint": moved, "ServiceMetadataPublisherID": run.smp_id}]
    listed = [participant["_value_1"] for page in results["list"] for participant in page["ParticipantIdentifier"]]
    assert listed == [f"{run.prefix}0000{number}" for number in range(1, 7)]
    left = [item["_value_1"] for page in results["list what is left"] for item in page["ParticipantIdentifier"]]
    assert left == [f"{run.prefix}00006"]


def test_zeep_leaves_nothing_behind_in_the_zone(run: Run, shared_live: LiveInstance) -> None:
    assert run.lines
    shared_live.wait_for_dns()
    with zone_content(shared_live.instance.database, "sml.test") as content:
        owners = [owner for owner, *_ in content.records]
    assert owners
    assert not [owner for owner in owners if owner.startswith(run.smp_id.lower()) or SCHEME in owner]
