# SPDX-License-Identifier: Apache-2.0
"""What an old SML holds, as records: sub-domains, SMPs, registrations, open migrations, an administrator's DNS records.

Bodies say only what differs from the usual: of a million registrations almost all are as short as can be. Keys begin
with the sub-domain, since an old SML has many, and a participant may be in each. Values of participants are in lower
case there: an SML compares them so (sml.md §2.1), and two spellings are one name in DNS.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, ClassVar, Self

from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.text import ascii_lower
from registry.move_in.model import Kind, SourceRecord
from registry.smp.exchange.json_lines import canonical_json


@dataclass(frozen=True, slots=True)
class SubDomainRecord:
    """A sub-domain with its rules; patterns, records and URL schemes as DomiSML spells them (sml.md §1.1 D).

    `roots` are certificates (DER) whose issues are let in, `leaves` those that are let in themselves; `unknown` names
    what the source lets in without having the certificate.
    """

    kind: ClassVar[Kind] = Kind.SUB_DOMAIN

    name: str
    """As its names in DNS end: lower case, without a dot at the end."""
    zone: str
    """The zone of the old name server that has these names; `name` itself, or one above it."""
    description: str | None = None
    participants: str | None = None
    records: str | None = None
    url_schemes: str | None = None
    subjects: str | None = None
    policies: str | None = None
    max_participants: int | None = None
    max_participants_per_publisher: int | None = None
    roots: tuple[bytes, ...] = ()
    leaves: tuple[bytes, ...] = ()
    unknown: tuple[str, ...] = ()
    wildcard_owners: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For a scheme, the ids of the SMPs that may register its `*`."""
    schemes: tuple[str, ...] = ()
    """Those of its participants."""
    services: tuple[str, ...] = ()
    """Those of its participants' NAPTR records."""

    @property
    def key(self) -> str:
        """By its name."""
        return self.name

    def to_record(self) -> SourceRecord:
        """For staging."""
        said = _said(self) | {name: [_text(der) for der in getattr(self, name)] for name in ("roots", "leaves")}
        return _record(self.kind, self.key, said)

    @classmethod
    def of(cls, record: SourceRecord) -> Self:
        """The opposite of `to_record`."""
        said = json.loads(record.body)
        for name in ("roots", "leaves"):
            said[name] = tuple(b64decode(text) for text in said.get(name, ()))
        for name in ("unknown", "schemes", "services"):
            said[name] = tuple(said.get(name, ()))
        said["wildcard_owners"] = {
            scheme: tuple(smp_ids) for scheme, smp_ids in said.get("wildcard_owners", {}).items()
        }
        return cls(**said)


@dataclass(frozen=True, slots=True)
class SpeakingCertificate:
    """A certificate (DER) that speaks for an SMP; `since` is set where that begins at a later moment."""

    der: bytes
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class PublisherRecord:
    """An SMP. `unknown` names certificates that the source knows by name only; `notes` are for the operator."""

    kind: ClassVar[Kind] = Kind.PUBLISHER

    sub_domain: str
    smp_id: str
    logical_address: str
    physical_address: str
    suspended: bool = False
    certificates: tuple[SpeakingCertificate, ...] = ()
    unknown: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """By sub-domain and id, as it is spelled."""
        return f"{self.sub_domain}/{self.smp_id}"

    def to_record(self) -> SourceRecord:
        """For staging."""
        held = [[_text(each.der), each.since and each.since.isoformat()] for each in self.certificates]
        return _record(self.kind, self.key, _said(self) | {"certificates": held})

    @classmethod
    def of(cls, record: SourceRecord) -> Self:
        """The opposite of `to_record`."""
        said = json.loads(record.body)
        said["certificates"] = tuple(
            SpeakingCertificate(b64decode(text), since and datetime.fromisoformat(since))
            for text, since in said.get("certificates", ())
        )
        for name in ("unknown", "notes"):
            said[name] = tuple(said.get(name, ()))
        return cls(**said)


