# SPDX-License-Identifier: Apache-2.0
"""`/domains/{domain}/trust/comparisons` and `POST …/trust/impact`: what another trust configuration says, and does.

The first compares two texts, and is answered at once. The second compares what both would decide about everything that
the domain holds, which takes a job; its report is at `GET /domains/{domain}/trust/impact`.
"""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from registry.accounts.permissions import SYSTEM, Action
from registry.api.v1 import rules
from registry.api.v1.answers import Answer
from registry.api.v1.call import Call
from registry.api.v1.domains import DOMAIN, DomainName
from registry.api.v1.jobs import JOB, JobModel, shown
from registry.api.v1.models import Model
from registry.api.v1.routing import Resource, url
from registry.api.v1.rules import Needs
from registry.api.v1.trust_models import Digest
from registry.domains.trust_models import document_of
from registry.errors import NotFoundError, Reason, ValidationError
from registry.impact.requests import DAYS, request_impact
from registry.jobs import queue
from registry.storage.queries import trust_configurations
from registry.trust import TrustModel
from trust_lists.errors import ConfigurationError
from trust_lists.evaluation.comparison import Asked, Compared, Comparison, compare
from trust_lists.evaluation.comparison.contents import findings, provenance, sections, title, warnings
from trust_lists.evaluation.decisions import Evidence
from trust_lists.evaluation.trust_configuration import TrustConfiguration, content_address, read_configuration
from trust_lists.evaluation.trust_configuration.shipped import shipped_model

resource = Resource("trust-comparisons", "What another trust configuration says, and what it would do.")
_TRUST = f"{DOMAIN}/trust"
MAX_DOCUMENT = 500_000
_Document = Annotated[
    str,
    Field(min_length=1, max_length=MAX_DOCUMENT, description="A trust configuration (YAML or JSON) as a text."),
]


class ConfigurationChoice(Model):
    """A trust configuration: one of the three."""

    digest: Annotated[
        Digest | None, Field(description="The address of one that a domain has, or once had; for who may see all.")
    ] = None
    shipped: Annotated[str | None, Field(max_length=100, description="The name of a shipped one.")] = None
    document: _Document | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if sum(each is not None for each in (self.digest, self.shipped, self.document)) != 1:
            raise ValueError("say one of digest, shipped and document")
        return self


class ComparisonRequest(Model):
    """Which two are to be compared."""

    before: Annotated[ConfigurationChoice | None, Field(description="A; by default the domain's own.")] = None
    after: Annotated[ConfigurationChoice, Field(description="B.")]


class DifferenceModel(Model):
    """One thing that A and B say differently."""

    path: Annotated[str, Field(description="Its key path.", examples=["roles.ap-sign.leaf.eku"])]
    kind: Annotated[str, Field(description="`added`, `removed`, `changed` or `renamed`.")]
    before: Any
    after: Any
    effect: Annotated[str, Field(description="What lets more pass `widens`, less `narrows`; all else `changes`.")]
    text: str


class ReportTableModel(Model):
    """A table of the report; the first cell of a row names it."""

    head: list[str]
    rows: list[list[str]]


class ReportSectionModel(Model):
    """A part of the report."""

    id: str
    title: str
    sentences: list[str]
    table: ReportTableModel | None


class ReportModel(Model):
    """The same for people, the most important first."""

    title: str
    findings: list[str]
    warnings: list[str]
    sections: list[ReportSectionModel]
    provenance: str


class SideModel(Model):
    """One of the two."""

    id: str
    address: str


class TrustComparisonModel(Model):
    """What two configurations say differently."""

    before: SideModel
    after: SideModel
    same: Annotated[bool, Field(description="Whether they say the same.")]
    differences: list[DifferenceModel]
    report: ReportModel


class ImpactRequest(Model):
    """What the model in force is to be compared with."""

    document: Annotated[
        _Document | None,
        Field(
            description="With its certificates in it (`pem`); null: the one that is planned, or else the one in force, "
            "which tells who drops out by itself."
        ),
    ] = None
    days: Annotated[int, Field(ge=1, le=3_650, description="How far to look ahead.")] = DAYS


