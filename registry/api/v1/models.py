# SPDX-License-Identifier: Apache-2.0
"""What all models of `/api/v1` share: strictness, bounded texts, instants, pages.

Input is taken as it is, never converted, and a member that nobody knows is refused: who may change one thing can't set
another along with it (mass assignment).
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

T = TypeVar("T")
_NO_CONTROLS = r"^[^\x00-\x1f\x7f-\x9f]*$"
_LINES = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"


class Model(BaseModel):
    """A JSON object with the members that it names and no others. What is not set is left out of an answer."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, ser_json_bytes="base64")


def _read_moment(value: Any) -> Any:
    # Pydantic would take numbers, too, also as texts.
    if isinstance(value, str) and "T" in value.upper():
        return datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return value
    raise ValueError("an instant in ISO 8601 with a time zone is wanted")


def _to_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("an instant that UTC has, too, is wanted") from None


Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_read_moment),
    AfterValidator(_to_utc),
    Field(examples=["2027-01-31T06:00:00Z"]),
]
"""An instant; in UTC once it is read."""
Word = Annotated[str, Field(min_length=1, max_length=64, pattern=_NO_CONTROLS)]
"""A short name."""
Line = Annotated[str, Field(max_length=1024, pattern=_NO_CONTROLS)]
"""One line of text."""
Paragraph = Annotated[str, Field(max_length=10_000, pattern=_LINES)]
"""Text of several lines."""
Identifier = Annotated[str, Field(min_length=1, max_length=1100, pattern=_NO_CONTROLS)]
"""An identifier in the form scheme::value."""


class Page(Model, Generic[T]):
    """A part of a list, in a stable order."""

    items: list[T]
    next_cursor: Annotated[str | None, Field(description="Ask for what follows with it; null at the end.")] = None


class ReasonModel(Model):
    """One thing that is wrong."""

    id: Annotated[str, Field(description="The broken rule; stable.", examples=["REST-INPUT"])]
    message: str
    clause: Annotated[str, Field(description="Where the rule is from; empty where it is ours.")]
    pointer: Annotated[
        str, Field(description="Where in the request: `#/…` is a JSON pointer into the body.", examples=["#/name"])
    ] = ""


class ProblemModel(Model):
    """What went wrong (RFC 9457)."""

    type: Annotated[str, Field(description="Stable.", examples=["urn:edelivery-registry:problem:not-found"])]
    title: str
    status: int
    detail: str = ""
    instance: Annotated[str, Field(description="The id of the request, as in the log and in the audit.")] = ""
    reasons: list[ReasonModel] = Field(default_factory=list)
