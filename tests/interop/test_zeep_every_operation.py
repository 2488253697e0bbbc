# SPDX-License-Identifier: Apache-2.0
"""zeep, loaded from the genuine WSDLs, drives the fifteen operations for SMPs: success, each fault, who may do what.

ICD 1.30 §3; sml.md §1.1. The nineteen of administrators are in test_zeep_every_admin_operation.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from registry.demo.pki import DemoPki
from registry.sml.wsdl import SERVICES, Service
from tests.interop.sml_network import (
    BDMSL,
    IDENTIFIER,
    METADATA,
    NO_SMP,
    URL,
    Make,
    Network,
    about,
    expect,
    next_certificate,
    otherwise,
    participant,
    publisher,
    running_network,
)

pytestmark = pytest.mark.database
KEY = "11AAbb$$11AAbb$$"


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki, corpus: Path, tool: Any) -> Iterator[Network]:
    wsdl = corpus / "sml" / "wsdl-icd-1.30"
    with running_network(tmp_path_factory.mktemp("network"), pki, wsdl, tool.interop_python()) as running:
        yield running


@dataclass(frozen=True, slots=True)
class Case:
    """How one operation succeeds, and how it fails."""

    service: Service
    operation: str
    succeeds: Make
    bad: tuple[Make, str] | None
    missing: tuple[Make, str] | None
    about_other: bool = True
    """Whether it names an SMP that is somebody else's for all but its owner."""


def new_publisher(network: Network) -> dict[str, Any]:
    return publisher(network.fresh("SMP-ZEEP-"))


def deletable(network: Network) -> dict[str, Any]:
    fields = new_publisher(network)
    assert network.call(METADATA, "Create", "owner", **fields).fault is None
    return {"_value_1": fields["ServiceMetadataPublisherID"]}


def new_participant(network: Network) -> dict[str, Any]:
    return about("SMP-OWN", network.fresh("0088:zeep"))


def held(network: Network) -> dict[str, Any]:
    fields = new_participant(network)
    assert network.call(IDENTIFIER, "Create", "owner", **fields).fault is None
    return fields


def held_list(network: Network) -> dict[str, Any]:
    fields = held(network)
    return {**fields, "ParticipantIdentifier": [fields["ParticipantIdentifier"]]}


def new_list(network: Network) -> dict[str, Any]:
    names = [participant(network.fresh("0088:list")) for _ in range(3)]
    return {"ParticipantIdentifier": names, "ServiceMetadataPublisherID": "SMP-OWN"}


def preparable(network: Network) -> dict[str, Any]:
    return {**held(network), "MigrationKey": KEY}


def migratable(network: Network) -> dict[str, Any]:
    value = network.fresh("0088:moves")
    assert network.call(IDENTIFIER, "Create", "other SMP", **about("SMP-OTHER", value)).fault is None
    prepared = network.call(IDENTIFIER, "PrepareToMigrate", "other SMP", **about("SMP-OTHER", value, MigrationKey=KEY))
    assert prepared.fault is None, prepared
    return about("SMP-OWN", value, MigrationKey=KEY)


def with_service(network: Network, service: str = "Meta:CPPA", smp_id: str = "SMP-OWN") -> dict[str, Any]:
    creation = {**new_participant(network), "ServiceMetadataPublisherID": smp_id}
    return {"CreateParticipantIdentifier": creation, "serviceName": service}


def long_list(network: Network) -> dict[str, Any]:
    names = [participant(f"0088:long{number}") for number in range(101)]
    return {"ParticipantIdentifier": names, "ServiceMetadataPublisherID": "SMP-OWN"}


