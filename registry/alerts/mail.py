# SPDX-License-Identifier: Apache-2.0
"""Mails by SMTP (RFC 5321), with STARTTLS or TLS from the start; the server's certificate is always verified."""

import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from enum import StrEnum

from registry.alerts.message import Outgoing
from registry.errors import TechnicalError

_TIMEOUT_S = 20.0


class SmtpTls(StrEnum):
    """How the connection is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mails are handed in, and from whom; `password` belongs to `user`, both empty for none."""

    host: str
    port: int
    tls: SmtpTls
    sender: str
    user: str = ""
    password: str = ""


class MailSender:
    """Sends a mail for each message. `context` makes the rules of TLS; by default those of the system."""

    def __init__(self, server: MailServer, context: Callable[[], ssl.SSLContext] = ssl.create_default_context) -> None:
        self._server = server
        self._context = context

    def __call__(self, message: Outgoing) -> None:
        """Raises TechnicalError where the server doesn't take it."""
        server = self._server
        try:
            with self._connected() as client:
                if server.tls is SmtpTls.STARTTLS:
                    client.starttls(context=self._context())
                if server.user:
                    client.login(server.user, server.password)
                client.send_message(mail_of(message, server.sender), server.sender, [message.channel.target])
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise TechnicalError(f"{server.host}:{server.port} doesn't take the mail: {_told(error)}") from error

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        if server.tls is SmtpTls.TLS:
            return smtplib.SMTP_SSL(server.host, server.port, timeout=_TIMEOUT_S, context=self._context())
        return smtplib.SMTP(server.host, server.port, timeout=_TIMEOUT_S)


def mail_of(message: Outgoing, sender: str) -> EmailMessage:
    """A mail in plain text. It has the same Message-ID each time it is sent, so that a mailbox can tell."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = message.channel.target
    mail["Subject"] = f"[registry] {message.subject}"
    mail["Date"] = format_datetime(message.at)
    mail["Message-ID"] = f"<{message.id}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody is away for us
    mail.set_content(message.text)
    return mail


def _told(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "; ".join(f"{code} {_text(said)}" for code, said in error.recipients.values())
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_text(error.smtp_error)}"
    return str(error)


def _text(said: bytes | str) -> str:
    return said.decode("ascii", errors="replace") if isinstance(said, bytes) else said
