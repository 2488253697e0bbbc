# SPDX-License-Identifier: Apache-2.0
"""What commands of a move read from their options."""

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from registry.app.instance import Instance

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def duration(text: str) -> timedelta:
    """90s, 30m, 2h or 1d. Raises ConfigurationError."""
    from registry.errors import ConfigurationError

    found = re.fullmatch(r"([0-9]{1,6})([smhd])", text)
    if found is None:
        raise ConfigurationError(f"{text!r} is no time: give 90s, 30m, 2h or 1d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def named_sub_domains(instance: "Instance", said: "Sequence[str]") -> "Mapping[str, str]":
    """SUB_DOMAIN=DOMAIN as a mapping, the sub-domains in lower case. Raises NotFoundError for a domain."""
    named = {}
    for each in said:
        name, equals, to = each.rpartition("=")
        if not equals or not name or not to:
            raise typer.BadParameter(f"--map is SUB_DOMAIN=DOMAIN, not {each!r}")
        named[name.lower().rstrip(".")] = instance.directory.get(to).domain.name
    return named
