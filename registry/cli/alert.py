# SPDX-License-Identifier: Apache-2.0
"""`registry alert`: who is told of problems, by mail or by a webhook, and what they were told."""

from typing import TYPE_CHECKING, Any, TypeVar

import typer

from registry.cli.common import JSON_OPTION
from registry.cli.exits import TECHNICAL

if TYPE_CHECKING:
    from enum import StrEnum

    from registry.alerts.channels import ChannelChange
    from registry.app.instance import Instance
    from registry.storage.queries.alerts import ChannelRow

    _Choice = TypeVar("_Choice", bound=StrEnum)

app = typer.Typer(help="Who is told of problems, and what they were told.", no_args_is_help=True)
_ALL = "all"
_NAME = typer.Argument(help="The name of a channel, as `registry alert list` shows it.")


@app.command("add", epilog="Example: registry alert add on-call --mail oncall@example.org --severity error")
def add(
    name: str = typer.Argument(help="A name for the channel: lower-case letters, digits, hyphens."),
    mail: str | None = typer.Option(None, "--mail", help="Tell this mail address."),
    webhook: str | None = typer.Option(None, "--webhook", help="Post to this address, which begins with https://."),
    severity: str = typer.Option("warning", "--severity", help="What is at least error, warning or hint."),
    kind: list[str] = typer.Option([], "--kind", help="Only problems of this kind; may be repeated."),
    domain: list[str] = typer.Option([], "--domain", help="Only problems of this domain; may be repeated."),
    digest: str = typer.Option("at-once", "--digest", help="at-once, hourly or daily: collected until then."),
    json_output: bool = JSON_OPTION,
) -> None:
    """Make a channel. The secret that a webhook's messages are signed with is printed, once."""
    from registry.alerts import channels
    from registry.alerts.channels import ChannelKind, Digest, NewChannel
    from registry.alerts.problem import ProblemKind, Severity
    from registry.cli.common import cli_actor, open_instance, print_json

    target = mail or webhook
    if target is None or (mail and webhook):
        raise typer.BadParameter("say either --mail or --webhook")
    with open_instance() as instance:
        new = NewChannel(
            name=name,
            kind=ChannelKind.MAIL if mail else ChannelKind.WEBHOOK,
            target=target,
            least_severity=_chosen(Severity, severity, "--severity"),
            kinds=[_chosen(ProblemKind, each, "--kind") for each in kind],
            domains=[instance.directory.get(each).domain.name for each in domain],
            digest=_chosen(Digest, digest, "--digest"),
        )
        with instance.database.write(cli_actor()) as work:
            row, secret = channels.add(work, new)
    if json_output:
        print_json(_described(row) | {"secret": secret})
    else:
        typer.echo(secret or f"{name} tells {target}")


@app.command("list", epilog="Example: registry alert list")
def list_channels(json_output: bool = JSON_OPTION) -> None:
    """List the channels, one a line; never their secrets."""
    from registry.cli.common import open_instance, print_json
    from registry.storage.queries import alerts

    with open_instance() as instance, instance.database.read() as connection:
        rows = alerts.channels(connection)
    for row in rows:
        if json_output:
            print_json(_described(row))
        else:
            state = "enabled" if row.enabled else "disabled"
            typer.echo(f"{row.name}\t{row.kind}\t{row.target}\t{row.least_severity}\t{row.digest}\t{state}")


@app.command("show", epilog="Example: registry alert show on-call --json")
def show(name: str = _NAME, json_output: bool = JSON_OPTION) -> None:
    """Print a channel."""
    from registry.alerts.channels import required
    from registry.cli.common import open_instance, print_json

    with open_instance() as instance, instance.database.read() as connection:
        found = _described(required(connection, name))
    if json_output:
        print_json(found)
        return
    for title, value in found.items():
        shown = ", ".join(value) or "all" if isinstance(value, list) else value
        typer.echo(f"{title.replace('_', ' '):<16} {shown}")


