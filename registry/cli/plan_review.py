# SPDX-License-Identifier: Apache-2.0
"""`registry plan`: the part of two people in domains that want a review."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from registry.cli.common import DOMAIN_OPTION, JSON_OPTION
from registry.cli.intervention_page import TOKEN_FILE

if TYPE_CHECKING:
    from registry.accounts.permissions import Action
    from registry.app.instance import Instance
    from registry.sml.interventions.model import Operator
    from registry.storage.queries.plans import PlanRow
    from registry.storage.unit_of_work import UnitOfWork

PLAN = typer.Argument(help="The number of a plan, as `registry plan list` shows it.", metavar="PLAN")
_ACCOUNT = typer.Option(
    ..., "--token-file", exists=True, dir_okay=False, help="Who does it: a file with a token of their account."
)
SUBMIT_EPILOG = "Example: registry plan submit 3 --token-file token"
APPROVE_EPILOG = "Example: registry plan approve 3 --token-file token"
REJECT_EPILOG = 'Example: registry plan reject 3 --text "the old certificate is good until May" --token-file token'
PROPOSE_EPILOG = "Example: registry plan propose iso6523-actorid-upis::0088:4035811991021 --visibility internal"


def submit(plan: int = PLAN, token_file: Path = _ACCOUNT, json_output: bool = JSON_OPTION) -> None:
    """Ask somebody else to look at a plan, in a domain that wants a review; who does so can't approve it."""
    from registry.accounts.permissions import Action
    from registry.cli.common import open_instance
    from registry.plans import reviewing

    with open_instance() as instance:
        by = _operator(instance, plan, token_file, Action.PLAN_WRITE)
        reviewing.submit(instance.database, by, plan)
        _show(instance, plan, json_output=json_output)


def approve(
    plan: int = PLAN,
    text: str = typer.Option("", "--text", help="What the audit log keeps of it."),
    token_file: Path = _ACCOUNT,
    json_output: bool = JSON_OPTION,
) -> None:
    """Let a plan be applied; never by the account that made or submitted it."""
    from registry.accounts.permissions import Action
    from registry.cli.common import open_instance
    from registry.plans import reviewing

    with open_instance() as instance:
        by = _operator(instance, plan, token_file, Action.PLAN_APPROVE)
        reviewing.approve(instance.database, by, plan, text)
        _show(instance, plan, json_output=json_output)


def reject(
    plan: int = PLAN,
    text: str = typer.Option(..., "--text", help="Why."),
    token_file: Path = _ACCOUNT,
    json_output: bool = JSON_OPTION,
) -> None:
    """Let a plan not be applied, and say why; who made it gives it up instead."""
    from registry.accounts.permissions import Action
    from registry.cli.common import open_instance
    from registry.plans import reviewing

    with open_instance() as instance:
        by = _operator(instance, plan, token_file, Action.PLAN_APPROVE)
        reviewing.reject(instance.database, by, plan, text)
        _show(instance, plan, json_output=json_output)


def propose(
    participant: str = typer.Argument(help="Such as iso6523-actorid-upis::0088:4035811991021"),
    visibility: str | None = typer.Option(None, "--visibility", help="public, internal or private."),
    remove: bool = typer.Option(False, "--remove", help="Remove it with all that it receives."),
    token_file: Path | None = TOKEN_FILE,
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Make a plan of what one participant is to become; with a token it is submitted, where the domain wants a review.

    A participant that isn't there would be made. For services: `registry plan import` with a line of an export.
    """
    from registry.accounts.permissions import Action
    from registry.cli.common import chosen_domain, open_instance
    from registry.cli.intervention_page import operator_of
    from registry.cli.participant import change_participant, visibility_of
    from registry.identifiers.participant import ParticipantIdentifier
    from registry.plans.proposing import propose as make

    if remove and visibility is not None:
        raise typer.BadParameter("what is removed is not visible", param_hint="--visibility")
    wanted = visibility_of(visibility)
    with open_instance() as instance:
        stored = chosen_domain(instance, domain)
        optional = stored.domain.identifiers.participant.allow_no_scheme
        identifier = ParticipantIdentifier.parse(participant, scheme_optional=optional)
        by = operator_of(instance, stored, token_file, Action.PLAN_WRITE)

        def change(work: "UnitOfWork") -> tuple[str, ...]:
            if remove:
                instance.publishing.delete_service_group(by.actor, stored, identifier)
                return ()
            return change_participant(instance, work, stored, identifier, wanted).warnings

        _show(instance, make(instance.database, by, stored, identifier, change), json_output=json_output)


def _operator(instance: "Instance", plan_id: int, token_file: Path, action: "Action") -> "Operator":
    from registry.cli.intervention_page import operator_of

    stored = instance.directory.by_id(_known(instance, plan_id).domain_id)
    return operator_of(instance, stored, token_file, action)


def _known(instance: "Instance", plan_id: int) -> "PlanRow":
    from registry.plans.applying import find_plan

    return find_plan(instance.database, plan_id)


def _show(instance: "Instance", plan_id: int, *, json_output: bool) -> None:
    from registry.cli import plan_page

    rows = [] if json_output else ["added", "changed", "removed"]
    plan_page.show(instance, _known(instance, plan_id), rows, 5, json_output=json_output)