NO_PARTICIPANT = "[ERR-110] At least one of the participants doesn't exist in the list"
CASES = [
    Case(
        METADATA,
        "Create",
        new_publisher,
        (lambda _: publisher("SMP-OWN"), "[ERR-106] The SMP 'SMP-OWN' already exists"),
        None,
        about_other=False,
    ),
    Case(
        METADATA,
        "Read",
        lambda _: publisher("SMP-OWN", ""),
        (lambda _: publisher("", ""), "[ERR-106] "),
        (lambda _: publisher("SMP-NONE", ""), NO_SMP),
    ),
    Case(
        METADATA,
        "Update",
        lambda network: publisher("SMP-OWN", f"{URL}{network.fresh('moved')}/"),
        (lambda _: publisher("SMP-OWN", "ftp://smp.example.org"), "[ERR-106] "),
        (lambda _: publisher("SMP-NONE"), NO_SMP),
    ),
    Case(
        METADATA,
        "Delete",
        deletable,
        (lambda _: {"_value_1": " "}, "[ERR-106] "),
        (lambda _: {"_value_1": "SMP-NONE"}, NO_SMP),
    ),
    Case(
        IDENTIFIER,
        "Create",
        new_participant,
        (held, "[ERR-106] The participant identifier '0088:zeep"),
        (otherwise(new_participant, ServiceMetadataPublisherID="SMP-NONE"), NO_SMP),
    ),
    Case(
        IDENTIFIER,
        "Delete",
        held,
        (otherwise(held, ParticipantIdentifier=participant("")), "[ERR-106] "),
        (new_participant, NO_PARTICIPANT),
    ),
    Case(
        IDENTIFIER,
        "CreateList",
        new_list,
        (long_list, "[ERR-106] "),
        (otherwise(new_list, ServiceMetadataPublisherID="SMP-NONE"), NO_SMP),
    ),
    Case(IDENTIFIER, "DeleteList", held_list, (long_list, "[ERR-106] "), (new_list, NO_PARTICIPANT)),
    Case(
        IDENTIFIER,
        "List",
        lambda _: {"ServiceMetadataPublisherID": "SMP-OWN"},
        (lambda _: {"ServiceMetadataPublisherID": "SMP-OWN", "NextPageIdentifier": "x"}, "[ERR-106] "),
        (lambda _: {"ServiceMetadataPublisherID": "SMP-NONE"}, NO_SMP),
    ),
    Case(
        IDENTIFIER,
        "PrepareToMigrate",
        preparable,
        (otherwise(preparable, MigrationKey="weak"), "[ERR-106] "),
        (otherwise(new_participant, MigrationKey=KEY), NO_PARTICIPANT),
    ),
    Case(
        IDENTIFIER,
        "Migrate",
        migratable,
        (otherwise(migratable, MigrationKey=" "), "[ERR-106] "),
        (otherwise(migratable, MigrationKey=KEY.swapcase()), "[ERR-111] "),
    ),
    Case(
        BDMSL,
        "CreateParticipantIdentifier",
        with_service,
        (lambda network: with_service(network, "https://smp.example.org"), "[ERR-106] The service 'https://"),
        (lambda network: with_service(network, smp_id="SMP-NONE"), NO_SMP),
    ),
    Case(
        BDMSL,
        "ExistsParticipantIdentifier",
        held,
        (otherwise(held, ServiceMetadataPublisherID=" "), "[ERR-106] "),
        (otherwise(held, ServiceMetadataPublisherID="SMP-NONE"), NO_SMP),
        about_other=False,
    ),
    Case(
        BDMSL,
        "PrepareChangeCertificate",
        next_certificate,
        (lambda network: next_certificate(network, days=0), "[ERR-106] "),
        None,
        about_other=False,
    ),
    Case(BDMSL, "IsAlive", lambda _: {}, None, None, about_other=False),
]


