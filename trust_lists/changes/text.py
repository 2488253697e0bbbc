# SPDX-License-Identifier: Apache-2.0
"""Changes as plain text, for terminals and mails."""

from collections.abc import Iterator

from trust_lists.changes.model import Change, Issue, Kind, ListChanges, SnapshotChanges
from trust_lists.documents.vocabulary import short
from trust_lists.instants import write_instant

NOTHING = "Nothing changed."
_NAMED_BY_KEY = 12
"""Hexadecimal digits of a key that tell services of one name apart."""


def list_text(found: ListChanges) -> str:
    """The changes of a list: a heading, and below it each kind with its changes."""
    lines = [heading(found.before, found.after), *(f"  {line}" for line in _kinds(found.changes))]
    return "\n".join(lines if found.changes else [*lines, f"  {NOTHING}"])


def snapshot_text(found: SnapshotChanges) -> str:
    """The changes of a snapshot: about whole lists first, then each list that differs."""
    title = (
        f"Snapshot {found.before[:12]} of {write_instant(found.before_at)}"
        f" -> {found.after[:12]} of {write_instant(found.after_at)}"
    )
    parts = ["\n".join((title, *(f"  {line}" for line in _kinds(found.changes)))), *map(list_text, found.lists)]
    return "\n\n".join(parts if found.all_changes else [title, NOTHING])


def heading(before: Issue, after: Issue) -> str:
    """Which issues of which list were compared."""
    territories = (
        before.territory if before.territory == after.territory else f"{before.territory} -> {after.territory}"
    )
    issues = (f"{each.sequence} of {write_instant(each.issued_at)}" for each in (before, after))
    return f"{territories}: issue {' -> '.join(issues)}, {before.services} -> {after.services} services"


def _kinds(changes: tuple[Change, ...]) -> Iterator[str]:
    for kind in Kind:
        found = [each for each in changes if each.kind is kind]
        if found:
            yield f"{kind.value} ({len(found)})"
        for change in found:
            yield from (f"  {line}" for line in _change(change))


def _change(change: Change) -> Iterator[str]:
    about = subject(change)
    if about:
        yield about
    indent = "  " if about else ""
    if change.kind is Kind.STATUS:
        yield f"{indent}{' since '.join(change.before)} -> {' since '.join(change.after)}"
    elif change.kind in (Kind.ADDED, Kind.REMOVED):
        yield f"{indent}{' since '.join(change.before or change.after)}"
    elif len(change.before) <= 1 and len(change.after) <= 1:
        yield f"{indent}{''.join(change.before) or '(nothing)'} -> {''.join(change.after) or '(nothing)'}"
    else:
        yield from (f"{indent}- {' '.join(value.split())}" for value in change.before)
        yield from (f"{indent}+ {' '.join(value.split())}" for value in change.after)
    if change.note:
        yield f"{indent}({change.note})"


def subject(change: Change) -> str:
    """What a change is about, in one line: provider, service with its type and key, field."""
    service = f"{change.service} ({short(change.type)}, key {change.key[:_NAMED_BY_KEY] or 'none'})"
    parts = (change.provider, service if change.type else "", change.what)
    return " > ".join(part for part in parts if part)
