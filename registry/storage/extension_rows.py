# SPDX-License-Identifier: Apache-2.0
"""Extensions as a JSON column: the source text between the tags, byte for byte, with what it inherits."""

from typing import Any

from registry.metadata import Extension


def extensions_to_row(extensions: tuple[Extension, ...]) -> list[Any] | None:
    """JSON for the column; None for no extensions."""
    if not extensions:
        return None
    return [
        {"content": e.content.decode(), "namespaces": list(e.namespaces), "properties": list(e.properties)}
        for e in extensions
    ]


def extensions_from_row(stored: list[Any] | None) -> tuple[Extension, ...]:
    """The reverse of `extensions_to_row`."""
    return tuple(
        Extension(
            item["content"].encode(),
            tuple((prefix, uri) for prefix, uri in item["namespaces"]),
            tuple((name, text) for name, text in item["properties"]),
        )
        for item in stored or ()
    )
