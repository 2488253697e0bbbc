# SPDX-License-Identifier: Apache-2.0
"""The use cases of problems and alerts, on the instance of `use_case_world`."""

from registry.alerts import book, channels, telling
from registry.alerts.channels import ChannelChange, ChannelKind, NewChannel
from registry.alerts.delivering import deliver
from registry.alerts.problem import Look, Problem, ProblemKind, Severity
from registry.app.alert_job import look_for_problems, try_channel
from registry.settings import load_settings
from registry.storage.queries import alerts
from tests.simulators.use_case_world import ACTOR, World, use_case

# Not what is really the matter with the machine of the test, which is another thing at each moment.
FOUND = Look([Problem(ProblemKind.BACKUP_OLD, Severity.WARNING), Problem(ProblemKind.DISK, Severity.ERROR)])


def _with_channel(world: World) -> None:
    """A channel that is to be told of problems, unless an earlier run has made it."""
    with world.instance.database.write(ACTOR) as work:
        if alerts.find_channel(work.connection, "ops") is None:
            channels.add(work, NewChannel("ops", ChannelKind.MAIL, "ops@example.org"))
            book.keep(work, FOUND)
            telling.plan(work, {})


@use_case
def look_what_is_the_matter(world: World) -> None:
    look_for_problems(world.instance, load_settings(data_dir=world.folder), ACTOR, lambda *_: FOUND)


@use_case
def acknowledge_problem(world: World) -> None:
    with world.instance.database.write(ACTOR) as work:
        book.keep(work, FOUND)
        book.acknowledge(work, FOUND.problems[0].key, "")


@use_case
def tell_of_problems(world: World) -> None:
    _with_channel(world)
    deliver(world.instance.database, ACTOR, {ChannelKind.MAIL: lambda _: None}, {})


@use_case
def try_alert_channel(world: World) -> None:
    _with_channel(world)
    try_channel(world.instance, load_settings(data_dir=world.folder), ACTOR, "ops")


@use_case
def change_alert_channel(world: World) -> None:
    _with_channel(world)
    with world.instance.database.write(ACTOR) as work:
        channels.change(work, "ops", ChannelChange(kinds=[ProblemKind.DISK], enabled=False))


@use_case
def make_and_remove_webhook(world: World) -> None:
    with world.instance.database.write(ACTOR) as work:
        channels.add(work, NewChannel("hook", ChannelKind.WEBHOOK, "https://example.org/"))
    with world.instance.database.write(ACTOR) as work:
        channels.remove(work, "hook")
