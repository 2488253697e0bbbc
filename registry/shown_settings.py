# SPDX-License-Identifier: Apache-2.0
"""Settings for people: what each is and where it comes from. Of secrets only whether they are set."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from registry.setting_values import Bind

SETTING_PREFIX = "REGISTRY_"


class Source(StrEnum):
    """Where a value comes from; each wins over those above it."""

    DEFAULT = "default"
    FILE = "file"
    ENVIRONMENT = "environment"
    COMMAND_LINE = "command-line"


@dataclass(frozen=True, slots=True)
class ShownSetting:
    """A setting. `value` is None where nothing is set, and for every secret."""

    name: str
    value: str | None
    is_set: bool
    is_secret: bool
    source: Source
    description: str


def shown_settings(settings: BaseModel, sources: Mapping[str, Source]) -> list[ShownSetting]:
    """Every setting, in the order of the reference; `sources` has those that aren't defaults, by field name."""
    return [_shown(settings, name, sources) for name in type(settings).model_fields]


def _shown(settings: BaseModel, name: str, sources: Mapping[str, Source]) -> ShownSetting:
    field, held = type(settings).model_fields[name], getattr(settings, name)
    is_set = held not in (None, "", ())
    # What isn't in the repr of the settings is secret; of an address that is what it says of users.
    is_secret = not field.repr and not name.endswith("_url")
    shown = without_credentials(held) if isinstance(held, str) else _text(held)
    source = sources.get(name) or sources.get(f"{name}_file", Source.DEFAULT)
    return ShownSetting(
        name=f"{SETTING_PREFIX}{name.upper()}",
        value=None if is_secret or not is_set else shown,
        is_set=is_set,
        is_secret=is_secret,
        source=source,
        description=field.description or "",
    )


def without_credentials(text: str) -> str:
    """An address without user, password and parameters, of which each may be a secret; any other text as it is."""
    scheme, found, rest = text.partition("://")
    if not found:
        return text
    authority, slash, path = rest.partition("?")[0].partition("#")[0].partition("/")
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"


def _text(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
        case Bind():
            return str(value)
        case tuple():
            return ", ".join(str(each) for each in value)
        case _:
            return str(value)
