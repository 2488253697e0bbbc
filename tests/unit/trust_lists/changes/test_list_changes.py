# SPDX-License-Identifier: Apache-2.0
"""What a comparison of two issues of a list says about each thing that can change, and about nothing else."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulators.checked_lists import (
    ISSUED,
    REGULATION,
    certificate,
    changed,
    english,
    good_list,
    good_lotl,
    key,
    other_service,
    pointer_to,
    provider,
    purpose,
    qualifications,
    state,
)
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.changes import Change, Kind, ListChanges, compare_lists
from trust_lists.changes.describing import key_fingerprint
from trust_lists.documents import vocabulary
from trust_lists.documents.model import (
    Assertion,
    CertificateForm,
    CriteriaList,
    DigitalIdentity,
    ExtendedKeyUsageCriterion,
    Extension,
    KeyUsageCriterion,
    PointerQualifier,
    QcStatement,
    QcStatementCriterion,
    QualificationElement,
    Qualifications,
    ServiceState,
    SubjectAttributeCriterion,
    SupplyPoint,
    TrustedList,
    TrustService,
    UnknownCriterion,
    UnknownExtension,
)

CURRENT = "providers.0.services.0.current"
HISTORY = "providers.0.services.0.history"
OTHER = "providers.0.services.1.current"
SERVICES = "providers.0.services"


def before() -> TrustedList:
    return good_list()


def after(changes: dict[str, object]) -> TrustedList:
    """The next issue, a month later, with these changes."""
    found = good_list()
    later = ISSUED + timedelta(days=30)
    scheme = replace(
        found.scheme,
        sequence=found.scheme.sequence + 1,
        issued_at=later,
        next_update=later + timedelta(days=180),
    )
    found = replace(found, scheme=scheme)
    for path, new in changes.items():
        found = changed(found, path, new)
    return found


def compared(changes: dict[str, object]) -> tuple[Change, ...]:
    return compare_lists(before(), after(changes)).changes


def only(changes: dict[str, object]) -> Change:
    (found,) = compared(changes)
    return found


def with_status(status: str, since: datetime, *former: ServiceState) -> dict[str, object]:
    """The first service has another status; the former ones are before those that it had."""
    service = good_list().providers[0].services[0]
    current = replace(service.current, status=status, starting_time=since)
    return {f"{SERVICES}.0": replace(service, current=current, history=(*former, *service.history))}


def former_present() -> ServiceState:
    return state("ca", since=datetime(2020, 1, 1, tzinfo=UTC), former=True)


# The list itself


def test_the_next_issue_with_the_same_content_has_no_changes() -> None:
    assert compared({}) == ()
    assert compare_lists(before(), before()).changes == ()


def test_the_issues_are_named() -> None:
    found = compare_lists(before(), after({}))
    assert (found.before.territory, found.before.sequence, found.before.services) == ("BE", 7, 2)
    assert (found.after.sequence, found.after.issued_at) == (8, ISSUED + timedelta(days=30))


@pytest.mark.parametrize(
    ("sequence", "note"),
    [(7, "another content"), (6, "lower"), (9, "one issue between them was"), (11, "3 issues between them were")],
)
def test_sequence_numbers_that_do_not_follow_are_told(sequence: int, note: str) -> None:
    found = only({"scheme.sequence": sequence})
    assert (found.kind, found.before, found.after) == (Kind.SEQUENCE, ("7",), (str(sequence),))
    assert note in found.note


def test_a_higher_number_that_was_issued_earlier_is_told() -> None:
    found = only({"scheme.issued_at": ISSUED - timedelta(days=1)})
    assert (found.kind, found.what) == (Kind.SEQUENCE, "issue time")


def test_a_list_that_closes_is_told_and_one_that_opens_again() -> None:
    assert only({"scheme.next_update": None}).kind is Kind.CLOSED
    closed = changed(before(), "scheme.next_update", None)
    (found,) = compare_lists(closed, after({})).changes
    assert (found.kind, found.before) == (Kind.CLOSED, ("",))


@pytest.mark.parametrize(
    ("path", "new", "what"),
    [
        ("scheme.version", 5, "version"),
        ("scheme.list_type", vocabulary.EU_LIST_OF_LISTS, "type"),
        ("scheme.territory", "NL", "territory"),
        ("scheme.operator_names.0.value", "Agency", "operator"),
        ("scheme.operator_address.postal.0.street", "Street 2", "operator's address"),
        ("scheme.names.0.value", "BE:List", "name"),
        ("scheme.information_uris.0.value", "https://x.example/", "information URI"),
        ("scheme.status_determination", "https://x.example/", "status determination"),
        ("scheme.community_rules.0.value", "https://x.example/", "community rules"),
        ("scheme.policies", english("https://x.example/"), "policy"),
        ("scheme.legal_notices.0.value", "Other", "legal notice"),
        ("scheme.historical_period", 30, "history kept for days"),
        ("scheme.distribution_points.0", "https://x.example/be.xml", "distribution point"),
        ("scheme.extensions", (Extension(False, UnknownExtension("{x}y", "")),), "extension"),
    ],
)
def test_what_a_scheme_says_of_itself_is_compared(path: str, new: object, what: str) -> None:
    found = only({path: new})
    assert (found.kind, found.what) == (Kind.SCHEME, what)


# Signers


def test_another_signer_is_told_where_signers_are_given() -> None:
    one, other = certificate("signer-1"), certificate("signer-2")
    assert compare_lists(before(), after({}), signers=(one, one)).changes == ()
    (found,) = compare_lists(before(), after({}), signers=(one, other)).changes
    assert found == Change(Kind.SIGNER, (f"signer-1 {one.sha256}",), (f"signer-2 {other.sha256}",))
    (found,) = compare_lists(before(), after({}), signers=(one, None)).changes
    assert (found.after, found.note) == ((), "one of the issues has no valid signature")


# Pointers


def test_pointers_come_and_go() -> None:
    found = only({"scheme.pointers": ()})
    assert (found.kind, found.what) == (Kind.POINTER_REMOVED, "EU vnd.etsi.tsl+xml")
    pointers = (*good_list().scheme.pointers, pointer_to("NL", vocabulary.EU_LIST, "nl"))
    assert only({"scheme.pointers": pointers}).kind is Kind.POINTER_ADDED


def test_who_may_sign_a_list_is_told_by_certificate() -> None:
    found = only({"scheme.pointers.0": pointer_to("EU", vocabulary.EU_LIST_OF_LISTS, "lotl-2", "lotl-3")})
    assert found.kind is Kind.POINTER_SIGNERS
    digests = [certificate(name, "Example Agency").sha256 for name in ("lotl-1", "lotl-3")]
    assert (found.before, found.after) == ((f"lotl-1 {digests[0]}",), (f"lotl-3 {digests[1]}",))


@pytest.mark.parametrize("path", ["location", "operator_names", "community_rules"])
def test_what_a_pointer_says_is_compared(path: str) -> None:
    new = "https://x.example/eu.xml" if path == "location" else english("Other")
    assert only({f"scheme.pointers.0.{path}": new}).kind is Kind.POINTER


def test_two_pointers_of_one_territory_are_told_apart_by_location() -> None:
    old = changed(before(), "scheme.pointers", (pointer_at("a", "x"), pointer_at("b", "y")))
    new = changed(after({}), "scheme.pointers", (pointer_at("b", "y"), pointer_at("a", "x")))
    assert compare_lists(old, new).changes == ()


def pointer_at(name: str, signer: str) -> object:
    return replace(pointer_to("DK", vocabulary.EU_LIST, signer), location=f"https://lists.example/{name}.xml")


# Providers


def test_providers_come_and_go_with_their_services() -> None:
    extra = provider(TrustService(state("new", purpose())), name="New Provider", number="VATBE-2")
    found = compared({"providers": (*good_list().providers, extra)})
    assert [each.kind for each in found] == [Kind.ADDED, Kind.PROVIDER_ADDED]
    found = compare_lists(after({"providers": (*good_list().providers, extra)}), after({})).changes
    assert {each.kind for each in found} == {Kind.SEQUENCE, Kind.REMOVED, Kind.PROVIDER_REMOVED}


def test_a_provider_with_another_name_is_the_same_by_its_official_identifier() -> None:
    found = only({"providers.0.names": english("New Name")})
    assert (found.kind, found.provider) == (Kind.PROVIDER_RENAMED, "New Name")
    assert (found.before, found.after) == (("Example Provider [en]",), ("New Name [en]",))


def test_a_provider_with_another_name_and_number_is_the_same_by_its_services() -> None:
    found = compared(
        {
            "providers.0.names": english("New Name"),
            "providers.0.trade_names": english("VATBE-9"),
            SERVICES: (*good_list().providers[0].services, TrustService(state("more", purpose()))),
        }
    )
    assert [each.kind for each in found] == [Kind.ADDED, Kind.PROVIDER_RENAMED, Kind.PROVIDER]


def test_case_and_spaces_make_no_other_provider() -> None:
    found = only({"providers.0.names": english("EXAMPLE  provider")})
    assert (found.kind, found.what) == (Kind.PROVIDER, "name")


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("trade_names.0.value", "trade name"),
        ("address.postal.0.street", "address"),
        ("information_uris.0.value", "information URI"),
    ],
)
def test_what_a_provider_says_is_compared(path: str, what: str) -> None:
    found = only({f"providers.0.{path}": "https://x.example/"})
    assert (found.kind, found.what, found.provider) == (Kind.PROVIDER, what, "Example Provider")


# Services


def test_a_service_is_added_and_removed() -> None:
    services = good_list().providers[0].services
    found = only({SERVICES: (*services, TrustService(state("new", purpose())))})
    assert (found.kind, found.service, found.type) == (Kind.ADDED, "Service new", vocabulary.CA_QC)
    assert found.after == ("granted", "2020-01-01T00:00:00Z")
    found = only({SERVICES: services[:1]})
    assert (found.kind, found.service) == (Kind.REMOVED, "Service other")
    assert found.before == ("recognisedatnationallevel", "2020-01-01T00:00:00Z")


def test_a_change_of_status_has_both_times() -> None:
    since = ISSUED + timedelta(days=20)
    found = only(with_status(vocabulary.WITHDRAWN, since, former_present()))
    assert found.kind is Kind.STATUS
    assert found.before == ("granted", "2020-01-01T00:00:00Z")
    assert found.after == ("withdrawn", "2026-11-22T08:00:00Z")
    assert found.note == ""
    assert found.key == key_fingerprint(good_list().providers[0].services[0].current.identity)


def test_a_status_that_began_before_the_former_issue_is_remarkable() -> None:
    found = only(with_status(vocabulary.WITHDRAWN, ISSUED - timedelta(seconds=1), former_present()))
    assert found.note == "it began before the former issue"
    assert only(with_status(vocabulary.WITHDRAWN, ISSUED, former_present())).note == ""


def test_statuses_between_two_issues_are_told() -> None:
    times = [ISSUED + timedelta(days=days) for days in (5, 10, 20)]
    between = (
        state("ca", since=times[1], status=vocabulary.GRANTED, former=True),
        state("ca", since=times[0], status=vocabulary.WITHDRAWN, former=True),
    )
    found = only(with_status(vocabulary.WITHDRAWN, times[2], *between, former_present()))
    assert found.kind is Kind.STATUS
    assert found.note == "in between: withdrawn since 2026-11-07T08:00:00Z, granted since 2026-11-12T08:00:00Z"


def test_another_time_of_the_same_status_is_no_gap_in_history() -> None:
    found = only({f"{CURRENT}.starting_time": datetime(2020, 2, 1, tzinfo=UTC)})
    assert (found.kind, found.before[0], found.after[0]) == (Kind.STATUS, "granted", "granted")


def test_a_status_that_did_not_go_into_history_is_missed() -> None:
    found = compared(with_status(vocabulary.WITHDRAWN, ISSUED + timedelta(days=20)))
    assert [each.kind for each in found] == [Kind.STATUS, Kind.HISTORY]
    assert found[1].before == ("granted since 2020-01-01T00:00:00Z",)


def test_former_states_that_are_gone_or_inserted_are_told() -> None:
    found = only({f"{HISTORY}.1": None})
    assert (found.kind, found.note) == (Kind.HISTORY, "a former status is gone")
    assert found.before == ("supervisionceased since 2010-01-01T00:00:00Z",)
    inserted = state("ca", since=REGULATION + timedelta(days=9), former=True)
    found = only({HISTORY: (inserted, *good_list().providers[0].services[0].history)})
    assert (found.kind, found.note, found.before) == (Kind.HISTORY, "a former status was inserted", ())


def test_a_former_state_with_other_extensions_is_told() -> None:
    found = only({f"{HISTORY}.0.extensions": (qualifications("QCNoQSCD"),)})
    assert (found.kind, found.what) == (Kind.HISTORY, "extensions while withdrawn since 2016-06-30T22:00:00Z")


def test_qualifiers_are_compared_with_their_criteria() -> None:
    extensions = good_list().providers[0].services[0].current.extensions
    other = (extensions[0], qualifications("QCWithQSCD", "QCForESig", oid="1.2.4"), *extensions[2:])
    found = only({f"{CURRENT}.extensions": other})
    assert found.kind is Kind.QUALIFIERS
    assert found.after[1] == "QCWithQSCD for certificates with all of (policies 1.2.4): policy (critical)"


def test_the_order_of_extensions_and_criteria_means_nothing() -> None:
    extensions = good_list().providers[0].services[0].current.extensions
    assert compared({f"{CURRENT}.extensions": extensions[::-1]}) == ()


def test_other_extensions_are_compared() -> None:
    extensions = good_list().providers[0].services[0].current.extensions
    found = only({f"{CURRENT}.extensions": (*extensions[1:], purpose(vocabulary.FOR_SEALS))})
    assert (found.kind, found.before, found.after) == (
        Kind.EXTENSIONS,
        ("ForeSignatures (critical)",),
        ("ForeSeals (critical)",),
    )


def test_another_time_of_an_extension_is_a_change() -> None:
    found = only({f"{CURRENT}.extensions.2.content.since": datetime(2021, 1, 1, tzinfo=UTC)})
    assert found.before == ("revocation of expired certificates told since 2020-01-01T00:00:00Z",)


@pytest.mark.parametrize(
    ("path", "new", "what"),
    [
        (f"{CURRENT}.names.0.value", "Renamed", "name"),
        (f"{SERVICES}.0.scheme_definition_uris", (), "scheme's definition"),
        (f"{SERVICES}.0.supply_points.0", SupplyPoint("https://y.example/"), "supply point"),
        (f"{SERVICES}.0.provider_definition_uris", (), "provider's definition"),
        (f"{CURRENT}.identity.other", ("urn:x:y",), "identity"),
    ],
)
def test_what_a_service_says_is_compared(path: str, new: object, what: str) -> None:
    found = only({path: new})
    assert (found.kind, found.what) == (Kind.SERVICE, what)


# Identity


def test_another_certificate_of_the_same_key_is_the_same_service() -> None:
    found = only({f"{CURRENT}.identity.certificates": (certificate("ca", serial=2),)})
    assert found.kind is Kind.CERTIFICATES
    assert found.before == (certificate("ca").sha256,)


def test_another_key_under_the_same_name_is_a_new_key() -> None:
    found = only({f"{CURRENT}.identity.certificates": (certificate("ca-2", common_name="ca"),)})
    old, new = (key_fingerprint(DigitalIdentity((certificate(name),))) for name in ("ca", "ca-2"))
    assert (found.kind, found.before, found.after, found.key) == (Kind.RE_KEYED, (old,), (new,), new)
    assert key("ca") != key("ca-2")


def test_a_new_key_beside_the_old_one_is_a_new_service() -> None:
    services = good_list().providers[0].services
    further = TrustService(replace(state("ca-2", purpose()), names=services[0].current.names))
    assert only({SERVICES: (*services, further)}).kind is Kind.ADDED


def test_which_of_several_new_keys_is_which_is_not_guessed() -> None:
    named = [replace(state(f"u{number}"), names=english("Unit")) for number in range(4)]
    old = changed(before(), SERVICES, tuple(map(TrustService, named[:2])))
    new = changed(after({}), SERVICES, tuple(map(TrustService, named[2:])))
    assert [each.kind for each in compare_lists(old, new).changes] == [
        Kind.ADDED,
        Kind.ADDED,
        Kind.REMOVED,
        Kind.REMOVED,
    ]


def test_the_same_key_under_another_type_is_told() -> None:
    found = only({f"{OTHER}.type": f"{vocabulary.SERVICE_TYPE}CA/PKC/CertsforOtherTypesOfTS"})
    assert (found.kind, found.before) == (Kind.RETYPED, ("CA/PKC",))


def test_a_service_at_another_provider_has_moved() -> None:
    first = good_list().providers[0]
    second = provider(TrustService(state("second", purpose())), name="Second", number="VATBE-2")
    old = changed(before(), "providers", (first, second))
    moved = (replace(first, services=first.services[:1]), replace(second, services=(*second.services, other_service())))
    (found,) = compare_lists(old, changed(after({}), "providers", moved)).changes
    assert (found.kind, found.before, found.after) == (Kind.MOVED, ("Example Provider",), ("Second",))


def test_one_key_twice_under_a_type_is_told_apart_by_name() -> None:
    twins = tuple(TrustService(replace(state("ca", purpose()), names=english(name))) for name in ("A", "B"))
    old = changed(before(), SERVICES, twins)
    ended = replace(twins[0], current=replace(twins[0].current, status=vocabulary.WITHDRAWN))
    (found, *_) = compare_lists(old, changed(after({}), SERVICES, (twins[1], ended))).changes
    assert (found.kind, found.service) == (Kind.STATUS, "A")


def test_services_without_a_key_are_their_uris() -> None:
    service_type = f"{vocabulary.SERVICE_TYPE}IdV/nothavingPKIid"
    keyless = replace(other_service().current, type=service_type, identity=DigitalIdentity(other=("urn:x:y",)))
    old = changed(before(), f"{SERVICES}.1", TrustService(keyless))
    renamed = replace(keyless, names=english("Renamed"))
    (found,) = compare_lists(old, changed(after({}), f"{SERVICES}.1", TrustService(renamed))).changes
    assert (found.kind, found.what) == (Kind.SERVICE, "name")


def test_a_certificate_without_a_key_stands_for_itself() -> None:
    damaged = DigitalIdentity((ListedCertificate(b"\x30\x00"),))
    old = changed(before(), f"{OTHER}.identity", damaged)
    (found,) = compare_lists(
        old, changed(after({f"{OTHER}.identity": damaged}), f"{OTHER}.names", english("N"))
    ).changes
    assert (found.kind, found.key) == (Kind.SERVICE, "")


# All of it


UNTOLD = {
    "id": "it is where signatures refer to, and means nothing",
    "dialect": "the form is no content",
    "scheme.issued_at": "every issue has another",
    "scheme.next_update": "every issue has another",
    "scheme.sequence": "it should be another",
}


def leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Every text and number in a list, with its path."""
    if isinstance(value, tuple):
        for position, each in enumerate(value):
            yield from leaves(each, f"{path}.{position}")
    elif is_dataclass(value) and not isinstance(value, ListedCertificate):
        for each in fields(value):
            yield from leaves(getattr(value, each.name), f"{path}.{each.name}")
    elif isinstance(value, (str, int)) and not isinstance(value, StrEnum):
        yield path.removeprefix("."), value


