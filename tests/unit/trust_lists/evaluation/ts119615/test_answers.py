# SPDX-License-Identifier: Apache-2.0
"""Outcomes as answers: what is a yes, how it is said, and what it hangs on."""

from collections.abc import Callable
from functools import partial

import pytest

from tests.simulators.qualification_world import (
    D0,
    DATE_TIME,
    at,
    authority,
    certificate,
    lists,
    name,
    no_list,
    provider,
    service,
    state,
)
from trust_lists.evaluation.ts119615 import (
    IssuerOutcome,
    ListEvidence,
    archiving,
    attribute_attestation,
    ledger,
    matching_services,
    qualified_certificate,
    qualified_device,
    registered_delivery,
    time_stamp,
    token_issuer,
    validation_service,
)
from trust_lists.evaluation.ts119615.answers import Answer, answer, with_device

CA_QC = "http://uri.etsi.org/TrstSvc/Svctype/CA/QC"
SIGNER = name("Acme signer", "Acme TSP", "BE")
WITHDRAWN_SINCE = lists(service(state("withdrawn", at(2021)), state()))


def clauses(found: Answer) -> list[str]:
    return [reason.clause for reason in found.reasons]


@pytest.mark.parametrize(
    ("evidence", "types", "positive", "verdict", "reasons"),
    [
        (
            lists(service()),
            [1],
            True,
            "a qualified certificate for electronic signatures",
            ["4.4.4-15", "4.4.4-18", "4.4.4-26"],
        ),
        (
            lists(service(state(information=["ForeSeals"]))),
            [2],
            True,
            "a qualified certificate for electronic seals",
            ["4.4.4-10", "4.4.4-23", "4.4.4-26"],
        ),
        (
            lists(service(state(information=["ForWebSiteAuthentication"]))),
            [3],
            True,
            "a qualified certificate for website authentication",
            ["4.4.4-10", "4.4.4-18", "4.4.4-31"],
        ),
        (
            lists(service(state("withdrawn"))),
            [1],
            False,
            "not a qualified certificate",
            ["4.4.4-10", "4.4.4-18", "4.4.4-26"],
        ),
        (lists(), [1], False, "not a qualified certificate", ["4.4.4-05"]),
        (
            lists(service(state(qualifiers=["QCForESeal"]))),
            [1],
            False,
            "not known to be a qualified certificate",
            ["4.4.4-12", "4.4.4-18", "4.4.4-26"],
        ),
        (
            WITHDRAWN_SINCE,
            [1],
            False,
            "it can't be told whether this is a qualified certificate",
            ["4.4.4-10", "4.4.4-18", "4.4.4-26", "4.4.4-36a"],
        ),
        (
            lists(provider(service(), names=["Other"])),
            [1],
            False,
            "it can't be told whether this is a qualified certificate",
            ["4.4.4-06"],
        ),
        (
            no_list("EUTL_VERIFICATION_FAILED"),
            [1],
            False,
            "it can't be told whether this is a qualified certificate",
            ["4.3.4-02"],
        ),
    ],
)
def test_qualified_certificates(
    evidence: ListEvidence, types: list[int], positive: bool, verdict: str, reasons: list[str]
) -> None:
    found = answer(qualified_certificate(certificate(types=types), DATE_TIME, evidence))
    assert (found.positive, found.verdict) == (positive, verdict)
    assert clauses(found) == reasons


def test_a_path_that_is_not_valid_at_that_time_is_a_reason() -> None:
    found = answer(qualified_certificate(certificate(), at(2043), lists(service())))
    assert (found.positive, found.sub_status) == (False, ("No_confirmation_found_in_EUMSTL_CC",))
    assert clauses(found) == ["4.3.4-03", "4.4.4-05"]
    assert "[EXPIRED]" in found.reasons[0].line


def test_a_conflict_of_purposes_is_a_reason() -> None:
    root = authority("Acme root")
    issuing = authority("Acme issuing CA", parent=root)
    signatures = service(state(qualifiers=["QCForESig"]), of=root)
    seals = service(state(information=["ForeSeals"], qualifiers=["QCForESeal"]), of=issuing)
    found = answer(qualified_certificate(certificate(issuing), DATE_TIME, lists(signatures, seals)))
    assert clauses(found)[-1] == "4.4.4-32"
    assert clauses(answer(qualified_certificate(certificate(), DATE_TIME, lists(service())))) != clauses(found)


