# SPDX-License-Identifier: Apache-2.0
"""The directory on pages: how it stands, telling it again after that was confirmed, orphans."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from registry.accounts.permissions import Role, Scope
from registry.demo.pki import DemoPki
from tests.simulators.directory_office import DirectoryOffice, directory_office
from tests.simulators.ui_office import HOSTILE, Browser, UiOffice, check_harmless, links_of, text

PLACE = "/ui/domains/demo/directory"


@dataclass
class Desk:
    office: DirectoryOffice
    ui: UiOffice
    edda: Browser


@pytest.fixture
def desk(tmp_path: Path, pki: DemoPki) -> Iterator[Desk]:
    with directory_office(tmp_path, pki) as office:
        ui = UiOffice(office.offline)
        ui.person("edda", Role.EDITOR, Scope(office.stored.id))
        ui.person("victor", Role.VIEWER, Scope(office.stored.id))
        yield Desk(office, ui, ui.browser("edda"))


def test_the_page_tells_what_the_directory_did_not_take(desk: Desk) -> None:
    one = desk.office.publish("0088:one")
    desk.office.directory.statuses.append(400)
    desk.office.push()
    page = desk.edda.get(PLACE)
    assert str(one) in text(page)
    assert "status 400" in text(page)
    assert f"{PLACE}/retry" in links_of(page)
    assert str(one) not in text(desk.edda.get(f"{PLACE}?state=current"))
    assert 'role="alert"' in text(desk.edda.get(f"{PLACE}?state=nonsense"))
    own = text(desk.edda.get(f"/ui/domains/demo/participants/{one}"))
    assert "status 400" in own


def test_it_is_tried_again_after_that_was_confirmed(desk: Desk) -> None:
    one = desk.office.publish("0088:one")
    desk.office.directory.statuses.append(400)
    desk.office.push()
    assert "within seconds" in text(desk.edda.get(f"{PLACE}/retry?participant={one}"))
    done = desk.edda.submit(f"{PLACE}/retry?participant={one}")
    assert done.headers["location"] == PLACE
    desk.office.work()
    assert list(desk.office.directory.held) == [str(one)]


def test_it_is_told_of_what_differs_after_that_was_confirmed(desk: Desk) -> None:
    desk.office.publish("0088:one")
    assert "It is told of" in text(desk.edda.get(f"{PLACE}/push"))
    assert desk.edda.submit(f"{PLACE}/push").headers["location"].startswith("/ui/jobs/")
    desk.office.work()
    desk.edda.submit(f"{PLACE}/push?what=every")
    desk.office.work()
    assert len(desk.office.directory.calls) == 2


def test_orphans_are_shown_by_kind_and_put_right_after_that_was_confirmed(desk: Desk) -> None:
    assert "Nobody has compared them lately." in text(desk.edda.get(f"{PLACE}/orphans"))
    one = desk.office.publish("0088:one")
    desk.office.work()
    desk.office.directory.held = {f"iso6523-actorid-upis::0088:{HOSTILE}": b""}
    assert desk.edda.submit(f"{PLACE}/orphans").headers["location"].startswith("/ui/jobs/")
    desk.office.work()
    page = desk.edda.get(f"{PLACE}/orphans")
    check_harmless(page)
    assert "The directory lacks a participant" in text(page)
    assert str(one) in text(page)
    assert "/api/v1/domains/demo/directory/orphans.csv" in links_of(page)
    assert "compared anew" in text(desk.edda.get(f"{PLACE}/orphans/correct"))
    desk.edda.post(f"{PLACE}/orphans", correct="yes")
    desk.office.work()
    assert str(one) in desk.office.directory.held


def test_who_only_looks_is_offered_nothing_and_refused(desk: Desk) -> None:
    victor = desk.ui.browser("victor")
    assert links_of(victor.get(PLACE)).isdisjoint({f"{PLACE}/push", f"{PLACE}/retry"})
    assert victor.post(f"{PLACE}/push", what="every").status == 403
    assert victor.post(f"{PLACE}/orphans").status == 403


@pytest.mark.parametrize("language", ["de", "fr"])
def test_the_pages_are_there_in_every_language(desk: Desk, language: str) -> None:
    desk.office.publish("0088:one")
    for place in (PLACE, f"{PLACE}/push", f"{PLACE}/retry", f"{PLACE}/orphans", f"{PLACE}/orphans/correct"):
        assert desk.edda.get(place, accept_language=language).status == 200
