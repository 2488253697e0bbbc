# SPDX-License-Identifier: Apache-2.0
"""TS 119 615 V1.3.1 §4.3 to §4.5, test cases 1 to 22 of the reference: the certificates have exactly these facts.

Triples stand for CHECK_1, 2 and 3: Q positive, N negative, I indeterminate.
"""

from datetime import timedelta

import pytest

from tests.simulators.qualification_world import (
    DATE_TIME,
    QCP,
    QCP_PLUS,
    a_list,
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
from trust_lists.certificates.listed import listed
from trust_lists.evaluation.authenticated import AuthenticatedList, AuthenticatedLists
from trust_lists.evaluation.services import ServiceIndex
from trust_lists.evaluation.ts119615 import (
    D0,
    ListEvidence,
    QcResult,
    QscdOutcome,
    QualifiedOutcome,
    matching_services,
    qualified_certificate,
    qualified_device,
)
from trust_lists.evaluation.ts119615.codes import PURPOSES

PP, PW, PF = "PROCESS_PASSED", "PROCESS_PASSED_WITH_WARNING", "PROCESS_FAILED"
CA_QC = "http://uri.etsi.org/TrstSvc/Svctype/CA/QC"
TSP_NAME = "ERROR_TSP_NAME_INCONSISTENCY_BETWEEN_CERT_AND_TL"
NOT_EU = "Provided_country_code_not_representing_an_EU_MS"
DIRECTIVE = at(2014)


def triple(letters: str) -> set[str]:
    return {
        {"Q": purpose.positive, "N": purpose.negative, "I": purpose.indeterminate}[letter]
        for letter, purpose in zip(letters, PURPOSES, strict=True)
    }


def assert_told(outcome: QualifiedOutcome, status: str, results: str | set[str], *codes: str) -> None:
    expected = triple(results) if isinstance(results, str) else results
    assert (outcome.status, set(outcome.results)) == (status, expected), outcome.explanation.as_text()
    assert set(codes) <= set(outcome.sub_status), outcome.sub_status


def base(*qualifiers: str, information: tuple[str, ...] = ("ForeSignatures",)) -> ListEvidence:
    return lists(service(state(information=information, qualifiers=qualifiers)))


# Cases 1 to 3: what §4.1 and §4.2 failed with is handed on


@pytest.mark.parametrize(
    "reason",
    [
        "OJEU_LOCATION_INPUT_NOT_MATCHING_OJEU_LOCATION_IN_LOTL",
        "PIVOT_0_LOTLSO_SIGNER_CERT_NOT_AUTHENTICATED_BY_OJEU",
        "PIVOT_2_SIGNATURE_VERIFICATION_FAILED",
        "LOTL_NEXTUPDATE_PASSED",
        "PIVOT_0_SIGNER_CERT_NOT_AUTHENTICATED_BY_PIVOT_1",
    ],
)
def test_case_01_and_02_clause_4_3_4_02_a_list_of_lists_that_failed_fails_every_answer(reason: str) -> None:
    evidence = no_list("TL_VERIFICATION_FAILED", "LOTL_VERIFICATION_FAILED", reason)
    codes = ("PROCESS_FAILED", "TL_VERIFICATION_FAILED", "LOTL_VERIFICATION_FAILED", reason)
    outcome = qualified_certificate(certificate(), DATE_TIME, evidence)
    assert_told(outcome, PF, set())
    assert outcome.sub_status == codes
    device = qualified_device(certificate(), DATE_TIME, evidence)
    assert (device.status, device.result, device.sub_status) == (PF, None, codes)


def test_case_03_clause_4_3_4_02_a_national_list_that_failed_fails_the_answer() -> None:
    reason = "EUTLSO_SIGNER_CERT_NOT_AUTHENTICATED_BY_LOTL"
    outcome = qualified_certificate(certificate(), DATE_TIME, no_list("EUTL_VERIFICATION_FAILED", reason))
    assert_told(outcome, PF, set())
    assert outcome.sub_status == ("PROCESS_FAILED", "EUTL_VERIFICATION_FAILED", reason)


def test_case_03b_clause_4_2_4_10_an_expired_list_answers_with_its_warning() -> None:
    document = a_list(provider(service()))
    warning = "WARNING_EUTL_NEXTUPDATE_PASSED"
    found = AuthenticatedList("BE", "EUTL_VERIFICATION_PASSED", (warning,), document)
    evidence = ListEvidence(AuthenticatedLists({"BE": found}), ServiceIndex([("BE", document)]))
    assert_told(qualified_certificate(certificate(), DATE_TIME, evidence), PP, "QNN", warning)


def test_clause_4_2_4_10_a_list_that_was_out_of_date_at_date_time_says_so() -> None:
    evidence = base()
    document = evidence.lists.lists["BE"].document
    assert document is not None
    until = document.scheme.next_update
    assert until is not None
    leaf = certificate(not_before=at(2020))
    entry = lists(service(of=leaf))
    assert matching_services(leaf, CA_QC, until, "BE", entry).sub_status == ()
    late = matching_services(leaf, CA_QC, until + timedelta(seconds=1), "BE", entry)
    assert (late.status, late.sub_status) == (PP, ("WARNING_EUTL_NEXTUPDATE_PASSED",))


def test_clause_4_3_4_01_a_member_state_without_a_pointer_has_no_list() -> None:
    outcome = qualified_certificate(certificate(), DATE_TIME, lists(service(), territory="LU"))
    assert_told(outcome, PF, set(), "OWN_NO_POINTER_TO_TERRITORY")


# Case 4: country


def test_case_04_clause_4_3_4_01_a_country_outside_of_the_scheme_fails() -> None:
    foreign = authority("US CA", country="US")
    outcome = qualified_certificate(certificate(foreign), DATE_TIME, lists(service(of=foreign)))
    assert_told(outcome, PF, set(), NOT_EU)
    assert outcome.sub_status == (PF, NOT_EU)


@pytest.mark.parametrize(("country", "territory"), [("gr", "EL"), ("GB", "UK"), ("el", "EL"), ("is", "IS")])
def test_case_04b_clause_4_4_4_01_the_country_is_read_as_lists_write_it(country: str, territory: str) -> None:
    abroad = authority("CA abroad", country=country)
    outcome = qualified_certificate(certificate(abroad), DATE_TIME, lists(service(of=abroad), territory=territory))
    assert_told(outcome, PP, "QNN")
    assert outcome.services is not None
    assert outcome.services.territory == territory


def test_clause_4_4_4_01_an_issuer_without_a_country_has_no_list() -> None:
    nowhere = authority("CA of nowhere", country=None)
    assert_told(qualified_certificate(certificate(nowhere), DATE_TIME, lists(service(of=nowhere))), PF, set(), NOT_EU)


def test_clause_4_4_4_01_the_issuer_decides_and_not_the_subject() -> None:
    leaf = certificate(subject=name("Alice", None, "FR"))
    assert_told(qualified_certificate(leaf, DATE_TIME, base()), PP, "QNN")


# Cases 5 and 6: status at a time


def test_case_05_clause_4_4_the_base_case() -> None:
    outcome = qualified_certificate(certificate(), DATE_TIME, base())
    assert_told(outcome, PP, "QNN")
    assert outcome.sub_status == ()
    assert outcome.qualified_for == ("eSig",)


def test_case_05b_clause_4_3_4_03_a_state_begins_with_its_first_second() -> None:
    entry = service(state("withdrawn", DATE_TIME), state("granted", D0))
    for instant, expected in ((DATE_TIME, "withdrawn"), (DATE_TIME - timedelta(seconds=1), "granted")):
        found = matching_services(certificate(), CA_QC, instant, "BE", lists(entry))
        assert [each.state.status.rpartition("/")[2] for each in found.results] == [expected]


def test_case_06_clause_4_4_4_05_without_a_matching_entry_there_is_no_confirmation() -> None:
    outcome = qualified_certificate(certificate(), DATE_TIME, lists(service(of=authority("Other CA"))))
    assert_told(outcome, PP, {"Not_Qualified"}, "No_confirmation_found_in_EUMSTL_CC")


def test_case_06b_clause_4_3_4_03_before_the_first_status_there_is_no_service() -> None:
    outcome = qualified_certificate(certificate(not_before=at(2013)), DIRECTIVE, lists(service(state(since=D0))))
    assert_told(outcome, PP, {"Not_Qualified"}, "No_confirmation_found_in_EUMSTL_CC")


def test_clause_4_3_4_03_another_service_type_does_not_match() -> None:
    outcome = qualified_certificate(certificate(), DATE_TIME, lists(service(state(type="CA/PKC"))))
    assert_told(outcome, PP, {"Not_Qualified"})


def test_clause_4_3_4_03_identity_needs_no_validity() -> None:
    leaf = certificate()
    outcome = matching_services(leaf, CA_QC, at(2044), "BE", lists(service(of=leaf)))
    assert [each.how for each in outcome.results] == ["identity"]
    assert matching_services(leaf, CA_QC, at(2044), "BE", lists(service())).results == ()


# Case 7: names


def test_case_07_clause_4_4_4_06_names_are_compared_without_case_and_white_space() -> None:
    spelled = authority("Spelled CA", organization="Acme  tsp")
    assert_told(qualified_certificate(certificate(spelled), DATE_TIME, lists(service(of=spelled))), PP, "QNN")


def test_case_07b_clause_4_4_4_06_another_organization_is_indeterminate() -> None:
    other = authority("Other's CA", organization="Other")
    outcome = qualified_certificate(certificate(other), DATE_TIME, lists(service(of=other)))
    assert_told(outcome, PF, {QcResult.INDETERMINATE}, TSP_NAME)


def test_case_07c_clause_4_4_4_06_a_trade_name_will_do() -> None:
    entry = provider(service(), names=["Acme Trust Services plc"], trade=["VATBE-0123456789", "Acme TSP"])
    assert_told(qualified_certificate(certificate(), DATE_TIME, lists(entry)), PP, "QNN")


def test_clause_4_4_4_06_without_an_organization_the_common_name_or_the_listed_subject_decides() -> None:
    named = authority("Acme TSP", organization=None)
    assert_told(qualified_certificate(certificate(named), DATE_TIME, lists(service(of=named))), PP, "QNN")
    subject = authority("Nameless CA", organization=None)
    assert_told(qualified_certificate(certificate(subject), DATE_TIME, lists(service(of=subject))), PP, "QNN")
    above = authority("Acme root")
    below = authority("Nameless issuing CA", organization=None, parent=above)
    evidence = lists(service(of=above))
    evidence = ListEvidence(evidence.lists, evidence.index, intermediates=(listed(below.certificate),))
    outcome = qualified_certificate(certificate(below), DATE_TIME, evidence)
    assert_told(outcome, PF, {QcResult.INDETERMINATE}, TSP_NAME)


# Cases 8 and 9: several services


def two_entries(*, second: str = "granted", second_names: tuple[str, ...] = ("Acme TSP",)) -> ListEvidence:
    root = authority("Acme root")
    issuing = authority("Acme issuing CA", parent=root)
    newer = service(state(second, at(2017)), state("granted", D0), of=issuing)
    return lists(provider(service(of=root)), provider(newer, names=second_names, trade=["Acme TSP"]))


def test_case_08_clause_4_3_4_05_a_purpose_that_is_listed_twice_is_a_warning() -> None:
    leaf = certificate(authority("Acme issuing CA", parent=authority("Acme root")))
    outcome = qualified_certificate(leaf, DATE_TIME, two_entries())
    assert_told(outcome, PP, "QNN", "WARNING_T1_DUPLICATION")
    assert outcome.services is not None
    assert outcome.services.sub_status == ("WARNING_T1_DUPLICATION",)


def test_case_08b_clause_4_4_4_09_different_statuses_are_indeterminate() -> None:
    leaf = certificate(authority("Acme issuing CA", parent=authority("Acme root")))
    assert_told(
        qualified_certificate(leaf, DATE_TIME, two_entries(second="withdrawn")), PW, "INN", "ERROR_T1_DUPLICATION"
    )


def test_case_08c_clause_4_3_4_11_different_providers_fail() -> None:
    leaf = certificate(authority("Acme issuing CA", parent=authority("Acme root")))
    outcome = qualified_certificate(leaf, DATE_TIME, two_entries(second_names=("Acme Two",)))
    assert_told(outcome, PF, set(), "ERROR_TSP_CONFLICT")


@pytest.mark.parametrize(
    ("information", "number"), [("ForeSignatures", 1), ("ForeSeals", 2), ("ForWebSiteAuthentication", 3)]
)
def test_clause_4_3_4_05_to_10_three_services_can_raise_both_values(information: str, number: int) -> None:
    one = state(information=[information])
    other = state("withdrawn", information=[information])
    evidence = lists(service(one), service(one), service(other))
    found = matching_services(certificate(), CA_QC, DATE_TIME, "BE", evidence)
    assert set(found.sub_status) == {f"WARNING_T{number}_DUPLICATION", f"ERROR_T{number}_DUPLICATION"}


@pytest.mark.parametrize("first", [at(2012), at(2014)])
def test_case_09_clause_4_3_4_03A_a_history_that_is_not_descending_gives_no_result(first: object) -> None:  # noqa: N802
    history = (state("undersupervision", first), state("undersupervision", at(2014)))
    outcome = qualified_certificate(certificate(), DATE_TIME, lists(service(state(), *history)))
    assert_told(outcome, PF, set(), "OWN_ERROR_SERVICE_HISTORY_NOT_DESCENDING")


# Cases 10 to 17: under the Regulation


def test_case_10_clause_4_4_4_15_not_qualified_at_both_times() -> None:
    assert_told(qualified_certificate(certificate(), DATE_TIME, base("NotQualified")), PP, "NNN")


def test_case_11_clause_4_4_4_15_a_statement_of_the_list_without_a_type() -> None:
    leaf = certificate(compliance=False, types=())
    outcome = qualified_certificate(leaf, DATE_TIME, base("QCStatement"))
    assert_told(outcome, PW, "INN", "WARNING_T1_Not_Enough_Info_on_QC_Type")


def test_case_12_clause_4_4_4_15_the_own_qualifier_overrules_the_type() -> None:
    leaf = certificate(types=[2])
    assert_told(qualified_certificate(leaf, DATE_TIME, base("QCForESig")), PP, "QNN")
    bare = certificate(compliance=False, types=())
    assert_told(qualified_certificate(bare, DATE_TIME, base("QCForESig")), PP, "NNN")
    assert_told(qualified_certificate(bare, DATE_TIME, base("QCForESig", "QCStatement")), PP, "QNN")


@pytest.mark.parametrize(
    "qualifiers", [("QCForESeal",), ("NotQualified", "QCStatement"), ("QCForLegalPerson",), ("QCForESig", "QCForWSA")]
)
def test_case_13_clause_4_4_4_12_contradictions_are_indeterminate(qualifiers: tuple[str, ...]) -> None:
    outcome = qualified_certificate(certificate(), DATE_TIME, base(*qualifiers))
    assert_told(outcome, PW, "INN", "WARNING_T1_TL_Inconsistency_in_applying_qualifiers")


@pytest.mark.parametrize(("information", "number"), [("ForeSeals", 2), ("ForWebSiteAuthentication", 3)])
def test_case_13_clause_4_4_4_20_and_28_say_so_for_the_other_purposes(information: str, number: int) -> None:
    outcome = qualified_certificate(certificate(), DATE_TIME, base("QCForESig", information=(information,)))
    assert outcome.status == PW
    assert f"WARNING_T{number}_TL_Inconsistency_in_applying_qualifiers" in outcome.sub_status


def test_clause_4_4_4_20_a_legal_person_is_no_contradiction_for_seals() -> None:
    outcome = qualified_certificate(
        certificate(types=[2]), DATE_TIME, base("QCForLegalPerson", information=["ForeSeals"])
    )
    assert_told(outcome, PP, "NQN")


def test_case_14_clause_4_4_4_14_several_types() -> None:
    evidence = base(information=("ForeSignatures", "ForeSeals", "ForWebSiteAuthentication"))
    outcome = qualified_certificate(certificate(types=[1, 3]), DATE_TIME, evidence)
    code = "WARNING_CERT_Inconsistency_in_QcType_qualifiers_Non-compliance_with_EN319412-5"
    assert_told(outcome, PW, "INI", code)


def test_case_15_clause_4_4_4_32_two_positives_are_an_error() -> None:
    root = authority("Acme root")
    issuing = authority("Acme issuing CA", parent=root)
    signatures = service(state(information=["ForeSignatures"], qualifiers=["QCForESig"]), of=root)
    seals = service(state(information=["ForeSeals"], qualifiers=["QCForESeal"]), of=issuing)
    outcome = qualified_certificate(certificate(issuing), DATE_TIME, lists(signatures, seals))
    assert_told(outcome, PF, set(), "OWN_ERROR_CONFLICT_QC_For_eSig_AND_QC_For_eSeal")


def test_case_16_clause_4_4_4_23_seals() -> None:
    outcome = qualified_certificate(certificate(types=[2]), DATE_TIME, base(information=("ForeSeals",)))
    assert_told(outcome, PP, "NQN")
    assert outcome.qualified_for == ("eSeal",)


@pytest.mark.parametrize(
    ("information", "letters"),
    [("ForeSignatures", "INN"), ("ForeSeals", "NIN"), ("ForWebSiteAuthentication", "NNI")],
)
def test_case_16b_clause_4_4_4_10A_18A_26A_a_status_that_no_qualified_service_has(  # noqa: N802
    information: str, letters: str
) -> None:
    evidence = lists(service(state("recognisedatnationallevel", information=[information])))
    outcome = qualified_certificate(certificate(types=[2]), DATE_TIME, evidence)
    assert_told(outcome, PW, letters, "ERROR_Service_Status_Non-compliance_with_TS119612")


def test_case_17_clause_4_4_4_31_website_certificates_have_no_device() -> None:
    leaf = certificate(types=[3])
    evidence = base(information=("ForWebSiteAuthentication",))
    assert_told(qualified_certificate(leaf, DATE_TIME, evidence), PP, "NNQ")
    assert_device(qualified_device(leaf, DATE_TIME, evidence), PP, "QSCD_INDETERMINATE")


# Case 18: both times


def test_case_18_clause_4_4_4_36_withdrawn_since_fails() -> None:
    evidence = lists(service(state("withdrawn", at(2021)), state("granted", D0)))
    outcome = qualified_certificate(certificate(), DATE_TIME, evidence)
    code = "OWN_ERROR_RESULTS_DIFFER_QC_For_eSig_AT_NOTBEFORE_Not_Qualified_For_eSig_AT_DATE_TIME"
    assert_told(outcome, PF, "NNN", code)
    assert outcome.qualified_for == ()


def test_case_18b_clause_4_4_4_36_withdrawn_at_both_times_is_a_plain_no() -> None:
    evidence = lists(service(state("withdrawn", at(2019)), state("granted", D0)))
    assert_told(qualified_certificate(certificate(), DATE_TIME, evidence), PP, "NNN")


def test_clause_4_4_4_36_granted_only_since_fails_too() -> None:
    evidence = lists(service(state("granted", at(2021)), state("withdrawn", D0)))
    outcome = qualified_certificate(certificate(), DATE_TIME, evidence)
    assert_told(outcome, PF, "QNN")
    assert outcome.qualified_for == ()


def test_clause_4_4_4_35_a_second_run_that_fails_fails_the_whole() -> None:
    entry = service(state(), state("undersupervision", at(2013)), state("undersupervision", at(2010)))
    other = service(state(), state("supervisionrevoked", at(2013)))
    outcome = qualified_certificate(certificate(not_before=at(2015)), at(2018), lists(entry, other))
    assert_told(outcome, PF, "QNN", "PROCESS_FAILED", "ERROR_TL-SERVICE-ENTRY-SDI_DUPLICATION_STATUS_CONFLICT")


def test_clause_4_4_4_36b_warnings_of_the_second_run_are_handed_on() -> None:
    before = state("recognisedatnationallevel", D0)
    evidence = lists(service(state("deprecatedatnationallevel", at(2021)), before))
    code = "ERROR_Service_Status_Non-compliance_with_TS119612"
    outcome = qualified_certificate(certificate(), DATE_TIME, evidence)
    assert_told(outcome, PW, "INN", code, PW)


# Cases 19 and 20: under the Directive


def directive(*qualifiers: str, status: str = "undersupervision") -> ListEvidence:
    return lists(service(state(), state(status, at(2010), information=(), qualifiers=qualifiers)))


OLD = {"compliance": False, "types": (), "not_before": at(2013)}


def test_case_19_clause_4_4_4_33_a_policy_suffices() -> None:
    leaf = certificate(policies=[QCP], **OLD)
    assert_told(qualified_certificate(leaf, DIRECTIVE, directive()), PP, "QNN")


@pytest.mark.parametrize(
    "status", ["accreditationrevoked", "accreditationceased", "supervisionrevoked", "supervisionceased"]
)
def test_case_19b_clause_4_4_4_33_f1_a_service_that_ended(status: str) -> None:
    leaf = certificate(policies=[QCP], **OLD)
    assert_told(qualified_certificate(leaf, DIRECTIVE, directive(status=status)), PP, "NNN")


@pytest.mark.parametrize("status", ["accredited", "supervisionincessation", "setbynationallaw"])
def test_clause_4_4_4_33_f1_every_other_status_is_accepted(status: str) -> None:
    leaf = certificate(policies=[QCP], **OLD)
    assert_told(qualified_certificate(leaf, DIRECTIVE, directive(status=status)), PP, "QNN")


def test_case_19c_clause_4_4_4_33_the_list_says_it() -> None:
    assert_told(qualified_certificate(certificate(**OLD), DIRECTIVE, directive("QCStatement")), PP, "QNN")
    assert_told(qualified_certificate(certificate(**OLD), DIRECTIVE, directive()), PP, "NNN")


@pytest.mark.parametrize("qualifiers", [("QCForWSA",), ("QCForESeal",), ("NotQualified", "QCStatement")])
def test_case_19d_clause_4_4_4_33_h_contradictions_fail(qualifiers: tuple[str, ...]) -> None:
    leaf = certificate(policies=[QCP], **OLD)
    outcome = qualified_certificate(leaf, DIRECTIVE, directive(*qualifiers))
    assert_told(outcome, PF, set(), "ERROR_T1_TL_Inconsistency_in_applying_qualifiers")


def test_case_19e_clause_4_4_4_33_d_different_statuses_fail() -> None:
    def entry(status: str) -> object:
        return service(state(), state(status, at(2010), information=()))

    leaf = certificate(policies=[QCP], **OLD)
    evidence = lists(entry("undersupervision"), entry("supervisionrevoked"))
    code = "ERROR_TL-SERVICE-ENTRY-SDI_DUPLICATION_STATUS_CONFLICT"
    assert_told(qualified_certificate(leaf, DIRECTIVE, evidence), PF, set(), code)
    same = lists(entry("undersupervision"), entry("undersupervision"))
    warning = "WARNING_TL-SERVICE-ENTRY-SDI_DUPLICATION"
    assert_told(qualified_certificate(leaf, DIRECTIVE, same), PP, "QNN", warning)


def test_case_20_clause_4_4_4_33_f2_an_old_certificate_after_the_change() -> None:
    leaf = certificate(not_before=at(2015))
    old = state("undersupervision", at(2010), information=())
    assert_told(qualified_certificate(leaf, at(2018), lists(service(state(), old))), PP, "QNN")
    without = lists(service(state(information=()), old))
    assert_told(qualified_certificate(leaf, at(2018), without), PP, "NNN")
    withdrawn = lists(service(state("withdrawn"), old))
    assert_told(qualified_certificate(leaf, at(2018), withdrawn), PP, "NNN")


# D0 itself


def test_clause_4_4_4_07_the_regulation_begins_with_its_first_second() -> None:
    evidence = lists(service(state(), state("undersupervision", at(2010), information=())))
    seal = certificate(types=[2], not_before=D0)
    assert_told(qualified_certificate(seal, D0, evidence), PP, "NNN")
    # a second earlier Table 5 is asked, which knows no types
    earlier = certificate(types=[2], not_before=D0 - timedelta(seconds=1))
    assert_told(qualified_certificate(earlier, D0, evidence), PP, "QNN")
    assert_told(qualified_certificate(earlier, D0 - timedelta(seconds=1), evidence), PP, "QNN")


def test_clause_4_4_4_33_f2_holds_from_the_first_second() -> None:
    evidence = lists(service(state("withdrawn", D0), state("undersupervision", at(2010), information=())))
    leaf = certificate(not_before=at(2015))
    outcome = qualified_certificate(leaf, D0, evidence)
    assert_told(outcome, PP, "NNN")
    assert [reason.clause for reason in outcome.explanation.reasons] == ["4.4.4-33f2"]
    assert_told(qualified_certificate(leaf, D0 - timedelta(seconds=1), evidence), PP, "QNN")


# Cases 21 and 22: the device


def assert_device(outcome: QscdOutcome, status: str, result: str | None, *codes: str) -> None:
    assert (outcome.status, outcome.result) == (status, result), outcome.explanation.as_text()
    assert set(codes) <= set(outcome.sub_status), outcome.sub_status


INCONSISTENT = "WARNING_Inconsistency_in_applying_qualifiers_for_QSCD_status"


@pytest.mark.parametrize(
    ("sscd", "qualifiers", "status", "result", "codes"),
    [
        pytest.param(True, (), PP, "QSCD_YES", (), id="a"),
        pytest.param(False, (), PP, "QSCD_NO", (), id="b"),
        pytest.param(True, ("QCNoQSCD",), PP, "QSCD_NO", (), id="c"),
        pytest.param(False, ("QCQSCDManagedOnBehalf",), PP, "QSCD_YES", (), id="d"),
        pytest.param(True, ("QCWithQSCD", "QCNoQSCD"), PW, "QSCD_INDETERMINATE", (INCONSISTENT,), id="e"),
        pytest.param(True, ("QCWithSSCD",), PW, "QSCD_INDETERMINATE", (INCONSISTENT,), id="f"),
        pytest.param(True, ("QCNoSSCD",), PW, "QSCD_INDETERMINATE", (INCONSISTENT,), id="no-sscd-alone"),
        pytest.param(True, ("QCQSCDManagedOnBehalf", "QCNoQSCD"), PW, "QSCD_INDETERMINATE", (INCONSISTENT,), id="mb"),
        pytest.param(True, ("QCQSCDStatusAsInCert", "QCWithQSCD"), PW, "QSCD_INDETERMINATE", (INCONSISTENT,), id="as"),
        pytest.param(False, ("QCSSCDStatusAsInCert", "QCWithQSCD"), PP, "QSCD_YES", (), id="old-as-in-cert"),
        pytest.param(False, ("QCWithSSCD", "QCWithQSCD"), PP, "QSCD_YES", (), id="old-and-new"),
        pytest.param(True, ("QCQSCDStatusAsInCert",), PP, "QSCD_YES", (), id="as-in-cert"),
        pytest.param(
            True, ("urn:new",), PF, None, ("ERROR_Unknown_critical_qualifiers_for_QSCD_status",), id="g"
        ),
    ],
)  # fmt: skip
def test_case_21_clause_4_5_4_04_the_device(
    sscd: bool, qualifiers: tuple[str, ...], status: str, result: str | None, codes: tuple[str, ...]
) -> None:
    outcome = qualified_device(certificate(sscd=sscd), DATE_TIME, base(*qualifiers))
    assert_device(outcome, status, result, *codes)


def test_case_21h_clause_4_5_4_04_b_an_unknown_qualifier_that_is_not_critical_is_a_warning() -> None:
    evidence = lists(service(state(qualifiers=["urn:new"], critical=False)))
    outcome = qualified_device(certificate(), DATE_TIME, evidence)
    assert_device(outcome, PP, "QSCD_NO", "WARNING_Unknown_qualifiers_for_QSCD_status")


def test_clause_4_5_4_04_seals_have_devices_too() -> None:
    leaf = certificate(types=[2], sscd=True)
    assert_device(qualified_device(leaf, DATE_TIME, base(information=("ForeSeals",))), PP, "QSCD_YES")
    no_device = base("QCNoQSCD", information=("ForeSeals",))
    assert_device(qualified_device(leaf, DATE_TIME, no_device), PP, "QSCD_NO")


def test_clause_4_5_4_05_what_is_not_qualified_has_no_device() -> None:
    outcome = qualified_device(certificate(sscd=True), DATE_TIME, base("NotQualified"))
    assert_device(outcome, PP, "QSCD_INDETERMINATE")


def test_case_22_clause_4_5_4_03_the_device_under_the_directive() -> None:
    plus = certificate(policies=[QCP_PLUS], **OLD)
    assert_device(qualified_device(plus, DIRECTIVE, directive()), PP, "QSCD_YES")
    plain = certificate(policies=[QCP], **OLD)
    assert_device(qualified_device(plain, DIRECTIVE, directive()), PP, "QSCD_NO")
    code = "WARNING_Inconsistency_in_applying_qualifiers_for_SSCD_status"
    outcome = qualified_device(plus, DIRECTIVE, directive("QCWithSSCD", "QCNoSSCD"))
    assert_device(outcome, PW, "QSCD_INDETERMINATE", code)
    for pair in (("QCSSCDStatusAsInCert", "QCWithSSCD"), ("QCSSCDStatusAsInCert", "QCNoSSCD")):
        assert_device(qualified_device(plus, DIRECTIVE, directive(*pair)), PW, "QSCD_INDETERMINATE", code)
    assert_device(qualified_device(plus, DIRECTIVE, directive("NotQualified")), PP, "QSCD_INDETERMINATE")


def test_case_22d_clause_4_5_4_04_after_the_change_the_policy_says_nothing() -> None:
    leaf = certificate(policies=[QCP_PLUS], compliance=False, types=(), not_before=at(2015))
    evidence = lists(service(state(), state("undersupervision", at(2010), information=())))
    assert_told(qualified_certificate(leaf, at(2018), evidence), PP, "QNN")
    assert_device(qualified_device(leaf, at(2018), evidence), PP, "QSCD_NO")
