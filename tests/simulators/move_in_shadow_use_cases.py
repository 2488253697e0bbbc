# SPDX-License-Identifier: Apache-2.0
"""The use case of a comparison with an old system: how it ended is written down."""

from registry.move_in.model import SourceKind
from registry.move_in.moves import begin_move
from registry.move_in.shadow.run import keep_report
from registry.move_in.shadow.watch import ShadowReport
from tests.simulators.use_case_world import ACTOR, World, use_case


@use_case
def keep_shadow_report(world: World) -> None:
    database = world.instance.database
    move = begin_move(database, ACTOR, SourceKind.CSV, "participants.csv", [world.stored])
    keep_report(database, ACTOR, move.id, world.stored, ShadowReport(asked=3, equal=3, complete=True))
