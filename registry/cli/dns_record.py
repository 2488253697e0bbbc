# SPDX-License-Identifier: Apache-2.0
"""`registry dns record`, `registry dns delegate`, `registry dns locator`: what an operator has in a zone."""

from typing import TYPE_CHECKING

import typer

from registry.cli.common import DOMAIN_OPTION, JSON_OPTION

if TYPE_CHECKING:
    from registry.app.instance import Instance
    from registry.dns.records import RRset
    from registry.dns.zone_records import ZoneRecords

app = typer.Typer(help="The operator's own records in the zone of a domain.", no_args_is_help=True)
_NAME = typer.Argument(metavar="NAME", help="A name in the zone: relative to it, or absolute.")
_TTL = typer.Option(3600, "--ttl", min=0, help="For how many seconds resolvers may keep it.")


@app.command("list", epilog="Example: registry dns record list --domain peppol-test")
def list_records(
    name: str | None = typer.Option(None, "--name", help="Only those of this name."),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """List the operator's records: name, TTL, type, data."""
    from registry.cli.common import chosen_domain, open_instance, print_json
    from registry.cli.listing import PAGE
    from registry.dns.zone_reader import absolute

    with open_instance() as instance:
        stored, records, after = chosen_domain(instance, domain), _records(instance), ("", "")
        while rows := records.page(stored, name, after, PAGE):
            for row in rows:
                rrset = row.rrset
                owner = absolute(rrset.owner, stored.domain.dns.zone)
                if json_output:
                    shown = {"name": owner, "type": rrset.rdtype, "ttl": rrset.ttl, "records": list(rrset.rdatas)}
                    print_json(shown | {"added_by": row.added_by, "modified_at": row.modified_at.isoformat()})
                else:
                    for rdata in rrset.rdatas:
                        typer.echo(f"{owner}\t{rrset.ttl}\tIN\t{rrset.rdtype}\t{rdata}")
            after = rows[-1].rrset.owner, rows[-1].rrset.rdtype


@app.command("put", epilog="Example: registry dns record put 0088.sml CNAME sml.example.org.")
def put(
    name: str = _NAME,
    rdtype: str = typer.Argument(metavar="TYPE", help="A type of records, as CNAME or TXT."),
    rdatas: list[str] = typer.Argument(metavar="DATA...", help="One or several records, as in a zone file."),
    ttl: int = _TTL,
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Put records into the zone, in the place of those of that name and type; names in DATA are absolute."""
    from registry.dns.records import RRset

    _put([RRset(name, rdtype, ttl, tuple(rdatas))], domain, json_output=json_output)


@app.command("remove", epilog="Example: registry dns record remove 0088.sml CNAME")
def remove(
    name: str = _NAME,
    rdtype: str | None = typer.Argument(None, metavar="[TYPE]", help="Only records of this type."),
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Remove the operator's records at a name; participants and SMPs are not touched."""
    from registry.cli.common import chosen_domain, cli_actor, open_instance

    with open_instance() as instance:
        removed = _records(instance).remove(cli_actor(), chosen_domain(instance, domain), name, rdtype)
    _say("removed", removed, json_output=json_output)


def delegate(
    name: str = _NAME,
    servers: list[str] = typer.Option(
        [], "--ns", metavar="HOST[=ADDRESS,...]", help="A name server; with addresses where its name is in the zone."
    ),
    ds: list[str] = typer.Option([], "--ds", help="A DS record of the delegated zone: tag, algorithm, type, digest."),
    dname: str | None = typer.Option(None, "--dname", help="The name in whose place this one stands, instead of --ns."),
    ttl: int = _TTL,
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Give all names below a name to others: to their name servers (--ns), or to their zone (--dname).

    Refused while participants are registered below it, since nobody would find them any more.
    """
    from registry.dns.records import RRset, absolute
    from registry.dns.zone_records import delegation
    from registry.errors import ValidationError

    if (dname is None) is not bool(servers) or (dname is not None and ds):
        raise ValidationError.of("ZONE-DELEGATION", "say either --ns, perhaps with --ds, or --dname alone")
    if dname is not None:
        _put([RRset(name, "DNAME", ttl, (absolute(dname),))], domain, json_output=json_output)
        return
    _put(delegation(name, map(_host, servers), ds, ttl), domain, json_output=json_output)


def locator(
    icd: str = typer.Argument(metavar="ICD", help="The code of an issuing agency, as 0088."),
    host: str | None = typer.Option(None, "--host", help="The host name of the SML that has its participants."),
    api: str | None = typer.Option(None, "--api", help="The URL of the interface of that SML."),
    ttl: int = _TTL,
    domain: str | None = DOMAIN_OPTION,
    json_output: bool = JSON_OPTION,
) -> None:
    """Say in the zone which SML serves the participants of an agency: `<icd>.sml`, `<icd>.sml-api`."""
    from registry.dns.records import RRset, absolute, naptr_rrset
    from registry.errors import ValidationError
    from registry.identifiers.sml_names import SML_SERVICE, sml_api_owner, sml_host_owner

    if host is None and api is None:
        raise ValidationError.of("ZONE-LOCATOR", "say --host, --api or both")
    rrsets = [] if host is None else [RRset(sml_host_owner(icd), "CNAME", ttl, (absolute(host),))]
    rrsets += [] if api is None else [naptr_rrset(sml_api_owner(icd), api, [SML_SERVICE], ttl)]
    _put(rrsets, domain, json_output=json_output)


def _host(server: str) -> tuple[str, list[str]]:
    host, _, addresses = server.partition("=")
    return host, [address for address in addresses.split(",") if address]


def _put(rrsets: "list[RRset]", domain: str | None, *, json_output: bool) -> None:
    from registry.cli.common import chosen_domain, cli_actor, open_instance

    with open_instance() as instance:
        changed = _records(instance).put(cli_actor(), chosen_domain(instance, domain), rrsets)
    _say("put", changed, json_output=json_output)


def _say(what: str, count: int, *, json_output: bool) -> None:
    from registry.cli.common import print_json

    if json_output:
        print_json({"outcome": what if count else "unchanged", "record_sets": count})
    else:
        typer.echo(f"{what} {count} record sets" if count else "nothing to change: it is so already")


def _records(instance: "Instance") -> "ZoneRecords":
    from registry.dns.zone_records import ZoneRecords

    return ZoneRecords(instance.database, instance.journal)
