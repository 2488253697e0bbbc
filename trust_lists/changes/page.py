# SPDX-License-Identifier: Apache-2.0
"""Changes as a page of HTML that stands alone: no scripts, nothing fetched, light or dark as the reader has it.

All that comes from lists is escaped.
"""

from collections.abc import Iterable, Iterator
from html import escape

from trust_lists.changes.model import Change, Issue, Kind, ListChanges, SnapshotChanges, counts
from trust_lists.changes.style import STYLE
from trust_lists.changes.text import NOTHING
from trust_lists.documents.vocabulary import DEPRECATED, GRANTED, RECOGNISED, STATUS_SUCCESSORS, WITHDRAWN, short
from trust_lists.evaluation.html_page import document
from trust_lists.instants import write_instant

_GOOD = (Kind.ADDED, Kind.PROVIDER_ADDED, Kind.POINTER_ADDED)
_BAD = (Kind.REMOVED, Kind.PROVIDER_REMOVED, Kind.POINTER_REMOVED, Kind.CLOSED, Kind.SEQUENCE)
_FOLDED = (Kind.SERVICE, Kind.PROVIDER, Kind.POINTER, Kind.SCHEME, Kind.CERTIFICATES)
"""Kinds that are shown when they are asked for: they seldom decide about anything."""

_ENDED = {short(old) for old, successors in STATUS_SUCCESSORS.items() if WITHDRAWN in successors}
_ENDED |= {short(WITHDRAWN), short(DEPRECATED)}
_IN_FORCE = {short(each) for each in (*STATUS_SUCCESSORS, GRANTED, RECOGNISED)} - _ENDED


def list_page(found: ListChanges) -> str:
    """A page about two issues of a list."""
    title = f"{found.after.territory}: issue {found.before.sequence} → {found.after.sequence}"
    body = [*_cards(found.before, found.after), _summary(found.changes, ""), *_kinds(found.changes, "")]
    return _page(
        f"Changes of a trusted list, {title}",
        title,
        "What two documents say. Whether their signers may sign was not asked.",
        body,
    )


def snapshot_page(found: SnapshotChanges) -> str:
    """A page about two snapshots: first an overview of all lists that differ, then each of them."""
    times = (write_instant(found.before_at), write_instant(found.after_at))
    body = [
        '<dl class="facts">',
        *_fact("Taken", *times),
        *_fact("Digest", found.before[:12], found.after[:12]),
        *_fact("Lists that differ", str(len(found.lists))),
        "</dl>",
        _summary(found.all_changes, None),
        *_kinds(found.changes, "whole-"),
        *_overview(found.lists),
    ]
    for position, each in enumerate(found.lists, 1):
        body += [
            f'<section class="list" id="list-{position}">',
            f"<h2>{escape(each.after.territory)} {_numbers(each)}</h2>",
            *_cards(each.before, each.after),
            *_kinds(each.changes, f"list-{position}-"),
            "</section>",
        ]
    title = "Changes between two snapshots of trusted lists"
    return _page(title, title, "What authenticated lists said at two times.", body)


def _page(title: str, heading: str, remark: str, body: Iterable[str]) -> str:
    head = (f"<header><h1>{escape(heading)}</h1>", f"<p>{escape(remark)}</p></header>")
    return document(title, (*head, "<main>", *body, "</main>"), STYLE)


def _cards(before: Issue, after: Issue) -> Iterator[str]:
    yield '<dl class="facts">'
    yield from _fact("Issued", write_instant(before.issued_at), write_instant(after.issued_at))
    yield from _fact("Next update", _until(before), _until(after))
    yield from _fact("Services", str(before.services), str(after.services))
    if before.version != after.version:
        yield from _fact("Version", str(before.version), str(after.version))
    yield "</dl>"


def _fact(name: str, *values: str) -> Iterator[str]:
    parts = " → ".join(f"<span>{escape(value)}</span>" for value in values)
    yield f"<div><dt>{escape(name)}</dt><dd>{parts}</dd></div>"


def _until(issue: Issue) -> str:
    return write_instant(issue.next_update) if issue.next_update else "closed"


