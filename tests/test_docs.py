"""Code blocks of the README and the documentation: Python is run, lines of a shell are read by the command line."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from conftest import fish_cases
from printed import Paper, pdf
from scoville import registry
from scoville.cases.files import write_cases
from scoville.cli.app import scoville

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LEAVE = ("Parental leave", "Parental leave takes 16 weeks.", "Adoption leave takes 12 weeks.")


def blocks(page: Path, *languages: str) -> Iterator[tuple[int, str]]:
    """Give the blocks of a page in some languages, with the line at which each begins."""
    text = page.read_text(encoding="utf-8")
    for block in BLOCK.finditer(text):
        if block[1] in languages:
            yield text.count("\n", 0, block.start()) + 1, block[2]


def with_blocks(*languages: str) -> list[Any]:
    return [pytest.param(page, id=page.name) for page in PAGES if any(blocks(page, *languages))]


def handbook(paper: Paper) -> None:
    for number, line in enumerate(LEAVE):
        paper.text(72, 100 + 30 * number, line)


@pytest.fixture
def folder(tmp_path: Path, fakes: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with documents, cases and another recipe, as the pages speak of them."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "handbook.pdf").write_bytes(pdf(handbook))
    (tmp_path / "docs" / "fees.md").write_text(
        "# Fees\n\n| Kind | Fee |\n|---|---|\n| Short | 2 EUR |\n| Long | 5 EUR |\n"
    )
    (tmp_path / "cases").mkdir()
    write_cases(tmp_path / "cases" / "dev.jsonl", fish_cases(3))
    (tmp_path / "other.yaml").write_text("search: {passages: 4}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "_added", {})
    return tmp_path


@pytest.mark.parametrize("page", with_blocks("python"))
@pytest.mark.filterwarnings("ignore:unclosed")
def test_the_python_of_a_page_runs(page: Path, folder: Path, capsys: pytest.CaptureFixture[str]):
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for line, code in blocks(page, "python"):
        exec(compile("\n" * line + code, str(page), "exec"), namespace)  # noqa: S102
    if page.name == "python.md":
        said = capsys.readouterr().out
        assert "2 added; []" in said
        assert "16 weeks. found" in said and "keyword_bot" in said and "4 cases;" in said
        assert "split.sise: unknown key" in said
        assert (folder / "page.png").stat().st_size > 0
        assert (folder / "comparison.html").read_text().startswith("<!doctype html>")


@pytest.mark.parametrize("page", with_blocks("sh"))
def test_the_command_line_knows_what_a_page_shows(page: Path):
    for line, code in blocks(page, "sh"):
        for words in commands(code):
            try:
                parse(words)
            except click.ClickException as error:
                pytest.fail(f"{page.name}, block at line {line}: scoville {' '.join(words)}: {error.format_message()}")


def test_the_check_of_commands_sees_a_wrong_option():
    good, add, bad = commands('X=1 scoville ask "a b" | head # why\nscoville add docs/ && .venv/bin/scoville ask -x')
    assert (good, add, bad) == (["ask", "a b"], ["add", "docs/"], ["ask", "-x"])
    parse(good)
    with pytest.raises(click.NoSuchOption):
        parse(bad)


def commands(code: str) -> Iterator[list[str]]:
    """Give the words behind each `scoville` of a shell's lines."""
    for line in code.splitlines():
        words: list[str] = []
        for word in [*shlex.split(line, comments=True), "&&"]:
            if word not in ("&&", "|", ">", ";"):
                words.append(word)
                continue
            started = next((place for place, one in enumerate(words) if re.fullmatch(r"(.*/)?scoville", one)), None)
            if started is not None:
                yield words[started + 1 :]
            words = []


def parse(words: list[str]) -> None:
    """Read the words behind `scoville` as the command line does, and run nothing."""
    command: click.Command = scoville
    while isinstance(command, click.Group):
        inner = command.get_command(click.Context(command), words[0])
        if inner is None:
            raise click.UsageError(f"there is no command {words[0]!r}")
        command, words = inner, words[1:]
    command.make_context(command.name, words).close()
