# SPDX-License-Identifier: Apache-2.0
"""The program `registry`."""

import sys

import typer

from registry import __version__
from registry.cli import (
    access_point,
    account,
    alert,
    audit,
    backup,
    business_card,
    campaign,
    certificate,
    code_list,
    database,
    demo,
    directory,
    dns,
    doctor,
    domain,
    exchange,
    export_config,
    group,
    job,
    move_in,
    participant,
    permission,
    plan,
    problem,
    resolve,
    resolver,
    restore,
    serve,
    service,
    session,
    settings,
    signing_key,
    sml,
    token,
    trust,
)
from registry.cli.exits import TECHNICAL, exit_code_for
from registry.errors import RegistryError, ValidationError

app = typer.Typer(
    name="registry",
    help="SMP, SML with its DNS, and discovery for European eDelivery networks.",
    epilog="Start with: registry demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo", epilog=demo.EPILOG)(demo.demo)
app.command("serve", epilog=serve.EPILOG)(serve.serve)
app.command("resolve", epilog=resolve.EPILOG)(resolve.resolve)
app.command("resolver", epilog=resolver.EPILOG)(resolver.resolver)
app.command("doctor", epilog=doctor.EPILOG)(doctor.doctor)
app.command("settings", epilog=settings.EPILOG)(settings.settings)
app.command("export-config", epilog=export_config.EPILOG)(export_config.export_config)
app.command("import", epilog=exchange.IMPORT_EPILOG)(exchange.import_documents)
app.command("export", epilog=exchange.EXPORT_EPILOG)(exchange.export_documents)
app.add_typer(backup.app, name="backup")
app.command("restore", epilog=restore.EPILOG)(restore.restore)
app.add_typer(database.app, name="database")
app.add_typer(domain.app, name="domain")
app.add_typer(trust.app, name="trust")
app.add_typer(code_list.app, name="code-list")
app.add_typer(plan.app, name="plan")
app.add_typer(campaign.app, name="campaign")
app.add_typer(participant.app, name="participant")
app.add_typer(access_point.app, name="access-point")
app.add_typer(service.app, name="service")
app.add_typer(business_card.app, name="business-card")
app.add_typer(certificate.app, name="certificate")
app.add_typer(account.app, name="account")
app.add_typer(group.app, name="group")
app.add_typer(permission.app, name="permission")
app.add_typer(session.app, name="session")
app.add_typer(token.app, name="token")
app.add_typer(signing_key.app, name="signing-key")
app.add_typer(sml.app, name="sml")
app.add_typer(dns.app, name="dns")
app.add_typer(job.app, name="job")
app.add_typer(problem.app, name="problem")
app.add_typer(alert.app, name="alert")
app.add_typer(directory.app, name="directory")
app.add_typer(move_in.app, name="move-in")
app.add_typer(audit.app, name="audit")


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"registry {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", help="Print the version.", callback=_print_version, is_eager=True),
) -> None:
    """SMP, SML with its DNS, and discovery for European eDelivery networks."""


def main() -> None:
    """Run a command; errors become one line on stderr and an exit code."""
    try:
        app()
    except ValidationError as error:
        for reason in error.reasons:
            typer.echo(f"refused: {reason}", err=True)
        sys.exit(exit_code_for(error))
    except RegistryError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(exit_code_for(error))
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 — the edge: a user gets a line, the log gets the trace
        import structlog

        structlog.get_logger(__name__).error("command_failed", exc_info=error)
        typer.echo(f"error: something went wrong inside: {type(error).__name__}", err=True)
        sys.exit(TECHNICAL)
