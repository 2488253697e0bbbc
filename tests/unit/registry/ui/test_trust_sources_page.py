# SPDX-License-Identifier: Apache-2.0
"""The page of a trust model's sources, of what REST answers about lists: overdue, refused, not fetched."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from registry.api.v1.trust_sources import sources_model
from registry.trust.sources import DocumentState, Signature, SourceState, SourceStates, Tally
from registry.ui.locales import LANGUAGES
from registry.ui.rendering import make_environment
from tests.simulators.certificate_chains import NOW
from tests.simulators.ui_office import HOSTILE
from trust_lists.sources.evidence_manifest import Attempt, Kind, State


def document(
    state: State, signature: Signature, *problems: str, due: datetime | None = None, detail: str = ""
) -> DocumentState:
    attempt = Attempt(Kind.LIST, f"https://lists.example/{HOSTILE}", state, "lists", "BE", detail=detail)
    return DocumentState(attempt, signature, problems, 7, NOW, due)


def page(states: SourceStates, language: str = "en") -> str:
    held = sources_model("demo", "00" * 32, NOW - timedelta(hours=5), states, NOW).model_dump(mode="json")
    template = make_environment(lambda name: f"/{name}").get_template("trust_sources.html")
    around: dict[str, Any] = {
        "shell": None,
        "theme": "auto",
        "here": "/ui",
        "flash": None,
        "flashes": {},
        "oidc": False,
    }
    return template.render(**around, language=language, request_id="", domain="demo", held=held)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_document_is_shown_with_its_state_signature_and_the_day_of_the_next_one(language: str) -> None:
    documents = (
        document(State.FETCHED, Signature.VERIFIED, due=NOW + timedelta(days=1)),
        document(State.KEPT, Signature.VERIFIED, "WARNING_EUTL_NEXTUPDATE_PASSED", due=NOW - timedelta(days=1)),
        document(State.FETCHED, Signature.REFUSED, HOSTILE),
        document(State.FAILED, Signature.UNKNOWN, detail="nobody answers"),
        document(State.FETCHED, Signature.CHAINED),
    )
    sources = (
        SourceState("lists", "lotl", "https://lists.example", documents),
        SourceState("none", "tl", "file:x", ()),
    )
    found = page(SourceStates(sources, (Tally("ocsp", 3, 2, 1),), documents[3:4]), language)
    assert "<script>alert" not in found
    assert "WARNING_EUTL_NEXTUPDATE_PASSED" in found
    assert found.count("nobody answers") == 2, "in the list, and among the failures"
    if language == "en":
        assert found.count("overdue") == 1
        assert "5 hours ago" in found
        assert "does not count" in found
        assert "Nobody has tried to fetch it yet." in found
