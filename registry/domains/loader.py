# SPDX-License-Identifier: Apache-2.0
"""Makes domains of profiles and settings: the only IO of this package is reading profiles, certificates and models."""

import copy
import functools
from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from registry.domains.domain import DYNAMIC_SECTIONS, Domain
from registry.domains.trust_models import with_trust_model
from registry.domains.trust_settings import lay_over, split_certificates
from registry.errors import ConfigurationError

SUFFIX = ".yaml"
_PROFILES = files("registry.domains") / "profiles"


def profile_names() -> tuple[str, ...]:
    """The profiles that come with the package."""
    names = (entry.name for entry in _PROFILES.iterdir())
    return tuple(sorted(name.removesuffix(SUFFIX) for name in names if name.endswith(SUFFIX)))


def load_domain(
    name_or_path: str | Path, settings: Mapping[str, object] | None = None, *, base_dir: Path | None = None
) -> Domain:
    """A domain: a profile (its name, or the path of a YAML file) with an instance's settings laid over it.

    Settings have the shape of a profile and win over it, key by key; lists are replaced as a whole. A profile may
    itself be laid over one of the package's, which it names under `extends`. Files are named as `take_in_files` says,
    in a profile relative to its own folder. Raises ConfigurationError with everything that is wrong.
    """
    profile = _read_profile(name_or_path)
    return Domain.from_mapping(profile, take_in_files(settings or {}, base_dir))


def take_in_files(settings: Mapping[str, object], base_dir: Path | None = None) -> dict[str, object]:
    """The same settings with the content of files in place of their names, relative to `base_dir` (by default the
    working directory): `anchor_files` and `intermediate_files` of a trust role; `trust.model_file` with the
    certificates beside it, or `trust.model` with those in `trust.certificate_dir`.

    Raises ConfigurationError where a file can't be read, or a model can't be used.
    """
    trust = settings.get("trust")
    if not isinstance(trust, Mapping):
        return dict(settings)
    folder = base_dir or Path()
    taken_in = {
        name: _read_certificate_files(role, folder) if isinstance(role, Mapping) else role
        for name, role in with_trust_model(trust, folder).items()
    }
    return {**settings, "trust": taken_in}


def domain_to_mapping(domain: Domain) -> dict[str, object]:
    """A domain in the shape of a profile, with plain values only; `Domain.from_mapping` makes the same of it."""
    shown: dict[str, Any] = _plain(asdict(domain))
    identifiers = shown["identifiers"]
    del identifiers["code_lists"], identifiers["transport_profile"]["allowed"]
    for kind in ("participant", "document_type", "process"):
        for rule in (*identifiers[kind]["schemes"].values(), identifiers[kind]["other"]):
            del rule["scheme"]
    shown["trust"] = _trust(domain)
    if domain.kind == "static":
        shown = {key: value for key, value in shown.items() if key not in DYNAMIC_SECTIONS}
    return shown


def _plain(value: Any) -> Any:
    match value:
        case Mapping():
            return {key: _plain(item) for key, item in value.items() if item is not None}
        case StrEnum():
            return value.value
        case frozenset():
            return sorted(_plain(item) for item in value)
        case tuple() | list():
            return [_plain(item) for item in value]
        case _:
            return value


def _trust(domain: Domain) -> dict[str, object]:
    roles: dict[str, Any] = _plain({role: asdict(settings) for role, settings in domain.trust.roles.items()})
    if domain.trust.configuration is None:
        return roles
    policies: dict[str, object] = {role: {"on_untrusted": each["on_untrusted"]} for role, each in roles.items()}
    return {**policies, "configuration": copy.deepcopy(domain.trust.configuration)}  # null means something in it


def _read_certificate_files(role: Mapping[str, object], base_dir: Path) -> dict[str, object]:
    """A role with the content of its files, and without what stands around certificates: that may be a key."""
    read = dict(role)
    for key, files_key in (("anchors", "anchor_files"), ("intermediates", "intermediate_files")):
        names = read.get(files_key)
        texts = read.get(key) or []
        if isinstance(names, list) and isinstance(texts, list) and all(isinstance(name, str) for name in names):
            del read[files_key]
            read[key] = [*texts, *(_read(base_dir / name).decode("latin-1") for name in names)]
        held = read.get(key)
        if isinstance(held, list) and all(isinstance(text, str) and split_certificates(text) for text in held):
            read[key] = [certificate for text in held for certificate in split_certificates(text)]
    return read


def _read_profile(name_or_path: str | Path) -> dict[str, object]:
    path = Path(name_or_path)
    if str(name_or_path) in profile_names():
        name = str(name_or_path)
        profile = copy.deepcopy(_parse_packaged(name))
    elif path.suffix == SUFFIX:
        name = path.stem
        profile = take_in_files(_parse_yaml(_read(path), str(path)), path.parent)
    else:
        known = ", ".join(profile_names())
        raise ConfigurationError(f"{name_or_path} is no profile (known: {known}) and no path of a {SUFFIX} file")
    extended = profile.pop("extends", None)
    below = {} if extended is None else _read_packaged(extended, name)
    return lay_over({**below, "profile": name}, profile)


def _read_packaged(extended: object, by: str) -> dict[str, object]:
    if extended not in profile_names() or extended == by:
        raise ConfigurationError(f"the profile {by} extends {extended}, which is no profile of the package")
    return _read_profile(str(extended))


@functools.cache
def _parse_packaged(name: str) -> dict[str, object]:
    """A shipped profile; read once, since every domain is made from one, and parsing takes a while."""
    return _parse_yaml((_PROFILES / f"{name}{SUFFIX}").read_bytes(), name)


def _parse_yaml(data: bytes, name: str) -> dict[str, object]:
    try:
        profile = yaml.safe_load(data)
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigurationError(f"the profile {name} is no YAML: {error}") from error
    if not isinstance(profile, dict):
        raise ConfigurationError(f"the profile {name} is no mapping")
    return profile


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path} can't be read: {error.strerror}") from error
