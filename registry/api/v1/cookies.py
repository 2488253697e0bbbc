# SPDX-License-Identifier: Apache-2.0
"""Cookies that only this host gets, and no script (RFC 6265bis)."""

from http.cookies import CookieError, SimpleCookie


def host_cookie(name: str, scheme: str) -> str:
    """The name of a cookie; over TLS one that no other host and no plain page can set (RFC 6265bis §4.1.3.2)."""
    return f"__Host-{name}" if scheme == "https" else name


def sent_cookie(header: str, name: str) -> str:
    """The value of a cookie in a Cookie header; empty where it isn't there."""
    try:
        found = SimpleCookie(header).get(name)
    except CookieError:
        return ""
    return found.value if found else ""


def cookie(name: str, value: str, scheme: str, max_age_s: int) -> str:
    """A Set-Cookie header; 0 seconds take the cookie away.

    Lax rather than Strict: who comes from a provider's page after a login has to be known here.
    """
    secure = "; Secure" if scheme == "https" else ""
    return f"{name}={value}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Lax{secure}"
