# SPDX-License-Identifier: Apache-2.0
"""The authority of DE4A, CommisSign - 2, whose certificate ended on 2026-10-04: told weeks before."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from registry.impact.effects import LOST, Effect
from registry.impact.text import lines
from tests.simulators.impact_world import ImpactWorld
from tests.simulators.offline import ACTOR
from tests.simulators.trust_models import anchor, configuration, path_to, rule
from trust_lists.evaluation.trust_configuration.certificate_files import certificates_in
from trust_lists.evaluation.trust_configuration.model import TrustConfiguration

pytestmark = pytest.mark.database
AUGUST = datetime(2026, 8, 1, 9, tzinfo=UTC)
OCTOBER = datetime(2026, 10, 4, tzinfo=UTC).date()


@pytest.fixture
def de4a(corpus: Path) -> TrustConfiguration:
    """Whom the real authority has issued a certificate to, and its own root: as the network has it."""
    folder = corpus / "trust_models" / "real_anchors" / "de4a"
    (root,) = certificates_in((folder / "as4_CommisSign2_RootCA.crt.cer").read_bytes())
    (between,) = certificates_in((folder / "as4_CommisSign2_onlineCA.crt.cer").read_bytes())
    stores = {"anchors": [anchor("ec-root-2", root)], "intermediates": [{"sha256": between.sha256}]}
    return configuration({"ap-encrypt": rule(path_to("ec-root-2"))}, stores, [root, between])


def test_all_that_rests_on_commissign_2_drops_out_on_its_last_day(world: ImpactWorld, de4a: TrustConfiguration) -> None:
    world.offline.clock.now = AUGUST
    (authority,) = (each.certificate for each in de4a.stores.intermediates)
    assert authority is not None
    world.access_point("evidence-portal", authority, participants=7)
    report = world.compare(de4a).run(ACTOR)
    (each,) = report.lost
    change = each.first(*LOST)
    assert change is not None
    assert (change.effect, change.after.reason.id, change.since.date()) == (Effect.LAPSES, "EXPIRED", OCTOBER)
    days = {at.date(): report.courses["participants"].at(at).of(*LOST) for at in report.days_at()[1:]}
    assert [days[OCTOBER.replace(day=day)] for day in (3, 4, 5)] == [0, 7, 7]
    text = list(lines(report))
    assert "Now nobody drops out." in text
    assert any("2026-10-04" in line and line.split()[-1] == "7" for line in text)


def test_nobody_drops_out_where_one_looks_less_far(world: ImpactWorld, de4a: TrustConfiguration) -> None:
    world.offline.clock.now = AUGUST
    (authority,) = (each.certificate for each in de4a.stores.intermediates)
    assert authority is not None
    world.access_point("evidence-portal", authority, participants=7)
    assert not world.compare(de4a).run(ACTOR, days=60).lost
