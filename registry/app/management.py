# SPDX-License-Identifier: Apache-2.0
"""What the management listener serves, put together: documents, REST, AuthZEN, pages, probes."""

from fastapi import FastAPI

from registry.api.app import management_app
from registry.api.authzen import AuthzenApp
from registry.api.publishing import PublishingApp
from registry.api.v1.app import ApiV1
from registry.api.v1.context import ApiContext
from registry.app.api_context import api_context
from registry.app.certificate_metrics import certificate_gauges
from registry.app.directory_metrics import directory_gauges
from registry.app.health import Probes
from registry.app.instance import Instance
from registry.app.name_server_metrics import NameServerMetrics
from registry.app.trust_metrics import TrustMetrics
from registry.smp.http import SmpReadApp
from registry.ui.app import Ui


def open_management(
    instance: Instance,
    read_app: SmpReadApp,
    probes: Probes,
    context: ApiContext | None = None,
    *,
    public_url: str = "",
) -> FastAPI:
    """The application of the management listener.

    `context` is what the REST interface works with, `public_url` where clients reach the listener.
    """
    publishing = PublishingApp(
        instance.database,
        instance.directory,
        instance.publishing,
        instance.signer,
        instance.business_cards,
        read_app,
    )
    context = context or api_context(instance)
    trust, servers = TrustMetrics(instance), NameServerMetrics(instance, context.other_zones)
    return management_app(
        publishing,
        probes.health,
        readiness=probes.readiness,
        gauges=lambda: [*trust.gauges(), *servers.gauges(), *certificate_gauges(instance), *directory_gauges(instance)],
        rest=ApiV1(context),
        authzen=AuthzenApp(context, public_url),
        ui=lambda rest: Ui(rest, oidc=context.oidc_logins is not None),
    )
