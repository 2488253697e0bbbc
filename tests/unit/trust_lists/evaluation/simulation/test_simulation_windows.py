# SPDX-License-Identifier: Apache-2.0
"""Windows: real migrations come out as they were, and pairs are counted as by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trust_lists.evaluation.simulation import MODELS, Event, Parameters, Scheduled, Settings
from trust_lists.evaluation.simulation.distributions import Distribution, Fixed
from trust_lists.evaluation.simulation.engine import run
from trust_lists.evaluation.simulation.ledger import Ledger
from trust_lists.evaluation.simulation.models import Item
from trust_lists.evaluation.simulation.results import NOTHING_HAPPENS
from trust_lists.evaluation.simulation.windows import migrated, replaced

BY_ID = {model.id: model for model in MODELS}
G3_TOLD, G3_BEGIN, G3_END = 0, 198, 233
"""Days of 2025-08-11, 2026-02-25 and 2026-04-01: test certificates, production of G3, end of the old platform."""


def scheduled(model: str, event: Event, day: float = 0.0, **values: float) -> Ledger:
    """A quiet network of ten, with one event."""
    quiet: dict[str, Distribution] = {
        **NOTHING_HAPPENS,
        "initial_share": Fixed(1.0),
        "leaf_validity": Fixed(30_000),
        **{name: Fixed(value) for name, value in values.items()},
    }
    settings = Settings(participants=100, access_points=10, years=2.0, chance=False)
    return run(BY_ID[model], settings, Parameters(quiet), (Scheduled(day, event),))[0]


G3 = {"migration_preparation": G3_BEGIN, "migration_window": G3_END - G3_BEGIN}


def test_who_keeps_the_dates_of_peppol_g3_has_no_outage() -> None:
    ledger = scheduled("T2", Event.RE_ROOT, **G3, migration_install=G3_BEGIN, migration_switch=35)
    assert ledger.outages == []


def test_who_switches_to_g3_after_the_end_of_the_old_platform_is_out_for_the_days_between() -> None:
    ledger = scheduled("T2", Event.RE_ROOT, **G3, migration_install=100, migration_switch=45)
    (outage,) = ledger.outages
    assert outage.days == pytest.approx(10)
    assert outage.pair_days == pytest.approx(10 * 10 * 9)


def test_who_has_g3_too_late_rejects_those_who_use_it() -> None:
    ledger = scheduled("T2", Event.RE_ROOT, **G3, migration_install=G3_BEGIN + 7, migration_switch=5)
    (outage,) = ledger.outages
    assert outage.days == pytest.approx(2)


def test_six_months_of_two_authorities_as_in_2018_forgive_what_35_days_do_not() -> None:
    late = {"migration_preparation": 198, "migration_install": 100, "migration_switch": 120}
    assert scheduled("T2", Event.RE_ROOT, **late, migration_window=182).outages == []
    (outage,) = scheduled("T2", Event.RE_ROOT, **late, migration_window=35).outages
    assert outage.days == pytest.approx(85)


def test_after_the_expiry_of_commissign_2_nobody_is_accepted_who_has_not_switched() -> None:
    dates = {"migration_preparation": 198, "migration_install": 100, "migration_window": 35}
    assert scheduled("T3", Event.AUTHORITY_EXPIRY, 400, **dates, migration_switch=35).outages == []
    (outage,) = scheduled("T3", Event.AUTHORITY_EXPIRY, 400, **dates, migration_switch=40).outages
    assert (outage.days, outage.day) == (pytest.approx(5), 365)


def test_lists_need_no_hand_at_the_relying_parties_of_a_re_root() -> None:
    late = {**G3, "migration_install": 1000, "migration_switch": 5, "authorities": 1}
    (by_hand,) = scheduled("T2", Event.RE_ROOT, **late).outages
    assert by_hand.days > 700
    assert scheduled("T5", Event.RE_ROOT, **late).outages == []


def test_an_expired_list_is_none_until_the_next_issue_is_fetched() -> None:
    ledger = scheduled("T6", Event.RE_ROOT, list_interval=170, list_delay=15, list_validity=180, list_refresh=48)
    # Due on day 170, issued on day 185, fetched a day later by whoever polls in the middle of the period.
    assert [each.days for each in ledger.outages] == pytest.approx([6, 6, 6])
    assert ledger.events[Event.LIST_REISSUE] == 3


@pytest.mark.parametrize("model", [each.id for each in MODELS])
def test_exposure_is_detection_then_publication_then_pickup(model: str) -> None:
    ledger = scheduled(model, Event.ACCESS_POINT_COMPROMISE, 50, access_point_detection=20)
    (exposure,) = ledger.exposures
    assert exposure.detection == pytest.approx(20)
    assert exposure.days == pytest.approx(exposure.detection + exposure.publication + exposure.pickup)
    assert exposure.pair_days == pytest.approx(exposure.days * 9)


def test_the_latency_of_each_route_is_the_sum_of_its_parts() -> None:
    values = {"access_point_detection": 0.0, "revocation_publication": 6.0, "crl_freshness": 24.0, "pin_notice": 12.0}
    values |= {"pin_import": 3.0, "metadata_cache": 15.0, "list_publication": 4.0, "list_refresh": 24.0}
    values["metadata_rate"] = 1e9
    event = Event.ACCESS_POINT_COMPROMISE
    days = {model: scheduled(model, event, 50, **values).exposures[0].days for model in ("T1", "T2", "T6", "T13")}
    # Whoever polls is in the middle of the period.
    assert days == pytest.approx({"T1": 3.5, "T2": 0.75, "T6": 16 / 24, "T13": 7.5 / 1440})


def test_where_metadata_are_all_there_is_a_key_is_withdrawn_when_they_are_rewritten() -> None:
    at_once = {"access_point_detection": 0.0, "size_skew": 0.0, "metadata_cache": 0.001}
    (exposure,) = scheduled("T13", Event.ACCESS_POINT_COMPROMISE, 50, **at_once, metadata_rate=0.01).exposures
    assert exposure.publication * 86_400 == pytest.approx(10 * 10 / 0.01)  # participants, rows, rows per second


def test_a_stolen_key_is_no_longer_accepted_when_its_certificate_expires() -> None:
    ledger = scheduled("T2", Event.ACCESS_POINT_COMPROMISE, 50, access_point_detection=100, leaf_validity=80)
    (exposure,) = ledger.exposures
    assert exposure.expired
    assert exposure.days <= 80


def test_a_peer_that_imports_after_the_switch_rejects_until_it_has() -> None:
    ledger = scheduled("T1", Event.RE_ROOT, leaf_validity=720, pin_import=20, pin_notice=0, rollover_notice=14)
    assert ledger.outages
    for outage in ledger.outages:
        assert (outage.days, outage.pair_days) == (pytest.approx(6), pytest.approx(6 * 9))


EXPIRING = {"leaf_validity": 100.0, "renewal_lead": 5.0, "rollover_notice": 0.0, "metadata_cache": 0.001}
"""The first access point's certificate expires on day 100, and is renewed from day 95 on."""