def full_list() -> TrustedList:
    """A list in which everything is said that a list can say."""
    found = good_list()
    unknown = Extension(False, UnknownExtension("{x}y", "<y/>"))
    criteria = CriteriaList(
        Assertion.ALL,
        (
            KeyUsageCriterion((("nonRepudiation", True),)),
            ExtendedKeyUsageCriterion(("1.2",)),
            SubjectAttributeCriterion(("1.3",)),
            QcStatementCriterion((QcStatement("1.4", "1.5", "BE"),)),
            UnknownCriterion("{x}z", "<z/>"),
        ),
        "description",
    )
    uri = f"{vocabulary.INFORMATION}QCForESig"
    qualified = Extension(False, Qualifications((QualificationElement((uri,), criteria),)))
    for path, new in {
        "scheme.policies": english("https://x.example/policy"),
        "scheme.extensions": (unknown,),
        "scheme.pointers.0.texts": english("Text"),
        "scheme.pointers.0.other": ("<other/>",),
        "scheme.pointers.0.more_qualifiers": (
            PointerQualifier("urn:type", english("Operator"), english("urn:rules"), "NL", "text/xml"),
        ),
        "providers.0.extensions": (unknown,),
        f"{CURRENT}.extensions": (*good_list().providers[0].services[0].current.extensions, unknown, qualified),
        f"{OTHER}.identity.subject_names": ("CN=x",),
        f"{OTHER}.identity.skis": (b"1",),
        f"{OTHER}.identity.key_values": ("<k/>",),
        f"{OTHER}.identity.other": ("urn:x:y",),
        f"{OTHER}.identity.forms": (CertificateForm("ab", "PEM", "RFC"),),
    }.items():
        found = changed(found, path, new)
    return found


