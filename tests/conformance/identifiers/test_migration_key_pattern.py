# SPDX-License-Identifier: Apache-2.0
"""Migration keys are judged as the clients in the field judge them (ICD 1.30; the regular expression of the corpus)."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.identifiers.migration_key import SPECIAL, validate_migration_key

KEYS = st.text(alphabet=f"1234AABBccdd{SPECIAL}. \n§", min_size=6, max_size=26)


@pytest.fixture(scope="module")
def pattern(corpus: Path) -> re.Pattern[str]:
    vectors = json.loads((corpus / "sml" / "dns-vectors.json").read_text("utf-8"))
    return re.compile(vectors["migration_key"]["regex"])


@given(key=KEYS)
def test_icd_1_30_same_verdict_as_the_clients_pattern(pattern: re.Pattern[str], key: str) -> None:
    assert (validate_migration_key(key) == ()) == bool(pattern.fullmatch(key))
