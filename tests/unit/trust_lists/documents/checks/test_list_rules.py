# SPDX-License-Identifier: Apache-2.0
"""Each rule about what a list says is broken by one change to a list that is right, and no other rule with it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulators.checked_lists import (
    AT,
    ISSUED,
    OPERATOR,
    PROVIDER,
    REGULATION,
    certificate,
    changed,
    english,
    good_list,
    good_lotl,
    good_service,
    pointer_to,
    purpose,
    qualifications,
    state,
)
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.documents import vocabulary
from trust_lists.documents.checks import RULES, check
from trust_lists.documents.checks.checking import MODEL_RULES
from trust_lists.documents.checks.scheme import V6_SINCE, is_absolute, months_later
from trust_lists.documents.findings import Level
from trust_lists.documents.model import (
    AdditionalServiceInformation,
    Assertion,
    CriteriaList,
    Dialect,
    DigitalIdentity,
    ExpiredCertsRevocationInfo,
    Extension,
    QualificationElement,
    Qualifications,
    TakenOverBy,
    TrustedList,
    TrustService,
    UnknownCriterion,
    UnknownExtension,
)

CURRENT = "providers.0.services.0.current"
HISTORY = "providers.0.services.0.history"
OTHER = "providers.0.services.1"
POINTER = "scheme.pointers.0"
CA_PKC = f"{vocabulary.SERVICE_TYPE}CA/PKC"
UNDER_SUPERVISION = f"{vocabulary.STATUS}undersupervision"


@dataclass(frozen=True)
class Case:
    """Which rule breaks, at a place that ends so, when these changes are made to a list."""

    rule: str
    changes: dict[str, object]
    where: str
    base: Callable[[], TrustedList] = good_list
    at: datetime = AT
    version: int = 6
    also: tuple[str, ...] = ()
    """Rules that can't but break with it."""

    def document(self) -> TrustedList:
        found = self.base()
        if self.version != 6:
            found = changed(found, "scheme.version", self.version)
        for path, new in self.changes.items():
            found = changed(found, path, new)
        return found


def extended(*extensions: Extension) -> dict[str, object]:
    """The extensions of the first service, which keeps saying what it is for."""
    return {f"{CURRENT}.extensions": (purpose(), *extensions)}


def element(*qualifiers: str, criteria: CriteriaList) -> Extension:
    uris = tuple(f"{vocabulary.INFORMATION}{each}" for each in qualifiers)
    return Extension(True, Qualifications((QualificationElement(uris, criteria),)))


def early() -> TrustedList:
    """A list of before version 6 was asked for."""
    issued = datetime(2026, 3, 1, tzinfo=UTC)
    return replace(
        good_list(), scheme=replace(good_list().scheme, issued_at=issued, next_update=issued + timedelta(days=180))
    )


def second_pointer(location: str = "https://lists.example/be2.xml") -> TrustedList:
    found = good_list()
    pointer = pointer_to("BE", vocabulary.EU_LIST, "be-1", "be-2")
    return changed(found, "scheme.pointers", (*found.scheme.pointers, replace(pointer, location=location)))


def other_scheme() -> TrustedList:
    """A list that is none of the EU: its URIs, period and extensions are its own."""
    found = good_list()
    own = f"{vocabulary.SERVICE_TYPE}Example"
    service = TrustService(state("ca", service_type="https://scheme.example/own", status="https://scheme.example/ok"))
    scheme = replace(
        found.scheme,
        list_type=f"{vocabulary.LIST_TYPE}XXlist",
        territory="XX",
        names=english("XX:Example"),
        status_determination=f"{vocabulary.DETERMINATION}XXdetermination",
        community_rules=english("https://scheme.example/rules"),
        historical_period=30,
        pointers=(),
        extensions=(Extension(False, UnknownExtension("own", own)),),
    )
    return changed(replace(found, scheme=scheme), "providers.0.services", (service,))


