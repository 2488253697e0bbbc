# SPDX-License-Identifier: Apache-2.0
"""The publisher API of an instance: the routes of every part, put together."""

from registry.app.instance import Instance
from registry.sml.certificate_self_service import CertificateSelfService
from registry.sml.migration_routes import MigrationRoutes
from registry.sml.publisher_api import PublisherApi, Route
from registry.sml.publisher_routes import PublisherRoutes
from registry.sml.repeated_routes import repeated_routes
from registry.sml.soap import CallerOf, tls_caller
from registry.sml.visibility_routes import VisibilityRoutes


def publisher_api(instance: Instance, *, caller_of: CallerOf = tls_caller) -> PublisherApi:
    """What the SML listener answers below `/edelivery-sml/v1/`."""
    return PublisherApi(repeated_routes(instance.sml.calls, publisher_api_routes(instance)), caller_of=caller_of)


def publisher_api_routes(instance: Instance) -> list[Route]:
    """Each part adds its own here; they work with `instance.sml.calls`."""
    certificates = CertificateSelfService(instance.database, instance.sml.calls, instance.trust_models.of)
    migrations = MigrationRoutes(instance.sml.calls, instance.registrar)
    visibility = VisibilityRoutes(instance.database, instance.sml.calls)
    return [
        *PublisherRoutes(instance.sml.calls).routes,
        *migrations.routes,
        *certificates.routes,
        *visibility.routes,
    ]
