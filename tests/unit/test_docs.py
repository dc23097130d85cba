"""The words around the code: pages are current, links lead somewhere, commands and tests that are named exist."""

from __future__ import annotations

import importlib.util
import io
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from salesperf_cli.app import VERBS, load_verb
from salesperf_cli.environment import Environment
from salesperf_cli.options import VerbGroup

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
WRITTEN = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
DECISIONS = sorted(DOCS.glob("adr/[0-9]*.md"))

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def _generator() -> ModuleType:
    """docs/generate.py as a module; docs/ is no package."""
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATE = _generator()
PAGES: dict[str, str] = GENERATE.pages()
COMMANDS, FIELDS = (importlib.import_module(f"pages.{name}") for name in ("commands", "contract_fields"))


def _name(file: Path) -> str:
    return str(file.relative_to(ROOT))


# generated pages


@pytest.mark.parametrize("page", PAGES)
def test_a_committed_page_is_what_the_code_says(page: str) -> None:
    assert (DOCS / page).read_text("utf-8") == PAGES[page], "run: python docs/generate.py"


def test_writing_the_pages_again_changes_nothing() -> None:
    assert GENERATE.pages() == PAGES
    assert GENERATE.write() == []


def test_generated_pages_hold_no_path_of_this_machine() -> None:
    for page, text in PAGES.items():
        assert str(ROOT) not in text, page
        assert str(Path.home()) + "/" not in text or str(Path.home()) == "/", page


def test_every_field_of_the_contract_format_is_explained_and_no_other() -> None:
    parts: dict[type[Any], str] = FIELDS.PARTS
    fields = {f"{model.__name__}.{field}" for model in parts for field in model.model_fields}
    assert set(FIELDS.MEANINGS) == fields


# commands


@pytest.mark.parametrize("words", list(COMMANDS.command_paths()), ids=" ".join)
def test_each_command_says_what_it_does_and_gives_examples_that_exist(words: tuple[str, ...]) -> None:
    command: Any = load_verb(words[0])
    for word in words[1:]:
        command = command.commands[word]
    text = command.help or ""
    assert text.split("\n")[0].endswith("."), "the first line is a sentence"
    if isinstance(command, VerbGroup):
        return
    _, found, examples = text.partition("Examples:\n")
    lines = [line.strip() for line in examples.splitlines() if line.strip()]
    assert found and lines, "the help ends with examples"
    for line in lines:
        _assert_parses(line)


@pytest.mark.parametrize("file", WRITTEN, ids=_name)
def test_each_command_that_a_page_shows_exists_with_its_options(file: Path) -> None:
    for line in _command_lines(file):
        if line.startswith("salesperf"):
            _assert_parses(line)
        elif line.startswith("make "):
            target = line.split()[1]
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE), line


def test_the_first_page_shows_the_two_commands_and_the_four_lines() -> None:
    lines = list(_command_lines(ROOT / "README.md"))
    assert lines[:2] == ["make demo", "make test"]
    four = ["salesperf init shop", "salesperf ingest", "salesperf run-batch --promote", "salesperf query"]
    places = [next(at for at, line in enumerate(lines) if line.startswith(start)) for start in four]
    assert places == sorted(places)
    assert "5,202,955.05" in (ROOT / "README.md").read_text("utf-8")


def _command_lines(file: Path) -> Iterator[str]:
    """The commands in a page's code blocks, each as one line: after `$ `, or a whole line of a shell block."""
    if _is_generated(file):
        return
    for language, body in FENCE.findall(file.read_text("utf-8")):
        lines = body.splitlines()
        while lines:
            line = lines.pop(0)
            if not line.startswith("$ ") and not (language == "bash" and line.startswith("salesperf ")):
                continue
            command = line.removeprefix("$ ")
            while command.count('"') % 2:  # a quoted SELECT goes on in the next line
                command += "\n" + lines.pop(0)
            for part in command.split(" && "):
                yield part.partition("  #")[0].strip()


