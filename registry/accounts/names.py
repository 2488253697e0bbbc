# SPDX-License-Identifier: Apache-2.0
"""Names of accounts: what they may be, when two are the same, and what the audit calls an account."""

import re
import unicodedata
from collections.abc import Sequence

from registry.errors import Reason

_MAX_NAME = 128
_MAX_TEXT = 200
_ERASED = re.compile(r"erased-[0-9]+")


def name_key(name: str) -> str:
    """Equal for names that nobody could tell apart by writing them in another case or form.

    Of any text: what can't be in a name, and some of it not in a database either, is replaced.
    """
    printable = "".join(char if char.isprintable() else "\ufffd" for char in name)
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", printable).casefold())


def erased_name(account_id: int) -> str:
    """What an account is called after it was erased."""
    return f"erased-{account_id}"


def audit_name(kind: str, account_id: int, name: str) -> str:
    """What the audit calls an account, as actor and as subject: people by a number, since names are personal."""
    return f"person:{account_id}" if kind == "person" else f"{kind}:{name}"


def name_reasons(name: str) -> Sequence[Reason]:
    """Why an account can't be called so."""
    # What is compared has to fit the column, too: a character may become several.
    if not name.strip() or name != name.strip() or not name.isprintable() or len(name_key(name)) > _MAX_NAME:
        return [Reason("ACCOUNT-NAME", f"an account's name has 1 to {_MAX_NAME} printable characters, no space around")]
    if _ERASED.fullmatch(name_key(name)):
        return [Reason("ACCOUNT-NAME", f"{name} would look like an account that was erased")]
    return []


def text_reasons(display_name: str, email: str) -> Sequence[Reason]:
    """Why an account can't have this display name or e-mail address."""
    reasons = []
    if len(display_name) > _MAX_TEXT or not display_name.isprintable():
        message = f"a display name has at most {_MAX_TEXT} printable characters"
        reasons.append(Reason("ACCOUNT-DISPLAY-NAME", message))
    local, at, host = email.rpartition("@")
    if email and not (local and at and host and email.isprintable() and " " not in email and len(email) <= _MAX_TEXT):
        reasons.append(Reason("ACCOUNT-EMAIL", "an e-mail address looks like name@host"))
    return reasons
