"""Models that write while documents are added: what it may cost is said before, never crossed, and paid only once."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conftest import Bench, Command
from scoville.cost import Budget
from scoville.errors import ProviderUnavailable, UsageError
from scoville.index import Writers
from scoville.types import Message, Reply

TEXT = "Notice must be given in writing one month ahead."
MINI = ("--set", "metadata.model=openai:gpt-4o-mini")


class TestABudget:
    def test_what_could_cross_the_limit_is_refused_before_it_is_spent(self):
        budget = Budget(1.0)
        budget.hold(0.6)
        with pytest.raises(UsageError, match="could cross"):
            budget.hold(0.6)
        budget.settle(0.6, 0.1)
        budget.hold(0.6)
        budget.settle(0.6, 0.6)
        assert budget.spent_usd == pytest.approx(0.7)

    def test_an_unknown_price_fits_no_limit(self):
        with pytest.raises(UsageError, match="unknown"):
            Budget(1.0).hold(None)
        free = Budget(None)
        free.hold(None)
        free.settle(None, None)
        assert free.spent_usd is None

    def test_local_replies_need_no_budget(self):
        budget = Budget(0.0)
        budget.hold(0.0)
        budget.settle(0.0, 0.0)
        assert budget.spent_usd == 0.0


def only(times: int, error: Exception) -> Callable[[str], str]:
    """Give a model that writes so often, and then fails."""
    asked: list[str] = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        if len(asked) > times:
            raise error
        return '{"subject": "notice"}'

    return ask


@pytest.mark.parametrize("error", [UsageError("the limit"), ProviderUnavailable("no connection")])
def test_a_model_that_stops_keeps_what_was_read_and_loses_nothing(bench: Bench, error: Exception):
    for number in range(12):
        bench.write(f"{number:02}.txt", f"{TEXT} Number {number}.")
    bench.set(metadata={"model": "fake"})
    with pytest.raises(type(error), match=str(error)):
        bench.add(writers=Writers(describe=only(3, error)))
    assert len(bench.sources) == 3
    assert bench.failures == {}
    report = bench.add(writers=Writers(describe=only(9, error)))
    assert (report.added, report.unchanged, report.documents) == (9, 3, 12)


def test_files_that_were_not_looked_at_are_not_taken_for_gone(bench: Bench):
    for number in range(12):
        bench.write(f"{number:02}.txt", f"{TEXT} Number {number}.")
    bench.add()
    bench.set(metadata={"model": "fake"})
    with pytest.raises(UsageError):
        bench.add(writers=Writers(describe=only(0, UsageError("the limit"))))
    assert len(bench.sources) == 12


def test_only_what_is_new_or_was_read_with_other_settings_is_foreseen(bench: Bench):
    foreseen: list[int | None] = []
    writers = Writers(describe=lambda _: "{}", foresee=foreseen.append)
    bench.write("a.txt", TEXT)
    bench.add()
    bench.set(metadata={"model": "fake"})
    bench.add(writers=writers)
    bench.write("b.txt", TEXT * 2)
    bench.add(writers=writers)
    bench.add(writers=writers)
    assert foreseen == [1, 1, 0]


def write(folder: Path, files: int) -> str:
    folder.mkdir()
    for number in range(files):
        (folder / f"{number:03}.txt").write_text(f"{TEXT} Number {number}.")
    return str(folder)


def test_a_hosted_model_over_the_limit_is_refused_with_its_price_before_anything_is_sent(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    docs = write(tmp_path / "docs", 3)
    done = command("add", docs, *MINI, "--set", "metadata.max_usd=0.0001", "-w", tmp_path)
    assert done.code == 2
    assert "is asked about 3 files: up to " in done.err
    assert "at most $0.00" in done.err
    assert "--yes" in done.err


def test_a_model_of_unknown_price_is_refused(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    docs = write(tmp_path / "docs", 1)
    done = command("add", docs, "--set", "metadata.model=openai:nobodys-model", "-w", tmp_path)
    assert done.code == 2
    assert "price unknown" in done.err
    assert "--yes" in done.err


def test_a_local_model_costs_nothing_and_says_so(command: Command, tmp_path: Path):
    docs = write(tmp_path / "docs", 2)
    done = command("add", docs, "--json", "--set", "metadata.model=fake", "-w", tmp_path)
    assert done.code == 0
    assert "local, $0 in fees" in done.err
    assert done.json["cost_usd"] == 0
    again = command("add", docs, "--set", "metadata.model=fake", "-w", tmp_path)
    assert "is asked" not in again.err


def test_what_was_written_once_is_not_asked_again(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from scoville.llm.fake import FakeLlm

    docs = write(tmp_path / "docs", 2)
    flags = ("--set", "metadata.model=fake", "-w", tmp_path)
    assert command("add", docs, *flags).code == 0

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("asked again")

    monkeypatch.setattr(FakeLlm, "generate", refuse)
    done = command("add", "--rebuild", "--json", *flags)
    assert done.code == 0
    assert (done.json["changed"], done.json["failed"]) == (2, [])


def test_a_run_that_was_killed_foresees_only_the_rest(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    import scoville.llm.writers as llm_module
    from scoville.llm.fake import FakeLlm

    class Interrupted(FakeLlm):
        def generate(self, messages: Sequence[Message], generation: Any, on_text: Any = None) -> Reply:
            if any(f"Number {number}." in messages[0].content for number in range(4, 12)):
                raise KeyboardInterrupt
            return super().generate(messages, generation, on_text)

    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    docs = write(tmp_path / "docs", 12)
    monkeypatch.setattr(llm_module, "open_llm", lambda _: Interrupted())
    assert command("add", docs, *MINI, "--yes", "-w", tmp_path).code != 0
    monkeypatch.setattr(llm_module, "open_llm", lambda _: FakeLlm())
    limit = "--set", "metadata.max_usd=0.008"
    (tmp_path / "docs" / "012.txt").write_text("A new one.")
    done = command("add", docs, "--json", *MINI, *limit, "-w", tmp_path)
    assert "is asked about 9 files: " in done.err
    assert (done.code, done.json["added"]) == (0, 13)


def test_a_run_that_the_budget_stopped_foresees_only_the_rest(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    import scoville.llm.writers as llm_module
    from scoville.llm.fake import FakeLlm

    class Dear(FakeLlm):
        def generate(self, messages: Sequence[Message], generation: Any, on_text: Any = None) -> Reply:
            return replace(super().generate(messages, generation, on_text), cost_usd=0.003)

    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setattr(llm_module, "open_llm", lambda _: Dear())
    docs = write(tmp_path / "docs", 12)
    stopped = command("add", docs, *MINI, "--set", "metadata.max_usd=0.02", "-w", tmp_path)
    assert "what was read is in the index" in stopped.err
    done = command("add", docs, "--json", *MINI, "--set", "metadata.max_usd=0.02", "-w", tmp_path)
    assert 0 < done.json["added"] < 12
    assert f"is asked about {done.json['added']} files: " in done.err


def test_other_passages_of_what_was_written_about_are_free_and_said_to_be(command: Command, tmp_path: Path):
    docs = write(tmp_path / "docs", 3)
    flags = ("--set", "metadata.model=fake", "-w", tmp_path)
    assert "about 3 files" in command("add", docs, *flags).err
    assert "is asked" not in command("add", docs, "--set", "split.size=50", *flags).err
    (tmp_path / "docs" / "001.txt").write_text("Changed.")
    assert "about 1 files" in command("add", docs, "--set", "split.size=60", *flags).err
    assert "about 3 files" in command("add", docs, "--rebuild", "--set", "llm.seed=7", *flags).err


def test_summaries_of_other_sections_are_not_taken_for_written(command: Command, tmp_path: Path):
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.txt").write_text(f"{TEXT}\n\n" * 60)
    flags = ("--set", "split.by=summary", "--set", "split.summary_model=fake", "-w", tmp_path)
    assert "is asked about each section" in command("add", docs, *flags).err
    assert "is asked" not in command("add", "--rebuild", *flags).err
    assert "is asked about each section" in command("add", "--rebuild", "--set", "split.parent_size=300", *flags).err


def test_what_a_model_reads_anew_is_not_taken_for_written(tmp_path: Path):
    from scoville.index import Workspace
    from scoville.index.workspace import Seen
    from scoville.llm.writers import open_paid_writers
    from scoville.recipe import Recipe

    def written(pdf: str) -> Seen | None:
        recipe = Recipe.model_validate({"metadata": {"model": "fake"}, "read": {"pdf": pdf}})
        writers = open_paid_writers(Workspace(tmp_path), recipe)
        writers.wrote("a.pdf", Seen("1", "2"))
        writers.wrote("a.pdf", Seen("3", "4"))
        return writers.written("a.pdf")

    assert written("auto") == Seen("3", "4")
    assert written("auto+openai:gpt-4o-mini") is None


def test_the_price_of_hosted_models_that_read_is_said(command: Command, tmp_path: Path):
    docs = write(tmp_path / "docs", 1)
    hosted = ("--set", "read.pdf={model: auto+openai:gpt-4o-mini, base_url: 'https://api.openai.com/v1'}")
    said = command("add", docs, "-w", tmp_path, *hosted).err
    assert "read.pdf openai:gpt-4o-mini is given pages that cannot be read otherwise, at $0.15 for a" in said
    assert "read.pdf" not in command("add", docs, "-w", tmp_path, *hosted).err  # nothing is new
    assert "is given" not in command("add", docs, "-w", tmp_path, "--rebuild").err
    here = ("--set", "read.pdf=auto+openai:llava", "--set", "read.pdf.base_url=http://127.0.0.1:9/v1")
    assert "is given" not in command("add", docs, "-w", tmp_path, "--rebuild", *here).err
