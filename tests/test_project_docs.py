# SPDX-License-Identifier: Apache-2.0
"""The documentation names what there is: decisions, folders, arrows, tables, errors, tests, files behind links."""

import ast
import importlib
import inspect
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from registry.cli import exits, resolve
from registry.demo.content import demo_metadata
from registry.storage.tables import metadata as tables
from tests.simulators.live import ACTOR, LiveInstance
from trust_lists.cli import common as trust_lists_cli
from trust_lists.sources.verifying import verify_list

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("ops/*.md"), *DOCS.rglob("*.md")])
ARCHITECTURE = (DOCS / "explanation" / "architecture.md").read_text(encoding="utf-8")
CONFORMANCE = sorted((DOCS / "conformance").glob("*.md"))
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]


def layers(package: str) -> str:
    """The layers contract of a package, written as one line of arrows."""
    (contract,) = (one for one in CONTRACTS if one["type"] == "layers" and one["containers"] == [package])
    return " > ".join(f"({layer})" if "|" in layer else layer for layer in contract["layers"])


def anchor(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        path, _, fragment = target.partition("#")
        destination = (page.parent / path).resolve() if path else page
        assert destination.exists(), target
        if fragment:
            headings = re.findall(r"^#+ (.+)$", destination.read_text(encoding="utf-8"), re.MULTILINE)
            assert fragment in map(anchor, headings), target


def test_every_decision_is_in_the_index_once_and_in_order() -> None:
    index = (DOCS / "adr" / "index.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[(\d{4})\]\((\d{4}-[a-z0-9-]+\.md)\) \| (.+) \|$", index, re.MULTILINE)
    pages = sorted(path for path in (DOCS / "adr").glob("*.md") if path.name != "index.md")
    assert [name for _, name, _ in listed] == [path.name for path in pages]
    for (number, name, title), path in zip(listed, pages, strict=True):
        assert name.startswith(number)
        assert path.read_text(encoding="utf-8").startswith(f"# {number}. {title}\n")


def test_decision_numbers_are_used_once() -> None:
    numbers = [path.name[:4] for path in (DOCS / "adr").glob("[0-9]*.md")]
    assert sorted(numbers) == [f"{number:04}" for number in range(1, len(numbers) + 1)]


@pytest.mark.parametrize("section", ["Context", "Options", "Decision", "Consequences"])
def test_every_decision_has_every_section(section: str) -> None:
    for path in (DOCS / "adr").glob("[0-9]*.md"):
        assert f"\n## {section}\n" in path.read_text(encoding="utf-8"), path.name


def test_architecture_shows_the_import_contracts_as_they_are() -> None:
    assert f"\n{layers('registry')}\n" in ARCHITECTURE
    assert f"\ntrust_lists: {layers('trust_lists')}\n" in ARCHITECTURE


@pytest.mark.parametrize("package", ["registry", "trust_lists"])
def test_architecture_has_a_line_for_each_module(package: str) -> None:
    tree = re.search(rf"^{package}/\n((?:  .+\n)+)", ARCHITECTURE, re.MULTILINE)
    assert tree
    described = set(re.findall(r"^  ([a-z_]+)/? ", tree[1], re.MULTILINE))
    folder = ROOT / package
    existing = {path.parent.name for path in folder.glob("*/__init__.py")}
    existing |= {path.stem for path in folder.glob("*.py") if not path.stem.startswith("__")}
    assert existing <= described


@pytest.mark.parametrize("package", ["registry", "trust_lists"])
def test_error_reference_lists_the_whole_tree(package: str) -> None:
    module = importlib.import_module(f"{package}.errors")
    errors = {
        name
        for name, value in inspect.getmembers(module, inspect.isclass)
        if issubclass(value, Exception) and value.__module__ == module.__name__
    }
    page = (DOCS / "reference" / "errors.md").read_text(encoding="utf-8")
    section = re.search(rf"^## {package}\.errors\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert section
    assert set(re.findall(r"^\| `(\w+)` ", section[1], re.MULTILINE)) == errors


@pytest.fixture(scope="module")
def write_reference() -> Iterator[ModuleType]:
    """The script that makes the reference pages, with its neighbours in reach."""
    ops = str(ROOT / "ops")
    sys.path.insert(0, ops)
    try:
        yield importlib.import_module("write_reference")
    finally:
        sys.path.remove(ops)


@pytest.mark.parametrize(
    ("page", "row"),
    [
        ("settings.md", "| `REGISTRY_DATA_DIR` |"),
        ("cli.md", "registry access-point change NAME [OPTIONS]"),
        ("metrics.md", "| `registry_zone_lag_seconds` | gauge |"),
        ("errors.md", "| `urn:edelivery-registry:problem:validation` | 400 |"),
        ("reasons.md", "| `BUSDOX-ONE-CERTIFICATE` | exactly one certificate is needed, not … |"),
    ],
)
def test_reference_is_the_one_that_the_code_makes(write_reference: ModuleType, page: str, row: str) -> None:
    text = (DOCS / "reference" / page).read_text(encoding="utf-8")
    assert text == write_reference.written(page), "run `make reference`"
    assert row in text


def test_exit_codes_in_the_reference_are_those_of_the_code() -> None:
    page = (DOCS / "reference" / "cli.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\| (\d) \|(.*)\|$", page, re.MULTILINE)
    rows = {int(code): [cell.strip() for cell in cells.split("|")] for code, cells in lines}
    assert {code for code, cells in rows.items() if cells[0]} == {*resolve.EXIT_CODES.values(), resolve.EXIT_USAGE}
    for outcome, code in resolve.EXIT_CODES.items():
        assert outcome.replace("-", " ") in rows[code][0]
    others = {exits.DONE, exits.REFUSED, exits.USAGE, exits.TECHNICAL}
    assert {code for code, cells in rows.items() if cells[1]} == others
    assert {code for code, cells in rows.items() if cells[2]} == {0, trust_lists_cli.NO, 2, trust_lists_cli.TECHNICAL}


def test_every_reference_page_with_marks_is_made(write_reference: ModuleType) -> None:
    marked = {path.name for path in (DOCS / "reference").glob("*.md") if "made by `make reference`" in path.read_text()}
    assert marked == {part.page for part in write_reference.PARTS}


def test_reasons_are_found_through_helpers_and_loops(write_reference: ModuleType) -> None:
    page = write_reference.written("reasons.md")
    for name in (
        "PARTICIPANT-LENGTH",
        "SMP-REDIRECT-URL",
        "MIGRATION-KEY-DIGIT",
        "DNS-CNAME",
        "BUSDOX-CERTIFICATE-UID",
    ):
        assert f"| `{name}` |" in page
    assert "DOCUMENT-TYPE-SCHEME-CASE" not in page, "only participants have that reason"


def test_event_reference_lists_every_tag_of_the_code() -> None:
    tag = re.compile(r"[a-z-]+:[a-z-]+:[a-z-]+")
    recorded = {
        node.value
        for path in (ROOT / "registry").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and tag.fullmatch(node.value)
    }
    page = (DOCS / "reference" / "events.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `([a-z:-]+)` \|", page, re.MULTILINE)
    assert listed == sorted(recorded)


def test_architecture_has_a_line_for_each_table() -> None:
    listed = re.findall(r"^\| `([a-z_]+)` \|", ARCHITECTURE, re.MULTILINE)
    assert sorted(listed) == sorted(tables.tables)


def test_architecture_draws_every_reference_between_tables() -> None:
    drawn = re.findall(r"^    (\w+) [|o]{2}--o[|{] (\w+) : ", ARCHITECTURE, re.MULTILINE)
    keys = {(key.column.table.name, table.name) for table in tables.sorted_tables for key in table.foreign_keys}
    assert sorted(drawn) == sorted(keys)


@cache
def defined_tests(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(function.name for function in functions)


@pytest.mark.parametrize("page", CONFORMANCE, ids=lambda page: page.name)
def test_every_test_that_proves_a_claim_exists(page: Path) -> None:
    links = re.findall(r"\[(test_\w+)\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    assert links
    missing = [f"{path}::{name}" for name, path in links if name not in defined_tests((page.parent / path).resolve())]
    assert missing == []


@pytest.mark.parametrize("page", CONFORMANCE, ids=lambda page: page.name)
def test_every_claim_has_a_test(page: Path) -> None:
    claims = 0
    for table in re.findall(r"^\|.* tests \|\n\|[-|]+\n((?:\|.*\n)+)", page.read_text(encoding="utf-8"), re.MULTILINE):
        for row in table.splitlines():
            claims += 1
            assert re.search(r"\[test_\w+\]\([^)]+\) \|$", row), row
    assert claims > 10


@pytest.mark.parametrize("command", ["make demo", "make test", "registry demo"])
def test_readme_shows_what_a_newcomer_types(command: str) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert any(command in line for block in blocks for line in block.splitlines())


def test_commands_that_pages_show_exist(write_reference: ModuleType) -> None:
    known = re.findall(r"^### (.+)$", write_reference.written("cli.md"), re.MULTILINE)
    for page in [ROOT / "README.md", DOCS / "quickstart.md", *(DOCS / "howto").glob("*.md")]:
        for block in re.findall(r"```(?:sh)?\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            for line in block.splitlines():
                if shown := re.search(r"(?:^|\$\(|/|[A-Z_]+=\S+ )((?:registry|trust-lists) [a-z].*)", line):
                    assert any(f"{shown[1]} ".startswith(f"{one} ") for one in known), f"{page.name}: {line}"


def test_embedding_example_runs(
    shared_live: LiveInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for item in demo_metadata(shared_live.pki.access_points):
        shared_live.instance.publishing.put_service_metadata(ACTOR, shared_live.stored, item, create_group=True)
    shared_live.wait_for_dns()
    participants = [{"id": str(item.participant)} for item in demo_metadata(shared_live.pki.access_points)]
    manifest = tmp_path / "demo.json"
    manifest.write_text(
        json.dumps(
            {"dns": shared_live.addresses.dns, "ca_file": str(shared_live.files.root), "participants": participants}
        )
    )
    page = (DOCS / "howto" / "embed-discovery.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    monkeypatch.setattr(sys, "argv", ["find_recipients.py", str(manifest)])
    exec(compile(example, "find_recipients.py", "exec"), {"__name__": "__main__"})  # noqa: S102 — our own page
    # The instance of the test logs to the same place.
    lines = [line for line in capsys.readouterr().out.splitlines() if "[info" not in line]
    assert len(lines) == len(participants) + 1
    assert all("https://ap" in line and "key" in line for line in lines[:-1])
    assert lines[-1] == "iso6523-actorid-upis::0088:nobody: not-registered [dns-nxdomain]"


def test_the_example_about_lists_runs(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = corpus / "trust_lists" / "gen-2023-10" / "BE_sn66.xml"
    signer = tmp_path / "signer.cer"
    signer.write_bytes(verify_list(file.read_bytes(), signers=None).signer.der)
    page = (DOCS / "howto" / "follow-trusted-lists.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    monkeypatch.setattr(sys, "argv", ["list.py", str(file), str(signer)])
    exec(compile(example, "list.py", "exec"), {"__name__": "__main__"})  # noqa: S102 — our own page
    first, *_, last = capsys.readouterr().out.splitlines()
    assert first.startswith("BE number 66, next update 20")
    assert re.fullmatch(r"\d+ services, \d+ trust anchors", last)


def test_publiccode_states_the_version_and_the_licence_of_the_project() -> None:
    about = yaml.safe_load((ROOT / "publiccode.yml").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert about["softwareVersion"] == importlib.import_module("registry").__version__
    assert about["legal"]["license"] == project["license"]
    description = about["description"]["en"]
    assert len(description["shortDescription"]) <= 150
    assert 150 <= len(description["longDescription"]) <= 10_000
