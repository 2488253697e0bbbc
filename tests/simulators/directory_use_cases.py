# SPDX-License-Identifier: Apache-2.0
"""The use cases of directories, on the instance of `use_case_world`."""

import contextlib
import random

from registry.app.directory_job import ask_for_jobs, open_pusher
from registry.app.domain_setup import change_domain
from registry.consistency.orphans import correct, find_orphans
from registry.directory.client import Answer, Told
from registry.directory.comparing import compare
from registry.directory.marking import place_of
from registry.directory.pushing import Pusher
from registry.directory.requests import push_here
from registry.errors import ConfigurationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.settings import load_settings
from registry.storage.domain_directory import StoredDomain
from tests.simulators.use_case_world import ACTOR, HELD, MOVING, World, use_case

SETTINGS = {"directory": {"enabled": True, "url": "https://directory.example", "key": "smp"}}


class Indexer:
    """Answers all calls alike."""

    def __init__(self, answer: Answer) -> None:
        self._told = Told(answer, failure="" if answer is Answer.TAKEN else "it has no time")

    def put(self, participant: ParticipantIdentifier) -> Told:
        return self._told

    def delete(self, participant: ParticipantIdentifier) -> Told:
        return self._told


def _with_directory(world: World) -> StoredDomain:
    """The domain, with a directory unless an earlier run has given it one."""
    if not world.instance.directory.get("demo").domain.directory.enabled:
        change_domain(world.instance, ACTOR, "demo", SETTINGS)
    return world.instance.directory.get("demo")


def _pusher(world: World, stored: StoredDomain, answer: Answer) -> Pusher:
    chance = random.Random(1)  # no secret
    return Pusher(world.instance.database, ACTOR, place_of(stored), Indexer(answer), "demo", chance=chance)


@use_case
def tell_directory(world: World) -> None:
    stored = _with_directory(world)
    compare(world.instance.database, ACTOR, place_of(stored))
    _pusher(world, stored, Answer.TAKEN).run()


@use_case
def tell_directory_to_forget(world: World) -> None:
    stored = _with_directory(world)
    compare(world.instance.database, ACTOR, place_of(stored))
    _pusher(world, stored, Answer.TAKEN).run()
    if world.instance.business_cards.find(stored, MOVING) is not None:
        world.instance.business_cards.delete(ACTOR, stored, MOVING)
    _pusher(world, stored, Answer.TAKEN).run()


@use_case
def tell_directory_in_vain(world: World) -> None:
    stored = _with_directory(world)
    compare(world.instance.database, ACTOR, place_of(stored))
    _pusher(world, stored, Answer.FAILED).run()


@use_case
def tell_directory_now(world: World) -> None:
    push_here(world.instance.database, ACTOR, _with_directory(world))


@use_case
def tell_directory_without_a_key(world: World) -> None:
    stored, settings = _with_directory(world), load_settings(data_dir=world.folder)
    with contextlib.suppress(ConfigurationError), open_pusher(world.instance, settings, stored, ACTOR):
        pass


@use_case
def ask_for_jobs_of_directories(world: World) -> None:
    _with_directory(world)
    ask_for_jobs(world.instance)


@use_case
def put_directory_right(world: World) -> None:
    stored = _with_directory(world)
    with find_orphans(world.instance.database, stored, [HELD]) as findings:
        correct(world.instance.database, ACTOR, stored, findings)
