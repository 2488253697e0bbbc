# SPDX-License-Identifier: Apache-2.0
"""Settings that somebody has typed, as YAML or JSON, which is YAML, too."""

import json
from collections.abc import Mapping
from typing import Any

import yaml

from registry.ui.labels import mark

NO_SETTINGS = mark("The further settings are neither YAML nor JSON.")
NO_MAPPING = mark("The further settings have to be names with values, as in: title: Our network")
A_KEY = mark("A private key is in the further settings. Keys never go over a page: make another one, and use that.")
_KEY = "PRIVATE KEY-----"


class SettingsTextError(Exception):
    """A text that holds no settings; `messages` say why, the first of them to be translated."""

    def __init__(self, *messages: str) -> None:
        super().__init__(*messages)
        self.messages = list(messages)

    @property
    def is_shown_again(self) -> bool:
        """Whether the text may come back to be corrected: a secret may not."""
        return A_KEY not in self.messages


class _Loader(yaml.SafeLoader):
    """Values as JSON has them; no aliases, by which a few octets would stand for many (CWE-776)."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases aren't taken")
        return super().compose_node(parent, index)


# A date is a text in settings.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def parse_settings(text: str) -> dict[str, Any]:
    """Settings as JSON has them; none where there is no text. Raises SettingsTextError."""
    if not text.strip():
        return {}
    if _KEY in text:
        raise SettingsTextError(A_KEY)
    try:
        found = yaml.load(text, _Loader)  # noqa: S506  # it is a SafeLoader
        plain = json.loads(json.dumps(found, allow_nan=False))
    except RecursionError:
        raise SettingsTextError(NO_SETTINGS, "it is nested too deep") from None
    except (yaml.YAMLError, ValueError, TypeError) as error:
        raise SettingsTextError(NO_SETTINGS, " ".join(str(error).split())[:300]) from error
    if not isinstance(plain, dict):
        raise SettingsTextError(NO_MAPPING)
    return plain


def lay_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Both together; `above` wins key by key."""
    laid = dict(below)
    for name, value in above.items():
        old = laid.get(name)
        laid[name] = lay_over(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return laid
