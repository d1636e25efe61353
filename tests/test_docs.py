"""Code of the README and the documentation: Python is run, and so are the lines of a shell that can be run offline."""

import json
import os
import re
import runpy
import shlex
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest

import scoville as sc
from conftest import Command, command_line, fish_cases, set_fakes
from printed import Paper, pdf
from scoville import registry
from scoville.cases.files import case_of, write_cases
from scoville.cli.app import scoville
from scoville.demo import demo_cases, write_demo_documents
from scoville.index import LanceIndex
from scoville.recipe import Recipe
from scoville.recipe.file import load_recipe
from scoville.recipe.reference import keys, source_keys
from scoville.recipe.section import Mark
from scoville.recipe.sources import ENTRIES

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LEAVE = ("Parental leave", "Parental leave takes 16 weeks.", "Adoption leave takes 12 weeks.")


INLINE = re.compile(r"`(scoville [a-z][^`]*)`")
SKIPPED = {
    "=ollama:": "needs a server", "=vllm:": "needs a server", " http:": "needs a server",
    " llm.model=openai:": "needs a key", " llm.model=anthropic:": "needs a key", "judge.model=openai:": "needs a key",
    "train embedder": "minutes: tests/train trains tiny ones", "train reranker ": "the same",
    "train reader ": "minutes to hours: tests/cli trains a tiny one", "train score ": "needs a trained reader",
    "train lora ": "minutes: tests/cli trains tiny ones", "train full ": "minutes", "train pretrain ": "minutes",
    "calibrate ": "more cases than these: tests/cli calibrates", "answer.max_error=": "the same",
    "export ": "needs a trained model: tests/train exports tiny ones",
    "serve ": "it ends by a signal: tests/serve serves", "studio": "the same", "keys revoke ": "needs a key",
    "mcp": "it speaks a protocol: tests/serve speaks it",
    "=path:FILE.gguf": "needs the weights of a model: tests/llm asks local ones",
}  # fmt: skip
"""The lines of a shell that are not run, by a part of them."""


def blocks(page: Path, *languages: str) -> Iterator[tuple[int, str]]:
    """Give the blocks of a page in some languages, with the line at which each begins."""
    text = page.read_text(encoding="utf-8")
    for block in BLOCK.finditer(text):
        if block[1] in languages:
            yield text.count("\n", 0, block.start()) + 1, block[2]


def with_blocks(*languages: str) -> list[Any]:
    return [pytest.param(page, id=page.name) for page in PAGES if any(blocks(page, *languages))]


def commands(code: str) -> Iterator[list[str]]:
    """Give the words behind each `scoville` of a shell's lines; where some begin with `$`, the others are printed."""
    lines = code.splitlines()
    for line in [line[2:] for line in lines if line.startswith("$ ")] or lines:
        words: list[str] = []
        for word in [*shlex.split(line, comments=True), "&&"]:
            if word not in ("&&", "|", ">", ";"):
                words.append(word)
                continue
            started = next((place for place, one in enumerate(words) if re.fullmatch(r"(.*/)?scoville", one)), None)
            if started is not None:
                yield words[started + 1 :]
            words = []


def words_run(page: Path) -> Iterator[list[str]]:
    for _, code in blocks(page, "sh"):
        yield from (words for words in commands(code) if not any(part in " ".join(words) for part in SKIPPED))


def with_commands() -> list[Any]:
    return [pytest.param(page, id=page.name) for page in PAGES if any(words_run(page))]


class Demo(NamedTuple):
    """The folder of the demo as the fakes answer it, made once for all pages, and the name of a sweep in it."""

    folder: Path
    sweep: str


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


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("demo") / "demo"
    with pytest.MonkeyPatch.context() as patch:
        set_fakes(patch)
        patch.setattr(LanceIndex, "_outlive_reading", lambda _: None)
        assert command_line(patch)("demo", folder).code == 0
        with sc.open(folder) as bot:
            sweep = bot.variant({"sweep.space": {"search.passages": [1, 3]}}).sweep(folder / "cases/demo.jsonl").name
    return Demo(folder, sweep)


def ask_the_reader(page: Path, patch: pytest.MonkeyPatch) -> None:
    """Let the default model answer where a page asks for a schema, which the fake cannot fill."""
    if page.name == "prompts.md":
        patch.delenv("SCOVILLE_LLM__MODEL")


