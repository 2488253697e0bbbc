# SPDX-License-Identifier: Apache-2.0
"""States, extensions, names and addresses in words: what changes show, and compare where order means nothing."""

from datetime import datetime
from hashlib import sha256

from trust_lists.documents.model import (
    AdditionalServiceInformation,
    Address,
    Assertion,
    CriteriaList,
    Criterion,
    DigitalIdentity,
    ExpiredCertsRevocationInfo,
    ExtendedKeyUsageCriterion,
    Extension,
    KeyUsageCriterion,
    PolicyCriterion,
    QcStatementCriterion,
    Qualifications,
    ServiceState,
    SubjectAttributeCriterion,
    TakenOverBy,
    Text,
    UnknownCriterion,
    UnknownExtension,
)
from trust_lists.documents.vocabulary import short
from trust_lists.instants import write_instant

_ASSERTIONS = {Assertion.ALL: "all of", Assertion.AT_LEAST_ONE: "one of", Assertion.NONE: "none of"}


def english(texts: tuple[Text, ...]) -> str:
    """The English text, or the first one; "" where there is none."""
    preferred = next((each.value for each in texts if each.lang.lower().startswith("en")), None)
    return " ".join((preferred if preferred is not None else texts[0].value).split()) if texts else ""


def time_text(moment: datetime | None) -> str:
    """The time as lists write it; "" for none."""
    return write_instant(moment) if moment else ""


def status_of(state: ServiceState) -> tuple[str, str]:
    """The status without its prefix, and since when it holds."""
    return short(state.status), time_text(state.starting_time)


def state_text(state: ServiceState) -> str:
    """Status and time in one text."""
    return f"{short(state.status) or 'listed'} since {time_text(state.starting_time) or 'ever'}"


def key_fingerprint(identity: DigitalIdentity) -> str:
    """SHA-256 of the key of the first certificate that gives it; "" where none does."""
    key = next((each.key for each in identity.certificates if each.key), b"")
    return sha256(key).hexdigest() if key else ""


def qualifier_texts(extensions: tuple[Extension, ...]) -> frozenset[str]:
    """Each qualifier with the certificates that it is for."""
    return frozenset(
        f"{short(qualifier)} for certificates with {criteria_text(element.criteria)}{_critical(extension)}"
        for extension in extensions
        if isinstance(extension.content, Qualifications)
        for element in extension.content.elements
        for qualifier in element.qualifiers
    )


def extension_texts(extensions: tuple[Extension, ...]) -> frozenset[str]:
    """Each extension but the qualifications."""
    return frozenset(
        f"{_extension_text(extension.content)}{_critical(extension)}"
        for extension in extensions
        if not isinstance(extension.content, Qualifications)
    )


def criteria_text(criteria: CriteriaList) -> str:
    """Criteria as a text that two lists share exactly if they ask the same in the same way."""
    found = ", ".join(sorted(_criterion_text(each) for each in criteria.criteria))
    described = f": {criteria.description}" if criteria.description else ""
    return f"{_ASSERTIONS[criteria.assertion]} ({found}){described}"


def address_texts(address: Address) -> frozenset[str]:
    """Each postal and electronic address."""
    postal = (
        ", ".join(part for part in (each.street, each.postal_code, each.locality, each.state, each.country) if part)
        + f" [{each.lang}]"
        for each in address.postal
    )
    return frozenset((*(" ".join(each.split()) for each in postal), *language_texts(address.electronic)))


def language_texts(texts: tuple[Text, ...]) -> frozenset[str]:
    """Each text with its language."""
    return frozenset(f"{' '.join(each.value.split())} [{each.lang}]" for each in texts)


def _critical(extension: Extension) -> str:
    return " (critical)" if extension.critical else ""


def _extension_text(
    content: AdditionalServiceInformation | TakenOverBy | ExpiredCertsRevocationInfo | UnknownExtension,
) -> str:
    match content:
        case AdditionalServiceInformation(uri=uri, value=value, other=other, lang=lang):
            return " ".join(part for part in (short(uri), _foreign(lang), value, _digest(other)) if part)
        case TakenOverBy(uri=uri, names=names, operator_names=operators, territory=territory, lang=lang):
            scheme = f"scheme {territory} of {_joined(operators)}"
            details = ", ".join((scheme, uri, *sorted(digest_texts(content.other_qualifiers))))
            return f"taken over by {_joined(names)} ({details}) {_foreign(lang)}".rstrip()
        case ExpiredCertsRevocationInfo(since=since):
            return f"revocation of expired certificates told since {write_instant(since)}"
        case UnknownExtension():
            return f"{content.name} {_digest(content.content)}"


def _joined(texts: tuple[Text, ...]) -> str:
    return ", ".join(sorted(language_texts(texts)))


def _foreign(lang: str) -> str:
    """The language of a URI, where it isn't the one that all have."""
    return "" if lang == "en" else f"[{lang}]"


def digest_texts(values: tuple[str, ...]) -> frozenset[str]:
    """XML or JSON that nobody reads as it is, by its digest."""
    return frozenset(map(_digest, values))


def _digest(content: str) -> str:
    return f"content {sha256(content.encode()).hexdigest()[:16]}" if content else ""


def _criterion_text(criterion: Criterion) -> str:
    match criterion:
        case CriteriaList():
            return criteria_text(criterion)
        case KeyUsageCriterion(bits=bits):
            return f"key usage {' '.join(f'{name}={str(value).lower()}' for name, value in sorted(bits))}"
        case PolicyCriterion(oids=oids):
            return f"policies {' '.join(sorted(oids))}"
        case ExtendedKeyUsageCriterion(oids=oids):
            return f"extended key usages {' '.join(sorted(oids))}"
        case SubjectAttributeCriterion(oids=oids):
            return f"subject attributes {' '.join(sorted(oids))}"
        case QcStatementCriterion(statements=statements):
            found = (" ".join(part for part in (each.oid, each.type, each.legislation) if part) for each in statements)
            return f"QCStatements {' '.join(sorted(found))}"
        case UnknownCriterion():
            return f"unknown {criterion.name} {_digest(criterion.content)}"
