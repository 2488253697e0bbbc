# SPDX-License-Identifier: Apache-2.0
"""Reads nested settings key by key, and collects everything that is wrong with them instead of stopping.

What was never asked for is unknown, so the code that reads a section is also its schema.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TypeVar

from registry.errors import ConfigurationError

Choice = TypeVar("Choice", bound=str)


@dataclass(slots=True)
class Section:
    """One mapping of the settings. A key without a value (`null`) counts as not given."""

    values: Mapping[str, object]
    path: str = ""
    problems: list[str] = field(default_factory=list)
    _asked: set[str] = field(default_factory=set)
    _inner: list["Section"] = field(default_factory=list)

    def complain(self, name: str, message: str) -> None:
        """Note what is wrong with a key; `raise_problems` reports it."""
        self.problems.append(f"{self._at(name)}: {message}")

    def raise_problems(self, about: str) -> None:
        """Raise ConfigurationError with all problems and all unknown keys of this section and those below it."""
        problems = [*self.problems, *self.unknown()]
        if problems:
            raise ConfigurationError("\n  ".join([f"{about} is set up wrongly:", *problems]))

    def unknown(self) -> Iterator[str]:
        """A message for every key, here and below, that nobody asked for."""
        for name in self.values:
            if name not in self._asked:
                close = get_close_matches(str(name), sorted(self._asked), 1)
                hint = f"; did you mean {close[0]}?" if close else ""
                yield f"{self._at(name)}: unknown{hint}"
        for section in self._inner:
            yield from section.unknown()

    def text(self, name: str, default: str = "") -> str:
        """A text."""
        value = self._take(name)
        if value is None:
            return default
        if isinstance(value, str):
            return value.strip()
        self.complain(name, f"a text is wanted, not {value!r}")
        return default

    def flag(self, name: str, *, default: bool) -> bool:
        """True or false."""
        value = self._take(name)
        if value is None:
            return default
        if isinstance(value, bool):
            return value
        self.complain(name, f"true or false is wanted, not {value!r}")
        return default

    def number(self, name: str, default: int, allowed: range) -> int:
        """A whole number within `allowed`."""
        value = self._take(name)
        if value is None:
            return default
        if isinstance(value, int) and not isinstance(value, bool) and value in allowed:
            return value
        self.complain(name, f"a whole number from {allowed[0]} to {allowed[-1]} is wanted, not {value!r}")
        return default

    def texts(self, name: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """A list of texts."""
        value = self._take(name)
        if value is None:
            return default
        if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
            return tuple(item.strip() for item in value)
        self.complain(name, f"a list of texts is wanted, not {value!r}")
        return default

    def choice(self, name: str, default: Choice, options: Collection[Choice]) -> Choice:
        """One of `options`."""
        text = self.text(name, default)
        for option in options:
            if option == text:
                return option
        self.complain(name, f"one of {', '.join(options)} is wanted, not {text!r}")
        return default

    def choices(self, name: str, options: Collection[str], default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """A list with any of `options`."""
        texts = self.texts(name, default)
        for text in texts:
            if text not in options:
                self.complain(name, f"{text!r} is none of {', '.join(options)}")
        return tuple(text for text in texts if text in options)

    def pattern(self, name: str) -> str | None:
        """A regular expression; None when there is none."""
        text = self.text(name)
        self.check_patterns(name, [text])
        return text or None

    def check_patterns(self, name: str, patterns: Collection[str]) -> None:
        """Complain of each pattern that is no regular expression."""
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                self.complain(name, f"{pattern!r} is no regular expression: {error}")

    def section(self, name: str) -> "Section":
        """The section below a key; an empty one when it is not given."""
        value = self._take(name)
        if value is not None and not isinstance(value, Mapping):
            self.complain(name, f"a section is wanted, not {value!r}")
        section = Section(value if isinstance(value, Mapping) else {}, self._at(name), self.problems)
        self._inner.append(section)
        return section

    def listed(self, name: str) -> list["Section"]:
        """A list of sections."""
        value = self._take(name)
        if value is not None and not (
            isinstance(value, list | tuple) and all(isinstance(one, Mapping) for one in value)
        ):
            self.complain(name, f"a list of sections is wanted, not {value!r}")
            value = None
        sections = [Section(one, f"{self._at(name)}[{i}]", self.problems) for i, one in enumerate(value or ())]
        self._inner += sections
        return sections

    def words(self, name: str) -> dict[str, str]:
        """A section whose writer chooses the keys; each of them has a text, or none (`null`) and is left out."""
        section = self.section(name)
        texts = {str(key): section.text(key) for key in section.values}
        return {key: text for key, text in texts.items() if text}

    def free(self, name: str) -> dict[str, object]:
        """A section that is kept as it stands: nothing but people and evaluators read it."""
        value = self._take(name)
        if value is not None and not isinstance(value, Mapping):
            self.complain(name, f"a section is wanted, not {value!r}")
        return dict(value) if isinstance(value, Mapping) else {}

    def sections(self) -> dict[str, "Section"]:
        """All keys of this section, each of them a section; for keys that the writer of the settings chooses."""
        return {str(name): self.section(name) for name in self.values}

    def _take(self, name: str) -> object:
        self._asked.add(name)
        return self.values.get(name)

    def _at(self, name: object) -> str:
        return f"{self.path}.{name}" if self.path else str(name)


def merge(below: Mapping[str, object], above: Mapping[str, object]) -> dict[str, object]:
    """Both together; `above` wins key by key. Its lists replace those of `below` as a whole, and so do documents with
    a format of their own, which say so by `apiVersion`.
    """
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping) and "apiVersion" not in value:
            merged[key] = merge(old, value)
        else:
            merged[key] = value
    return merged
