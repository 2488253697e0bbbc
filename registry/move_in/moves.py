# SPDX-License-Identifier: Apache-2.0
"""A move from its begin to its end: one at a time into a domain, one operator at a time at it.

Whatever takes longer than a transaction is done in a turn (`our_turn`), and each of its steps leaves the move in a
state from which somebody else can go on.
"""

import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from registry.audit.events import record
from registry.errors import ConflictError
from registry.move_in.model import Kind, SourceKind, part_of
from registry.move_in.report import Report
from registry.move_in.standby import put_in_standby, take_out_of_standby
from registry.move_in.states import LOADABLE, State
from registry.storage.domain_directory import DomainDirectory, StoredDomain
from registry.storage.engine import Actor, Database, retried
from registry.storage.queries import move_ins
from registry.storage.queries.move_ins import MoveInRow
from registry.storage.turns import turn
from registry.storage.unit_of_work import UnitOfWork

SOURCE_STATE: Final = "source_state"
"""The name in the steps of a move for the state of the source in which everything was loaded."""
_GIVE_UP = "`registry move-in end` gives it up"


@retried
def begin_move(
    database: Database, actor: Actor, kind: SourceKind, source: str, domains: Sequence[StoredDomain]
) -> MoveInRow:
    """The move from this kind of source into these domains that is under way, or a new one, which changes nothing yet.

    Without domains (an SML's make themselves known as they are loaded) it is that of the kind. Raises ConflictError
    where another one is under way.
    """
    with database.write(actor) as work:
        held = _under_way(work, kind, domains)
        if held is not None and held.source_kind != kind:
            if held.state != State.PLANNED:
                into = ", ".join(stored.domain.name for stored in domains)
                raise ConflictError(f"a move from {held.source_kind} into {into} is under way; {_GIVE_UP}")
            _end(work, held)
            held = None
        if held is not None:
            return held
        made = move_ins.add(work, kind, source, State.PLANNED, [stored.id for stored in domains])
        record(work, "move-in:move:create", subject_of(made.id), after={"from": kind.value, "source": source})
        return made


def check_loadable(move: MoveInRow) -> None:
    """Raises ConflictError where nothing may be loaded any more."""
    if move.state not in LOADABLE:
        raise ConflictError(f"the move {move.id} from {move.source_kind} is {move.state}: nothing is loaded then")


@retried
def begin_load(
    database: Database,
    actor: Actor,
    move_id: int,
    source: str,
    domains: Sequence[StoredDomain],
    chosen: Mapping[str, Any],
) -> None:
    """Put the domains in standby, and let it be known that a load has begun, and how: what was `chosen`, as JSON.

    Raises ConflictError where nothing may be loaded any more, or a sub-domain would go elsewhere than before.
    """
    with database.write(actor) as work:
        held = move_ins.lock(work, move_id)
        check_loadable(held)
        _check_ways(work, held, chosen)
        for stored in domains:
            put_in_standby(work, stored)
        counts = {**held.counts, "chosen": chosen}
        if (held.state, held.source, held.counts) != (State.LOADING, source, counts):
            move_ins.change(work, move_id, state=State.LOADING, source=source, counts=counts)
            before, after = {"state": held.state, "source": held.source}, {"state": State.LOADING, "source": source}
            record(work, "move-in:load:begin", subject_of(move_id), before=before, after={**after, "chosen": chosen})


@retried
def finish_load(database: Database, actor: Actor, report: Report) -> None:
    """Let it be known that all that was read is loaded, and what became of it; what is here, the ledger tells."""
    with database.write(actor) as work:
        held = move_ins.lock(work, report.move_id)
        counts = {**held.counts, "unhoused": report.kept_json()["unhoused"]}
        move_ins.change(work, held.id, state=State.LOADED, counts=counts)
        record(work, "move-in:load:finish", subject_of(held.id), after=report.kept_json())


@retried
def keep_plan(database: Database, actor: Actor, report: Report) -> None:
    """Keep what a load would come to."""
    with database.write(actor) as work:
        held = move_ins.lock(work, report.move_id)
        move_ins.change(work, held.id, counts={**held.counts, "plan": report.kept_json()})
        record(work, "move-in:move:plan", subject_of(held.id), after=report.kept_json())


@retried
def end_move(database: Database, actor: Actor, move_id: int, directory: DomainDirectory) -> MoveInRow:
    """Give a move up, or call it done: what was loaded stays, and everybody may write to the domains again.

    Raises ConflictError while a cutover is under way.
    """
    with database.write(actor) as work:
        held = move_ins.lock(work, move_id)
        if held.state == State.FROZEN:
            raise ConflictError(f"the cutover of move {move_id} has begun: end it or take it back first")
        if held.state != State.ENDED:
            for domain_id in held.domain_ids:
                take_out_of_standby(work, directory.by_id(domain_id))
            _end(work, held)
        return move_ins.by_id(work.connection, move_id)


@retried
def keep_source_state(database: Database, actor: Actor, move_id: int, state: str | None) -> None:
    """Keep in which state of the source everything was loaded (`StatedSource.state`), or forget it.

    It is forgotten before anything of another state is loaded: broken off there, what is here is of no state.
    """
    with database.read() as connection:
        if move_ins.by_id(connection, move_id).steps.get(SOURCE_STATE) == state:
            return
    with database.write(actor) as work:
        steps = move_ins.lock(work, move_id).steps
        others = {name: said for name, said in steps.items() if name != SOURCE_STATE}
        move_ins.change(work, move_id, steps=others if state is None else {**others, SOURCE_STATE: state})


@contextlib.contextmanager
def our_turn(database: Database, move_id: int) -> Iterator[None]:
    """Nobody else does anything with a move until the end of the block. Raises ConflictError where somebody does."""
    with turn(database, f"move-in:{move_id}") as ours:
        if not ours:
            raise ConflictError(f"somebody else is at the move {move_id} now: wait for them, or see what they do")
        yield


def subject_of(move_id: int) -> str:
    """What the audit calls a move."""
    return f"move-in:{move_id}"


def _check_ways(work: UnitOfWork, held: MoveInRow, chosen: Mapping[str, Any]) -> None:
    """What is in the ledger isn't taken again, so what was taken in stays where it is."""
    before, now = (dict(each.get("sub_domains", ())) for each in (held.counts.get("chosen", {}), chosen))
    differ = {name for name, _ in before.items() ^ now.items()}
    known = move_ins.held(work.connection, held.id, Kind.SUB_DOMAIN, {part_of(name) for name in differ})
    if there := sorted(name for name in differ if name in known and known[name].digest):
        raise ConflictError(
            f"{', '.join(there)} went to another domain when it was loaded: say --map as then, or {_GIVE_UP}"
        )


def _under_way(work: UnitOfWork, kind: SourceKind, domains: Collection[StoredDomain]) -> MoveInRow | None:
    if not domains:
        return move_ins.newest_of_kind(work.connection, kind, without=[State.ENDED])
    found = [held for stored in domains if (held := move_ins.active_in(work.connection, stored.id)) is not None]
    return found[0] if found else None


def _end(work: UnitOfWork, held: MoveInRow) -> None:
    move_ins.let_go(work, held.id)
    move_ins.change(work, held.id, state=State.ENDED)
    record(work, "move-in:move:end", subject_of(held.id), before={"state": held.state}, after={"state": State.ENDED})
