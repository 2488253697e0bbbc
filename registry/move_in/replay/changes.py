# SPDX-License-Identifier: Apache-2.0
"""Of what something was written here after the cutover, as the audit tells; how it is now is asked of the database.

So the same change may be read twice, and of ten changes of one participant the last one is what goes to the old system.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from registry.audit.events import Event


class Subject(StrEnum):
    """What can have changed."""

    PUBLISHED = "published"
    """What our SMP publishes of a participant."""
    ACCESS_POINT = "access point"
    """An access point, which stands for all participants that show it."""
    PUBLISHER = "publisher"
    """An SMP that is known to our SML."""
    REGISTRATION = "registration"
    """At which SMP a participant is registered at our SML."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something that may not be at the old system as it is here; `name` is `scheme::value`, an SMP id, or a name.

    `smp_ids` are the SMPs that have had a registration since the cutover.
    """

    domain_id: int
    subject: Subject
    name: str
    smp_ids: frozenset[str] = frozenset()


_SUBJECTS: Mapping[str, Subject] = {
    "smp:service-group:create": Subject.PUBLISHED,
    "smp:service-group:update": Subject.PUBLISHED,
    "smp:service-group:delete": Subject.PUBLISHED,
    "smp:service-metadata:create": Subject.PUBLISHED,
    "smp:service-metadata:update": Subject.PUBLISHED,
    "smp:service-metadata:delete": Subject.PUBLISHED,
    "smp:business-card:create": Subject.PUBLISHED,
    "smp:business-card:update": Subject.PUBLISHED,
    "smp:business-card:delete": Subject.PUBLISHED,
    "smp:access-point:change": Subject.ACCESS_POINT,
    "sml:publisher:create": Subject.PUBLISHER,
    "sml:publisher:update": Subject.PUBLISHER,
    "sml:publisher:delete": Subject.PUBLISHER,
    "sml:registration:create": Subject.REGISTRATION,
    "sml:registration:delete": Subject.REGISTRATION,
    "sml:registration:migrate": Subject.REGISTRATION,
}
_WITHOUT_A_CALL: Mapping[str, str] = {
    "smp:service-group:grant-create": "rights of accounts",
    "smp:service-group:grant-delete": "rights of accounts",
    "smp:service-group:grant-update": "rights of accounts",
    "smp:service-group:move": "groups of owners",
    "sml:certificate:block": "blocked certificates",
    "sml:certificate:unblock": "blocked certificates",
    "sml:migration:prepare": "open migrations: the key is known here as a hash only",
    "sml:migration:cancel": "migrations that were called off: the old SML has no call for it",
    "sml:publisher-certificate:": "changes of the SMPs' certificates",
    "sml:publisher:suspend": "suspensions",
    "sml:publisher:resume": "suspensions",
    "sml:registration:suspend": "suspensions",
    "sml:registration:resume": "suspensions",
    "sml:registration:update": "NAPTR services of participants",
}
"""How the tags begin of what no interface of an old system takes, and what is said of it."""
TAGS = frozenset({*_SUBJECTS, *_WITHOUT_A_CALL})
_BEFORE_SUBJECT = "access-point:"


@dataclass(frozen=True, slots=True)
class Changes:
    """What some events tell of: the changes, each with the newest position at which it was told, and what is left out.

    `left_out` counts, by name, what can't be told to an old system.
    """

    at: Mapping[Change, int]
    left_out: Mapping[str, int]


def changes_of(events: Iterable[Event]) -> Changes:
    """The changes that events tell of; each once, with all its SMPs."""
    found: dict[tuple[int, Subject, str], tuple[frozenset[str], int]] = {}
    left_out: Counter[str] = Counter()
    for event in events:
        subject = _SUBJECTS.get(event.tag)
        if subject is None:
            left_out.update(said for begin, said in _WITHOUT_A_CALL.items() if event.tag.startswith(begin))
        elif event.unreadable:
            left_out[f"events that can't be opened ({event.unreadable})"] += 1
        else:
            for name in _names(event):
                key = (event.domain_id or 0, subject, name)
                smp_ids, _ = found.get(key, (frozenset(), 0))
                found[key] = smp_ids | _smp_ids(event), event.position or 0
    return Changes({Change(*key, smp_ids): position for key, (smp_ids, position) in found.items()}, dict(left_out))


def _names(event: Event) -> Sequence[str]:
    if event.subjects is not None:
        return [name for name in event.subjects if name is not None]
    return [event.subject.removeprefix(_BEFORE_SUBJECT)]


def _smp_ids(event: Event) -> frozenset[str]:
    said = [value.get("each", value) for value in (event.before, event.after) if isinstance(value, dict)]
    return frozenset(str(each["smp_id"]) for each in said if _names_an_smp(each))


def _names_an_smp(value: Any) -> bool:
    return isinstance(value, dict) and "smp_id" in value
