# SPDX-License-Identifier: Apache-2.0
"""Cookies that only this host gets, and no script (RFC 6265bis)."""


def cookie(name: str, value: str, scheme: str, max_age_s: int) -> str:
    """A Set-Cookie header; 0 seconds take the cookie away.

    Lax rather than Strict: who comes from a provider's page after a login has to be known here.
    """
    secure = "; Secure" if scheme == "https" else ""
    return f"{name}={value}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Lax{secure}"
