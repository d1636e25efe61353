"""What a person reads: short help that is not cut, plain names of measures, and what to do about a mistyped word."""

import json
import re
from pathlib import Path

import click
import pytest

from conftest import Bench, Command
from scoville.cli.app import scoville


def groups() -> list[tuple[str, click.Group]]:
    """Give the command line and its groups of commands."""
    context = click.Context(scoville)
    found = [(name, scoville.get_command(context, name)) for name in scoville.list_commands(context)]
    return [("scoville", scoville), *((name, group) for name, group in found if isinstance(group, click.Group))]


@pytest.mark.parametrize(("name", "group"), groups(), ids=[name for name, _ in groups()])
def test_no_line_about_a_command_is_cut_in_a_narrow_terminal(name: str, group: click.Group):
    text = group.get_help(click.Context(group, info_name=name, terminal_width=80))
    about = text.partition("Commands:")[2].splitlines()
    assert about and not [line for line in about if line.endswith("...")]


@pytest.fixture
def cases(bench: Bench) -> Path:
    """Give a file of cases, in a workspace that answers them."""
    rows = [
        {
            "question": f"How long is leave {place}?",
            "expected": "thirty days",
            "evidence": [{"document": f"{place}.txt"}],
        }
        for place in ("in Bonn", "at sea", "on Mars")
    ]
    path = Path("cases.jsonl")
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    Path("bot.py").write_text("def right(question): return 'thirty days'\ndef wrong(question): return 'nobody knows'\n")
    return path


def test_a_run_is_told_in_plain_words_and_all_of_it_where_that_is_asked_for(cases: Path, command: Command):
    plain = command("evaluate", cases, "--system", "bot.py:right").out
    assert re.search(r"^quality +100 %", plain, re.MULTILINE) and "token_f1" not in plain and "unscored" not in plain
    every = command("evaluate", "--score", "latest", "--all").out
    assert re.search(r"^token_f1 +100 %", every, re.MULTILINE) and re.search(r"^quality +100 %", every, re.MULTILINE)
    assert "quality 100 %" in command("evaluate").out
    worse = command("evaluate", cases, "--system", "bot.py:wrong", "--baseline", "latest").out
    assert "quality: 100 %, now 0 %" in worse and "p =" not in worse


def test_a_comparison_is_one_table_and_its_statistics_where_they_are_asked_for(cases: Path, command: Command):
    plain = command("compare", "bot.py:right", "bot.py:wrong", "--cases", cases).out
    head = plain.splitlines()[0]
    assert head.split("  ")[0] == "system" and "quality" in head and "95 % interval" in head
    assert "standing" not in plain and "Pareto" not in plain
    every = command("compare", "bot.py:right", "bot.py:wrong", "--cases", cases, "--all").out
    assert "standing" in every and "Pareto" in every


def test_a_metric_that_nothing_was_scored_by_is_refused_before_anything_is_asked(cases: Path, command: Command):
    command("evaluate", cases, "--system", "bot.py:right")
    for given in (("report",), ("evaluate", cases, "--baseline", "latest", "--system", "bot.py:right")):
        done = command(*given, "--metric", "qualty")
        assert done.code == 2 and "metric 'qualty': expected one that was scored, such as quality" in done.err
    assert len(command("evaluate").out.splitlines()) == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("serach", "x"), "no command 'serach'; did you mean search?"),
        (("search", "x", "-w", "nowhere"), "--workspace nowhere: does not exist; expected the folder of a recipe"),
        (("ask", "x", "--set", "llm.modle=quote"), "llm.modle: unknown key (from the flag); did you mean model?"),
        (
            ("judge", "check", "nowhere.jsonl"),
            "nowhere.jsonl: No such file or directory; expected a file of JSON lines",
        ),
        (("cases", "check", "notes.md"), "notes.md: line 1 is no JSON: Expecting value at column 1; expected JSON"),
        (("add", "empty"), "nothing to read was found"),
    ],
)
def test_a_mistake_is_said_with_what_to_do(bench: Bench, command: Command, given: tuple[str, ...], said: str):
    Path("empty").mkdir()
    Path("notes.md").write_text("# Notes\n")
    assert said in command(*given).err


def test_a_filter_that_no_passage_meets_is_named_as_the_reason(bench: Bench, command: Command):
    bench.write("leave.txt", "Staff have thirty days of leave in a year.")
    bench.add()
    none = "found nothing: no passage meets page >= 3"
    assert none in command("search", "leave", "--where", "page >= 3").err
    assert none in command("ask", "How much leave?", "--where", "page >= 3").out


def test_a_field_that_no_document_has_is_an_error_that_lists_the_fields(bench: Bench, command: Command):
    bench.write("leave.md", "---\ndepartment: HR\n---\nStaff have thirty days of leave in a year.")
    bench.add()
    mistaken = command("search", "leave", "--where", "departmnet = HR or page = 3")
    assert mistaken.code == 2
    assert "no document has the field 'departmnet'; fields: document, title, type, language, page" in mistaken.err
    assert ", department" in mistaken.err


def test_explain_says_what_a_filter_leaves(bench: Bench, command: Command):
    for name in ("leave.txt", "notice.txt"):
        bench.write(name, f"Staff are told of {name} in the first week.")
    bench.add()
    explained = command("search", "leave", "--where", "document = *notice.txt", "--explain").out
    assert "document = *notice.txt: 1 of 2 passages" in explained


def test_values_of_the_recipe_are_printed_as_a_recipe_writes_them(bench: Bench, command: Command):
    printed = dict(line.split()[:2] for line in command("recipe").out.splitlines() if "." in line.split()[0])
    assert printed["read.audio"] == "null" and printed["track.traces"] == "true" and printed["split.tags"] == "[]"
