# SPDX-License-Identifier: Apache-2.0
"""A text that fits a regular expression, for names in a network that nobody has described.

Understood are literals, classes, groups, alternatives and repetitions: what patterns of names are made of. For any
other pattern there is no sample, and somebody has to describe the network.
"""

import re
from dataclasses import dataclass

_CLASSES = {"d": "0123456789", "w": "abcdefghijklmnopqrstuvwxyz0123456789_", "s": " "}
_ANY = "abcdefghijklmnopqrstuvwxyz"
_MOST_REPEATED = 100


class _NotUnderstoodError(Exception):
    """The pattern has something that isn't understood here; it never leaves this module, and so has no base of ours."""


def sample(pattern: str, number: int) -> str | None:
    """A text that the whole pattern fits; another one for another `number` where the pattern has room for that.

    None where the pattern isn't understood.
    """
    try:
        reader = _Reader(pattern)
        places = reader.alternatives()
        if reader.at != len(pattern):
            return None
        compiled = re.compile(pattern)
    except (_NotUnderstoodError, IndexError, re.error):
        return None
    text = ""
    for choices in reversed(places):  # the last place counts the units, as people count
        number, chosen = divmod(number, len(choices))
        text = choices[chosen] + text
    return text if compiled.fullmatch(text) else None


@dataclass(slots=True)
class _Reader:
    """Reads a pattern as a list of places, each with the characters that may stand there."""

    pattern: str
    at: int = 0

    def alternatives(self) -> list[str]:
        found = [self._sequence()]
        while self._peek() == "|":
            self.at += 1
            found.append(self._sequence())
        return found[0]

    def _sequence(self) -> list[str]:
        places: list[str] = []
        while self._peek() not in {"", "|", ")"}:
            places += self._atom() * self._repetition()
        return places

    def _atom(self) -> list[str]:
        character = self._next()
        match character:
            case "(":
                if self._peek() == "?":
                    self.at += 1
                    if self._next() != ":":
                        raise _NotUnderstoodError
                group = self.alternatives()
                if self._next() != ")":
                    raise _NotUnderstoodError
                return group
            case "[":
                return [self._class()]
            case ".":
                return [_ANY]
            case "\\":
                return [self._escaped()]
            case "^" | "$":
                return []
            case "*" | "+" | "?" | "{":
                raise _NotUnderstoodError
        return [character]

    def _escaped(self) -> str:
        character = self._next()
        if character in _CLASSES:
            return _CLASSES[character]
        if character.isalnum():
            raise _NotUnderstoodError
        return character

    def _class(self) -> str:
        if self._peek() == "^":
            raise _NotUnderstoodError
        found = ""
        while (character := self._next()) != "]":
            if character == "\\":
                found += self._escaped()
            elif self._peek() == "-" and self.pattern[self.at + 1] != "]":
                self.at += 1
                found += "".join(map(chr, range(ord(character), ord(self._next()) + 1)))
            else:
                found += character
        if not found:
            raise _NotUnderstoodError
        return found

    def _repetition(self) -> int:
        match self._peek():
            case "*" | "?" | "+" as kind:
                self.at += 1
                return self._counted(int(kind == "+"))
            case "{":
                end = self.pattern.index("}", self.at) if "}" in self.pattern[self.at :] else -1
                least = self.pattern[self.at + 1 : end].partition(",")[0]
                if end < 0 or not least.isdigit() or int(least) > _MOST_REPEATED:
                    raise _NotUnderstoodError
                self.at = end + 1
                return self._counted(int(least))
        return 1

    def _counted(self, least: int) -> int:
        if self._peek() in {"?", "+"}:  # lazy, possessive
            self.at += 1
        return least

    def _peek(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def _next(self) -> str:
        self.at += 1
        return self.pattern[self.at - 1]
