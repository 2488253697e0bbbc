# SPDX-License-Identifier: Apache-2.0
"""`registry business-card`: publish from a file, print in any version, withdraw."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from registry.cli.main import app
from registry.errors import NotFoundError, ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.smp.documents.business_card import (
    BusinessCard,
    BusinessEntity,
    Contact,
    EntityName,
    Version,
    write_business_card,
)

WHO = "iso6523-actorid-upis::0088:7300010000001"
ENTITY = BusinessEntity((EntityName("Exämple"),), "BE", registration_date=date(2026, 11, 22))
CARD = BusinessCard(ParticipantIdentifier.parse(WHO), (ENTITY,))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an instance in it: one domain without SML, one participant."""
    monkeypatch.setenv("REGISTRY_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("REGISTRY_LOG_LEVEL", "ERROR")
    monkeypatch.chdir(tmp_path)
    done("domain", "add", "demo", "--base-url", "https://smp.example.org")
    done("participant", "add", WHO)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def done(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def put(folder: Path, card: BusinessCard, *arguments: str) -> str:
    file = folder / "card.xml"
    file.write_bytes(write_business_card(card))
    return done("business-card", "put", str(file), *arguments)


def test_card_is_put_shown_and_deleted(folder: Path) -> None:
    assert put(folder, CARD) == f"{WHO}: created\n"
    assert put(folder, CARD, "--domain", "demo") == f"{WHO}: unchanged\n"
    assert json.loads(put(folder, replace(CARD, entities=()), "--json")) == {"participant": WHO, "outcome": "updated"}
    put(folder, CARD)
    assert done("business-card", "get", WHO).encode() == write_business_card(CARD) + b"\n"
    assert done("business-card", "delete", WHO) == f"{WHO}: deleted\n"
    assert isinstance(run("business-card", "get", WHO).exception, NotFoundError)
    assert isinstance(run("business-card", "delete", WHO, "--json").exception, NotFoundError)


def test_card_is_printed_as_json(folder: Path) -> None:
    put(folder, CARD)
    shown = json.loads(done("business-card", "get", WHO, "--json"))
    assert shown["participant"] == WHO
    (entity,) = shown["entities"]
    assert entity["names"] == [{"text": "Exämple", "language": ""}]
    assert (entity["country_code"], entity["registration_date"]) == ("BE", "2026-11-22")


def test_card_is_printed_in_older_versions_where_they_have_a_place_for_it(folder: Path) -> None:
    put(folder, CARD)
    assert done("business-card", "get", WHO, "--version", "2").encode() == write_business_card(CARD, Version.V2) + b"\n"
    put(folder, replace(CARD, entities=(replace(ENTITY, contacts=(Contact(name="Jane"),)),)))
    assert Version.V1.namespace in done("business-card", "get", WHO, "--version", "1")
    refused = run("business-card", "get", WHO, "--version", "2").exception
    assert isinstance(refused, ValidationError)
    assert [reason.id for reason in refused.reasons] == ["BUSINESS-CARD-VERSION"]
    assert run("business-card", "get", WHO, "--version", "4").exit_code == 2


def test_card_of_somebody_who_is_not_here_is_not_found(folder: Path) -> None:
    file = folder / "other.xml"
    file.write_bytes(write_business_card(BusinessCard(ParticipantIdentifier.parse("iso6523-actorid-upis::0088:404"))))
    assert isinstance(run("business-card", "put", str(file)).exception, NotFoundError)


def test_file_that_is_no_card_is_refused(folder: Path) -> None:
    (folder / "bad.xml").write_bytes(b"<a/>")
    assert isinstance(run("business-card", "put", "bad.xml").exception, ValidationError)
    assert run("business-card", "put", "missing.xml").exit_code == 2