@pytest.mark.parametrize("path", [path for path, _ in leaves(full_list()) if path not in UNTOLD])
def test_no_change_of_a_single_value_is_overlooked(path: str) -> None:
    value = dict(leaves(full_list()))[path]
    new = not value if isinstance(value, bool) else value + 1 if isinstance(value, int) else f"{value}1"
    found = compare_lists(full_list(), changed(full_list(), path, new))
    assert [each for each in found.changes if each.kind is not Kind.SEQUENCE]


NAMES = st.lists(st.sampled_from("abcdef"), unique=True, max_size=5)


@given(NAMES, NAMES)
def test_what_came_one_way_goes_the_other_way(old: list[str], new: list[str]) -> None:
    lists = [
        changed(good_list(), SERVICES, tuple(TrustService(state(name, purpose())) for name in names))
        for names in (old, new)
    ]
    there, back = compare_lists(*lists), compare_lists(*lists[::-1])
    assert services_of(there, Kind.ADDED) == services_of(back, Kind.REMOVED) == set(new) - set(old)
    assert services_of(there, Kind.REMOVED) == services_of(back, Kind.ADDED) == set(old) - set(new)


@given(st.permutations([0, 1]), st.permutations([0, 1]))
def test_the_order_of_a_list_means_nothing(pointers: list[int], services: list[int]) -> None:
    lotl = good_lotl()
    found = changed(lotl, "scheme.pointers", tuple(lotl.scheme.pointers[each] for each in pointers))
    assert all(each.kind is Kind.SEQUENCE for each in compare_lists(lotl, found).changes)
    found = changed(good_list(), SERVICES, tuple(good_list().providers[0].services[each] for each in services))
    assert all(each.kind is Kind.SEQUENCE for each in compare_lists(good_list(), found).changes)


def services_of(found: ListChanges, kind: Kind) -> set[str]:
    return {each.service.removeprefix("Service ") for each in found.of(kind)}
