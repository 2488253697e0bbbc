# SPDX-License-Identifier: Apache-2.0
"""What several commands need: the instance that the settings name, its domains, and printing."""

import getpass
import json
import uuid
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from registry.app.instance import Instance
    from registry.domains.domain import Domain
    from registry.settings import Settings
    from registry.storage.domain_directory import StoredDomain
    from registry.storage.engine import Actor
    from registry.trust import TrustModel

DOMAIN_OPTION = typer.Option(
    None, "--domain", help="The domain; may be left out where there is only one, or a default."
)
JSON_OPTION = typer.Option(False, "--json", help="Print JSON instead of text.")


def open_instance() -> "Instance":
    """The instance of the settings, its database at the newest schema; logs go to stderr."""
    from registry.app.instance import Instance

    return Instance.open(prepared_settings())


def prepared_settings(**overrides: Any) -> "Settings":
    """The settings, with logging set up as they say."""
    from registry.settings import load_settings
    from registry.telemetry import configure_logging

    settings = load_settings(**overrides)
    configure_logging(settings.log_level, settings.log_format)
    return settings


def cli_actor() -> "Actor":
    """Who works at this terminal, for the audit."""
    from registry.storage.engine import Actor

    try:
        name = getpass.getuser()
    except (OSError, KeyError):
        name = "unknown"
    return Actor(f"cli:{name}", uuid.uuid4().hex)


def chosen_domain(instance: "Instance", name: str | None) -> "StoredDomain":
    """The domain of this name; without one the only domain, or the default.

    Raises NotFoundError, with what to do.
    """
    from registry.errors import NotFoundError

    if name is not None:
        return instance.directory.get(name)
    stored = instance.directory.all()
    defaults = [item for item in stored if item.domain.default]
    if len(stored) == 1 or len(defaults) == 1:
        return (defaults or stored)[0]
    if not stored:
        raise NotFoundError("there is no domain yet; make one: registry domain add NAME --profile peppol-test")
    names = ", ".join(item.domain.name for item in stored)
    raise NotFoundError(f"which domain is meant? Say --domain NAME (known: {names})")


def load_known_domain(name: str | None) -> "Domain":
    """The domain for a look-up: this instance's, where it has one, or else the shipped profile of that name.

    Looks only; makes no database. Raises ConfigurationError when there is neither.
    """
    from registry.domains.loader import load_domain, profile_names
    from registry.errors import ConfigurationError, NotFoundError

    settings = prepared_settings()
    if not settings.database_url.startswith("sqlite:///") or (settings.data_dir / "registry.sqlite3").exists():
        with open_instance() as instance:
            try:
                return chosen_domain(instance, name).domain
            except NotFoundError as error:
                if name not in profile_names():
                    raise ConfigurationError(str(error)) from error
    if name is None:
        raise ConfigurationError(
            "which network is meant? Say --domain NAME: a domain of this instance, or a profile "
            f"({', '.join(profile_names())})"
        )
    return load_domain(name)


def trust_at_hand(domain: "Domain") -> "TrustModel":
    """The trust model of a domain, with the evidence that was collected here. Raises ConfigurationError."""
    from registry.app.trust_models import TrustModels

    return TrustModels(prepared_settings().data_dir).of(domain)


def print_json(value: Any) -> None:
    """One line of JSON on stdout."""
    typer.echo(json.dumps(value, ensure_ascii=False))
