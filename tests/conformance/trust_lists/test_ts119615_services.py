# SPDX-License-Identifier: Apache-2.0
"""TS 119 615 V1.3.1 §4.6 to §4.13, test cases 23 to 25 of the reference: who signs tokens, evidence and reports."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from tests.simulators.qualification_world import (
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
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.documents.model import TrustService
from trust_lists.evaluation.ts119615 import (
    D0,
    IssuerOutcome,
    ListEvidence,
    archiving,
    attribute_attestation,
    ledger,
    preservation_service,
    registered_delivery,
    time_stamp,
    token_issuer,
    validation_service,
)

PP, PF = "PROCESS_PASSED", "PROCESS_FAILED"
TYPE = "http://uri.etsi.org/TrstSvc/Svctype/"
NAME_CODE = "ERROR_TSP_NAME_INCONSISTENCY_BETWEEN_TSTO-CERT_AND_TL"
QEAA = "urn:etsi:eaa:eu:qualified"


def signer(organization: str | None = "Acme TSP", country: str | None = "BE", **facts: object) -> ListedCertificate:
    return certificate(subject=name("Acme signer", organization, country), **facts)


def entry(kind: str, status: str = "granted", since: datetime = D0, **facts: object) -> TrustService:
    of = facts.pop("of", None)
    return service(state(status, since, type=kind, information=facts.pop("information", ())), of=of)


# Case 23: registered delivery


def test_case_23_clause_4_10_4_08_a_listed_delivery_service() -> None:
    outcome = registered_delivery(signer(), DATE_TIME, lists(entry("EDS/Q")))
    assert (outcome.status, set(outcome.results), outcome.sub_status) == (PP, {"Qualified"}, ())
    assert outcome.territory == "BE"


@pytest.mark.parametrize(
    ("evidence", "instant"),
    [
        pytest.param(lambda: lists(entry("EDS/Q", "withdrawn")), DATE_TIME, id="b-withdrawn"),
        pytest.param(
            lambda: lists(entry("EDS/Q", since=at(2010))), datetime(2016, 6, 30, 21, 59, 59, tzinfo=UTC), id="c-before"
        ),
        pytest.param(lambda: lists(entry("TSA/QTST")), DATE_TIME, id="d-no-entry"),
    ],
)
def test_case_23_clause_4_10_4_06_not_qualified(evidence: Callable[[], ListEvidence], instant: datetime) -> None:
    outcome = registered_delivery(signer(not_before=at(2010)), instant, evidence())
    assert (outcome.status, set(outcome.results), outcome.sub_status) == (PP, {"Not_Qualified"}, ())


def test_case_23e_clause_4_6_4_08_another_organization_fails() -> None:
    outcome = registered_delivery(signer("Other"), DATE_TIME, lists(entry("EDS/Q")))
    assert (outcome.status, set(outcome.results)) == (PF, {"Indeterminate", "Not_Qualified"})
    assert NAME_CODE in outcome.sub_status


def test_clause_4_6_4_08_a_subject_without_an_organization_fails() -> None:
    outcome = token_issuer(signer(None), f"{TYPE}EDS/Q", DATE_TIME, lists(entry("EDS/Q")))
    assert (outcome.status, outcome.result, outcome.sub_status) == (PF, "Indeterminate", (NAME_CODE,))


def test_clause_4_6_4_02_the_subject_decides_about_the_country() -> None:
    outcome = token_issuer(signer(country="US"), f"{TYPE}EDS/Q", DATE_TIME, lists(entry("EDS/Q")))
    assert (outcome.status, outcome.result) == (PF, "Indeterminate")
    assert outcome.sub_status == (PF, "Provided_country_code_not_representing_an_EU_MS")


def test_clause_4_6_4_04_a_failed_list_fails_the_answer() -> None:
    evidence = no_list("EUTL_VERIFICATION_FAILED", "EUTL_SIGNATURE_VERIFICATION_FAILED")
    outcome = token_issuer(signer(), f"{TYPE}EDS/Q", DATE_TIME, evidence)
    assert (outcome.status, outcome.result) == (PF, "Indeterminate")
    assert outcome.sub_status == (PF, "EUTL_VERIFICATION_FAILED", "EUTL_SIGNATURE_VERIFICATION_FAILED")


def test_clause_4_6_4_01_qualified_services_begin_with_the_first_second() -> None:
    evidence, leaf = lists(entry("EDS/Q", since=at(2010))), signer(not_before=at(2010))
    assert registered_delivery(leaf, D0, evidence).results == {"Qualified"}
    assert registered_delivery(leaf, D0 - timedelta(seconds=1), evidence).results == {"Not_Qualified"}


# Case 24: several entries


def chain() -> tuple[object, object, ListedCertificate]:
    root = authority("Acme root")
    issuing = authority("Acme issuing CA", parent=root)
    return root, issuing, signer(issuer=issuing)


def test_case_24_clause_4_6_4_06_different_statuses_fail() -> None:
    root, issuing, leaf = chain()
    evidence = lists(entry("EDS/Q", of=root), entry("EDS/Q", "withdrawn", of=issuing))
    outcome = registered_delivery(leaf, DATE_TIME, evidence)
    assert outcome.status == PF
    assert "ERROR_INCONSISTENCY_IN_TL_ON_TSTO-CERT_STATUS" in outcome.sub_status


def test_case_24b_clause_4_10_4_07_different_providers_fail() -> None:
    root, issuing, leaf = chain()
    delivery = provider(entry("EDS/Q", of=root), names=["A"], trade=["Acme TSP"])
    mail = provider(entry("EDS/REM/Q", "withdrawn", of=issuing), names=["B"], trade=["Acme TSP"])
    outcome = registered_delivery(leaf, DATE_TIME, lists(delivery, mail))
    assert (outcome.status, set(outcome.results)) == (PF, {"Indeterminate"})
    assert "ERROR_TSP_CONFLICT" in outcome.sub_status


def test_case_24c_clause_4_10_4_08_mail_alone_will_do() -> None:
    outcome = registered_delivery(signer(), DATE_TIME, lists(entry("EDS/REM/Q")))
    assert (outcome.status, set(outcome.results)) == (PP, {"Qualified"})


def test_case_24d_clause_4_6_4_07_different_keys_are_a_warning() -> None:
    root, issuing, leaf = chain()
    outcome = registered_delivery(leaf, DATE_TIME, lists(entry("EDS/Q", of=root), entry("EDS/Q", of=issuing)))
    warning = "WARNING_DUPLICATION_OF_SERVICE_INFORMATION_IN_TL_REGARDING_TSTO-CERT"
    assert (outcome.status, set(outcome.results), outcome.sub_status) == (PP, {"Qualified"}, (warning,))


def test_clause_4_6_4_08_does_not_erase_the_warning_of_07() -> None:
    root, issuing, _leaf = chain()
    leaf = signer("Other", issuer=issuing)
    evidence = lists(entry("EDS/Q", of=root), entry("EDS/Q", of=issuing))
    outcome = token_issuer(leaf, f"{TYPE}EDS/Q", DATE_TIME, evidence)
    assert len(outcome.sub_status) == 2
    assert outcome.sub_status[-1] == NAME_CODE


# Case 25: the others


def test_case_25_clause_4_7_4_granted_at_both_times() -> None:
    outcome = time_stamp(signer(), at(2021), DATE_TIME, lists(entry("TSA/QTST")))
    assert (outcome.status, outcome.result, outcome.sub_status) == (PP, "Qualified", ())


def test_case_25b_clause_4_7_4_06_withdrawn_in_between_fails() -> None:
    stamps = service(state("withdrawn", at(2021, 6), type="TSA/QTST"), state("granted", D0, type="TSA/QTST"))
    outcome = time_stamp(signer(), at(2021), DATE_TIME, lists(stamps))
    code = "OWN_ERROR_RESULTS_DIFFER_Qualified_AT_GENTIME_Not_Qualified_AT_DATE_TIME"
    assert (outcome.status, outcome.result, outcome.sub_status) == (PF, "Not_Qualified", (code,))


def test_clause_4_7_4_05_a_run_at_gentime_that_fails_fails_the_whole() -> None:
    root, issuing, leaf = chain()
    stopped = state("withdrawn", D0, type="TSA/QTST", information=())
    evidence = lists(
        service(state("granted", D0, type="TSA/QTST", information=()), of=root),
        service(state("granted", at(2021, 6), type="TSA/QTST", information=()), stopped, of=issuing),
    )
    outcome = time_stamp(leaf, at(2021), DATE_TIME, evidence)
    assert (outcome.status, outcome.result) == (PF, "Qualified")
    assert outcome.sub_status[-2:] == (PF, "ERROR_INCONSISTENCY_IN_TL_ON_TSTO-CERT_STATUS")


@pytest.mark.parametrize(
    ("procedure", "kind"),
    [(validation_service, "QESValidation/Q"), (preservation_service, "PSES/Q")],
)
def test_case_25c_clause_4_8_4_05_and_4_9_4_05_what_a_service_is_for(
    procedure: Callable[..., object], kind: str
) -> None:
    def asked(**facts: object) -> tuple[str, set[str]]:
        outcome = procedure(signer(), DATE_TIME, lists(entry(kind, **facts)))
        return outcome.status, set(outcome.results)

    assert asked(information=["ForeSeals"]) == (PP, {"Not_Qualified_For_eSig", "Qualified_For_eSeal"})
    assert asked(information=["ForeSignatures"]) == (PP, {"Qualified_For_eSig", "Not_Qualified_For_eSeal"})
    assert asked(information=["ForeSignatures", "ForeSeals"]) == (PP, {"Qualified_For_eSig", "Qualified_For_eSeal"})
    nothing = {"Not_Qualified_For_eSig", "Not_Qualified_For_eSeal"}
    assert asked() == (PP, nothing)
    assert asked(information=["ForeSeals"], status="withdrawn") == (PP, nothing)
    failed = procedure(signer("Other"), DATE_TIME, lists(entry(kind)))
    assert (failed.status, set(failed.results), failed.sub_status) == (PF, {"Indeterminate"}, (NAME_CODE,))


def test_case_25d_clause_4_12_4_an_attestation_must_say_that_it_is_one() -> None:
    evidence = lists(entry("EAA/Q"))
    outcome = attribute_attestation(signer(), DATE_TIME, evidence, indications=["urn:etsi:eaa:other"])
    assert (outcome.status, outcome.result) == (PF, "Indeterminate")
    assert outcome.sub_status == ("ERROR_NO_ETSI_QEAA_TYPE_INDICATION_FOUND",)
    told = attribute_attestation(signer(), DATE_TIME, evidence, indications=["urn:etsi:eaa:other", QEAA])
    assert (told.status, told.result) == (PP, "Qualified")


@pytest.mark.parametrize(
    ("procedure", "kind", "clause"),
    [(archiving, "ElectronicArchiving/Q", "4.11.4"), (ledger, "Ledgers/Q", "4.13.4")],
)
def test_clause_4_11_and_4_13_are_4_6_for_a_type(
    procedure: Callable[..., IssuerOutcome], kind: str, clause: str
) -> None:
    outcome = procedure(signer(), DATE_TIME, lists(entry(kind)))
    assert (outcome.status, outcome.result) == (PP, "Qualified")
    assert outcome.explanation.clause == clause
    assert procedure(signer(), DATE_TIME, lists(entry("EDS/Q"))).result == "Not_Qualified"


def test_a_certificate_may_come_as_cryptography_has_it() -> None:
    leaf = x509.load_der_x509_certificate(signer().der)
    assert registered_delivery(leaf, DATE_TIME, lists(entry("EDS/Q"))).results == {"Qualified"}
