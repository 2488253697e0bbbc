# SPDX-License-Identifier: Apache-2.0
"""`registry dns status`: how far the name servers of all zones are."""

from typing import TYPE_CHECKING, Any

import typer

from registry.cli.common import JSON_OPTION

if TYPE_CHECKING:
    from registry.consistency.last_checks import LastChecks, ServedContent
    from registry.dns.zone_status import ServerStatus, ZoneStatus
    from registry.storage.queries.zone_transfers import TransferRow

EPILOG = "Example: registry dns status --now --most-behind 60"


def status(
    domain: str | None = typer.Option(None, "--domain", help="Only the zones of this domain."),
    now: bool = typer.Option(False, "--now", help="Ask the name servers first; else what the last look found."),
    most_behind: float = typer.Option(
        300, "--most-behind", metavar="SECONDS", min=0, help="For how long a server may lack what is published."
    ),
    json_output: bool = JSON_OPTION,
) -> None:
    """Tell what each name server of each zone serves, how far it is behind, and how NOTIFY, transfers and pushes went.

    With --json it prints an object per zone. Ends with 1 where a server is behind by more than that, is ahead of us,
    was never seen with the zone, or failed when it was tried last.
    """
    from registry.app.other_zones import other_zones
    from registry.cli.common import open_instance, prepared_settings, print_json
    from registry.cli.exits import REFUSED
    from registry.consistency.last_checks import last_checks
    from registry.dns.observation import observe
    from registry.dns.zone_status import zone_statuses

    settings = prepared_settings()
    with open_instance() as instance:
        domains = instance.directory.all() if domain is None else [instance.directory.get(domain)]
        others = other_zones(instance, settings) if domain is None else {}
        if now:
            observe(instance.database, domains, others=others)
        zones = zone_statuses(instance.database, domains, others)
        with instance.database.read() as connection:
            contents = {stored.domain.name: last_checks(connection, stored.id) for stored in domains}
    for zone in zones:
        content = contents.get(zone.domain or "", {})
        if json_output:
            print_json(_as_json(zone, content))
        else:
            _print(zone, content)
    if not any(zone.servers for zone in zones):
        typer.echo("no name server is known: see dns.secondaries, dns.push_to and dns.observed_servers", err=True)
    if not all(server.is_fine(most_behind) for zone in zones for server in zone.servers):
        raise typer.Exit(REFUSED)


def _as_json(zone: "ZoneStatus", contents: "LastChecks") -> dict[str, Any]:
    return {
        "zone": zone.name,
        "domain": zone.domain,
        "alias_of": zone.alias_of,
        "serial": zone.serial,
        "servers": [_server_json(server, contents.get((server.address, server.zone_there))) for server in zone.servers],
        "clients": [_row_json(each) for each in zone.clients],
    }


def _server_json(server: "ServerStatus", content: "ServedContent | None") -> dict[str, Any]:
    from registry.cli.listing import as_json

    parts = {"notified": server.notified, "transfer": server.transfer, "pushed": server.pushed}
    whole = as_json(server) | {name: None if part is None else _row_json(part) for name, part in parts.items()}
    found = None if content is None else as_json(content)
    return whole | {"role": server.role.value, "failures": dict(server.failures), "content": found}


def _row_json(row: Any) -> dict[str, Any]:
    from registry.cli.listing import as_json

    # A target's SOA has what is under way in it, which is for nobody else.
    return {name: value for name, value in as_json(row).items() if name not in {"zone_id", "soa"}}


def _print(zone: "ZoneStatus", contents: "LastChecks") -> None:
    from registry.discovery.explanation import printable

    of = f"of {zone.domain}" if zone.domain is not None else "of no domain"
    leads = "" if zone.alias_of is None else f", leads to {zone.alias_of}"
    typer.echo(f"{zone.name}: serial {zone.serial}, {of}{leads}")
    for server in zone.servers:
        there = "" if server.zone_there == zone.name else f" as {server.zone_there}"
        typer.echo(f"  {server.address}  {server.role}{there}  {_state(server)}")
        for line in _details(server):
            typer.echo(printable(f"      {line}"))
        if (content := contents.get((server.address, server.zone_there))) is not None:
            typer.echo(printable(f"      {_content(content)}"))
    for client in zone.clients:
        typer.echo(printable(f"  {client.client}  {client.key or 'without a key'}  {_transfer(client)}"))


def _content(content: "ServedContent") -> str:
    from registry.cli.listing import shown

    at = shown(content.checked_at)
    if content.failure is not None:
        return f"content not compared at {at}: {content.failure}"
    wrong = ", ".join(f"{count} {kind}" for kind, count in content.counts.items() if count)
    found = wrong or ("as it should be" if content.agrees else "not compared, for its serial")
    return f"content at {at}: {found}" + ("" if content.agrees else " (see registry dns check)")


def _state(server: "ServerStatus") -> str:
    from registry.cli.listing import shown

    if server.serial is None:
        return f"nobody knows yet what it serves{_own(server)}"
    if server.ahead:
        return f"serial {server.serial}, AHEAD of ours: see registry dns check"
    if server.behind_since is None:
        return f"serial {server.serial}{_own(server)}"
    return f"serial {server.serial}{_own(server)}, {server.behind_s:.0f} s behind, since {shown(server.behind_since)}"


def _own(server: "ServerStatus") -> str:
    return "" if server.own_serial is None else f" (signed: {server.own_serial})"


def _details(server: "ServerStatus") -> "list[str]":
    from registry.cli.listing import shown

    lines = []
    if server.failure is not None:
        lines.append(f"no good answer at {shown(server.failed_at)}: {server.failure}")
    if (told := server.notified) is not None:
        how = "acknowledged" if told.failure is None else f"FAILS: {told.failure}"
        lines.append(f"told of {told.serial} at {shown(told.sent_at)}: {how}")
    if server.transfer is not None:
        lines.append(_transfer(server.transfer))
    if (pushed := server.pushed) is not None:
        if pushed.pushed_at is not None:
            lines.append(f"pushed up to {pushed.serial or '-'} at {shown(pushed.pushed_at)}")
        if pushed.failure is not None:
            lines.append(f"push FAILS at {shown(pushed.failed_at)}: {pushed.failure}")
    return lines


def _transfer(row: "TransferRow") -> str:
    from registry.cli.listing import shown
    from registry.dns.zone_status import tried_at

    how = f"{row.kind} of {row.serial} at {shown(tried_at(row))}, {row.octets} octets in {row.milliseconds} ms"
    return how if row.failure is None else f"{how}, FAILED: {row.failure}"
