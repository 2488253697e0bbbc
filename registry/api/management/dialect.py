# SPDX-License-Identifier: Apache-2.0
"""What a management dialect is: it understands a path, and says how an outcome or a refusal is told.

What is done, and by whom it may be, is the same in every dialect.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol
from urllib.parse import parse_qsl

from registry.accounts.permissions import Principal
from registry.api.management.domains import Domains
from registry.errors import ValidationError
from registry.identifiers.url_form import decode_segment
from registry.smp.publishing import Outcome
from registry.storage.domain_directory import StoredDomain

READING = frozenset({"GET", "HEAD"})
_ALL = frozenset({"GET", "HEAD", "PUT", "DELETE"})


class Subject(Enum):
    """What a request is about, with the methods that there are for it."""

    GROUP = "service group", _ALL
    SERVICE = "service metadata", _ALL
    CARD = "business card", _ALL
    SERVICES = "all service metadata of a participant", frozenset({"DELETE"})
    PROCESS = "process of service metadata", frozenset({"DELETE"})
    COMPLETE = "service group with its metadata", READING
    REFERENCES = "list of references to service groups", READING
    IDENTIFIERS = "list of participants", READING

    def __init__(self, title: str, methods: frozenset[str]) -> None:
        self.title = title
        self.methods = methods


@dataclass(frozen=True, slots=True)
class Request:
    """A request without its body. `path` is raw, below the dialect's own prefix; names of headers are in lower case."""

    method: str
    path: bytes
    query: Mapping[str, str]
    headers: Mapping[bytes, bytes]
    principal: Principal | None

    def header(self, name: str) -> str:
        """The text of a header, without white space around it; empty where it isn't sent."""
        return self.headers.get(name.lower().encode(), b"").decode("latin-1").strip()


@dataclass(frozen=True, slots=True)
class Target:
    """What a request is about, and where. The identifiers are decoded, but not understood yet.

    `below` is the raw path of the same thing below the base URL at the public listener. `dialects` are those that a
    document in the body may be of. `group` is that of owners into which a new participant is to get. `notes` tell what
    was asked for and isn't done.
    """

    stored: StoredDomain
    subject: Subject
    below: bytes = b""
    participant: str = ""
    document_type: str = ""
    process: str = ""
    dialects: tuple[str, ...] = ()
    in_sml: bool = True
    group: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """How an error is told."""

    status: int
    content_type: str
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()


class ManagementDialect(Protocol):
    """One dialect; its objects hold no state."""

    name: str
    merges: bool
    """Whether a PUT of metadata leaves alone what the document doesn't speak of."""
    for_known: frozenset[Subject]
    """What only those may read who may list the participants of the domain."""

    def locate(self, request: Request, domains: Domains) -> Target:
        """What a request is about. Raises RegistryError where that can't be told."""

    def status(self, method: str, outcome: Outcome) -> int:
        """The status of a write that was carried out."""

    def refusal(self, error: Exception, at: datetime, *, caller_known: bool) -> Refusal:
        """How an error is told; of an error outside the tree nothing is told but that there was one."""


def query_of(raw: bytes) -> dict[str, str]:
    """The parameters of a query string; of several with the same name the first. Never raises."""
    pairs = parse_qsl(raw.decode("latin-1"), keep_blank_values=True)
    return dict(reversed(pairs))


def segments_of(below: bytes) -> list[str]:
    """The decoded segments of a raw path; none where one of them is empty. One slash at the end is tolerated.

    Raises ValidationError where a segment can't be decoded.
    """
    if not below.startswith(b"/"):
        return []
    raw = below[1:].removesuffix(b"/").split(b"/")
    return [decode_segment(segment) for segment in raw] if all(raw) else []


def narrowed(stored: StoredDomain, dialects: Iterable[str], what: str) -> tuple[str, ...]:
    """Those of the dialects that the domain serves. Raises ValidationError where there is none."""
    served = tuple(name for name in stored.domain.smp.dialects if name in set(dialects))
    if not served:
        message = f"the domain {stored.domain.name} does not serve {what}"
        raise ValidationError.of("SMP-DIALECT", message)
    return served
