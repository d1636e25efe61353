"""What a terminal gets to see: no colour where none is wanted, lines that fit, and no sign that lies."""

import io
import sys
from pathlib import Path

import pytest

from conftest import Bench, Command
from scoville.cli.common import plain, progress_bar, say, style, write
from scoville.llm.fake import FakeLlm


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


def test_chat_understands_its_commands(bench: Bench, command: Command):
    bench.write("a.txt", "Parental leave lasts 16 weeks.")
    bench.add()
    done = command("chat", stdin=b"/help\n/new\n/what\n/quit\nHow long is parental leave?\n")
    assert done.code == 0
    assert done.out == ""
    assert "/quit" in done.err and "A new conversation" in done.err and "/what is no command" in done.err


def test_a_withheld_answer_is_shown_when_asked_for(bench: Bench, command: Command, monkeypatch: pytest.MonkeyPatch):
    bench.write("a.txt", "Parental leave lasts 16 weeks.")
    bench.add()
    generate = FakeLlm.generate

    def invent(self: FakeLlm, *given: object, **more: object):
        from dataclasses import replace

        return replace(generate(self, *given, **more), text="Whales sing opera in Vienna.")  # type: ignore[arg-type]

    monkeypatch.setattr(FakeLlm, "generate", invent)
    assert "Whales" not in command("ask", "How long is parental leave?").out
    assert "found no support: Whales sing" in command("ask", "--show-withheld", "How long is parental leave?").out


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
