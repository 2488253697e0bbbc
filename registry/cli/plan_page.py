# SPDX-License-Identifier: Apache-2.0
"""A plan on a terminal, or as JSON."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from registry.app.instance import Instance
    from registry.storage.queries.plans import PlannedRow, PlanRow

_PAGE = 500
_VERDICTS = ("added", "changed", "removed", "unchanged", "refused")


def show(instance: "Instance", plan: "PlanRow", verdicts: Sequence[str], number: int, *, json_output: bool) -> None:
    """Print a plan with its rows of some verdicts, so many at most; with `json_output` an object, and one for each."""
    from registry.cli.common import print_json
    from registry.discovery.explanation import printable

    domain = instance.directory.by_id(plan.domain_id).domain.name
    stale = changed_meanwhile(instance, plan)
    if json_output:
        print_json({**described(plan, domain), "domain_has_changed": stale})
    else:
        typer.echo(line(plan, domain))
        for verdict in _VERDICTS:
            typer.echo(f"{plan.counts.get(verdict, 0):>9}  {verdict}")
        for text in _said_of(instance, plan):
            typer.echo(printable(text))
        if stale:
            typer.echo("The domain has changed since; rows that are concerned will be refused.")
    for row in rows_of(instance, plan, verdicts, number):
        if json_output:
            print_json(row_described(row))
        else:
            for text in _lines(row):
                typer.echo(printable(text))


def _said_of(instance: "Instance", plan: "PlanRow") -> Iterator[str]:
    """Who submitted it, who decided about it, and what they said."""
    from registry.cli.listing import shown
    from registry.sml.interventions.model import account_of
    from registry.storage.queries.interventions import account_names

    numbers = {name: account_of(name) or 0 for name in (plan.submitted_by, plan.decided_by) if name is not None}
    with instance.database.read() as connection:
        names = account_names(connection, numbers.values())
    if plan.submitted_by is not None and plan.submitted_at is not None:
        yield f"Submitted by {names.get(numbers[plan.submitted_by], plan.submitted_by)}, {shown(plan.submitted_at)}"
    if plan.decided_by is not None and plan.decided_at is not None:
        what = "Rejected" if plan.state == "rejected" else "Approved"
        text = f": {plan.decision}" if plan.decision else ""
        yield f"{what} by {names.get(numbers[plan.decided_by], plan.decided_by)}, {shown(plan.decided_at)}{text}"


def line(plan: "PlanRow", domain: str) -> str:
    """A plan on one line."""
    from registry.cli.listing import shown

    return f"{plan.id}\t{plan.state}\t{plan.kind}\t{domain}\t{shown(plan.created_at)}\t{plan.source}"


def summary(plan: "PlanRow") -> str:
    """What it would do, in a line."""
    told = ", ".join(f"{plan.counts.get(verdict, 0)} {verdict}" for verdict in _VERDICTS)
    return f"plan {plan.id} of {plan.source}: {told}"


def described(plan: "PlanRow", domain: str) -> dict[str, Any]:
    """A plan as JSON values."""
    from registry.cli.listing import as_json

    return {**as_json(plan), "domain": domain}


def row_described(row: "PlannedRow") -> dict[str, Any]:
    """A row as JSON values, with what it says now and what it would say."""
    from registry.plans.model import unpacked

    before, after = (None if text is None else unpacked(text) for text in (row.before, row.after))
    return {
        "number": row.number,
        "line": row.line,
        "subject": row.subject,
        "verdict": row.verdict,
        "done": row.done,
        "reasons": [{"id": said[0], "message": said[1], "clause": said[2]} for said in row.reasons],
        "notes": list(row.notes),
        "before": before,
        "after": after,
    }


def rows_of(instance: "Instance", plan: "PlanRow", verdicts: Sequence[str], number: int) -> "Iterator[PlannedRow]":
    """The first rows of some verdicts, in pages."""
    from registry.storage.queries import plans

    after, left = 0, number if verdicts else 0
    while left > 0:
        with instance.database.read() as connection:
            page = plans.rows_page(connection, plan.id, verdicts, after, min(left, _PAGE))
        if not page:
            return
        yield from page
        after, left = page[-1].number, left - len(page)


def changed_meanwhile(instance: "Instance", plan: "PlanRow") -> bool:
    """Whether the domain has changed since a plan was made that can still be applied."""
    from registry.plans.applying import is_stale

    with instance.database.read() as connection:
        return is_stale(connection, plan)


def _lines(row: "PlannedRow") -> Iterator[str]:
    from registry.errors import Reason
    from registry.plans.held import differences
    from registry.plans.model import unpacked

    where = f"line {row.line}: " if row.line else ""
    yield f"{row.verdict:<10}{where}{row.subject}"
    yield from (f"          - {Reason(*said)}" for said in row.reasons)
    yield from (f"          - note: {note}" for note in row.notes)
    if row.before is not None and row.after is not None and "participant" in (after := unpacked(row.after)):
        yield from (f"          ~ {text}" for text in differences(unpacked(row.before), after))
