# SPDX-License-Identifier: Apache-2.0
"""What the rules of TS 119 612 say of real lists: the facts about them that are known from elsewhere."""

from collections import Counter
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from trust_lists.documents.checks import RULES, check, check_tree
from trust_lists.documents.findings import Finding, Level
from trust_lists.documents.reading import read_tree
from trust_lists.xml import MAX_LIST_BYTES, parse_xml

IN_FORCE = datetime(2023, 10, 20, tzinfo=UTC)
"""When the lists of the second generation were collected."""


@pytest.fixture(scope="module")
def lists(corpus: Path) -> Path:
    return corpus / "trust_lists"


@cache
def findings(path: Path, at: datetime | None) -> tuple[Finding, ...]:
    root = parse_xml(path.read_bytes(), max_bytes=MAX_LIST_BYTES)
    document = read_tree(root)
    return (*check(document, at=at), *check_tree(root, document))


def rules(path: Path, at: datetime | None = None, level: Level | None = None) -> set[str]:
    return {each.rule for each in findings(path, at) if level in (None, each.level)}


def generation(lists: Path, name: str = "gen-*") -> list[Path]:
    return sorted(lists.glob(f"{name}/*.xml"))


def test_a_list_that_is_not_valid_by_the_schema_keeps_all_the_rules(lists: Path) -> None:
    assert findings(lists / "gen-2023-10" / "LV_sn41.xml", IN_FORCE) == ()


def test_lists_past_their_next_update_are_warned_of(lists: Path) -> None:
    late = {
        path.name for path in generation(lists, "gen-2023-10") if "TS119612-5.3.15-EXPIRED" in rules(path, IN_FORCE)
    }
    assert late == {"FR_sn112.xml"}
    assert "TS119612-5.3.15-EXPIRED" in rules(lists / "gen-2019-09" / "NL_sn41.xml", datetime(2019, 9, 20, tzinfo=UTC))


def test_the_list_of_lists_may_not_be_past_its_next_update(lists: Path) -> None:
    lotl = lists / "gen-2026" / "eu-lotl_sn388_v6.xml"
    assert rules(lotl, datetime(2026, 6, 1, tzinfo=UTC), Level.ERROR) == set()
    assert rules(lotl, datetime(2026, 11, 19, tzinfo=UTC), Level.ERROR) == {"TS119612-5.3.15-LOTL"}


def test_the_british_list_is_closed(lists: Path) -> None:
    closed = {path.name for path in generation(lists) if "TS119612-5.3.15-CLOSED" in rules(path)}
    assert closed == {"UK_sn25.xml"}


def test_lists_of_version_5_are_of_the_past_since_april_2026(lists: Path) -> None:
    path = lists / "gen-2023-10" / "IS_sn24.xml"
    assert "TS119612-5.3.1-OLD" not in rules(path, IN_FORCE)
    assert "TS119612-5.3.1-OLD" in rules(path, datetime(2026, 4, 28, 22, tzinfo=UTC))
    assert "TS119612-5.3.1-OLD" not in rules(lists / "gen-2026" / "BE_sn81_v6.xml", datetime(2026, 6, 1, tzinfo=UTC))


def test_certificates_that_do_not_load_are_warned_of_and_keep_their_key(lists: Path) -> None:
    found = Counter(each.rule for path in generation(lists) for each in findings(path, None))
    assert found["LIST-CERTIFICATE-UNREADABLE"] == 14
    assert found["LIST-CERTIFICATE-WITHOUT-KEY"] == 0


def test_signers_that_are_in_force_are_warned_of_and_no_more(lists: Path) -> None:
    found = [
        each
        for path in generation(lists)
        for each in findings(path, None)
        if each.where.startswith("Signature/KeyInfo")
    ]
    assert {each.level for each in found} == {Level.WARNING}
    assert {"TS119612-5.7-EKU", "TS119612-5.7-KU", "TS119612-5.7-KEY"} <= {each.rule for each in found}


def test_the_norwegian_signer_has_2032_bits(lists: Path) -> None:
    (found,) = (
        each for each in findings(lists / "gen-2023-10" / "NO_sn71.xml", None) if each.rule == "TS119612-5.7-KEY"
    )
    assert "2032 bits" in found.message


def test_all_prescribe_the_two_transforms_and_one_certificate(lists: Path) -> None:
    for path in generation(lists):
        assert not {"TS119612-B.1", "TS119612-B.1-TRANSFORMS", "TS119612-B.1-KEYINFO", "TS119612-5.7"} & rules(path)


def test_a_list_that_is_broken_on_purpose_says_where(lists: Path) -> None:
    assert rules(lists / "special" / "fi-v6-no-supply-points-type.xml") >= {"TS119612-5.5.7-TYPE"}
    assert "TS119612-5.5.7-TYPE" not in rules(lists / "special" / "fi-v6.xml")
    assert "TS119612-B.1-PROPERTY" in rules(lists / "special" / "fi-v6-sig-cert.xml")
    assert "TS119612-B.1-PROPERTY" in rules(lists / "special" / "fi-v5-sig-cert-v2.xml")
    assert "TS119612-5.4.1" in rules(lists / "special" / "fi-v6-no-tsp-information.xml")
    assert "TS119612-5.7" in rules(lists / "special" / "EWC-TL.xml")


def test_the_estonian_test_lists_tell_wrong_types_and_statuses(lists: Path) -> None:
    folder = lists / "ee-test-tl"
    assert "TS119612-5.5.9.2" in rules(folder / "EE_T-CA-invalid-type.xml")
    assert "TS119612-5.5.4-KIND" in rules(folder / "EE_T-CA-non-qa.xml")
    assert "TS119612-5.3.10" in rules(folder / "EE_T.xml")


def test_only_known_rules_are_told(lists: Path) -> None:
    known = {rule.id: rule.level for rule in RULES}
    paths = [
        *generation(lists),
        *sorted((lists / "special").glob("*.xml")),
        *sorted((lists / "ee-test-tl").glob("*.xml")),
    ]
    for path in paths:
        for each in findings(path, None):
            assert known[each.rule] is each.level
