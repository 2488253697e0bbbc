# SPDX-License-Identifier: Apache-2.0
"""`/settings`: what this process runs with, and where each value comes from. They are changed outside of it."""

from typing import Annotated, Literal

from pydantic import Field

from registry.accounts.permissions import Action
from registry.api.v1 import rules
from registry.api.v1.call import Call
from registry.api.v1.cursors import Cursor, Limit, paged, read_cursor
from registry.api.v1.models import Model, Page
from registry.api.v1.routing import Resource
from registry.api.v1.rules import Needs

resource = Resource("settings", "What this installation runs with; read only, and without secrets.")


class SettingModel(Model):
    """A setting."""

    name: Annotated[str, Field(description="Its environment variable.", examples=["REGISTRY_PUBLIC_BIND"])]
    value: Annotated[str | None, Field(description="Null where nothing is set, and for every secret.")]
    is_set: bool
    is_secret: bool
    source: Annotated[
        Literal["default", "file", "environment", "command-line"], Field(description="Where the value comes from.")
    ]
    description: str


@resource.get("/settings", Needs(Action.SETTING_READ, rules.system), {200: Page[SettingModel]})
def list_settings(call: Call, limit: Limit = 50, cursor: Cursor = None) -> Page[SettingModel]:
    """List the settings of the process that answers, as it has read them when it was started."""
    (after,) = read_cursor(cursor, int) or (0,)
    rest = list(enumerate(call.context.settings, 1))[max(after, 0) :]
    part, following = paged(rest[: limit + 1], limit, lambda item: (item[0],))
    items = [
        SettingModel(
            name=each.name,
            value=each.value,
            is_set=each.is_set,
            is_secret=each.is_secret,
            source=each.source.value,
            description=each.description,
        )
        for _, each in part
    ]
    return Page[SettingModel](items=items, next_cursor=following)