@dataclass(frozen=True, slots=True)
class RegistrationRecord:
    """A participant of an SMP; without `services` it has those of its domain.

    `others` are further SMPs that have it in the same sub-domain, which the old system's own rules forbid.
    """

    kind: ClassVar[Kind] = Kind.REGISTRATION

    sub_domain: str
    scheme: str
    value: str
    smp_id: str
    services: tuple[str, ...] = ()
    suspended: bool = False
    others: tuple[str, ...] = ()
    key: str = ""
    """By sub-domain and participant, without case; made of these where it isn't given."""

    def __post_init__(self) -> None:
        if not self.key:
            object.__setattr__(self, "key", participant_key(self.sub_domain, self.scheme, self.value))

    @property
    def participant(self) -> ParticipantIdentifier:
        """In the source's spelling."""
        return ParticipantIdentifier(self.scheme, self.value)

    def to_record(self) -> SourceRecord:
        """For staging."""
        return _record(self.kind, self.key, _said(self))

    @classmethod
    def of(cls, record: SourceRecord) -> Self:
        """The opposite of `to_record`."""
        said = json.loads(record.body)
        for name in ("services", "others"):
            if name in said:
                said[name] = tuple(said[name])
        return cls(**said, key=record.key)


@dataclass(frozen=True, slots=True)
class MigrationRecord:
    """An open migration: whoever has the key may take the participant over from the SMP.

    Of the key there is the hash alone (`registry.storage.queries.migrations.key_hash`): DomiSML keeps it in clear.
    """

    kind: ClassVar[Kind] = Kind.MIGRATION

    sub_domain: str
    scheme: str
    value: str
    smp_id: str
    key_sha256: str
    notes: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """That of the registration."""
        return participant_key(self.sub_domain, self.scheme, self.value)

    @property
    def participant(self) -> ParticipantIdentifier:
        """In the source's spelling."""
        return ParticipantIdentifier(self.scheme, self.value)

    def to_record(self) -> SourceRecord:
        """For staging."""
        return _record(self.kind, self.key, _said(self))

    @classmethod
    def of(cls, record: SourceRecord) -> Self:
        """The opposite of `to_record`."""
        said = json.loads(record.body)
        return cls(**said | {"notes": tuple(said.get("notes", ()))})


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """What an administrator put into DNS at a name: all values of one type, each with its service where it has one.

    `owner` is relative to the sub-domain, "@" for its apex; absolute, with a dot, where no sub-domain has the name.
    """

    kind: ClassVar[Kind] = Kind.DNS_RECORD

    sub_domain: str
    owner: str
    rdtype: str
    values: tuple[tuple[str, str | None], ...]

    @property
    def key(self) -> str:
        """By sub-domain, name and type."""
        return f"{self.sub_domain}/{self.owner} {self.rdtype}"

    def to_record(self) -> SourceRecord:
        """For staging."""
        return _record(self.kind, self.key, _said(self))

    @classmethod
    def of(cls, record: SourceRecord) -> Self:
        """The opposite of `to_record`."""
        said = json.loads(record.body)
        return cls(**said | {"values": tuple((value, service) for value, service in said.get("values", ()))})


def participant_key(sub_domain: str, scheme: str, value: str) -> str:
    """The key of a participant in a sub-domain."""
    return f"{sub_domain}/{ascii_lower(scheme)}::{ascii_lower(value)}"


def participant_of(key: str) -> tuple[str, ParticipantIdentifier]:
    """The sub-domain and the participant of a key."""
    sub_domain, _, rest = key.partition("/")
    scheme, _, value = rest.partition("::")
    return sub_domain, ParticipantIdentifier(scheme, value)


def dns_name_of(key: str) -> tuple[str, str, str]:
    """The sub-domain, owner and type of the key of a `DnsRecord`."""
    sub_domain, _, rest = key.partition("/")
    owner, _, rdtype = rest.rpartition(" ")
    return sub_domain, owner, rdtype


def _said(value: Any) -> dict[str, Any]:
    """The fields that say something."""
    each = ((item.name, getattr(value, item.name)) for item in fields(value) if item.name != "key")
    return {name: said for name, said in each if said is not None and said != () and said is not False and said != {}}


def _record(kind: Kind, key: str, said: Mapping[str, Any]) -> SourceRecord:
    return SourceRecord(kind, key, canonical_json({name: value for name, value in said.items() if value != []}))


def _text(der: bytes) -> str:
    return b64encode(der).decode()
