# SPDX-License-Identifier: Apache-2.0
"""What an SML says when it says no: a fault kind, an ERR code, and a text that clients parse.

The texts marked *parsed* are compared by existing SMP servers with ``startswith`` to recognise a repeated call, so they
are wire format (sml.md §1.2): never reword them.
"""

from enum import Enum

from registry.errors import RegistryError


class FaultKind(Enum):
    """The four faults of the locator WSDLs; the value is the local name of the detail element."""

    BAD_REQUEST = "BadRequestFault"
    NOT_FOUND = "NotFoundFault"
    UNAUTHORIZED = "UnauthorizedFault"
    INTERNAL_ERROR = "InternalErrorFault"


class SmlError(RegistryError):
    """A refusal with its fault kind; `str()` is the whole fault text, ``[ERR-nnn] …``."""

    def __init__(self, kind: FaultKind, code: int, text: str) -> None:
        self.kind = kind
        self.code = code
        super().__init__(f"[ERR-{code}] {text}")


def bad_request(text: str) -> SmlError:
    """ERR-106: the request breaks a rule."""
    return SmlError(FaultKind.BAD_REQUEST, 106, text)


def unauthorized(text: str) -> SmlError:
    """ERR-101: the caller may not do this."""
    return SmlError(FaultKind.UNAUTHORIZED, 101, text)


def publisher_not_found(smp_id: str) -> SmlError:
    """ERR-100, parsed."""
    return SmlError(FaultKind.NOT_FOUND, 100, f"The SMP '{smp_id}' doesn't exist")


def publisher_exists(smp_id: str) -> SmlError:
    """ERR-106, parsed."""
    return bad_request(f"The SMP '{smp_id}' already exists")


def participant_exists(value: str, scheme: str) -> SmlError:
    """ERR-106, parsed."""
    return bad_request(f"The participant identifier '{value}' with scheme: '{scheme}' already exist")


def participants_not_found() -> SmlError:
    """ERR-110, parsed."""
    return SmlError(FaultKind.NOT_FOUND, 110, "At least one of the participants doesn't exist in the list")


def migration_not_found(value: str, scheme: str) -> SmlError:
    """ERR-111: no open migration of this participant has this key."""
    return SmlError(
        FaultKind.NOT_FOUND, 111, f"No migration with this key is open for '{value}' with scheme: '{scheme}'"
    )


def migration_planned(value: str, scheme: str) -> SmlError:
    """ERR-114: a participant with an open migration can't be deleted."""
    return SmlError(
        FaultKind.BAD_REQUEST,
        114,
        f"The participant identifier '{value}' with scheme: '{scheme}' can't be deleted: its migration is planned",
    )