def each(chosen: list[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", chosen, ids=lambda case: f"{case.service.path}-{case.operation}")


cases = each(CASES)


def test_every_operation_for_smps_is_driven() -> None:
    driven = [(case.service.name, case.operation) for case in CASES]
    assert len(driven) == 15
    assert set(driven) == {(service.name, operation.name) for service in SERVICES for operation in service.operations}


@cases
def test_owner_succeeds(network: Network, case: Case) -> None:
    seen = network.call(case.service, case.operation, "owner", **case.succeeds(network))
    assert (seen.fault, seen.status) == (None, 200), seen


@each([case for case in CASES if case.operation != "ExistsParticipantIdentifier"])
def test_owner_succeeds_by_the_older_wsdls(network: Network, corpus: Path, case: Case) -> None:
    """Those of peppol-commons, which don't know whether a participant exists."""
    wsdl = str(corpus / "sml" / "wsdl-peppol-commons" / f"{case.service.name}-1.0.wsdl")
    seen = network.call_by(wsdl, case.service, case.operation, "owner", **case.succeeds(network))
    assert (seen.fault, seen.status) == (None, 200), seen


@cases
def test_owner_succeeds_by_our_own_wsdls(network: Network, case: Case) -> None:
    wsdl = f"{network.url(case.service)}?wsdl"
    seen = network.call_by(wsdl, case.service, case.operation, "owner", **case.succeeds(network))
    assert (seen.fault, seen.status) == (None, 200), seen


@each([case for case in CASES if case.bad is not None])
def test_broken_rule_is_a_bad_request(network: Network, case: Case) -> None:
    assert case.bad is not None
    make, text = case.bad
    expect(network.call(case.service, case.operation, "owner", **make(network)), "BadRequestFault", text)


@each([case for case in CASES if case.missing is not None])
def test_what_is_missing_is_not_found(network: Network, case: Case) -> None:
    assert case.missing is not None
    make, text = case.missing
    expect(network.call(case.service, case.operation, "owner", **make(network)), "NotFoundFault", text)


@pytest.mark.parametrize("who", ["stranger", "nobody"])
@cases
def test_whom_no_domain_lets_in_is_unauthorized(network: Network, case: Case, who: str) -> None:
    seen = network.call(case.service, case.operation, who, **case.succeeds(network))
    assert (seen.fault, seen.status) == ("UnauthorizedFault", 500), seen
    assert seen.declared is (case.operation != "IsAlive"), "the WSDL declares no such fault for IsAlive"
    assert seen.text.startswith("[ERR-101] ")


@pytest.mark.parametrize("who", ["other SMP", "admin"])
@cases
def test_only_its_own_certificate_speaks_for_an_smp(network: Network, case: Case, who: str) -> None:
    """An administrator's certificate is one more SML client here: by itself it is nobody's."""
    asked = case.succeeds(network)
    seen = network.call(case.service, case.operation, who, **asked)
    if case.about_other or (case.operation == "PrepareChangeCertificate" and who == "admin"):
        expect(seen, "UnauthorizedFault", "[ERR-101] ")
    else:
        assert seen.fault is None, seen
    if case.service == METADATA and case.operation == "Create":  # nobody's it shall be for the other cases, too
        network.call(METADATA, "Delete", who, _value_1=asked["ServiceMetadataPublisherID"])


@cases
def test_unforeseen_error_is_an_internal_error_without_details(
    network: Network, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = case.succeeds(network)

    def fail(*_args: object) -> None:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr(network.live.instance.sml.calls, "authorize", fail)
    seen = network.call(case.service, case.operation, "owner", **fields)
    expect(seen, "InternalErrorFault", "[ERR-105] technical error")
    assert "secret" not in seen.text + seen.message


def test_certificate_change_is_for_owners_of_smps(network: Network) -> None:
    seen = network.call(BDMSL, "PrepareChangeCertificate", "domain admin", **next_certificate(network))
    expect(seen, "UnauthorizedFault", "[ERR-101] The certificate owns no SMP")


def test_exists_says_yes_and_no_of_any_smp(network: Network) -> None:
    fields = held(network)
    asked = {who: network.call(BDMSL, "ExistsParticipantIdentifier", who, **fields) for who in ("owner", "other SMP")}
    assert {who: seen.result["Exist"] for who, seen in asked.items()} == {"owner": True, "other SMP": True}
    elsewhere = {**fields, "ServiceMetadataPublisherID": "SMP-OTHER"}
    assert network.call(BDMSL, "ExistsParticipantIdentifier", "owner", **elsewhere).result["Exist"] is False
