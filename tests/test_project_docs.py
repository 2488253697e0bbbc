# SPDX-License-Identifier: Apache-2.0
"""The documentation names what there is: decisions, folders, arrows, errors, files behind links."""

import importlib
import inspect
import re
import runpy
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("ops/*.md"), *DOCS.rglob("*.md")])
ARCHITECTURE = (DOCS / "explanation" / "architecture.md").read_text(encoding="utf-8")
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


def test_settings_reference_is_the_one_that_the_code_makes() -> None:
    page = (DOCS / "reference" / "settings.md").read_text(encoding="utf-8")
    with_table = runpy.run_path(str(ROOT / "ops" / "write_reference.py"))["with_table"]
    assert page == with_table(page), "run `make reference`"
    assert "| `REGISTRY_DATA_DIR` |" in page


def test_publiccode_states_the_version_and_the_licence_of_the_project() -> None:
    about = yaml.safe_load((ROOT / "publiccode.yml").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert about["softwareVersion"] == importlib.import_module("registry").__version__
    assert about["legal"]["license"] == project["license"]
    description = about["description"]["en"]
    assert len(description["shortDescription"]) <= 150
    assert 150 <= len(description["longDescription"]) <= 10_000
