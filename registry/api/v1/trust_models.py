# SPDX-License-Identifier: Apache-2.0
"""What is asked and answered about trust: a decision with its reasons and its steps, and the model that is in force.

Answers have the members of `Decision.to_json`, since decisions are kept and compared across versions and tools.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from registry.api.v1.models import Line, Model, Moment

MAX_INTERMEDIATES = 100
MAX_ASSERTED = 100
TrustRole = Literal["ap-sign", "ap-encrypt", "smp-sign", "sml-client", "list-signer", "tls-server"]
Digest = Annotated[str, Field(min_length=64, max_length=64, pattern=r"^[0-9a-f]{64}$", examples=["0" * 64])]
"""A SHA-256, in lower-case hexadecimal."""
_CertificateText = Annotated[
    str,
    Field(
        min_length=1,
        max_length=140_000,
        pattern=r"^[\t\r\n -~]*$",
        description="PEM, or the base64 of DER. What follows the first certificate counts as intermediates.",
    ),
]


class TrustContext(Model):
    """What is known about who is meant. A rule that asks for what isn't here can't be decided."""

    party: Annotated[Line | None, Field(description="The party, as pins, metadata and rules name it.")] = None
    domain: Annotated[Line | None, Field(description="By default the domain of the path.")] = None
    seat_id: Annotated[Line | None, Field(description="Of an access point.", examples=["POP000123"])] = None
    smp_id: Line | None = None
    host: Annotated[Line | None, Field(description="Of a server.", examples=["smp.example.org"])] = None


class DecisionRequest(Model):
    """Whether a certificate is accepted in a role."""

    role: TrustRole
    certificate: _CertificateText
    intermediates: Annotated[
        list[_CertificateText],
        Field(max_length=MAX_INTERMEDIATES, description="They came along; nothing of them is trusted."),
    ] = Field(default_factory=list)
    context: TrustContext = TrustContext()
    at: Annotated[Moment | None, Field(description="When; by default now.")] = None
    asserted: Annotated[
        list[Digest] | None,
        Field(
            max_length=MAX_ASSERTED,
            description="SHA-256 of the certificates that signed SMP metadata name; null where there are none at hand.",
        ),
    ] = None
    trace: Annotated[bool, Field(description="Whether the answer has every step.")] = False
    counterfactual: Annotated[bool, Field(description="Whether it says what would have to be different.")] = False


class TrustCheckModel(Model):
    """One thing that speaks against a certificate."""

    id: Annotated[str, Field(description="Stable.", examples=["EKU_MISSING"])]
    clause: Annotated[str, Field(description="Of a specification, or the key path of the rule.")]
    message: str
    subject: Annotated[str, Field(description="SHA-256 of the certificate that it is about; may be empty.")]
    source: Annotated[str, Field(description="The entry that it is about; may be empty.")]
    undecided: Annotated[bool, Field(description="Whether nobody can tell, rather than that it is wrong.")]


class TraceStepModel(Model):
    """One step, with the steps that it consists of."""

    step: Annotated[str, Field(description="Number of a clause, or the key path of a rule.", examples=["6.1.3(a)(1)"])]
    ref: Annotated[str, Field(description="What the step is of.", examples=["RFC 5280"])]
    outcome: Annotated[str, Field(description="`PASSED`, `FAILED`, `UNDECIDED` or `NOT CHECKED`.")]
    subject: str
    inputs: dict[str, Any]
    why: list[str]
    steps: "list[TraceStepModel]"


class CounterfactualModel(Model):
    """Changes with which it would be accepted, all of them together."""

    ids: list[str]
    changes: Annotated[list[str], Field(description="In words, each to be read after “if”.")]


class TrustDecisionModel(Model):
    """The decision. ACCEPT is the only yes; INDETERMINATE: it could not be told."""

    outcome: Literal["ACCEPT", "REJECT", "INDETERMINATE"]
    enforced: Annotated[bool, Field(description="False: the domain only warns in this role; the answer stays a no.")]
    role: TrustRole
    subject: Annotated[str, Field(description="Of the certificate.")]
    sha256: str
    at: Moment
    configuration: Annotated[str, Field(description="Its address: the SHA-256 of its canonical form.")]
    engine: Annotated[str, Field(description="Grows when the same inputs may give another answer.")]
    evidence: Annotated[str, Field(description="SHA-256 of the snapshot; empty where the evidence is from none.")]
    checks: Annotated[list[TrustCheckModel], Field(description="Everything that failed, the decisive one first.")]
    grounds: Annotated[list[str], Field(description="Who vouches for it, where it is accepted.")]
    path: Annotated[list[str], Field(description="SHA-256 from below the anchor down to the certificate.")]
    warnings: list[str]
    trace: TraceStepModel | None = None
    counterfactuals: Annotated[
        list[CounterfactualModel], Field(description="The smallest sets of changes with which it would be accepted.")
    ] = Field(default_factory=list)


class TrustRoleModel(Model):
    """A role that has a rule; all others accept nobody."""

    role: TrustRole
    enforced: Annotated[bool, Field(description="False: the domain only warns of a no.")]
    accepted: Annotated[str, Field(description="Who is, in words.")]
    revocation: Annotated[str, Field(description="What has to be known about it.", examples=["crl_or_ocsp_required"])]


class TrustAnchorModel(Model):
    """Whom paths may end at."""

    id: str
    sha256: str
    subject: Annotated[str, Field(description="Empty where the certificate is not at hand.")]
    kind: Annotated[str, Field(description="`ca`, `end-entity` or `key+name`.")]
    not_before: Moment | None
    not_after: Moment | None
    trusted_from: Annotated[Moment | None, Field(description="Null: no bound.")]
    trusted_until: Annotated[Moment | None, Field(description="Null: no bound.")]


class TrustEvidenceModel(Model):
    """The evidence at hand."""

    digest: Annotated[str, Field(description="SHA-256 of the snapshot; empty where there is none.")]
    collected_at: Moment | None
    age_s: Annotated[int | None, Field(description="How many seconds ago that was.")]


class TrustModelModel(Model):
    """Whom a domain trusts."""

    domain: str
    configuration: Annotated[str, Field(description="Its address: the SHA-256 of its canonical form.")]
    engine: str
    id: str
    model: Annotated[str, Field(description="A label for people.", examples=["dedicated-domain-pki"])]
    description: str
    roles: list[TrustRoleModel]
    anchors: list[TrustAnchorModel]
    sources: Annotated[list[str], Field(description="Lists, metadata and federations, by their ids.")]
    evidence: TrustEvidenceModel
