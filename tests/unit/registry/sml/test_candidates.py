# SPDX-License-Identifier: Apache-2.0
"""A list that is looked at as a whole comes to what each of its participants comes to by itself."""

from collections.abc import Sequence

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from registry.domains.loader import load_domain
from registry.errors import ValidationError
from registry.identifiers.dns_names import participant_owner
from registry.identifiers.participant import ISO6523, WILDCARD, ParticipantIdentifier
from registry.sml.candidates import Candidates, check_list, keys_of, may_have
from registry.sml.errors import FaultKind, SmlError
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import publishers, registrations
from registry.storage.queries.publishers import PublisherRow
from tests.simulators.live import SMP_ID
from tests.simulators.offline import OfflineInstance, participant

ONE = PublisherRow(1, 1, "Smp-One", "https://one.example/", "192.0.2.1", suspended=False)
TWO = PublisherRow(2, 1, "SMP-TWO", "https://two.example/", "192.0.2.2", suspended=False)
SML = {"enabled": True, "wildcard_owners": {ISO6523: ["SMP-ONE"]}}


def stored_with(profile: str, **names: object) -> StoredDomain:
    dns = {"zone": "sml.test", "name_servers": ["ns1.example.org"]} | ({"name_form": names} if names else {})
    return StoredDomain(1, load_domain(profile, {"sml": SML, "dns": dns}), 1)


DOMAINS = {
    "demo": stored_with("demo"),
    "peppol": stored_with("peppol-test"),
    "icd": stored_with("demo", template="{hash}.{icd}.{scheme}"),
    "case": stored_with("demo", lowercase_before_hash=False),
}
in_each_domain = pytest.mark.parametrize("stored", DOMAINS.values(), ids=DOMAINS.keys())

SCHEMES = st.sampled_from([ISO6523, ISO6523, ISO6523, "other-actorid-upis", "publisher", "naptr", "Not A Label", ""])
VALUES = st.one_of(
    st.sampled_from([WILDCARD, "0088:abc", "0088:ABC", "9915:x", "no agency", "", " 0088:1", "0088:ü", "9:1"]),
    st.from_regex(r"\A00(88|07):[A-Za-z0-9]{1,12}\Z"),
    st.from_regex(r"\A00(88|07):[A-Za-z0-9]{1,12}\Z"),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
)
ALLOWED = [
    ("other-actorid-upis", "no agency"),
    ("other-actorid-upis", WILDCARD),
    (ISO6523, WILDCARD),
    (ISO6523, "0088:a"),
]
PARTICIPANTS = st.lists(st.builds(ParticipantIdentifier, SCHEMES, VALUES), max_size=6) | st.lists(
    st.sampled_from([ParticipantIdentifier(*each) for each in ALLOWED]), max_size=4
)
GOOD = st.lists(
    st.builds(ParticipantIdentifier, st.just(ISO6523), st.from_regex(r"\A0088:[A-Za-z0-9]{1,12}\Z")), max_size=6
)
SERVICES = st.none() | st.just("Meta:CPPA")


def told(error: SmlError | None) -> tuple[str, str] | None:
    return None if error is None else (str(error), str(error.plain))


def alone(
    stored: StoredDomain, participants: Sequence[ParticipantIdentifier], services: str | None
) -> list[Candidates]:
    return [Candidates.of(stored, [each], services) for each in participants]


@in_each_domain
@given(participants=PARTICIPANTS | GOOD, services=SERVICES)
def test_list_has_the_keys_rules_and_names_of_its_participants(
    stored: StoredDomain, participants: list[ParticipantIdentifier], services: str | None
) -> None:
    offered = Candidates.of(stored, participants, services)
    each = alone(stored, participants, services)
    assert list(offered.keys) == [key for one in each for key in one.keys]
    faults = {place: told(one.faults[0]) for place, one in enumerate(each) if one.faults}
    assert {place: told(error) for place, error in offered.faults.items()} == faults
    nameless = next((one.nameless for one in each if one.nameless is not None), None)
    event("faults" if faults else "nameless" if nameless else "good")
    assert told(offered.nameless) == (None if faults else told(nameless))
    if faults or nameless is not None:
        assert not offered.new
    else:
        assert list(offered.new) == [row for one in each for row in one.new]
        assert len(offered.new) == len(participants)


