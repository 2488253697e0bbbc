# SPDX-License-Identifier: Apache-2.0
"""The comparison of trust models of a domain, by a command or every night, and the evidence for it.

Each night's jobs are asked for by one without a domain. A domain that has a plan is compared with that; any other with
itself, which tells who drops out in the days to come: by the end of a certificate or of an anchor, or revoked.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from registry.app.instance import Instance
from registry.app.trust_collecting import collect_evidence
from registry.app.trust_models import trust_folder
from registry.audit.events import record
from registry.errors import ConfigurationError, NotFoundError
from registry.impact.requests import DAYS, KIND
from registry.impact.run import Impact
from registry.jobs.queue import enqueue
from registry.jobs.worker import JobContext
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor
from registry.storage.queries import impact
from registry.storage.unit_of_work import UnitOfWork
from registry.trust.describing import needs_evidence
from trust_lists.errors import ConfigurationError as WrongConfigurationError
from trust_lists.errors import SourceError
from trust_lists.evaluation.decisions import Evidence
from trust_lists.evaluation.decisions.engine import DecisionEngine
from trust_lists.evaluation.trust_configuration import TrustConfiguration, content_address, read_tree
from trust_lists.sources.attempts import Fetcher, Progress
from trust_lists.sources.evidence import evidence_folder, load_evidence

IMPACT, EVIDENCE = KIND, "trust-evidence"

Document = dict[str, Any]
"""A trust configuration as JSON has it, with its certificates in it (`registry.domains.trust_models`)."""


def configuration_in(document: Document) -> TrustConfiguration:
    """The configuration of a document. Raises ConfigurationError with all that is wrong with it."""
    try:
        return read_tree(document, lambda _name: None).configuration
    except WrongConfigurationError as error:
        problems = "\n  ".join(error.reasons)
        raise ConfigurationError(f"the trust model can't be used:\n  {problems}") from None


def planned(instance: Instance, stored: StoredDomain) -> Document | None:
    """The configuration that is planned for a domain; None where there is none."""
    with instance.database.read() as connection:
        found: Document | None = impact.plan(connection, stored.id)
    return found


def plan(instance: Instance, actor: Actor, stored: StoredDomain, document: Document | None) -> None:
    """Plan a configuration for a domain, so that it is compared every night; None: none any more.

    Raises ConfigurationError with all that is wrong with it.
    """
    address = content_address(configuration_in(document)) if document is not None else None
    with instance.database.write(actor) as work:
        impact.put_plan(work, stored.id, document)
        record(
            work,
            "trust:plan:set",
            f"domain:{stored.domain.name}",
            domain_id=stored.id,
            after={"configuration": address},
        )


def comparison(
    instance: Instance,
    data_dir: Path,
    stored: StoredDomain,
    configuration: TrustConfiguration | None,
    *,
    enforce: bool = False,
) -> Impact:
    """The domain's model in force beside one with another configuration, or beside itself.

    Both rest on the evidence that was collected for the domain. With `enforce` no role only warns.
    """
    before = instance.trust_models.of(stored.domain)
    if enforce:
        before = replace(before, advisory=frozenset())
    if configuration is None or content_address(configuration) == before.address:
        return Impact(instance.database, stored, before, before)
    evidence = _evidence(data_dir, stored, configuration, instance)
    return Impact(
        instance.database, stored, before, replace(before, engine=DecisionEngine(configuration), evidence=evidence)
    )


def compare_job(instance: Instance, data_dir: Path, context: JobContext) -> Any:
    """Compare a domain's models for the coming days; without a domain, have that done for each of them.

    With what the job asks for, or else with what is planned. Raises NotFoundError where the domain has gone,
    ConfigurationError where its trust model can't be used.
    """
    instance.directory.refresh()
    if context.job.domain_id is None:
        return _for_each(context, IMPACT, list(_with_trust(instance)))
    stored = _stored(instance, context)
    asked: Document | None = context.payload.get("configuration")
    plans = planned(instance, stored) if asked is None else None
    document = asked if asked is not None else plans
    wanted = configuration_in(document) if document is not None else None
    compared = comparison(instance, data_dir, stored, wanted)
    if plans is not None and compared.before is compared.after:
        plan(instance, context.actor, stored, None)  # what was planned is in force

    def progress(work: UnitOfWork, done: int, total: int, _message: str) -> None:
        context.progress(work, done, total=total, cursor=True)

    report = compared.run(
        context.actor,
        int(context.payload.get("days", DAYS)),
        resume=context.cursor is not None and compared.resumable,
        progress=progress,
    )
    return {"stops": report.stops, "lost": len(report.lost), **report.effort.to_json()}


def evidence_job(
    instance: Instance, data_dir: Path, fetcher: Callable[[], AbstractContextManager[Fetcher]], context: JobContext
) -> Any:
    """Collect what a domain's trust model asks for; without a domain, have that done for each that asks for something.

    Raises NotFoundError where the domain has gone; as `collect_evidence`.
    """
    instance.directory.refresh()
    if context.job.domain_id is None:
        return _for_each(context, EVIDENCE, [each for each in _with_trust(instance) if _asks(instance, each)])
    stored = _stored(instance, context)
    failures = 0
    with fetcher() as web:
        if needs_evidence(instance.trust_models.of(stored.domain).configuration):
            failures += len(collect_evidence(instance, stored, data_dir, web).failures)
        if (document := planned(instance, stored)) is not None:
            failures += collect_for(instance, data_dir, stored, document, web)
    return {"failures": failures}


def collect_for(
    instance: Instance,
    data_dir: Path,
    stored: StoredDomain,
    document: Document,
    fetcher: Fetcher,
    progress: Progress | None = None,
) -> int:
    """Fetch what another model asks for about all that the domain holds; gives how much couldn't be had.

    What the domain itself decides by stays as it is. Raises as `collect_evidence`.
    """
    if not needs_evidence(configuration_in(document)):
        return 0
    trust = replace(stored.domain.trust, configuration=document)
    asking = replace(stored, domain=replace(stored.domain, trust=trust))
    return len(collect_evidence(instance, asking, _beside(data_dir, stored), fetcher, progress).failures)


def _asks(instance: Instance, stored: StoredDomain) -> bool:
    """Whether the domain's trust model, or the planned one, asks for evidence."""
    document = planned(instance, stored)
    models = [instance.trust_models.of(stored.domain).configuration]
    return any(map(needs_evidence, models if document is None else [*models, configuration_in(document)]))


