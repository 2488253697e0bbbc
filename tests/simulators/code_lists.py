# SPDX-License-Identifier: Apache-2.0
"""Code lists of a test's own, in the form of OpenPeppol's JSON files."""

import json
from pathlib import Path


def participant_list(version: str = "1", **states: str) -> bytes:
    """ICDs with their states, such as `i0088="active"`."""
    return code_list(version, *({"iso6523": icd[1:], "state": state} for icd, state in states.items()))


def code_list(version: str, *rows: dict[str, object]) -> bytes:
    """A list with these rows."""
    return json.dumps({"version": version, "entry-count": len(rows), "values": rows}).encode()


def written(folder: Path, *lists: bytes) -> list[Path]:
    """The lists as files."""
    files = [folder / f"list-{number}.json" for number in range(len(lists))]
    for file, data in zip(files, lists, strict=True):
        file.write_bytes(data)
    return files
