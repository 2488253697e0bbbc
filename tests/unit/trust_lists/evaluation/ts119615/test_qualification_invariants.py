# SPDX-License-Identifier: Apache-2.0
"""What holds for every certificate and every list, however they contradict themselves."""

import json
from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulators.qualification_world import (
    ALWAYS,
    QCP,
    QCP_PLUS,
    at,
    authority,
    certificate,
    lists,
    name,
    provider,
    service,
    state,
)
from trust_lists.certificates.listed import ListedCertificate, listed
from trust_lists.documents.model import (
    Assertion,
    CriteriaList,
    Extension,
    PolicyCriterion,
    TrustService,
    UnknownCriterion,
    UnknownExtension,
)
from trust_lists.evaluation.ts119615 import (
    D0,
    ListEvidence,
    QualifiedOutcome,
    attribute_attestation,
    ledger,
    preservation_service,
    qualified_certificate,
    qualified_device,
    registered_delivery,
    time_stamp,
    validation_service,
)
from trust_lists.evaluation.ts119615.answers import answer, with_device
from trust_lists.evaluation.ts119615.codes import KNOWN_QUALIFIERS, PURPOSES

ROOT = authority("Acme root")
ISSUING = authority("Acme issuing CA", parent=ROOT)
FOREIGN = authority("Other CA", organization="Other", country="US")
INSTANTS = [
    at(2022),
    at(2022),
    at(2022),
    at(2018),
    at(2020),
    D0,
    D0 - timedelta(seconds=1),
    at(2014),
    at(2009),
    at(2041),
]
TIMELINES = [
    [D0],
    [D0, at(2010)],
    [D0, at(2010)],
    [at(2010)],
    [at(2021), D0, at(2010)],
    [D0, D0],
    [at(2010), D0],
    [at(2021), at(2012), at(2012)],
]
STATUSES = [
    *["granted"] * 5,
    "withdrawn",
    "recognisedatnationallevel",
    "undersupervision",
    "accredited",
    "supervisionrevoked",
]
SIGNING = ["EDS/Q", "EDS/Q", "EDS/REM/Q", "TSA/QTST", "QESValidation/Q", "PSES/Q", "Ledgers/Q", "EAA/Q"]
PURPOSE_NAMES = ["ForeSignatures", "ForeSeals", "ForWebSiteAuthentication"]
CRITERIA = [
    ALWAYS,
    ALWAYS,
    CriteriaList(Assertion.AT_LEAST_ONE, (PolicyCriterion((QCP,)), PolicyCriterion((QCP_PLUS,)))),
    CriteriaList(Assertion.NONE, (PolicyCriterion((QCP,)),)),
    CriteriaList(Assertion.ALL, (UnknownCriterion("{urn:x}Other"),)),
    CriteriaList(Assertion.ALL, ()),
]
CERTIFICATES: dict[tuple[object, ...], ListedCertificate] = {}


@st.composite
def certificates(draw: st.DrawFn) -> ListedCertificate:
    facts = (
        draw(st.sampled_from([*["root", "issuing"] * 4, "foreign"])),
        draw(st.booleans()),
        draw(st.sampled_from([(), (1,), (1,), (2,), (2,), (3,), (1, 2), (1, 2, 3), ("1.2.3",)])),
        draw(st.sampled_from([(), (QCP,), (QCP_PLUS,)])),
        draw(st.sampled_from([at(2020), at(2020), D0, D0 - timedelta(seconds=1), at(2013)])),
        draw(st.sampled_from(["Acme TSP", "Acme TSP", "acme  TSP", "Other"])),
    )
    if facts not in CERTIFICATES:
        issuer = {"root": ROOT, "issuing": ISSUING, "foreign": FOREIGN}[facts[0]]
        CERTIFICATES[facts] = certificate(
            issuer,
            compliance=facts[1],
            sscd=facts[1],
            types=facts[2],
            policies=facts[3],
            not_before=facts[4],
            subject=name("Alice", facts[5], "BE"),
        )
    return CERTIFICATES[facts]


def states(since: datetime, kinds: list[str]) -> st.SearchStrategy[object]:
    unknown = Extension(True, UnknownExtension("{urn:x}New", ""))
    purposes = st.lists(st.sampled_from(PURPOSE_NAMES), min_size=1, max_size=3, unique=True)
    qualifiers = st.lists(st.sampled_from([*sorted(KNOWN_QUALIFIERS), "urn:new"]), max_size=3)
    return st.builds(
        lambda status, information, uris, critical, criteria, kind, extensions: state(
            status,
            since,
            information=information,
            qualifiers=uris,
            critical=critical,
            criteria=criteria,
            type=kind,
            extensions=extensions,
        ),
        st.sampled_from(STATUSES),
        st.one_of(purposes, purposes, st.just([])),
        st.one_of(st.just([]), st.sampled_from([["QCStatement"], ["QCNoQSCD"]]), qualifiers),
        st.booleans(),
        st.sampled_from(CRITERIA),
        st.sampled_from(kinds),
        st.sampled_from([*[()] * 9, (unknown,)]),
    )


@st.composite
def services(draw: st.DrawFn, leaf: ListedCertificate, kinds: list[str]) -> TrustService:
    present, *history = (draw(states(each, kinds)) for each in draw(st.sampled_from(TIMELINES)))
    return service(present, *history, of=draw(st.sampled_from([*[ROOT, ISSUING] * 3, FOREIGN, leaf])))


