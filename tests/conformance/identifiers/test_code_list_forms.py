# SPDX-License-Identifier: Apache-2.0
"""The three forms in which OpenPeppol publishes its code lists 9.7 say the same."""

from pathlib import Path

import pytest

from registry.errors import ValidationError
from registry.identifiers.code_list_files import read_code_list
from registry.identifiers.code_lists import CodeList


@pytest.mark.parametrize(
    "name", ["participant-identifier-schemes", "document-types", "processes", "transport-profiles"]
)
def test_json_xml_and_genericode_give_the_same_list(name: str, corpus: Path) -> None:
    folder = corpus / "smp" / "codelists" / "v9.7"
    read = [read_code_list((folder / f"{name}-v9.7.{form}").read_bytes()) for form in ("json", "xml", "gc")]
    assert read[0][0] == read[1][0] == read[2][0]
    for item, content in read:
        assert CodeList.from_json(content.encode()) == item


@pytest.mark.parametrize("form", ["json", "xml", "gc"])
def test_the_list_of_use_cases_is_none_that_identifiers_need(form: str, corpus: Path) -> None:
    with pytest.raises(ValidationError, match="use-case-id"):
        read_code_list((corpus / "smp" / "codelists" / "v9.7" / f"spis-use-case-v9.7.{form}").read_bytes())
