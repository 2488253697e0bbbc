# SPDX-License-Identifier: Apache-2.0
"""Which files an import looks at, and what it takes them for."""

import gzip
from pathlib import Path

import pytest

from registry.errors import ValidationError
from registry.smp.exchange.sources import MAX_FILE_BYTES, SourceKind, files_of, read_document_file, source_kind


def test_files_of_a_folder_are_those_of_known_names_in_order_and_once(tmp_path: Path) -> None:
    for name in ("b.xml", "a.jsonl.gz", "c/d.xml.gz", "c/e.jsonl", "notes.txt", "f.gz"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    named = tmp_path / "notes.txt"
    found = files_of([named, tmp_path, tmp_path / "b.xml"])
    assert [str(file.relative_to(tmp_path)) for file in found] == [
        "notes.txt", "a.jsonl.gz", "b.xml", "c/d.xml.gz", "c/e.jsonl",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.xml", b"<ServiceGroup/>", SourceKind.DOCUMENT),
        ("a.xml", b"\xef\xbb\xbf<?xml version='1.0'?><!-- <smp-data> --><s:ServiceGroup/>", SourceKind.DOCUMENT),
        ("a.xml", b"<smp-data>", SourceKind.PHOSS_EXPORT),
        ("a.xml", b"<b:BusinessCard/>", SourceKind.BUSINESS_CARD),
        ("a.txt", b' {"format":1}', SourceKind.JSON_LINES),
        ("a.jsonl", b"", SourceKind.JSON_LINES),
        ("a.xml", b"", SourceKind.DOCUMENT),
        ("a.xml", b"\x00\xff" * 9000, SourceKind.DOCUMENT),
    ],
)
@pytest.mark.parametrize("compressed", [False, True])
def test_file_is_told_by_how_it_begins(
    tmp_path: Path, name: str, content: bytes, kind: SourceKind, *, compressed: bool
) -> None:
    file = tmp_path / (name + ".gz" if compressed else name)
    file.write_bytes(gzip.compress(content, mtime=0) if compressed else content)
    assert source_kind(file) is kind


def test_document_is_bounded_compressed_or_not(tmp_path: Path) -> None:
    small, large = tmp_path / "small.xml", tmp_path / "large.xml.gz"
    small.write_bytes(b"x" * MAX_FILE_BYTES)
    large.write_bytes(gzip.compress(b"x" * (MAX_FILE_BYTES + 1)))
    assert len(read_document_file(small)) == MAX_FILE_BYTES
    with pytest.raises(ValidationError, match="SMP-FILE-SIZE"):
        read_document_file(large)


@pytest.mark.parametrize("data", [b"", b"no gzip", gzip.compress(b"x" * 100, mtime=0)[:-9]])
def test_file_that_is_no_gzip_though_its_name_says_so_is_refused(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "a.xml.gz"
    file.write_bytes(data)
    if data:
        with pytest.raises(ValidationError, match="SMP-FILE-GZIP"):
            read_document_file(file)
    else:
        assert read_document_file(file) == b""
