# SPDX-License-Identifier: Apache-2.0
"""The one error tree of the trust service.

::

    TrustListError
    ├── XmlRefusedError          XML that is malformed, or that we refuse to look into
    ├── JsonRefusedError         JSON that is malformed, or that two readers could understand in two ways
    ├── YamlRefusedError         a text that is no YAML, or too much of it
    ├── SignatureInvalidError    a signature that is wrong, or of a form that the profile forbids
    ├── SigningError             a document, or a key, that cannot be signed (with)
    ├── CertificateError         a certificate or key that cannot be read
    ├── PathLimitError           more possible paths above a certificate than anybody looks at
    ├── ListRefusedError         a document that is no list, or not one that can be read
    ├── MetadataRefusedError     SAML metadata, or statements of a federation, that can't be read
    ├── SourceError              a list that can't be fetched, a snapshot that can't be read
    ├── ListSourceError          a wrong source of a list of our own
    ├── ConfigurationError       a trust configuration that is wrong, or that contradicts itself
    ├── NetworkError             a description of a network that is wrong
    ├── ScoringError             facts or judgements that are wrong, or that don't fit each other
    ├── SuiteError               a public suite of cases that can't be read, or not be asked of a configuration
    └── SimulationError          assumptions of a simulation that are wrong, or too much to simulate

None of them says anything about trust: that is a `Decision`, never an exception.
"""


class TrustListError(Exception):
    """Base of everything that this package raises on purpose. Its text is fit for a user's eyes."""


class XmlRefusedError(TrustListError):
    """The XML was refused; `reason_id` is stable and upper case (`XML_DOCTYPE`)."""

    def __init__(self, reason_id: str, message: str) -> None:
        self.reason_id = reason_id
        super().__init__(message)


class JsonRefusedError(TrustListError):
    """The JSON was refused; `reason_id` is stable and upper case (`JSON_DUPLICATE_MEMBER`)."""

    def __init__(self, reason_id: str, message: str) -> None:
        self.reason_id = reason_id
        super().__init__(message)


class YamlRefusedError(TrustListError):
    """The text is no YAML, has too many values, or contains itself."""


class SignatureInvalidError(TrustListError):
    """The signature does not verify, or its form is not allowed; `reason_id` is stable (`DIGEST_MISMATCH`)."""

    def __init__(self, reason_id: str, message: str) -> None:
        self.reason_id = reason_id
        super().__init__(message)


class SigningError(TrustListError):
    """Nothing was signed: the document or the key does not fit the signature profile."""


class CertificateError(TrustListError):
    """A certificate, or a key, cannot be read or used; the text says what to do about it."""


class PathLimitError(TrustListError):
    """Not all possible paths above a certificate were looked at, because they are too many: there is no answer."""


class ListRefusedError(TrustListError):
    """A document that is no list, or not one that can be read; `reason_id` is stable (`LIST_NOT_A_LIST`)."""

    def __init__(self, reason_id: str, message: str) -> None:
        self.reason_id = reason_id
        super().__init__(message)


class MetadataRefusedError(TrustListError):
    """SAML metadata, or a statement of a federation, that can't be read; `reason_id` is stable (`METADATA_DATE`)."""

    def __init__(self, reason_id: str, message: str) -> None:
        self.reason_id = reason_id
        super().__init__(message)


class SourceError(TrustListError):
    """A list could not be fetched, or a snapshot not be read or written; `reason_id` is stable (`FETCH_TOO_LARGE`)."""

    def __init__(self, reason_id: str, message: str) -> None:
        self.reason_id = reason_id
        super().__init__(message)


class ListSourceError(TrustListError):
    """The source of a list of our own is wrong; `reasons` has all of them, each with the path of its key."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        self.reasons = reasons
        super().__init__("; ".join(reasons))


class ConfigurationError(TrustListError):
    """A trust configuration is wrong; `reasons` has all of them, each with the path of its key."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        self.reasons = reasons
        super().__init__("; ".join(reasons))


class NetworkError(TrustListError):
    """The description of a network is wrong; `reasons` has all of them, each with the path of its key."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        self.reasons = reasons
        super().__init__("; ".join(reasons))


class ScoringError(TrustListError):
    """Facts or judgements of trust models are wrong; `reasons` has all of them, each with the path of its key."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        self.reasons = reasons
        super().__init__("; ".join(reasons))


class SuiteError(TrustListError):
    """A suite of cases can't be read, or a configuration can't say what it asks; the text says where."""


class SimulationError(TrustListError):
    """A simulation can't be run as it was asked for; `reasons` has all of them, each with the path of its key."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        self.reasons = reasons
        super().__init__("; ".join(reasons))


_SHOWN = 200


def shown(text: str) -> str:
    """A text of somebody else's, fit for a message: on one line, without control characters, of bounded length."""
    plain = "".join(each if each.isprintable() else "?" for each in text[:_SHOWN])
    return plain if len(text) <= _SHOWN else f"{plain}…"
