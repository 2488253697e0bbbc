# SPDX-License-Identifier: Apache-2.0
"""Services of lists that certificates belong to (TS 119 615 §4.3.4-03), and what lists say about them at a time."""

from datetime import datetime, timedelta

import pytest

from tests.simulators.certificate_chains import NOW, YEAR, Authority, chain_of, dn, refused_by_cryptography
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.documents.model import (
    Address,
    Dialect,
    DigitalIdentity,
    Scheme,
    ServiceState,
    Text,
    TrustedList,
    TrustService,
    TrustServiceProvider,
)
from trust_lists.documents.vocabulary import CA_QC, GRANTED, SERVICE_TYPE, WITHDRAWN
from trust_lists.errors import PathLimitError
from trust_lists.evaluation.services import ListedService, Match, ServiceIndex, history_is_ordered, state_at

START = datetime(2016, 6, 30, 22, tzinfo=NOW.tzinfo)
OCSP = f"{SERVICE_TYPE}Certstatus/OCSP/QC"


def state(
    *certificates: ListedCertificate, kind: str = CA_QC, status: str = GRANTED, start: datetime | None = START
) -> ServiceState:
    return ServiceState(kind, (Text("en", "service"),), DigitalIdentity(certificates), status, start)


def service(
    *certificates: ListedCertificate, kind: str = CA_QC, history: tuple[ServiceState, ...] = ()
) -> TrustService:
    return TrustService(state(*certificates, kind=kind), history)


def a_list(*services: TrustService, territory: str = "BE", provider: str = "Acme") -> tuple[str, TrustedList]:
    scheme = Scheme(6, 1, "", (), START, None, territory=territory)
    providers = (TrustServiceProvider((Text("en", provider),), (), Address(), (), services),)
    return territory, TrustedList(Dialect.TS_119_612, scheme, providers)


def services(entries: tuple[ListedService, ...]) -> list[TrustService]:
    return [entry.service for entry in entries]


def matching(
    index: ServiceIndex,
    leaf: ListedCertificate,
    *between: ListedCertificate,
    kind: str = CA_QC,
    territory: str = "BE",
    at: datetime = NOW,
) -> list[tuple[TrustService, str, int]]:
    found = index.matching(leaf, service_type=kind, territory=territory, at=at, intermediates=between)
    return [(each.entry.service, each.how, len(each.path)) for each in found]


# Directly


def test_a_certificate_belongs_to_those_who_issued_it_and_to_itself() -> None:
    root, leaf_issuer = Authority("root"), Authority("issuer")
    leaf = leaf_issuer.issue()
    listed, other, itself = service(leaf_issuer.certificate), service(root.certificate), service(leaf, kind=OCSP)
    index = ServiceIndex([a_list(other, listed, itself)])
    assert services(index.services_of(leaf)) == [listed, itself]
    assert services(index.services_of(root.certificate)) == [other]
    assert index.services_of(Authority("stranger").issue()) == ()


def test_a_certificate_can_be_given_as_cryptography_has_it() -> None:
    issuer = Authority("issuer")
    leaf = issuer.issue().certificate
    assert leaf is not None
    index = ServiceIndex([a_list(service(issuer.certificate))])
    assert len(index.services_of(leaf)) == 1
    assert len(index.matching(leaf, service_type=CA_QC, territory="BE", at=NOW)) == 1


def test_only_key_and_name_of_a_service_count() -> None:
    old = Authority("issuer", begin=NOW - 9 * YEAR, end=NOW - 8 * YEAR, path_length=0)
    renewed = Authority("ISSUER", Authority("root"), key=old.key)
    index = ServiceIndex([a_list(service(old.certificate))])
    assert len(index.services_of(renewed.issue())) == 1
    assert len(index.services_of(renewed.certificate)) == 1


def test_a_service_of_the_same_name_with_another_key_is_another() -> None:
    index = ServiceIndex([a_list(service(Authority("issuer").certificate))])
    assert index.services_of(Authority("issuer").issue()) == ()
    assert index.services_of(Authority("issuer").certificate) == ()


def test_a_service_of_the_same_key_with_another_name_is_another() -> None:
    issuer = Authority("issuer")
    index = ServiceIndex([a_list(service(Authority("other", key=issuer.key).certificate))])
    assert index.services_of(issuer.issue()) == ()
    assert index.services_of(issuer.certificate) == ()


def test_dates_do_not_count_directly() -> None:
    issuer = Authority("issuer")
    index = ServiceIndex([a_list(service(issuer.certificate))])
    assert len(index.services_of(issuer.issue(begin=NOW - 3 * YEAR, end=NOW - 2 * YEAR))) == 1