@st.composite
def questions(draw: st.DrawFn, kinds: list[str]) -> tuple[ListedCertificate, datetime, ListEvidence]:
    """A certificate, an instant, and a list with services of these kinds; most of them belong together."""
    leaf = draw(certificates())
    entries = draw(st.one_of(*[st.lists(services(leaf, kinds), min_size=size, max_size=size) for size in (1, 1, 2, 3)]))
    others = draw(st.sampled_from([("Acme TSP",), ("Acme TSP",), ("Second TSP",)]))
    providers = [provider(*entries[:2]), provider(*entries[2:], names=others, trade=["Acme TSP"])]
    evidence = lists(*providers)
    between = ListEvidence(evidence.lists, evidence.index, intermediates=(listed(ISSUING.certificate),))
    return leaf, draw(st.sampled_from(INSTANTS)), between


def positives(outcome: QualifiedOutcome) -> list[str]:
    return [purpose.name for purpose in PURPOSES if purpose.positive in outcome.results]


def assert_consistent(outcome: QualifiedOutcome) -> None:
    values = [{purpose.positive, purpose.negative, purpose.indeterminate} for purpose in PURPOSES]
    one_each = len(outcome.results) == 3 and all(len(outcome.results & each) == 1 for each in values)
    assert one_each or outcome.results in (set(), {"Not_Qualified"}, {"INDETERMINATE"})
    assert len(positives(outcome)) <= 1
    if outcome.results in (set(), {"INDETERMINATE"}):
        assert outcome.status == "PROCESS_FAILED"
    if outcome.results == {"Not_Qualified"}:
        assert outcome.status == "PROCESS_PASSED"
    if any(result.startswith("INDET_") for result in outcome.results):
        assert outcome.status != "PROCESS_PASSED"
    if outcome.status != "PROCESS_PASSED":
        assert outcome.sub_status
    assert len(set(outcome.sub_status)) == len(outcome.sub_status)
    assert not any("{" in code or "Tk" in code for code in outcome.sub_status)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(questions(["CA/QC"]))
def test_qualified_certificates(question: tuple[ListedCertificate, datetime, ListEvidence]) -> None:
    leaf, instant, evidence = question
    outcome = qualified_certificate(leaf, instant, evidence)
    assert_consistent(outcome)
    assert qualified_certificate(leaf, instant, evidence) == outcome
    if not outcome.qualified_for:
        return
    assert outcome.services is not None
    found = outcome.services.results
    purpose = next(each for each in PURPOSES if each.positive in outcome.results)
    not_before = leaf.slices.dates[0]
    if min(instant, not_before) >= D0:
        # a yes needs a service for just this, and all of these granted
        states = [each.state for each in found if each.is_for(purpose.information)]
        assert states
        assert {each.status.rpartition("/")[2] for each in states} == {"granted"}
    else:
        assert purpose.number == 1
        assert found
    # and the same answer when the certificate was made
    assert qualified_certificate(leaf, not_before, evidence).results == outcome.results


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(questions(["CA/QC"]))
def test_devices(question: tuple[ListedCertificate, datetime, ListEvidence]) -> None:
    leaf, instant, evidence = question
    outcome = qualified_device(leaf, instant, evidence)
    assert (outcome.result is None) == (outcome.status == "PROCESS_FAILED")
    if outcome.result == "QSCD_YES":
        assert positives(outcome.qualified) in (["eSig"], ["eSeal"])
    told = with_device(outcome)
    assert told.positive == bool(outcome.qualified.qualified_for)
    value = json.loads(json.dumps(told.to_json(explain=True)))
    assert value["explanation"]["clause"] == "4.5.4"
    assert outcome.explanation.as_text().startswith("4.5.4")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(questions(SIGNING), st.sampled_from(INSTANTS))
def test_services_that_sign(question: tuple[ListedCertificate, datetime, ListEvidence], other: datetime) -> None:
    leaf, instant, evidence = question
    indications = ["urn:etsi:eaa:eu:qualified"]
    outcomes = [
        registered_delivery(leaf, instant, evidence),
        time_stamp(leaf, other, instant, evidence),
        validation_service(leaf, instant, evidence),
        preservation_service(leaf, instant, evidence),
        ledger(leaf, instant, evidence),
        attribute_attestation(leaf, instant, evidence, indications=indications),
    ]
    for outcome in outcomes:
        told = answer(outcome)
        assert outcome.status in ("PROCESS_PASSED", "PROCESS_FAILED")
        if told.positive:
            assert outcome.status == "PROCESS_PASSED"
            assert instant >= D0
            assert any(each.state.status.endswith("/granted") for each in told.services)
        json.dumps(told.to_json(explain=True))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_changed_certificates_never_raise(data: st.DataObject) -> None:
    leaf = certificate_to_change()
    changed = bytearray(leaf.der)
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    broken = ListedCertificate(bytes(changed))
    evidence = lists(service(), service(state(), of=broken))
    assert_consistent(qualified_certificate(broken, at(2022), evidence))
    registered_delivery(broken, at(2022), evidence)


def certificate_to_change() -> ListedCertificate:
    if () not in CERTIFICATES:
        CERTIFICATES[()] = certificate(sscd=True, types=[1], policies=[QCP], subject=name("Alice", "Acme TSP", "BE"))
    return CERTIFICATES[()]
