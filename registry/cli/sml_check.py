# SPDX-License-Identifier: Apache-2.0
"""`registry sml check`: whether SMP, SML and DNS agree, as a plan, and applied; also with somebody else's SML."""

import contextlib
import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from registry.cli.common import DOMAIN_OPTION, JSON_OPTION
from registry.cli.counting import counted
from registry.cli.foreign_sml import CA_OPTION, IDENTITY_OPTION, SML_OPTION, open_foreign_sml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from registry.app.instance import Instance
    from registry.consistency.findings import Finding, Kind, Summary
    from registry.consistency.repairing import Repaired
    from registry.sml.client import SmlClient
    from registry.storage.domain_directory import StoredDomain

EPILOG = "Example: registry sml check --domain peppol-test --findings findings.jsonl"


class AreaName(StrEnum):
    """What can be compared by itself."""

    GROUPS = "groups"
    NAMES = "names"
    SERVERS = "servers"


def check(
    area: list[AreaName] = typer.Option(
        [],
        "--area",
        help="Only this: what the SMP serves with what is registered (groups), that with the names in DNS (names), "
        "these with what name servers answer (servers).",
    ),
    apply: bool = typer.Option(False, "--apply", help="Put right what is found; without it nothing is written."),
    only: list[str] = typer.Option([], "--only", metavar="KIND", help="With --apply: only findings of this kind."),
    max_percent: float = typer.Option(
        10.0, "--max-percent", min=0, max=100, help="With --apply: refuse where more of what there is would change."
    ),
    samples: int = typer.Option(100, "--samples", min=0, max=100_000, help="Names of which each server is asked."),
    server: list[str] = typer.Option(
        [], "--server", metavar="HOST:PORT", help="A name server to ask; by default those that the domain observes."
    ),
    findings_file: Path | None = typer.Option(
        None, "--findings", metavar="FILE", help="Write every finding there, a JSON object a line."
    ),
    sml: str | None = SML_OPTION,
    identity: Path | None = IDENTITY_OPTION,
    ca: Path | None = CA_OPTION,
    one_by_one: bool = typer.Option(
        False, "--one-by-one", help="With --sml: ask for each participant, of an SML that can't list."
    ),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Compare what the SMP serves, what the SML has registered, what the zone holds and what name servers answer.

    Prints how many findings there are of each kind, and the first of them: that is the plan. With --apply it is carried
    out, unless it would change more than --max-percent; begun again it goes on where it was. Ends with 1 where
    something is wrong, or was and couldn't be put right.
    """
    from registry.cli.common import chosen_domain, open_instance, print_json
    from registry.cli.exits import REFUSED

    if only and not apply:
        raise typer.BadParameter("--only goes with --apply")
    kinds = _kinds(only) if apply else ()
    with open_instance() as instance, _written(findings_file) as keep:
        stored = chosen_domain(instance, domain)
        if sml is None:
            from registry.consistency.checking import Area
            from registry.consistency.run import Wanted

            areas = tuple(Area(item.value) for item in area) or tuple(Area)
            wanted = Wanted(areas, kinds, max_percent, samples, tuple(server) or None)
            summary, repaired = _own(instance, stored, wanted, keep)
        else:
            with open_foreign_sml(sml, identity, ca) as client:
                summary, repaired = _foreign(
                    instance, stored, client, sml, kinds, max_percent, keep, one_by_one=one_by_one
                )
    if json_output:
        print_json(summary.to_json() | {"repair": None if repaired is None else repaired.to_json()})
    else:
        _print(summary, repaired)
    if not summary.consistent and not _all_right(summary, repaired):
        raise typer.Exit(REFUSED)


def _own(
    instance: "Instance", stored: "StoredDomain", wanted: Any, keep: "Callable[[Finding], None]"
) -> "tuple[Summary, Repaired | None]":
    from registry.cli.common import cli_actor
    from registry.consistency.run import Told, run

    with counted() as count:
        told = Told(lambda number: count("compared", number), keep, lambda _work, number: count("repaired", number))
        outcome = run(instance.database, instance.journal, instance.registrar, cli_actor(), stored, wanted, told)
    return outcome.summary, outcome.repaired


def _foreign(
    instance: "Instance",
    stored: "StoredDomain",
    client: "SmlClient",
    place: str,
    kinds: "Sequence[Kind]",
    max_percent: float,
    keep: "Callable[[Finding], None]",
    *,
    one_by_one: bool,
) -> "tuple[Summary, Repaired | None]":
    from registry.cli.common import cli_actor
    from registry.consistency.foreign import ForeignRepairer, compare_one_by_one, compare_with_list
    from registry.consistency.repairing import refuse_too_many

    compare = compare_one_by_one if one_by_one else compare_with_list
    with (
        counted() as count,
        compare(instance.database, stored, client, lambda number: count("asked for", number)) as findings,
    ):
        for finding in findings:
            keep(finding)
        if not kinds:
            return findings.summary, None
        refuse_too_many(findings, max_percent, kinds)
        repairer = ForeignRepairer(instance.database, cli_actor(), stored, client, place)
        return findings.summary, repairer.run(findings, kinds, lambda number: count("repaired", number))


def _kinds(names: "Sequence[str]") -> "tuple[Kind, ...]":
    from registry.consistency.findings import REPAIRABLE

    known = {kind.value: kind for kind in REPAIRABLE}
    if unknown := [name for name in names if name not in known]:
        message = f"nothing repairs {', '.join(unknown)}; these can be repaired: {', '.join(known)}"
        raise typer.BadParameter(message, param_hint="--only")
    return tuple(known[name] for name in names) or REPAIRABLE


@contextlib.contextmanager
def _written(file: Path | None) -> "Iterator[Callable[[Finding], None]]":
    """Writes findings to a file while the block lasts; nowhere where there is none."""
    from registry.errors import ConfigurationError

    if file is None:
        yield lambda _finding: None
        return
    try:
        stream = file.open("w", encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{file} can't be written: {error.strerror}") from error
    with stream:
        yield lambda finding: print(json.dumps(finding.to_json(), ensure_ascii=False), file=stream)


def _print(summary: "Summary", repaired: "Repaired | None") -> None:
    from registry.discovery.explanation import printable

    if summary.consistent:
        typer.echo("everything agrees")
    for kind, count in summary.counts.items():
        typer.echo(f"{count:>9} of {summary.compared.get(kind, 0)}  {kind.value}: {kind.meaning}")
        for finding in summary.examples:
            if finding.kind is kind:
                typer.echo(printable(f"           {finding.subject}"))
                for label, text in (("wanted", finding.wanted), ("found", finding.found)):
                    for line in (text or "nothing").split("\n"):
                        typer.echo(printable(f"             {label:<7} {line}"))
    if summary.in_progress:
        typer.echo(f"{summary.in_progress} names weren't judged: a job is at work on them")
    if repaired is None:
        typer.echo(
            "Nothing was written." if summary.consistent else "Nothing was written; --apply puts right what can be."
        )
        return
    for kind, count in repaired.done.items():
        left = repaired.outdated.get(kind, 0)
        typer.echo(f"{count:>9} repaired  {kind.value}{f', {left} not so any more' if left else ''}")
    for finding, reason in repaired.refused:
        typer.echo(printable(f"  refused  {finding.subject}: {reason}"))


def _all_right(summary: "Summary", repaired: "Repaired | None") -> bool:
    """Whether all that was found is right now."""
    if repaired is None or repaired.refused:
        return False
    return sum(repaired.done.values()) + sum(repaired.outdated.values()) == sum(summary.counts.values())
