# SPDX-License-Identifier: Apache-2.0
"""Where the standard is silent, what can't be read or decided is never a yes, and has a name."""

import pytest
from cryptography import x509
from cryptography.x509.oid import ObjectIdentifier

from tests.simulators.qualification_world import (
    ALWAYS,
    DATE_TIME,
    QC_STATEMENTS,
    QCP,
    at,
    certificate,
    lists,
    service,
    state,
)
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.documents.model import (
    Assertion,
    CriteriaList,
    Extension,
    TakenOverBy,
    UnknownCriterion,
    UnknownExtension,
)
from trust_lists.errors import PathLimitError
from trust_lists.evaluation.services import ServiceIndex
from trust_lists.evaluation.ts119615 import (
    QualifiedOutcome,
    qualified_certificate,
    qualified_device,
    registered_delivery,
)

PP, PW, PF = "PROCESS_PASSED", "PROCESS_PASSED_WITH_WARNING", "PROCESS_FAILED"
OPEN = CriteriaList(Assertion.ALL, (UnknownCriterion("{urn:x}Other"),))
BARE = {"compliance": False, "types": ()}
BROKEN = x509.UnrecognizedExtension(QC_STATEMENTS, b"\x30\x05")
OLD = state("undersupervision", at(2010), information=())


def told(outcome: QualifiedOutcome) -> tuple[str, set[str]]:
    return outcome.status, set(outcome.results)


def test_qcstatements_that_cannot_be_read_are_indeterminate() -> None:
    leaf = certificate(extensions=[(BROKEN, False)], **BARE)
    outcome = qualified_certificate(leaf, DATE_TIME, lists(service()))
    assert told(outcome) == (PW, {"INDET_QC_For_eSig", "Not_Qualified_For_eSeal", "Not_QWAC"})
    assert "OWN_WARNING_CERT_QCSTATEMENTS_UNREADABLE" in outcome.sub_status


def test_an_unknown_type_is_not_taken_for_a_signature() -> None:
    outcome = qualified_certificate(certificate(types=["1.2.3.4"]), DATE_TIME, lists(service()))
    assert told(outcome) == (PW, {"INDET_QC_For_eSig", "Not_Qualified_For_eSeal", "Not_QWAC"})
    assert "OWN_WARNING_CERT_QCTYPE_UNKNOWN" in outcome.sub_status


@pytest.mark.parametrize(
    ("extension", "code"),
    [
        (BROKEN, "OWN_WARNING_CERT_QCSTATEMENTS_UNREADABLE"),
        (
            x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.32"), b"\x02\x01\x01"),
            "OWN_WARNING_CERT_POLICIES_UNREADABLE",
        ),
    ],
)
def test_under_the_directive_what_cannot_be_read_fails(extension: x509.UnrecognizedExtension, code: str) -> None:
    leaf = certificate(extensions=[(extension, False)], not_before=at(2013), **BARE)
    anchor = service(state(), OLD, of=leaf)
    outcome = qualified_certificate(leaf, at(2014), lists(anchor))
    assert told(outcome) == (PF, set())
    assert code in outcome.sub_status


@pytest.mark.parametrize("qualifier", ["NotQualified", "QCStatement", "QCForESeal"])
def test_criteria_that_nobody_can_decide_are_indeterminate(qualifier: str) -> None:
    evidence = lists(service(state(qualifiers=[qualifier], criteria=OPEN)))
    outcome = qualified_certificate(certificate(), DATE_TIME, evidence)
    assert told(outcome) == (PW, {"INDET_QC_For_eSig", "Not_Qualified_For_eSeal", "Not_QWAC"})
    assert "OWN_WARNING_CRITERIA_UNDECIDED" in outcome.sub_status


def test_criteria_that_nobody_can_decide_fail_under_the_directive() -> None:
    before = state("undersupervision", at(2010), information=(), qualifiers=["NotQualified"], criteria=OPEN)
    leaf = certificate(policies=[QCP], not_before=at(2013))
    outcome = qualified_certificate(leaf, at(2014), lists(service(state(), before)))
    assert told(outcome) == (PF, set())
    assert "OWN_WARNING_CRITERIA_UNDECIDED" in outcome.sub_status


