# SPDX-License-Identifier: Apache-2.0
"""zeep beside a test: a program of its own that makes each call that a test asks for, and tells what it saw."""

import base64
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).with_name("sml_zeep_steps.py")


@dataclass(frozen=True, slots=True)
class Seen:
    """What zeep made of an answer: the result, or the fault with its texts; `declared`: by the WSDL."""

    status: int
    result: Any
    fault: str | None
    text: str
    message: str
    declared: bool


@dataclass(frozen=True, slots=True)
class Zeep:
    """Makes calls with zeep, which loads WSDLs from a folder."""

    program: "subprocess.Popen[str]"

    def call(self, url: str, wsdl: str, operation: str, identity: Path | None, /, **fields: Any) -> Seen:
        """Call an operation of the service at `url` as `identity`, a PEM file."""
        assert self.program.stdin
        assert self.program.stdout
        step = {
            "url": url,
            "wsdl": wsdl,
            "operation": operation,
            "identity": str(identity) if identity else None,
            "fields": fields,
        }
        self.program.stdin.write(json.dumps(step, default=_plain) + "\n")
        self.program.stdin.flush()
        line = json.loads(self.program.stdout.readline())
        assert "error" not in line, line["error"]
        return Seen(
            line["status"],
            line["result"],
            line["fault"],
            line.get("text") or "",
            line.get("message") or "",
            bool(line.get("declared")),
        )


@contextmanager
def zeep_beside(python: str, wsdl: Path, ca: Path) -> Iterator[Zeep]:
    """Run the program while the block lasts."""
    command = [python, str(SCRIPT), "--wsdl", str(wsdl), "--ca", str(ca)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdin
        try:
            yield Zeep(program)
        finally:
            program.stdin.close()
            program.wait(20)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    assert isinstance(value, date)
    return {"day": value.isoformat()}
