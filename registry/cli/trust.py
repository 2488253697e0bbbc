# SPDX-License-Identifier: Apache-2.0
"""`registry trust`: whom the domains of the instance trust."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from registry.cli import trust_collect, trust_decide, trust_impact, trust_sources
from registry.cli.common import JSON_OPTION

if TYPE_CHECKING:
    from registry.domains.domain import Domain
    from registry.trust import TrustModel
    from trust_lists.evaluation.trust_configuration.model import Anchor

app = typer.Typer(help="Whom the domains of the instance trust, and on what evidence.", no_args_is_help=True)
app.command("collect", epilog=trust_collect.EPILOG)(trust_collect.collect)
app.command("decide", epilog=trust_decide.EPILOG)(trust_decide.decide)
app.command("impact", epilog=trust_impact.EPILOG)(trust_impact.impact)
app.command("sources", epilog=trust_sources.EPILOG)(trust_sources.sources)


@app.command("show", epilog="Example: registry trust show peppol --json")
def show(
    domain: str | None = typer.Argument(None, help="A domain of the instance; may be left out where there is one."),
    json_output: bool = JSON_OPTION,
) -> None:
    """Show a domain's trust model: its address, roles and anchors, how old its evidence is, what a no means."""
    from registry.cli.common import chosen_domain, open_instance, print_json

    with open_instance() as instance:
        stored = chosen_domain(instance, domain)
        model = instance.trust_models.of(stored.domain)
        collected_at = instance.trust_models.collected_at(stored.domain)
        shown = _shown(model, stored.domain, collected_at, instance.database.now())
    if json_output:
        print_json(shown)
        return
    for line in _lines(shown):
        typer.echo(line)


@app.command(
    "use",
    epilog="Example: registry trust use peppol-g3 --domain peppol --certificates g3/ --plan",
)
def use(
    model: str = typer.Argument(metavar="MODEL", help="A file (YAML or JSON), or the name of a shipped model."),
    domain: str = typer.Option(..., "--domain", help="The domain that is to have it."),
    certificates: Path | None = typer.Option(
        None, "--certificates", metavar="DIR", help="Where the certificates of a shipped model are."
    ),
    on_untrusted: str | None = typer.Option(
        None, "--on-untrusted", metavar="POLICY", help="What is done about a no, in every role: refuse or warn."
    ),
    plan: bool = typer.Option(False, "--plan", help="Only show what would be different."),
    json_output: bool = JSON_OPTION,
) -> None:
    """Let a domain trust by a model from now on, in place of its settings or of another model; prints what differs.

    A model that contradicts itself, or whose certificates are missing, is refused with every key path.
    """
    from registry.app.domain_setup import change_domain, changed_domain
    from registry.cli.common import cli_actor, open_instance, print_json
    from registry.domains.trust_models import model_from_file, shipped_trust_model
    from registry.domains.trust_settings import ENFORCEMENTS, ROLES
    from registry.trust import TrustModel
    from trust_lists.evaluation.comparison.structural import structural_differences

    if on_untrusted is not None and on_untrusted not in ENFORCEMENTS:
        raise typer.BadParameter(f"{' or '.join(ENFORCEMENTS)} is wanted", param_hint="--on-untrusted")
    path = Path(model)
    in_file = bool(path.suffix) or path.exists()
    if in_file and certificates is not None:
        raise typer.BadParameter("a model in a file has its certificates beside it", param_hint="--certificates")
    configuration = model_from_file(path) if in_file else shipped_trust_model(model, certificates)
    trust: dict[str, Any] = {"configuration": configuration}
    settings: dict[str, Any] = {"trust": trust}
    if on_untrusted is not None:
        trust |= {role: {"on_untrusted": on_untrusted} for role in ROLES if role in configuration["roles"]}
        settings["endpoint_certificates"] = on_untrusted
    with open_instance() as instance:
        before = instance.directory.get(domain).domain
        after = changed_domain(instance, domain, settings)
        old, new = TrustModel.for_domain(before), TrustModel.for_domain(after)
        if not plan:
            change_domain(instance, cli_actor(), domain, settings)
        collected = instance.trust_models.collected_at(after) is not None
    found = structural_differences(old.configuration, new.configuration)
    was, will_be = _policies(before), _policies(after)
    policies = [
        {"setting": name, "before": value, "after": will_be[name]}
        for name, value in was.items()
        if value != will_be[name]
    ]
    warnings = list(_warnings(new, domain, collected=collected))
    if json_output:
        print_json(
            {
                "domain": domain,
                "planned": plan,
                "before": old.address,
                "after": new.address,
                "differences": [each.to_json() for each in found],
                "policies": policies,
                "warnings": warnings,
            }
        )
        return
    for item in found:
        typer.echo(f"{item.effect.value}\t{item.text}")
    for policy in policies:
        typer.echo(f"policy\t{policy['setting']}: {policy['before']} -> {policy['after']}")
    typer.echo(f"{domain}: {old.address} -> {new.address}{' (planned)' if plan else ''}")
    for warning in warnings:
        typer.echo(f"warning: {warning}", err=True)


