# SPDX-License-Identifier: Apache-2.0
"""Forms with files are taken apart octet by octet, and what no browser sends is refused."""

import itertools

import pytest

from registry.ui.multipart import MAX_BOUNDARY, MAX_HEAD, MAX_PARTS, MultipartError, Part, parse_multipart

TYPE = "multipart/form-data; boundary=b-1"
FIELD = b'--b-1\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
END = b"--b-1--\r\n"


def file(content: bytes, name: str = "t.csv", more: bytes = b"") -> bytes:
    head = b'--b-1\r\nContent-Disposition: form-data; name="file"; filename="' + name.encode() + b'"\r\n'
    return head + b"Content-Type: text/csv\r\n" + more + b"\r\n" + content + b"\r\n"


def test_fields_and_files_come_in_their_order() -> None:
    assert parse_multipart(TYPE, FIELD + file(b"x") + FIELD + END) == [
        Part("a", None, b"1"),
        Part("file", "t.csv", b"x"),
        Part("a", None, b"1"),
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\r\n",
        b"\n",
        b"\r",
        b"a\r\r\n",
        b"--b-",
        b"\n--b-1",
        bytes(range(256)),
        b"Content-Type: x\r\n\r\ny",
        b"--",
    ],
    ids=itertools.count(),
)
def test_content_is_the_same_octets(content: bytes) -> None:
    assert parse_multipart(TYPE, file(content) + END)[0].content == content


def test_no_file_chosen_is_a_file_without_a_name() -> None:
    assert parse_multipart(TYPE, file(b"", "") + END) == [Part("file", "", b"")]


def test_form_without_fields_is_one() -> None:
    assert parse_multipart(TYPE, END) == []


@pytest.mark.parametrize("name", ["Größe.jsonl", "a;b.jsonl", "../../x.jsonl", "a%22b.jsonl"])
def test_names_of_files_keep_their_ends(name: str) -> None:
    filename = parse_multipart(TYPE, file(b"", name) + END)[0].filename
    assert filename is not None
    assert filename.endswith(".jsonl")


def test_parts_inside_of_a_part_are_its_content() -> None:
    inner = b"--i\r\nContent-Disposition: form-data; name=x\r\n\r\ny\r\n--i--\r\n"
    more = b"Content-Type: multipart/mixed; boundary=i\r\n"
    (part,) = parse_multipart(
        TYPE, b'--b-1\r\nContent-Disposition: form-data; name="file"\r\n' + more + b"\r\n" + inner + b"\r\n" + END
    )
    assert part.content == inner


def test_preamble_epilogue_and_padding_are_left_aside() -> None:
    padded = FIELD.replace(b"--b-1\r\n", b"--b-1 \t\r\n")
    assert parse_multipart(TYPE, b"before\r\n" + padded + END + b"behind") == [Part("a", None, b"1")]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("", FIELD + END),
        ("application/x-www-form-urlencoded", FIELD + END),
        ("multipart/mixed; boundary=b-1", FIELD + END),
        ("multipart/form-data", FIELD + END),
        ("multipart/form-data; boundary=", FIELD + END),
        ("multipart/form-data; boundary=é", FIELD + END),
        (f"multipart/form-data; boundary={'b' * (MAX_BOUNDARY + 1)}", FIELD + END),
        ("multipart/form-data; boundary=other", FIELD + END),
        (TYPE, b""),
        (TYPE, FIELD),
        (TYPE, file(b"cut off")[:-2]),
        (TYPE, b"--b-1\r\n\r\n1\r\n" + END),
        (TYPE, b"--b-1\r\nContent-Disposition: form-data\r\n\r\n1\r\n" + END),
        (TYPE, b'--b-1\r\nContent-Disposition: form-data; name=""\r\n\r\n1\r\n' + END),
        (TYPE, b'--b-1\r\nContent-Disposition: attachment; name="a"\r\n\r\n1\r\n' + END),
        (TYPE, b"--b-1\r\nContent-Disposition: form-data; name*=utf-8''a\r\n\r\n1\r\n" + END),
        (TYPE, b'--b-1\r\nContent-Disposition: form-data; name="a"\r\n1\r\n' + END),
        (TYPE, FIELD.replace(b"--b-1\r\n", b"--b-1x\r\n") + END),
        (TYPE, file(b"eA==", more=b"Content-Transfer-Encoding: base64\r\n") + END),
        (TYPE, file(b"", more=b"X: " + b"x" * MAX_HEAD + b"\r\n") + END),
        (TYPE, FIELD * (MAX_PARTS + 1) + END),
    ],
    ids=itertools.count(),
)
def test_what_no_browser_sends_is_refused(content_type: str, body: bytes) -> None:
    with pytest.raises(MultipartError):
        parse_multipart(content_type, body)


def test_as_many_fields_as_allowed_are_taken() -> None:
    assert len(parse_multipart(TYPE, FIELD * MAX_PARTS + END)) == MAX_PARTS


def test_no_cut_of_a_form_is_anything_but_refused_or_taken() -> None:
    whole = FIELD + file(b"x\r\ny") + END
    for length in range(len(whole)):
        try:
            parts = parse_multipart(TYPE, whole[:length])
        except MultipartError:
            continue
        assert len(parts) == 2
