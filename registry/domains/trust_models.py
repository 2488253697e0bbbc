# SPDX-License-Identifier: Apache-2.0
"""Trust models that settings name: read with the certificates beside them, so that a domain carries everything.

What is kept is the configuration as JSON has it, each certificate in it as PEM. Whoever gets the domain, then, needs
no file, and the address of the configuration stays what it was (certificates count by their digest).
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from registry.errors import ConfigurationError

if TYPE_CHECKING:
    from trust_lists.evaluation.trust_configuration import TrustConfiguration

MAX_FILE_BYTES: Final = 10_000_000
_SHIPPED: Final = ("model", "certificate_dir")


def with_trust_model(trust: Mapping[str, object], base_dir: Path) -> dict[str, object]:
    """The section `trust` with `configuration` in place of `model_file`, or of `model` and `certificate_dir`.

    Raises ConfigurationError: two models; a file that can't be read; all that is wrong with the model.
    """
    named = [key for key in ("configuration", "model_file", "model") if trust.get(key) is not None]
    if len(named) > 1:
        raise ConfigurationError(f"trust.{' and trust.'.join(named)} are two trust models; one is wanted")
    if trust.get("certificate_dir") is not None and named != ["model"]:
        raise ConfigurationError("trust.certificate_dir is for trust.model; a model_file has certificates beside it")
    for key in named:
        if key != "configuration" and not isinstance(trust[key], str):
            raise ConfigurationError(f"trust.{key}: a text is wanted, not {trust[key]!r}")
    kept = {key: value for key, value in trust.items() if key not in {"model_file", *_SHIPPED}}
    match named:
        case ["model_file"]:
            return {**kept, "configuration": model_from_file(base_dir / str(trust["model_file"]))}
        case ["model"]:
            folder = trust.get("certificate_dir")
            return {
                **kept,
                "configuration": shipped_trust_model(str(trust["model"]), base_dir / str(folder) if folder else None),
            }
    return kept


def model_from_file(path: Path) -> dict[str, Any]:
    """A configuration in a file, with the certificates beside it. Raises ConfigurationError."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(f"the trust model {path} can't be read: {error.strerror}") from error
    return _complete(data, str(path), path.parent)


def shipped_trust_model(name: str, certificate_dir: Path | None) -> dict[str, Any]:
    """A model that comes with the product, with the certificates in a folder. Raises ConfigurationError."""
    from trust_lists.errors import ConfigurationError as WrongModelError
    from trust_lists.evaluation.trust_configuration.shipped import shipped_model

    try:
        data = shipped_model(name)
    except WrongModelError as error:
        raise ConfigurationError(f"trust.model: {error}") from None
    return _complete(data, name, certificate_dir)


def pem_text(der: bytes) -> str:
    """A certificate as PEM."""
    text = b64encode(der).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])


def _complete(data: bytes, name: str, folder: Path | None) -> dict[str, Any]:
    from trust_lists.errors import ConfigurationError as WrongModelError
    from trust_lists.evaluation.trust_configuration import read_configuration

    try:
        configuration = read_configuration(data, _files(folder)).configuration
    except WrongModelError as error:
        problems = [*error.reasons]
        if folder is None:
            problems.append("its certificates are looked for in trust.certificate_dir, which isn't given")
        raise ConfigurationError("\n  ".join([f"the trust model {name} can't be used:", *problems])) from None
    return document_of(configuration)


def document_of(configuration: "TrustConfiguration") -> dict[str, Any]:
    """A configuration with its certificates in it, as JSON has it."""
    from trust_lists.evaluation.trust_configuration import to_json

    texts = {each.sha256: pem_text(each.certificate.der) for each in configuration.certificates() if each.certificate}
    complete: dict[str, Any] = _with_texts(to_json(configuration), texts)
    return complete


def _files(folder: Path | None) -> Callable[[str], bytes | None]:
    def read(name: str) -> bytes | None:
        if folder is None:
            return None
        try:
            with (folder / name).open("rb") as stream:
                return stream.read(MAX_FILE_BYTES)
        except OSError:
            return None

    return read


def _with_texts(tree: Any, texts: Mapping[str, str]) -> Any:
    """The tree with each certificate as text, in place of the file that it came in."""
    match tree:
        case {"sha256": str(digest)} if digest in texts:
            return {key: each for key, each in tree.items() if key != "file"} | {"pem": texts[digest]}
        case dict():
            return {key: _with_texts(each, texts) for key, each in tree.items()}
        case list():
            return [_with_texts(each, texts) for each in tree]
    return tree
