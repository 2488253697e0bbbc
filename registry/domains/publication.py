# SPDX-License-Identifier: Apache-2.0
"""How participants of a domain come to be published: by one person or by two, and who learns of them."""

from dataclasses import dataclass
from typing import Self

from registry.domains.section import Section
from registry.metadata import Visibility


@dataclass(frozen=True, slots=True)
class ReviewProfile:
    """Whether somebody else looks at what is to be published (ADR 0091)."""

    required: bool = False
    """Nothing that is published changes but by a plan that somebody else has approved."""

    @classmethod
    def read(cls, section: Section) -> Self:
        """From the section `review`; complains there."""
        return cls(required=section.flag("required", default=False))


@dataclass(frozen=True, slots=True)
class VisibilityProfile:
    """Who learns of participants (ADR 0092)."""

    default: Visibility = Visibility.PUBLIC
    """What a participant is of whom nothing else is said."""

    def told(self, visibility: Visibility) -> Visibility | None:
        """What an export says of a participant; None where nothing says the same, here and elsewhere."""
        silent = visibility is self.default is Visibility.PUBLIC
        return None if silent else visibility

    @classmethod
    def read(cls, section: Section) -> Self:
        """From the section `visibility`; complains there."""
        return cls(default=section.choice("default", Visibility.PUBLIC, tuple(Visibility)))
