# SPDX-License-Identifier: Apache-2.0
"""What pages show of an OpenAPI 3.1 document: operations by what they are about, and how each is asked for."""

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

REF = "#/components/schemas/"
_DEPTH = 4  # of what an example is made of
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Operation:
    """A request that can be made; `told` is the operation object (OpenAPI 3.1.0 §4.8.10)."""

    method: str
    path: str
    told: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Its name; stable."""
        return str(self.told["operationId"])


class OpenApi:
    """A document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.schemas: Mapping[str, Any] = document["components"]["schemas"]
        self._operations = {operation.id: operation for operation in self._all()}

    def _all(self) -> Iterator[Operation]:
        for path, methods in self.document["paths"].items():
            for method, told in methods.items():
                yield Operation(method.upper(), path, told)

    def operation(self, name: str) -> Operation | None:
        """The operation of this id."""
        return self._operations.get(name)

    def tags(self) -> list[tuple[Mapping[str, Any], list[Operation]]]:
        """The operations of each tag, in the order of the document."""
        every = [*self._operations.values()]
        return [(tag, [each for each in every if tag["name"] in each.told["tags"]]) for tag in self.document["tags"]]

    def users(self, schema: str) -> list[Operation]:
        """The operations that send or answer a schema by its name."""
        wanted = f'"{REF}{schema}"'
        return [each for each in self._operations.values() if wanted in json.dumps(each.told)]

    def answers(self, operation: Operation) -> list[tuple[str, Mapping[str, Any]]]:
        """What may be answered, by status; references are followed."""
        common = self.document["components"].get("responses", {})
        return [
            (status, common[answer["$ref"].rpartition("/")[2]] if "$ref" in answer else answer)
            for status, answer in operation.told["responses"].items()
        ]

    def curl(self, operation: Operation) -> str:
        """A command that asks for it; `$REGISTRY` and `$TOKEN` stand for what only the reader knows."""
        path = operation.path
        asked = []
        for parameter in operation.told.get("parameters", ()):
            value = self._example(parameter.get("schema", {}), 0)
            if parameter["in"] == "path":
                path = path.replace(f"{{{parameter['name']}}}", quote(str(value), safe=""))
            elif parameter["in"] == "query" and parameter.get("required"):
                asked.append(f"{quote(parameter['name'])}={quote(str(value), safe='')}")
        server = self.document["servers"][0]["url"]
        address = f'"$REGISTRY{server}{path}{"?" if asked else ""}{"&".join(asked)}"'
        lines = [f"curl {'' if operation.method == 'GET' else f'-X {operation.method} '}{address}"]
        if operation.told.get("security"):
            lines.append('-H "Authorization: Bearer $TOKEN"')
        content = operation.told.get("requestBody", {}).get("content", {})
        for media_type, described in [*content.items()][:1]:
            lines.append(f"-H {shlex.quote(f'Content-Type: {media_type}')}")
            if media_type == _JSON:
                body = json.dumps(self._body(described), ensure_ascii=False)
                lines.append(f"-d {shlex.quote(body)}")
            else:
                lines.append("--data-binary @FILE")
        return " \\\n  ".join(lines)

    def _body(self, described: Mapping[str, Any]) -> Any:
        examples = [example["value"] for example in described.get("examples", {}).values()]
        return examples[0] if examples else self._example(described.get("schema", {}), 0)

    def _example(self, schema: Mapping[str, Any], depth: int) -> Any:
        """A value that a schema allows, with what is required alone."""
        if "$ref" in schema:
            return self._example(self.schemas.get(schema["$ref"].removeprefix(REF), {}), depth)
        if schema.get("examples"):
            return schema["examples"][0]
        for word in ("default", "const"):
            if schema.get(word) is not None:
                return schema[word]
        if "enum" in schema:
            return schema["enum"][0]
        if "anyOf" in schema:
            return self._example(schema["anyOf"][0], depth)
        return self._of_type(schema, depth)

    def _of_type(self, schema: Mapping[str, Any], depth: int) -> Any:
        match schema.get("type"):
            case "object" if depth < _DEPTH:
                held, required = schema.get("properties", {}), schema.get("required", ())
                return {name: self._example(held[name], depth + 1) for name in required if name in held}
            case "array" if schema.get("minItems") and depth < _DEPTH:
                return [self._example(schema.get("items", {}), depth + 1)]
            case "object":
                return {}
            case "array":
                return []
            case "integer" | "number":
                return schema.get("minimum", 1)
            case "boolean":
                return True
            case _ if schema.get("format") == "date-time":
                return "2027-01-31T06:00:00Z"
            case _:
                return str(schema.get("title", "…")).upper().replace(" ", "-")
