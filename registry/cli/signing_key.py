# SPDX-License-Identifier: Apache-2.0
"""`registry signing-key`: the key with which the SMP of a domain signs, and its planned successor."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from registry.cli import signing_key_taking
from registry.cli.common import DOMAIN_OPTION, JSON_OPTION

if TYPE_CHECKING:
    from registry.app.instance import Instance
    from registry.smp.signing_keys import BrokenRedirects, SigningKeys

app = typer.Typer(help="The key with which the SMP of a domain signs, and its successor.", no_args_is_help=True)
_KEY_ID = typer.Argument(metavar="ID", help="As `registry signing-key list` says it.")


app.command("take", epilog=signing_key_taking.TAKE_EPILOG)(signing_key_taking.take)
app.command("to-pem", epilog=signing_key_taking.TO_PEM_EPILOG)(signing_key_taking.to_pem)


@app.command("list", epilog="Example: registry signing-key list --domain demo")
def list_keys(domain: str | None = DOMAIN_OPTION, json_output: bool = JSON_OPTION) -> None:
    """List the signing keys of a domain, one a line, and from when on each is safe to retire."""
    from registry.cli.common import open_instance, print_json
    from registry.cli.listing import as_json, shown
    from registry.cli.roll_over import retirement

    needed = retirement()
    with open_instance() as instance:
        for row in _signing_keys(instance, domain).listed(needed):
            if json_output:
                print_json(as_json(row))
                continue
            when = f"from {shown(row.planned_at)} on" if row.state == "planned" else ""
            if row.safe_to_retire_at is not None:
                when = f"safe to retire at {shown(row.safe_to_retire_at)}"
            typer.echo(f"{row.id}\t{row.state}\t{row.subject}\tends {shown(row.not_after)}\t{when}".rstrip())


@app.command("plan", epilog="Example: registry signing-key plan smp-2.p12 --at 2027-01-31T06:00:00Z")
def plan(
    file: Path = typer.Argument(help="The next key with its certificate: PKCS#12 or PEM.", exists=True),
    at: str = typer.Option(..., "--at", help="From this instant on, in ISO 8601 (UTC where it names no zone)."),
    password_file: Path | None = typer.Option(None, "--password-file", help="File with the key's password."),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Let another key sign from an instant on; what is planned already is replaced.

    Lists the redirects held here that name the certificate of the present key: their SMPs must publish them anew.
    """
    from registry.cli.common import cli_actor, open_instance, print_json
    from registry.cli.listing import shown
    from registry.cli.roll_over import read_instant

    instant = read_instant(at, "--at")
    with open_instance() as instance:
        planned = _signing_keys(instance, domain).plan(cli_actor(), file, password_file, instant)
        broken = _broken(instance, planned.broken)
    for warning in planned.warnings:
        typer.echo(f"warning: {warning}", err=True)
    if json_output:
        done = {"id": planned.id, "at": instant.isoformat(), "redirects": planned.broken.count, "broken": broken}
        print_json(done)
        return
    _print_broken(planned.broken.count, broken)
    typer.echo(f"signing key {planned.id}: signs from {shown(instant)} on")


@app.command("activate", epilog="Example: registry signing-key activate 2")
def activate(
    key_id: int = _KEY_ID,
    dry_run: bool = typer.Option(False, "--plan", help="Only list the redirects that break."),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Let a planned key sign now, before its instant; everything is signed anew in the background."""
    from registry.cli.common import cli_actor, open_instance, print_json

    outcome = "would be activated"
    with open_instance() as instance:
        keys = _signing_keys(instance, domain)
        if dry_run:
            found = keys.broken_redirects(key_id)
            broken = _broken(instance, found)
            if json_output:
                print_json({"id": key_id, "outcome": outcome, "redirects": found.count, "broken": broken})
                return
            _print_broken(found.count, broken)
        else:
            outcome = "activated" if keys.activate(cli_actor(), key_id) else "active already"
    _say(key_id, outcome, json_output=json_output)


@app.command("cancel", epilog="Example: registry signing-key cancel 2")
def cancel(key_id: int = _KEY_ID, domain: str | None = DOMAIN_OPTION, json_output: bool = JSON_OPTION) -> None:
    """Call off a planned key."""
    from registry.cli.common import cli_actor, open_instance

    with open_instance() as instance:
        _signing_keys(instance, domain).cancel(cli_actor(), key_id)
    _say(key_id, "called off", json_output=json_output)


def _say(key_id: int, outcome: str, *, json_output: bool) -> None:
    from registry.cli.common import print_json

    if json_output:
        print_json({"id": key_id, "outcome": outcome})
    else:
        typer.echo(f"signing key {key_id}: {outcome}")


def _broken(instance: "Instance", found: "BrokenRedirects") -> list[dict[str, str]]:
    names = {stored.id: stored.domain.name for stored in instance.directory.all()}
    return [
        {
            "domain": names[row.domain_id],
            "participant": row.participant,
            "document_type": row.document_type,
            "href": row.href,
            "names": row.certificate_uid,
        }
        for row in found.redirects
    ]


def _print_broken(count: int, broken: list[dict[str, str]]) -> None:
    if not count:
        return
    for row in broken:
        typer.echo(f"breaks: {row['domain']}\t{row['participant']}\t{row['document_type']}\t{row['names']}")
    more = f", {count - len(broken)} of them not listed" if count > len(broken) else ""
    typer.echo(f"{count} redirects here name the present certificate and not the next one{more}", err=True)


def _signing_keys(instance: "Instance", domain: str | None) -> "SigningKeys":
    from registry.app.signing_key_job import signing_keys_of
    from registry.cli.common import chosen_domain

    return signing_keys_of(instance, chosen_domain(instance, domain))
