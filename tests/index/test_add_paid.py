"""Models that write while documents are added: what it may cost is said before, never crossed, and paid only once."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conftest import Bench, Command
from scoville.errors import ProviderUnavailable, UsageError
from scoville.index import Writers
from scoville.types import Message, Reply

TEXT = "Notice must be given in writing one month ahead."
MINI = ("--set", "metadata.model=openai:gpt-4o-mini")


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
    done = command("add", docs, *MINI, "--set", "cost.limit_usd=0.0001", "-w", tmp_path)
    assert done.code == 2
    assert "3 files are described by openai:gpt-4o-mini: a single reply may cost $0.000" in done.err
    assert "--yes" in done.err


def test_a_model_of_unknown_price_is_refused(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    docs = write(tmp_path / "docs", 1)
    done = command("add", docs, "--set", "metadata.model=openai:nobodys-model", "-w", tmp_path)
    assert done.code == 2
    assert "its price is not known" in done.err
    assert "--yes" in done.err


def test_a_local_model_costs_nothing(command: Command, tmp_path: Path):
    docs = write(tmp_path / "docs", 2)
    done = command("add", docs, "--json", "--set", "metadata.model=fake", "-w", tmp_path)
    assert done.code == 0
    assert done.json["cost_usd"] == 0
    assert "described by" not in done.err


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


def test_a_run_that_the_limit_stopped_keeps_what_was_written_and_goes_on(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from scoville.llm.fake import FakeLlm

    class Dear(FakeLlm):
        def generate(self, messages: Sequence[Message], generation: Any, on_text: Any = None) -> Reply:
            return replace(super().generate(messages, generation, on_text), cost_usd=0.003)

    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setattr("scoville.llm.writers.open_llm", lambda _: Dear())
    docs = write(tmp_path / "docs", 12)
    words = ("add", docs, *MINI, "--set", "cost.limit_usd=0.02", "-w", tmp_path)
    stopped = command(*words)
    assert "12 files are described by openai:gpt-4o-mini: at most $0.0" in stopped.err
    assert "cost.limit_usd is $0.02; to go on give --yes" in stopped.err
    done = command(*words, "--json")
    assert 0 < done.json["added"] < 12
    assert done.json["cost_usd"] <= 0.02
    assert command(*words, "--yes", "--json").json["documents"] == 12


def test_the_price_of_hosted_models_that_read_is_said(command: Command, tmp_path: Path):
    docs = write(tmp_path / "docs", 1)
    hosted = ("--set", "read.pdf={model: auto+openai:gpt-4o-mini, base_url: 'https://api.openai.com/v1'}")
    said = command("add", docs, "-w", tmp_path, *hosted).err
    assert "read.pdf openai:gpt-4o-mini is given pages that cannot be read otherwise, at $0.15 for a" in said
    assert "read.pdf" not in command("add", docs, "-w", tmp_path, *hosted).err  # nothing is new
    assert "is given" not in command("add", docs, "-w", tmp_path, "--rebuild").err
    here = ("--set", "read.pdf=auto+openai:llava", "--set", "read.pdf.base_url=http://127.0.0.1:9/v1")
    assert "is given" not in command("add", docs, "-w", tmp_path, "--rebuild", *here).err


def test_an_add_that_is_interrupted_knows_what_it_paid(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    import scoville as sc
    from scoville.llm.fake import FakeLlm

    class Dear(FakeLlm):
        def generate(self, messages: Sequence[Message], generation: Any, on_text: Any = None) -> Reply:
            return replace(super().generate(messages, generation, on_text), cost_usd=0.003)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("scoville.llm.writers.open_llm", lambda _: Dear())
    monkeypatch.setattr("scoville.index.lance.LanceIndex.replace", interrupt)
    docs = write(tmp_path / "docs", 2)
    with sc.open(tmp_path, metadata={"model": "openai:gpt-4o-mini"}) as bot, pytest.raises(KeyboardInterrupt):
        bot.add(docs)
    done = command("cost", "--json", "-w", tmp_path)
    assert "0.006" in done.out
