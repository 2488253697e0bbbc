# SPDX-License-Identifier: Apache-2.0
"""`registry dns push`: zones that are pushed to primaries of others (`dns.push_to` of a domain)."""

from typing import TYPE_CHECKING, Any

import typer

from registry.cli.common import DOMAIN_OPTION, JSON_OPTION

if TYPE_CHECKING:
    from registry.app.instance import Instance
    from registry.app.pushes import PushView
    from registry.dns.push.pusher import PushedZone, Pusher
    from registry.settings import Settings

app = typer.Typer(help="Zones that are pushed to primaries of others, by dynamic updates.", no_args_is_help=True)
_SERVER = typer.Option(None, "--server", metavar="HOST:PORT", help="Only this target; needed where there are several.")


@app.command("status", epilog="Example: registry dns push status --domain peppol-test")
def status(domain: str | None = DOMAIN_OPTION, json_output: bool = JSON_OPTION) -> None:
    """List the targets: server, zone there, our serial that it has, our present one, when it was pushed, what is wrong.

    Ends with 1 where one is behind or has failed.
    """
    from registry.app.pushes import push_views
    from registry.cli.common import open_instance, print_json
    from registry.cli.exits import REFUSED

    with open_instance() as instance:
        stored = [instance.directory.get(domain)] if domain else instance.directory.all()
        views = [view for each in stored if each.zone_id is not None for view in push_views(instance.database, each)]
    for view in views:
        if json_output:
            print_json(_as_json(view))
        else:
            typer.echo(_line(view))
    if not views:
        typer.echo("no zone is pushed anywhere (dns.push_to)", err=True)
    if any(view.row.failure is not None or view.row.serial != view.serial for view in views):
        raise typer.Exit(REFUSED)


@app.command("now", epilog="Example: registry dns push now --server ns1.example.org:53")
def now(
    server: str | None = _SERVER,
    whole: bool = typer.Option(False, "--whole", help="Send every record set again, not only what has changed."),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Push a zone here and now, rather than wait for a running instance to do it.

    What waits for its serial gets one by a running instance only, and is pushed after that.
    """
    from registry.cli.common import print_json

    settings, instance = _open()
    with instance:
        pushed = _chosen(instance, domain, server)
        pusher = _pusher(settings, instance, pushed)
        told = [0]

        def tell(count: int) -> None:
            if count >= told[0] + 10_000:
                told[0] = count
                typer.echo(f"{count} record sets", err=True)

        done = pusher.push(progress=tell, whole=whole)
        pusher.close()
    if json_output:
        result: dict[str, Any] = {"outcome": "unchanged"}
        if done is not None:
            counts = {"record_sets": done.record_sets, "messages": done.messages}
            result = {"outcome": "pushed", "serial": done.serial, **counts, "whole": done.whole}
        print_json({"server": pushed.target.server, "zone": pushed.name, **result})
    elif done is None:
        typer.echo(f"{pushed.name} at {pushed.target.server} is up to date, or another process is at it")
    else:
        how = f"{done.record_sets} record sets in {done.messages} messages"
        typer.echo(f"{pushed.name} at {pushed.target.server} has serial {done.serial}: {how}")


@app.command("take-over", epilog="Example: registry dns push take-over --server ns1.example.org:53")
def take_over(
    server: str | None = _SERVER,
    whole: bool = typer.Option(False, "--whole", help="Then push every record set again, over what others have left."),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Go on with a zone that somebody else has written to, as it is there now; compare it first.

    Until this is said nothing more is pushed to a zone of which we are the only writer.
    """
    from registry.cli.common import cli_actor, print_json

    settings, instance = _open()
    with instance:
        pushed = _chosen(instance, domain, server)
        pusher = _pusher(settings, instance, pushed)
        serial = pusher.take_over(cli_actor(), whole=whole)
        pusher.close()
    if json_output:
        done = {"outcome": "taken over", "whole": whole, "serial_there": serial}
        print_json({"server": pushed.target.server, "zone": pushed.name, **done})
    else:
        typer.echo(f"{pushed.name} at {pushed.target.server} is ours again, from its serial {serial} on")


def _open() -> "tuple[Settings, Instance]":
    from registry.app.instance import Instance
    from registry.cli.common import prepared_settings

    settings = prepared_settings()
    return settings, Instance.open(settings)


def _pusher(settings: "Settings", instance: "Instance", pushed: "PushedZone") -> "Pusher":
    from registry.dns.push.pusher import Pusher
    from registry.dns.tsig_keys import TsigKeys

    return Pusher(instance.database, pushed, TsigKeys(settings.dns_key_dir))


def _chosen(instance: "Instance", domain: str | None, server: str | None) -> "PushedZone":
    """The one target that is meant. Raises NotFoundError, with what to do."""
    from registry.app.pushes import pushed_zone
    from registry.cli.common import chosen_domain
    from registry.errors import NotFoundError

    stored = chosen_domain(instance, domain)
    targets = [each for each in stored.domain.dns.push_to if server in {None, each.server}]
    if len(targets) == 1:
        return pushed_zone(stored, targets[0])
    known = ", ".join(each.server for each in stored.domain.dns.push_to) or "none"
    raise NotFoundError(f"which target of {stored.domain.name} is meant? Say --server HOST:PORT (known: {known})")


def _as_json(view: "PushView") -> dict[str, Any]:
    from registry.cli.listing import as_json

    row = {name: value for name, value in as_json(view.row).items() if name in {"pushed_at", "failed_at", "failure"}}
    place = {"domain": view.domain, "server": view.server, "zone": view.zone, "only_writer": view.only_writer}
    return {**place, "serial": view.serial, "serial_there": view.row.serial, **row}


def _line(view: "PushView") -> str:
    from registry.cli.listing import shown

    row = view.row
    reached = "never pushed" if row.serial is None else str(row.serial)
    state = "up to date" if row.serial == view.serial else f"behind {view.serial}"
    fields = [view.server, view.zone, reached, state, shown(row.pushed_at, "-")]
    return "\t".join([*fields, *([] if row.failure is None else [f"FAILS: {row.failure}"])])
