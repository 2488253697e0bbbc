# SPDX-License-Identifier: Apache-2.0
"""The REST interface, explained from its own OpenAPI document; without a script of anybody's."""

from starlette.responses import Response

from registry.ui.openapi_view import OpenApi
from registry.ui.routing import Pages
from registry.ui.seen import refusal
from registry.ui.visit import Visit

pages = Pages()


@pages.get("/api-docs")
async def list_operations(visit: Visit) -> Response:
    """All operations by what they are about, or those in which a word is found."""
    held, wanted = await _document(visit), visit.query.get("q", "").strip()
    words = wanted.lower().split()
    found = []
    for tag, operations in held.tags():
        fitting = [
            each
            for each in operations
            if all(word in f"{each.method} {each.path} {each.told['summary']}".lower() for word in words)
        ]
        if fitting:
            found.append((tag, fitting))
    return await visit.page("api_docs.html", held=held, found=found, wanted=wanted)


@pages.get("/api-docs/operations/{name}")
async def show_operation(visit: Visit, name: str) -> Response:
    """An operation: what it takes, what it answers, who may, and how it is asked for."""
    held = await _document(visit)
    operation = held.operation(name)
    if operation is None:
        raise refusal(404)
    return await visit.page("api_operation.html", held=held, operation=operation)


@pages.get("/api-docs/schemas/{name}")
async def show_schema(visit: Visit, name: str) -> Response:
    """A schema: its members, and where it is used."""
    held = await _document(visit)
    if name not in held.schemas:
        raise refusal(404)
    return await visit.page("api_schema.html", held=held, name=name, schema=held.schemas[name])


async def _document(visit: Visit) -> OpenApi:
    await visit.shell()  # who isn't logged in logs in first, as for every page
    return OpenApi(await visit.rest.get("/openapi.json"))
