# SPDX-License-Identifier: Apache-2.0
"""What a snapshot of evidence consists of, as canonical JSON: its SHA-256 is what decisions cite.

It tells of every attempt, also of those that came to nothing. Nothing in it depends on how long something took or on
the order in which servers answered: the same answers at the same time are the same bytes.
"""

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from trust_lists.errors import JsonRefusedError, SourceError
from trust_lists.strict_json import canonical_json, parse_json

FORMAT = "trust-evidence-snapshot-1"
MAX_MANIFEST_BYTES = 100_000_000


class Kind(StrEnum):
    """What was asked for."""

    CRL = "crl"
    OCSP = "ocsp"
    ISSUER = "issuer"
    """Certificates of an issuer: DER, PEM or PKCS#7 (RFC 5280 §4.2.2.1)."""
    LOTL = "lotl"
    PIVOT = "pivot"
    LIST = "list"
    SAML_METADATA = "saml-metadata"
    STATEMENT = "federation-statement"
    """An entity configuration, or a subordinate statement, of OpenID Federation: a compact JWS."""


class State(StrEnum):
    """What came of it."""

    FETCHED = "fetched"
    KEPT = "kept"
    """There is none now, or none that could replace it: what the last snapshot has stays."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One document that was asked for."""

    kind: Kind
    url: str
    """`file:NAME` for a file beside the configuration."""
    state: State
    source: str = ""
    """The id of the entry of the configuration that it is for; "" for what is about certificates."""
    territory: str = ""
    """Whose list it is."""
    request: str = ""
    """SHA-256 of what was sent with it (OCSP)."""
    reason: str = ""
    """A stable reason in upper case, where it isn't `fetched`, or where something is doubtful; otherwise ""."""
    detail: str = ""
    """The same in words."""
    sha256: str = ""
    """Of the document; "" where there is none."""
    size: int = 0
    fetched_at: datetime | None = None
    """When the server had these bytes last; None where there are none."""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes it the same attempt in another snapshot."""
        return self.kind.value, self.source, self.url, self.request


@dataclass(frozen=True, slots=True)
class EvidenceManifest:
    """A snapshot without its documents."""

    at: datetime
    configuration: str
    """The address of the configuration that it was collected for."""
    attempts: tuple[Attempt, ...]
    """Ordered by `Attempt.key`."""

    @property
    def objects(self) -> frozenset[str]:
        """The digests of all documents."""
        return frozenset(each.sha256 for each in self.attempts if each.sha256)

    def to_bytes(self) -> bytes:
        """Canonical JSON: UTF-8, sorted members, no white space, instants in UTC with `Z`."""
        return canonical_json(
            {
                "format": FORMAT,
                "at": _text(self.at),
                "configuration": self.configuration,
                "attempts": [to_json(each) for each in self.attempts],
            }
        ).encode()


def to_json(attempt: Attempt) -> dict[str, Any]:
    """An attempt in values that `json.dumps` takes; what is empty is left out."""
    found = {each.name: getattr(attempt, each.name) for each in fields(Attempt)}
    found["fetched_at"] = _text(attempt.fetched_at) if attempt.fetched_at else None
    return {name: str(value) if isinstance(value, StrEnum) else value for name, value in found.items() if value}


def evidence_manifest(data: bytes) -> EvidenceManifest:
    """The manifest of these bytes. Raises SourceError SNAPSHOT_FORMAT."""
    try:
        found: Any = parse_json(data, max_bytes=MAX_MANIFEST_BYTES)
        if found.get("format") != FORMAT:
            raise SourceError("SNAPSHOT_FORMAT", f"the snapshot is not of the format {FORMAT}")
        attempts = tuple(map(_attempt, found["attempts"]))
        return EvidenceManifest(_instant(found["at"]), _str(found["configuration"]), attempts)
    except (JsonRefusedError, ValueError, TypeError, KeyError, AttributeError):
        raise SourceError("SNAPSHOT_FORMAT", "the manifest of the snapshot is damaged") from None


def _attempt(value: dict[str, Any]) -> Attempt:
    texts = {name: _str(value.get(name, "")) for name in ("source", "territory", "request", "reason", "detail")}
    at = value.get("fetched_at")
    return Attempt(
        Kind(value["kind"]),
        _str(value["url"]),
        State(value["state"]),
        **texts,
        sha256=_str(value.get("sha256", "")),
        size=int(value.get("size", 0)),
        fetched_at=_instant(at) if at else None,
    )


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _instant(value: object) -> datetime:
    found = datetime.fromisoformat(_str(value))
    if found.tzinfo is None:
        raise ValueError
    return found.astimezone(UTC)


def _str(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