DAMAGED = ListedCertificate(certificate("other").der + b"junk")
WITHOUT_KEY = ListedCertificate(b"\x30\x03\x02\x01\x00")
EMPTY = CriteriaList(Assertion.ALL, ())
UNKNOWN = CriteriaList(Assertion.ALL, (CriteriaList(Assertion.NONE, (UnknownCriterion("{x}y"),)),))
REVOCATION = ExpiredCertsRevocationInfo(datetime(2020, 1, 1, tzinfo=UTC))

CASES = (
    # §5.1 and §5.2
    Case("TS119612-5.1.4-LANGUAGE", {"scheme.names.0.lang": ""}, "SchemeInformation/SchemeName"),
    Case("TS119612-5.1.4", {"scheme.names.0.lang": "fr"}, "SchemeInformation/SchemeName"),
    Case("TS119612-5.1.4", {"providers.0.trade_names.0.lang": "nl"}, "TSPInformation/TSPTradeName"),
    Case("TS119612-5.1.4", {f"{HISTORY}.1.names.0.lang": "nl"}, "ServiceHistoryInstance[2]/ServiceName"),
    Case("TS119612-5.2", {"tag": "https://uri.etsi.org/19612/TSLTag"}, "@TSLTag"),
    # §5.3
    Case("TS119612-5.3.1", {"scheme.version": 7}, "TSLVersionIdentifier"),
    Case("TS119612-5.3.1-ARCHIVE", {}, "TSLVersionIdentifier", early, datetime(2026, 4, 1, tzinfo=UTC), 4),
    Case("TS119612-5.3.1-V6", {}, "TSLVersionIdentifier", version=5),
    Case("TS119612-5.3.1-OLD", {}, "TSLVersionIdentifier", early, V6_SINCE, 5),
    Case("TS119612-5.3.2", {"scheme.sequence": 0}, "TSLSequenceNumber"),
    Case("TS119612-5.3.3", {"scheme.list_type": f"{vocabulary.LIST_TYPE}YYlist"}, "TSLType", other_scheme),
    Case("TS119612-5.3.3", {"scheme.list_type": "generic"}, "TSLType", other_scheme),
    Case("TS119612-5.3.4", {"scheme.operator_names": ()}, "SchemeOperatorName"),
    Case("TS119612-5.3.5.1", {"scheme.operator_address.postal.0.locality": " "}, "PostalAddresses/PostalAddress[1]"),
    Case("TS119612-5.3.5.1", {"scheme.operator_address.postal": ()}, "SchemeOperatorAddress/PostalAddresses"),
    Case("TS119612-5.3.5.1-COUNTRY", {"scheme.operator_address.postal.0.country": "Belgium"}, "CountryName"),
    Case("TS119612-5.3.5.2", {"scheme.operator_address.electronic.0": None}, "ElectronicAddress"),
    Case("TS119612-5.3.5.2", {"scheme.operator_address.electronic.1": None}, "ElectronicAddress"),
    Case("TS119612-5.3.6", {"scheme.names.0.value": "Example"}, "SchemeName/Name[1]"),
    Case("TS119612-5.3.6", {"scheme.names": ()}, "SchemeName"),
    Case("TS119612-5.3.7", {"scheme.information_uris": ()}, "SchemeInformationURI"),
    Case("TS119612-5.3.7", {"scheme.information_uris.0.value": "www.example.org"}, "SchemeInformationURI/URI[1]"),
    Case("TS119612-5.3.8", {"scheme.status_determination": "https://x.example/"}, "StatusDeterminationApproach"),
    Case(
        "TS119612-5.3.8",
        {"scheme.status_determination": f"{vocabulary.DETERMINATION}YYdetermination"},
        "StatusDeterminationApproach",
        other_scheme,
    ),
    Case("TS119612-5.3.9", {"scheme.community_rules.1": None}, "SchemeTypeCommunityRules"),
    Case("TS119612-5.3.9", {"scheme.community_rules": ()}, "SchemeTypeCommunityRules", other_scheme),
    Case(
        "TS119612-5.3.10",
        {
            "scheme.territory": "GR",
            "scheme.names.0.value": "GR:x",
            "scheme.community_rules.1.value": f"{vocabulary.RULES}GR",
        },
        "SchemeTerritory",
    ),
    Case("TS119612-5.3.11", {"scheme.legal_notices": ()}, "PolicyOrLegalNotice"),
    Case("TS119612-5.3.11", {"scheme.policies": english("https://x.example/")}, "PolicyOrLegalNotice"),
    Case("TS119612-5.3.12", {"scheme.historical_period": 30}, "HistoricalInformationPeriod"),
    Case("TS119612-5.3.14", {}, "ListIssueDateTime", at=ISSUED - timedelta(seconds=1)),
    Case("TS119612-5.3.15", {"scheme.next_update": ISSUED}, "NextUpdate", at=ISSUED),
    Case("TS119612-5.3.15-MONTHS", {"scheme.next_update": datetime(2027, 5, 2, 9, 0, 1, tzinfo=UTC)}, "NextUpdate"),
    Case("TS119612-5.3.15-CLOSED", {"scheme.next_update": None}, "NextUpdate"),
    Case("TS119612-5.3.15-EXPIRED", {}, "NextUpdate", at=ISSUED + timedelta(days=181)),
    Case("TS119612-5.3.15-LOTL", {}, "NextUpdate", good_lotl, ISSUED + timedelta(days=181)),
    Case("TS119612-5.3.16", {"scheme.distribution_points.0": "be.xml"}, "DistributionPoints/URI[1]"),
    Case(
        "TS119612-5.3.17",
        {"scheme.extensions": (Extension(False, UnknownExtension("{x}y", "")),)},
        "SchemeInformation/SchemeExtensions",
    ),
    Case("TS119612-5.3.18", {"providers": good_list().providers}, "TrustServiceProviderList", good_lotl),
    # §5.3.13, §6.1 and A.2
    Case("TS119612-5.3.13-LOTL", {"scheme.pointers": ()}, "PointersToOtherTSL"),
    Case("TS119612-5.3.13-SELF", {"scheme.pointers.0": None}, "PointersToOtherTSL", good_lotl),
    Case("TS119612-5.3.13", {f"{POINTER}.operator_names": ()}, "OtherTSLPointer[1]"),
    Case("TS119612-5.3.13", {f"{POINTER}.territory": ""}, "OtherTSLPointer[1]"),
    Case("TS119612-5.3.13-SIGNERS", {f"{POINTER}.identities": ()}, "OtherTSLPointer[1]/ServiceDigitalIdentities"),
    Case("TS119612-5.3.13-MIME", {"scheme.pointers.1.mime_type": "text/html"}, "MimeType", second_pointer),
    Case(
        "LIST-POINTER-AMBIGUOUS",
        {"scheme.pointers.1.territory": "EU", "scheme.pointers.1.list_type": vocabulary.EU_LIST_OF_LISTS},
        "PointersToOtherTSL",
        second_pointer,
    ),
    Case("TS119612-6.1", {f"{POINTER}.location": "https://lists.example/list.xml?v=1"}, "TSLLocation"),
    Case("TS119612-6.1", {f"{POINTER}.location": "https://lists.example/list"}, "TSLLocation"),
    Case("TS119612-6.1", {f"{POINTER}.location": "https://[list.xml"}, "TSLLocation"),
    Case("TS119612-A.2", {f"{POINTER}.identities.1": None}, "ServiceDigitalIdentities"),
    # §5.4
    Case(
        "TS119612-5.4.1",
        {"providers.0.names": (), "providers.0.trade_names": english("VATBE-1", PROVIDER)},
        "TrustServiceProvider[1]/TSPInformation/TSPName",
    ),
    Case("TS119612-5.4.2", {"providers.0.trade_names": english("Shop")}, "TSPInformation/TSPTradeName"),
    Case("TS119612-5.4.3.1", {"providers.0.address.postal.0.street": ""}, "PostalAddress[1]"),
    Case("TS119612-5.4.3.2", {"providers.0.address.electronic.1": None}, "ElectronicAddress"),
    Case("TS119612-5.4.4", {"providers.0.information_uris.0.value": "www.example.org"}, "TSPInformationURI/URI[1]"),
    Case("TS119612-5.4.4", {"providers.0.information_uris": ()}, "TSPInformationURI"),
    Case("TS119612-5.4.6", {"providers.0.services": ()}, "TrustServiceProvider[1]/TSPServices"),
    # §5.5
    Case(
        "TS119612-5.5.1",
        {f"{OTHER}.current.type": f"{vocabulary.SERVICE_TYPE}Unheard"},
        "TSPService[2]/ServiceInformation/ServiceTypeIdentifier",
    ),
    Case("TS119612-5.5.1", {f"{CURRENT}.type": "own"}, "ServiceTypeIdentifier", other_scheme),
    Case("TS119612-5.5.2", {f"{CURRENT}.names": ()}, "ServiceInformation/ServiceName"),
    Case(
        "TS119612-5.5.3", {f"{OTHER}.current.identity": DigitalIdentity(other=("urn:x:y",))}, "ServiceDigitalIdentity"
    ),
    Case(
        "TS119612-5.5.3-KEY",
        {
            f"{OTHER}.current.identity.certificates": (
                certificate("a", common_name="o"),
                certificate("b", common_name="o"),
            )
        },
        "TSPService[2]/ServiceInformation/ServiceDigitalIdentity",
    ),
    Case(
        "TS119612-5.5.3-SUBJECT",
        {
            f"{OTHER}.current.identity.certificates": (
                certificate("o", common_name="a"),
                certificate("o", common_name="b"),
            )
        },
        "TSPService[2]/ServiceInformation/ServiceDigitalIdentity",
    ),
    Case("TS119612-5.5.3-SKI", {f"{OTHER}.current.identity.skis": (b"\x01",)}, "X509SKI"),
    Case(
        "TS119612-5.5.3-TWICE",
        {f"{OTHER}.current": state("ca", purpose())},
        "TSPService[2]/ServiceInformation/ServiceDigitalIdentity",
    ),
    Case(
        "TS119612-5.5.3-NAME",
        {f"{OTHER}.current.identity.certificates": (certificate("o", "Somebody Else"),)},
        "ServiceDigitalIdentity/X509Certificate[1]",
    ),
    Case("LIST-CERTIFICATE-UNREADABLE", {f"{OTHER}.current.identity.certificates": (DAMAGED,)}, "X509Certificate[1]"),
    Case(
        "LIST-CERTIFICATE-WITHOUT-KEY",
        {f"{OTHER}.current.identity.certificates": (WITHOUT_KEY,)},
        "X509Certificate[1]",
        also=("LIST-CERTIFICATE-UNREADABLE",),
    ),
    Case(
        "TS119612-5.5.4",
        {f"{OTHER}.current.status": f"{vocabulary.STATUS}inaccord"},
        "TSPService[2]/ServiceInformation/ServiceStatus",
    ),
    Case("TS119612-5.5.4", {f"{OTHER}.current.status": UNDER_SUPERVISION}, "ServiceStatus"),
    Case(
        "TS119612-5.5.4",
        {f"{OTHER}.current.starting_time": REGULATION - timedelta(seconds=1)},
        "TSPService[2]/ServiceInformation/ServiceStatus",
    ),
    Case("TS119612-5.5.4-KIND", {f"{OTHER}.current.status": vocabulary.GRANTED}, "ServiceStatus"),
    Case("TS119612-5.5.5", {f"{OTHER}.current.starting_time": None}, "StatusStartingTime"),
    Case(
        "TS119612-5.5.5-FUTURE", {f"{OTHER}.current.starting_time": ISSUED + timedelta(seconds=1)}, "StatusStartingTime"
    ),
    Case(
        "TS119612-5.5.6",
        {"providers.0.services.0.scheme_definition_uris.0.value": "x"},
        "SchemeServiceDefinitionURI/URI[1]",
    ),
    Case("TS119612-5.5.7", {"providers.0.services.0.supply_points.0.uri": "ocsp"}, "ServiceSupplyPoint[1]"),
    Case("TS119612-5.5.7-TYPE", {"providers.0.services.0.supply_points.0.type": ""}, "ServiceSupplyPoint[1]"),
    Case(
        "TS119612-5.5.8",
        {"providers.0.services.0.provider_definition_uris.0.value": "x"},
        "TSPServiceDefinitionURI/URI[1]",
    ),
    # §5.5.9 and B.0
    Case("TS119612-B.0", extended(Extension(True, UnknownExtension("{x}y", ""))), "Extension[2]"),
    Case("TS119612-5.5.9.1", extended(Extension(True, REVOCATION)), "Extension[2]"),
    Case(
        "TS119612-5.5.9.1-TYPE",
        {
            f"{OTHER}.current.extensions": (Extension(False, REVOCATION),),
            f"{OTHER}.current.type": f"{vocabulary.SERVICE_TYPE}TSA",
        },
        "TSPService[2]/ServiceInformation/ServiceInformationExtensions/Extension[1]",
    ),
    Case("TS119612-5.5.9.2", {f"{OTHER}.current.extensions": (qualifications("NotQualified"),)}, "Extension[1]"),
    Case("TS119612-5.5.9.2.2", extended(element("NotQualified", criteria=UNKNOWN)), "CriteriaList/CriteriaList"),
    Case("TS119612-5.5.9.2.2-EMPTY", extended(element("NotQualified", criteria=EMPTY)), "CriteriaList"),
    Case("TS119612-5.5.9.2.3", extended(qualifications("QCForNothing")), "QualificationElement[1]/Qualifiers"),
    Case("TS119612-5.5.9.2.3-PAIR", extended(qualifications("QCWithQSCD", "QCNoQSCD")), "Qualifiers"),
    Case(
        "TS119612-5.5.9.3",
        extended(Extension(False, TakenOverBy("", english("Heir"), english(OPERATOR), "BE"))),
        "Extension[2]/TakenOverBy",
    ),
    Case("TS119612-5.5.9.4", extended(purpose(f"{vocabulary.INFORMATION}RootCA-")), "AdditionalServiceInformation/URI"),
    Case("TS119612-5.5.9.4", extended(Extension(False, AdditionalServiceInformation("QC"))), "URI"),
    Case("TS119612-5.5.9.4-ROOT", {f"{OTHER}.current.extensions": (purpose(vocabulary.ROOT_CA_QC),)}, "URI"),
    Case("TS119612-5.5.9.4-PURPOSE", {f"{CURRENT}.extensions": ()}, "TSPService[1]/ServiceInformation"),
    # §5.5.10, §5.6 and Annex J
    Case(
        "TS119612-5.5.10",
        {f"{HISTORY}.0.starting_time": datetime(2021, 1, 1, tzinfo=UTC)},
        "ServiceHistoryInstance[1]/StatusStartingTime",
    ),
    Case(
        "TS119612-5.5.10-EQUAL",
        {f"{HISTORY}.1": good_service().history[0]},
        "ServiceHistoryInstance[2]/StatusStartingTime",
    ),
    Case(
        "TS119612-5.5.10-PRESENT",
        {f"{HISTORY}.0.starting_time": datetime(2020, 1, 1, tzinfo=UTC)},
        "ServiceHistoryInstance[1]/StatusStartingTime",
    ),
    Case(
        "TS119612-5.6.1",
        {f"{HISTORY}.1.type": f"{vocabulary.SERVICE_TYPE}Unheard"},
        "ServiceHistoryInstance[2]/ServiceTypeIdentifier",
        also=("TS119612-5.6.1-CHANGED",),
    ),
    Case(
        "TS119612-5.6.1-CHANGED",
        {f"{HISTORY}.1.type": CA_PKC},
        "TSPService[1]/ServiceHistoryInstance[2]/ServiceTypeIdentifier",
    ),
    Case("TS119612-5.6.2", {f"{HISTORY}.0.names": ()}, "ServiceHistoryInstance[1]/ServiceName"),
    Case("TS119612-5.6.3", {f"{HISTORY}.0.identity.skis": ()}, "ServiceHistoryInstance[1]/ServiceDigitalIdentity"),
    Case(
        "TS119612-5.6.3-CERTIFICATE",
        {f"{HISTORY}.0.identity.certificates": (certificate("ca"),)},
        "ServiceDigitalIdentity",
    ),
    Case("TS119612-5.6.3-KEY", {f"{HISTORY}.0.identity.skis.0": b"\x01"}, "ServiceDigitalIdentity/X509SKI"),
    Case("TS119612-5.6.4", {f"{HISTORY}.1.status": vocabulary.WITHDRAWN}, "ServiceHistoryInstance[2]/ServiceStatus"),
    Case(
        "TS119612-5.6.4-KIND", {f"{HISTORY}.0.status": vocabulary.DEPRECATED}, "ServiceHistoryInstance[1]/ServiceStatus"
    ),
    Case(
        "TS119612-5.6.5",
        {f"{HISTORY}.1.starting_time": None},
        "StatusStartingTime",
    ),
    Case(
        "TS119612-J",
        {f"{HISTORY}.0.status": vocabulary.GRANTED, f"{HISTORY}.0.extensions": (purpose(),)},
        "ServiceHistoryInstance[2]/ServiceStatus",
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}:{case.where[-40:]}")
def test_one_change_breaks_one_rule(case: Case) -> None:
    found = check(case.document(), at=case.at)
    assert {each.rule for each in found} == {case.rule, *case.also}
    places = [each.where for each in found if each.rule == case.rule]
    assert len(places) == 1
    assert places[0].endswith(case.where)
    level = next(rule.level for rule in RULES if rule.id == case.rule)
    assert {each.level for each in found if each.rule == case.rule} == {level}


def test_every_rule_is_broken_by_a_case() -> None:
    assert {case.rule for case in CASES} == {rule.id for rule in MODEL_RULES}


@pytest.mark.parametrize("good", [good_list, good_lotl, other_scheme], ids=["list", "list of lists", "other scheme"])
def test_nothing_is_said_about_lists_that_are_right(good: Callable[[], TrustedList]) -> None:
    assert check(good(), at=AT) == []


def test_rules_have_ids_of_their_own_and_clauses() -> None:
    ids = [rule.id for rule in RULES]
    assert len(set(ids)) == len(ids)
    for rule in RULES:
        assert rule.id.startswith(f"TS119612-{rule.clause}" if rule.clause else "LIST-")
        assert rule.text.endswith(".")
        assert rule.text[0].isupper()


def test_all_findings_are_told_at_once() -> None:
    found = good_list()
    for path, new in (("scheme.sequence", 0), ("tag", ""), (f"{OTHER}.current.starting_time", None)):
        found = changed(found, path, new)
    assert {each.rule for each in check(found)} == {"TS119612-5.3.2", "TS119612-5.2", "TS119612-5.5.5"}


def test_without_a_time_nothing_is_said_about_being_late() -> None:
    assert check(good_list(), at=None) == []
    assert [each.level for each in check(good_list(), at=AT + timedelta(days=400))] == [Level.WARNING]


def test_uris_of_version_5_are_not_asked_of_archives() -> None:
    document = early()
    for path, new in (
        ("scheme.version", 3),
        ("tag", "http://uri.etsi.org/02231/TSLTag"),
        ("scheme.list_type", "http://uri.etsi.org/TrstSvc/eSigDir-1999-93-EC-TrustedList/TSLType/generic"),
        (f"{OTHER}.current.status", "http://uri.etsi.org/TrstSvc/eSigDir-1999-93-EC-TrustedList/Svcstatus/accredited"),
    ):
        document = changed(document, path, new)
    assert [each.rule for each in check(document)] == ["TS119612-5.3.1-ARCHIVE"]
    document = changed(document, "scheme.version", 5)
    assert {each.rule for each in check(document)} >= {"TS119612-5.2"}


def test_supply_points_of_version_5_have_no_type() -> None:
    document = changed(early(), "scheme.version", 5)
    assert check(changed(document, "providers.0.services.0.supply_points.0.type", "")) == []


def test_six_months_on_an_operators_clock_may_be_an_hour_more() -> None:
    assert check(changed(good_list(), "scheme.next_update", datetime(2027, 5, 2, 9, tzinfo=UTC))) == []


def test_services_without_a_key_are_their_uris() -> None:
    service_type = f"{vocabulary.SERVICE_TYPE}IdV/nothavingPKIid"
    document = changed(good_list(), f"{OTHER}.current.type", service_type)
    assert check(changed(document, f"{OTHER}.current.identity", DigitalIdentity(other=("urn:x:y",)))) == []


def test_what_was_in_force_may_have_been_withdrawn_in_2016() -> None:
    document = changed(good_list(), f"{HISTORY}.1.status", UNDER_SUPERVISION)
    assert check(document) == []


def test_a_provider_may_be_named_by_a_trade_name_in_certificates() -> None:
    document = changed(good_list(), "providers.0.trade_names", english("VATBE-1", "example  PROVIDER"))
    assert check(changed(document, "providers.0.names", english("Another Name"))) == []


def test_lists_of_ts_119_602_are_asked_by_its_rules() -> None:
    document = replace(good_list(), dialect=Dialect.LOTE_JSON)
    assert all(each.rule.startswith(("TS119602", "LIST-")) for each in check(document))


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        (datetime(2026, 8, 31, tzinfo=UTC), 6, datetime(2027, 2, 28, tzinfo=UTC)),
        (datetime(2027, 8, 29, 1, 2, 3, tzinfo=UTC), 6, datetime(2028, 2, 29, 1, 2, 3, tzinfo=UTC)),
        (datetime(2026, 12, 1, tzinfo=UTC), 1, datetime(2027, 1, 1, tzinfo=UTC)),
    ],
)
def test_months_end_on_the_same_day_or_the_last_one(start: datetime, months: int, end: datetime) -> None:
    assert months_later(start, months) == end


@given(st.text())
def test_any_text_is_a_uri_or_not(text: str) -> None:
    assert is_absolute(f"https://x.example/{text}") is not any(map(str.isspace, text))
    assert not is_absolute(text.replace(":", ""))


PATHS = (
    *("scheme.territory", "scheme.list_type", "scheme.status_determination", "tag", f"{POINTER}.location"),
    *(f"{CURRENT}.type", f"{CURRENT}.status", "scheme.names.0.value", "scheme.names.0.lang"),
    *(f"{POINTER}.mime_type", "providers.0.services.0.supply_points.0.uri", "providers.0.trade_names.0.value"),
)


@given(st.sampled_from(PATHS), st.text())
def test_no_text_makes_a_check_fail(path: str, text: str) -> None:
    document = changed(good_list(), path, text)
    known = {rule.id for rule in RULES}
    assert {each.rule for each in check(document, at=AT)} <= known
