# SPDX-License-Identifier: Apache-2.0
"""`/profiles`: the shipped profiles that domains are made from."""

from typing import Annotated

from pydantic import Field

from registry.api.v1.call import Call
from registry.api.v1.cursors import Cursor, Limit, paged, read_cursor
from registry.api.v1.models import Model, Page, Word
from registry.api.v1.routing import Resource
from registry.api.v1.rules import Authenticated
from registry.domains.loader import load_domain, profile_names

resource = Resource("profiles", "What domains are made from: the networks that come with the package.")


class ProfileModel(Model):
    """A network as it comes with the package."""

    name: Word
    title: str
    kind: Annotated[str, Field(description="`dynamic`, or `static`: without SMP and SML, so nothing can be published.")]
    summary: str
    zone: Annotated[str, Field(description="Empty: whoever makes a domain of it says it.")]
    name_servers: list[str]
    sml: Annotated[bool, Field(description="Whether an instance is the SML where nothing else is said.")]


@resource.get("/profiles", Authenticated(), {200: Page[ProfileModel]})
def list_profiles(call: Call, limit: Limit = 50, cursor: Cursor = None) -> Page[ProfileModel]:  # noqa: ARG001
    """List the shipped profiles, by name: they are the same for everybody."""
    (after,) = read_cursor(cursor, str) or ("",)
    part, following = paged(
        [name for name in profile_names() if name > after][: limit + 1], limit, lambda name: (name,)
    )
    return Page[ProfileModel](items=[_shown(name) for name in part], next_cursor=following)


def _shown(name: str) -> ProfileModel:
    domain = load_domain(name)
    return ProfileModel(
        name=name,
        title=domain.title,
        kind=domain.kind,
        summary=domain.summary,
        zone=domain.dns.zone,
        name_servers=list(domain.dns.name_servers),
        sml=domain.sml.enabled,
    )
