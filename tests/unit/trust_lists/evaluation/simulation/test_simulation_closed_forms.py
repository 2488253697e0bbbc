# SPDX-License-Identifier: Apache-2.0
"""Without chance, the simulator gives the numbers of the formulas: trust subjects A, authorities C, D rows each."""

from collections import Counter

import pytest

from trust_lists.evaluation.simulation import MODELS, Event, Model, Parameters, Scheduled, Settings, writes_of_joining
from trust_lists.evaluation.simulation.distributions import Distribution, Fixed
from trust_lists.evaluation.simulation.engine import run
from trust_lists.evaluation.simulation.ledger import Ledger
from trust_lists.evaluation.simulation.models import Action, Item
from trust_lists.evaluation.simulation.results import NOTHING_HAPPENS

BY_ID = {model.id: model for model in MODELS}
A, C = 33, 8
METADATA = (Item.ROW, Item.RECORD)


def still(model: Model, *scheduled: Scheduled, access_points: int = A, **given: float) -> Ledger:
    """A year in which everybody is there from the first day, and nothing happens but what is scheduled."""
    quiet: dict[str, Distribution] = {
        "initial_share": Fixed(1.0),
        "size_skew": Fixed(0.0),
        "leaf_validity": Fixed(30_000),
    }
    values = NOTHING_HAPPENS | quiet | {"authorities": Fixed(C)} | {name: Fixed(each) for name, each in given.items()}
    settings = Settings(participants=330, access_points=access_points, years=1.0, chance=False)
    return run(model, settings, Parameters(values), scheduled)[0]


def done(ledger: Ledger, action: Action, *events: Event, metadata: bool = False) -> Counter[Item]:
    found: Counter[Item] = Counter()
    for (event, _actor, each, item), count in ledger.amounts.items():
        if each is action and event in events and (item in METADATA) is metadata:
            found[item] += count
    return found


JOINING = (Event.ACCESS_POINT_JOINS, Event.AUTHORITY_JOINS)


@pytest.mark.parametrize(("access_points", "installs"), [(33, 1_056), (100, 9_900), (400, 159_600), (1000, 999_000)])
def test_mutual_exchange_takes_an_install_for_each_ordered_pair(access_points: int, installs: int) -> None:
    assert writes_of_joining(BY_ID["T1"], access_points) == installs


@pytest.mark.parametrize(("access_points", "installs"), [(33, 66), (100, 200), (400, 800), (1000, 2_000)])
@pytest.mark.parametrize("model", ["T2", "T3", "T9", "T12"])
def test_a_pki_a_federation_or_a_hub_takes_two_installs_for_each_access_point(
    model: str, access_points: int, installs: int
) -> None:
    assert writes_of_joining(BY_ID[model], access_points) == installs


def test_a_whitelist_takes_an_install_of_each_authority_at_each_access_point() -> None:
    assert done(still(BY_ID["T4"]), Action.WRITE, *JOINING)[Item.ANCHOR] == A * C


@pytest.mark.parametrize("model", ["T5", "T6", "T8", "T11"])
def test_lists_take_their_signer_at_each_access_point(model: str) -> None:
    assert done(still(BY_ID[model]), Action.WRITE, *JOINING)[Item.LIST_SIGNER] == A


def test_the_web_pki_takes_a_certificate_and_a_record_for_each_access_point() -> None:
    ledger = still(BY_ID["T10"])
    assert done(ledger, Action.WRITE, *JOINING) == {Item.OWN: A, Item.TLSA: A, Item.STORE: C}
    assert done(ledger, Action.SIGN, *JOINING) == {Item.CERTIFICATE: A}


def test_trust_on_metadata_takes_no_install() -> None:
    assert writes_of_joining(BY_ID["T13"], A) == 0


