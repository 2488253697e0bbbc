# SPDX-License-Identifier: Apache-2.0
"""A text that a regular expression fits, for certificates that have to meet a rule about names.

Not all that Python's expressions can say is understood: what comes out is tried, and None stands for "don't know".
"""

import re
from collections.abc import Iterator

_CLASSES = {"d": "0", "w": "a", "s": " ", "D": "x", "W": "-", "S": "x"}
_PRINTABLE = [chr(code) for code in (*range(0x61, 0x7B), *range(0x41, 0x5B), *range(0x30, 0x3A), *range(0x20, 0x7F))]
_COUNT = re.compile(r"\{(\d*)(?:,(\d*))?\}")
_MOST = 64
"""Repetitions that are written out."""


def fitting(pattern: str) -> str | None:
    """A short text that the whole of a pattern fits; None where none is found."""
    try:
        found = next(_Sampler(pattern).alternatives(), None)
    except (IndexError, ValueError, RecursionError):
        found = None
    candidates = (found, pattern)
    compiled = re.compile(pattern)
    return next((each for each in candidates if each and compiled.fullmatch(each)), None)


def unfitting(pattern: str) -> str | None:
    """A text that the pattern doesn't fit; None where it seems to fit everything."""
    compiled = re.compile(pattern)
    wrong = ("PROBE", "probe of another", "0", "-")
    return next((each for each in wrong if not compiled.fullmatch(each)), None)


class _Sampler:
    """Reads a pattern once from left to right; of alternatives the first one counts."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0

    def alternatives(self) -> Iterator[str]:
        """What each alternative can be, up to the end or a closing bracket."""
        while True:
            yield self._sequence()
            if self._peek() != "|":
                return
            self._at += 1

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _take(self) -> str:
        found = self._pattern[self._at]
        self._at += 1
        return found

    def _sequence(self) -> str:
        found = ""
        while self._peek() not in {"", "|", ")"}:
            one = self._one()
            found += one * self._times()
        return found

    def _one(self) -> str:
        taken = self._take()
        match taken:
            case "(":
                return self._group()
            case "[":
                return self._class()
            case "\\":
                return self._escaped()
            case ".":
                return "x"
            case "^" | "$":
                return ""
        return taken

    def _group(self) -> str:
        if self._peek() == "?":
            self._take()
            kind = self._take()
            if kind == "P":
                self._at = self._pattern.index(">", self._at) + 1
            elif kind != ":":
                raise ValueError("a group that looks around is not understood")
        found = list(self.alternatives())
        if self._take() != ")":
            raise ValueError("a group has no end")
        return found[0]

    def _escaped(self) -> str:
        taken = self._take()
        if taken in {"A", "Z", "b", "B"}:
            return ""
        if taken.isdigit():
            raise ValueError("a reference back is not understood")
        return _CLASSES.get(taken, taken)

    def _class(self) -> str:
        start = self._at - 1
        if self._peek() == "^":
            self._at += 1
        if self._peek() == "]":
            self._at += 1
        while self._take() != "]":
            if self._pattern[self._at - 1] == "\\":
                self._at += 1
        found = re.compile(self._pattern[start : self._at])
        return next(each for each in self._first(start) + _PRINTABLE if found.fullmatch(each))

    def _first(self, start: int) -> list[str]:
        """The first member, so that `[P-Z]` gives a P."""
        first = self._pattern[start + 1]
        return [] if first in "^\\]" else [first]

    def _times(self) -> int:
        match self._peek():
            case "*" | "?":
                self._at += 1
                times = 0
            case "+":
                self._at += 1
                times = 1
            case "{" if count := _COUNT.match(self._pattern, self._at):
                self._at = count.end()
                times = int(count[1] or 0)
            case _:
                return 1
        if self._peek() in {"?", "+"}:
            self._at += 1
        if times > _MOST:
            raise ValueError("a repetition is too long")
        return times
