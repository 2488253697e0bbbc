# SPDX-License-Identifier: Apache-2.0
"""Settings of mails and webhooks: what belongs together is there together, and no password travels in clear."""

from pathlib import Path
from typing import Any

import pytest

from registry.errors import ConfigurationError
from registry.settings import load_settings

MAIL = {"smtp_host": "mail.example.org", "alert_sender": "registry@example.org"}


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"smtp_host": "mail.example.org"}, "ALERT_SENDER"),
        (MAIL | {"alert_sender": "nobody"}, "(?i)alert_sender"),
        (MAIL | {"alert_sender": "a@example.org\nBcc: b@example.org"}, "(?i)alert_sender"),
        (MAIL | {"smtp_user": "ops"}, "SMTP_PASSWORD_FILE"),
        (MAIL | {"smtp_password_file": Path("x")}, "SMTP_USER"),
        (MAIL | {"smtp_user": "ops", "smtp_password_file": Path("x"), "smtp_tls": "none"}, "in clear"),
        (MAIL | {"smtp_tls": "perhaps"}, "(?i)smtp_tls"),
        ({"alert_networks": ("everything",)}, "ALERT_NETWORKS"),
    ],
    ids=["sender", "address", "header", "password", "user", "clear", "tls", "networks"],
)
def test_settings_that_do_not_fit_are_refused(tmp_path: Path, settings: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        load_settings(data_dir=tmp_path, **settings)


def test_mail_is_protected_by_default(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, **MAIL)
    assert (settings.smtp_tls, settings.smtp_port) == ("starttls", 587)
