# SPDX-License-Identifier: Apache-2.0
"""A migration to another document type, or process: whose participants offer the old one and not the new one.

Members are owner groups, and together those participants that are in none. Counted are participants that offer either;
one is done that offers the new, and, where the old one is to go, no longer that.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from registry.campaigns.model import INVALID, Census, Member, MemberKind
from registry.domains.domain import Domain
from registry.errors import ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Database
from registry.storage.queries import campaign_counts
from registry.storage.queries.campaign_counts import Offer, Wanted

_MEMBERS_OF_TARGET = {"old", "new", "old_process", "new_process", "only_new"}


@dataclass(frozen=True, slots=True)
class LateParticipant:
    """A participant that has to move, and the owner group that it is in."""

    scheme: str
    value: str
    group: str


def target(domain: Domain, said: Mapping[str, Any]) -> dict[str, Any]:
    """What is offered in place of what, as it is stored. Raises ValidationError."""
    if unknown := said.keys() - _MEMBERS_OF_TARGET:
        raise ValidationError.of(INVALID, f"the target has nothing like {', '.join(sorted(unknown))}")
    found = {name: said.get(name) for name in ("old", "new", "old_process", "new_process")}
    if not (found["old"] and found["new"]):
        raise ValidationError.of(INVALID, "the target names a document type to move from, and one to move to")
    shown = {name: value for name, value in found.items() if value} | {"only_new": bool(said.get("only_new"))}
    wanted = wanted_of(domain, shown)
    if wanted.old == wanted.new:
        raise ValidationError.of(INVALID, "what is to be offered is what is offered already")
    return shown


def wanted_of(domain: Domain, shown: Mapping[str, Any]) -> Wanted:
    """The target as the database compares it. Raises ValidationError for what is no identifier."""
    return Wanted(_offer(domain, shown, "old"), _offer(domain, shown, "new"), bool(shown["only_new"]))


def census(
    database: Database, stored: StoredDomain, shown: Mapping[str, Any], counted: Callable[[int], None]
) -> Census:
    """The members as of now; `counted` is told how many participants there are so far, after each portion."""
    wanted = wanted_of(stored.domain, shown)
    found: dict[int | None, tuple[int, int]] = {}
    after = total = 0
    while True:
        with database.read() as connection:
            portion, after = campaign_counts.offers(connection, stored.id, wanted, after)
        if not after:
            break
        for group, (count, late) in portion.items():
            before = found.get(group, (0, 0))
            found[group] = (before[0] + count, before[1] + late)
            total += count
        counted(total)
    with database.read() as connection:
        groups = campaign_counts.groups(connection, stored.id)
    late = sum(each for _, each in found.values())
    members = []
    for number, (count, of_them) in found.items():
        named = groups.get(number) if number is not None else None
        kind = MemberKind.NO_GROUP if named is None else MemberKind.OWNER_GROUP
        name = "" if named is None else named.name
        told = {"check": "OFFERS_OLD", "clause": "", "message": _message(shown)} if of_them else None
        members.append(Member(kind, str(number or 0), name, "", count, of_them, not of_them, told))
    return Census(members, total, total - late)


def late_participants(database: Database, stored: StoredDomain, shown: Mapping[str, Any]) -> Iterator[LateParticipant]:
    """Each participant that is late, one at a time."""
    wanted, after = wanted_of(stored.domain, shown), 0
    while True:
        with database.read() as connection:
            rows = campaign_counts.late_offers(connection, stored.id, wanted, after, 1_000)
        if not rows:
            return
        for _, scheme, value, group in rows:
            yield LateParticipant(scheme, value, group or "")
        after = rows[-1][0]


def _message(shown: Mapping[str, Any]) -> str:
    if shown["only_new"]:
        return "the old document type is still offered"
    return "the old document type is offered, and the new one isn't"


def _offer(domain: Domain, shown: Mapping[str, Any], which: str) -> Offer:
    rules = domain.identifiers
    optional = rules.document_type.allow_no_scheme
    document_type = DocumentTypeIdentifier.parse(str(shown[which]), scheme_optional=optional)
    process = None
    if text := shown.get(f"{which}_process"):
        named = ProcessIdentifier.parse(str(text), scheme_optional=rules.process.allow_no_scheme)
        process = (named.scheme, named.value)
    return Offer(document_type.scheme, rules.document_type_key(document_type), process)
