# SPDX-License-Identifier: Apache-2.0
"""`registry sml`: the locator's side of a domain, for its operator."""

import typer

from registry.cli import (
    sml_certificate,
    sml_check,
    sml_intervention,
    sml_locate,
    sml_migration,
    sml_power,
    sml_publisher,
    sml_registration,
    sml_squatting,
    sml_visible,
    sml_who,
)

app = typer.Typer(help="The SMPs and participants that the SML of a domain knows.", no_args_is_help=True)
app.add_typer(sml_publisher.app, name="publisher")
app.add_typer(sml_registration.app, name="registration")
app.add_typer(sml_migration.app, name="migration")
app.add_typer(sml_certificate.app, name="certificate")
app.add_typer(sml_intervention.app, name="intervention")
app.command("suspend", epilog=sml_power.SUSPEND_EPILOG)(sml_power.suspend)
app.command("resume", epilog=sml_power.RESUME_EPILOG)(sml_power.resume)
app.command("transfer", epilog=sml_power.TRANSFER_EPILOG)(sml_power.transfer)
app.command("block", epilog=sml_power.BLOCK_EPILOG)(sml_power.block)
app.command("unblock", epilog=sml_power.UNBLOCK_EPILOG)(sml_power.unblock)
app.command("lift-quarantine", epilog=sml_power.LIFT_EPILOG)(sml_power.lift_quarantine)
app.command("squatting", epilog="Example: registry sml squatting --csv > facts.csv")(sml_squatting.squatting)
app.command("check", epilog=sml_check.EPILOG)(sml_check.check)
app.command("visible", epilog=sml_visible.EPILOG)(sml_visible.visible)
app.command("locate", epilog=sml_locate.EPILOG)(sml_locate.locate)
app.command("who", epilog=sml_who.EPILOG)(sml_who.who)