def _for_each(context: JobContext, kind: str, domains: list[StoredDomain]) -> dict[str, int]:
    with context.database.write(context.actor) as work:
        for stored in domains:
            enqueue(work, kind, {}, key=f"{kind}:{stored.id}", domain_id=stored.id)
    return {"domains": len(domains)}


def _with_trust(instance: Instance) -> Iterator[StoredDomain]:
    """The domains that decide about anybody."""
    return (stored for stored in instance.directory.all() if stored.domain.kind != "static")


def _stored(instance: Instance, context: JobContext) -> StoredDomain:
    stored = next((each for each in instance.directory.all() if each.id == context.job.domain_id), None)
    if stored is None:
        raise NotFoundError("the domain of this job isn't there any more")
    return stored


def _evidence(data_dir: Path, stored: StoredDomain, configuration: TrustConfiguration, instance: Instance) -> Evidence:
    """What was collected for another configuration, or else for the one in force, as far as it is asked for."""
    address, now, name = content_address(configuration), instance.database.now(), stored.domain.name
    own = trust_folder(_beside(data_dir, stored), name)
    try:
        with suppress(SourceError):
            store = evidence_folder(own)
            if store.read_manifest(store.current).configuration == address:
                return load_evidence(own, configuration, now)
        return load_evidence(trust_folder(data_dir, name), configuration, now)
    except SourceError as error:
        if error.reason_id in {"STORE_MISSING", "SNAPSHOT_MISSING"}:
            return Evidence()
        raise ConfigurationError(f"the evidence for {name} can't be used: {error}") from error


def _beside(data_dir: Path, stored: StoredDomain) -> Path:
    """Where evidence lies that a domain doesn't decide by: it must not take the place of the other."""
    return trust_folder(data_dir, stored.domain.name) / "planned"
