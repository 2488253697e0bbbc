# SPDX-License-Identifier: Apache-2.0
"""What goes out to a channel at one time: a message, as text for people and as JSON for programs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from registry.alerts.words import told
from registry.storage.queries.alerts import ENDED, ChannelRow
from registry.storage.queries.problems import ProblemRow

TEST = "test"


class Outgoing(Protocol):
    """What goes out by a channel. The id stays when it is sent again, so that a receiver can tell."""

    @property
    def id(self) -> str:
        """A UUID."""
        ...

    @property
    def channel(self) -> ChannelRow:
        """To whom."""
        ...

    @property
    def at(self) -> datetime:
        """When it is sent."""
        ...

    @property
    def subject(self) -> str:
        """One line."""
        ...

    @property
    def text(self) -> str:
        """The lines of a mail."""
        ...

    def as_json(self) -> Mapping[str, Any]:
        """The body of a webhook."""
        ...


@dataclass(frozen=True, slots=True)
class Item:
    """A problem, and what of it is told: the severity that it has come to, or that it has ended."""

    what: str
    row: ProblemRow
    domain: str | None


@dataclass(frozen=True, slots=True)
class Message:
    """Everything for a channel at one time; without items it is a test. The id stays when it is sent again."""

    id: str
    channel: ChannelRow
    items: Sequence[Item]
    at: datetime

    @property
    def subject(self) -> str:
        """One line."""
        if not self.items:
            return f"Test of the channel {self.channel.name}"
        ended = sum(item.what == ENDED for item in self.items)
        begun = len(self.items) - ended
        parts = [_number(begun, "problem"), f"{_number(ended, 'problem')} ended" if ended else ""]
        if len(self.items) == 1:
            (item,) = self.items
            return one_line(f"{'ended: ' if ended else ''}{told(item.row).what}")[:150]
        return ", ".join(part for part in (parts if begun else parts[1:]) if part)

    @property
    def text(self) -> str:
        """The lines of a mail."""
        if not self.items:
            return f"This is a test of the channel {self.channel.name}: alerts arrive.\n"
        lines: list[str] = []
        for title, items in (
            ("Problems", [item for item in self.items if item.what != ENDED]),
            ("Ended", [item for item in self.items if item.what == ENDED]),
        ):
            if items:
                lines += [title, ""]
            for item in items:
                where = f"{item.domain}: " if item.domain else ""
                words = told(item.row)
                lines.append(one_line(f"- {'' if item.what == ENDED else item.what + ': '}{where}{words.what}"))
                if item.what != ENDED and words.remedy:
                    lines.append(f"  {one_line(words.remedy)}")
                lines += [f"  since {item.row.since:%Y-%m-%d %H:%M} UTC, {item.row.key}", ""]
        return "\n".join([*lines, "registry problem list shows all that are open.", ""])

    def as_json(self) -> Mapping[str, Any]:
        """The body of a webhook."""
        return {
            "type": f"registry.{'problems' if self.items else TEST}",
            "timestamp": _shown(self.at),
            "data": {"channel": self.channel.name, "problems": [_item(item) for item in self.items]},
        }


def one_line(text: str) -> str:
    """Without line breaks and other characters that a terminal or a header would take for more than text."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _item(item: Item) -> dict[str, Any]:
    row, words = item.row, told(item.row)
    return {
        "key": row.key,
        "kind": row.kind,
        "severity": row.severity,
        "ended": item.what == ENDED,
        "domain": item.domain,
        "subject": row.subject,
        "since": _shown(row.since),
        "ended_at": None if row.ended_at is None else _shown(row.ended_at),
        "parameters": row.parameters,
        "text": words.what,
        "remedy": words.remedy,
    }


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"


def _shown(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"
