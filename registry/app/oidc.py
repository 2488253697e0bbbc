# SPDX-License-Identifier: Apache-2.0
"""Login at an OpenID Connect provider, as the settings want it."""

from registry.accounts.oidc_logins import OidcLogins
from registry.accounts.role_mapping import RoleMapping
from registry.accounts.sessions import Sessions
from registry.settings import Settings
from registry.storage.engine import Database

CALLBACK = "/api/v1/session/oidc/callback"


def open_oidc(settings: Settings, database: Database, sessions: Sessions) -> OidcLogins | None:
    """None where the settings name no provider, which isn't asked before somebody logs in.

    Raises ConfigurationError for addresses, roles or a secret that can't be used.
    """
    if not settings.oidc_issuer:
        return None
    from registry.accounts.oidc import OidcProvider, OidcSettings  # heavy, and most have no provider

    provider = OidcProvider(
        OidcSettings(
            settings.oidc_issuer,
            settings.oidc_client_id,
            f"{settings.manage_public_url.rstrip('/')}{CALLBACK}",
            settings.oidc_client_secret,
            settings.oidc_groups_claim,
            settings.oidc_networks,
        ),
        database.now,
    )
    return OidcLogins(database, provider, [RoleMapping.parse(text) for text in settings.oidc_roles], sessions)