def test_a_stolen_key_that_expires_before_all_know_is_out_from_its_expiry() -> None:
    slow = {"access_point_detection": 10.0, "crl_freshness": 1000.0, "renewal_delay": 14.0, "metadata_rate": 1e9}
    ledger = scheduled("T2", Event.ACCESS_POINT_COMPROMISE, 80, **EXPIRING, **slow)
    assert [each.days for each in ledger.exposures] == pytest.approx([20])
    (outage,) = (each for each in ledger.outages if each.event is Event.ACCESS_POINT_COMPROMISE)
    assert outage.days == pytest.approx(4, abs=0.001)  # detected on day 90, certified anew on day 104


def test_a_theft_that_is_detected_after_the_renewal_only_needs_a_withdrawal() -> None:
    ledger = scheduled("T2", Event.ACCESS_POINT_COMPROMISE, 90, **EXPIRING, access_point_detection=9, renewal_delay=1)
    booked = {item: count for (event, _a, _d, item), count in ledger.amounts.items() if event in _THEFT}
    assert booked == {Item.REQUEST: 1, Item.CRL: 1}
    assert not [each for each in ledger.outages if each.event in _THEFT]


_THEFT = {Event.ACCESS_POINT_COMPROMISE}


@pytest.mark.parametrize(("install", "outage"), [(100, []), (140, []), (150, [10])])
def test_a_new_list_signer_is_told_in_time_and_the_old_list_lasts_until_it_expires(
    install: float, outage: list[float]
) -> None:
    # Told on day 40; the list of day 0 is good until day 180.
    dates = {"signer_notice": 60.0, "list_validity": 180.0, "anchor_notice": 0.0, "anchor_install": install}
    ledger = scheduled("T6", Event.SIGNER_ROLLOVER, 100, **dates)
    assert [each.days for each in ledger.outages if each.day < 200] == pytest.approx(outage)


