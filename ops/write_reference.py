# SPDX-License-Identifier: Apache-2.0
"""Writes the tables of docs/reference that are made from code: today, the settings.

`make reference` runs it; a test fails where page and code differ.
"""

import sys
from pathlib import Path

from pydantic_core import PydanticUndefined

from registry.settings import Settings

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "settings.md"
BEGIN = "<!-- made by `make reference` from registry/settings.py: begin -->\n"
END = "<!-- end -->\n"


def settings_table() -> str:
    """The settings as a Markdown table, in the order of the code."""
    rows = ["| setting | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default in (None, PydanticUndefined) else f"`{field.default}`"
        rows.append(f"| `REGISTRY_{name.upper()}` | {default} | {field.description} |")
    return "\n".join(rows) + "\n"


def with_table(page: str) -> str:
    """The page with the table of today between its two marks."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{settings_table()}\n{END}{tail}"


def main() -> int:
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