def _policies(domain: "Domain") -> dict[str, str]:
    from registry.domains.trust_settings import ROLES

    advisory = domain.trust.advisory
    found = {f"trust.{role}.on_untrusted": "warn" if role in advisory else "refuse" for role in ROLES}
    return {**found, "endpoint_certificates": domain.endpoint_certificates}


def _warnings(model: "TrustModel", domain: str, *, collected: bool) -> Iterator[str]:
    from registry.trust.describing import needs_evidence
    from trust_lists.evaluation.trust_configuration import read_tree, to_json

    yield from read_tree(to_json(model.configuration)).warnings
    if needs_evidence(model.configuration) and not collected:
        yield f"it asks for evidence, and none was collected yet: registry trust collect --domain {domain}"


def _shown(model: "TrustModel", domain: "Domain", collected_at: datetime | None, now: datetime) -> dict[str, Any]:
    from registry.trust import Role
    from registry.trust.describing import accepted_text, revocation_text

    configuration = model.configuration
    roles = [(role, rule) for role in Role if (rule := configuration.rule(role)) is not None]
    metadata = configuration.roles.smp_metadata
    stores = configuration.stores
    return {
        "domain": domain.name,
        "id": configuration.id,
        "model": configuration.model,
        "description": configuration.description or "",
        "address": model.address,
        "evidence": {
            "digest": model.evidence.digest,
            "collected_at": collected_at.isoformat() if collected_at else None,
            "age_s": max(0, int((now - collected_at).total_seconds())) if collected_at else None,
        },
        "roles": [
            {
                "role": role.value,
                "accepted": accepted_text(rule.accept),
                "revocation": revocation_text(rule),
                "on_untrusted": "warn" if role.value in model.advisory else "refuse",
            }
            for role, rule in roles
        ],
        "smp_metadata": metadata.endpoint_certificate.value if metadata else None,
        "endpoint_certificates": domain.endpoint_certificates,
        "anchors": [_anchor(each) for each in stores.anchors],
        "pins": [{"id": each.id, "party": each.party, "sha256": each.cert_sha256} for each in stores.pins],
        "sources": [
            *(each.id for each in stores.lists),
            *(each.id for each in stores.saml_metadata),
            *(each.id for each in stores.openid_federation),
        ],
    }


def _anchor(anchor: "Anchor") -> dict[str, Any]:
    from trust_lists.errors import CertificateError

    certificate = anchor.cert.certificate
    try:
        dates = certificate.slices.dates if certificate is not None and certificate.slices is not None else (None, None)
    except CertificateError:
        dates = (None, None)
    instants = {
        "not_before": dates[0],
        "not_after": dates[1],
        "trusted_from": anchor.trusted.since,
        "trusted_until": anchor.trusted.until,
    }
    return {
        "id": anchor.id,
        "as": anchor.kind.value,
        "sha256": anchor.cert.sha256,
        "subject": certificate.subject_text if certificate is not None else "",
        **{name: at.isoformat() if at else None for name, at in instants.items()},
    }


def _lines(shown: dict[str, Any]) -> Iterator[str]:
    evidence = shown["evidence"]
    yield f"{shown['domain']}: {shown['id']} ({shown['model']})"
    yield from shown["description"].strip().splitlines()
    yield f"address   {shown['address']}"
    if evidence["collected_at"] is None:
        yield "evidence  none was collected"
    else:
        yield f"evidence  {evidence['digest'][:12]}, {evidence['age_s'] // 60} minutes old ({evidence['collected_at']})"
    yield ""
    for role in shown["roles"]:
        yield f"{role['role']:12} {role['on_untrusted']:7} {role['accepted']}"
        yield f"{'':20} revocation: {role['revocation']}"
    if not shown["roles"]:
        yield "no role has a rule, so nobody is accepted"
    yield f"{'publishing':12} {shown['endpoint_certificates']:7} certificates of endpoints (endpoint_certificates)"
    yield ""
    for anchor in shown["anchors"]:
        until = anchor["trusted_until"] or anchor["not_after"] or "?"
        yield f"anchor    {anchor['id']} until {until[:10]}\n          {anchor['subject']}"
    for pin in shown["pins"]:
        yield f"pin       {pin['id']} of {pin['party'] or 'any party'}"
    for source in shown["sources"]:
        yield f"source    {source}"
