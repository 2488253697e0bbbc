# SPDX-License-Identifier: Apache-2.0
"""The jobs of problems and alerts: to look what is the matter, and to tell those who want to know."""

import uuid
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from registry.alerts import book, telling
from registry.alerts.channels import ChannelKind, required
from registry.alerts.delivering import Sender, Senders, deliver, sent
from registry.alerts.mail import MailSender, MailServer, SmtpTls
from registry.alerts.message import Message, Outgoing
from registry.alerts.problem import Look
from registry.alerts.webhook import WebhookSender
from registry.app.instance import Instance
from registry.app.problem_finding import look
from registry.audit.events import record
from registry.errors import ConfigurationError
from registry.jobs.worker import JobContext
from registry.setting_values import read_secret
from registry.settings import Settings
from registry.storage.engine import Actor

LOOK = "problems"
DELIVER = telling.DELIVER
TRY = telling.TRY


def look_for_problems(
    instance: Instance, settings: Settings, actor: Actor, find: Callable[[Instance, Settings], Look] = look
) -> dict[str, int]:
    """Bring the book of problems up to date, and have everybody told what they don't know yet; how many there are."""
    found = find(instance, settings)
    with instance.database.write(actor) as work:
        kept = book.keep(work, found)
        telling.plan(work, names_of(instance))
    return {"begun": kept.begun, "changed": kept.changed, "ended": kept.ended, "open": kept.open}


def look_job(instance: Instance, settings: Settings, context: JobContext) -> dict[str, int]:
    """As `look_for_problems`."""
    return look_for_problems(instance, settings, context.actor)


def deliver_job(instance: Instance, settings: Settings, context: JobContext) -> dict[str, int]:
    """Tell what is due."""
    instance.directory.refresh()
    return deliver(context.database, context.actor, senders_of(instance, settings), names_of(instance))


def try_channel(instance: Instance, settings: Settings, actor: Actor, name: str) -> str:
    """Send a test by a channel now; why it didn't arrive, empty where it did. Raises NotFoundError."""
    database = instance.database
    with database.read() as connection:
        channel = required(connection, name)
    failure = sent(senders_of(instance, settings), Message(str(uuid.uuid4()), channel, (), database.now()))
    with database.write(actor) as work:
        record(work, "alerts:channel:test", f"channel:{name}", after={"arrived": not failure})
    return failure


def try_job(instance: Instance, settings: Settings, context: JobContext) -> dict[str, Any]:
    """As `try_channel`, of the channel that the job names."""
    failure = try_channel(instance, settings, context.actor, context.payload["channel"])
    return {"arrived": not failure, "failure": failure}


def names_of(instance: Instance) -> Mapping[int, str]:
    """The names of the domains, by their ids."""
    return {stored.id: stored.domain.name for stored in instance.directory.all()}


def senders_of(instance: Instance, settings: Settings) -> Senders:
    """How messages go out; without a mail server there is no sender of mails."""
    found: dict[ChannelKind, Sender] = {
        ChannelKind.WEBHOOK: WebhookSender(instance.database.master_key, settings.alert_networks)
    }
    if settings.smtp_host and settings.alert_sender:
        found[ChannelKind.MAIL] = partial(_send_mail, settings)
    return found


def _send_mail(settings: Settings, message: Outgoing) -> None:
    """The password is read each time, so that another one counts without a restart."""
    password = ""
    if settings.smtp_password_file is not None:
        try:
            password = read_secret(settings.smtp_password_file)
        except ValueError as error:
            raise ConfigurationError(f"REGISTRY_SMTP_PASSWORD_FILE: {error}") from error
    server = MailServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        tls=SmtpTls(settings.smtp_tls),
        sender=settings.alert_sender,
        user=settings.smtp_user,
        password=password,
    )
    MailSender(server)(message)
