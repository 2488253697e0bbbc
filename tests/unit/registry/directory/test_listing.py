# SPDX-License-Identifier: Apache-2.0
"""What a directory lists is read as a stream in every form that phoss-directory writes, and nothing else is."""

import json
import ssl
from pathlib import Path

import pytest

from registry.directory.keys import anchors
from registry.directory.listing import open_export, read_export
from registry.errors import ConfigurationError, TechnicalError, ValidationError
from tests.simulators.directory_office import LOOPBACK, DirectoryOffice

TWO = ["iso6523-actorid-upis::0088:one", "iso6523-actorid-upis::9915:two"]
XML = '<root xmlns="http://www.peppol.eu/schema/pd/participant-generic/201910/" version="1" count="2">{}</root>'
ELEMENT = '<participantID scheme="iso6523-actorid-upis" value="{}"/>'
FORMS = {
    "csv": "\ufeff" + "".join(f'"{text}"\r\n' for text in ("Participant ID", *TWO)),
    "csv-of-cards": "Participant ID;Names\n" + "".join(f"{text};ACME\n" for text in TWO),
    "json": json.dumps({"version": 1, "creationdt": "2026-11-23T00:00:00Z", "count": 2, "participants": TWO}),
    "xml": XML.format(ELEMENT.format("0088:one") + ELEMENT.format("9915:two")),
    "xml-of-cards": '<root xmlns="urn:peppol:schema:pd:businesscard-generic:2025:03"><businesscard>'
    '<participant scheme="iso6523-actorid-upis" value="0088:one"/><entity countrycode="AT"><id scheme="a" value="b"/>'
    '</entity></businesscard><businesscard><participant scheme="iso6523-actorid-upis" value="9915:two"/></businesscard>'
    "</root>",
}
BROKEN = {
    "csv-without-a-scheme": "Participant ID\nnobody\n",
    "csv-with-an-endless-line": "Participant ID\n" + "x" * 10_000,
    "json-without-participants": '{"version": 1}',
    "json-that-breaks-off": '{"participants":["a::b",',
    "json-with-numbers": '{"participants":[1]}',
    "xml-that-breaks-off": "<root><participantID",
    "xml-with-entities": '<!DOCTYPE r [<!ENTITY e "x">]><root><participantID scheme="a" value="b"/></root>',
}


def read(path: Path) -> list[str]:
    with path.open("rb") as file:
        return [str(each) for each in read_export(file)]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_the_same(form: str, tmp_path: Path) -> None:
    (tmp_path / "export").write_text(FORMS[form], encoding="utf-8")
    assert read(tmp_path / "export") == TWO


@pytest.mark.parametrize("form", BROKEN)
def test_what_is_no_export_is_refused(form: str, tmp_path: Path) -> None:
    (tmp_path / "export").write_text(BROKEN[form])
    with pytest.raises(ValidationError, match="can't be read"):
        read(tmp_path / "export")


def test_json_longer_than_what_is_read_at_once_is_read_whole(tmp_path: Path) -> None:
    many = [f"iso6523-actorid-upis::0088:{number}" for number in range(20_000)]
    (tmp_path / "export").write_text('{"participants": [' + ", ".join(f'"{text}"' for text in many) + "]}")
    assert read(tmp_path / "export") == many


def test_the_export_of_a_directory_is_fetched_within_bounds(office: DirectoryOffice) -> None:
    office.directory.held = dict.fromkeys(TWO, b"")
    profile = office.stored.domain.directory
    tls = anchors(office.settings.directory_key_dir, profile)
    with open_export(profile.export_url, tls, LOOPBACK) as listed:
        assert [str(each) for each in listed] == TWO
    with pytest.raises(TechnicalError, match="too long"), open_export(profile.export_url, tls, LOOPBACK, max_bytes=9):
        pass
    with pytest.raises(TechnicalError, match="may not be asked"), open_export(profile.export_url, tls):
        pass
    with pytest.raises(TechnicalError, match="status 404"), open_export(f"{profile.url}/none", tls, LOOPBACK):
        pass


def test_a_file_that_is_missing_and_an_address_without_tls_are_refused(tmp_path: Path) -> None:
    tls = ssl.create_default_context()
    with pytest.raises(ConfigurationError), open_export(tmp_path / "none", tls):
        pass
    with pytest.raises(TechnicalError, match="isn't https"), open_export("http://directory.example/", tls):
        pass
