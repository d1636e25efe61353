"""What a terminal gets to see: no colour where none is wanted, lines that fit, and no sign that lies."""

import io
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import scoville as sc
from conftest import Bench, Command
from scoville.cli.common import plain, progress_bar, say, style, write
from scoville.cli.show import answer_text
from scoville.llm.fake import FakeLlm
from scoville.types import Reply


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_markup_and_direction_in_a_name_break_no_progress_display(monkeypatch: pytest.MonkeyPatch):
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with progress_bar("files") as progress:
        progress("a[/b]\u202e.pdf", 1, 2)
    assert "a[/b]\\u202e.pdf" in screen.getvalue()


def test_signs_that_lie_are_shown_as_escapes():
    assert plain("fdp.\u202egnp \x1b[2J\u2066") == "fdp.\\u202egnp \\x1b[2J\\u2066"
    assert plain("ünï 日本 👩\u200d🔬") == "ünï 日本 👩\u200d🔬"


def test_lines_break_between_words_on_a_terminal_and_stay_whole_in_a_pipe(monkeypatch: pytest.MonkeyPatch):
    text = "  " + "several words " * 20
    pipe, screen = io.StringIO(), Terminal()
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(sys, "stdout", pipe)
    write(text)
    assert pipe.getvalue() == f"{text}\n"
    monkeypatch.setattr(sys, "stderr", screen)
    say(text)
    assert max(map(len, screen.getvalue().splitlines())) <= 60
    assert screen.getvalue().split() == text.split()


def test_no_colour_and_no_progress_go_into_pipes(bench: Bench, command: Command):
    bench.write("a.txt", "Parental leave lasts 16 weeks.")
    done = command("add", "docs")
    asked = command("ask", "How long is parental leave?")
    assert "\x1b" not in done.out + done.err + asked.out + asked.err


def test_no_color_takes_the_colours_out_on_a_terminal(monkeypatch: pytest.MonkeyPatch):
    from scoville.cli.app import main

    for value, coloured in (("", True), ("1", False)):
        screen = Terminal()
        monkeypatch.setenv("NO_COLOR", value)
        monkeypatch.setattr(sys, "stdout", screen)
        monkeypatch.setattr(sys, "argv", ["scoville", "doctor"])
        monkeypatch.setattr("scoville.cli.doctor.command.callback", lambda **_: write(style("x", fg="red")))
        with pytest.raises(SystemExit):
            main()
        assert ("\x1b" in screen.getvalue()) == coloured


@pytest.mark.parametrize("end", ["/quit", "exit", "Quit"])
def test_chat_understands_its_commands(bench: Bench, command: Command, end: str):
    bench.write("a.txt", "Parental leave lasts 16 weeks.")
    bench.add()
    done = command("chat", stdin=f"/help\n/new\n/what\n{end}\nHow long is parental leave?\n".encode())
    assert done.code == 0
    assert done.out == ""
    assert "/quit" in done.err and "A new conversation" in done.err and "/what is no command" in done.err


WITHHELD = "Whales sing opera in Vienna."
ASKED = "How long is parental leave?"


@pytest.fixture
def inventing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A workspace whose model writes what no passage holds."""
    bench.write("a.txt", "Parental leave lasts 16 weeks.")
    bench.add()
    generate = FakeLlm.generate

    def invent(self: FakeLlm, *given: Any, **more: Any) -> Reply:
        return replace(generate(self, *given, **more), text=WITHHELD)

    monkeypatch.setattr(FakeLlm, "generate", invent)
    return bench


class TestWithheld:
    @pytest.mark.parametrize("form", [(), ("--json",)])
    def test_a_question_shows_what_was_withheld_only_when_asked_to(
        self, inventing: Bench, command: Command, form: tuple[str, ...]
    ):
        assert WITHHELD not in command("ask", *form, ASKED).out
        shown = command("ask", *form, "--show-withheld", ASKED).out
        assert json.loads(shown)["withheld"] == WITHHELD if form else f"found no support: {WITHHELD}\n" in shown

    @pytest.mark.parametrize("form", [(), ("--json",)])
    def test_so_does_a_conversation(self, inventing: Bench, command: Command, form: tuple[str, ...]):
        typed = f"{ASKED}\n".encode()
        assert WITHHELD not in command("chat", *form, stdin=typed).out
        assert WITHHELD in command("chat", *form, "--show-withheld", stdin=typed).out

    def test_so_does_a_batch(self, inventing: Bench, command: Command):
        typed = json.dumps({"question": ASKED}).encode()
        assert WITHHELD not in command("ask", "--batch", "-", stdin=typed).out
        [line] = command("ask", "--batch", "-", "--show-withheld", stdin=typed).lines
        assert line["withheld"] == WITHHELD

    def test_an_answer_withholds_nothing(self, bench: Bench, command: Command):
        bench.write("a.txt", "Parental leave lasts 16 weeks.")
        bench.add()
        assert command("ask", "--json", "--show-withheld", ASKED).json["withheld"] == ""

    def test_the_traces_of_a_question_and_of_a_case_show_it(self, inventing: Bench, command: Command, tmp_path: Path):
        (tmp_path / "cases.jsonl").write_text(json.dumps({"id": "1", "question": ASKED, "expected": ["16 weeks"]}))
        for words in (("ask", ASKED), ("evaluate", tmp_path / "cases.jsonl")):
            command(*words)
            traced = command("trace", "latest").out
            assert "refused: ungrounded" in traced
            assert f"the model wrote: {WITHHELD}" in traced

    def test_the_report_of_a_run_shows_it(self, inventing: Bench, command: Command, tmp_path: Path):
        (tmp_path / "cases.jsonl").write_text(json.dumps({"id": "1", "question": ASKED, "expected": ["16 weeks"]}))
        command("evaluate", tmp_path / "cases.jsonl")
        page = Path(command("report", "latest", "--json").json["file"]).read_text()
        assert f"Withheld: {WITHHELD}" in page


def test_a_csv_headed_as_spreadsheets_are_is_imported(bench: Bench, command: Command, tmp_path: Path):
    file = tmp_path / "faq.csv"
    file.write_text("Question,Answer\nHow long?,16 weeks\n")
    done = command("cases", "import", file, "--json")
    assert done.code == 0, done.err
    assert '"expected": ["16 weeks"]' in Path(done.json["file"]).read_text()


def test_how_a_passage_was_found_is_said_only_when_asked_for(bench: Bench, command: Command):
    bench.write("a.txt", "Parental leave lasts 16 weeks.")
    bench.add()
    assert "bm25" not in command("search", "parental leave").out
    assert "bm25 #1" in command("search", "--explain", "parental leave").out


def test_an_answer_that_is_little_likely_says_so(bench: Bench):
    bench.write("a.txt", "Parental leave lasts 16 weeks.")
    bench.add()
    with sc.open(bench.workspace.folder.parent) as bot:
        answer = bot.ask("How long is parental leave?")
    assert not answer.refused
    said = {one: "not sure of this" in answer_text(replace(answer, probability=one)) for one in (None, 0.45, 0.95)}
    assert said == {None: False, 0.45: True, 0.95: False}