def test_the_device_is_told_of_qualified_certificates_only() -> None:
    told = with_device(qualified_device(certificate(sscd=True), DATE_TIME, lists(service())))
    assert told.verdict.endswith("; its key is in a qualified device")
    assert clauses(told)[-1] == "4.5.4-04"
    none = with_device(qualified_device(certificate(), DATE_TIME, lists(service())))
    assert none.verdict.endswith("; its key is not in a qualified device")
    not_qualified = with_device(qualified_device(certificate(sscd=True), DATE_TIME, lists()))
    assert not_qualified.verdict == "not a qualified certificate"


@pytest.mark.parametrize(
    ("sscd", "qualifiers", "positive", "verdict"),
    [
        (True, [], True, "its key is in a qualified device"),
        (False, [], False, "its key is not in a qualified device"),
        (True, ["QCWithSSCD"], False, "its key is not known to be in a qualified device"),
        (True, ["urn:new"], False, "its key is not known to be in a qualified device"),
    ],
)
def test_devices(sscd: bool, qualifiers: list[str], positive: bool, verdict: str) -> None:
    evidence = lists(service(state(qualifiers=qualifiers)))
    found = answer(qualified_device(certificate(sscd=sscd), DATE_TIME, evidence))
    assert (found.positive, found.verdict) == (positive, verdict)


def test_services_that_sign() -> None:
    leaf = certificate(subject=SIGNER)
    told = answer(registered_delivery(leaf, DATE_TIME, lists(service(state(type="EDS/Q")))))
    assert (told.positive, told.verdict) == (True, "a qualified electronic registered delivery service")
    told = answer(registered_delivery(leaf, DATE_TIME, lists()))
    assert (told.positive, told.verdict) == (False, "not a qualified electronic registered delivery service")
    told = answer(registered_delivery(certificate(), DATE_TIME, lists(service(state(type="EDS/Q")))))
    assert told.verdict == "it can't be told whether this is a qualified electronic registered delivery service"
    both = service(state(type="QESValidation/Q", information=["ForeSignatures", "ForeSeals"]))
    told = answer(validation_service(leaf, DATE_TIME, lists(both)))
    assert told.verdict == "a qualified service for electronic signatures and electronic seals"


@pytest.mark.parametrize(
    ("procedure", "kind", "what"),
    [
        (ledger, "Ledgers/Q", "a qualified electronic ledger"),
        (archiving, "ElectronicArchiving/Q", "a qualified electronic archiving service"),
        (partial(time_stamp, stamped_at=at(2021)), "TSA/QTST", "a qualified time-stamping service"),
        (
            partial(attribute_attestation, indications=["urn:etsi:eaa:eu:qualified"]),
            "EAA/Q",
            "a qualified service for attestations of attributes",
        ),
        (
            partial(token_issuer, service_type="http://uri.etsi.org/TrstSvc/Svctype/PSES/Q"),
            "PSES/Q",
            "a qualified trust service",
        ),
    ],
)
def test_each_service_has_its_name(procedure: Callable[..., IssuerOutcome], kind: str, what: str) -> None:
    def verdict(status: str) -> str:
        evidence = lists(service(state(status, type=kind)))
        return answer(procedure(certificate(subject=SIGNER), at=DATE_TIME, evidence=evidence)).verdict

    assert verdict("granted") == what
    assert verdict("withdrawn") == f"not {what}"


def test_matching_services_are_counted() -> None:
    def told(evidence: ListEvidence) -> tuple[bool, str]:
        found = answer(matching_services(certificate(), CA_QC, DATE_TIME, "BE", evidence))
        return found.positive, found.verdict

    assert told(lists(service())) == (True, "1 matching service")
    assert told(lists(service(), service())) == (True, "2 matching services")
    assert told(lists()) == (False, "no matching services")
    assert told(no_list("EUTL_VERIFICATION_FAILED")) == (False, "it can't be told which services match")


def test_json_says_what_the_answer_rests_on() -> None:
    value = answer(qualified_certificate(certificate(), DATE_TIME, lists(service()))).to_json()
    (found,) = value["services"]
    assert found["provider"] == "Acme TSP"
    assert found["status"] == "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/granted"
    assert found["since"] == D0.isoformat()
    assert len(found["certificates"]) == 1
    assert "explanation" not in value
    assert value["reasons"][0].startswith("4.4.4-15")
