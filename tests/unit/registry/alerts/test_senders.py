# SPDX-License-Identifier: Apache-2.0
"""Mails and webhooks over real connections: protected, verified, signed, and to no guarded address."""

import ssl
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from registry.alerts.channels import SECRET_PREFIX, ChannelKind, NewChannel, add, secret_of
from registry.alerts.mail import MailSender, MailServer, SmtpTls, mail_of
from registry.alerts.message import Item, Message
from registry.alerts.webhook import WebhookSender
from registry.errors import ConfigurationError, TechnicalError
from registry.storage.queries.alerts import ENDED, ChannelRow
from registry.storage.queries.problems import ProblemRow
from tests.simulators.mail_server import MailBox, mail_server
from tests.simulators.offline import ACTOR, OfflineInstance
from tests.simulators.server_certificates import ServerAuthority
from tests.simulators.webhook_receiver import Receiver, webhook_receiver

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
OWN = ("127.0.0.0/8",)
MAIL = ChannelRow(
    *(1, "ops", "mail", "ops@example.org", "hint", [], [], "at-once"),
    enabled=True,
    secret=None,
    created_at=NOW,
)
ROW = ProblemRow(
    *(7, "disk:0123456789abcdef", "disk", "error", None, "", {"what": "little room", "remedy": "make some"}),
    *(NOW, NOW, NOW, None, None, None, None),
)


@pytest.fixture(scope="module")
def authority() -> ServerAuthority:
    return ServerAuthority()


@pytest.fixture
def tls(authority: ServerAuthority, tmp_path: Path) -> ssl.SSLContext:
    authority.write(tmp_path, "server", "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")
    return context


def message(*items: Item, channel: ChannelRow = MAIL) -> Message:
    return Message("6f9619ff-8b86-4d01-b42d-00c04fc964ff", channel, items or (Item("error", ROW, None),), NOW)


# Mails


def sender(box: MailBox, how: SmtpTls, authority: ServerAuthority | None = None, **values: Any) -> MailSender:
    server = MailServer("127.0.0.1", box.port, how, "registry@example.org", **values)
    if authority is None:
        return MailSender(server)
    return MailSender(server, lambda: ssl.create_default_context(cadata=authority.pem))


@pytest.mark.parametrize("how", list(SmtpTls), ids=str)
def test_mail_arrives_however_the_connection_is_protected(
    authority: ServerAuthority, tls: ssl.SSLContext, how: SmtpTls
) -> None:
    with mail_server(None if how is SmtpTls.NONE else tls, starttls=how is SmtpTls.STARTTLS) as box:
        sender(box, how, authority)(message())
    (mail,) = box.mails
    assert (mail["To"], mail["From"]) == ("ops@example.org", "registry@example.org")
    assert mail["Subject"] == "[registry] little room"
    assert mail["Message-ID"] == "<6f9619ff-8b86-4d01-b42d-00c04fc964ff@example.org>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "error: little room" in mail.get_content()
    assert [line.upper() for line in box.recipients] == ["RCPT TO:<OPS@EXAMPLE.ORG>"]


@pytest.mark.parametrize("how", [SmtpTls.STARTTLS, SmtpTls.TLS], ids=str)
def test_server_of_an_unknown_authority_gets_neither_mail_nor_password(tls: ssl.SSLContext, how: SmtpTls) -> None:
    with mail_server(tls, starttls=how is SmtpTls.STARTTLS) as box, pytest.raises(TechnicalError, match="CERTIFICATE"):
        sender(box, how, user="ops", password="secret")(message())
    assert (box.mails, box.users) == ([], [])


def test_server_that_offers_no_starttls_gets_nothing(authority: ServerAuthority) -> None:
    with mail_server() as box, pytest.raises(TechnicalError, match="STARTTLS"):
        sender(box, SmtpTls.STARTTLS, authority)(message())
    assert box.mails == []


def test_password_is_asked_for_and_a_wrong_one_is_a_failure(authority: ServerAuthority, tls: ssl.SSLContext) -> None:
    with mail_server(tls, starttls=True) as box:
        box.passwords["ops"] = "right"
        sender(box, SmtpTls.STARTTLS, authority, user="ops", password="right")(message())
        with pytest.raises(TechnicalError, match="535"):
            sender(box, SmtpTls.STARTTLS, authority, user="ops", password="wrong")(message())
    assert (box.users, len(box.mails)) == (["ops"], 1)