@pytest.mark.parametrize("page", with_blocks("python"))
@pytest.mark.filterwarnings("ignore:unclosed")
def test_the_python_of_a_page_runs(
    page: Path, folder: Path, demo: Demo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    shutil.copytree(demo.folder, "demo")
    ask_the_reader(page, monkeypatch)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for line, code in blocks(page, "python"):
        exec(compile("\n" * line + code, str(page), "exec"), namespace)  # noqa: S102
    if page.name == "python.md":
        said = capsys.readouterr().out
        assert "2 added; []" in said
        assert "16 weeks. supported" in said and "keyword_bot" in said and "4 cases;" in said
        assert "split.sise: unknown key" in said
        assert (folder / "page.png").stat().st_size > 0
        assert (folder / "comparison.html").read_text().startswith("<!doctype html>")
    if page.name == "prompts.md":
        assert "policy_number='LEC-2048-7731' total_paid=52.0" in capsys.readouterr().out


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty folder of a user who has the demo's documents, beside it what the pages' commands name."""
    monkeypatch.setenv("HOME", str(tmp_path))
    write_demo_documents(tmp_path / "Documents" / "policies")
    (tmp_path / "my-bot").mkdir()
    monkeypatch.chdir(tmp_path / "my-bot")
    return tmp_path / "my-bot"


def prepare() -> None:
    """Write what commands name into this folder."""
    for name in ("qa", "questions"):
        write_cases(Path(f"{name}.jsonl"), [case.case for case in demo_cases()])
    for name, count in (("a", 1), ("b", 3), ("other", 4)):
        Path(f"{name}.yaml").write_text(f"search: {{passages: {count}}}\n")
    judged = {"question": "How long?", "reference": "16 weeks", "answer": "16 weeks", "human": {"correctness": 1}}
    Path("judged.jsonl").write_text(json.dumps(judged))
    Path("bot.py").write_text("def answer(question):\n    return 'Ask someone.'\n")


@pytest.mark.parametrize("page", with_commands())
def test_the_commands_of_a_page_run(
    page: Path, workplace: Path, demo: Demo, command: Command, monkeypatch: pytest.MonkeyPatch
):
    few = "12"  # of the cases that are generated: each is asked ten times
    names = {"RUN": "latest", "SWEEP": demo.sweep, "40": few}
    if ["init"] not in words_run(page):  # it goes on from the workspace of the demo, as it says
        shutil.copytree(demo.folder, "demo")
        monkeypatch.chdir("demo")
    ask_the_reader(page, monkeypatch)
    prepare()
    for words in words_run(page):
        done = command(*(names.get(word, os.path.expanduser(word)) for word in words), stdin=b"a\nq\n")
        assert done.code == 0, f"{page.name}: scoville {shlex.join(words)}: {done.err}"
        assert done.out or done.err
    if any(words[0] in ("compare", "report") for words in words_run(page)):
        assert Path("report.html").stat().st_size > 10_000


def test_cases_recipes_and_entry_points_of_pages_are_read(tmp_path: Path):
    found = {name: [code for page in PAGES for _, code in blocks(page, name)] for name in ("json", "yaml", "toml")}
    for code in found["json"]:
        assert all(case_of(json.loads(line)).question for line in code.splitlines())
    for code in found["yaml"]:
        (tmp_path / "recipe.yaml").write_text(code)
        assert load_recipe(tmp_path / "recipe.yaml").recipe.model_fields_set
    for code in found["toml"]:
        assert list(tomllib.loads(code)["project"]["entry-points"]) == [registry.GROUP]
    assert all(found.values())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_names_a_language_whose_blocks_are_run_or_read(page: Path):
    fences = re.findall(r"^ *```(.*)", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(fences[::2]) <= {"python", "sh", "console", "json", "yaml", "toml"}
    assert set(fences[1::2]) <= {""}


def test_what_is_not_run_stands_in_a_page():
    lines = [" ".join(words) for page in PAGES for _, code in blocks(page, "sh") for words in commands(code)]
    assert [part for part in SKIPPED if not any(part in line for line in lines)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_command_line_knows_what_a_page_shows(page: Path):
    inline = INLINE.findall(BLOCK.sub("", page.read_text(encoding="utf-8")))
    for code in [*(code for _, code in blocks(page, "sh", "console")), *inline]:
        for words in commands(code):
            try:
                parse(words)
            except click.ClickException as error:
                pytest.fail(f"{page.name}: scoville {' '.join(words)}: {error.format_message()}")


def test_the_command_line_knows_what_the_container_runs():
    text = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    run = re.findall(r"^RUN (scoville .*)$", text, re.MULTILINE)
    assert [parse(words) for line in run for words in commands(line)]


def test_the_check_of_commands_sees_a_wrong_option():
    (shown,) = commands('$ scoville ask "Who?"\nI don\'t know: scoville ask\n')
    assert shown == ["ask", "Who?"]
    good, add, bad = commands('X=1 scoville ask "a b" | head # why\nscoville add docs/ && .venv/bin/scoville ask -x')
    assert (good, add, bad) == (["ask", "a b"], ["add", "docs/"], ["ask", "-x"])
    parse(good)
    with pytest.raises(click.NoSuchOption):
        parse(bad)


def parse(words: list[str]) -> None:
    """Read the words behind `scoville` as the command line does, and run nothing."""
    command: click.Command = scoville
    while isinstance(command, click.Group):
        if command.invoke_without_command and (not words or words[0].startswith("-")):
            break
        inner = command.get_command(click.Context(command), words[0])
        if inner is None:
            raise click.UsageError(f"there is no command {words[0]!r}")
        command, words = inner, words[1:]
    command.make_context(command.name, words).close()


def test_the_reference_of_recipe_keys_is_that_of_the_code() -> None:
    script = runpy.run_path(str(ROOT / "scripts/make_recipe_reference.py"))
    written = (ROOT / "docs/recipe.md").read_text(encoding="utf-8")
    assert written == script["page"](), "run scripts/make_recipe_reference.py"


def test_every_recipe_key_says_what_it_means_and_what_may_stand_there() -> None:
    unsaid = [
        key.name for kind in (None, *ENTRIES) for key in (source_keys(kind) if kind else keys()) if not key.meaning
    ]
    assert unsaid == []
    named = {key.name: key for key in keys()}
    assert named["search.passages"].values == "whole number from 1 to 100"
    assert named["search.passages"].default == Recipe().search.passages
    assert named["read.pdf"].default == "auto"
    assert named["split.size"].mark is Mark.INDEX