@resource.post(
    f"{_TRUST}/comparisons",
    Needs(Action.DOMAIN_READ, rules.domain),
    {200: TrustComparisonModel},
    alone=True,
    examples={"with a shipped one": {"after": {"shipped": "peppol-g3"}}},
)
def compare_trust(call: Call, domain: DomainName, body: ComparisonRequest) -> TrustComparisonModel:
    """Compare what two trust configurations say: key path by key path, and whether more or fewer would pass.

    Writes nothing. What they decide about all that the domain holds, an impact report says.
    """
    model = call.context.trust_of(call.context.domain(domain).domain)
    own = model.configuration
    with call.context.searches.taken("others are comparing trust configurations; try again", 1.0):
        before = own if body.before is None else _chosen(call, model, body.before, "before")
        after = _chosen(call, model, body.after, "after")
        sides = [
            Compared(name, each, model.evidence if each is own else Evidence())
            for name, each in (("A", before), ("B", after))
        ]
        return comparison_model(compare(sides[0], sides[1], Asked(call.context.database.now())))


@resource.post(f"{_TRUST}/impact", Needs(Action.DOMAIN_CHANGE, rules.domain), {202: JobModel})
def ask_trust_impact(call: Call, domain: DomainName, body: ImpactRequest) -> Answer:
    """Have a job find who would stop being accepted by another trust configuration, now and in the days to come.

    Nothing is fetched for it, and the domain trusts as before.
    """
    stored = call.context.domain(domain)
    document, address = None, ""
    if body.document is not None:
        configuration = _complete(body.document)
        document, address = document_of(configuration), content_address(configuration)
    with call.context.database.write(call.actor) as work:
        number = request_impact(work, stored, document, address, body.days, account_id=call.principal.account_id)
        return Answer(shown(call, queue.get(work, number)), 202, {"location": url(JOB, str(number))})


def _chosen(call: Call, model: TrustModel, choice: ConfigurationChoice, place: str) -> TrustConfiguration:
    """Raises ValidationError, NotFoundError and UnauthorizedError."""
    if choice.document is not None:
        return _read(choice.document.encode(), f"#/{place}/document")
    if choice.shipped is not None:
        try:
            return read_configuration(shipped_model(choice.shipped)).configuration
        except ConfigurationError as error:
            raise _refused(error, f"#/{place}/shipped") from None
    digest = choice.digest or ""
    if digest == model.address:
        return model.configuration
    call.require(Action.DOMAIN_READ, SYSTEM, _unknown)  # it may be another domain's
    with call.context.database.read() as connection:
        found = trust_configurations.document(connection, digest)
    if found is None:
        raise _unknown()
    return _read(found.encode(), f"#/{place}/digest")


def _read(data: bytes, pointer: str) -> TrustConfiguration:
    """With its certificates where they are in it, and else without: what a text says can be told all the same."""
    try:
        return read_configuration(data, lambda _name: None).configuration
    except ConfigurationError:
        pass
    try:
        return read_configuration(data).configuration
    except ConfigurationError as error:
        raise _refused(error, pointer) from None


def _complete(document: str) -> TrustConfiguration:
    try:
        return read_configuration(document.encode(), lambda _name: None).configuration
    except ConfigurationError as error:
        raise _refused(error, "#/document") from None


def _refused(error: ConfigurationError, pointer: str) -> ValidationError:
    return ValidationError([Reason("TRUST-CONFIGURATION", each, pointer=pointer) for each in error.reasons])


def _unknown() -> NotFoundError:
    return NotFoundError("no domain has had this configuration")


def comparison_model(found: Comparison) -> TrustComparisonModel:
    """A comparison as it is answered."""
    parts = [
        ReportSectionModel(
            id=each.id,
            title=each.title,
            sentences=list(each.sentences),
            table=None
            if each.table is None
            else ReportTableModel(
                head=list(each.table.head), rows=[[cell.text for cell in row] for row in each.table.rows]
            ),
        )
        for each in sections(found)
    ]
    return TrustComparisonModel(
        before=SideModel(id=found.a.configuration.id, address=found.a.address),
        after=SideModel(id=found.b.configuration.id, address=found.b.address),
        same=found.same,
        differences=[DifferenceModel.model_validate(each.to_json()) for each in found.differences],
        report=ReportModel(
            title=title(found),
            findings=list(findings(found)),
            warnings=list(warnings(found)),
            sections=parts,
            provenance=provenance(found),
        ),
    )
