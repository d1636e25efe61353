"""Rows of training: out of cases and documents, and out of the files that people bring."""

import gzip
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conftest import Bench, Command
from scoville.bot import Bot
from scoville.cases.files import write_cases
from scoville.errors import LeakageError, UsageError
from scoville.extract import Span
from scoville.prompt import DECLINE, template_hash
from scoville.recipe import Prompt
from scoville.recipe.file import LoadedRecipe
from scoville.train.examples import Example, Text, read_rows
from scoville.train.rows.gather import TrainingRows, divide_rows
from scoville.train.rows.texts import chunks
from scoville.types import Case, Evidence, Message

ANIMALS = ("otter", "badger", "heron", "lynx", "marten", "osprey")


@pytest.fixture
def bot(bench: Bench) -> Bot:
    """Give a bot whose documents say of each animal what it eats, and a table of prices."""
    for number, animal in enumerate(ANIMALS, start=3):
        bench.write(f"{animal}.md", f"# The {animal}\n\nThe {animal} eats {number} kilos of fish each day.")
    bench.write("prices.md", "# Prices\n\n| Ticket | Price |\n|---|---|\n| Adult | 12 EUR |\n| Child | 5 EUR |\n")
    bench.set(prompt={"style": "passages"}, search={"passages": 3})
    bench.add()
    return Bot(bench.workspace, LoadedRecipe(bench.recipe, ()))


def fish(animal: str, *, split: str = "", answerable: bool = True) -> Case:
    number = ANIMALS.index(animal) + 3
    return Case(
        id=animal, question=f"How much fish does the {animal} eat?", split=split, answerable=answerable,
        expected=(f"It eats {number} kilos each day.",) if answerable else (),
        evidence=(Evidence(document=f"docs/{animal}.md", quote=f"eats {number} kilos of fish"),) if answerable else (),
    )  # fmt: skip


