"""The docs name what there is: every entry of a registry, setting, command and dependency; and their links resolve."""

import re
import runpy
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
import typer
from pydantic_settings import BaseSettings

from alerts.channels import CHANNELS
from imaging.findings import FINDINGS
from twin.cli import app
from twin.importers import IMPORTERS
from twin.organs import ORGANS
from twin.record.fact import KnownBasis
from twin.scores import SCORES
from twin.settings import Settings
from twin.store.accounts import Role

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page
    for page in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "bench").glob("*.md"))
    if "node_modules" not in page.parts
)
GENERATED = runpy.run_path(str(ROOT / "docs" / "generate.py"))["PAGES"]
PAPERS = (
    "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "LICENSE", "NOTICE",
    "docs/glossary.md", "docs/intended-use.md", "docs/decisions/README.md",
)  # fmt: skip
_LINK = re.compile(r"\[[^\]]*\]\((?!https?:|mailto:|#)([^)#\s]+)(#[^)\s]*)?\)")
_VARIABLE = re.compile(r"\bTWIN_[A-Z][A-Z_]+\b")


def words() -> str:
    return "\n".join(page.read_text(encoding="utf-8") for page in PAGES)


def entries() -> Iterator[str]:
    registries = {"score": SCORES, "organ": ORGANS, "format": IMPORTERS, "channel": CHANNELS, "finding": FINDINGS}
    for kind, registry in registries.items():
        yield from (f"{kind} {entry.key}" for entry in registry)


def commands(path: str, command: object) -> Iterator[str]:
    children = getattr(command, "commands", None) or {}
    if not children:
        yield path
    for name, child in children.items():
        yield from commands(f"{path} {name}", child)


def variables() -> Iterator[str]:
    for name, field in Settings.model_fields.items():
        yield str(field.validation_alias or f"TWIN_{name}").upper()


def dependencies() -> Iterator[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for line in (*project["dependencies"], *project["optional-dependencies"]["dev"]):
        yield re.split(r"[\[<>=~!; ]", line)[0]


@pytest.mark.parametrize("paper", PAPERS)
def test_the_house_has_its_papers(paper: str) -> None:
    assert (ROOT / paper).read_text(encoding="utf-8").strip()


@pytest.mark.parametrize("name", tuple(GENERATED))
def test_a_generated_page_says_what_the_code_says(name: str) -> None:
    page = ROOT / "docs" / name
    assert page.read_text(encoding="utf-8") == GENERATED[name](), "run: python docs/generate.py"


@pytest.mark.parametrize("entry", tuple(entries()))
def test_every_registry_entry_is_named(entry: str) -> None:
    assert f"`{entry.split()[1]}`" in words()


@pytest.mark.parametrize("variable", tuple(variables()))
def test_every_setting_is_in_the_configuration_page(variable: str) -> None:
    assert f"| `{variable}` |" in (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")


def test_every_setting_comes_from_the_environment_by_the_rule_the_page_tells() -> None:
    assert issubclass(Settings, BaseSettings)
    assert Settings.model_config["env_prefix"] == "TWIN_"


def test_no_variable_is_read_that_the_configuration_page_does_not_name() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    sources = [
        ROOT / "Makefile",
        *(path for tree in ("twin", "tests", "bench") for path in (ROOT / tree).rglob("*.py")),
    ]
    named = {name for path in sources for name in _VARIABLE.findall(path.read_text(encoding="utf-8"))}
    assert sorted(name for name in named if f"`{name}`" not in page) == []


@pytest.mark.parametrize("command", tuple(commands("twin", typer.main.get_command(app))))
def test_every_command_is_named(command: str) -> None:
    assert f"`{command}`" in words()


@pytest.mark.parametrize("package", tuple(dependencies()))
def test_every_dependency_says_what_it_replaces_and_costs(package: str) -> None:
    page = (ROOT / "docs" / "decisions" / "0006-dependencies.md").read_text(encoding="utf-8")
    row = next((line for line in page.splitlines() if line.startswith(f"| `{package}` |")), "")
    assert len([cell for cell in row.split("|") if cell.strip()]) == 4


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_resolve(page: Path) -> None:
    targets = [match[1] for match in _LINK.finditer(page.read_text(encoding="utf-8"))]
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_decision_is_listed_and_tells_what_was_given_up() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    pages = sorted(folder.glob("[0-9]*.md"))
    assert pages
    for page in pages:
        assert f"]({page.name})" in index
        assert re.findall(r"^## (.+)$", page.read_text(encoding="utf-8"), re.M)[-1] == "What we gave up"


def test_the_glossary_says_each_word_once() -> None:
    page = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| ")]
    said = [word for word in rows if word != "word"]
    assert len(said) == len(set(said)) > 50


def test_the_glossary_and_intended_use_name_every_role_and_basis() -> None:
    page = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    assert [word for word in (*get_args(Role), *get_args(KnownBasis)) if word not in page] == []