def test_a_listed_authority_that_cryptography_refuses_still_has_issued_what_it_issued() -> None:
    root = Authority("root")
    issuer = Authority("issuer", root)
    refused = refused_by_cryptography(issuer.certificate, root)
    assert refused.certificate is None
    listed = service(refused)
    index = ServiceIndex([a_list(listed, service(root.certificate))])
    assert services(index.services_of(issuer.issue())) == [listed]
    assert len(index.services_of(refused)) == 2
    assert matching(index, issuer.issue())[0] == (listed, "path", 1)


def test_a_certificate_that_cryptography_refuses_is_matched_like_others() -> None:
    issuer = Authority("issuer")
    listed = service(issuer.certificate)
    index = ServiceIndex([a_list(listed)])
    refused = refused_by_cryptography(issuer.issue(), issuer)
    assert refused.certificate is None
    assert services(index.services_of(refused)) == [listed]
    assert matching(index, refused) == [(listed, "path", 1)]


def test_bytes_that_are_no_certificate_equal_only_themselves() -> None:
    junk, other = ListedCertificate(b"junk"), ListedCertificate(b"other")
    listed = service(junk)
    index = ServiceIndex([a_list(listed)])
    assert services(index.services_of(junk)) == [listed]
    assert index.services_of(other) == ()
    assert matching(index, junk) == [(listed, "identity", 0)]
    assert index.anchors == 0


def test_services_without_certificates_belong_to_nobody() -> None:
    index = ServiceIndex([a_list(service())])
    assert index.services_of(Authority("any").certificate) == ()
    assert len(index.entries) == 1


def test_anchors_are_counted_by_key_and_name() -> None:
    issuer = Authority("issuer")
    renewed = Authority("Issuer", Authority("root"), key=issuer.key)
    both = service(issuer.certificate, renewed.certificate)
    index = ServiceIndex(
        [a_list(both, service(issuer.certificate, kind=OCSP), service(Authority("other").certificate))]
    )
    assert index.anchors == 2
    assert len(index.services_of(issuer.issue())) == 2
    assert ServiceIndex([]).anchors == 0


# At a time, by path


def test_a_path_of_any_length_leads_to_a_service() -> None:
    root, path = chain_of(4)
    listed = service(root.certificate)
    index = ServiceIndex([a_list(listed)])
    assert matching(index, path[-1], *path[:-1]) == [(listed, "path", 4)]
    assert matching(index, path[-1], path[0]) == []


def test_certificates_of_the_lists_stand_between_too() -> None:
    root, path = chain_of(3)
    listed = service(root.certificate)
    index = ServiceIndex([a_list(listed, service(path[0], kind=OCSP)), a_list(service(path[1]), territory="LU")])
    assert matching(index, path[-1]) == [(listed, "path", 3)]


def test_root_and_issuer_both_listed_are_both_found() -> None:
    root, path = chain_of(2)
    listed = [service(path[0]), service(root.certificate)]
    index = ServiceIndex([a_list(*listed)])
    assert matching(index, path[-1]) == [(listed[0], "path", 1), (listed[1], "path", 2)]


def test_type_and_territory_choose() -> None:
    issuer = Authority("issuer")
    here, ocsp, there = service(issuer.certificate), service(issuer.certificate, kind=OCSP), service(issuer.certificate)
    index = ServiceIndex([a_list(here, ocsp), a_list(there, territory="LU")])
    leaf = issuer.issue()
    assert [each for each, _, _ in matching(index, leaf)] == [here]
    assert [each for each, _, _ in matching(index, leaf, kind=OCSP)] == [ocsp]
    assert [each for each, _, _ in matching(index, leaf, territory="LU")] == [there]
    assert matching(index, leaf, territory="FR") == []


def test_a_path_must_be_valid_at_the_time_and_identity_need_not() -> None:
    root = Authority("root")
    between = Authority("between", root, begin=NOW - YEAR, end=NOW + YEAR)
    index = ServiceIndex([a_list(service(root.certificate), service(between.certificate, kind=OCSP))])
    leaf = between.issue()
    assert len(matching(index, leaf)) == 1
    assert matching(index, leaf, at=NOW + 2 * YEAR) == []
    assert len(matching(index, between.certificate, kind=OCSP, at=NOW + 2 * YEAR)) == 1
    assert len(matching(index, root.certificate, at=NOW + 99 * YEAR)) == 1


