# SPDX-License-Identifier: Apache-2.0
"""What REST says in Warning headers (RFC 7234 §5.5) of something that it has done all the same."""

import re

from registry.ui.rest import Answer

_TEXT = re.compile(r'\b299 - "([^"]*)"')


def warnings_of(answer: Answer) -> list[str]:
    """The texts."""
    return [text for header in answer.all("warning") for text in _TEXT.findall(header)]
