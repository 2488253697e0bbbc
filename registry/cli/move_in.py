# SPDX-License-Identifier: Apache-2.0
"""`registry move-in`: from another registry into this one, planned, loaded, compared, cut over, and back."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from registry.cli import move_in_cutover, move_in_shadow, move_in_status
from registry.cli.common import DOMAIN_OPTION, JSON_OPTION
from registry.move_in.model import SourceKind

if TYPE_CHECKING:
    from registry.app.instance import Instance
    from registry.app.move_in import Moving
    from registry.app.move_in_sources import SourceChoice
    from registry.move_in.report import Report

app = typer.Typer(
    help="Move in from phoss SMP, DomiSMP, DomiSML or another SMP, without one lost look-up.", no_args_is_help=True
)
app.command("shadow", epilog=move_in_shadow.EPILOG)(move_in_shadow.shadow)
app.command("cutover", epilog=move_in_cutover.CUTOVER_EPILOG)(move_in_cutover.cutover)
app.command("back", epilog=move_in_cutover.BACK_EPILOG)(move_in_cutover.back)
app.command("replay", epilog=move_in_cutover.REPLAY_EPILOG)(move_in_cutover.replay)
app.command("status", epilog=move_in_status.STATUS_EPILOG)(move_in_status.status)
app.command("end", epilog=move_in_status.END_EPILOG)(move_in_status.end)

_FROM = typer.Option(..., "--from", help="What the old system's data are at hand as.")
_URL = typer.Option(
    "",
    "--url",
    envvar="REGISTRY_MOVE_IN_URL",
    show_envvar=True,
    metavar="URL",
    help="Its database, as an SQLAlchemy URL (mysql+pymysql://, postgresql+psycopg://), or the SMP to be crawled. A "
    "password in it can be read by whoever sees the command line: better in the variable.",
)
_URL_FILE = typer.Option(None, "--url-file", exists=True, dir_okay=False, help="File with that URL.")
_FILE = typer.Option(
    None, "--file", exists=True, metavar="FILE", help="Its export, a dump of its database, or a list of participants."
)
_MAP = typer.Option(
    [],
    "--map",
    metavar="SUB_DOMAIN=DOMAIN",
    help="With domisml-sql: the domain that a sub-domain goes to; others get a domain of their own.",
)
_KEEP_UNTRUSTED = typer.Option(
    False, "--keep-untrusted", help="Take endpoint certificates that the domain doesn't trust, and note them."
)

_TIME_ZONE = typer.Option(
    "UTC", "--time-zone", help="With phoss-sql: that of the computer of the phoss SMP, such as Europe/Vienna."
)
_DIALECT = typer.Option("", "--dialect", help="With smp-crawl: busdox, bdxr1 or bdxr2; by default the domain's first.")
_OLD_DOMAIN = typer.Option("", "--old-domain", help="With domismp-sql: the DOMAIN_CODE, where there are several.")
_RATE = typer.Option(50.0, "--rate", min=0, help="With smp-crawl: requests a second at most; 0 for no bound.")


@app.command("plan", epilog="Example: registry move-in plan --from phoss-xml --file export.xml --domain peppol")
def plan(
    kind: SourceKind = _FROM,
    url: str = _URL,
    url_file: Path | None = _URL_FILE,
    file: Path | None = _FILE,
    sub_domains: list[str] = _MAP,
    keep_untrusted: bool = _KEEP_UNTRUSTED,
    time_zone: str = _TIME_ZONE,
    dialect: str = _DIALECT,
    rate: float = _RATE,
    old_domain: str = _OLD_DOMAIN,
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Say what a load would do: what is new, what changes, what is refused and why, what has no home here.

    Everything is done and taken back, so the plan takes as long as the load. Ends with 1 where something is refused.
    """
    from registry.app import move_in
    from registry.app.move_in_sources import SourceChoice
    from registry.cli.common import cli_actor, open_instance, prepared_settings
    from registry.cli.counting import counted

    settings = prepared_settings()
    source = SourceChoice(kind, _url(url, url_file), file, time_zone, dialect, rate, old_domain)
    with open_instance() as instance, counted("read") as count:
        moving = _moving(instance, source, domain, sub_domains, keep_untrusted=keep_untrusted)
        report = move_in.plan(instance, settings, cli_actor(), moving, count)
    _show(report, json_output=json_output)