@pytest.mark.parametrize(
    ("model", "writes", "signatures"),
    [
        ("T1", {Item.PIN: A - 1}, {}),
        ("T2", {Item.OWN: 1}, {Item.CERTIFICATE: 1}),
        ("T3", {Item.OWN: 1}, {Item.CERTIFICATE: 1}),
        ("T4", {Item.OWN: 1}, {Item.CERTIFICATE: 1}),
        ("T5", {Item.OWN: 1}, {Item.CERTIFICATE: 1}),
        ("T6", {}, {Item.LIST: 1}),
        ("T9", {}, {Item.STATEMENT: 1}),
        ("T10", {Item.OWN: 1, Item.TLSA: 2}, {Item.CERTIFICATE: 1}),
        ("T12", {Item.UPLOAD: 1}, {Item.LIST: 1}),
        ("T13", {}, {}),
    ],
)
def test_a_roll_over_costs_what_the_formula_says(
    model: str, writes: dict[Item, int], signatures: dict[Item, int]
) -> None:
    ledger = still(BY_ID[model], leaf_validity=720, renewal_lead=30)
    count = ledger.events[Event.LEAF_ROLLOVER]
    assert count == sum(1 for at in range(A) if 720 * (1 - at / A) - 30 < 365.25)
    assert done(ledger, Action.WRITE, Event.LEAF_ROLLOVER) == {item: n * count for item, n in writes.items()}
    assert done(ledger, Action.SIGN, Event.LEAF_ROLLOVER) == {item: n * count for item, n in signatures.items()}


