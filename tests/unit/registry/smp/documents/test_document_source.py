# SPDX-License-Identifier: Apache-2.0
import codecs

import pytest

from registry.errors import ValidationError
from registry.smp.documents.source import read_source

TEXT = "<a>Ærø</a>"


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        codecs.BOM_UTF8 + f"<?xml version='1.0' encoding='utf-8'?>{TEXT}".encode(),
        f'<?xml version="1.0" encoding="ISO-8859-1" standalone="yes"?>{TEXT}'.encode("latin-1"),
        f'<?xml version="1.0" encoding="UTF-16"?>{TEXT}'.encode("utf-16"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        codecs.BOM_UTF16_LE + f'<?xml version="1.0"?>{TEXT}'.encode("utf-16-le"),
    ],
)
def test_every_encoding_becomes_utf_8_without_a_declaration(data: bytes) -> None:
    root, source = read_source(data)
    assert root.text == "Ærø"
    assert source == TEXT.encode()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'<?xml version="1.0" encoding="utf-7"?><a/>', "XML_ENCODING"),
        (b"<a>\xff</a>", "XML_ENCODING"),
        (b"<!DOCTYPE a><a/>", "XML_DOCTYPE"),
        (b"<a>", "XML_NOT_WELL_FORMED"),
        (b"", "XML_NOT_WELL_FORMED"),
        (b"<a>" + b" " * 2_000_000 + b"</a>", "XML_TOO_LARGE"),
    ],
)
def test_what_the_parser_refuses_keeps_its_reason(data: bytes, reason: str) -> None:
    with pytest.raises(ValidationError) as refused:
        read_source(data)
    assert [r.id for r in refused.value.reasons] == [reason]
