# SPDX-License-Identifier: Apache-2.0
"""Results: ranges over runs, windows from all of them, drills, and the same numbers in JSON, text, CSV and charts."""

import csv
import io
import json

import pytest
from lxml.etree import fromstring

from trust_lists.evaluation.simulation import (
    MODELS,
    Assumptions,
    Event,
    Parameters,
    Settings,
    SimulationResult,
    simulate,
)
from trust_lists.evaluation.simulation.charts import charts
from trust_lists.evaluation.simulation.distributions import Fixed
from trust_lists.evaluation.simulation.engine import run
from trust_lists.evaluation.simulation.models import Action
from trust_lists.evaluation.simulation.text import as_text, growth_csv, parameter_table

BY_ID = {model.id: model for model in MODELS}
SETTINGS = Settings(participants=3_000, access_points=20, years=4.0, seed=5)
ASSUMPTIONS = Assumptions(Parameters({"access_point_compromises": Fixed(0.2)}))


@pytest.fixture(scope="module")
def found() -> SimulationResult:
    models = tuple(simulate(BY_ID[each], SETTINGS, ASSUMPTIONS, 3) for each in ("T1", "T2", "T6", "T13"))
    return SimulationResult(SETTINGS, 3, ASSUMPTIONS, models)


def test_costs_are_the_mean_and_the_range_of_the_runs(found: SimulationResult) -> None:
    ledgers = [run(BY_ID["T1"], Settings(3_000, 20, 4.0, seed), ASSUMPTIONS.parameters)[0] for seed in (5, 6, 7)]
    writes = [each.total(Action.WRITE, metadata=False) for each in ledgers]
    amount = found.models[0].writes
    assert (amount.least, amount.mean, amount.most) == (min(writes), pytest.approx(sum(writes) / 3), max(writes))


def test_writes_by_actor_add_up_to_all_writes(found: SimulationResult) -> None:
    for model in found.models:
        total = model.writes.mean + model.metadata_writes.mean
        assert sum(each.mean for each in model.writes_by_actor.values()) == pytest.approx(total)
        booked = sum(each.amount.mean for each in model.costs if each.action == Action.WRITE)
        assert booked == pytest.approx(total)


def test_windows_of_all_runs_are_put_together(found: SimulationResult) -> None:
    (row,) = (each for each in found.models[1].exposures if each.event == Event.ACCESS_POINT_COMPROMISE)
    ledgers = [run(BY_ID["T2"], Settings(3_000, 20, 4.0, seed), ASSUMPTIONS.parameters)[0] for seed in (5, 6, 7)]
    days = sorted(
        each.days for ledger in ledgers for each in ledger.exposures if each.event is Event.ACCESS_POINT_COMPROMISE
    )
    assert (row.windows, row.max) == (len(days), days[-1])
    assert row.p50 is not None
    assert row.p50 == days[(len(days) + 1) // 2 - 1]


def test_the_share_of_outages_is_between_none_and_all(found: SimulationResult) -> None:
    assert all(0 <= each.unavailable <= 1 for each in found.models)
    assert found.models[0].unavailable > 0


def test_a_drill_shows_what_is_too_rare_for_a_run(found: SimulationResult) -> None:
    drills = {(model.id, drill.event): drill for model in found.models for drill in model.drills}
    assert ("T1", "CA compromise") not in drills
    assert ("T6", "list signer compromise") in drills
    compromise = drills["T2", "CA compromise"]
    assert compromise.exposure.windows == 3
    assert compromise.writes == 3 * 20  # removed, installed, and the access points' own
    stolen = {model: drills[model, "access point compromise"].exposure.p50 for model in ("T1", "T2", "T13")}
    assert stolen["T1"] > stolen["T2"] > stolen["T13"]  # type: ignore[operator]


def test_json_says_what_was_assumed_and_where_from(found: SimulationResult) -> None:
    told = json.loads(json.dumps(found.to_json()))
    assert told["settings"]["seed"] == 5
    assert told["parameters"]["access_point_compromises"] == {
        "value": 0.2,
        "unit": "per year",
        "source": "given",
        "meaning": "for each access point",
    }
    assert told["parameters"]["crl_entry_bytes"]["source"] == "measured, reference §2"
    assert [each["id"] for each in told["models"]] == ["T1", "T2", "T6", "T13"]


def test_the_text_has_each_model_and_each_event(found: SimulationResult) -> None:
    text = as_text(found)
    for expected in ("T13", "mutual exchange", "certificate roll-over", "list signer compromise", "DRILLS"):
        assert expected in text
    assert max(map(len, text.splitlines())) < 200


def test_the_table_of_parameters_has_units_and_sources() -> None:
    table = parameter_table(Parameters({"crl_freshness": Fixed(1)}))
    (line,) = (each for each in table.splitlines() if each.startswith("crl_freshness"))
    assert line.split()[:4] == ["crl_freshness", "1", "hours", "given"]


def test_curves_as_csv_have_a_row_for_each_model_and_period(found: SimulationResult) -> None:
    rows = list(csv.DictReader(io.StringIO(growth_csv(found))))
    assert len(rows) == sum(len(each.growth) for each in found.models)
    assert float(rows[0]["day"]) == 0
    last = [row for row in rows if row["model"] == "T1"][-1]
    assert int(last["writes"]) == found.models[0].growth[-1].writes
    assert float(last["day"]) == pytest.approx(4 * 365.25)


def test_charts_are_well_formed_and_named_after_what_they_show(found: SimulationResult) -> None:
    drawn = charts(found)
    assert all(name.endswith(".svg") for name in drawn)
    for chart in drawn.values():
        fromstring(chart)
    assert "T13 trust on metadata" in drawn["metadata.svg"]
    assert "T13 trust on metadata" not in drawn["writes.svg"]
