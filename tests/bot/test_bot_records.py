"""What commands show is had from Python too: traces, costs, lineage, checks, connections, a file as it is read."""

import datetime
import importlib.util
import json
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import scoville as sc
from conftest import Bench, Command
from scoville.cli.app import COMMANDS
from scoville.errors import UsageError

LEAVE = "Staff of Larkspur Freight have thirty days of leave. Larkspur Freight pays for leave."


@pytest.fixture
def bot(bench: Bench, fakes: None) -> Any:
    bench.write("leave.txt", LEAVE)
    bench.write("pay.txt", "Larkspur Freight pays Ada Marsh on the last day of a month.")
    with sc.open(bench.workspace.root) as bot:
        bot.add(bench.docs)
        yield bot


def test_a_question_is_on_record_as_soon_as_it_is_answered(bot: sc.Bot):
    bot.ask("Who pays for leave?")
    assert [span.question for span in bot.traces(1)] == ["Who pays for leave?"]
    names = [branch.span.name for branch in bot.trace("latest")]
    assert names[0] == "invoke_workflow scoville" and "retrieval" in names
    assert bot.trace(bot.traces()[0].trace_id[:8]) == bot.trace()


def test_costs_are_added_up_as_the_command_does(bot: sc.Bot, command: Command):
    bot.ask("Who pays for leave?")
    costs = bot.cost("model", since=datetime.date(2020, 1, 1))
    said = json.loads(command("cost", "--by", "model", "--json").out)
    assert [(one.group, one.entries) for one in costs] == [(one["group"], one["entries"]) for one in said["groups"]]
    assert costs.total.entries == sum(one.entries for one in costs) > 0
    assert str(costs).splitlines()[-1].startswith("total")
    assert costs._repr_html_().count("<tr>") == len(costs) + 2
    assert not bot.cost(since=datetime.datetime(2999, 1, 1))


def test_a_document_is_followed_to_the_index(bot: sc.Bot):
    found = bot.lineage("leave.txt")
    assert found.artifact.kind == "document"
    assert [one.kind for one in found.built_into] == ["index"]
    assert {one.kind for one in bot.artifacts()} == {"index", "recipe", "model"}


def test_the_doctor_finds_what_is_wrong(bot: sc.Bot):
    checks = {check.name: check for check in bot.doctor()}
    assert checks["index"].ok and "2 documents" in checks["index"].detail
    assert {"python", "recipe", "embedder", "llm", "disk"} <= set(checks)
    stale = sc.open(bot.workspace.root, split={"size": 20})
    (wrong,) = [check for check in stale.doctor() if check.name == "index"]
    assert not wrong.ok and wrong.advice == "scoville add --rebuild"


def test_connections_of_a_name(bot: sc.Bot):
    found = bot.graph("Larkspur Freight", limit=3)
    assert dict(found.documents) == {"docs/leave.txt": 1, "docs/pay.txt": 1}
    assert "ada marsh" in [edge.entity for edge in found.edges]
    with pytest.raises(UsageError, match="Nobody"):
        bot.graph("Nobody")


def test_a_file_is_inspected_without_being_added(bot: sc.Bot, tmp_path: Path):
    (tmp_path / "new.md").write_text("# Notice\n\nOne month ahead.")
    found = bot.inspect(tmp_path / "new.md")
    assert [element.kind for element in found.documents[0].elements] == ["heading", "paragraph"]
    assert "One month ahead." in found.documents[0].passages[0].text
    assert found.json()["documents"][0]["title"] == "Notice"
    assert "One month ahead." in found.write(tmp_path / "new.html").read_text()
    assert len(bot.documents()) == 2


def test_a_batch_keeps_the_order_and_goes_on_after_an_error(bot: sc.Bot):
    questions = ["Who pays for leave?", " ", "When is Ada Marsh paid?"]
    answers = list(bot.batch(questions, workers=3, return_exceptions=True))
    assert [getattr(one, "question", "") for one in answers] == [questions[0], "", questions[2]]
    assert isinstance(answers[1], UsageError)
    with pytest.raises(UsageError):
        list(bot.batch(questions))


def test_every_command_is_told_in_python_and_what_is_told_is_there(bot: sc.Bot):
    page = (Path(__file__).parents[2] / "docs" / "python.md").read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| `")]
    told = {word.strip("`,| ") for row in rows for word in row[0].split()}
    assert set(COMMANDS) <= told
    assert [name for name in re.findall(r"bot\.(\w+)", page) if not hasattr(bot, name)] == []
    for place in re.findall(r"`(scoville(?:\.\w+){2,})(?:\(|`)", "\n".join(row[1] for row in rows)):
        module, _, name = place.rpartition(".")
        assert importlib.util.find_spec(place) if name in ("files", "run") else hasattr(import_module(module), name)
