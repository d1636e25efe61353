"""`scoville train lora`, `full`, `pretrain` on a llama of two layers, from files that people bring."""

import json
import sys
from pathlib import Path

import pytest

from conftest import Command

sys.path.append(str(Path(__file__).parents[1] / "train"))

from tiny_base import FACTS, write_tiny_base

QUICK = ("--epochs", "2", "--accumulate", "1", "--batch-tokens", "64", "--longest", "64", "--no-bf16")


@pytest.fixture
def place(tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a workspace with a tiny base, conversations and a text."""
    monkeypatch.chdir(tmp_path)
    write_tiny_base(tmp_path / "base")
    lines = [
        {"messages": [{"role": "user", "content": q}, {"role": "assistant", "content": a}]} for q, a in FACTS.items()
    ]
    (tmp_path / "chats.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "story.txt").write_text("The Heron leaves from pier 2.\n\n" * 600)
    (tmp_path / "other.txt").write_text("Ships need lamps.\n\n" * 2000)
    assert command("init").code == 0
    return tmp_path


def test_an_adapter_is_trained_and_named(place: Path, command: Command):
    done = command("train", "lora", "chats.jsonl", "--base", "path:base", "--name", "facts", "--rank", "4", *QUICK)
    assert done.code == 0, done.err
    assert "facts: 4,096 of 34,272 parameters trained" in done.out and "instruct" in done.out
    folder = place / ".scoville" / "models" / "facts"
    assert json.loads((folder / "adapter_config.json").read_text())["r"] == 4
    record = json.loads((folder / "training.json").read_text())
    assert record["base"] == f"path:{place / 'base'}" and record["rows"]["train"] + record["rows"]["dev"] == 4
    assert "<svg" in (folder / "loss.html").read_text()


def test_rows_that_were_written_are_taken_and_json_says_all(place: Path, command: Command):
    assert command("train", "rows", "chats.jsonl", "--dev", "0.5").code == 0
    done = command("train", "full", "--base", "path:base", "--json", *QUICK)
    said = json.loads(done.out)
    assert said["name"] == f"full-{said['rows']['digest'][:8]}" and Path(said["folder"]).is_dir()
    assert said["stages"]["instruct"]["dev_loss_after"] <= said["stages"]["instruct"]["dev_loss_before"]
    assert json.loads(command("train", "full", "--base", "path:base", "--json", *QUICK).out) == said


def test_texts_with_general_ones_mixed_in_come_before_conversations(place: Path, command: Command):
    words = ("train", "full", "story.txt", "chats.jsonl", "--general", "other.txt", "--general-share", "0.5")
    done = command(*words, "--base", "path:base", "--json", "--steps", "1", *QUICK[2:])
    said = json.loads(done.out)
    assert list(said["stages"]) == ["domain", "instruct"] and "bits_per_byte_after" in said["stages"]["domain"]
    assert said["rows"]["texts"] == 9  # 5 of the story
    refused = command("train", "lora", "chats.jsonl", "--general", "other.txt", "--base", "path:base")
    assert refused.code == 2 and "general texts are mixed into texts of a domain" in refused.err


def test_a_model_from_nothing(place: Path, command: Command):
    words = ("train", "pretrain", "story.txt", "--depth", "1", "--vocabulary", "300", "--steps", "4", *QUICK[2:])
    done = command(*words)
    assert done.code == 0, done.err
    assert "depth-1: " in done.out and "bits a byte" in done.out
    more = command("train", "full", "chats.jsonl", "--base", "depth-1", "--name", "more", *QUICK)
    assert more.code == 0, more.err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("lora",), 2, "holds no rows"),
        (("pretrain", "chats.jsonl"), 2, "learns from texts"),
        (("lora", "chats.jsonl", "--name", "a/b"), 2, "expected letters, digits"),
        (("lora", "chats.jsonl", "--name", "smollm2-135m-instruct"), 2, "no name of"),
        (("lora", "chats.jsonl", "--base", "openai:gpt-5"), 2, "hosted elsewhere"),
        (("lora", "chats.jsonl", "--targets", "query"), 1, "expected all-linear, or some of"),
    ],
)
def test_what_cannot_be_meant(place: Path, command: Command, words: tuple[str, ...], code: int, said: str):
    base = () if "--base" in words or words[0] == "pretrain" else ("--base", "path:base")
    done = command("train", *words, *base)
    assert (done.code, said in done.err) == (code, True), done.err