@in_each_domain
@given(participants=GOOD, services=SERVICES)
def test_what_is_stored_is_the_identifier_its_key_and_its_name(
    stored: StoredDomain, participants: list[ParticipantIdentifier], services: str | None
) -> None:
    domain = stored.domain
    for row, each in zip(Candidates.of(stored, participants, services).new, participants, strict=True):
        assert (row.scheme, row.value, row.services) == (each.scheme, each.value, services)
        assert row.value_key == domain.identifiers.participant_key(each)
        assert row.label == participant_owner(each, domain.dns.name_form)
        assert row.naptr_service == domain.dns.naptr_service
        assert not row.suspended


@in_each_domain
@given(participants=PARTICIPANTS)
def test_rules_are_those_of_the_domain(stored: StoredDomain, participants: list[ParticipantIdentifier]) -> None:
    faults = Candidates.of(stored, participants).faults
    for place, each in enumerate(participants):
        reasons = stored.domain.identifiers.validate_participant(each, allow_wildcard_participant=True)
        if reasons:
            assert isinstance(faults[place].plain, ValidationError)
            assert faults[place].plain.reasons == reasons
        else:
            assert (place in faults) == (each.scheme in {"publisher", "naptr"} & taken_labels(stored))


def taken_labels(stored: StoredDomain) -> set[str]:
    return {stored.domain.dns.publisher_label, stored.domain.dns.naptr_label} | {"publisher", "naptr"}


@in_each_domain
@pytest.mark.parametrize("publisher", [ONE, TWO], ids=lambda row: row.smp_id)
@given(participants=PARTICIPANTS)
def test_publisher_is_told_in_the_order_of_the_list(
    stored: StoredDomain, publisher: PublisherRow, participants: list[ParticipantIdentifier]
) -> None:
    refused = [told(error) for error in Candidates.of(stored, participants).unfit(publisher)]
    each = alone(stored, participants, None)
    assert refused == [told(error) for one in each for error in one.unfit(publisher)]


@in_each_domain
def test_wildcard_is_for_those_who_may_have_it(stored: StoredDomain) -> None:
    every = [ParticipantIdentifier(ISO6523, WILDCARD), participant("0088:1")]
    offered = Candidates.of(stored, every)
    assert list(offered.unfit(ONE)) == []
    (refusal,) = offered.unfit(TWO)
    assert (refusal.kind, refusal.code) == (FaultKind.UNAUTHORIZED, 101)
    assert [may_have(stored.domain, TWO, each) for each in every] == [False, True]
    assert not may_have(stored.domain, ONE, ParticipantIdentifier("other-actorid-upis", WILDCARD))


@pytest.mark.parametrize(
    ("values", "most", "code"),
    [
        pytest.param(["0088:a", "0088:b"], 2, None, id="as-long-as-may-be"),
        pytest.param(["0088:a", "0088:b", "0088:c"], 2, "SML-LIST-LENGTH", id="too-long"),
        pytest.param(["0088:a", "0088:A"], 2, "SML-LIST-TWICE", id="twice-in-other-case"),
        pytest.param([], 0, None, id="none"),
    ],
)
def test_list_is_bounded_and_names_nobody_twice(values: list[str], most: int, code: str | None) -> None:
    keys = keys_of(DOMAINS["peppol"].domain, [participant(value) for value in values])
    if code is None:
        check_list(keys, most)
        return
    with pytest.raises(SmlError) as caught:
        check_list(keys, most)
    assert caught.value.code == 106
    assert isinstance(caught.value.plain, ValidationError)
    assert [reason.id for reason in caught.value.plain.reasons] == [code]


def test_list_leaves_what_its_participants_leave_one_by_one(offline: OfflineInstance) -> None:
    sml, every = offline.instance.sml, [participant(f"0088:List{number}") for number in range(12)]

    def stored() -> list[tuple[object, ...]]:
        with offline.instance.database.read() as connection:
            (publisher,) = publishers.find(connection, [offline.stored.id], SMP_ID)
            rows = registrations.page(connection, publisher.id, 0, 100)
        return [(row.scheme, row.value, row.services, row.suspended) for row in rows]

    sml.create_participants(offline.caller(), SMP_ID, every)
    at_once, names = stored(), offline.zone_state()
    assert len(at_once) == len(every)
    sml.delete_participants(offline.caller(), SMP_ID, every)
    assert stored() == []
    for each in every:
        sml.create_participants(offline.caller(), SMP_ID, [each])
    assert (stored(), offline.zone_state()) == (at_once, names)