@app.command("change", epilog="Example: registry alert change on-call --severity warning --digest hourly")
def change(
    name: str = _NAME,
    target: str | None = typer.Option(None, "--target", help="Another address; a webhook keeps its secret."),
    severity: str | None = typer.Option(None, "--severity", help="What is at least error, warning or hint."),
    kind: list[str] = typer.Option([], "--kind", help="Only problems of these kinds instead; all: of every kind."),
    domain: list[str] = typer.Option([], "--domain", help="Only problems of these domains instead; all: of every one."),
    digest: str | None = typer.Option(None, "--digest", help="at-once, hourly or daily: collected until then."),
) -> None:
    """Change a channel; what isn't said stays."""
    from registry.alerts.channels import ChannelChange, Digest
    from registry.alerts.problem import ProblemKind, Severity
    from registry.cli.common import open_instance

    with open_instance() as instance:
        kinds = [] if kind == [_ALL] else [_chosen(ProblemKind, each, "--kind") for each in kind]
        domains = [] if domain == [_ALL] else [instance.directory.get(each).domain.name for each in domain]
        wanted = ChannelChange(
            target=target,
            least_severity=None if severity is None else _chosen(Severity, severity, "--severity"),
            kinds=kinds if kind else None,
            domains=domains if domain else None,
            digest=None if digest is None else _chosen(Digest, digest, "--digest"),
        )
        _change(instance, name, wanted)
    typer.echo(f"{name}: changed")


@app.command("enable", epilog="Example: registry alert enable on-call")
def enable(name: str = _NAME) -> None:
    """Tell of problems again, of those that are open at the next look."""
    _set_enabled(name, enabled=True)
    typer.echo(f"{name}: enabled")


@app.command("disable", epilog="Example: registry alert disable on-call")
def disable(name: str = _NAME) -> None:
    """Tell of nothing by a channel until it is enabled again."""
    _set_enabled(name, enabled=False)
    typer.echo(f"{name}: disabled")


def _set_enabled(name: str, *, enabled: bool) -> None:
    from registry.alerts.channels import ChannelChange
    from registry.cli.common import open_instance

    with open_instance() as instance:
        _change(instance, name, ChannelChange(enabled=enabled))


def _change(instance: "Instance", name: str, wanted: "ChannelChange") -> None:
    from registry.alerts import channels
    from registry.cli.common import cli_actor

    with instance.database.write(cli_actor()) as work:
        channels.change(work, name, wanted)


@app.command("remove", epilog="Example: registry alert remove on-call")
def remove(name: str = _NAME) -> None:
    """Remove a channel, with what it was told."""
    from registry.alerts import channels
    from registry.cli.common import cli_actor, open_instance

    with open_instance() as instance, instance.database.write(cli_actor()) as work:
        channels.remove(work, name)
    typer.echo(f"{name}: removed")


@app.command("test", epilog="Example: registry alert test on-call")
def try_out(name: str = _NAME) -> None:
    """Send a test by a channel, now and from here, and say whether it was taken."""
    from registry.app.alert_job import try_channel
    from registry.app.instance import Instance
    from registry.cli.common import cli_actor, prepared_settings

    settings = prepared_settings()
    with Instance.open(settings) as instance:
        failure = try_channel(instance, settings, cli_actor(), name)
    if failure:
        typer.echo(f"{name}: {failure}", err=True)
        raise typer.Exit(TECHNICAL)
    typer.echo(f"{name}: taken")


@app.command("deliveries", epilog="Example: registry alert deliveries on-call --number 20")
def deliveries(
    name: str = _NAME,
    number: int = typer.Option(50, "--number", min=1, max=10_000, help="At most so many, the newest first."),
    json_output: bool = JSON_OPTION,
) -> None:
    """List what a channel was told and is to be told, the newest first."""
    from registry.alerts.channels import required
    from registry.cli.common import open_instance, print_json
    from registry.cli.listing import as_json, shown
    from registry.storage.queries import alerts

    with open_instance() as instance, instance.database.read() as connection:
        rows = alerts.page(connection, required(connection, name).id, None, number)
    for row, key in rows:
        if json_output:
            hidden = {"id", "channel_id", "problem_id"}
            print_json({"problem": key} | {name: value for name, value in as_json(row).items() if name not in hidden})
            continue
        state = f"told {shown(row.told_at)}" if row.told_at else f"due {shown(row.due_at, 'given up')}"
        typer.echo(f"{key}\t{row.what}\t{state}\t{row.attempts}\t{row.failure or ''}".rstrip())


def _chosen(choices: "type[_Choice]", text: str, option: str) -> "_Choice":
    if text not in set(choices):
        raise typer.BadParameter(f"it is one of {', '.join(choices)}", param_hint=option)
    return choices(text)


def _described(row: "ChannelRow") -> dict[str, Any]:
    """A channel as JSON values; without its secret."""
    from registry.cli.listing import as_json

    return {name: value for name, value in as_json(row).items() if name not in {"id", "secret"}}
