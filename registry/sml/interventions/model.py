# SPDX-License-Identifier: Apache-2.0
"""Values of interventions: who asks, for what, what it would do, what it did; and what a power has to offer."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, Self

from cryptography import x509

from registry.accounts.permissions import Principal
from registry.errors import Reason, ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor
from registry.storage.unit_of_work import Connection, UnitOfWork

_ACCOUNT = "account:"
_SERIAL = re.compile(r"[0-9A-Fa-f:]{1,200}")


class Kind(StrEnum):
    """The powers; a domain's `sml.four_eyes` names those that two people are needed for."""

    SUSPEND_PUBLISHER = "suspend-publisher"
    RESUME_PUBLISHER = "resume-publisher"
    SUSPEND_PARTICIPANT = "suspend-participant"
    RESUME_PARTICIPANT = "resume-participant"
    TRANSFER = "transfer"
    LIFT_QUARANTINE = "lift-quarantine"
    BLOCK_CERTIFICATE = "block-certificate"
    UNBLOCK_CERTIFICATE = "unblock-certificate"

    @property
    def inverse(self) -> "Kind":
        """The power that undoing this one is a use of: who needs a second person for that, needs one for undoing."""
        return _INVERSE.get(self, self)


_PAIRS = (
    (Kind.SUSPEND_PUBLISHER, Kind.RESUME_PUBLISHER),
    (Kind.SUSPEND_PARTICIPANT, Kind.RESUME_PARTICIPANT),
    (Kind.BLOCK_CERTIFICATE, Kind.UNBLOCK_CERTIFICATE),
)
_INVERSE = {one: other for pair in _PAIRS for one, other in (pair, pair[::-1])}


@dataclass(frozen=True, slots=True)
class Operator:
    """Who intervenes. Somebody at a terminal, or with a token that is no account's, has no account."""

    actor: Actor
    account_id: int | None = None

    @classmethod
    def of(cls, principal: Principal, request_id: str = "") -> Self:
        """Whoever has proved who they are."""
        return cls(Actor(principal.actor, request_id), principal.account_id)

    @property
    def name(self) -> str:
        """The account, however it came in: by session, token or certificate it is the same person."""
        return self.actor.name if self.account_id is None else f"{_ACCOUNT}{self.account_id}"


def account_of(name: str) -> int | None:
    """The account behind `Operator.name`; None where there is none."""
    number = name.removeprefix(_ACCOUNT)
    return int(number) if number != name else None


