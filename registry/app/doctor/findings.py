# SPDX-License-Identifier: Apache-2.0
"""What an examination finds."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is: something doesn't work, something will not, or something could be better."""

    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing: a stable id, what was seen, and what to do.

    `subject` tells it from others with the same id in the same domain, also where the words change from look to look.
    """

    id: str
    level: Level
    what: str
    remedy: str
    subject: str = ""
    domain: str | None = None


def error(finding_id: str, what: str, remedy: str, subject: str = "", domain: str | None = None) -> Finding:
    """Something doesn't work, or is open to everybody."""
    return Finding(finding_id, Level.ERROR, what, remedy, subject, domain)


def warning(finding_id: str, what: str, remedy: str, subject: str = "", domain: str | None = None) -> Finding:
    """Something will not work before long, or is weaker than it should be."""
    return Finding(finding_id, Level.WARNING, what, remedy, subject, domain)


def hint(finding_id: str, what: str, remedy: str, subject: str = "", domain: str | None = None) -> Finding:
    """Something to know."""
    return Finding(finding_id, Level.HINT, what, remedy, subject, domain)
