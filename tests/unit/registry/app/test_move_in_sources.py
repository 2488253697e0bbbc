# SPDX-License-Identifier: Apache-2.0
"""What an operator says of a source: told without secrets, and refused where something is missing."""

from pathlib import Path

import pytest

from registry.app.move_in_sources import SourceChoice, open_source, without_secrets
from registry.errors import ConfigurationError
from registry.move_in.model import SourceKind
from registry.settings import load_settings
from tests.simulators.offline import OfflineInstance


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("mysql+pymysql://reader:geheim@db.example.org:3306/phoss", "mysql+pymysql://db.example.org:3306/phoss"),
        ("postgresql://a:b%40c@[2001:db8::1]/smp?sslpassword=geheim", "postgresql://[2001:db8::1]/smp"),
        ("https://user:geheim@smp.example.org/base", "https://smp.example.org/base"),
        ("mysql://reader:ge@heim@db/phoss", "mysql://db/phoss"),
        ("", ""),
    ],
    ids=["mysql", "ipv6-and-options", "smp", "at-in-password", "none"],
)
def test_a_url_is_told_without_user_password_and_options(url: str, told: str) -> None:
    assert without_secrets(url) == told
    assert "geheim" not in repr(SourceChoice(SourceKind.PHOSS_SQL, url))


def test_a_source_is_told_by_its_file_or_its_url(tmp_path: Path) -> None:
    file = tmp_path / "dump.sql"
    url = "https://smp.example.org"
    assert SourceChoice(SourceKind.PHOSS_SQL, url, file).described == str(file)
    assert SourceChoice(SourceKind.PHOSS_SQL, url).described == url
    assert SourceChoice(SourceKind.SMP_CRAWL, url, file).described == url


def test_the_options_of_a_source_make_the_same_one_again() -> None:
    choice = SourceChoice(SourceKind.PHOSS_SQL, time_zone="Europe/Vienna", dialect="bdxr1", rate=2.5, old_domain="x")
    assert SourceChoice(SourceKind.PHOSS_SQL, **choice.options()) == choice


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [
        (SourceChoice(SourceKind.PHOSS_XML), "--file"),
        (SourceChoice(SourceKind.CSV), "--file"),
        (SourceChoice(SourceKind.PHOSS_SQL), "--url"),
        (SourceChoice(SourceKind.DOMISMP_SQL), "--url"),
        (SourceChoice(SourceKind.DOMISML_SQL), "--url"),
        (SourceChoice(SourceKind.SMP_CRAWL), "--url"),
        (SourceChoice(SourceKind.SMP_CRAWL, "https://smp.example.org"), "--file"),
        (SourceChoice(SourceKind.SMP_CRAWL, "https://a.example", dialect="soap"), "--dialect is one of"),
        (SourceChoice(SourceKind.PHOSS_SQL, "mysql://db.example/phoss", time_zone="Mars/Olympus"), "--time-zone"),
    ],
    ids=["xml", "csv", "phoss", "domismp", "domisml", "crawl", "list", "dialect", "time-zone"],
)
def test_what_is_missing_or_wrong_is_named(offline: OfflineInstance, choice: SourceChoice, wanted: str) -> None:
    with pytest.raises(ConfigurationError, match=wanted):
        open_source(offline.instance, load_settings(data_dir=offline.folder), choice, offline.stored)
