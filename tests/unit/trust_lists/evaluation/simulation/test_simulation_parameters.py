# SPDX-License-Identifier: Apache-2.0
"""Parameter files: everything has a unit and a source, and what is wrong is told with the path of its key."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trust_lists.errors import SimulationError
from trust_lists.evaluation.simulation import (
    CATALOGUE,
    MODELS,
    Event,
    Model,
    Parameters,
    Scheduled,
    Settings,
    read_assumptions,
)
from trust_lists.evaluation.simulation.distributions import Between, Fixed, Spread
from trust_lists.evaluation.simulation.engine import check, run
from trust_lists.evaluation.simulation.parameters import DAYS


def test_every_parameter_has_a_unit_a_source_and_a_default_within_its_bounds() -> None:
    assert len({each.name for each in CATALOGUE}) == len(CATALOGUE)
    for each in CATALOGUE:
        assert each.unit
        assert each.source
        assert each.meaning
        assert each.least <= each.default.at(0.5) <= each.most, each.name
        assert not each.polled or each.unit in DAYS


def test_a_file_gives_numbers_ranges_and_spreads() -> None:
    found = read_assumptions(
        b"parameters:\n"
        b"  crl_freshness: 12\n"
        b"  revocation_publication: {least: 1, most: 2}\n"
        b"  pin_import: {p50: 2, p95: 10}\n"
        b"  renewal_delay: {p50: 2, p95: 10, most: 14}\n"
        b"scheduled:\n"
        b"  - {day: 198, event: re-root}\n"
        b"  - {day: 3.5, event: access point compromise, subject: 7}\n"
    )
    assert found.parameters.given == {
        "crl_freshness": Fixed(12),
        "revocation_publication": Between(1, 2),
        "pin_import": Spread(2, 10),
        "renewal_delay": Spread(2, 10, 14),
    }
    assert found.scheduled == (Scheduled(198, Event.RE_ROOT), Scheduled(3.5, Event.ACCESS_POINT_COMPROMISE, 7))


def test_json_is_read_as_well() -> None:
    assert read_assumptions(b'{"parameters": {"authorities": 3}}').parameters.number("authorities") == 3


def test_latencies_are_counted_in_days_and_polling_is_anywhere_within_its_period() -> None:
    parameters = Parameters({"crl_freshness": Fixed(48), "revocation_publication": Fixed(12)})
    assert parameters.days("crl_freshness") == Between(0, 2)
    assert parameters.days("revocation_publication") == Fixed(0.5)
    assert parameters.days("metadata_cache").most == pytest.approx(15 / 1440)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("parameters: {crl_freshnes: 1}", "did you mean crl_freshness"),
        ("parameters: {crl_freshness: soon}", "parameters.crl_freshness"),
        ("parameters: {crl_freshness: -1}", "from 0.001"),
        ("parameters: {crl_freshness: nan}", "a number from"),
        ("parameters: {crl_freshness: {p50: 1, p95: 2}}", "one number is expected"),
        ("parameters: {authorities: 0}", "from 1 to 1000"),
        ("parameters: {pin_import: {p50: 3, p95: 2}}", "the greater ones after the smaller"),
        ("parameters: {pin_import: {p50: 0, p95: 2}}", "the greater ones after the smaller"),
        ("parameters: {pin_import: {p50: 3}}", "p50 and p95"),
        ("parameters: {pin_import: {least: 3, most: 2}}", "the greater ones after the smaller"),
        ("parameters: {pin_import: {p50: 2, p95: 9, most: 1}}", "the greater ones after the smaller"),
        ("parameters: {authorities: 2.5}", "a whole number of CAs"),
        ("scheduled: [{day: 1, event: flood}]", "no such event"),
        ("scheduled: [{event: re-root}]", "scheduled[1].day"),
        ("scheduled: [{day: 1, event: re-root, subject: -1}]", "scheduled[1].subject"),
        ("[1, 2]", "a mapping is expected"),
        ("{", "no YAML"),
    ],
)
def test_what_is_wrong_in_a_file_is_told(text: str, reason: str) -> None:
    with pytest.raises(SimulationError) as caught:
        read_assumptions(text.encode())
    assert any(reason in each for each in caught.value.reasons), caught.value.reasons


def test_all_reasons_come_at_once() -> None:
    with pytest.raises(SimulationError) as caught:
        read_assumptions(b"parameters: {authorities: 0, publishers: x}\nsimulated: true\n")
    assert len(caught.value.reasons) == 3


@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    with contextlib.suppress(SimulationError):
        read_assumptions(data)


@pytest.mark.parametrize(
    ("settings", "given", "reason"),
    [
        (Settings(access_points=0), {}, "access_points"),
        (Settings(access_points=10**6), {}, "access_points"),
        (Settings(participants=-1), {}, "participants"),
        (Settings(participants=10**10), {}, "participants"),
        (Settings(years=0), {}, "years"),
        (Settings(years=float("nan")), {}, "years"),
        (Settings(years=100, access_points=10_000), {"leaf_validity": Fixed(7)}, "leaf_validity"),
        (Settings(years=100, access_points=10_000), {"access_point_compromises": Fixed(10)}, "access_point_comp"),
    ],
)
def test_what_would_take_for_ever_is_refused(settings: Settings, given: dict[str, Fixed], reason: str) -> None:
    with pytest.raises(SimulationError, match=reason):
        check(settings, Parameters(given))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
def test_the_smallest_network_can_be_simulated(model: Model) -> None:
    for chance in (True, False):
        ledger, population = run(model, Settings(0, 1, 1.0, chance=chance), Parameters())
        assert ledger.growth[-1].access_points == 1
        assert sum(population.counts) == 0


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
def test_incidents_of_somebody_who_is_not_there_are_left_out(model: Model) -> None:
    nobody = tuple(Scheduled(5.0, event, 999) for event in Event if event in _SUBJECTS)
    quiet = {each.name: Fixed(0.0) for each in CATALOGUE if each.unit == "per year"}
    ledger, _population = run(model, Settings(10, 3, 1.0, chance=False), Parameters(quiet), nobody)
    assert ledger.exposures == []


_SUBJECTS = {
    Event.ACCESS_POINT_LEAVES,
    Event.ACCESS_POINT_COMPROMISE,
    Event.PUBLISHER_COMPROMISE,
    Event.AUTHORITY_COMPROMISE,
    Event.AUTHORITY_LOSS,
    Event.RE_ROOT,
    Event.AUTHORITY_EXPIRY,
}


def test_more_events_than_anybody_plans_are_refused() -> None:
    with pytest.raises(SimulationError, match="more than"):
        read_assumptions(b"scheduled:\n" + b"- {day: 1, event: re-root}\n" * 10_001)
