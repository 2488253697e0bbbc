# SPDX-License-Identifier: Apache-2.0
"""What holds for every network, whatever its parameters: nobody gets lost, slower news never shorten an exposure."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trust_lists.evaluation.simulation import MODELS, Event, Model, Parameters, Settings
from trust_lists.evaluation.simulation.distributions import Between, Distribution, Fixed, Spread, percentile, poisson
from trust_lists.evaluation.simulation.engine import run
from trust_lists.evaluation.simulation.ledger import Ledger
from trust_lists.evaluation.simulation.models import METADATA, Action, Per
from trust_lists.evaluation.simulation.parameters import CATALOGUE
from trust_lists.evaluation.simulation.population import Population, shared_out
from trust_lists.evaluation.simulation.streams import Streams

BY_ID = {model.id: model for model in MODELS}
SMALL = Settings(participants=2_000, access_points=12, years=3.0)
RESTLESS: dict[str, Distribution] = {
    "access_point_compromises": Fixed(0.3),
    "publisher_compromises": Fixed(0.05),
    "authority_compromises": Fixed(0.2),
    "authority_losses": Fixed(0.2),
    "re_roots": Fixed(0.3),
    "signer_compromises": Fixed(0.3),
    "authorities": Fixed(4),
    "initial_share": Fixed(0.5),
}
PICKUPS = ("pin_import", "anchor_install")
POLLED = tuple(each.name for each in CATALOGUE if each.polled)
MODEL = st.sampled_from(MODELS)
SEED = st.integers(0, 2**32)


def simulated(model: str, seed: int, **given: Distribution) -> Ledger:
    return run(BY_ID[model], replace(SMALL, seed=seed), Parameters(RESTLESS | given))[0]


@settings(max_examples=30, deadline=None)
@given(MODEL, SEED, st.booleans())
def test_the_same_seed_gives_the_same_books(model: Model, seed: int, chance: bool) -> None:
    again = [run(model, replace(SMALL, seed=seed, chance=chance), Parameters(RESTLESS))[0] for _ in range(2)]
    first, second = again
    assert (first.amounts, first.exposures, first.outages, first.growth) == (
        second.amounts,
        second.exposures,
        second.outages,
        second.growth,
    )


@settings(max_examples=30, deadline=None)
@given(st.sampled_from([model.id for model in MODELS]), SEED)
def test_no_window_is_negative_and_curves_only_rise(model: str, seed: int) -> None:
    ledger = simulated(model, seed)
    for exposure in ledger.exposures:
        assert min(exposure.detection, exposure.publication, exposure.pickup) >= 0
        assert exposure.pair_days >= 0
    for outage in ledger.outages:
        assert outage.days > 0
        assert outage.pair_days >= outage.days - 1e-6 or outage.pair_days == 0
    assert all(count > 0 for count in ledger.amounts.values())
    for name in ("access_points", "writes", "metadata_writes", "signatures", "bytes"):
        values = [getattr(each, name) for each in ledger.growth]
        assert values == sorted(values)
    assert ledger.growth[-1].access_points == SMALL.access_points


@settings(max_examples=30, deadline=None)
@given(SEED, st.floats(0, 1), st.floats(0, 5), st.floats(0, 5), st.booleans())
def test_participants_are_those_at_first_plus_who_came_less_who_left(
    seed: int, share: float, leaving: float, moving: float, chance: bool
) -> None:
    values = {"initial_share": Fixed(share), "participants_leaving": Fixed(leaving)}
    parameters = Parameters(values | {"participants_moving": Fixed(moving)})
    population = Population(replace(SMALL, chance=chance), parameters, Streams(seed, chance), access_points=5)
    expected = population.initial
    for period in range(7):
        change = population.pass_days(30.0, period)
        expected += change.joined - change.left
        assert sum(population.counts) == expected
        assert min(population.counts) >= 0
        population.add_access_point()


@given(st.integers(0, 10**9), st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=50), st.floats(0, 0.999))
def test_shares_are_whole_and_nothing_is_left_over(total: int, weights: list[float], offset: float) -> None:
    shares = shared_out(total, weights, offset)
    assert sum(shares) == total
    assert min(shares) >= 0


def test_a_million_participants_are_reached() -> None:
    ledger, population = run(BY_ID["T1"], Settings(access_points=100), Parameters())
    assert sum(population.counts) == pytest.approx(1_000_000, rel=0.01)
    assert ledger.growth[0].participants == 100_000


@settings(max_examples=40, deadline=None)
@given(SEED, st.floats(0.01, 500))
def test_exposure_under_a_pki_is_at_least_what_is_left_of_the_crl(seed: int, hours: float) -> None:
    at_once = {
        "access_point_compromises": Fixed(3),
        "access_point_detection": Fixed(0),
        "revocation_publication": Fixed(0),
        "leaf_validity": Fixed(30_000),
    }
    ledger = simulated("T2", seed, crl_freshness=Fixed(hours), **at_once)
    fresher = simulated("T2", seed, crl_freshness=Fixed(hours / 2), **at_once)
    found = [each for each in ledger.exposures if each.event is Event.ACCESS_POINT_COMPROMISE]
    assert found
    for each in found:
        assert 0 < each.days <= hours / 24
    # What is left of a CRL is the same share of its life.
    halves = [each for each in fresher.exposures if each.event is Event.ACCESS_POINT_COMPROMISE]
    assert [each.days for each in halves] == pytest.approx([each.days / 2 for each in found])


@settings(max_examples=40, deadline=None)
@given(SEED, st.floats(0.01, 500))
def test_exposure_in_a_federation_is_what_is_left_of_a_statement(seed: int, hours: float) -> None:
    """Nobody revokes: who has a statement relies on it until it expires."""
    at_once = {
        "access_point_compromises": Fixed(3),
        "access_point_detection": Fixed(0),
        "leaf_validity": Fixed(30_000),
    }
    ledger = simulated("T9", seed, statement_lifetime=Fixed(hours), **at_once)
    shorter = simulated("T9", seed, statement_lifetime=Fixed(hours / 2), **at_once)
    found = [each for each in ledger.exposures if each.event is Event.ACCESS_POINT_COMPROMISE]
    assert found
    assert all(0 < each.days <= hours / 24 and not each.publication for each in found)
    halves = [each for each in shorter.exposures if each.event is Event.ACCESS_POINT_COMPROMISE]
    assert [each.days for each in halves] == pytest.approx([each.days / 2 for each in found])


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["T1", "T2", "T3", "T4", "T5", "T6", "T7", "T9", "T10", "T11", "T12", "T13"]),
    SEED,
    st.sampled_from([each.name for each in CATALOGUE if each.name.endswith(("_detection", "_publication", "_notice"))]),
    st.floats(0, 40),
    st.floats(0, 40),
)
def test_slower_news_never_shorten_an_exposure(model: str, seed: int, name: str, less: float, more: float) -> None:
    less, more = sorted((less, more))
    _never_shorter(model, seed, name, less, more)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([model.id for model in MODELS]),
    SEED,
    st.sampled_from([*PICKUPS, *POLLED]),
    st.floats(0.01, 100),
    st.floats(0.01, 100),
)
def test_slower_relying_parties_never_shorten_an_exposure(
    model: str, seed: int, name: str, less: float, more: float
) -> None:
    less, more = sorted((less, more))
    _never_shorter(model, seed, name, less, more)


def _never_shorter(model: str, seed: int, name: str, less: float, more: float) -> None:
    # Certificates and CAs that don't expire, since a theft also ends with those.
    lasting = {"leaf_validity": Fixed(30_000), "authority_validity": Fixed(30_000)}
    faster = simulated(model, seed, **lasting, **{name: Fixed(less)})
    slower = simulated(model, seed, **lasting, **{name: Fixed(more)})
    key = lambda each: (each.event, each.day)  # noqa: E731
    before, after = sorted(faster.exposures, key=key), sorted(slower.exposures, key=key)
    assert list(map(key, before)) == list(map(key, after))
    assert all(a.days <= b.days + 1e-9 for a, b in zip(before, after, strict=True))


@settings(max_examples=20, deadline=None)
@given(st.sampled_from([model.id for model in MODELS]), SEED)
def test_one_class_of_events_does_not_reshuffle_another(model: str, seed: int) -> None:
    def compromises(ledger: Ledger) -> list[tuple[float, float]]:
        return [(e.day, e.detection) for e in ledger.exposures if e.event is Event.ACCESS_POINT_COMPROMISE]

    lasting: dict[str, Distribution] = {"leaf_validity": Fixed(30_000)}
    quiet = simulated(model, seed, **lasting, re_roots=Fixed(0), authority_losses=Fixed(0))
    restless = simulated(model, seed, **lasting, publisher_compromises=Fixed(1), participants_leaving=Fixed(3))
    assert compromises(quiet) == compromises(restless)


@settings(max_examples=5, deadline=None)
@given(SEED)
def test_all_models_live_through_the_same_history(seed: int) -> None:
    ledgers = [simulated(model, seed) for model in BY_ID]
    assert len({tuple(each.participants for each in ledger.growth) for ledger in ledgers}) == 1
    lasting: dict[str, Distribution] = {"leaf_validity": Fixed(30_000)}
    days = [
        [each.day for each in simulated(model, seed, **lasting).exposures if each.event is Event.ACCESS_POINT_LEAVES]
        for model in BY_ID
    ]
    assert all(each == days[0] for each in days)


def test_without_news_to_wait_for_nobody_is_rejected() -> None:
    at_once = {each.name: Fixed(0.0) for each in CATALOGUE if each.unit in {"days", "hours"} and not each.least}
    kept = {"rollover_notice", "list_delay", "signer_notice", "migration_window", "migration_preparation"}
    given = {name: value for name, value in at_once.items() if name not in kept}
    polled = dict.fromkeys(POLLED, Fixed(0.001))
    for model in BY_ID:
        ledger = simulated(model, 7, **given, **polled, metadata_rate=Fixed(1e9))
        assert all(each.days < 0.001 for each in ledger.outages)


DISTRIBUTION = st.one_of(
    st.builds(Fixed, st.floats(0, 1e4)),
    st.builds(lambda a, b: Between(min(a, b), max(a, b)), st.floats(0, 1e4), st.floats(0, 1e4)),
    st.builds(lambda a, f: Spread(a, a * f), st.floats(0.01, 1e3), st.floats(1, 10)),
)
SHARE = st.floats(1e-12, 1 - 1e-12)


@given(DISTRIBUTION, SHARE, SHARE)
def test_a_greater_draw_never_takes_less_time(distribution: Distribution, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0 <= distribution.at(low) <= distribution.at(high) <= distribution.most


@given(st.floats(0.01, 1e3), st.floats(1, 10))
def test_a_spread_has_the_percentiles_that_it_names(p50: float, factor: float) -> None:
    spread = Spread(p50, p50 * factor, p50 * factor * 2)
    assert spread.at(0.5) == pytest.approx(p50)
    assert spread.at(0.95) == pytest.approx(p50 * factor)
    assert spread.at(0.999999) <= p50 * factor * 2


@pytest.mark.parametrize("mean", [0.01, 1.0, 12.5, 29.9, 30.1, 400.0])
def test_a_poisson_number_is_on_average_what_is_expected(mean: float) -> None:
    count = 2_000
    found = [poisson(mean, (at + 0.5) / count) for at in range(count)]
    assert found == sorted(found)
    assert sum(found) / count == pytest.approx(mean, rel=0.02, abs=0.01)


def test_percentiles_are_values_that_were_there() -> None:
    values = [1.0, 2.0, 3.0, 4.0]
    assert [percentile(values, share) for share in (0.0, 0.5, 0.51, 0.95, 1.0)] == [1.0, 2.0, 3.0, 4.0, 4.0]


def test_no_table_counts_what_its_event_does_not_know() -> None:
    about_participants = {Event.PARTICIPANTS_JOIN, Event.PARTICIPANTS_LEAVE, Event.PARTICIPANTS_MOVE}
    about_authorities = {Event.AUTHORITY_COMPROMISE, Event.AUTHORITY_LOSS, Event.RE_ROOT, Event.AUTHORITY_EXPIRY}
    for table in (METADATA, *(model.work for model in MODELS)):
        for event, works in table.items():
            assert all(work.per is not Per.HEADS or event in about_participants for work in works)
            assert all(work.per is not Per.MEMBERS or event in about_authorities for work in works)
            assert all(work.times > 0 for work in works)
            assert {work.action for work in works} <= set(Action)