def _assert_parses(line: str) -> None:
    """Let the verb's own parser read the line, without running it."""
    words = shlex.split(line.replace("…", "..."))
    for mark in ("|", ">"):
        words = words[: words.index(mark)] if mark in words else words
    assert words.pop(0) == "salesperf", line
    stream = io.StringIO()
    world = Environment(stdin=stream, stdout=stream, stderr=stream, variables={}, cwd=ROOT)
    at = next((at for at, word in enumerate(words) if word in VERBS), None)
    assert at is not None, f"{line}: no such command"
    command: Any = load_verb(words[at])
    rest = [*words[:at], *words[at + 1 :]]  # global options may stand before the verb
    if isinstance(command, VerbGroup) and rest:
        word = next((word for word in rest if word in command.commands), None)
        if word is not None:  # else the group's own, such as `salesperf cost --explain`
            rest.remove(word)
            command = command.commands[word]
    if rest:
        command.make_context(line, rest, obj=world).close()


# links


@pytest.mark.parametrize("file", WRITTEN, ids=_name)
def test_every_relative_link_leads_somewhere(file: Path) -> None:
    for link in LINK.findall(FENCE.sub("", file.read_text("utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (file.parent / path).resolve() if path else file
        assert target.exists(), f"{_name(file)} links to {link}"
        if anchor:
            assert anchor in _anchors(target), f"{_name(file)} links to {link}"


def test_every_page_can_be_reached_from_the_first() -> None:
    seen, open_pages = set(), [ROOT / "README.md"]
    while open_pages:
        page = open_pages.pop()
        if page in seen:
            continue
        seen.add(page)
        for link in LINK.findall(page.read_text("utf-8")):
            target = (page.parent / link.partition("#")[0]).resolve()
            if target.suffix == ".md" and target.is_file():
                open_pages.append(target)
    missing = [_name(file) for file in WRITTEN if file not in seen and file.name != "CHANGELOG.md"]
    assert missing == []


def _anchors(file: Path) -> set[str]:
    """The anchors of a page's headings: lower case, letters, digits, - and _, blanks as -."""
    headings = HEADING.findall(FENCE.sub("", file.read_text("utf-8")))
    return {"".join(c for c in each.lower() if c.isalnum() or c in " -_").replace(" ", "-") for each in headings}


# what is named, and how it reads


@pytest.mark.parametrize("file", WRITTEN, ids=_name)
def test_each_test_that_a_page_names_exists(file: Path) -> None:
    named = set(re.findall(r"`(test_\w+)`", file.read_text("utf-8")))
    if named:
        everything = "\n".join(each.read_text("utf-8") for each in (ROOT / "tests").rglob("*.py"))
        assert {name for name in named if f"def {name}(" not in everything} == set()


@pytest.mark.parametrize("file", WRITTEN, ids=_name)
def test_code_blocks_fit_80_columns(file: Path) -> None:
    if _is_generated(file):
        return
    wide = [line for _, body in FENCE.findall(file.read_text("utf-8")) for line in body.splitlines() if len(line) > 80]
    assert wide == []


def _is_generated(file: Path) -> bool:
    """Generated pages have their own tests."""
    return file.parent.name == "reference"


# decisions


@pytest.mark.parametrize("file", DECISIONS, ids=_name)
def test_a_decision_has_the_parts_that_madr_asks_for(file: Path) -> None:
    text = file.read_text("utf-8")
    parts = ("Context and Problem Statement", "Considered Options", "Decision Outcome", "Pros and Cons of the Options")
    assert text.startswith("---\nstatus: ")
    assert [part for part in parts if f"\n## {part}\n" not in text] == []
    outcome = text.partition("\n## Decision Outcome\n")[2].partition("\n## ")[0]
    for part in ("Consequences", "Confirmation"):
        assert f"\n### {part}\n" in outcome
    assert "- Good, because" in outcome and "- Bad, because" in outcome


def test_decisions_are_numbered_without_a_gap_and_listed_under_their_titles() -> None:
    assert [int(file.name[:4]) for file in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    listed = (DOCS / "adr" / "README.md").read_text("utf-8")
    assert [file.name for file in DECISIONS if f"({file.name})" not in listed] == []
