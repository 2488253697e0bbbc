# SPDX-License-Identifier: Apache-2.0
"""How a directory is called, and what its answers mean."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from registry.directory.client import MAX_WAIT, Answer, DirectoryClient, wait_of
from registry.directory.keys import anchors, tls_context
from registry.domains.directory_profile import DirectoryProfile
from registry.domains.section import Section
from registry.errors import ConfigurationError
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from tests.simulators.directory import profile_for
from tests.simulators.directory_office import LOOPBACK, DirectoryOffice

WHO = ParticipantIdentifier(ISO6523, "0088:a/b#c")
NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)


@pytest.fixture
def client(office: DirectoryOffice) -> DirectoryClient:
    profile = profile_for(office.directory)
    return DirectoryClient(profile, tls_context(office.settings.directory_key_dir, profile), LOOPBACK)


def test_any_identifier_reaches_the_directory_as_it_is(office: DirectoryOffice, client: DirectoryClient) -> None:
    assert client.put(WHO).answer is Answer.TAKEN
    assert client.delete(WHO).answer is Answer.TAKEN
    assert office.directory.calls == [("PUT", str(WHO)), ("DELETE", str(WHO))]


@pytest.mark.parametrize(
    ("status", "put", "delete"),
    [
        (200, Answer.TAKEN, Answer.TAKEN),
        (202, Answer.TAKEN, Answer.TAKEN),
        (302, Answer.FAILED, Answer.FAILED),
        (400, Answer.REFUSED, Answer.REFUSED),
        (403, Answer.FAILED, Answer.FAILED),
        (404, Answer.FAILED, Answer.TAKEN),
        (410, Answer.REFUSED, Answer.TAKEN),
        (422, Answer.REFUSED, Answer.REFUSED),
        (429, Answer.FAILED, Answer.FAILED),
        (500, Answer.FAILED, Answer.FAILED),
        (503, Answer.FAILED, Answer.FAILED),
    ],
)
def test_statuses_are_told_apart(
    office: DirectoryOffice, client: DirectoryClient, status: int, put: Answer, delete: Answer
) -> None:
    office.directory.headers["location"] = "https://127.0.0.1:1/"
    office.directory.statuses.extend([status, status])
    assert (client.put(WHO).answer, client.delete(WHO).answer) == (put, delete)


def test_a_directory_that_does_not_know_our_certificate_takes_nothing(office: DirectoryOffice, tmp_path: Path) -> None:
    profile = profile_for(office.directory)
    tls = tls_context(office.settings.directory_key_dir, profile)
    other = tmp_path / "directory-tls"
    tls.load_cert_chain(other / "directory.crt", other / "directory.key")
    with DirectoryClient(profile, tls, LOOPBACK) as stranger:
        assert stranger.put(WHO).answer is Answer.FAILED
    profile = profile_for(office.directory)
    with DirectoryClient(profile, anchors(office.settings.directory_key_dir, profile), LOOPBACK) as nobody:
        assert (nobody.put(WHO).answer, nobody.put(WHO).status) == (Answer.FAILED, 403)
    assert office.directory.calls == []


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("120", timedelta(minutes=2)),
        ("Mon, 23 Nov 2026 07:00:00 GMT", timedelta(hours=1)),
        ("Mon, 23 Nov 2026 05:00:00 GMT", timedelta(0)),
        ("999999999", MAX_WAIT),
        ("soon", timedelta(0)),
        ("", timedelta(0)),
        ("-5", timedelta(0)),
    ],
)
def test_a_retry_after_is_seconds_or_a_date_within_a_bound(text: str, wait: timedelta) -> None:
    assert wait_of(text, NOW) == wait


@pytest.mark.parametrize(
    "settings",
    [
        {"enabled": True},
        {"enabled": True, "url": "https://directory.example"},
        {"url": "http://directory.example"},
        {"url": "https://user@directory.example"},
        {"url": "https://directory.example/?a=b"},
        {"url": "https://directory.example/a b"},
        {"key": "../smp"},
        {"export": "ftp://directory.example"},
    ],
    ids=str,
)
def test_settings_that_lead_nowhere_are_refused(settings: dict[str, object]) -> None:
    section = Section(settings, "directory")
    DirectoryProfile.read(section)
    with pytest.raises(ConfigurationError):
        section.raise_problems("it")


def test_a_key_that_everybody_can_read_is_refused(office: DirectoryOffice) -> None:
    (office.settings.directory_key_dir / "smp.pem").chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        tls_context(office.settings.directory_key_dir, profile_for(office.directory))
