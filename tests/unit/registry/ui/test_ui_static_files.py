# SPDX-License-Identifier: Apache-2.0
"""What browsers keep: our style, and the one script of others, unchanged."""

import gzip
import hashlib

from registry.ui.static_files import StaticFiles
from tests.simulators.ui_messages import ROOT


def test_vendored_script_is_what_its_project_released() -> None:
    told, name = (ROOT / "static" / "htmx.min.js.sha256").read_text(encoding="ascii").split()
    assert hashlib.sha256((ROOT / "static" / name).read_bytes()).hexdigest() == told
    assert "Zero-Clause BSD" in (ROOT / "static" / "htmx.LICENSE").read_text(encoding="utf-8")


def test_file_is_compressed_for_who_takes_that_and_kept_for_good() -> None:
    files = StaticFiles("/ui")
    plain, packed = files.answer("style.css", ""), files.answer("style.css", "br, gzip;q=0.5")
    assert plain is not None
    assert packed is not None
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(bytes(packed.body)) == bytes(plain.body)
    assert "immutable" in packed.headers["cache-control"]


def test_path_of_a_file_names_its_content() -> None:
    version = hashlib.sha256((ROOT / "static" / "style.css").read_bytes()).hexdigest()[:16]
    assert StaticFiles("/ui").url("style.css") == f"/ui/static/style.css?v={version}"


def test_nothing_else_is_given_away() -> None:
    files = StaticFiles("/ui")
    for name in ("htmx.LICENSE", "../app.py", "..%2fapp.py", "", "style.css/"):
        assert files.answer(name, "") is None


def test_style_sheet_asks_nobody_else() -> None:
    text = (ROOT / "static" / "style.css").read_text(encoding="utf-8")
    assert "url(" not in text
    assert "@import" not in text
