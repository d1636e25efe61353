"""A project is copied to another place: its index, its cases and its pages go on as they were."""

import json
import shutil
from pathlib import Path

import pytest

import scoville as sc
from conftest import Command
from pictures import pdf_of, printed

FERRIES = (
    "A season ticket covers 120 crossings per year.",
    "The Plover line was founded in 1911 by Bram Oake.",
    "The harbour office is responsible for lost property.",
)
BADGES = "Employees must report a lost badge within 14 days of the loss. The Larkhaven line does not carry lorries."


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Documents beside the workspace, as `scoville init my-bot` leaves them."""
    folder = tmp_path / "here" / "project"
    (folder / "docs").mkdir(parents=True)
    (folder / "docs" / "ferries.pdf").write_bytes(pdf_of(lambda canvas: printed(canvas, FERRIES)))
    (folder / "docs" / "badges.txt").write_text(BADGES)
    (folder / "bot").mkdir()
    (folder / "bot" / "recipe.yaml").write_text("sources: [{path: ../docs}]\n")
    monkeypatch.chdir(folder)
    return folder


def moved(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy a project as to another machine."""
    other = project.parents[1] / "there" / "copy"
    shutil.copytree(project, other, copy_function=shutil.copyfile)
    monkeypatch.chdir(other)
    shutil.rmtree(project)
    return other


def metrics(command: Command, workspace: str) -> dict[str, float]:
    done = command("evaluate", "-w", workspace, "cases.jsonl", "--json")
    assert done.code == 0, done.err
    return {name: metric["mean"] for name, metric in done.json["metrics"].items()}


def generate(command: Command, file: str) -> None:
    done = command(
        "cases", "generate", "-w", "bot", "--generator", "templates", "--count", "4", "--kinds", "fact", "--out", file
    )
    assert done.code == 0, done.err


@pytest.mark.parametrize("how", [("sync",), ("add", "docs")])
def test_a_copied_project_is_asked_and_measured_as_before(
    how: tuple[str, ...], project: Path, command: Command, monkeypatch: pytest.MonkeyPatch
):
    assert command(*how, "-w", "bot").code == 0
    generate(command, "cases.jsonl")
    before = metrics(command, "bot")
    assert before["document_hit@5"] == 1
    other = moved(project, monkeypatch)
    after = metrics(command, "bot")
    assert after["document_hit@5"] == before["document_hit@5"]
    assert after["quote_hit@5"] == before["quote_hit@5"]
    found = command("search", "-w", "bot", "crossings of a season ticket", "--json").json
    assert found[0]["document"] == "../docs/ferries.pdf"
    report = command(*how, "-w", "bot", "--json").json
    assert (report["unchanged"], report["added"], report["changed"], report["removed"]) == (2, 0, 0, 0)
    with sc.open(other / "bot") as bot:
        answer = bot.ask("How many crossings does a season ticket cover per year?")
        assert answer.citations[0].image().width > 100


def test_cases_of_one_checkout_score_on_the_index_of_another(
    project: Path, command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    command("sync", "-w", "bot")
    generate(command, "cases.jsonl")
    cases = (project / "cases.jsonl").read_text()
    assert str(tmp_path) not in cases
    assert {one["document"] for line in cases.splitlines() for one in json.loads(line)["evidence"]} <= {
        "../docs/ferries.pdf", "../docs/badges.txt",
    }  # fmt: skip
    shutil.rmtree(project / "bot" / ".scoville")
    moved(project, monkeypatch)
    for workspace in ("bot", "."):  # in which the documents have other names
        assert command("add", "docs", "-w", workspace).code == 0
        assert metrics(command, workspace)["document_hit@5"] == 1
    checked = command("cases", "check", "cases.jsonl", "-w", ".")
    assert "is not in the index" not in checked.out, checked.out
