# SPDX-License-Identifier: Apache-2.0
"""The form of a service: nothing is lost between what is published, its fields and what REST is asked for."""

import base64
import copy
from typing import Any

import pytest

from registry.ui.multipart import Part
from registry.ui.service_form import (
    ENDPOINTS,
    FIELDS,
    MAX_ENDPOINTS,
    MAX_PARTS,
    REDIRECT,
    REDIRECT_FIELDS,
    Block,
    Blocks,
    EndpointBlock,
    blocks_of,
    document,
    fill_in,
    read,
    stepped,
    too_large,
)

ONE, TWO = (base64.b64encode(each * 100).decode() for each in (b"one", b"two"))
EXTENSION = {"content": base64.b64encode(b"<x/>").decode()}
HELD: dict[str, Any] = {
    "document_type": {"scheme": "s", "value": "v"},
    "process_metadata": [
        {
            "processes": [
                {"scheme": "p", "value": "with::separator", "roles": ["r"], "extensions": [EXTENSION]},
                {"value": "without scheme"},
            ],
            "endpoints": [
                {
                    "transport_profile": "t1",
                    "address": "https://one.example/",
                    "certificates": [
                        {"der": ONE, "type_code": "c", "mime_code": "m", "expiration": "2027-01-31T00:00:00Z"},
                        {"der": TWO, "activation": "2027-01-31T00:00:00Z"},
                    ],
                    "require_business_level_signature": True,
                    "minimum_authentication_level": "",
                    "activation": "2027-01-31T06:00:00.123456+01:00",
                    "expiration": "2028-01-31T06:00:07Z",
                    "description": " two\r\nlines ",
                    "technical_contact": "one\nline",
                    "technical_information": "",
                    "extensions": [EXTENSION],
                },
                {"transport_profile": "t2"},
            ],
            "extensions": [EXTENSION],
        },
        {"processes": [], "redirect": {"href": "https://r.example/", "certificate": ONE, "extensions": [EXTENSION]}},
        {"processes": [], "redirect": {}},
    ],
    "extensions": [EXTENSION],
}


def sent(blocks: Blocks) -> dict[str, str]:
    """What a browser sends of these blocks: lines of areas end in CRLF, and lines of inputs are joined."""
    form: dict[str, str] = {}
    for number, block in enumerate(blocks):
        form |= {f"p{number}.kind": block.kind, f"p{number}.was": block.was}
        form |= {f"p{number}.process{each}": text for each, text in enumerate([*block.processes, ""])}
        form |= {f"p{number}.{name}": block.redirect[name].replace("\n", "\r\n") for name in REDIRECT_FIELDS}
        for each, endpoint in enumerate(block.endpoints):
            form[f"p{number}.e{each}.was"] = endpoint.was
            for name, value in endpoint.values.items():
                areas = name in {"description", "technical_information", "certificates"}
                form[f"p{number}.e{each}.{name}"] = value.replace("\r", "").replace("\n", "\r\n" if areas else "")
    return form


def wanted(held: dict[str, Any]) -> dict[str, Any]:
    """As REST is asked for it, where nothing was touched: without the document type, which the path says."""
    return {name: value for name, value in copy.deepcopy(held).items() if name != "document_type"}


def test_what_is_not_touched_stays_to_the_last_octet() -> None:
    assert document(read(sent(blocks_of(HELD)), {}), HELD) == wanted(HELD)


@pytest.mark.parametrize("name", [each for each in FIELDS if each != "certificates"])
def test_a_field_that_is_emptied_or_changed_changes_nothing_else(name: str) -> None:
    value = "2029-01-31T06:00" if name in {"activation", "expiration"} else "other"
    blocks = read(sent(blocks_of(HELD)), {})
    blocks[0].endpoints[0].values[name] = value
    after = wanted(HELD)
    after["process_metadata"][0]["endpoints"][0][name] = f"{value}:00Z" if "T" in value else value
    assert document(blocks, HELD) == after
    blocks = blocks_of(HELD)
    emptied = blocks[0].endpoints[0].values[name] != ""
    blocks[0].endpoints[0].values[name] = ""
    after = wanted(HELD)
    if emptied:
        del after["process_metadata"][0]["endpoints"][0][name]
        after["process_metadata"][0]["endpoints"][0].setdefault("transport_profile", "")
    assert document(blocks, HELD) == after