def test_an_authority_that_was_replaced_does_not_expire_any_more() -> None:
    quiet = {"migration_preparation": 0.0, "migration_install": 0.0, "migration_window": 35.0, "migration_switch": 50.0}
    ledger = scheduled("T2", Event.RE_ROOT, 100, **quiet, authority_validity=600)
    assert [each.event for each in ledger.outages] == [Event.RE_ROOT, Event.AUTHORITY_EXPIRY]
    assert ledger.outages[1].day == pytest.approx(100 + 600 - 35)


def test_who_leaves_is_accepted_until_the_last_of_the_others_knows() -> None:
    ledger = scheduled("T2", Event.ACCESS_POINT_LEAVES, 50, revocation_publication=6, crl_freshness=24)
    (exposure,) = ledger.exposures
    assert (exposure.detection, exposure.days) == (0, pytest.approx(0.75))
    assert exposure.pair_days == pytest.approx(0.75 * 9)


def test_who_begins_too_late_is_out_until_the_certificate_comes() -> None:
    ledger = scheduled("T2", Event.RE_ROOT, leaf_validity=720, renewal_lead=3, renewal_delay=14, migration_switch=35)
    late = [each for each in ledger.outages if each.event is Event.LEAF_ROLLOVER]
    assert late
    # A little more, until senders have fetched the new certificate from the metadata.
    assert all(11 < each.days < 11.02 for each in late)


@pytest.mark.parametrize(("install", "outage"), [(0, 17), (30, 46)])
def test_renewals_wait_for_the_successor_of_a_lost_authority_and_for_its_anchor(install: float, outage: float) -> None:
    # The ninth certificate expires on day 144; the new CA issues from day 160 on, and needs a day for it.
    values = {"leaf_validity": 720.0, "renewal_lead": 5.0, "renewal_delay": 1.0, "authority_setup": 60.0}
    values |= {"anchor_notice": 0.0, "anchor_install": install}
    waiting = scheduled("T2", Event.AUTHORITY_LOSS, 100, **values).outages
    assert [each.days for each in waiting if each.event is Event.AUTHORITY_LOSS] == pytest.approx([outage], abs=0.02)
    assert scheduled("T4", Event.AUTHORITY_LOSS, 100, **values).outages == []  # which has other CAs


TIMES = st.lists(st.floats(0, 100), min_size=2, max_size=6)


@given(TIMES, st.data())
def test_a_replaced_authority_counts_each_pair_as_by_hand(rejects: list[float], data: st.DataObject) -> None:
    count = len(rejects)
    accepts = data.draw(st.lists(st.floats(0, 200), min_size=count, max_size=count))
    members = data.draw(st.dictionaries(st.integers(0, count - 1), st.floats(0, 200)))
    waits = [
        max(rejects[j], accepts[j], reissued) - rejects[j]
        for i, reissued in members.items()
        for j in range(count)
        if i != j
    ]
    longest, total = replaced(rejects, accepts, members)
    assert total == pytest.approx(sum(waits), abs=1e-6)
    assert longest == pytest.approx(max(waits, default=0.0), abs=1e-9)


@given(TIMES, st.floats(0, 100), st.data())
def test_a_migration_counts_each_pair_as_by_hand(installs: list[float], until: float, data: st.DataObject) -> None:
    count = len(installs)
    switches = data.draw(st.dictionaries(st.integers(0, count - 1), st.floats(0, 200), min_size=1))
    waits = [
        max(0.0, installs[j] - switch) + max(0.0, switch - until)
        for i, switch in switches.items()
        for j in range(count)
        if i != j
    ]
    longest, total = migrated(installs, switches, until)
    assert total == pytest.approx(sum(waits), abs=1e-6)
    assert longest == pytest.approx(max(waits), abs=1e-9)
