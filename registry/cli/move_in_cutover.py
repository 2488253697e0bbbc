# SPDX-License-Identifier: Apache-2.0
"""`registry move-in cutover`, `back` and `replay`: we have the say, the old system has it again, what goes there."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from registry.cli.common import JSON_OPTION

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from registry.app.instance import Instance
    from registry.app.move_in_cutover import BothSides
    from registry.app.move_in_replay import OldPlace
    from registry.move_in.outside import Outside
    from registry.move_in.steps import Step, StepDone
    from registry.storage.queries.move_ins import MoveInRow

CUTOVER_EPILOG = (
    "Example: registry move-in cutover --domain peppol --ours-at 10.0.0.7:443 --old-ttl 1h "
    "--freeze-command /etc/registry/freeze-old --switch-command /etc/registry/switch-names"
)
BACK_EPILOG = "Example: registry move-in back --domain peppol --old-at 10.0.0.3:443 --switch-command /etc/registry/back"
REPLAY_EPILOG = "Example: registry move-in replay --domain peppol"

_DOMAIN = typer.Option(None, "--domain", help="A domain of the move; may be left out where one move is under way.")
_SWITCH = typer.Option(
    "", "--switch-command", metavar="COMMAND", help="Lets the public names lead there; without it you are asked to."
)
_OLD = typer.Option("", "--old", metavar="URL", help="The old SMP's base URL, where it isn't that of the domain.")
_OLD_AT = typer.Option(
    "", "--old-at", metavar="HOST:PORT", help="Where the old SMP answers, whatever its name leads to."
)
_OURS_AT = typer.Option("", "--ours-at", metavar="HOST:PORT", help="Where we answer, whatever our name leads to.")
_OLD_DNS = typer.Option("", "--old-dns", metavar="HOST:PORT", help="A name server of the old SML.")
_OLD_DNS_KEY = typer.Option("", "--old-dns-key", metavar="NAME", help="The TSIG key that may transfer the old zone.")
_OLD_ZONE = typer.Option("", "--old-zone", metavar="NAME", help="The zone there, where it is another one than ours.")
_SAMPLE = typer.Option(1_000, "--sample", metavar="N", min=0, help="Look-ups that are compared; 0 for all.")
_CA = typer.Option(
    None,
    "--ca",
    metavar="PEM",
    exists=True,
    help="Who issued the SMPs' server certificates, where the system doesn't know.",
)
_YES = typer.Option(False, "--yes", help="What you are asked is done: writes are stopped, names are switched.")


def cutover(
    domain: str | None = _DOMAIN,
    url: str = typer.Option("", "--url", envvar="REGISTRY_MOVE_IN_URL", metavar="URL", help="The old database, again."),
    url_file: Path | None = typer.Option(None, "--url-file", exists=True, dir_okay=False, help="File with that URL."),
    file: Path | None = typer.Option(
        None, "--file", exists=True, help="The export or dump that is made after the freeze; else the one loaded last."
    ),
    freeze: str = typer.Option(
        "", "--freeze-command", metavar="COMMAND", help="Stops writes at the old system; without it you are asked to."
    ),
    switch: str = _SWITCH,
    old_ttl: str = typer.Option(..., "--old-ttl", metavar="TIME", help="TTL of the names that are switched: 300s, 1h."),
    old: str = _OLD,
    old_at: str = _OLD_AT,
    ours_at: str = _OURS_AT,
    old_dns: str = _OLD_DNS,
    old_zone: str = _OLD_ZONE,
    old_dns_key: str = _OLD_DNS_KEY,
    resolver: str = typer.Option(
        "", "--resolver", metavar="HOST:PORT", help="A resolver that finds our zones, for SMLs."
    ),
    sample: int = _SAMPLE,
    ca: Path | None = _CA,
    old_api: str = typer.Option(
        "", "--old-api", metavar="URL", help="Where the old system takes what is written here afterwards."
    ),
    old_secret_file: Path | None = typer.Option(
        None, "--old-secret-file", exists=True, help="With --old-api: file with a line NAME:PASSWORD."
    ),
    old_header: str = typer.Option(
        "SSLClientCert", "--old-header", help="With DomiSML: the header that tells who calls, or Client-Cert."
    ),
    other_signer: bool = typer.Option(
        False, "--other-signer", help="Our SMP signs with another certificate than the old one, on purpose."
    ),
    back_for: str = typer.Option("72h", "--back-for", metavar="TIME", help="For how long that is done by itself."),
    yes: bool = _YES,
    give_up: bool = typer.Option(False, "--give-up", help="Forget a cutover that hasn't opened our domains yet."),
    json_output: bool = JSON_OPTION,
) -> None:
    """Take over: stop writes there, load the rest, compare, open our domains, switch the names, wait for old TTLs.

    Every step is written down; broken off, the same command goes on with the next one. Look-ups are answered all the
    time. With --old-api what is written here goes back to the old system from then on, so that it can take over again.
    """
    from registry.app import move_in_cutover
    from registry.app.move_in import moving_of
    from registry.app.move_in_cutover import Choices
    from registry.cli.common import cli_actor, open_instance, prepared_settings
    from registry.cli.counting import counted
    from registry.cli.move_in_choices import duration
    from registry.discovery.fetcher import HttpFetcher
    from registry.move_in.back import give_up_cutover

    settings = prepared_settings()
    with open_instance() as instance:
        row = _chosen(instance, domain)
        if give_up:
            give_up_cutover(instance.database, cli_actor(), row.id)
            typer.echo(f"move {row.id}: the cutover is given up; let people write to the old system again", err=True)
            return
        sides = _sides((old, old_at, ours_at), (old_dns, old_zone, old_dns_key), sample, ca)
        with HttpFetcher(ssl_context=sides.wanted.ssl_context) as fetcher, counted("read") as count:
            choices = Choices(
                sides=sides,
                freeze=_outside(
                    freeze, "Stop everybody from writing to the old system; it goes on to answer.", yes=yes
                ),
                switch=_outside(switch, "Let the public names lead to this installation.", yes=yes),
                old_ttl=duration(old_ttl),
                old=_old_place(row, old_api, old_secret_file, old_header, ca),
                back_for=duration(back_for),
                fetcher=fetcher,
                resolver=resolver,
                other_signer=other_signer,
            )
            if url_file is not None:
                url = url_file.read_text(encoding="utf-8").strip()
            moving = moving_of(instance, row, url, file)
            done = move_in_cutover.cut_over(
                instance, settings, cli_actor(), row, moving, choices, _teller(json_output=json_output), count
            )
    _show(row, done, json_output=json_output)


def back(
    domain: str | None = _DOMAIN,
    switch: str = _SWITCH,
    old: str = _OLD,
    old_at: str = _OLD_AT,
    ours_at: str = _OURS_AT,
    old_dns: str = _OLD_DNS,
    old_zone: str = _OLD_ZONE,
    old_dns_key: str = _OLD_DNS_KEY,
    sample: int = _SAMPLE,
    ca: Path | None = _CA,
    accept_refused: bool = typer.Option(
        False, "--accept-refused", help="Go back although the old system refuses some of what was written here."
    ),
    yes: bool = _YES,
    json_output: bool = JSON_OPTION,
) -> None:
    """Give the say back: stop writes here, replay the last of them there, compare, switch the names; then standby.

    Every step is written down; broken off, the same command goes on with the next one.
    """
    from registry.app import move_in_cutover
    from registry.app.move_in_cutover import Choices
    from registry.cli.common import cli_actor, open_instance

    with open_instance() as instance:
        row = _chosen(instance, domain)
        choices = Choices(
            sides=_sides((old, old_at, ours_at), (old_dns, old_zone, old_dns_key), sample, ca),
            switch=_outside(switch, "Let the public names lead to the old system, and people write there.", yes=yes),
            accept_refused=accept_refused,
        )
        done = move_in_cutover.go_back(instance, cli_actor(), row, choices, _teller(json_output=json_output))
    _show(row, done, json_output=json_output)


def replay(domain: str | None = _DOMAIN, json_output: bool = JSON_OPTION) -> None:
    """Tell the old system now what was written here since the cutover; a job does so every minute.

    Ends with 1 where it refuses some of it: the events are named, and the audit says what they are about.
    """
    from registry.app import move_in_replay
    from registry.cli.common import cli_actor, open_instance, print_json
    from registry.cli.exits import REFUSED
    from registry.discovery.explanation import printable

    with open_instance() as instance:
        row = _chosen(instance, domain)
        done = move_in_replay.replay(instance, cli_actor(), row)
    if json_output:
        print_json({"move": row.id, **done.to_json()})
    else:
        typer.echo(f"{done.told} changes were told, up to event {done.position}")
        for position, why in sorted(done.refused.items()):
            typer.echo(printable(f"refused: event {position}: {why}"))
        for name, count in sorted(done.left_out.items()):
            typer.echo(f"left out: {count} {name}")
    if done.refused:
        raise typer.Exit(REFUSED)


def _chosen(instance: "Instance", domain: str | None) -> "MoveInRow":
    from registry.app.move_in import chosen_move

    return chosen_move(instance, None if domain is None else instance.directory.get(domain))


def _sides(smps: tuple[str, str, str], dns: tuple[str, str, str], sample: int, ca: Path | None) -> "BothSides":
    import secrets

    from registry.app.move_in_cutover import BothSides
    from registry.cli.common import prepared_settings
    from registry.dns.tsig_keys import TsigKeys
    from registry.move_in.replay.old_api import context_of
    from registry.move_in.shadow.run import Wanted

    context = None if ca is None else context_of(ca)
    wanted = Wanted(sample=sample or None, seed=secrets.randbits(32), ssl_context=context)
    server, zone, name = dns
    key = TsigKeys(prepared_settings().dns_key_dir).required(name) if name else None
    return BothSides(*smps, server, zone, key, wanted)


def _old_place(row: "MoveInRow", url: str, secret_file: Path | None, header: str, ca: Path | None) -> "OldPlace | None":
    from registry.app.move_in_replay import OldPlace
    from registry.errors import ConfigurationError
    from registry.move_in.replay.domisml import IdentityHeader

    if not url:
        return None
    if header not in set(IdentityHeader):
        raise ConfigurationError(f"--old-header is one of {', '.join(IdentityHeader)}, not {header!r}")
    return OldPlace.of_source(row.source_kind, url, secret_file, IdentityHeader(header), ca)


def _outside(command: str, what: str, *, yes: bool) -> "Outside":
    from registry.move_in.outside import ByCommand, ByHand

    if command:
        return ByCommand(command)
    return ByHand(what, lambda text: yes or _confirmed(text))


def _confirmed(what: str) -> bool:
    import sys

    if not sys.stdin.isatty():
        return False
    return typer.confirm(f"{what} Is that done?", err=True)


def _teller(*, json_output: bool) -> "Callable[[Step, StepDone | None], None]":
    def tell(step: "Step", done: "StepDone | None") -> None:
        if done is None:
            typer.echo(f"{step.name}: {step.title} …", err=True)
        elif not json_output:
            typer.echo(f"{step.name}: done in {done.seconds:.1f} s", err=True)

    return tell


def _show(row: "MoveInRow", done: "Sequence[StepDone]", *, json_output: bool) -> None:
    from dataclasses import asdict

    from registry.cli.common import print_json

    if json_output:
        print_json({"move": row.id, "steps": [asdict(each) for each in done]})
        return
    for each in done:
        told = ", ".join(f"{name} {value}" for name, value in each.told.items() if value not in ({}, None))
        typer.echo(f"{each.at}\t{each.name}\t{each.seconds:.1f} s\t{told}".rstrip())
