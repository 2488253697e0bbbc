# SPDX-License-Identifier: Apache-2.0
"""Custom properties of a participant as a JSON column."""

from typing import Any

from registry.metadata import CustomProperty


def properties_to_row(properties: tuple[CustomProperty, ...]) -> list[Any] | None:
    """JSON for the column; None for no properties."""
    return [[item.name, item.value, item.public] for item in properties] or None


def properties_from_row(stored: list[Any] | None) -> tuple[CustomProperty, ...]:
    """The reverse of `properties_to_row`."""
    return tuple(CustomProperty(name, value, public) for name, value, public in stored or ())