def test_paths_that_are_not_valid_are_told_with_their_reasons() -> None:
    issuer, root = Authority("issuer"), Authority("root")
    listed, other = service(issuer.certificate), service(root.certificate)
    index = ServiceIndex([a_list(listed, other)])
    leaf = issuer.issue()
    found = index.search(leaf, service_type=CA_QC, territory="BE", at=NOW + 9 * YEAR)
    assert found.matches == ()
    (rejected,) = found.rejected
    assert rejected.entry.service is listed
    assert rejected.path == (leaf,)
    assert [reason.id for reason in rejected.reasons] == ["EXPIRED"]
    assert index.search(leaf, service_type=CA_QC, territory="BE", at=NOW).rejected == ()
    assert index.search(leaf, service_type=OCSP, territory="BE", at=NOW + 9 * YEAR).rejected == ()


def test_a_service_with_a_valid_path_has_no_rejected_one() -> None:
    root = Authority("root")
    old = Authority("between", root, end=NOW - YEAR)
    renewed = Authority("between", root, key=old.key)
    index = ServiceIndex([a_list(service(root.certificate))])
    found = index.search(
        old.issue(),
        service_type=CA_QC,
        territory="BE",
        at=NOW,
        intermediates=[renewed.certificate, old.certificate],
    )
    assert len(found.matches) == 1
    assert found.rejected == ()


def test_identity_goes_before_path() -> None:
    root = Authority("root")
    listed = service(root.certificate)
    assert matching(ServiceIndex([a_list(listed)]), root.certificate) == [(listed, "identity", 0)]


def test_a_match_has_its_provider_its_state_and_its_path() -> None:
    issuer = Authority("issuer")
    old = state(status=WITHDRAWN, start=START - YEAR)
    listed = service(issuer.certificate, history=(old,))
    territory, document = a_list(listed, provider="Acme")
    index = ServiceIndex([(territory, document)])
    leaf = issuer.issue(begin=START - 9 * YEAR)
    entry = ListedService("BE", document.providers[0], listed)
    now, before, ever = (
        index.matching(leaf, service_type=CA_QC, territory="BE", at=at) for at in (NOW, START - YEAR, START - 2 * YEAR)
    )
    assert now == (Match(entry, listed.current, "path", (leaf,)),)
    assert before == (Match(entry, old, "path", (leaf,)),)
    assert ever == (Match(entry, None, "path", (leaf,)),)


def test_too_many_intermediates_give_no_answer() -> None:
    issuer = Authority("issuer")
    index = ServiceIndex([a_list(service(Authority("issuer").certificate))])
    pattern = issuer.certificate
    place = pattern.der.index(pattern.key) + len(pattern.key) - 64
    crowd = [
        ListedCertificate(pattern.der[:place] + number.to_bytes(8, "big") + pattern.der[place + 8 :])
        for number in range(1000)
    ]
    with pytest.raises(PathLimitError):
        matching(index, issuer.issue(), *crowd)


def test_names_are_compared_as_people_read_them() -> None:
    key = Authority("any").key
    index = ServiceIndex([a_list(service(Authority(dn("The  Issuer", "Müller"), key=key).certificate))])
    leaf = Authority(dn("THE ISSUER", "MÜLLER"), key=key).issue()
    assert len(index.services_of(leaf)) == len(matching(index, leaf)) == 1


# The state at a time (PRO-4.3.4-03, 03A)


def test_the_section_that_began_last_by_then_counts() -> None:
    second = timedelta(seconds=1)
    old, older = state(status=WITHDRAWN, start=START - YEAR), state(start=START - 2 * YEAR)
    listed = service(history=(old, older))
    assert state_at(listed, START) is listed.current
    assert state_at(listed, START - second) is old
    assert state_at(listed, START - YEAR) is old
    assert state_at(listed, START - YEAR - second) is older
    assert state_at(listed, START - 2 * YEAR - second) is None


def test_a_service_without_times_is_always_as_it_is() -> None:
    listed = TrustService(state(start=None, status=""))
    assert state_at(listed, START - 99 * YEAR) is listed.current
    assert history_is_ordered(listed)


@pytest.mark.parametrize(
    ("years", "ordered"),
    [((), True), ((1,), True), ((1, 2, 3), True), ((2, 1), False), ((1, 1), False), ((1, 3, 2), False)],
)
def test_history_begins_with_the_newest_and_has_no_two_of_one_time(years: tuple[int, ...], ordered: bool) -> None:
    assert history_is_ordered(service(history=tuple(state(start=START - each * YEAR) for each in years))) is ordered


def test_the_present_section_is_no_instance_of_the_history() -> None:
    assert history_is_ordered(service(history=(state(start=START), state(start=START - YEAR))))