@dataclass(frozen=True, slots=True)
class CertificateName:
    """A certificate by its issuer (RFC 4514) and its serial number (hexadecimal, lower case)."""

    issuer: str
    serial: str

    @classmethod
    def of(cls, certificate: x509.Certificate) -> Self:
        """That of a certificate at hand."""
        return cls(certificate.issuer.rfc4514_string(), format(certificate.serial_number, "x"))

    @classmethod
    def read(cls, issuer: str, serial: str) -> Self:
        """One that somebody wrote: the serial number with or without zeros and colons. Raises ValidationError."""
        try:
            number = int(serial.replace(":", "") if _SERIAL.fullmatch(serial) else "", 16)
            name = x509.Name.from_rfc4514_string(issuer).rfc4514_string()
        except ValueError:
            message = "a certificate is named by its issuer as RFC 4514 writes it, and a serial number in hexadecimal"
            raise ValidationError.of("INTERVENTION-CERTIFICATE", message) from None
        return cls(name, format(number, "x"))

    def __str__(self) -> str:
        return f"{self.serial} of {self.issuer}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A power, and what it is to be used on; what a power has no use for stays empty.

    `undoes` is the number of an intervention that is to be taken back; then `kind` is the inverse of its kind.
    """

    kind: Kind
    smp_id: str = ""
    to_smp_id: str = ""
    participants: tuple[ParticipantIdentifier, ...] = ()
    certificates: tuple[CertificateName, ...] = ()
    undoes: int | None = None
    order_reference: str = ""
    reason: str = ""

    @property
    def members(self) -> frozenset[str]:
        """What it names."""
        names = ("smp_id", "to_smp_id", "participants", "certificates", "undoes", "order_reference")
        return frozenset(name for name in names if getattr(self, name))

    @property
    def subject(self) -> str:
        """What it is about, in a few words."""
        if self.undoes is not None:
            return f"intervention {self.undoes}"
        if self.smp_id:
            return f"{self.smp_id} to {self.to_smp_id}" if self.to_smp_id else self.smp_id
        things = self.participants or self.certificates
        named = "participants" if self.participants else "certificates"
        return str(things[0]) if len(things) == 1 else f"{len(things)} {named}"

    @property
    def told(self) -> dict[str, Any]:
        """The same for the audit, whose events of interventions are in clear: no participant."""
        plain: dict[str, Any] = {"kind": self.kind, "subject": self.subject}
        if self.participants:
            plain["subject"] = self.smp_id or "participants"
            plain["participants"] = len(self.participants)
        return plain | ({"order_reference": self.order_reference} if self.order_reference else {})

    def content(self) -> dict[str, Any]:
        """As it is stored; `reason` and `order_reference` have columns of their own."""
        every = {
            "smp_id": self.smp_id,
            "to_smp_id": self.to_smp_id,
            "participants": [[each.scheme, each.value] for each in self.participants],
            "certificates": [[each.issuer, each.serial] for each in self.certificates],
            "undoes": self.undoes,
        }
        return {name: value for name, value in every.items() if value}

    @classmethod
    def read(cls, kind: str, content: Mapping[str, Any], order_reference: str | None, reason: str | None) -> Self:
        """The opposite of `content`."""
        return cls(
            Kind(kind),
            content.get("smp_id", ""),
            content.get("to_smp_id", ""),
            tuple(ParticipantIdentifier(*each) for each in content.get("participants", ())),
            tuple(CertificateName(*each) for each in content.get("certificates", ())),
            content.get("undoes"),
            order_reference or "",
            reason or "",
        )

    def check(self, needs: frozenset[str], takes: frozenset[str]) -> None:
        """Raises ValidationError for what is missing, and for what it has no use for."""
        given = self.members
        reasons = [
            Reason("INTERVENTION-MISSING", f"{self.kind} needs {name}", pointer=f"#/{name}")
            for name in sorted(needs - given)
        ]
        reasons += [
            Reason("INTERVENTION-SUPERFLUOUS", f"{self.kind} has no use for {name}", pointer=f"#/{name}")
            for name in sorted(given - needs - takes - {"order_reference"})
        ]
        if reasons:
            raise ValidationError(reasons)


@dataclass(frozen=True, slots=True)
class Plan:
    """What it would do, or did: how many of what it concerns, and what whoever decides should know."""

    counts: Mapping[str, int]
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As it is stored."""
        return {"counts": dict(self.counts), "notes": list(self.notes)}

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Self:
        """The opposite of `to_json`."""
        return cls(stored["counts"], tuple(stored["notes"]))


@dataclass(frozen=True, slots=True)
class Applied:
    """What undoing it will need, as JSON; and the job that goes on with it, if one does."""

    before: dict[str, Any] = field(default_factory=dict)
    job_id: int | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """An intervention that was applied, and is to be taken back.

    `before` is what `Power.apply` returned; `ended_at` is when the last of it was done, by its job if it had one.
    """

    number: int
    before: Mapping[str, Any]
    ended_at: datetime
    job_id: int | None = None


class Power(Protocol):
    """What a kind of intervention does. Each method raises an error of the tree, or SmlError, where it can't.

    `plan` and `plan_undo` only look. What they count, `apply` and `undo` do in the same transaction.
    """

    needs: frozenset[str]
    """The members of `Wanted` that it can't do without."""
    takes: frozenset[str]
    """Those that it may have besides."""

    def plan(self, connection: Connection, stored: StoredDomain, wanted: Wanted, now: datetime) -> Plan: ...
    def apply(self, work: UnitOfWork, stored: StoredDomain, wanted: Wanted, number: int) -> Applied: ...
    def plan_undo(self, connection: Connection, stored: StoredDomain, done: Done, now: datetime) -> Plan: ...
    def undo(self, work: UnitOfWork, stored: StoredDomain, done: Done, number: int) -> Applied: ...
