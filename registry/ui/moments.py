# SPDX-License-Identifier: Apache-2.0
"""Instants as browsers have them in `datetime-local` fields, which name no zone and are in UTC here."""

from datetime import UTC, datetime

_TO_MINUTES = len("2027-01-31T06:00")


def to_field(instant: str | None) -> str:
    """An instant of REST for a field, to the second; empty for None."""
    if instant is None:
        return ""
    at = datetime.fromisoformat(instant).astimezone(UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S" if at.second else "%Y-%m-%dT%H:%M")


def from_field(text: str) -> str:
    """What REST takes for what a field holds; what is no instant REST refuses."""
    return f"{text}:00Z" if len(text) == _TO_MINUTES else f"{text}Z"