def written(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def cases_file(path: Path, *cases: Case) -> Path:
    write_cases(path, cases)
    return path


def everything(rows: TrainingRows) -> list[Example]:
    return [*rows.train, *rows.dev]


def test_a_case_is_asked_on_its_evidence_among_distractors_and_cites_it(bot: Bot, tmp_path: Path):
    file = cases_file(tmp_path / "a.jsonl", fish("otter"), fish("heron"))
    rows = everything(bot.training_rows(file, refusals=0))
    assert [row.id for row in rows] == ["otter", "heron"]
    for row in rows:
        system, user, reply = row.messages
        assert system.content == bot.answerer().prompt("fish").messages[0].content
        shown = [line for line in user.content.splitlines() if line.startswith("[")]
        assert len(shown) == 3 and sum(row.id in line for line in shown) == 1
        [marker] = [line[:3] for line in shown if row.id in line]
        assert reply == Message(role="assistant", content=f"{fish(row.id).expected[0]} {marker}")
        assert (row.kind, row.source) == ("grounded", f"docs/{row.id}.md")


def test_the_evidence_does_not_always_stand_at_the_same_number(bot: Bot, tmp_path: Path):
    rows = bot.training_rows(cases_file(tmp_path / "a.jsonl", *map(fish, ANIMALS)), refusals=0)
    assert len({row.messages[-1].content[-3:] for row in everything(rows)}) > 1


def test_a_share_declines_and_no_more_than_that(bot: Bot, tmp_path: Path):
    unanswerable = [
        Case(id=f"u{number}", question=f"Who feeds the {animal}?", answerable=False)
        for number, animal in enumerate(ANIMALS)
    ]
    for others in ([], unanswerable):
        rows = everything(
            bot.training_rows(cases_file(tmp_path / "a.jsonl", *map(fish, ANIMALS), *others), refusals=0.25)
        )
        declined = [row for row in rows if row.messages[-1].content == DECLINE]
        assert len(rows) == 8 and len(declined) == 2 and {row.kind for row in declined} == {"refusal"}
        if not others:  # the same question without its evidence
            assert all(f"The {row.id.partition('-')[0]} eats" not in row.messages[1].content for row in declined)
        else:
            assert {row.id[0] for row in declined} == {"u"}


def test_a_table_row_is_asked_on_the_table(bot: Bot, tmp_path: Path):
    evidence = Evidence(document="docs/prices.md", quote="| Adult | 12 EUR |")
    case = Case(id="t", question="What does an adult pay?", expected=("12 EUR",), evidence=(evidence,))
    [row] = everything(bot.training_rows(cases_file(tmp_path / "a.jsonl", case), refusals=0))
    assert row.kind == "table" and row.messages[-1].content.startswith("12 EUR [")


def test_small_models_get_sentences_and_cite_nothing(bot: Bot, tmp_path: Path):
    file = cases_file(tmp_path / "a.jsonl", fish("lynx"))
    [row] = everything(bot.variant({"prompt.style": "sentences"}).training_rows(file, refusals=0))
    assert "The lynx: The lynx eats 6 kilos of fish each day." in row.messages[-2].content
    assert row.messages[-1].content == "It eats 6 kilos each day."


def test_a_prompt_may_say_what_the_reader_points_at(bot: Bot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def read(question: str, texts: list[str]) -> list[Span]:
        number = next(number for number, text in enumerate(texts) if "lynx" in text)
        start = texts[number].index("6 kilos")
        return [Span(text=number, start=start, end=start + 7, score=1.0, answerable=1.0, probability=0.834)]

    monkeypatch.setattr("scoville.answer.write_prompt.shipped_reader", lambda threads: SimpleNamespace(read=read))
    pointing = bot.variant({"prompt.style": "sentences", "prompt.template": "pointed", "search.passages": 2})
    [row] = everything(pointing.training_rows(cases_file(tmp_path / "a.jsonl", fish("lynx")), refusals=0))
    lines = row.messages[-2].content.splitlines()
    [number] = [line[:3] for line in lines if "The lynx eats 6 kilos of fish each day." in line]
    assert lines[-3:] == [
        f"Reader: 6 kilos {number}, 83% likely",
        "",
        f"Answer from the text above: {fish('lynx').question}",
    ]
    assert row.messages[-1].content == f"It eats 6 kilos each day. {number}"


def test_an_answer_that_the_evidence_does_not_hold_is_not_taught(bot: Bot, tmp_path: Path):
    case = Case(id="w", question="How much fish does the otter eat?", expected=("It eats 99 kilos each day.",),
                evidence=fish("otter").evidence)  # fmt: skip
    rows = bot.training_rows(cases_file(tmp_path / "a.jsonl", case, fish("lynx")), refusals=0)
    assert [row.id for row in everything(rows)] == ["lynx"]
    assert rows.skipped == {"what the prompt shows does not hold the answer": 1}


def test_closed_book_rows_show_no_passage(bot: Bot, tmp_path: Path):
    file = cases_file(tmp_path / "a.jsonl", fish("otter"), fish("heron", answerable=False))
    [row] = everything(bot.training_rows(file, kinds=["closed-book"]))
    assert [turn.role for turn in row.messages] == ["system", "user", "assistant"]
    assert row.messages[1].content == fish("otter").question
    assert row.messages[2].content == "It eats 3 kilos each day." and row.kind == "closed_book"


def test_documents_make_rows_without_any_file(bot: Bot):
    rows = bot.training_rows(kinds=["grounded", "text"], count=6)
    kinds = {row.kind for row in everything(rows)}
    assert kinds & {"grounded", "table"} and "refusal" in kinds
    assert {text.source for text in (*rows.texts, *rows.dev_texts)} == {
        f"docs/{one}.md" for one in (*ANIMALS, "prices")
    }


def test_what_not_everyone_may_read_is_in_no_row(bench: Bench, tmp_path: Path):
    bench.write("open.md", "The gate opens at nine o'clock in the morning.")
    bench.write("secret.md", "The otter eats 3 kilos of fish each day, says the director.")
    bench.set(sources={"entries": [{"path": "docs/secret.md", "groups": ["board"]}]})
    bench.add()
    bot = Bot(bench.workspace, LoadedRecipe(bench.recipe, ()))
    evidence = (Evidence(document="docs/secret.md"),)
    secret = Case(id="s", question="What does the otter eat?", expected=("3 kilos of fish",), evidence=evidence)
    with pytest.raises(UsageError, match="no rows to train on: 1 × its evidence is not in the index"):
        bot.training_rows(cases_file(tmp_path / "a.jsonl", secret))
    assert {text.source for text in bot.training_rows(kinds=["text"]).texts} == {"docs/open.md"}


def test_the_test_part_is_kept_out_and_its_evidence_is_no_distractor(bot: Bot, tmp_path: Path):
    parts = [
        *(fish(one, split="train") for one in ANIMALS[:4]),
        fish("marten", split="dev"),
        fish("osprey", split="test"),
    ]
    rows = bot.training_rows(cases_file(tmp_path / "a.jsonl", *parts))
    assert {row.id for row in rows.dev} <= {"marten", "marten-without"} and "marten" in {row.id for row in rows.dev}
    assert {row.id.partition("-")[0] for row in rows.train} == set(ANIMALS[:4])
    assert not any("The osprey eats" in turn.content for row in everything(rows) for turn in row.messages)


def test_rows_that_somebody_brings_may_hold_no_test(bot: Bot, tmp_path: Path):
    (bot.workspace.root / "cases").mkdir()
    cases_file(bot.workspace.root / "cases" / "all.jsonl", fish("otter", split="test"))
    asked = {"instruction": "How much fish does the otter eat ?", "output": "3 kilos"}
    alpaca = written(tmp_path / "alpaca.json", [{"instruction": "Say hello.", "output": "Hello."}, asked])
    with pytest.raises(LeakageError, match=r"1 of 2 rows hold .*: row alpaca.json:2 holds the question of otter"):
        bot.training_rows(alpaca)
    cases = cases_file(tmp_path / "b.jsonl", fish("lynx"), fish("heron"))
    with pytest.raises(LeakageError, match="1 of 2 cases leak: lynx"):
        bot.training_rows(cases, against=[cases_file(tmp_path / "c.jsonl", fish("lynx"))])
    rows = bot.training_rows(kinds=["grounded"], count=20)  # of what is generated, it is left out
    assert not any("otter eats" in turn.content for row in everything(rows) for turn in row.messages)


SAID = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]


@pytest.mark.parametrize(
    ("row", "replies"),
    [
        ({"instruction": "Add.", "input": "1, 2", "output": "3"}, ["3"]),
        ({"instruction": "When?", "context": "", "response": "At nine."}, ["At nine."]),
        ({"messages": [{"role": "system", "content": "Be kind."}, *SAID]}, ["Hello."]),
        ({"messages": [*SAID, {"role": "user", "content": "And?"}, {"role": "assistant", "content": "Bye."}]},
         ["Hello.", "Bye."]),
        ({"messages": [SAID[0], SAID[1] | {"weight": 0}, SAID[0], {"role": "assistant", "content": "Ho."}]}, ["Ho."]),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}, SAID[1]]}, ["Hello."]),
        ({"conversations": [{"from": "gpt", "value": "Yes?"}, {"from": "human", "value": "Hi"},
                            {"from": "gpt", "value": "Hello."}]}, ["Hello."]),
    ],
)  # fmt: skip
def test_conversations_are_read_in_the_forms_people_have(bot: Bot, tmp_path: Path, row: Any, replies: list[str]):
    rows = everything(bot.training_rows(written(tmp_path / "rows.jsonl", [row])))
    assert [one.messages[-1].content for one in rows] == replies
    assert all(one.messages[-1].role == "assistant" and one.kind == "chat" for one in rows)
    assert len({one.group for one in rows}) == 1
    if "input" in row:
        assert rows[0].messages[0].content == "Add.\n\n1, 2"
    if row.get("messages", SAID)[0]["role"] == "system":
        assert rows[0].messages[0] == Message(role="system", content="Be kind.")


