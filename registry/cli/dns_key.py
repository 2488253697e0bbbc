# SPDX-License-Identifier: Apache-2.0
"""`registry dns key`: the TSIG keys that name servers and this installation share."""

import typer

from registry.cli.common import JSON_OPTION

app = typer.Typer(help="The TSIG keys that name servers and this installation share.", no_args_is_help=True)
_NAME = typer.Argument(help="The key's name: a domain name, as ns1.example.org-sml.")


@app.command("generate", epilog="Example: registry dns key generate ns1.example.org")
def generate(
    name: str = _NAME,
    algorithm: str = typer.Option("hmac-sha256", "--algorithm", help="hmac-sha256, hmac-sha384 or hmac-sha512."),
    json_output: bool = JSON_OPTION,
) -> None:
    """Make a key with a random secret, in a file of REGISTRY_DNS_KEY_DIR that only its owner may read."""
    from registry.cli.common import prepared_settings, print_json
    from registry.dns.tsig_keys import TsigKeys

    named = _spelled(name)
    path = TsigKeys(prepared_settings().dns_key_dir).generate(named, algorithm)
    if json_output:
        print_json({"outcome": "generated", "name": named, "algorithm": algorithm, "file": str(path)})
    else:
        typer.echo(f"generated {named}: {path}")
        typer.echo(f"`registry dns key show {named}` prints it for name servers", err=True)


@app.command("list", epilog="Example: registry dns key list")
def list_keys(json_output: bool = JSON_OPTION) -> None:
    """List the keys: name, algorithm, file; and what is wrong with those that can't be used."""
    from registry.cli.common import prepared_settings, print_json
    from registry.dns.tsig_keys import TsigKeys, algorithm_name
    from registry.errors import ConfigurationError

    keys = TsigKeys(prepared_settings().dns_key_dir)
    for name in keys.names():
        algorithm, problem = "-", None
        try:
            algorithm = algorithm_name(keys.required(name))
        except ConfigurationError as error:
            problem = str(error)
        file = str(keys.folder / f"{name}.key")
        if json_output:
            print_json({"name": name, "algorithm": algorithm, "file": file, "problem": problem})
        else:
            typer.echo("\t".join([name, algorithm, file, *([problem] if problem else [])]))


@app.command("show", epilog="Example: registry dns key show ns1.example.org --for knot")
def show(
    name: str = _NAME,
    server: str | None = typer.Option(
        None, "--for", help="The name server: knot, nsd or bind; by default all of them."
    ),
    json_output: bool = JSON_OPTION,
) -> None:
    """Print a key, with its secret, as name servers want it in their configuration."""
    from registry.cli.common import prepared_settings, print_json
    from registry.dns.secondary_configurations import PROGRAMS, key_of_knot, key_of_nsd
    from registry.dns.tsig_keys import TsigKeys

    if server is not None and server not in PROGRAMS:
        raise typer.BadParameter(f"a name server is one of {', '.join(PROGRAMS)}")
    keys = TsigKeys(prepared_settings().dns_key_dir)
    key = keys.required(_spelled(name))
    every = {"knot": f"key:\n{key_of_knot(key)}", "nsd": key_of_nsd(key), "bind": keys.text(_spelled(name))}
    blocks = {each: every[each] for each in ([server] if server else PROGRAMS)}
    if json_output:
        print_json({"name": _spelled(name), "blocks": blocks})
    elif server:
        typer.echo(blocks[server], nl=False)
    else:
        typer.echo("\n".join(f"# {each}\n{block}" for each, block in blocks.items()), nl=False)


def _spelled(name: str) -> str:
    return name.lower().removesuffix(".")
