# SPDX-License-Identifier: Apache-2.0
"""What a code list changes against the one in force."""

from collections import Counter
from dataclasses import dataclass

from registry.identifiers.code_lists import CodeList, CodeListEntry, Kind, State


@dataclass(frozen=True, slots=True)
class CodeChange:
    """One code that is not as it was; `before` is None for a new one, `after` for one that is listed no more."""

    scheme: str
    value: str
    before: CodeListEntry | None
    after: CodeListEntry | None

    @property
    def what(self) -> str:
        """In one or two words: `added`, `gone`, `active to deprecated`, or `changed` where the state is the same."""
        if self.before is None:
            return "added"
        if self.after is None:
            return "gone"
        return (
            "changed"
            if self.before.state is self.after.state
            else f"{self.before.state.value} to {self.after.state.value}"
        )

    @property
    def stops_new_entries(self) -> bool:
        """Whether nothing new can be registered with the code any more."""
        after = self.after
        return after is None or after.state is not State.ACTIVE or not after.registrable

    @property
    def state(self) -> str:
        """The state from now on; `not listed` where there is none."""
        return "not listed" if self.after is None else self.after.state.value


@dataclass(frozen=True, slots=True)
class CodeListDiff:
    """The changes from one list to another of the same kind, by scheme and value."""

    kind: Kind
    version_before: str
    """Empty where no list of the kind was in force."""
    version_after: str
    changes: tuple[CodeChange, ...]
    unchanged: int

    @property
    def counts(self) -> dict[str, int]:
        """How many codes changed in which way."""
        return dict(sorted(Counter(change.what for change in self.changes).items()))


def compare(before: CodeList | None, after: CodeList) -> CodeListDiff:
    """What `after` would change where `before` is in force."""
    held = {} if before is None else before.entries
    changes = tuple(
        CodeChange(*code, held.get(code), after.entries.get(code))
        for code in sorted({*held, *after.entries})
        if held.get(code) != after.entries.get(code)
    )
    unchanged = sum(held.get(code) == entry for code, entry in after.entries.items())
    return CodeListDiff(after.kind, "" if before is None else before.version, after.version, changes, unchanged)