@app.command("load", epilog="Example: registry move-in load --from phoss-xml --file export.xml --domain peppol")
def load(
    kind: SourceKind = _FROM,
    url: str = _URL,
    url_file: Path | None = _URL_FILE,
    file: Path | None = _FILE,
    sub_domains: list[str] = _MAP,
    keep_untrusted: bool = _KEEP_UNTRUSTED,
    time_zone: str = _TIME_ZONE,
    dialect: str = _DIALECT,
    rate: float = _RATE,
    old_domain: str = _OLD_DOMAIN,
    max_refused_percent: float = typer.Option(
        10.0, "--max-refused-percent", min=0, max=100, help="Stop where more of what the source holds is refused."
    ),
    max_removed_percent: float = typer.Option(
        10.0, "--max-removed-percent", min=0, max=100, help="Refuse where more has gone since the load before."
    ),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Load what the source holds, or, the next time, what has changed there.

    From then on the domain is in standby: it answers, and writes of others are refused, until the cutover or the end of
    the move. Broken off, the same command goes on. Ends with 1 where something was refused.
    """
    from registry.app import move_in
    from registry.app.move_in_sources import SourceChoice
    from registry.cli.common import cli_actor, open_instance, prepared_settings
    from registry.cli.counting import counted
    from registry.move_in.report import Limits

    settings = prepared_settings()
    source = SourceChoice(kind, _url(url, url_file), file, time_zone, dialect, rate, old_domain)
    with open_instance() as instance, counted("read") as count:
        moving = _moving(instance, source, domain, sub_domains, keep_untrusted=keep_untrusted)
        limits = Limits(max_refused_percent, max_removed_percent)
        report = move_in.load(instance, settings, cli_actor(), moving, limits, count)
    _show(report, json_output=json_output)


def _url(said: str, file: Path | None) -> str:
    from registry.errors import ConfigurationError

    try:
        return said if file is None else file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"--url-file {file} can't be read: {error}") from error


def _moving(
    instance: "Instance", source: "SourceChoice", domain: str | None, sub_domains: list[str], *, keep_untrusted: bool
) -> "Moving":
    from registry.app.move_in import Moving
    from registry.app.move_in_receivers import Choices
    from registry.app.move_in_sources import SML_KINDS
    from registry.cli.common import chosen_domain
    from registry.cli.move_in_choices import named_sub_domains

    if source.kind in SML_KINDS and domain is not None:
        raise typer.BadParameter("--domain is for SMPs; say --map SUB_DOMAIN=DOMAIN for an SML")
    if sub_domains and source.kind not in SML_KINDS:
        raise typer.BadParameter("--map is for SMLs; say --domain")
    stored = None if source.kind in SML_KINDS else chosen_domain(instance, domain)
    return Moving(source, stored, Choices(keep_untrusted, named_sub_domains(instance, sub_domains)))


def _show(report: "Report", *, json_output: bool) -> None:
    from registry.cli.common import print_json
    from registry.cli.exits import REFUSED

    if json_output:
        print_json(report.to_json())
    else:
        _print(report)
    if report.refused:
        raise typer.Exit(REFUSED)


def _print(report: "Report") -> None:
    from registry.discovery.explanation import printable
    from registry.move_in.model import Verdict

    if report.resumed:
        typer.echo("went on with what had been read before; run it again for what has changed since", err=True)
    for kind, difference in report.differences.items():
        verdicts = ", ".join(
            f"{count} {verdict}" for verdict in Verdict if (count := report.tally.counts[kind, verdict])
        )
        typer.echo(f"{difference.records:>9}  {kind} at the source: {verdicts or 'nothing has changed'}")
    for name, count in sorted(report.tally.reasons.items()):
        typer.echo(f"{count:>9}  refused for {name}")
    for unhoused in report.unhoused:
        typer.echo(printable(f"{unhoused.count:>9}  {unhoused.name} left out: {unhoused.why}"))
    for kind, key, reasons in report.tally.refused:
        typer.echo(printable(f"refused: {kind} {key}"))
        for reason in reasons:
            typer.echo(printable(f"  - {reason}"))
    for kind, key, note in report.tally.notes:
        typer.echo(printable(f"note: {kind} {key}: {note}"))
    typer.echo("Nothing was written." if report.planned else "Loaded; the domain is in standby until the cutover.")
