# SPDX-License-Identifier: Apache-2.0
"""Names computed by programs that we did not write, and the zone of a running instance as foreign clients see it."""

import subprocess
from collections.abc import Callable
from typing import Any

import pytest

NameOf = Callable[..., str]


@pytest.fixture(scope="session")
def name_of(tool: Any) -> NameOf:
    """The DNS name of a participant by `openssl` and `base32` (interop.md §4b); nothing of ours takes part."""
    openssl, base32 = tool.path("openssl"), tool.path("base32")

    def compute(value: str, scheme: str = "iso6523-actorid-upis", zone: str = "sml.test") -> str:
        hashing = [openssl, "dgst", "-sha256", "-binary"]
        digest = subprocess.run(hashing, input=value.lower().encode(), capture_output=True, check=True).stdout
        encoded = subprocess.run([base32, "--wrap=0"], input=digest, capture_output=True, check=True).stdout
        return f"{encoded.decode().rstrip('=')}.{scheme}.{zone}"

    return compute
