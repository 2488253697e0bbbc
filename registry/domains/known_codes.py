# SPDX-License-Identifier: Apache-2.0
"""What is known of a network beside its rules: document types and processes in use, and its environments.

Nothing is refused for not being in here; code lists are imported (`registry.identifiers.code_lists`).
"""

from dataclasses import dataclass
from typing import Self

from registry.domains.section import Section
from registry.identifiers.code_lists import State

_STATES = tuple(state.value for state in State)


@dataclass(frozen=True, slots=True)
class KnownCode:
    """A document type or a process that the network uses, or once did."""

    name: str
    scheme: str
    value: str
    state: str = State.ACTIVE.value
    """`active`, `deprecated` or `removed`."""
    process: str = ""
    """The value of the process that a document type belongs to, where it is known."""
    transport_profile: str = ""
    """The transport profile that the network uses for it, where it has one of its own."""

    @classmethod
    def read(cls, section: Section) -> Self:
        """From a section of a list; complains there."""
        return cls(
            name=section.text("name"),
            scheme=section.text("scheme"),
            value=section.text("value"),
            state=section.choice("state", State.ACTIVE.value, _STATES),
            process=section.text("process"),
            transport_profile=section.text("transport_profile"),
        )


@dataclass(frozen=True, slots=True)
class Environment:
    """One of the parallel networks, such as production and test: its zone, and the address of its SML."""

    zone: str
    sml: str = ""
    """Empty where it was not found."""

    @classmethod
    def read(cls, section: Section) -> Self:
        """From a section; complains there."""
        return cls(section.text("zone"), section.text("sml"))