def _summary(changes: tuple[Change, ...], prefix: str | None) -> str:
    """How many changes of each kind, as links to them where `prefix` tells their anchors."""
    if not changes:
        return f"<p>{NOTHING}</p>"
    entries = []
    for name, count in counts(changes).items():
        kind = Kind(name)
        text = f"<b>{count}</b> {escape(name)}"
        inner = text if prefix is None else f'<a href="#{prefix}{kind.name.lower()}">{text}</a>'
        entries.append(f'<li class="{_mood(kind)}">{inner}</li>')
    return f'<ul class="summary">{"".join(entries)}</ul>'


def _overview(lists: tuple[ListChanges, ...]) -> Iterator[str]:
    shown = (Kind.ADDED, Kind.REMOVED, Kind.RE_KEYED, Kind.STATUS, Kind.QUALIFIERS, Kind.HISTORY)
    if not lists:
        return
    yield "<h2>Lists that differ</h2>"
    yield '<div class="wide"><table><thead><tr><th scope="col">List</th><th scope="col">Issue</th>'
    yield "".join(f'<th scope="col">{escape(kind.value)}</th>' for kind in shown)
    yield '<th scope="col">all changes</th></tr></thead><tbody>'
    for position, each in enumerate(lists, 1):
        cells = "".join(f"<td>{len(each.of(kind)) or '·'}</td>" for kind in shown)
        name = f'<a href="#list-{position}">{escape(each.after.territory)}</a>'
        yield f'<tr><th scope="row">{name}</th><td>{_numbers(each)}</td>{cells}<td>{len(each.changes)}</td></tr>'
    yield "</tbody></table></div>"


def _numbers(found: ListChanges) -> str:
    return f"{found.before.sequence} → {found.after.sequence}"


def _kinds(changes: tuple[Change, ...], prefix: str) -> Iterator[str]:
    for kind in Kind:
        found = [each for each in changes if each.kind is kind]
        if not found:
            continue
        opened = "" if kind in _FOLDED else " open"
        yield f'<details class="kind {_mood(kind)}" id="{prefix}{kind.name.lower()}"{opened}>'
        yield f"<summary>{escape(kind.value)} <span>{len(found)}</span></summary>"
        yield "<ul>"
        for change in found:
            yield from _change(change)
        yield "</ul></details>"


def _change(change: Change) -> Iterator[str]:
    yield "<li>"
    if change.provider or change.what or change.type:
        yield f'<div class="about">{_about(change)}</div>'
    if change.kind in (Kind.STATUS, Kind.ADDED, Kind.REMOVED):
        statuses = " → ".join(_status(values) for values in (change.before, change.after) if values)
        yield f'<div class="values">{statuses}</div>'
    else:
        yield f'<div class="values">{_values("before", change.before)}{_values("after", change.after)}</div>'
    if change.note:
        yield f'<p class="note">{escape(change.note)}</p>'
    yield "</li>"


def _about(change: Change) -> str:
    parts = []
    if change.type:
        parts.append(f"<b>{escape(change.service)}</b> <code>{escape(short(change.type))}</code>")
    if change.provider:
        parts.append(escape(change.provider) if change.type else f"<b>{escape(change.provider)}</b>")
    if change.what:
        parts.append(f"<em>{escape(change.what)}</em>")
    if change.key:
        parts.append(f'<small title="SHA-256 of the key: {escape(change.key)}">key {escape(change.key[:12])}</small>')
    return " · ".join(parts)


def _status(values: tuple[str, ...]) -> str:
    status, since = values
    mood = "good" if status in _IN_FORCE else "bad" if status in _ENDED else "neutral"
    added = f" <small>since {escape(since)}</small>" if since else ""
    return f'<span class="{mood}">{escape(status) or "listed"}{added}</span>'


def _values(side: str, values: tuple[str, ...]) -> str:
    return "".join(f'<span class="{side}">{escape(value) or "(empty)"}</span>' for value in values)


def _mood(kind: Kind) -> str:
    if kind in _GOOD:
        return "good"
    return "bad" if kind in _BAD else "other"
