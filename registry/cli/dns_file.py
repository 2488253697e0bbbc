# SPDX-License-Identifier: Apache-2.0
"""`registry dns export`, `registry dns import`: zones as master files."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import typer

from registry.cli.common import JSON_OPTION
from registry.cli.counting import counted

if TYPE_CHECKING:
    from registry.app.instance import Instance
    from registry.dns.master_files.importing import ImportPlan
    from registry.storage.domain_directory import StoredDomain

EXPORT_EPILOG = "Example: registry dns export sml.example.org -o sml.example.org.zone"
IMPORT_EPILOG = "Example: registry dns import sml.example.org records.zone --plan"
_ZONE = typer.Argument(metavar="ZONE", help="The zone's name.")
_TOGETHER = 10_000
_SHOWN = 20


def export(
    zone: str = _ZONE,
    output: Path | None = typer.Option(None, "-o", "--output", metavar="FILE", help="By default standard output."),
) -> None:
    """Write the published version of a zone as a master file, in canonical order (RFC 4034 section 6.1)."""
    from registry.cli.common import open_instance
    from registry.dns.master_files.writing import master_file

    with (
        open_instance() as instance,
        counted() as count,
        master_file(instance.database, zone, lambda number: count("read", number)) as content,
        _written(output) as file,
    ):
        if content.waiting:
            note = f"{content.waiting} changes wait for a running instance to publish them, and are left out"
            typer.echo(f"note: {note}", err=True)
        for number, line in enumerate(content.lines):
            file.write(line)
            if number % _TOGETHER == 0:
                count("written", number)


def import_file(
    zone: str = _ZONE,
    file: Path = typer.Argument(metavar="FILE", help="A master file; - for standard input."),
    plan_only: bool = typer.Option(False, "--plan", help="Only say what would change."),
    remove: bool = typer.Option(
        False, "--remove", help="Also remove the operator's records that the file doesn't have."
    ),
    max_percent: float = typer.Option(
        30.0,
        "--max-percent",
        min=0,
        max=100,
        help="Refuse where more of the operator's records would change or go, and more than ten record sets.",
    ),
    json_output: bool = JSON_OPTION,
) -> None:
    """Take the operator's records from a master file into the zone of a domain.

    Names of participants and SMPs, the SOA and NS records of the zone and what signers add are compared and reported;
    they are never written. $INCLUDE and $GENERATE are refused. Nothing is written where a record can't be in the zone.
    """
    from registry.cli.common import cli_actor, open_instance, print_json
    from registry.dns.master_files.importing import apply_import, plan_import
    from registry.dns.master_files.reading import read_master_file
    from registry.dns.zone_records import ZoneRecords

    text = _text(file)
    with open_instance() as instance:
        stored = _domain_of(instance, zone)
        plan = plan_import(instance.database, stored, read_master_file(text, stored.domain.dns.zone), remove=remove)
        done = None
        if not json_output:
            _print_plan(plan)
        if not plan_only:
            records = ZoneRecords(instance.database, instance.journal)
            done = apply_import(records, cli_actor(), stored, plan, max_percent)
    if json_output:
        print_json({"plan": plan.to_json(), "changed": done})
    elif done is None:
        typer.echo("nothing was written")
    else:
        typer.echo(f"{done} record sets written or removed" if done else "nothing to change: it is so already")


def _domain_of(instance: "Instance", zone: str) -> "StoredDomain":
    from registry.errors import ConflictError, NotFoundError
    from registry.storage.queries import zones

    name = zone.rstrip(".").lower()
    instance.directory.refresh()
    found = next((each for each in instance.directory.all() if each.zone_id and each.domain.dns.zone == name), None)
    if found is not None:
        return found
    with instance.database.read() as connection:
        names = [row.name for row in zones.all_zones(connection)]
    if name in names:
        raise ConflictError(f"all of the zone {name} is made here: it takes no records of yours")
    raise NotFoundError(f"there is no zone {zone} here (known: {', '.join(names) or 'none'})")


def _text(file: Path) -> str:
    from registry.dns.master_files.reading import MAX_OCTETS
    from registry.errors import ConfigurationError, ValidationError

    try:
        if str(file) == "-":
            content = sys.stdin.buffer.read(MAX_OCTETS + 1)
        else:
            with file.open("rb") as stream:
                content = stream.read(MAX_OCTETS + 1)
        return content.decode("utf-8")
    except OSError as error:
        raise ConfigurationError(f"{file} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValidationError.of("MASTER-FILE", f"{file} is no text: {error}", "RFC 1035 §5.1") from error


@contextlib.contextmanager
def _written(place: Path | None) -> Iterator[TextIO]:
    """Standard output, or a file that is there once it is whole."""
    from registry.errors import ConfigurationError

    if place is None:
        yield sys.stdout
        return
    part = place.with_name(f"{place.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="ascii", newline="\n") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(place)
    except OSError as error:
        raise ConfigurationError(f"{place} can't be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


def _print_plan(plan: "ImportPlan") -> None:
    from registry.discovery.explanation import printable

    for label, rrsets in (("add", plan.added), ("change", plan.changed)):
        for rrset in rrsets:
            for rdata in rrset.rdatas:
                typer.echo(printable(f"{label:<8} {rrset.owner} {rrset.ttl} {rrset.rdtype} {rdata}"))
    for owner, rdtype in plan.removed:
        typer.echo(printable(f"remove   {owner} {rdtype}"))
    typer.echo(f"{plan.same} of your record sets are so already")
    typer.echo(
        f"not taken: {plan.agreeing} record sets of participants, SMPs and settings agree, {len(plan.differing)} "
        f"don't, {plan.lacking} of the zone aren't in the file, {plan.by_signers} are a signer's"
    )
    for owner, rdtype in plan.differing[:_SHOWN]:
        typer.echo(printable(f"  differs  {owner} {rdtype}"))
