# SPDX-License-Identifier: Apache-2.0
"""Plans and loads moves from other registries: the source, the staged records, the receivers of an instance.

What is read is kept in a file of the data folder until it is loaded. A load that was broken off goes on with that file;
a plan has a file of its own, which goes with it.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from registry.app.instance import Instance
from registry.app.move_in_receivers import Choices, receivers_of
from registry.app.move_in_sources import SML_KINDS, SourceChoice, move_in_folder, open_source
from registry.app.signing_job import request_signing
from registry.errors import ConfigurationError, ConflictError, NotFoundError
from registry.move_in.loading import Loader, stage, unhoused_in
from registry.move_in.model import Source, SourceKind
from registry.move_in.moves import (
    begin_load,
    begin_move,
    check_loadable,
    end_move,
    finish_load,
    keep_plan,
    keep_source_state,
    our_turn,
)
from registry.move_in.report import Limits, Report, refuse_too_many_removed
from registry.move_in.spellings import same_participant
from registry.move_in.staging import Staging
from registry.move_in.standby import wait_for_writers
from registry.move_in.states import State
from registry.settings import Settings
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor
from registry.storage.queries import move_ins
from registry.storage.queries.move_ins import MoveInRow, Refusal
from registry.storage.rehearsal import RehearsalDatabase

Told = Callable[[str, int], None]
"""Is told what is done, and how much of it."""


@dataclass(frozen=True, slots=True)
class Moving:
    """A move as an operator asks for it: from where, into which domain (None for an SML's), and how."""

    source: SourceChoice
    stored: StoredDomain | None
    choices: Choices = field(default_factory=Choices)

    @property
    def domains(self) -> list[StoredDomain]:
        """The domains that are known before anything is read."""
        return [] if self.stored is None else [self.stored]

    @property
    def same(self) -> Callable[[str], str]:
        """What is equal for all keys of one participant; those of an SML are."""
        return str if self.stored is None else same_participant(self.stored.domain.identifiers)


def plan(instance: Instance, settings: Settings, actor: Actor, moving: Moving, told: Told) -> Report:
    """What a load would do, found by doing it and taking it back. Raises what the source raises, and ConflictError."""
    with contextlib.closing(open_source(instance, settings, moving.source, moving.stored)) as source:
        source.check()
        move = begin_move(instance.database, actor, source.kind, moving.source.described, moving.domains)
        check_loadable(move)
        with our_turn(instance.database, move.id), _staged(settings, f"{move.id}.plan") as staging:
            stage(instance.database, move.id, source, staging, lambda number: told("read", number))
            rehearsed = _rehearsed(instance, settings)
            stored = None if moving.stored is None else rehearsed.directory.get(moving.stored.domain.name)
            receivers = receivers_of(rehearsed, stored, moving.choices)
            loader = Loader(rehearsed.database, actor, move.id, receivers, staging, moving.same)
            differences = loader.differences()
            tally = loader.rehearse(lambda number: told("planned", number))
            report = Report(move.id, differences, tally, unhoused_in(staging), planned=True)
            keep_plan(instance.database, actor, report)
    return report


def load(instance: Instance, settings: Settings, actor: Actor, moving: Moving, limits: Limits, told: Told) -> Report:
    """Load what has changed at the source, into domains that are in standby from then on.

    Broken off, it goes on where it was. Raises what the source raises; ConflictError where somebody else is at it, and
    where more would be removed or was refused than `limits` allow.
    """
    with contextlib.closing(open_source(instance, settings, moving.source, moving.stored)) as source:
        source.check()
        move = begin_move(instance.database, actor, source.kind, moving.source.described, moving.domains)
        with our_turn(instance.database, move.id):
            move = current(instance, move.id)
            check_loadable(move)
            resumes = (
                move.state == State.LOADING
                and move.source == moving.source.described
                and move.counts["chosen"]["source"] == moving.source.options()
            )
            report = carry_over(
                instance, settings, actor, move, source, moving, limits, told, resumes=resumes, begins=True
            )
            finish_load(instance.database, actor, report)
            for stored in moving.domains:
                with instance.database.write(actor) as work:
                    request_signing(work, stored.id)  # or else each first reader waits for a signature
    return report


def carry_over(
    instance: Instance,
    settings: Settings,
    actor: Actor,
    move: MoveInRow,
    source: Source,
    moving: Moving,
    limits: Limits,
    told: Told,
    *,
    resumes: bool = False,
    begins: bool = False,
    again: bool = True,
) -> Report:
    """Read what has changed and load it, in a turn that the caller has, whatever the state of the move.

    With `resumes` what was read before is loaded first, if it was read to its end; with `begins` the move is in the
    state of a load from the first write on. Without `again` nothing is tried again that was refused and is as it was,
    and what has no home here isn't counted.
    """
    staging = Staging(_file(settings, str(move.id)))
    try:
        resumed = resumes and staging.is_complete
        if not resumed:
            staging = staging.emptied()
            stage(instance.database, move.id, source, staging, lambda number: told("read", number), again=again)
        receivers = receivers_of(instance, moving.stored, moving.choices)
        loader = Loader(instance.database, actor, move.id, receivers, staging, moving.same)
        differences = loader.differences()
        refuse_too_many_removed(differences, limits)
        if begins:
            chosen = {"source": moving.source.options(), **moving.choices.to_json()}
            begin_load(instance.database, actor, move.id, moving.source.described, moving.domains, chosen)
            wait_for_writers(instance.database)
        keep_source_state(instance.database, actor, move.id, None)
        tally = loader.run(differences, limits, lambda number: told("loaded", number))
        report = Report(move.id, differences, tally, unhoused_in(staging), resumed=resumed)
        staging.discard()
        return report
    finally:
        staging.close()


def end(instance: Instance, settings: Settings, actor: Actor, move: MoveInRow) -> MoveInRow:
    """Give a move up, or call it done; what was read and isn't loaded goes. Raises as `end_move`, and where somebody
    else is at it."""
    with our_turn(instance.database, move.id):
        ended = end_move(instance.database, actor, move.id, instance.directory)
        for name in (str(move.id), f"{move.id}.plan"):
            Staging(_file(settings, name)).discard()
    return ended


def current(instance: Instance, move_id: int) -> MoveInRow:
    """A move as it is now. Raises NotFoundError."""
    with instance.database.read() as connection:
        return move_ins.by_id(connection, move_id)


def moving_of(instance: Instance, move: MoveInRow, url: str = "", file: Path | None = None) -> Moving:
    """A move as it was loaded last, for the next load: only where the data are has to be said, if it has changed.

    Raises ConfigurationError where nothing was loaded yet.
    """
    chosen = dict(move.counts.get("chosen", ()))
    if not chosen:
        raise ConfigurationError(f"nothing was loaded yet by the move {move.id}: run registry move-in load")
    kind, options = SourceKind(move.source_kind), chosen.pop("source")
    if not url and kind is SourceKind.SMP_CRAWL:
        url = move.source
    elif not url and file is None and Path(move.source).exists():
        file = Path(move.source)
    stored = None if kind in SML_KINDS else instance.directory.by_id(move.domain_ids[0])
    return Moving(SourceChoice(kind, url, file, **options), stored, Choices(**chosen))


def chosen_move(instance: Instance, stored: StoredDomain | None) -> MoveInRow:
    """The move into a domain that has not ended; without a domain the only one. Raises NotFoundError, ConflictError."""
    with instance.database.read() as connection:
        under_way = [move for move in move_ins.newest(connection) if move.state != State.ENDED]
    found = [move for move in under_way if stored is None or stored.id in move.domain_ids]
    if not found:
        raise NotFoundError("no move is under way; begin one: registry move-in plan --from KIND")
    if len(found) > 1:
        said = ", ".join(f"{move.id} from {move.source_kind}" for move in found)
        raise ConflictError(f"which move is meant? Say --domain NAME (under way: {said})")
    return found[0]


def moves_of(instance: Instance, stored: StoredDomain | None) -> list[MoveInRow]:
    """The newest moves, into a domain or all, whether they have ended or not."""
    with instance.database.read() as connection:
        return [move for move in move_ins.newest(connection) if stored is None or stored.id in move.domain_ids]


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a move is: what of the source is here, by kind and verdict, and the first of what was refused.

    `left` are the records of an unfinished load that are still to be looked at, None where there is no such load.
    """

    move: MoveInRow
    domains: tuple[str, ...]
    records: dict[str, dict[str, int]]
    refusals: tuple[Refusal, ...]
    left: int | None

    def to_json(self) -> dict[str, Any]:
        """For a client."""
        move = self.move
        return {
            "move": move.id,
            "from": move.source_kind,
            "source": move.source,
            "state": move.state,
            "domains": list(self.domains),
            "began": move.created_at.isoformat(),
            "changed": move.modified_at.isoformat(),
            "records": self.records,
            "left": self.left,
            "refused": [refusal_json(refusal) for refusal in self.refusals],
            "counts": dict(move.counts),
            "steps": dict(move.steps),
            "back_until": None if move.back_until is None else move.back_until.isoformat(),
        }


def refusal_json(refusal: Refusal) -> dict[str, Any]:
    """A refusal for a client."""
    return {"kind": refusal.kind, "key": refusal.key, "reasons": refusal.reasons}


def standings(instance: Instance, settings: Settings, moves: Sequence[MoveInRow], shown: int) -> Iterator[Standing]:
    """How far moves are, with so many refusals of each."""
    for move in moves:
        with instance.database.read() as connection:
            records = move_ins.counts(connection, move.id)
            refusals = move_ins.refusals(connection, move.id, shown)
        domains = tuple(instance.directory.by_id(domain_id).domain.name for domain_id in move.domain_ids)
        yield Standing(move, domains, records, tuple(refusals), _left(settings, move))


def refusals_of(instance: Instance, move: MoveInRow) -> Iterator[Refusal]:
    """Everything that was refused."""
    after = None
    while True:
        with instance.database.read() as connection:
            page = move_ins.refusals(connection, move.id, 1_000, after)
        yield from page
        if not page:
            return
        after = page[-1]


def _left(settings: Settings, move: MoveInRow) -> int | None:
    file = _file(settings, str(move.id))
    if move.state != State.LOADING or not file.exists():
        return None
    with contextlib.closing(Staging(file)) as staging:
        return sum(count for count, _ in staging.parts().values()) if staging.is_complete else None


def _rehearsed(instance: Instance, settings: Settings) -> Instance:
    """An instance of which nothing stays; don't close it, its database is the other one's."""
    return Instance(
        RehearsalDatabase(instance.database),
        data_dir=settings.data_dir,
        admission_networks=settings.sml_admission_networks,
        catalog_zone=settings.dns_catalog_zone,
    )


@contextlib.contextmanager
def _staged(settings: Settings, name: str) -> Iterator[Staging]:
    staging = Staging(_file(settings, name)).emptied()
    try:
        yield staging
    finally:
        staging.discard()


def _file(settings: Settings, name: str) -> Path:
    return move_in_folder(settings) / f"{name}.sqlite3"
