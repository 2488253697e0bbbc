# SPDX-License-Identifier: Apache-2.0
"""Which old system a move replays to, as it is kept with the move, and the job that does so while that is wanted."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

import structlog

from registry.app.instance import Instance
from registry.errors import ConfigurationError, ConflictError, RegistryError
from registry.jobs.worker import JobContext
from registry.move_in.cutover import OLD
from registry.move_in.model import SourceKind
from registry.move_in.replay.domisml import DomiSmlReplay, IdentityHeader, OldSmlAccess
from registry.move_in.replay.domismp import DomiSmpReplay
from registry.move_in.replay.model import OldSystem, Replayed
from registry.move_in.replay.old_api import OldAccess, OldApi
from registry.move_in.replay.phoss import PhossReplay
from registry.move_in.replay.replaying import Replay, request_replay
from registry.move_in.states import State
from registry.storage.engine import Actor
from registry.storage.queries import move_ins
from registry.storage.queries.move_ins import MoveInRow

log = structlog.get_logger(__name__)


class OldKind(StrEnum):
    """Whose interface it is."""

    PHOSS = "phoss"
    DOMISMP = "domismp"
    DOMISML = "domisml"


_OF_SOURCE: Mapping[str, OldKind] = {
    SourceKind.PHOSS_XML: OldKind.PHOSS,
    SourceKind.PHOSS_SQL: OldKind.PHOSS,
    SourceKind.DOMISMP_SQL: OldKind.DOMISMP,
    SourceKind.DOMISML_SQL: OldKind.DOMISML,
}


@dataclass(frozen=True, slots=True)
class OldPlace:
    """Where an old system takes what is written here, and how it knows who calls; files are named, never kept.

    An SMP needs `secret_file` (one line, NAME:PASSWORD), DomiSML `header`.
    """

    kind: OldKind
    url: str
    secret_file: Path | None = None
    header: IdentityHeader = IdentityHeader.CERTIFICATE
    anchors: Path | None = None

    @classmethod
    def of_source(
        cls, source: str, url: str, secret_file: Path | None, header: IdentityHeader, anchors: Path | None
    ) -> Self:
        """That of the source of a move. Raises ConfigurationError where it takes nothing, or something is missing."""
        kind = _OF_SOURCE.get(source)
        if kind is None:
            raise ConfigurationError(f"what was moved in from {source} can't go back: no interface is known")
        if kind is not OldKind.DOMISML and secret_file is None:
            raise ConfigurationError(f"{kind} asks for a password: say --old-secret-file FILE")
        return cls(kind, url, _absolute(secret_file), header, _absolute(anchors))

    def to_json(self) -> dict[str, Any]:
        """For keeping."""
        said = {"kind": self.kind.value, "url": self.url, "header": self.header.value}
        files = {"secret_file": self.secret_file, "anchors": self.anchors}
        return said | {name: None if file is None else str(file) for name, file in files.items()}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Self:
        """As `to_json` gave it."""
        files = {name: None if said[name] is None else Path(said[name]) for name in ("secret_file", "anchors")}
        return cls(OldKind(said["kind"]), said["url"], header=IdentityHeader(said["header"]), **files)

    def open(self, instance: Instance) -> OldSystem:
        """The old system; close it. Raises ConfigurationError for a file that can't be used."""
        database, directory = instance.database, instance.directory
        if self.kind is OldKind.DOMISML:
            return DomiSmlReplay(database, directory, OldSmlAccess(self.url, self.header, self.anchors))
        api = OldApi(OldAccess(self.url, self.secret_file or Path(), self.anchors))
        return (PhossReplay if self.kind is OldKind.PHOSS else DomiSmpReplay)(database, directory, api)


def old_place_of(row: MoveInRow) -> OldPlace:
    """The old system of a move that is cut over. Raises ConflictError where none takes anything."""
    if not row.steps.get(OLD):
        raise ConflictError(f"the move {row.id} was cut over without --old-api: nothing goes back to the old system")
    return OldPlace.from_json(row.steps[OLD])


def replay(instance: Instance, actor: Actor, row: MoveInRow) -> Replayed:
    """Tell the old system of a move all that was written here. Raises as `Replay.run` and `old_place_of`."""
    instance.directory.refresh()
    with closing(old_place_of(row).open(instance)) as old:
        return Replay(instance.database, row.id, old).run(actor)


def replay_job(instance: Instance, context: JobContext) -> dict[str, Any]:
    """Do what `replay_for_now` does, for the move of the job."""
    return replay_for_now(instance, context.actor, context.payload["move"])


def replay_for_now(instance: Instance, actor: Actor, number: int) -> dict[str, Any]:
    """Tell the old system of a move what there is to tell, and ask for the next time, for as long as is wanted."""
    with instance.database.read() as connection:
        row = move_ins.by_id(connection, number)
    if not _is_due(row, instance):
        return {"ended": True}
    try:
        done = replay(instance, actor, row)
        return {"told": done.told, "refused": len(done.refused)}
    except RegistryError as error:  # the next time may do; how long it hasn't is kept with the move
        log.error("move_in_not_replayed", move=row.id, reason=str(error))  # noqa: TRY400 — it says it all
        return {"failure": str(error)}
    finally:
        with instance.database.write(actor) as work:
            request_replay(work, row.id)


def _is_due(row: MoveInRow, instance: Instance) -> bool:
    until = row.back_until
    return row.state == State.CUT_OVER and until is not None and instance.database.now() < until


def _absolute(file: Path | None) -> Path | None:
    return None if file is None else file.absolute()
