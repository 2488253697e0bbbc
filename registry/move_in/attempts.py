# SPDX-License-Identifier: Apache-2.0
"""One record of a part, written as a whole or not at all, whatever becomes of the others in the transaction."""

from collections.abc import Callable

from registry.errors import Reason, RegistryError, TechnicalError, ValidationError
from registry.move_in.model import Result, Verdict
from registry.sml.errors import SmlError
from registry.storage.engine import Actor, Database
from registry.storage.unit_of_work import UnitOfWork


def attempt(database: Database, work: UnitOfWork, key: str, write: Callable[[UnitOfWork], Result]) -> Result:
    """What `write` gives; where it refuses, what it wrote is taken back. Raises TechnicalError alone."""
    try:
        with database.write(Actor(work.actor, work.request_id)) as part:
            return write(part)
    except TechnicalError:
        raise
    except RegistryError as error:
        return refused(key, error)


def refused(key: str, error: RegistryError) -> Result:
    """The refusal of a record, with all reasons. Raises what it was given where trying again may help."""
    return Result(key, Verdict.REFUSED, reasons_of(error))


def reasons_of(error: RegistryError) -> tuple[Reason, ...]:
    """Why something was refused; what has no rule of its own is a `MOVE-IN-REFUSED`. Raises TechnicalError."""
    plain = error.plain if isinstance(error, SmlError) else error
    if isinstance(plain, TechnicalError):
        raise plain
    if isinstance(plain, ValidationError):
        return plain.reasons
    return (Reason("MOVE-IN-REFUSED", str(plain)),)