def test_a_roll_over_rewrites_the_metadata_of_all_participants_behind_it() -> None:
    ledger = still(BY_ID["T13"], leaf_validity=720, rows_per_participant=10)
    rows = done(ledger, Action.WRITE, Event.LEAF_ROLLOVER, metadata=True)[Item.ROW]
    assert rows == ledger.events[Event.LEAF_ROLLOVER] * (330 // A) * 10  # (P/A)·D


def test_a_million_participants_behind_400_access_points_make_25_000_rows() -> None:
    values = NOTHING_HAPPENS | {"initial_share": Fixed(1.0), "size_skew": Fixed(0.0)}
    settings = Settings(years=0.1, chance=False)
    ledger, _population = run(BY_ID["T13"], settings, Parameters(values))
    rows = done(ledger, Action.WRITE, Event.LEAF_ROLLOVER, metadata=True)[Item.ROW]
    assert rows == 25_000 * ledger.events[Event.LEAF_ROLLOVER] > 0


@pytest.mark.parametrize(
    ("model", "writes", "signatures"),
    [
        ("T1", {Item.PIN: A - 1}, {}),
        ("T2", {Item.REQUEST: 1}, {Item.CRL: 1}),
        ("T6", {}, {Item.LIST: 1}),
        ("T9", {Item.REQUEST: 1}, {}),
        ("T10", {Item.TLSA: 1, Item.REQUEST: 1}, {Item.CRL: 1}),
        ("T12", {Item.UPLOAD: 1}, {Item.LIST: 1}),
    ],
)
def test_who_leaves_costs_what_the_formula_says(
    model: str, writes: dict[Item, int], signatures: dict[Item, int]
) -> None:
    ledger = still(BY_ID[model], Scheduled(100, Event.ACCESS_POINT_LEAVES, 3))
    assert done(ledger, Action.WRITE, Event.ACCESS_POINT_LEAVES) == writes
    assert done(ledger, Action.SIGN, Event.ACCESS_POINT_LEAVES) == signatures


@pytest.mark.parametrize("model", ["T2", "T3"])
def test_a_re_root_takes_an_install_and_a_certificate_for_each_access_point(model: str) -> None:
    ledger = still(BY_ID[model], Scheduled(1, Event.RE_ROOT))
    assert done(ledger, Action.WRITE, Event.RE_ROOT) == {Item.ANCHOR: A, Item.OWN: A}
    assert done(ledger, Action.SIGN, Event.RE_ROOT)[Item.CERTIFICATE] == A
    assert done(ledger, Action.WRITE, Event.RE_ROOT, metadata=True)[Item.ROW] == 330 * 10  # P·D


def test_of_a_listed_authority_a_re_root_takes_one_issue_of_the_list() -> None:
    ledger = still(BY_ID["T5"], Scheduled(1, Event.RE_ROOT, 2))
    members = len(range(2, A, C))
    assert done(ledger, Action.SIGN, Event.RE_ROOT) == {Item.LIST: 1, Item.CERTIFICATE: members}
    assert done(ledger, Action.FETCH, Event.RE_ROOT) == {Item.LIST: A}


def test_in_the_stores_of_vendors_a_re_root_takes_one_release_and_two_records_for_each_access_point() -> None:
    ledger = still(BY_ID["T10"], Scheduled(1, Event.RE_ROOT, 2))
    members = len(range(2, A, C))
    assert done(ledger, Action.WRITE, Event.RE_ROOT) == {Item.STORE: 1, Item.OWN: members, Item.TLSA: 2 * members}
    assert done(ledger, Action.FETCH, Event.RE_ROOT) == {Item.STORE: A}


@pytest.mark.parametrize("lifetime", [6.0, 24.0, 240.0])
def test_statements_are_signed_twice_for_each_access_point_in_each_of_their_lives(lifetime: float) -> None:
    ledger = still(BY_ID["T9"], statement_lifetime=lifetime, aggregation=30.0, statement_bytes=1_000.0)
    lives = 12 * round(30 * 24 / lifetime) + max(1, round((365.25 - 360) * 24 / lifetime))
    assert done(ledger, Action.SIGN, Event.STATEMENT_ISSUE) == {Item.STATEMENT: 2 * A * lives}
    fetched = A * (2 * (A - 1) + 1) * lives
    assert done(ledger, Action.FETCH, Event.STATEMENT_ISSUE) == {Item.STATEMENT: fetched}
    assert ledger.bytes >= 1_000 * fetched


@pytest.mark.parametrize(("overlap", "outage"), [(60.0, 0.0), (25.0, 5.0), (0.0, 30.0)])
def test_the_keys_of_a_federations_anchor_overlap(overlap: float, outage: float) -> None:
    """Who installs the new key later than the old one ends has no chain in between."""
    ledger = still(
        BY_ID["T9"], Scheduled(100, Event.SIGNER_ROLLOVER), anchor_overlap=overlap, anchor_install=30, anchor_notice=0
    )
    assert done(ledger, Action.WRITE, Event.SIGNER_ROLLOVER) == {Item.ANCHOR: A}
    found = [each.days for each in ledger.outages if each.event is Event.SIGNER_ROLLOVER]
    assert found == pytest.approx([outage] if outage else [])


def test_a_lost_key_of_an_authority_adds_an_anchor_and_replaces_none() -> None:
    ledger = still(BY_ID["T2"], Scheduled(1, Event.AUTHORITY_LOSS))
    assert done(ledger, Action.WRITE, Event.AUTHORITY_LOSS) == {Item.ANCHOR: A}
    assert ledger.outages == ledger.exposures == []
    assert ledger.growth[-1].trust_store_bytes == 2 * ledger.growth[0].trust_store_bytes


def test_a_new_access_point_in_a_list_of_access_points_makes_one_issue_that_all_fetch() -> None:
    joins = done(still(BY_ID["T6"]), Action.SIGN, Event.ACCESS_POINT_JOINS)
    fetches = done(still(BY_ID["T6"]), Action.FETCH, Event.ACCESS_POINT_JOINS)
    assert joins == {Item.LIST: A}
    assert fetches == {Item.LIST: sum(range(1, A + 1))}


def test_a_participant_costs_its_rows_and_a_record_only_where_metadata_carry_certificates() -> None:
    growing = {"initial_share": 0.5}
    for model in MODELS:
        ledger = still(model, **growing)
        written = done(ledger, Action.WRITE, Event.PARTICIPANTS_JOIN, metadata=True)
        joined = ledger.events[Event.PARTICIPANTS_JOIN]
        assert joined > 0
        assert written == ({Item.ROW: joined * 10, Item.RECORD: joined} if model.metadata else {})