def test_another_certificate_takes_over_what_is_said_of_the_first_but_its_dates() -> None:
    blocks = read(sent(blocks_of(HELD)), {})
    blocks[0].endpoints[0].values["certificates"] = f"{TWO}"
    new = base64.b64encode(b"three").decode()
    blocks[0].endpoints[1].values["certificates"] = f"-----BEGIN CERTIFICATE-----\r\n{new}\r\n-----END CERTIFICATE-----"
    first, second = document(blocks, HELD)["process_metadata"][0]["endpoints"]
    assert first["certificates"] == [HELD["process_metadata"][0]["endpoints"][0]["certificates"][1]]
    assert second["certificates"] == [{"der": new}]
    blocks[0].endpoints[0].values["certificates"] = new
    (replaced,) = document(blocks, HELD)["process_metadata"][0]["endpoints"][0]["certificates"]
    assert replaced == {"der": new, "type_code": "c", "mime_code": "m"}


def test_blocks_that_were_taken_out_take_what_they_kept_with_them() -> None:
    blocks = blocks_of(HELD)
    stepped(blocks, "remove-endpoint:0:0")
    stepped(blocks, "remove-part:1")
    after = wanted(HELD)
    del after["process_metadata"][0]["endpoints"][0], after["process_metadata"][1]
    assert document(read(sent(blocks), {}), HELD) == after


def test_a_file_takes_the_place_of_the_text() -> None:
    form = sent(blocks_of(HELD))
    files = {
        "p0.e0.certificate_file": Part("p0.e0.certificate_file", "a.der", b"\x30\x01"),
        "p1.certificate_file": Part("p1.certificate_file", "b.pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END "),
    }
    parts = document(read(form, files), HELD)["process_metadata"]
    assert [each["der"] for each in parts[0]["endpoints"][0]["certificates"]] == ["MAE="]
    assert parts[1]["redirect"]["certificate"] == "AAAA"


def test_an_access_point_fills_an_endpoint_but_not_its_dates() -> None:
    block = EndpointBlock(values=dict.fromkeys(FIELDS, "typed"), access_point="ap")
    point = {"name": "ap", "transport_profile": "t", "address": "a", "certificates": [{"der": ONE}], "description": "d"}
    fill_in([Block(endpoints=[block])], {"ap": point})
    assert (block.values["address"], block.values["description"], block.access_point) == ("a", "d", "")
    assert (block.values["activation"], block.values["technical_contact"]) == ("typed", "")


@pytest.mark.parametrize(
    "step",
    [
        "",
        "add-endpoint",
        "add-endpoint:",
        "add-endpoint:7",
        "remove-endpoint:0",
        "remove-endpoint:0:9",
        "redirect:-1",
        "remove-part:9",
        "remove-part:²",
        "add-part:0:0:0:0:12345678901234567890",
        "publish",
    ],
)
def test_steps_that_no_button_has_remove_nothing(step: str) -> None:
    blocks = blocks_of(HELD)
    stepped(blocks, step)
    assert document(blocks[:3], HELD) == wanted(HELD)


def test_blocks_are_bounded() -> None:
    blocks = [Block()]
    for _ in range(MAX_PARTS + 5):
        stepped(blocks, "add-part")
    for _ in range(MAX_ENDPOINTS + 5):
        stepped(blocks, "add-endpoint:0")
    assert (len(blocks), len(blocks[0].endpoints)) == (MAX_PARTS, MAX_ENDPOINTS)
    stepped(blocks, "redirect:0")
    assert blocks[0].kind == REDIRECT
    stepped(blocks, "endpoints:0")
    assert blocks[0].kind == ENDPOINTS
    assert [len(read(sent(blocks), {})), too_large(document(blocks, {}))] == [MAX_PARTS, False]
    part = {"endpoints": [{"transport_profile": "t"}] * (MAX_ENDPOINTS + 1)}
    assert too_large({"process_metadata": [part]})
    assert too_large({"process_metadata": [{}] * (MAX_PARTS + 1)})


@pytest.mark.parametrize("was", ["9", "-1", "x", "²", "99999999999999999999"])
def test_a_block_of_something_that_is_not_there_is_a_new_one(was: str) -> None:
    blocks = blocks_of({"process_metadata": [{"endpoints": [{"transport_profile": "t"}]}]})
    blocks[0].was = was
    assert document(blocks, HELD)["process_metadata"] == [{"processes": [], "endpoints": [{"transport_profile": "t"}]}]
