# SPDX-License-Identifier: Apache-2.0
"""`registry dns check`, `registry dns repair`: what name servers really serve, and putting it right."""

from typing import TYPE_CHECKING

import typer

from registry.cli.common import JSON_OPTION
from registry.cli.counting import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registry.dns.reconcile.checking import ServerCheck
    from registry.dns.reconcile.repairing import Plan, Repaired

CHECK_EPILOG = "Example: registry dns check sml.example.org --server ns1.example.org:53"
REPAIR_EPILOG = "Example: registry dns repair sml.example.org --plan"
_ZONE = typer.Argument(metavar="ZONE", help="The zone's name.")
_SERVER = typer.Option(
    [], "--server", metavar="HOST:PORT", help="Only this name server; also one that the settings don't name."
)
_SAMPLE = typer.Option(
    None,
    "--sample",
    metavar="N",
    min=1,
    max=1_000_000,
    help="Ask for so many record sets, chosen by chance, instead of the whole zone; 1000 where a server refuses that.",
)
_KEY = typer.Option("", "--key", metavar="NAME", help="The TSIG key for servers that have none by the settings.")
_SHOWN = 20


def check(
    zone: str = _ZONE,
    server: list[str] = _SERVER,
    sample: int | None = _SAMPLE,
    key: str = _KEY,
    json_output: bool = JSON_OPTION,
) -> None:
    """Compare what name servers serve with what the zone held at the serial that they have.

    A server is asked for the whole zone (AXFR) by its key; where it doesn't give it, for samples. Ends with 1 where one
    of them serves anything else, has a serial that is ahead of ours, or can't be asked.
    """
    from registry.cli.common import print_json
    from registry.cli.exits import REFUSED

    checks, _ = _checked(zone, server, sample, key)
    if json_output:
        print_json({"zone": zone, "agrees": all(each.agrees for each in checks), "servers": _json(checks)})
    else:
        _print(checks)
    if not all(each.agrees for each in checks):
        raise typer.Exit(REFUSED)


def repair(
    zone: str = _ZONE,
    server: list[str] = _SERVER,
    sample: int | None = _SAMPLE,
    key: str = _KEY,
    plan_only: bool = typer.Option(False, "--plan", help="Only say what would be done."),
    max_percent: float = typer.Option(
        30.0, "--max-percent", min=0, max=100, help="Refuse where more of what a server has would change."
    ),
    exact: bool = typer.Option(
        False, "--exact", help="Where we are the only writer of a target, also remove there what was never ours."
    ),
    json_output: bool = JSON_OPTION,
) -> None:
    """Compare as `registry dns check`, and put right what is found.

    Secondaries with other content, or with a serial that is ahead of ours (our database was restored from a backup),
    take the whole zone: it gets a serial that is greater than all that are served. To primaries that the zone is pushed
    to, the record sets that differ are written.
    """
    from registry.app.zone_checks import TargetRepair, zone_servers
    from registry.cli.common import cli_actor, open_instance, prepared_settings, print_json
    from registry.cli.exits import REFUSED
    from registry.dns.reconcile.repairing import plan_repair, refuse_too_much
    from registry.dns.reconcile.repairing import repair as put_right

    checks, zone_id = _checked(zone, server, sample, key)
    if not json_output:
        _print(checks)
    settings, actor = prepared_settings(), cli_actor()
    with open_instance() as instance:
        plan = plan_repair(instance.database, zone_id, checks, max_percent=max_percent, exact=exact)
        done = None
        if not json_output:
            _print_plan(plan)
        if not plan_only and not plan.is_empty:
            refuse_too_much(plan, max_percent)
            push = TargetRepair(instance, settings, actor, zone_servers(instance, settings, zone))
            done = put_right(instance.database, instance.journal, actor, zone_id, plan, push)
    if json_output:
        print_json({"plan": plan.to_json(), "servers": _json(checks), "done": None if done is None else done.to_json()})
    else:
        _print_done(done)
    if (plan_only and not plan.is_empty) or (done is not None and done.failures):
        raise typer.Exit(REFUSED)


def _checked(zone: str, addresses: "Sequence[str]", samples: int | None, key: str) -> "tuple[list[ServerCheck], int]":
    from registry.app.zone_checks import chosen_servers, zone_servers
    from registry.cli.common import open_instance, prepared_settings
    from registry.dns.reconcile.checking import Checker, Wanted

    settings = prepared_settings()
    with open_instance() as instance, counted() as count:
        known = zone_servers(instance, settings, zone)
        servers = chosen_servers(known, settings, addresses, key)
        wanted = Wanted(samples, int(instance.database.now().timestamp()))
        checker = Checker(instance.database, known.row.id, wanted, lambda number: count("compared", number))
        return checker.check(servers), known.row.id


def _json(checks: "Sequence[ServerCheck]") -> list[dict[str, object]]:
    return [each.to_json() for each in checks]


def _print(checks: "Sequence[ServerCheck]") -> None:
    from registry.discovery.explanation import printable

    for each in checks:
        name = each.server.address
        if each.failure is not None:
            typer.echo(printable(f"{name}: not compared: {each.failure}"))
            continue
        typer.echo(f"{name}: serial {each.serial}, {_MEANINGS[each.standing.value]}")
        if not each.method:
            continue
        told = [f"{count} {kind.value}" for kind, count in each.counts().items() if count]
        said = ", ".join(told) or "all as it should be"
        typer.echo(printable(f"  {each.compared} records compared ({each.method}): {said}"))
        if each.truncated:
            typer.echo("  more differ than are told one by one")
        if each.on_the_way:
            typer.echo(f"  {each.on_the_way} record sets have changed lately, and weren't judged")
        if each.undetected_share is not None:
            share = f"{100 * each.undetected_share:.3g}"
            typer.echo(f"  with 95 % confidence, fewer than {share} % of the zone's record sets are wrong there")
        for difference in each.differences[:_SHOWN]:
            typer.echo(printable(f"    {difference.kind.value:<8} {difference.owner} {difference.rdtype}"))
            for label, text in (("wanted", difference.wanted), ("found", difference.found)):
                for line in (text or "").splitlines():
                    typer.echo(printable(f"             {label:<7} {line}"))


_MEANINGS = {
    "current": "the present one",
    "behind": "behind ours",
    "outdated": "behind what the journal reaches back to: it has to take the whole zone",
    "ahead": "ahead of ours: it takes nothing from us any more; `registry dns repair` helps",
    "own": "which it counts by itself",
    "unknown": "unknown",
}


def _print_plan(plan: "Plan") -> None:
    if plan.is_empty:
        typer.echo("nothing has to be repaired")
    if plan.serial is not None:
        typer.echo(f"{plan.zone} goes on from serial {plan.held} with {plan.serial}, to be taken as a whole, since")
        for reason in plan.because:
            typer.echo(f"  {reason}")
    for server, keys in plan.targets:
        typer.echo(f"{len(keys)} record sets are written to {server.address}")


def _print_done(done: "Repaired | None") -> None:
    if done is None:
        typer.echo("nothing was changed")
        return
    if done.serial is not None:
        typer.echo(f"done: serial {done.serial}; name servers are told as soon as an instance runs")
    for server, count in done.written.items():
        typer.echo(f"done: {count} record sets at {server}")
    for server, failure in done.failures.items():
        typer.echo(f"failed: {server}: {failure}")
