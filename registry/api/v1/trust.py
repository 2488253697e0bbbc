# SPDX-License-Identifier: Apache-2.0
"""`/domains/{domain}/trust`: whom a domain trusts, and whether it accepts a certificate, with every reason.

A decision tells nothing that the configuration and the certificate don't, so who may read the domain may ask for one.
It writes nothing: the answer is computed anew each time, for the instant that is asked about.
"""

import json
from datetime import datetime
from typing import Annotated

from fastapi import Query

from registry.accounts.permissions import Action
from registry.api.v1 import rules
from registry.api.v1.answers import JSON, Answer, Raw
from registry.api.v1.call import Call
from registry.api.v1.domains import DOMAIN, DomainName
from registry.api.v1.routing import Resource
from registry.api.v1.rules import Needs
from registry.api.v1.trust_cases import chain_of, decide
from registry.api.v1.trust_models import (
    DecisionRequest,
    Digest,
    TrustAnchorModel,
    TrustContext,
    TrustDecisionModel,
    TrustEvidenceModel,
    TrustModelModel,
    TrustRoleModel,
)
from registry.errors import NotFoundError
from registry.impact.report import latest_report
from registry.storage.queries import trust_configurations
from registry.trust import Role, TrustModel
from registry.trust.describing import accepted_text, revocation_text
from trust_lists.errors import CertificateError
from trust_lists.evaluation.decisions import Case
from trust_lists.evaluation.decisions.counterfactual import counterfactuals
from trust_lists.evaluation.decisions.model import ENGINE_VERSION
from trust_lists.evaluation.trust_configuration.canonical import canonical_form
from trust_lists.evaluation.trust_configuration.model import Anchor, Context

resource = Resource("trust", "Whom a domain trusts, and whether it accepts a certificate.")
_TRUST = f"{DOMAIN}/trust"
_READ = Needs(Action.DOMAIN_READ, rules.domain)


@resource.get(_TRUST, _READ, {200: TrustModelModel})
def read_trust(call: Call, domain: DomainName) -> TrustModelModel:
    """Read which trust model is in force in a domain, its anchors, and how old its evidence is."""
    held = call.context.domain(domain).domain
    model = call.context.trust_of(held)
    configuration, stores = model.configuration, model.configuration.stores
    return TrustModelModel(
        domain=domain,
        configuration=model.address,
        engine=ENGINE_VERSION,
        id=configuration.id,
        model=configuration.model,
        description=configuration.description or "",
        roles=[
            TrustRoleModel(
                role=role.value,
                enforced=role not in model.advisory,
                accepted=accepted_text(rule.accept),
                revocation=revocation_text(rule),
            )
            for role in Role
            if (rule := configuration.rule(role)) is not None
        ],
        anchors=[_anchor(anchor) for anchor in stores.anchors],
        sources=[
            *(source.id for source in stores.lists),
            *(source.id for source in stores.saml_metadata),
            *(source.id for source in stores.openid_federation),
        ],
        evidence=_evidence(model, call.context.evidence_collected_at(held), call.context.database.now()),
    )


@resource.get(f"{_TRUST}/configuration", _READ, {200: JSON})
def read_trust_configuration(call: Call, domain: DomainName) -> Answer:
    """Read the trust configuration in force: the canonical document, whose `ETag` is its address.

    Certificates stand by their SHA-256.
    """
    model = call.context.trust_of(call.context.domain(domain).domain)
    document = Raw(canonical_form(model.configuration), JSON)
    return Answer(document, headers={"etag": f'"{model.address}"'})


@resource.get("/trust/configurations/{digest}", Needs(Action.DOMAIN_READ, rules.system), {200: JSON})
def read_cited_configuration(call: Call, digest: Digest) -> Answer:
    """Read the trust configuration that a decision cites: one that a domain has, or once had."""
    with call.context.database.read() as connection:
        document = trust_configurations.document(connection, digest)
    if document is None:
        raise NotFoundError("no domain has had this configuration")
    return Answer(Raw(document.encode(), JSON), headers={"etag": f'"{digest}"'})


@resource.get(f"{_TRUST}/impact", _READ, {200: JSON})
def read_trust_impact(
    call: Call,
    domain: DomainName,
    to: Annotated[
        str | None, Query(max_length=64, description="The address of the new configuration; by default of any.")
    ] = None,
) -> Raw:
    """Read the last report about what another trust configuration would do to what the domain holds."""
    with call.context.database.read() as connection:
        report = latest_report(connection, call.context.domain(domain).id, to)
    if report is None:
        raise NotFoundError("nothing was compared yet: registry trust impact --to NEW.yaml")
    return Raw(json.dumps(report, ensure_ascii=False).encode("utf-8", "replace"), JSON)


@resource.post(
    f"{_TRUST}/decisions",
    _READ,
    {200: TrustDecisionModel},
    alone=True,
    examples={"with every step": {"role": "ap-encrypt", "certificate": "MIIB", "trace": True}},
)
def decide_trust(call: Call, domain: DomainName, body: DecisionRequest) -> TrustDecisionModel:
    """Decide whether a certificate is accepted in a role, and say all that speaks against it.

    200 is the answer, whatever it is: `outcome` says yes or no. Same inputs, same decision.
    """
    model = call.context.trust_of(call.context.domain(domain).domain)
    certificate, others = chain_of(body.certificate, body.intermediates)
    case = Case(
        Role(body.role),
        certificate,
        body.at or call.context.database.now(),
        others,
        _context(body.context, domain),
        None if body.asserted is None else frozenset(body.asserted),
    )
    told = decide(model, case, trace=body.trace).to_json()
    if body.counterfactual:
        with call.context.searches.taken("others are searching for counterfactuals; try again", 1.0):
            told["counterfactuals"] = [each.to_json() for each in counterfactuals(model.engine, case, model.evidence)]
    return TrustDecisionModel.model_validate(told)


def _context(given: TrustContext, domain: str) -> dict[Context, str]:
    known = {
        Context.PARTY: given.party,
        Context.DOMAIN: given.domain or domain,
        Context.SEAT_ID: given.seat_id,
        Context.SMP_ID: given.smp_id,
        Context.HOST: given.host,
    }
    return {key: value for key, value in known.items() if value is not None}


def _anchor(anchor: Anchor) -> TrustAnchorModel:
    certificate = anchor.cert.certificate
    try:
        dates = certificate.slices.dates if certificate is not None and certificate.slices is not None else (None, None)
    except CertificateError:
        dates = (None, None)
    return TrustAnchorModel(
        id=anchor.id,
        sha256=anchor.cert.sha256,
        subject=certificate.subject_text if certificate is not None else "",
        kind=anchor.kind.value,
        not_before=dates[0],
        not_after=dates[1],
        trusted_from=anchor.trusted.since,
        trusted_until=anchor.trusted.until,
    )


def _evidence(model: TrustModel, collected_at: datetime | None, now: datetime) -> TrustEvidenceModel:
    age = None if collected_at is None else max(0, int((now - collected_at).total_seconds()))
    return TrustEvidenceModel(digest=model.evidence.digest, collected_at=collected_at, age_s=age)