def test_refusal_of_the_server_is_told_with_its_words() -> None:
    with mail_server() as box:
        box.says = "452 no room"
        with pytest.raises(TechnicalError, match="452 no room"):
            sender(box, SmtpTls.NONE)(message())
    with pytest.raises(TechnicalError, match="doesn't take"):
        sender(box, SmtpTls.NONE)(message())


def test_text_of_others_stays_text() -> None:
    evil = replace(ROW, parameters={"what": "a\r\nBcc: all@example.org\x1b[31m", "remedy": "x\n.\nQUIT"})
    mail = mail_of(message(Item("error", evil, "demo")), "registry@example.org")
    assert "Bcc" not in mail.keys()  # noqa: SIM118 — names of headers
    assert "\x1b" not in mail.get_content()
    assert "demo: a  Bcc: all@example.org" in mail.get_content()


def test_subject_says_how_many_and_what_of_one() -> None:
    many = message(Item("error", ROW, None), Item("warning", ROW, None), Item(ENDED, ROW, None))
    assert many.subject == "2 problems, 1 problem ended"
    assert message(Item(ENDED, ROW, None)).subject == "ended: little room"
    assert message(*[Item(ENDED, ROW, None)] * 2).subject == "2 problems ended"
    assert Message("x", MAIL, (), NOW).subject == "Test of the channel ops"
    assert "Ended" in many.text
    assert "arrive" in Message("x", MAIL, (), NOW).text


# Webhooks


@pytest.fixture
def receiver(tls: ssl.SSLContext) -> Iterator[Receiver]:
    with webhook_receiver(tls) as found:
        yield found


@pytest.fixture
def hook(offline: OfflineInstance, receiver: Receiver) -> ChannelRow:
    with offline.instance.database.write(ACTOR) as work:
        return add(work, NewChannel("hook", ChannelKind.WEBHOOK, receiver.url))[0]


def poster(offline: OfflineInstance, authority: ServerAuthority, networks: tuple[str, ...] = OWN) -> WebhookSender:
    key = offline.instance.database.master_key
    return WebhookSender(key, networks, lambda: ssl.create_default_context(cadata=authority.pem))


def test_webhook_is_signed_with_the_secret_of_its_channel(
    offline: OfflineInstance, authority: ServerAuthority, receiver: Receiver, hook: ChannelRow
) -> None:
    post = poster(offline, authority)
    for status in (200, 202, 204):
        receiver.status = status
        post(message(channel=hook))
    secret = SECRET_PREFIX + b64encode(secret_of(offline.instance.database.master_key, hook)).decode()
    for received in receiver.received:
        assert received.is_signed_with(secret)
        assert received.headers["webhook-id"] == "6f9619ff-8b86-4d01-b42d-00c04fc964ff"
        assert received.headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    content = receiver.received[0].content
    assert (content["type"], content["timestamp"]) == ("registry.problems", "2026-11-23T06:00:00Z")
    (problem,) = content["data"]["problems"]
    assert (problem["key"], problem["ended"], problem["text"]) == (ROW.key, False, "little room")
    assert len(receiver.received) == 3


@pytest.mark.parametrize("status", [302, 404, 500], ids=str)
def test_other_answers_are_failures_and_redirections_are_not_followed(
    offline: OfflineInstance, authority: ServerAuthority, receiver: Receiver, hook: ChannelRow, status: int
) -> None:
    receiver.status, receiver.location = status, receiver.url
    with pytest.raises(TechnicalError):
        poster(offline, authority)(message(channel=hook))
    assert len(receiver.received) == 1


def test_guarded_address_is_not_asked(
    offline: OfflineInstance, authority: ServerAuthority, receiver: Receiver, hook: ChannelRow
) -> None:
    for target in (receiver.url, receiver.url.replace("127.0.0.1", "localhost"), "https://169.254.169.254/latest"):
        with pytest.raises(TechnicalError, match="may not be asked"):
            poster(offline, authority, ())(message(channel=replace(hook, target=target)))
    assert receiver.received == []


def test_receiver_of_an_unknown_authority_gets_nothing(
    offline: OfflineInstance, receiver: Receiver, hook: ChannelRow
) -> None:
    with pytest.raises(TechnicalError, match="TLS"):
        WebhookSender(offline.instance.database.master_key, OWN)(message(channel=hook))
    assert receiver.received == []


def test_networks_that_are_none_are_told(
    offline: OfflineInstance, authority: ServerAuthority, hook: ChannelRow
) -> None:
    with pytest.raises(ConfigurationError, match="alert_networks"):
        poster(offline, authority, ("everything",))(message(channel=hook))
