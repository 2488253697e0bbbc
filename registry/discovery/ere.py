# SPDX-License-Identifier: Apache-2.0
"""POSIX extended regular expressions as NAPTR records hold them, matched in bounded time.

The expressions come from strangers, and backtracking engines take exponential time on some (`(a|a)*b`). This
one visits each pair (instruction, position) at most once, so a match costs at most their product; the caps
below keep that under a second. Texts and expressions are ASCII. Supported is what RFC 3402 §3.2 asks for:
literals, `.`, bracket expressions with ranges and classes, groups, `|`, `*`, `+`, `?`, `{m,n}`, `^`, `$`.
An expression has to match the whole text.
"""

import string
from dataclasses import dataclass
from typing import Final

MAX_PATTERN: Final = 255  # octets; what a NAPTR field can hold
MAX_TEXT: Final = 255  # octets; no domain name is longer
MAX_PROGRAM: Final = 1000  # instructions after repetitions are written out
MAX_DEPTH: Final = 20  # nested groups

_ASCII: Final = frozenset(map(chr, range(128)))
_CLASSES: Final = {
    "alpha": frozenset(string.ascii_letters),
    "digit": frozenset(string.digits),
    "alnum": frozenset(string.ascii_letters + string.digits),
    "upper": frozenset(string.ascii_uppercase),
    "lower": frozenset(string.ascii_lowercase),
    "xdigit": frozenset(string.hexdigits),
    "punct": frozenset(string.punctuation),
    "space": frozenset(string.whitespace),
    "blank": frozenset(" \t"),
}


class PatternError(ValueError):
    """The expression is no POSIX ERE, or exceeds a cap."""


@dataclass(frozen=True, slots=True)
class _Consume:
    """Take one character of a set."""

    characters: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Split:
    """Go on at both offsets, the first one preferred. Offsets count from this instruction."""

    first: int
    second: int


@dataclass(frozen=True, slots=True)
class _Save:
    """Note the position: group n starts at slot 2n and ends at slot 2n+1."""

    slot: int


@dataclass(frozen=True, slots=True)
class _Assert:
    """Hold only at the start of the text, or only at its end."""

    at_end: bool


_Program = list[_Consume | _Split | _Save | _Assert]


class Pattern:
    """A compiled expression. Raises PatternError."""

    def __init__(self, source: str, *, ignore_case: bool = False) -> None:
        if len(source) > MAX_PATTERN or not source.isascii():
            raise PatternError("the expression is too long or not ASCII")
        compiler = _Compiler(source, ignore_case=ignore_case)
        self._program = compiler.compile()
        self.groups: int = compiler.groups

    def match(self, text: str) -> tuple[str, ...] | None:
        """What the whole text and each group matched ("" if it took no part); None if there is no match."""
        if len(text) > MAX_TEXT:
            return None
        slots: tuple[int, ...] = (0,) * (2 * self.groups + 2)
        waiting = [(0, 0, slots)]
        seen: set[tuple[int, int]] = set()
        while waiting:
            at, position, slots = waiting.pop()
            if at == len(self._program):
                if position == len(text):
                    return (text, *(text[a:b] for a, b in zip(slots[2::2], slots[3::2], strict=True)))
                continue
            if (at, position) in seen:
                continue
            seen.add((at, position))
            match self._program[at]:
                case _Consume(characters):
                    if position < len(text) and text[position] in characters:
                        waiting.append((at + 1, position + 1, slots))
                case _Split(first, second):
                    waiting.append((at + second, position, slots))
                    waiting.append((at + first, position, slots))
                case _Save(slot):
                    waiting.append((at + 1, position, (*slots[:slot], position, *slots[slot + 1 :])))
                case _Assert(at_end):
                    if position == (len(text) if at_end else 0):
                        waiting.append((at + 1, position, slots))
        return None


