# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI document: it names everything that a route does, and nothing that isn't there."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from registry.accounts.permissions import ACTIONS
from registry.api.v1.app import routes_of
from registry.api.v1.openapi import openapi_of
from registry.api.v1.reference import rest_reference
from registry.api.v1.resources import RESOURCES
from registry.api.v1.routing import RuledRoute
from registry.api.v1.rules import Open

ROUTES = routes_of(None, RESOURCES)
DOCUMENT: dict[str, Any] = json.loads(openapi_of(ROUTES, RESOURCES))
OPERATIONS = [
    (f"{method.upper()} {path}", operation)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
]


def operation_of(route: RuledRoute) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["paths"][route.entry.path][route.entry.method.lower()]
    return found


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(reference := value.get("$ref"), str):
            yield reference
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def validator(schema: dict[str, Any]) -> jsonschema_rs.Validator:
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "components": DOCUMENT["components"]}
    return jsonschema_rs.validator_for(whole)


def test_every_route_is_in_it_once_under_a_name_of_its_own() -> None:
    assert len(OPERATIONS) == len(ROUTES)
    names = [operation["operationId"] for _, operation in OPERATIONS]
    assert len({*names}) == len(names)


def test_every_reference_leads_somewhere() -> None:
    for reference in {*references(DOCUMENT)}:
        found: Any = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert found, reference


def test_nothing_of_the_framework_is_left_in_it() -> None:
    text = json.dumps(DOCUMENT)
    assert "HTTPValidationError" not in text
    assert "Successful Response" not in text


@pytest.mark.parametrize(("name", "operation"), OPERATIONS, ids=[name for name, _ in OPERATIONS])
def test_operation_is_described(name: str, operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["tags"][0] in {tag["name"] for tag in DOCUMENT["tags"]}
    assert all(item.get("description") for item in operation["parameters"] if item["in"] != "path"), name
    placeholders = {part[1:-1] for part in name.split("/") if part.startswith("{")}
    assert {item["name"] for item in operation["parameters"] if item["in"] == "path"} == placeholders
    for status, response in operation["responses"].items():
        assert status.isdigit()
        if status not in {"204", "304", "303", "302"} and "$ref" not in response:
            assert response["content"], f"{name} {status}"


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.entry.method} {route.entry.path}")
def test_operation_names_the_refusals_that_there_can_be(route: RuledRoute) -> None:
    statuses = {int(status) for status in operation_of(route)["responses"]}
    assert {400, 404, 429, 500, 503} <= statuses
    assert route.entry.answers.keys() <= statuses
    if not isinstance(route.entry.rule, Open):
        assert {401, 403} <= statuses
        assert operation_of(route)["security"]
    if route.entry.writes and not route.entry.alone:
        assert {409, 412, 413, 415, 422} <= statuses


def test_rules_in_it_are_actions_that_there_are() -> None:
    actions = {operation["x-rule"].get("action") for _, operation in OPERATIONS} - {None}
    assert actions <= ACTIONS.keys()


def test_every_example_is_what_its_schema_says() -> None:
    looked_at = 0
    for name, operation in OPERATIONS:
        for described in operation.get("requestBody", {}).get("content", {}).values():
            for title, example in described.get("examples", {}).items():
                assert validator(described["schema"]).is_valid(example["value"]), f"{name}: {title}"
                looked_at += 1
    assert looked_at


def test_input_says_that_it_takes_nothing_else_and_bounds_every_text() -> None:
    """What pydantic refuses, the schema refuses: a client can find out before it asks."""
    schemas = DOCUMENT["components"]["schemas"]
    seen: set[str] = set()

    def unbounded(schema: Any, where: str) -> Iterator[str]:
        if not isinstance(schema, dict):
            return
        if reference := schema.get("$ref"):
            if reference not in seen:
                seen.add(reference)
                name = reference.rpartition("/")[2]
                if schemas[name].get("type") == "object":
                    assert schemas[name].get("additionalProperties") is False, name
                yield from unbounded(schemas[name], name)
            return
        if schema.get("type") == "string" and not {"maxLength", "enum", "const", "format"} & schema.keys():
            yield where
        for name, part in schema.get("properties", {}).items():
            yield from unbounded(part, f"{where}.{name}")
        for part in [*schema.get("anyOf", ()), schema.get("items")]:
            yield from unbounded(part, where)

    for name, operation in OPERATIONS:
        for media_type, described in operation.get("requestBody", {}).get("content", {}).items():
            if media_type == "application/json":
                assert [*unbounded(described["schema"], name)] == []


def test_page_for_people_has_every_route() -> None:
    page = rest_reference()
    for route in ROUTES:
        assert f"`{route.entry.method} {route.entry.path}`" in page
