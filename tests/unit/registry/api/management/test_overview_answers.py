# SPDX-License-Identifier: Apache-2.0
"""An overview that breaks off must not look complete, and what fails before it begins is told as any refusal."""

from collections.abc import Iterator

import pytest
import structlog.testing

from registry.demo.pki import DemoPki
from registry.errors import TechnicalError
from registry.smp.overviews import Overviews
from tests.simulators.management import Office, open_office


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[Office]:
    with open_office(tmp_path_factory.mktemp("office"), pki) as opened:
        yield opened


def test_failure_before_the_first_part_is_refused(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def parts(*_arguments: object) -> Iterator[bytes]:
        raise TechnicalError("the database failed: locked")
        yield b""

    monkeypatch.setattr(Overviews, "identifiers", parts)
    reply = office.client("phoss").ask("GET", "/servicegroupids/all")
    assert (reply.status, reply.body) == (500, b"the database failed: locked")


def test_failure_amid_the_parts_breaks_the_answer_off(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def parts(*_arguments: object) -> Iterator[bytes]:
        yield b"<servicegroupids>"
        raise RuntimeError("secret")

    monkeypatch.setattr(Overviews, "identifiers", parts)
    with structlog.testing.capture_logs() as logged:
        reply = office.client("phoss").ask("GET", "/servicegroupids/all")
    assert (reply.status, reply.body) == (200, b"<servicegroupids>")
    assert [entry["event"] for entry in logged] == ["management_request_failed"]


@pytest.mark.parametrize("management", ["native", "phoss", "domismp"])
def test_unforeseen_error_tells_nothing(office: Office, monkeypatch: pytest.MonkeyPatch, management: str) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(office.offline.instance.publishing, "delete_service_group", fail)
    with structlog.testing.capture_logs() as logged:
        reply = office.client(management).ask("DELETE", office.metadata().group_path)
    assert reply.status == 500
    assert b"secret" not in reply.body
    assert [entry["event"] for entry in logged] == ["management_request_failed"]
