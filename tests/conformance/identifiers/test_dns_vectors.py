# SPDX-License-Identifier: Apache-2.0
"""All DNS names, migration keys and SMP ids that the corpus collected from specifications, peers and live zones."""

import json
from pathlib import Path
from typing import Any

import pytest

from registry.identifiers.dns_names import (
    NameForm,
    hash_label,
    legacy_cname_owner,
    participant_name,
    participant_owner,
)
from registry.identifiers.migration_key import validate_migration_key
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.smp_id import validate_smp_id

Vectors = dict[str, Any]
COUNTS = {"naptr": 32, "naptr-federated-type2": 2, "cname": 7, "wildcard": 2, "historic-sha224": 1}


@pytest.fixture(scope="module")
def vectors(corpus: Path) -> Vectors:
    loaded: Vectors = json.loads((corpus / "sml" / "dns-vectors.json").read_text("utf-8"))
    return loaded


def named(vectors: Vectors, kind: str) -> list[Vectors]:
    rows = [row for row in vectors["names"] if row["kind"] == kind]
    assert len(rows) == COUNTS[kind]
    return rows


def identifier(row: Vectors) -> ParticipantIdentifier:
    return ParticipantIdentifier(row["scheme"] or "", row["value"])


def form(row: Vectors) -> NameForm:
    labels = ["{hash}", *(["{icd}"] if "icd_label" in row else []), *(["{scheme}"] if has_label(row) else [])]
    return NameForm(".".join(labels), row.get("lowercase_before_hash", True))


def has_label(row: Vectors) -> bool:
    return bool(row.get("scheme_as_label", True))


def test_every_kind_of_name_is_covered(vectors: Vectors) -> None:
    assert {row["kind"] for row in vectors["names"]} == set(COUNTS)


def test_sml_1_3_0_and_bdxl_1_6_naptr_names(vectors: Vectors) -> None:
    rows = named(vectors, "naptr")
    names = [participant_name(identifier(row), row["zone"], form(row)) for row in rows]
    assert names == [row["name"] for row in rows]


def test_bdxl_1_6_names_do_not_need_a_form_for_ebcore_party_ids(vectors: Vectors) -> None:
    for row in named(vectors, "naptr"):
        default = NameForm(lowercase_before_hash=row["lowercase_before_hash"])
        assert participant_name(identifier(row), row["zone"], default) == row["name"]


def test_sml_1_3_0_labels(vectors: Vectors) -> None:
    rows = [row for row in vectors["names"] if "label_upper" in row]
    assert len(rows) == 34
    assert [hash_label(row["hash_input"]).upper() for row in rows] == [row["label_upper"] for row in rows]


def test_federated_option_d_names(vectors: Vectors) -> None:
    rows = named(vectors, "naptr-federated-type2")
    names = [participant_name(identifier(row), row["zone"], form(row)) for row in rows]
    assert names == [row["name"] for row in rows]


def test_federated_type_1_names_from_the_zone_above_all_agencies(vectors: Vectors) -> None:
    """A delegated zone `<icd>.iso6523.…` has its own name in each of its names: both ways lead to one."""
    type_1 = NameForm("{hash}.{scheme}.{icd}.iso6523")
    rows = [row for row in named(vectors, "naptr") if ".iso6523." in row["name"]]
    assert len(rows) == 5
    for row in rows:
        above = row["zone"].split(".iso6523.")[1]
        assert participant_name(identifier(row), above, type_1) == row["name"]


def test_sad_13_1_2_legacy_cname_names(vectors: Vectors) -> None:
    rows = named(vectors, "cname")
    names = [f"{legacy_cname_owner(identifier(row), form(row))}.{row['zone']}" for row in rows]
    assert names == [row["name"] for row in rows]


def test_sad_wildcard_names(vectors: Vectors) -> None:
    rows = named(vectors, "wildcard")
    names = [participant_name(identifier(row), row["zone"]) for row in rows]
    assert names == [row["name"] for row in rows]
    assert hash_label("*").upper() in rows[0]["note"]


def test_names_of_2015_are_never_produced(vectors: Vectors) -> None:
    for row in named(vectors, "historic-sha224"):
        owner = row["name"].removesuffix(f".{row['zone']}")
        assert participant_owner(identifier(row)) != owner
        assert legacy_cname_owner(identifier(row)) != owner


def test_icd_1_30_migration_keys(vectors: Vectors) -> None:
    keys = vectors["migration_key"]
    assert (len(keys["valid"]), len(keys["invalid"])) == (4, 15)
    assert [key for key in keys["valid"] if validate_migration_key(key)] == []
    assert [key for key in keys["invalid"] if not validate_migration_key(key)] == []


def test_icd_1_30_smp_ids(vectors: Vectors) -> None:
    smp_ids = vectors["smp_id"]
    assert (len(smp_ids["valid"]), len(smp_ids["invalid"])) == (11, 21)
    assert [smp_id for smp_id in smp_ids["valid"] if validate_smp_id(smp_id)] == []
    assert [smp_id for smp_id in smp_ids["invalid"] if not validate_smp_id(smp_id)] == []
    assert not validate_smp_id("a" * smp_ids["max_label"])
    assert validate_smp_id("a" * (smp_ids["max_label"] + 1))
    assert validate_smp_id("a." * (smp_ids["phoss_max"] // 2) + "a")
