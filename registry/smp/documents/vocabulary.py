# SPDX-License-Identifier: Apache-2.0
"""What a dialect calls things: the little that its reader, its rules and its writer need from it by name."""

from collections.abc import Mapping
from dataclasses import dataclass

from registry.errors import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The names of one dialect."""

    reasons: str
    """What the ids of its reasons begin with, such as `BUSDOX`."""
    schema: str
    """Specification and schema file, as reasons cite them before the name of a type."""
    namespace: str
    """The namespace of most of its elements, which is meant where none is given."""
    prefixes: Mapping[str, str]
    """Namespace -> the prefix that we give it where nothing in an extension is in the way."""

    def reason(self, reason_id: str, message: str, clause: str) -> Reason:
        """A reason of this dialect; a clause of one word is a type of its schema."""
        return Reason(f"{self.reasons}-{reason_id}", message, clause if " " in clause else f"{self.schema} {clause}")