def test_reading_questions_bring_their_text_and_get_others_beside_it(bot: Bot, tmp_path: Path):
    texts = {animal: f"In winter the {animal} sleeps in ward {number}." for number, animal in enumerate(ANIMALS)}
    rows = [
        {"id": one, "question": f"Where does the {one} sleep?", "context": text, "answerable": True,
         "answers": [{"text": text[-7:-1], "answer_start": len(text) - 7}]}
        for one, text in texts.items()
    ]  # fmt: skip
    rows.append(
        {"id": "no", "question": "Who is the director?", "context": texts["lynx"], "answers": [], "answerable": False}
    )
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    made = {row.id: row for row in everything(bot.training_rows(path))}
    assert {*ANIMALS, "no"} <= set(made)
    assert texts["otter"] in made["otter"].messages[1].content
    assert made["otter"].messages[1].content.count("In winter") == 3
    assert made["otter"].messages[-1].content.startswith("ward 0 [")
    assert made["no"].messages[-1].content == DECLINE


def test_texts_are_cut_between_paragraphs_and_lose_nothing():
    text = "\n\n".join(f"Paragraph {number} " + "tells of otters. " * 8 for number in range(30)).strip()
    parts = list(chunks(text, "a.txt", 600))
    assert " ".join(" ".join(part.text for part in parts).split()) == " ".join(text.split())
    assert all(part.text.startswith("Paragraph") and len(part.text) <= 600 for part in parts)
    assert [part.text for part in chunks("x" * 25, "a", 10)] == ["x" * 10, "x" * 10, "x" * 5]
    assert list(chunks(" \n", "a")) == []


