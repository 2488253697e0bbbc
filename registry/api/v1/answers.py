# SPDX-License-Identifier: Apache-2.0
"""What a handler answers, and its form on the wire: JSON with a strong ETag (RFC 9110 §8.8.3)."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from pydantic import BaseModel

JSON = "application/json"
_MAX_WARNINGS = 10
_MAX_WARNING = 500  # characters: clients and proxies bound the length of headers


@dataclass(frozen=True, slots=True)
class Raw:
    """A representation that is no JSON."""

    body: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer whose status or headers aren't those that the route has by itself."""

    body: BaseModel | Raw | None = None
    status: int | None = None
    """None: the first that the route names."""
    headers: Mapping[str, str] = field(default_factory=dict)


Result: TypeAlias = BaseModel | Answer | Raw | None


@dataclass(frozen=True, slots=True)
class Sent:
    """An answer as it leaves: bytes, and headers besides those that every answer has."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


def to_bytes(model: BaseModel | Raw) -> bytes:
    """The one representation of a model; what it doesn't set is left out."""
    if isinstance(model, Raw):
        return model.body
    return model.model_dump_json(exclude_unset=True).encode()


def etag_of(body: bytes) -> str:
    """The strong entity tag of a representation."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def matches(header: str, etag: str) -> bool:
    """Whether a list of entity tags, or `*`, names this one. Weak ones never do: only for If-Match (§13.1.1)."""
    return header.strip() == "*" or etag in (item.strip() for item in header.split(","))


def matches_weakly(header: str, etag: str) -> bool:
    """As `matches`, for If-None-Match of a read (§13.1.2)."""
    return header.strip() == "*" or etag in (item.strip().removeprefix("W/") for item in header.split(","))


def warning_header(warnings: Sequence[str]) -> dict[str, str]:
    """Warnings as a header (RFC 7234 §5.5), for the body is what a GET would answer; they may quote documents."""
    shown = [*warnings[:_MAX_WARNINGS]]
    if len(warnings) > len(shown):
        shown.append(f"and {len(warnings) - len(shown)} warnings more")
    plain = ("".join(c if " " <= c <= "~" and c not in '"\\' else "?" for c in text[:_MAX_WARNING]) for text in shown)
    return {"warning": ", ".join(f'299 - "{text}"' for text in plain)} if shown else {}
