# SPDX-License-Identifier: Apache-2.0
"""`registry move-in shadow`: both systems answer, and what they say is compared by meaning."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from registry.cli.common import DOMAIN_OPTION, JSON_OPTION
from registry.cli.move_in_choices import duration

if TYPE_CHECKING:
    from registry.app.instance import Instance
    from registry.move_in.shadow.run import Wanted
    from registry.move_in.shadow.watch import ShadowReport, Unsettled
    from registry.smp.documents.dialect import Dialect
    from registry.storage.domain_directory import StoredDomain

EPILOG = (
    "Example: registry move-in shadow --domain peppol --old https://smp.example.org --ours-at 10.0.0.7:443 --for 2h"
)
_SHOWN = 20


def shadow(
    domain: str | None = DOMAIN_OPTION,
    old: str = typer.Option("", "--old", metavar="URL", help="The base URL of the old SMP."),
    old_at: str = typer.Option(
        "", "--old-at", metavar="HOST:PORT", help="Where the old SMP answers, when its name leads elsewhere."
    ),
    ours: str = typer.Option("", "--ours", metavar="URL", help="Our base URL; that of the domain where none is said."),
    ours_at: str = typer.Option(
        "", "--ours-at", metavar="HOST:PORT", help="Where we answer, while that name still leads to the old SMP."
    ),
    dialect: str = typer.Option("", "--dialect", help="busdox, bdxr1 or bdxr2; the domain's first where none is said."),
    old_dns: str = typer.Option("", "--old-dns", metavar="HOST:PORT", help="A name server of the old SML."),
    ours_dns: str = typer.Option("", "--ours-dns", metavar="HOST:PORT", help="A name server that has our zone."),
    sub_domain: list[str] = typer.Option(
        [], "--sub-domain", help="A sub-domain of the old SML that goes into this domain; its zone where none is said."
    ),
    at_zero_for: str | None = typer.Option(
        None, "--for", metavar="TIME", help="Go on until nothing has differed for so long: 90s, 30m, 2h, 1d."
    ),
    sample: int = typer.Option(
        10_000, "--sample", metavar="N", min=0, help="Without --for: so many participants or names; 0 means all."
    ),
    rate: float = typer.Option(
        0.0, "--rate", metavar="N", min=0, help="At most so many questions a second, each put to both; 0 for no bound."
    ),
    threads: int = typer.Option(8, "--threads", min=1, max=64, help="Connections to each side."),
    report: Path | None = typer.Option(None, "--report", metavar="FILE", help="Where the report goes, as JSON."),
    json_output: bool = JSON_OPTION,
) -> None:
    """Put the same questions to the old system and to ours, and compare the answers by meaning.

    SMPs are asked over HTTP: identifiers, processes, endpoints, certificates, dates, redirects; signatures aside. SMLs
    are asked over DNS: the records of each name. What differs is asked again until it doesn't; a server that fails to
    answer is counted apart, and never taken for one that agrees. Ends with 1 where something still differs.
    """
    from registry.cli.common import chosen_domain, cli_actor, open_instance, print_json
    from registry.cli.exits import REFUSED
    from registry.errors import ConfigurationError
    from registry.move_in.shadow.run import keep_report
    from registry.storage.queries import move_ins

    if bool(old) is bool(old_dns):
        raise ConfigurationError("which old system is meant? Say --old URL for an SMP, or --old-dns HOST:PORT")
    if old_dns and not ours_dns:
        raise ConfigurationError("where is our zone served? Say --ours-dns HOST:PORT")
    seconds = None if at_zero_for is None else duration(at_zero_for).total_seconds()
    with open_instance() as instance, _watched(seconds, sample, rate, threads) as wanted:
        stored = chosen_domain(instance, domain)
        with instance.database.read() as connection:
            move = move_ins.active_in(connection, stored.id)
        number = None if move is None else move.id
        if old_dns:
            found = _smls(instance, stored, number, sub_domain, old_dns, ours_dns, wanted)
        else:
            found = _smps(instance, stored, number, _dialect(stored, dialect), (old, old_at), (ours, ours_at), wanted)
        if number is not None:
            keep_report(instance.database, cli_actor(), number, stored, found)
    said = {"domain": stored.domain.name, "move_in": number, **found.to_json()}
    if report is not None:
        _write(report, said)
    if json_output:
        print_json(said)
    else:
        _print(found)
    if not found.agrees:
        raise typer.Exit(REFUSED)


def _smps(
    instance: "Instance",
    stored: "StoredDomain",
    move: int | None,
    dialect: "Dialect",
    old: tuple[str, str],
    ours: tuple[str, str],
    wanted: "Wanted",
) -> "ShadowReport":
    from registry.errors import ConfigurationError
    from registry.move_in.shadow.run import compare_smps
    from registry.move_in.shadow.sides import Place

    url = ours[0] or stored.domain.smp.base_url
    if not url:
        raise ConfigurationError(f"the domain {stored.domain.name} has no base URL: say --ours URL")
    return compare_smps(instance.database, stored, move, dialect, Place(*old), Place(url, ours[1]), wanted)


def _smls(
    instance: "Instance",
    stored: "StoredDomain",
    move: int | None,
    sub_domains: list[str],
    old: str,
    ours: str,
    wanted: "Wanted",
) -> "ShadowReport":
    from registry.identifiers.text import ascii_lower
    from registry.move_in.shadow.run import compare_smls

    named = {ascii_lower(name).rstrip(".") for name in sub_domains} or {stored.domain.dns.zone}
    return compare_smls(instance.database, stored, move, named, old, ours, wanted)


def _dialect(stored: "StoredDomain", name: str) -> "Dialect":
    from registry.errors import ConfigurationError
    from registry.smp.documents.catalogue import DIALECTS

    chosen = name or stored.domain.smp.dialects[0]
    if chosen not in stored.domain.smp.dialects:
        known = ", ".join(stored.domain.smp.dialects)
        raise ConfigurationError(f"the domain {stored.domain.name} doesn't speak {chosen!r}: {known}")
    return DIALECTS[chosen]


@contextmanager
def _watched(seconds: float | None, sample: int, rate: float, threads: int) -> "Iterator[Wanted]":
    """How it is asked; shows how far it is, and lets a signal end it with what was found so far."""
    import secrets
    import signal
    import threading

    from registry.cli.counting import counted
    from registry.move_in.shadow.run import Wanted

    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with counted() as count:
            yield Wanted(
                sample=sample or None,
                at_zero_for=seconds,
                rate=rate,
                threads=threads,
                seed=secrets.randbits(32),
                stop=stop,
                progress=lambda report: count(_progress(report), report.asked),
            )
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _progress(report: "ShadowReport") -> str:
    state = f"{report.unsettled} differ or failed" if report.unsettled else f"at zero for {report.at_zero or 0:.0f} s"
    return f"compared, {report.per_second:.0f}/s, {state}"


def _write(path: Path, said: dict[str, object]) -> None:
    import json

    from registry.errors import ConfigurationError

    try:
        path.write_text(json.dumps(said, ensure_ascii=False, indent=2) + "\n")
    except OSError as error:
        raise ConfigurationError(f"the report can't be written to {path}: {error}") from error


def _print(report: "ShadowReport") -> None:
    typer.echo(f"{report.asked} questions to both in {report.seconds:.0f} s ({report.per_second:.0f}/s)")
    typer.echo(f"{report.equal:>9}  mean the same")
    for counts in (report.harmless, report.differences):
        for kind, count in sorted(counts.items()):
            typer.echo(f"{count:>9}  {kind}{' (harmless)' if counts is report.harmless else ''}")
    for side, count in sorted(report.failures.items()):
        typer.echo(f"{count:>9}  not answered by {'the old system' if side == 'old' else 'ours'}")
    for each in (*report.examples[:_SHOWN], *report.harmless_examples[: _SHOWN if not report.examples else 0]):
        _print_one(each)
    if report.agrees:
        typer.echo(f"Nothing differs; at zero for {report.at_zero or 0:.0f} s.")
    elif report.unsettled == 0 and report.asked:
        typer.echo("Stopped before its end; nothing has differed since it was last asked.")
    elif not report.asked:
        typer.echo("Nothing was asked: there are no participants here.")
    else:
        more = " or more" if report.overflowed else ""
        typer.echo(f"{report.unsettled}{more} questions differ, or had no answer.")


def _print_one(each: "Unsettled") -> None:
    from registry.discovery.explanation import printable
    from registry.move_in.shadow.watch import difference_text, failure_text

    typer.echo(printable(each.question))
    for difference in each.answer.differences:
        typer.echo(printable(f"  {difference_text(difference)}"))
    for side, why in each.answer.failures:
        typer.echo(printable(f"  {failure_text(side, why)}"))
