# SPDX-License-Identifier: Apache-2.0
"""`registry domain`: the policy domains of the instance."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from registry.cli.common import JSON_OPTION

if TYPE_CHECKING:
    from registry.domains.domain import Domain

app = typer.Typer(help="The policy domains of the instance.", no_args_is_help=True)


@app.command("list", epilog="Example: registry domain list --json")
def list_domains(json_output: bool = JSON_OPTION) -> None:
    """List the domains, and the profiles that domains can be made from."""
    from registry.cli.common import open_instance, print_json
    from registry.domains.loader import profile_names

    with open_instance() as instance:
        rows = [
            {
                "name": stored.domain.name,
                "profile": stored.domain.profile,
                "zone": stored.domain.dns.zone,
                "base_url": stored.domain.smp.base_url,
                "sml": stored.domain.sml.enabled,
                "default": stored.domain.default,
            }
            for stored in instance.directory.all()
        ]
    if json_output:
        print_json({"domains": rows, "profiles": profile_names()})
        return
    for row in rows:
        marks = ", ".join(mark for mark, on in (("SML", row["sml"]), ("default", row["default"])) if on)
        typer.echo(f"{row['name']}\t{row['profile']}\t{row['zone']}\t{row['base_url'] or '-'}\t{marks}")
    if not rows:
        typer.echo("There is no domain yet: registry domain add NAME --profile PROFILE", err=True)
    typer.echo(f"Profiles: {', '.join(profile_names())}", err=True)


@app.command("show", epilog="Example: registry domain show ehdsi")
def show(
    name: str = typer.Argument(help="A domain of the instance, or a shipped profile."),
    yaml_output: bool = typer.Option(False, "--yaml", help="Print every setting as YAML, in the form of a profile."),
    json_output: bool = JSON_OPTION,
) -> None:
    """Explain a network: who is in it, its identifiers, its DNS and SMP, its trust, and where each value is from."""
    from registry.cli.code_list import lists_in_force
    from registry.cli.common import load_known_domain, print_json
    from registry.domains.loader import domain_to_mapping

    domain = load_known_domain(name)
    if json_output:
        print_json(domain_to_mapping(domain) | {"code_lists": lists_in_force(domain)})
        return
    if yaml_output:
        import yaml

        typer.echo(yaml.safe_dump(domain_to_mapping(domain), sort_keys=False, allow_unicode=True), nl=False)
        for kind, item in lists_in_force(domain).items():
            typer.echo(f"# {kind} codes: version {item['version']}, {item['rows']} rows")  # YAML to this end, too
    else:
        from registry.cli.domain_page import print_page

        print_page(domain)
    _note_what_is_missing(domain)


@app.command("settings", epilog="Example: registry domain settings peppol-test --changed")
def settings(
    name: str = typer.Argument(help="A domain of the instance."),
    changed: bool = typer.Option(False, "--changed", help="Only those that are other than the profile has them."),
    json_output: bool = JSON_OPTION,
) -> None:
    """Print every setting of a domain, and what the shipped profile says that it was made from."""
    from registry.cli.common import open_instance, print_json
    from registry.domains.differences import from_profile

    with open_instance() as instance:
        found = from_profile(instance.directory.get(name).domain)
    for item in found:
        own = item.before != item.after
        if changed and not own:
            continue
        if json_output:
            source = "domain" if own else "profile"
            row = {"setting": item.setting, "value": item.after, "of_profile": item.before, "source": source}
            print_json(row)
        else:
            profile = f"\tprofile: {item.before}" if own else ""
            typer.echo(f"{item.setting}\t{item.after}{profile}")


def _warn(domain: "Domain") -> None:
    from registry.cli.domain_page import warnings

    for warning in warnings(domain):
        typer.echo(f"warning: {warning}", err=True)


def _note_what_is_missing(domain: "Domain") -> None:
    _warn(domain)
    if domain.kind == "dynamic" and domain.identifiers.strict and not domain.identifiers.code_lists:
        typer.echo(
            "note: there are no code lists, so only the form of codes counts: registry code-list import", err=True
        )
    for role in domain.trust.roles:
        if domain.trust.trusts_nobody(role):
            typer.echo(f"note: the role {role} has no anchors, so it trusts nobody", err=True)


@app.command(
    "add",
    epilog="Example: registry domain add peppol-test --profile peppol-test --base-url https://smp.example.org "
    "--signing-key smp.p12 --password-file smp.pass --anchors smp-sign=smp-ca.pem --anchors ap-encrypt=ap-ca.pem",
)
def add(
    name: str = typer.Argument(help="Lower-case letters, digits and hyphens."),
    profile: str = typer.Option("", "--profile", help="A shipped profile or a YAML file; by default the name's."),
    base_url: str | None = typer.Option(None, "--base-url", help="Where the public finds this SMP."),
    smp_id: str | None = typer.Option(None, "--smp-id", help="The id of this SMP at the SML."),
    zone: str | None = typer.Option(None, "--zone", help="The DNS zone, where it isn't the profile's."),
    sml: bool = typer.Option(False, "--sml", help="Be the SML of this domain, with its zone."),
    name_server: list[str] = typer.Option([], "--name-server", help="Host name of a name server of the zone."),
    signing_key: Path | None = typer.Option(None, "--signing-key", help="PKCS#12 or PEM file of the SMP's key."),
    password_file: Path | None = typer.Option(None, "--password-file", help="File with the key's password."),
    anchors: list[str] = typer.Option([], "--anchors", help="ROLE=FILE: certificates that a role trusts."),
    default: bool = typer.Option(False, "--default", help="Answer at the root for hosts that no domain names."),
    settings_file: Path | None = typer.Option(None, "--settings", help="YAML file with further settings."),
) -> None:
    """Add a domain; with --sml also its zone, and this SMP as a publisher in it."""
    from registry.app.domain_setup import SigningKeyFile, add_domain
    from registry.cli.common import cli_actor, open_instance
    from registry.domains.section import merge

    settings: dict[str, Any] = {"name": name, "smp": {}, "dns": {}, "sml": {}, "trust": anchors_of(anchors)}
    for section, key, value in (
        ("smp", "base_url", base_url),
        ("smp", "smp_id", smp_id),
        ("dns", "zone", zone),
        ("dns", "name_servers", name_server or None),
        ("sml", "enabled", sml or None),
    ):
        if value is not None:
            settings[section][key] = value
    if default:
        settings["default"] = True
    if settings_file is not None:
        settings = merge(_read_settings(settings_file), settings)
    chosen = profile or name
    with open_instance() as instance:
        stored = add_domain(
            instance,
            cli_actor(),
            Path(chosen) if chosen.endswith(".yaml") else chosen,
            settings,
            signing_key=SigningKeyFile(signing_key, password_file) if signing_key else None,
        )
    _warn(stored.domain)
    typer.echo(f"Added {stored.domain.name}: zone {stored.domain.dns.zone}, SMP {stored.domain.smp.base_url or 'none'}")


@app.command("change", epilog="Example: registry domain change example --settings smp2.yaml --plan")
def change(
    name: str = typer.Argument(help="A domain of the instance."),
    settings_file: Path = typer.Option(..., "--settings", help="YAML file with the settings to lay over the present."),
    plan: bool = typer.Option(False, "--plan", help="Only show what would change."),
    json_output: bool = JSON_OPTION,
) -> None:
    """Change a domain; the DNS records of its participants follow. Prints each setting that changes.

    Refused where participants are registered under names that would change, or the signing key doesn't fit.
    """
    from registry.app.domain_setup import change_domain, changed_domain
    from registry.cli.common import cli_actor, open_instance, print_json
    from registry.domains.differences import differences

    settings = _read_settings(settings_file)
    with open_instance() as instance:
        before = instance.directory.get(name).domain
        after = changed_domain(instance, name, settings)
        if not plan:
            after = change_domain(instance, cli_actor(), name, settings).domain
    found = differences(before, after)
    if json_output:
        print_json([{"setting": item.setting, "before": item.before, "after": item.after} for item in found])
    else:
        for item in found:
            typer.echo(f"{item.setting}: {item.before} -> {item.after}")
        typer.echo(f"{len(found)} settings {'would change' if plan else 'changed'}", err=True)
    _warn(after)
    if before.smp.base_url != after.smp.base_url and after.smp.smp_id:
        typer.echo(f"note: tell the SML the new address of {after.smp.smp_id}, too (Update of its publisher)", err=True)


def anchors_of(options: list[str]) -> dict[str, Any]:
    """Trust settings from options ROLE=FILE."""
    roles: dict[str, Any] = {}
    for option in options:
        role, separator, file = option.partition("=")
        if not separator or not file:
            raise typer.BadParameter(f"--anchors wants ROLE=FILE, such as smp-sign=ca.pem, not {option}")
        roles.setdefault(role, {"anchor_files": []})["anchor_files"].append(str(Path(file).absolute()))
    return roles


def _read_settings(file: Path) -> dict[str, Any]:
    import yaml

    from registry.errors import ConfigurationError

    try:
        settings = yaml.safe_load(file.read_bytes())
    except (OSError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{file} can't be read: {error}") from error
    if not isinstance(settings, dict):
        raise ConfigurationError(f"{file} is no mapping")
    return settings
