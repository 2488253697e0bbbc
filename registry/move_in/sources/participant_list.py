# SPDX-License-Identifier: Apache-2.0
"""A list of participants: one a line, `scheme::value`; blank lines and those that begin with `#` say nothing."""

from collections.abc import Iterator
from pathlib import Path

from registry.errors import ConfigurationError, ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.text import shorten


def listed_participants(path: Path) -> Iterator[tuple[str, ParticipantIdentifier]]:
    """Each participant as it is spelled, and as an identifier; one line is held at a time.

    Raises ConfigurationError where the file can't be read, or a line is no participant.
    """
    try:
        with path.open(encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, 1):
                text = line.strip()
                if text and not text.startswith("#"):
                    yield text, _participant(text, f"{path}:{number}")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the list of participants {path} can't be read: {error}") from error


def _participant(text: str, where: str) -> ParticipantIdentifier:
    try:
        return ParticipantIdentifier.parse(text)
    except ValidationError as error:
        message = f"{where}: {shorten(text)} is no participant; a line is scheme::value"
        raise ConfigurationError(message) from error