class _Compiler:
    """Recursive descent over the expression; each method gives the instructions of what it read."""

    def __init__(self, source: str, *, ignore_case: bool) -> None:
        self._source = source
        self._ignore_case = ignore_case
        self._at = 0
        self._depth = 0
        self.groups = 0

    def compile(self) -> _Program:
        program = self._alternatives()
        if self._at < len(self._source):
            raise PatternError("unbalanced )")
        return program

    def _peek(self) -> str:
        return self._source[self._at : self._at + 1]

    def _take(self) -> str:
        character = self._peek()
        if not character:
            raise PatternError("the expression ends too early")
        self._at += 1
        return character

    def _alternatives(self) -> _Program:
        program = self._sequence()
        while self._peek() == "|":
            self._take()
            other = self._sequence()
            # No jump instruction: a split with two equal offsets is one.
            program = [
                _Split(1, len(program) + 2),
                *program,
                _Split(len(other) + 1, len(other) + 1),
                *other,
            ]
        return _capped(program)

    def _sequence(self) -> _Program:
        program: _Program = []
        while self._peek() not in ("", "|", ")"):
            piece = self._atom()
            while self._peek() and self._peek() in "*+?{":
                piece = self._repeated(piece)
            program += piece
        return _capped(program)

    def _atom(self) -> _Program:
        match self._take():
            case "(":
                return self._group()
            case "[":
                return self._consume(self._bracket())
            case ".":
                return [_Consume(_ASCII)]
            case "^" | "$" as anchor:
                return [_Assert(at_end=anchor == "$")]
            case "\\":
                escaped = self._take()
                if escaped.isalnum():
                    raise PatternError(f"\\{escaped} is no part of POSIX extended regular expressions")
                return [_Consume(frozenset(escaped))]
            case "*" | "+" | "?" | "{" as quantifier:
                raise PatternError(f"nothing to repeat before {quantifier}")
            case character:
                return self._consume(frozenset(character))

    def _consume(self, characters: frozenset[str]) -> _Program:
        if self._ignore_case:
            characters |= {character.swapcase() for character in characters}
        return [_Consume(characters)]

    def _group(self) -> _Program:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise PatternError("groups are nested too deep")
        self.groups += 1
        slot = 2 * self.groups
        inside = self._alternatives()
        if not self._peek():
            raise PatternError("unbalanced (")
        self._take()
        self._depth -= 1
        return [_Save(slot), *inside, _Save(slot + 1)]

    def _repeated(self, piece: _Program) -> _Program:
        match self._take():
            case "*":
                return _any_number(piece)
            case "+":
                return [*piece, _Split(-len(piece), 1)]
            case "?":
                return [_Split(1, len(piece) + 1), *piece]
            case _:
                return self._counted(piece)

    def _counted(self, piece: _Program) -> _Program:
        end = self._source.find("}", self._at)
        least, comma, most = self._source[self._at : max(end, self._at)].partition(",")
        if not least.isdecimal() or not (most.isdecimal() or most == ""):
            raise PatternError("malformed {m,n}")
        self._at = end + 1
        low, high = int(least), int(most or least)
        if high < low or high * max(len(piece), 1) > MAX_PROGRAM:
            raise PatternError("{m,n} is out of bounds")
        if comma and not most:
            return [*piece * low, *_any_number(piece)]
        optional: _Program = []
        for _ in range(high - low):
            optional = [_Split(1, len(piece) + len(optional) + 1), *piece, *optional]
        return [*piece * low, *optional]

    def _bracket(self) -> frozenset[str]:
        negated = self._peek() == "^"
        if negated:
            self._take()
        characters: set[str] = set()
        first = True
        while first or self._peek() != "]":
            first = False
            characters |= self._bracket_member()
        self._take()
        return _ASCII - characters if negated else frozenset(characters)

    def _bracket_member(self) -> frozenset[str]:
        start = self._take()
        if start == "[" and self._peek() and self._peek() in ".:=":
            return self._class()
        # A hyphen in the last place is itself.
        if self._peek() == "-" and self._source[self._at + 1 : self._at + 2] not in ("]", ""):
            self._take()
            end = self._take()
            if end < start:
                raise PatternError(f"the range {start}-{end} is empty")
            return frozenset(map(chr, range(ord(start), ord(end) + 1)))
        return frozenset(start)

    def _class(self) -> frozenset[str]:
        end = self._source.find(":]", self._at)
        name = self._source[self._at + 1 : max(end, self._at)]
        if self._peek() != ":" or name not in _CLASSES:
            raise PatternError("unknown character class")
        self._at = end + 2
        return _CLASSES[name]


def _any_number(piece: _Program) -> _Program:
    back = -(len(piece) + 1)
    return _capped([_Split(1, len(piece) + 2), *piece, _Split(back, back)])


def _capped(program: _Program) -> _Program:
    if len(program) > MAX_PROGRAM:
        raise PatternError("the expression is too complex")
    return program