@pytest.mark.parametrize("qualifier", ["QCNoQSCD", "QCWithQSCD", "urn:new"])
def test_undecided_qualifiers_of_devices_leave_the_type_alone(qualifier: str) -> None:
    evidence = lists(service(state(qualifiers=[qualifier], criteria=OPEN)))
    outcome = qualified_device(certificate(sscd=True), DATE_TIME, evidence)
    assert outcome.qualified.qualified_for == ("eSig",)
    assert (outcome.status, outcome.result) == (PW, "QSCD_INDETERMINATE")
    assert "OWN_WARNING_CRITERIA_UNDECIDED" in outcome.sub_status


@pytest.mark.parametrize(
    ("qualifier", "status", "result"),
    [("QCNoSSCD", PW, "QSCD_INDETERMINATE"), ("QCNoQSCD", PP, "QSCD_NO"), ("urn:new", PP, "QSCD_NO")],
)
def test_under_the_directive_only_its_own_qualifiers_can_be_undecided(qualifier: str, status: str, result: str) -> None:
    before = state("undersupervision", at(2010), information=(), qualifiers=[qualifier], criteria=OPEN)
    leaf = certificate(policies=[QCP], not_before=at(2013))
    outcome = qualified_device(leaf, at(2014), lists(service(state(), before)))
    assert (outcome.status, outcome.result) == (status, result)


def test_qualifiers_of_other_certificates_do_not_count() -> None:
    never = CriteriaList(Assertion.NONE, ALWAYS.criteria)
    outcome = qualified_certificate(
        certificate(), DATE_TIME, lists(service(state(qualifiers=["NotQualified"], criteria=never)))
    )
    assert outcome.qualified_for == ("eSig",)


@pytest.mark.parametrize("critical", [True, False])
def test_only_critical_extensions_must_be_understood(*, critical: bool) -> None:
    extension = Extension(critical, UnknownExtension("{urn:x}New", ""))
    outcome = qualified_certificate(certificate(), DATE_TIME, lists(service(state(extensions=[extension]))))
    assert (outcome.status == PF) is critical
    assert ("OWN_ERROR_UNKNOWN_CRITICAL_EXTENSION_OF_SERVICE" in outcome.sub_status) is critical


def test_a_critical_takeover_decides_nothing() -> None:
    extension = Extension(True, TakenOverBy("https://new.example/", (), (), "BE"))
    outcome = qualified_certificate(certificate(), DATE_TIME, lists(service(state(extensions=[extension]))))
    assert outcome.qualified_for == ("eSig",)


def test_extensions_of_other_times_do_not_count() -> None:
    before = state("granted", at(2017), extensions=[Extension(True, UnknownExtension("{urn:x}New", ""))])
    leaf = certificate(not_before=at(2021))
    assert qualified_certificate(leaf, DATE_TIME, lists(service(state(since=at(2019)), before))).qualified_for


def test_a_section_without_a_time_cannot_be_followed() -> None:
    outcome = qualified_certificate(certificate(), DATE_TIME, lists(service(state(since=None))))
    assert told(outcome) == (PF, set())
    assert "OWN_ERROR_SERVICE_HISTORY_NOT_DESCENDING" in outcome.sub_status


def test_more_paths_than_can_be_tried_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_many(*_arguments: object, **_options: object) -> object:
        raise PathLimitError("there are more paths")

    monkeypatch.setattr(ServiceIndex, "search", too_many)
    outcome = qualified_certificate(certificate(), DATE_TIME, lists(service()))
    assert told(outcome) == (PF, set())
    assert "OWN_ERROR_TOO_MANY_PATHS" in outcome.sub_status


def test_what_is_no_certificate_is_not_judged() -> None:
    outcome = qualified_certificate(ListedCertificate(b"\x30\x00"), DATE_TIME, lists(service()))
    assert told(outcome) == (PF, set())
    assert outcome.sub_status == ("OWN_ERROR_CERT_UNREADABLE",)
    assert registered_delivery(ListedCertificate(b""), DATE_TIME, lists(service())).status == PF


def test_a_certificate_that_others_refuse_to_load_is_judged() -> None:
    plain = certificate().der
    at_version = plain.index(b"\xa0\x03\x02\x01\x02")
    refused = ListedCertificate(plain[: at_version + 4] + b"\x07" + plain[at_version + 5 :])
    assert refused.certificate is None
    # its signature is broken by the change, so it is listed itself
    entry = service(of=refused)
    assert qualified_certificate(refused, DATE_TIME, lists(entry)).qualified_for == ("eSig",)
