# SPDX-License-Identifier: Apache-2.0
"""`/api/v1` as a page for people, from its own OpenAPI document."""

import json
from collections.abc import Iterator
from typing import Any

from registry.api.v1.app import routes_of
from registry.api.v1.models import ProblemModel
from registry.api.v1.openapi import openapi_of
from registry.api.v1.resources import RESOURCES
from registry.api.v1.routing import PREFIX


def rest_reference() -> str:
    """All resources with their methods, in Markdown."""
    document = json.loads(openapi_of(routes_of(None, RESOURCES), RESOURCES))
    return "\n".join(_lines(document)) + "\n"


def _lines(document: dict[str, Any]) -> Iterator[str]:
    yield "# REST API"
    yield ""
    yield f"Below `{PREFIX}` on the management listener; every detail is in `{PREFIX}/openapi.json` (OpenAPI 3.1)."
    yield ""
    yield document["info"]["description"].strip()
    for tag in document["tags"]:
        yield from ("", f"## {tag['name'].capitalize()}", "", tag["description"], "")
        yield from ("| request | what it does | who may |", "|---|---|---|")
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                if tag["name"] in operation["tags"]:
                    yield _row(method.upper(), path, operation)
    yield from ("", "## Problems", "", "A problem is an object with these members:", "")
    yield from ("| member | what it says |", "|---|---|")
    for name, field in ProblemModel.model_fields.items():
        yield f"| `{name}` | {field.description or _PLAIN.get(name, '')} |"


_PLAIN = {
    "title": "What went wrong, in a few words.",
    "status": "The HTTP status.",
    "detail": "What went wrong this time.",
    "reasons": "Everything that is wrong: id, message, clause, and a pointer into the request.",
}


def _row(method: str, path: str, operation: dict[str, Any]) -> str:
    queries = [item["name"] for item in operation.get("parameters", ()) if item["in"] == "query"]
    rule = operation["x-rule"]
    who = f"`{rule['action']}`: {rule['role']} at {rule['level']}" if "action" in rule else rule["who"]
    asked = f"<br>`?{'&'.join(queries)}`" if queries else ""
    return f"| `{method} {path}`{asked} | {operation['summary']} | {who} |"