def test_the_end_of_one_text_is_dev(bot: Bot, tmp_path: Path):
    (tmp_path / "book.txt").write_text("\n\n".join(f"Line {number}. " + "word " * 300 for number in range(40)))
    rows = bot.training_rows(tmp_path / "book.txt")
    assert len(rows.dev_texts) == round(0.1 * 20) and "Line 39" in rows.dev_texts[-1].text
    assert not {one.id for one in rows.texts} & {one.id for one in rows.dev_texts}


def test_a_source_is_in_one_part_only():
    rows = [Text(id=str(number), text="x", group=f"g{number % 20}") for number in range(100)]
    train, dev = divide_rows(rows, 0.1, 0)
    assert len(dev) == 10 and not {row.group for row in train} & {row.group for row in dev}
    assert divide_rows(rows, 0.1, 0) == (train, dev) and divide_rows(rows, 0.1, 1) != (train, dev)
    assert divide_rows(rows[:1], 0.5, 0) == (rows[:1], [])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("[]", "no importer knows"),
        ('{"instruction": "Say hello.", "output": ""}', "no rows to train on: 1 × no answer"),
        ('{"messages": [{"role": "tool", "content": "x"}]}', "no rows to train on: 1 × a turn of the role 'tool'"),
        ('{"messages": "hello"}', "no rows to train on: 1 × no messages"),
        ('{"colour": "red"}', "no importer knows"),
        ('{"question_id": 1, "turns": ["Hi"]}', "scoville cases import"),
        ('{"instruction": "Say hello.", "output": "' + "hello " * 9000 + '"}', "1 × longer than 8,192 tokens"),
        ('{"instruction": "Say', "line 1 is no JSON"),
    ],
)
def test_what_cannot_be_trained_on_is_refused_with_the_reason(bot: Bot, tmp_path: Path, content: str, message: str):
    (tmp_path / "rows.jsonl").write_text(content)
    with pytest.raises(UsageError, match=message):
        bot.training_rows(tmp_path / "rows.jsonl")


def test_rows_that_make_none_are_counted_beside_the_others(bot: Bot, tmp_path: Path):
    good = {"instruction": "Say hello.", "output": "Hello."}
    rows = bot.training_rows(written(tmp_path / "a.json", [good, good, {"instruction": "Say.", "output": ""}]))
    assert len(everything(rows)) == 1 and rows.dev == ()
    assert rows.skipped == {"no answer": 1, "the same row was there already": 1}


def test_the_template_hash_knows_what_prompts_are_made_of():
    assert template_hash(Prompt()) == template_hash(Prompt())
    assert len({template_hash(one) for one in (
        Prompt(), Prompt(role="You sell boats."), Prompt(style="passages"), Prompt(sentences=5),
        Prompt(instructions=("Be brief.",)),
    )}) == 5  # fmt: skip


def test_the_command_writes_rows_and_shows_some(command: Command, bot: Bot, tmp_path: Path):
    file = cases_file(tmp_path / "a.jsonl", *map(fish, ANIMALS))
    done = command("train", "rows", file, "--show", 1, "--out", tmp_path / "rows", "--set", "prompt.style=passages")
    assert done.code == 0 and "rows to train" in done.err
    assert re.search(r"assistant: It eats \d kilos each day\. \[\d\]\n", done.out) and "(1 turns as above)" in done.out
    train = read_rows(tmp_path / "rows" / "train.jsonl")
    told = command("train", "rows", file, "--out", tmp_path / "rows", "--set", "prompt.style=passages", "--json").json
    assert told["train"] == len(train) and told["kinds"] == {"grounded": 6, "refusal": 2}
    assert json.loads((tmp_path / "rows" / "rows.json").read_text())["digest"] == told["digest"]
    assert command("train", "rows", tmp_path / "none.jsonl").code == 2
    assert command("train", "rows", "--kinds", "poems").err.count("the kinds are grounded, closed-book, text") == 1
