# SPDX-License-Identifier: Apache-2.0
"""Trusted lists as a source: which services vouch for a certificate, when, and what speaks against them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.simulators.qualification_world import (
    DATE_TIME,
    NOT_BEFORE,
    a_list,
    at,
    authority,
    certificate,
    lists,
    name,
    provider,
    service,
    state,
)
from tests.simulators.trust_models import configuration, pin, rule
from trust_lists.certificates.building import build_paths
from trust_lists.certificates.listed import ListedCertificate, listed
from trust_lists.documents.model import Dialect, Extension, TrustedList, TrustService, UnknownExtension
from trust_lists.documents.vocabulary import CA_QC, GRANTED
from trust_lists.evaluation.authenticated import AuthenticatedList, AuthenticatedLists
from trust_lists.evaluation.decisions.engine import DecisionEngine
from trust_lists.evaluation.decisions.evidence import Evidence, ListsAtHand
from trust_lists.evaluation.decisions.grounds import Ground, Offer
from trust_lists.evaluation.decisions.list_grounds import ListGrounds
from trust_lists.evaluation.decisions.model import Case, Check, Outcome
from trust_lists.evaluation.services import ServiceIndex
from trust_lists.evaluation.trust_configuration.model import (
    CertificateReference,
    Listed,
    ListKind,
    OnExpired,
    Qualified,
    Role,
    ServiceMatch,
    Stores,
    TrustedListSource,
    UrlOrFile,
)

DAY = timedelta(days=1)
SOURCE = TrustedListSource(
    id="eu",
    kind=ListKind.LOTL,
    location=UrlOrFile("https://lists.example/lotl.xml"),
    signers=(CertificateReference("ab" * 32),),
    pivots=True,
    territories=None,
    service_types=(CA_QC,),
    statuses=(GRANTED,),
    max_age=DAY,
    on_expired=OnExpired.REJECT,
)
EITHER = Listed(("eu",), ServiceMatch.EITHER, None)


def at_hand(*services: TrustService, fetched_at: datetime = DATE_TIME) -> ListsAtHand:
    found = lists(*services)
    return ListsAtHand(found.lists, found.index, fetched_at)


def of_documents(*documents: TrustedList, fetched_at: datetime = DATE_TIME) -> ListsAtHand:
    found = {
        each.scheme.territory: AuthenticatedList(each.scheme.territory, "EUTL_VERIFICATION_PASSED", (), each)
        for each in documents
    }
    index = ServiceIndex((each.scheme.territory, each) for each in documents)
    return ListsAtHand(AuthenticatedLists(found), index, fetched_at)


def offer(
    asked: ListedCertificate,
    found: ListsAtHand | None,
    *,
    source: TrustedListSource = SOURCE,
    rule: Listed = EITHER,
    when: datetime = DATE_TIME,
    skew: timedelta = timedelta(),
) -> Offer:
    grounds = ListGrounds(rule, "roles.ap-sign.accept", {source.id: source}, skew)
    return grounds.offer(Case(Role.AP_SIGN, asked, when), Evidence(lists={source.id: found} if found else {}))


def above(asked: ListedCertificate, given: Offer, when: datetime = DATE_TIME) -> list[Ground]:
    """The services that issued the certificate."""
    assert given.issuers is not None
    paths = build_paths(asked, given.issuers.issuers, when)
    return [ground for path in paths if path.verdict.valid for ground in given.issuers.grounds(path.anchor)]


def ids(checks: Sequence[Check]) -> list[str]:
    return [check.id for check in checks]


# Which services


def test_a_service_that_issued_the_certificate_is_a_ground() -> None:
    asked = certificate()
    [ground] = above(asked, offer(asked, at_hand(service())))
    assert (ground.origin, ground.checks) == ("stores.lists.eu/BE/Acme TSP/Acme service", ())
    assert ground.certificate == listed(authority().certificate)


def test_a_service_with_the_key_and_name_of_the_certificate_is_a_direct_ground() -> None:
    asked = certificate()
    given = offer(asked, at_hand(service(of=asked)))
    assert [(ground.checks, ground.certificate) for ground in given.direct] == [((), asked)]


def test_key_and_name_count_and_no_other_byte_of_the_certificate() -> None:
    asked, again = certificate(), certificate(compliance=False)
    assert asked != again
    assert len(offer(asked, at_hand(service(of=again))).direct) == 1


@pytest.mark.parametrize(
    ("match", "direct", "issuers"),
    [(ServiceMatch.IDENTITY, 1, False), (ServiceMatch.PATH, 0, True), (ServiceMatch.EITHER, 1, True)],
)
def test_match_says_what_a_service_may_be_to_the_certificate(match: ServiceMatch, direct: int, issuers: bool) -> None:
    asked = certificate()
    given = offer(asked, at_hand(service(of=asked), service()), rule=Listed(("eu",), match, None))
    assert (len(given.direct), given.issuers is not None) == (direct, issuers)


def test_certificates_of_lists_may_stand_between_of_whatever_type() -> None:
    root = authority("Root CA")
    below = authority("Issuing CA", parent=root)
    asked = certificate(below)
    found = at_hand(service(of=root), service(state(type="CA/PKC"), of=below))
    assert len(above(asked, offer(asked, found))) == 1


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(replace(SOURCE, service_types=("http://uri.etsi.org/TrstSvc/Svctype/EDS",)), id="type"),
        pytest.param(replace(SOURCE, territories=("NL",)), id="territory"),
    ],
)
def test_services_of_other_types_and_territories_are_none(source: TrustedListSource) -> None:
    asked = certificate()
    given = offer(asked, at_hand(service(of=asked), service()), source=source)
    assert (given.direct, above(asked, given)) == ((), [])


def test_any_type_and_any_territory_count_where_the_entry_says_so() -> None:
    asked = certificate()
    source = replace(SOURCE, service_types=None, territories=("BE",))
    assert len(offer(asked, at_hand(service(state(type="EDS"), of=asked)), source=source).direct) == 1


def test_two_services_with_the_same_anchor_are_two_grounds() -> None:
    asked = certificate()
    given = offer(asked, at_hand(service(state("withdrawn")), service()))
    assert [ids(ground.checks) for ground in above(asked, given)] == [["SERVICE_STATUS"], []]


# Status at the time


@pytest.mark.parametrize(
    ("when", "found"),
    [
        pytest.param(at(2019, 6), [], id="while it was granted"),
        pytest.param(at(2021), ["SERVICE_STATUS"], id="from the instant of the withdrawal"),
        pytest.param(at(2021) - timedelta(microseconds=1), [], id="until just before"),
        pytest.param(at(2010), ["SERVICE_NOT_YET_LISTED"], id="before it was listed"),
    ],
)
def test_the_status_is_that_of_the_time_asked_about(when: datetime, found: list[str]) -> None:
    asked = certificate(not_before=at(2009))
    entry = service(state("withdrawn", at(2021)), state("granted", at(2017)), of=asked)
    [ground] = offer(asked, at_hand(entry), when=when).direct
    assert ids(ground.checks) == found


def test_a_withdrawn_service_says_since_when() -> None:
    asked = certificate()
    [ground] = offer(asked, at_hand(service(state("withdrawn", at(2021)), of=asked))).direct
    [check] = ground.checks
    assert (check.clause, check.undecided) == ("stores.lists.eu.statuses", False)
    assert check.message == (
        "the service Acme service of Acme TSP is withdrawn since 2021-01-01 00:00:00 UTC, which doesn't count"
    )


def test_any_status_counts_where_the_entry_says_so() -> None:
    asked = certificate()
    source = replace(SOURCE, statuses=None)
    [ground] = offer(asked, at_hand(service(state("withdrawn"), of=asked)), source=source).direct
    assert ground.checks == ()


@pytest.mark.parametrize(
    "history",
    [
        pytest.param((state("granted", at(2017)), state("withdrawn", at(2018))), id="ascending"),
        pytest.param((state("granted", at(2017)), state("withdrawn", at(2017))), id="two at once"),
        pytest.param((state("granted", None),), id="without a time"),
    ],
)
def test_a_history_that_is_not_descending_leaves_it_undecided(history: tuple[object, ...]) -> None:
    asked = certificate()
    entry = replace(service(state("granted", at(2020)), of=asked), history=history)
    [check] = offer(asked, at_hand(entry)).direct[0].checks
    assert (check.id, check.clause) == ("SERVICE_HISTORY_DISORDERED", "TS 119 615 PRO-4.3.4-03A")
    assert check.undecided


@pytest.mark.parametrize("named", ["{urn:x}Y", ""])
def test_a_critical_extension_that_nobody_understands_leaves_it_undecided(named: str) -> None:
    asked = certificate()
    unknown = Extension(True, UnknownExtension(named, "<Y/>"))
    [check] = offer(asked, at_hand(service(state(extensions=[unknown]), of=asked))).direct[0].checks
    assert (check.id, check.undecided) == ("SERVICE_EXTENSION_UNKNOWN", True)
    optional = replace(unknown, critical=False)
    assert offer(asked, at_hand(service(state(extensions=[optional]), of=asked))).direct[0].checks == ()


def test_only_a_list_of_ts_119_602_may_have_services_without_times() -> None:
    asked = certificate()
    entry = service(state(since=None), of=asked)
    of_602 = replace(a_list(provider(entry)), dialect=Dialect.LOTE_JSON)
    assert offer(asked, of_documents(of_602)).direct[0].checks == ()
    of_612 = a_list(provider(entry))
    assert ids(offer(asked, of_documents(of_612)).direct[0].checks) == ["SERVICE_HISTORY_DISORDERED"]


# Lists that can't be asked, or don't count


def test_a_list_that_is_not_at_hand_leaves_it_undecided() -> None:
    [problem] = offer(certificate(), None).problems
    assert (problem.id, problem.clause, problem.undecided) == ("LIST_MISSING", "stores.lists.eu", True)


def failed(**of_territory: str) -> ListsAtHand:
    found = {
        territory: AuthenticatedList(territory, "EUTL_VERIFICATION_FAILED", (code,))
        for territory, code in of_territory.items()
    }
    return ListsAtHand(AuthenticatedLists(found), ServiceIndex([]), DATE_TIME)


def test_a_list_that_is_not_authenticated_leaves_it_undecided_and_says_why() -> None:
    [problem] = offer(certificate(), failed(BE="EUTL_SIGNATURE_VERIFICATION_FAILED")).problems
    assert (problem.id, problem.undecided) == ("LIST_NOT_AUTHENTICATED", True)
    assert "EUTL_VERIFICATION_FAILED, EUTL_SIGNATURE_VERIFICATION_FAILED" in problem.message


@pytest.mark.parametrize(
    ("kind", "territory", "clause"),
    [
        (ListKind.LOTL, "BE", "TS 119 615 4.2"),
        (ListKind.LOTL, "", "TS 119 615 4.1"),
        (ListKind.TL, "", "stores.lists.eu.signers"),
        (ListKind.LOTE, "", "stores.lists.eu.signers"),
    ],
)
def test_what_a_list_would_have_to_fulfil_is_told(kind: ListKind, territory: str, clause: str) -> None:
    [problem] = offer(certificate(), failed(**{territory: "X"}), source=replace(SOURCE, kind=kind)).problems
    assert problem.clause == clause


def test_a_service_in_the_index_of_a_list_that_is_not_authenticated_does_not_count() -> None:
    asked = certificate()
    for lists_told in (failed(BE="X").lists, AuthenticatedLists()):
        found = replace(at_hand(service(of=asked)), lists=lists_told)
        [ground] = offer(asked, found).direct
        assert "LIST_NOT_AUTHENTICATED" in ids(ground.checks)


@pytest.mark.parametrize("when", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_no_time_is_too_early_or_too_late_to_be_asked_about(when: datetime) -> None:
    asked = certificate()
    given = offer(asked, at_hand(service(of=asked)), when=when, skew=DAY)
    assert given.direct[0].checks


def test_a_missing_list_of_whatever_country_could_have_listed_the_certificate() -> None:
    assert len(offer(certificate(), failed(BE="X", DE="Y")).problems) == 2


def test_section_4_4_asks_the_list_of_the_issuers_country_and_no_other() -> None:
    rule = Listed(("eu",), ServiceMatch.PATH, Qualified.ESIG)
    [problem] = offer(certificate(), failed(BE="X", DE="Y"), rule=rule).problems
    assert problem.source == "stores.lists.eu/BE"


def test_a_list_of_lists_that_is_not_authenticated_leaves_everything_undecided() -> None:
    lotl = AuthenticatedList("", "LOTL_VERIFICATION_FAILED", ("LOTL_NEXTUPDATE_PASSED",))
    found = ListsAtHand(AuthenticatedLists({"": lotl}), ServiceIndex([]), DATE_TIME)
    rule = Listed(("eu",), ServiceMatch.PATH, Qualified.ESIG)
    for source in (SOURCE, replace(SOURCE, territories=("BE",))):
        [problem] = offer(certificate(), found, rule=rule, source=source).problems
        assert (problem.source, problem.undecided) == ("stores.lists.eu", True)


def expiring(next_update: datetime | None, asked: ListedCertificate) -> ListsAtHand:
    document = a_list(provider(service(of=asked)))
    return of_documents(replace(document, scheme=replace(document.scheme, next_update=next_update)))


@pytest.mark.parametrize(
    ("next_update", "when", "expired"),
    [
        pytest.param(DATE_TIME, DATE_TIME, False, id="at the last instant"),
        pytest.param(DATE_TIME, DATE_TIME + timedelta(seconds=10), False, id="at the end of the skew"),
        pytest.param(DATE_TIME, DATE_TIME + timedelta(seconds=11), True, id="after it"),
        pytest.param(None, DATE_TIME, True, id="closed"),
        pytest.param(None, at(2020, 6), False, id="closed later"),
    ],
)
def test_what_an_expired_list_says_is_refused(next_update: datetime | None, when: datetime, expired: bool) -> None:
    asked = certificate()
    given = offer(asked, expiring(next_update, asked), when=when, skew=timedelta(seconds=10))
    assert ids(given.direct[0].checks) == (["LIST_EXPIRED"] if expired else [])
    assert given.problems == given.direct[0].checks
    assert not any(check.undecided for check in given.problems)


def test_an_expired_list_is_a_warning_where_the_entry_says_so() -> None:
    asked = certificate()
    source = replace(SOURCE, on_expired=OnExpired.WARN)
    given = offer(asked, expiring(at(2021), asked), source=source)
    assert (given.direct[0].checks, given.problems) == ((), ())
    assert given.direct[0].warnings == ("the list eu/BE expired on 2021-01-01 00:00:00 UTC",)


def test_a_copy_that_is_too_old_is_refused() -> None:
    asked = certificate()
    old = at_hand(service(of=asked), fetched_at=DATE_TIME - DAY - timedelta(seconds=1))
    assert ids(offer(asked, old).direct[0].checks) == ["LIST_TOO_OLD"]
    assert ids(offer(asked, old, skew=timedelta(seconds=1)).direct[0].checks) == []
    assert ids(offer(asked, old, source=replace(SOURCE, max_age=None)).direct[0].checks) == []


def test_a_copy_of_today_answers_about_former_times() -> None:
    asked = certificate()
    assert offer(asked, at_hand(service(of=asked), fetched_at=at(2026))).direct[0].checks == ()


def test_among_many_lists_those_of_the_certificates_country_are_told_of_as_expired() -> None:
    dutch = replace(a_list(territory="NL"), scheme=replace(a_list(territory="NL").scheme, next_update=at(2021)))
    belgian = replace(a_list(), scheme=replace(a_list().scheme, next_update=at(2021)))
    given = offer(certificate(), of_documents(belgian, dutch))
    assert [problem.source for problem in given.problems] == ["stores.lists.eu/BE"]
    nowhere = certificate(authority("CA", "Acme TSP", None), subject=name("Alice", None, None))
    assert len(offer(nowhere, of_documents(belgian, dutch)).problems) == 2


# Qualified


def qualified(asked: ListedCertificate, wanted: Qualified, *services: TrustService) -> list[Ground]:
    rule = Listed(("eu",), ServiceMatch.PATH, wanted)
    return above(asked, offer(asked, at_hand(*services), rule=rule))


def test_what_section_4_4_finds_is_enough() -> None:
    [ground] = qualified(certificate(), Qualified.ESIG, service())
    assert ground.checks == ()


def test_what_section_4_4_does_not_find_is_a_check_with_its_clause() -> None:
    [ground] = qualified(certificate(), Qualified.ESEAL, service())
    [check] = ground.checks
    assert (check.id, check.clause, check.undecided) == ("NOT_QUALIFIED", "TS 119 615 PRO-4.4.4-18", False)
    assert "Not_Qualified_For_eSeal" in check.message


def test_an_indeterminate_result_is_undecided() -> None:
    entry = service(state(qualifiers=["QCForESeal"]))
    [ground] = qualified(certificate(), Qualified.ESIG, entry)
    [check] = ground.checks
    assert (check.id, check.clause, check.undecided) == ("QUALIFICATION_UNKNOWN", "TS 119 615 PRO-4.4.4-12", True)


def test_a_failed_procedure_is_undecided() -> None:
    elsewhere = authority("Acme CA", "Another TSP")
    [ground] = qualified(certificate(elsewhere), Qualified.ESIG, service(of=elsewhere))
    [check] = ground.checks
    assert (check.clause, check.undecided) == ("TS 119 615 PRO-4.4.4-06", True)
    assert "ERROR_TSP_NAME_INCONSISTENCY_BETWEEN_CERT_AND_TL" in check.message


def test_what_was_qualified_when_it_was_issued_and_is_not_now_is_not() -> None:
    entry = service(state("withdrawn", at(2021)), state("granted", at(2017)))
    [ground] = qualified(certificate(), Qualified.ESIG, entry)
    assert ids(ground.checks)[:2] == ["SERVICE_STATUS", "NOT_QUALIFIED"]
    assert not any(check.undecided for check in ground.checks)


def test_what_is_qualified_now_and_was_not_when_it_was_issued_is_undecided() -> None:
    entry = service(state("granted", at(2021)), state("withdrawn", at(2017)))
    [ground] = qualified(certificate(), Qualified.ESIG, entry)
    [check] = ground.checks
    assert (check.id, check.clause, check.undecided) == ("QUALIFICATION_UNKNOWN", "TS 119 615 PRO-4.4.4-36a", True)


def test_section_4_4_goes_over_the_intermediates_of_the_configuration_too() -> None:
    below = authority("Issuing CA", parent=authority())
    between, asked = listed(below.certificate), certificate(below)
    made = configuration({"ap-sign": rule({"pin": "any"})}, {"pins": [pin("x", asked, "ap-sign")]})
    known = CertificateReference(between.sha256, certificate=between)
    demands = made.rule(Role.AP_SIGN)
    assert demands is not None
    wanted = replace(demands, accept=Listed(("eu",), ServiceMatch.PATH, Qualified.ESIG))
    stores = Stores(lists=(SOURCE,), intermediates=(known,))
    trusted = replace(made, stores=stores, roles=made.roles.with_rule(Role.AP_SIGN, wanted))
    evidence = Evidence(lists={"eu": at_hand(service())})
    decision = DecisionEngine(trusted).decide(Case(Role.AP_SIGN, asked, DATE_TIME), evidence)
    assert (decision.outcome, decision.checks) == (Outcome.ACCEPT, ())


def test_warnings_of_section_4_4_are_passed_on() -> None:
    both = certificate(types=(1, 2))
    entry = service(state(information=("ForeSignatures",), qualifiers=["QCForESig"]))
    [ground] = qualified(both, Qualified.ESIG, entry)
    assert ground.checks == ()
    assert any("QcType" in warning for warning in ground.warnings)


# Several lists, and preparation


def test_several_lists_offer_what_each_of_them_has() -> None:
    asked = certificate()
    other = replace(SOURCE, id="domain", kind=ListKind.TL)
    rule = Listed(("eu", "domain"), ServiceMatch.EITHER, None)
    grounds = ListGrounds(rule, "roles.ap-sign.accept", {"eu": SOURCE, "domain": other}, timedelta())
    evidence = Evidence(lists={"eu": at_hand(service(of=asked)), "domain": at_hand(service())})
    given = grounds.offer(Case(Role.AP_SIGN, asked, DATE_TIME), evidence)
    assert [ground.origin.split("/")[0] for ground in given.direct] == ["stores.lists.eu"]
    assert [ground.origin.split("/")[0] for ground in above(asked, given)] == ["stores.lists.domain"]
    half = grounds.offer(Case(Role.AP_SIGN, asked, DATE_TIME), replace(evidence, lists={"eu": evidence.lists["eu"]}))
    assert (len(half.direct), ids(half.problems)) == (1, ["LIST_MISSING"])


def test_the_same_index_answers_for_different_entries_of_a_configuration() -> None:
    asked = certificate()
    found = at_hand(service(of=asked))
    none = replace(SOURCE, service_types=("urn:none",))
    answers = [len(offer(asked, found, source=source).direct) for source in (SOURCE, none, SOURCE)]
    assert answers == [1, 0, 1]


def test_the_signer_of_a_list_is_decided_about_as_any_other() -> None:
    operator = authority("List signers CA")
    signer = certificate(operator, not_before=NOT_BEFORE)
    given = ListGrounds(EITHER, "roles.list-signer.accept", {"eu": SOURCE}, timedelta()).offer(
        Case(Role.LIST_SIGNER, signer, DATE_TIME), Evidence(lists={"eu": at_hand(service(of=operator))})
    )
    assert [ground.checks for ground in above(signer, given)] == [()]
