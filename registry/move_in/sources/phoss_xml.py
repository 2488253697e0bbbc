# SPDX-License-Identifier: Apache-2.0
"""An export of a phoss SMP (`<smp-data>`) as a source, whichever database was behind it.

Business cards stand at its end and belong into the records of their participants: the file is gone through twice, and
what has changed in between, or while it was read, is refused as a whole. So is a file that is broken off, since
whoever stands behind the break would be taken for gone. Owners come under the ids that the export has for them.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from lxml import etree

from registry.errors import ConfigurationError, Reason, ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.text import ascii_lower
from registry.move_in.model import Kind, SourceKind, SourceRecord, Unhoused, part_of
from registry.move_in.participant_records import owner_record, participant_record, service_text
from registry.move_in.sources.whole_file import reading, unchanged
from registry.smp.documents.business_card import write_business_card
from registry.smp.exchange.phoss_card import card_of
from registry.smp.exchange.phoss_export import read_group, service_part
from registry.smp.exchange.phoss_part import PhossPart
from registry.smp.exchange.phoss_stream import elements_of
from registry.smp.exchange.sources import SourceKind as FileKind
from registry.smp.exchange.sources import source_kind
from registry.storage.spool import Spool
from registry.storage.types import to_json

_KEPT: Final = 32_768
_LEFT_OUT: Final = "left out: "
_UNKNOWN: Final = "nothing of this name is known here"


@dataclass(frozen=True, slots=True)
class _Service:
    """A service as it goes into a record, or what is wrong with it."""

    text: str
    reasons: tuple[Reason, ...]
    notes: tuple[str, ...]


class PhossXml:
    """Implements `registry.move_in.model.Source` for one file, compressed where its name ends in `.gz`."""

    kind = SourceKind.PHOSS_XML

    def __init__(self, path: Path) -> None:
        self._path = path
        self._services: dict[bytes, _Service] = {}
        self._unhoused: Counter[tuple[str, str]] = Counter()

    def check(self) -> None:
        """See `Source.check`."""
        with reading(self._path):
            if source_kind(self._path) is not FileKind.PHOSS_EXPORT:
                raise ConfigurationError(f"{self._path} is no export of phoss SMP: its root is to be <smp-data>")
            next(elements_of(self._path), None)

    def checksums(self) -> None:
        """A file can only be read whole."""

    def records(self, parts: Collection[tuple[Kind, int]] | None) -> Iterator[SourceRecord]:
        """See `Source.records`."""
        self._unhoused.clear()
        with reading(self._path), unchanged(self._path), Spool() as cards:
            for element in elements_of(self._path):
                if element.tag == "businesscard":
                    cards.add(_key(element.get("servicegroupid", "")), _card(element))
            for record in self._records(cards):
                if parts is None or (record.kind, part_of(record.key)) in parts:
                    yield record

    def unhoused(self) -> tuple[Unhoused, ...]:
        """See `Source.unhoused`."""
        return tuple(Unhoused(name, count, why) for (name, why), count in sorted(self._unhoused.items()))

    def close(self) -> None:
        """Nothing is open between two readings."""

    def _records(self, cards: Spool) -> Iterator[SourceRecord]:
        owners: set[str] = set()
        with Spool() as seen:
            for element in elements_of(self._path):
                if element.tag == "servicegroup":
                    record = self._participant(element, cards)
                    seen.add(_key(record.key), b"")
                    yield record
                    if (owner := element.get("ownerid", "")) and owner not in owners:
                        owners.add(owner)
                        yield owner_record(owner, owner)
                elif element.tag != "businesscard":
                    self._unhoused[str(element.tag)[:80], _UNKNOWN] += 1
            for key, found in seen.groups():
                if len(found) > 1:
                    message = f"{self._path} has the participant {key} {len(found)} times"
                    raise ConfigurationError(f"{message}, perhaps in several spellings: leave one of them")
            for key, listed in cards.groups():
                if not seen.values(key):
                    self._unhoused["businesscard", "there is no participant for it"] += len(listed)

    def _participant(self, element: etree._Element, cards: Spool) -> SourceRecord:
        part = PhossPart(element)
        scheme, value = part.identifier("participant")
        participant = ParticipantIdentifier(scheme, value)
        group = part.content(partial(read_group, part, participant))
        found = [self._service(child, participant) for child in element.iterchildren("serviceinfo", "redirect")]
        card, card_reasons, card_notes = self._card_of(cards, participant)
        notes = [*part.notes, *(note for service in found for note in service.notes), *card_notes]
        for note in notes:
            if note.rpartition(": ")[0].endswith(_LEFT_OUT.strip(": ")):
                self._unhoused[note.rpartition(": ")[2], _UNKNOWN] += 1
        return participant_record(
            f"{scheme}::{value}",
            participant,
            [service.text for service in found if service.text],
            extensions=group.extensions if group else (),
            properties=(group.properties if group else None) or (),
            business_card=card,
            owner=element.get("ownerid", ""),
            refused=[*part.reasons, *(reason for service in found for reason in service.reasons), *card_reasons],
            notes=[note for note in notes if _LEFT_OUT not in note],
        )

    def _service(self, element: etree._Element, participant: ParticipantIdentifier) -> _Service:
        """What an element says, which others say as well but for whose it is."""
        if ascii_lower(element.get("servicegroupid", "")) == ascii_lower(str(participant)):
            del element.attrib["servicegroupid"]
        said = etree.tostring(element, with_tail=False)
        key = blake2b(said, digest_size=16).digest()
        found = self._services.get(key)
        if found is None:
            if len(self._services) >= _KEPT:
                del self._services[next(iter(self._services))]
            part, document_type, read = service_part(element, participant)
            metadata = part.content(read)
            text = "" if metadata is None else service_text(metadata)
            reasons = tuple(Reason(r.id, f"{document_type}: {r.message}", r.clause) for r in part.reasons)
            found = self._services[key] = _Service(text, reasons, tuple(part.notes))
        return found

    def _card_of(
        self, cards: Spool, participant: ParticipantIdentifier
    ) -> tuple[bytes | None, Sequence[Reason], Sequence[str]]:
        """The business card of a participant, what is wrong with it, and what is to be known of it."""
        listed = list(cards.values(_key(str(participant))))
        if not listed:
            return None, (), ()
        found: dict[str, Any] = json.loads(listed[-1])
        card = found.get("card")
        notes = [f"it has {len(listed)} business cards; the last one counts"] if len(listed) > 1 else []
        return None if card is None else card.encode(), [Reason(*each) for each in found.get("refused", ())], notes


def _key(participant: str) -> str:
    return ascii_lower(participant.strip())


def _card(element: etree._Element) -> bytes:
    """A business card as XML in JSON, or what is wrong with it."""
    try:
        said: dict[str, Any] = {"card": write_business_card(card_of(element)).decode()}
    except ValidationError as error:
        said = {"refused": [[reason.id, reason.message, reason.clause] for reason in error.reasons]}
    return to_json(said).encode()
