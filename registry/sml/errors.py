# SPDX-License-Identifier: Apache-2.0
"""What an SML says when it says no: a fault kind, an ERR code, and a text that clients parse.

The texts marked *parsed* are compared by existing SMP servers with ``startswith`` to recognise a repeated call, so they
are wire format (sml.md §1.2): never reword them.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum

from registry.errors import (
    AlreadyExistsError,
    ConflictError,
    NotFoundError,
    Reason,
    RegistryError,
    TechnicalError,
    UnauthorizedError,
    ValidationError,
)
from registry.identifiers.participant import ParticipantIdentifier

_MAX_NAMED = 10


class FaultKind(Enum):
    """The four faults of the locator WSDLs; the value is the local name of the detail element."""

    BAD_REQUEST = "BadRequestFault"
    NOT_FOUND = "NotFoundFault"
    UNAUTHORIZED = "UnauthorizedFault"
    INTERNAL_ERROR = "InternalErrorFault"


_PLAIN: Mapping[FaultKind, type[RegistryError]] = {
    FaultKind.BAD_REQUEST: ConflictError,
    FaultKind.NOT_FOUND: NotFoundError,
    FaultKind.UNAUTHORIZED: UnauthorizedError,
    FaultKind.INTERNAL_ERROR: TechnicalError,
}


class SmlError(RegistryError):
    """A refusal with its fault kind; `str()` is the whole fault text, ``[ERR-nnn] …``.

    `plain` is the same refusal for whoever doesn't speak SOAP.
    """

    def __init__(self, kind: FaultKind, code: int, text: str, plain: RegistryError | None = None) -> None:
        self.kind = kind
        self.code = code
        self.plain = plain or _PLAIN[kind](text)
        super().__init__(f"[ERR-{code}] {text}")


def bad_request(text: str, plain: RegistryError | None = None) -> SmlError:
    """ERR-106: the request breaks a rule."""
    return SmlError(FaultKind.BAD_REQUEST, 106, text, plain)


def broken_rules(reasons: Iterable[Reason]) -> SmlError:
    """ERR-106 with every reason."""
    every = tuple(reasons)
    return bad_request("; ".join(map(str, every)), ValidationError(every))


def unauthorized(text: str) -> SmlError:
    """ERR-101: the caller may not do this."""
    return SmlError(FaultKind.UNAUTHORIZED, 101, text)


def together(refusals: Sequence[RegistryError]) -> RegistryError:
    """One error for several; what breaks rules says more than what is there already."""
    reasons = [reason for error in refusals if isinstance(error, ValidationError) for reason in error.reasons]
    return ValidationError(reasons) if reasons else AlreadyExistsError(some_of(map(str, refusals)))


def some_of(names: Iterable[str]) -> str:
    """A list for a message, cut where it gets long."""
    every = list(names)
    more = f" and {len(every) - _MAX_NAMED} more" if len(every) > _MAX_NAMED else ""
    return ", ".join(every[:_MAX_NAMED]) + more


def publisher_not_found(smp_id: str) -> SmlError:
    """ERR-100, parsed."""
    return SmlError(FaultKind.NOT_FOUND, 100, f"The SMP '{smp_id}' doesn't exist")


def publisher_exists(smp_id: str) -> SmlError:
    """ERR-106, parsed."""
    text = f"The SMP '{smp_id}' already exists"
    return bad_request(text, AlreadyExistsError(text))


def participant_exists(value: str, scheme: str) -> SmlError:
    """ERR-106, parsed."""
    text = f"The participant identifier '{value}' with scheme: '{scheme}' already exist"
    return bad_request(text, AlreadyExistsError(f"the participant {scheme}::{value} is registered already"))


def participants_not_found(missing: Sequence[ParticipantIdentifier]) -> SmlError:
    """ERR-110, parsed; only the plain form names those that are missing."""
    plain = NotFoundError(f"not registered: {some_of(map(str, missing))}")
    return SmlError(FaultKind.NOT_FOUND, 110, "At least one of the participants doesn't exist in the list", plain)


def migration_not_found(value: str, scheme: str) -> SmlError:
    """ERR-111: no open migration of this participant has this key."""
    return SmlError(
        FaultKind.NOT_FOUND, 111, f"No migration with this key is open for '{value}' with scheme: '{scheme}'"
    )


def migration_planned(value: str, scheme: str, story: str) -> SmlError:
    """ERR-114: a participant with an open migration can't be deleted; `story` says which one that is."""
    text = f"The participant identifier '{value}' with scheme: '{scheme}' can't be deleted: its migration is planned"
    return SmlError(FaultKind.BAD_REQUEST, 114, f"{text} ({story})")


def publisher_suspended(smp_id: str) -> SmlError:
    """ERR-101: the operator has suspended an SMP, so it can't change anything."""
    return unauthorized(f"The SMP '{smp_id}' is suspended")


def participant_suspended(value: str, scheme: str) -> SmlError:
    """ERR-101: the operator has suspended a participant, so its SMP can't remove it."""
    return unauthorized(f"The participant identifier '{value}' with scheme: '{scheme}' is suspended")
