# SPDX-License-Identifier: Apache-2.0
"""The job that activates a planned signing key at its instant; once, whoever runs it, and however often."""

from typing import Any

from registry.app.instance import Instance
from registry.app.signing_job import request_signing
from registry.errors import NotFoundError
from registry.jobs.worker import JobContext
from registry.smp.signing_keys import SigningKeys
from registry.storage.domain_directory import StoredDomain


def signing_keys_of(instance: Instance, stored: StoredDomain) -> SigningKeys:
    """The signing keys of a domain of an instance."""
    return SigningKeys(instance.database, stored, instance.trust_models.of(stored.domain), request_signing)


def activate_planned_key(instance: Instance, context: JobContext) -> dict[str, Any]:
    """Activate the planned key of the job's domain, where its instant has come.

    Raises NotFoundError where the domain has gone, and as `SigningKeys.activate`: then the old key goes on to sign.
    """
    instance.directory.refresh()
    stored = next((item for item in instance.directory.all() if item.id == context.job.domain_id), None)
    if stored is None:
        raise NotFoundError("the domain of this job isn't there any more")
    return {"activated": signing_keys_of(instance, stored).activate_due(context.actor)}
