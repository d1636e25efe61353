"""What small adapters on SmolLM2-135M are worth: `grounded`, which phrases what the reader found, and `questions`.

    python benchmarks/adapters.py rows --data DATA --work FOLDER      # what both are trained on, into FOLDER
    cd FOLDER && scoville train lora --base smollm2-135m-instruct --rows grounded --name grounded --rank 8 --alpha 16 \
        --steps 200 --learning-rate 0.0005 --batch-tokens 1024 --accumulate 1 --longest 320   # and questions alike
    python benchmarks/adapters.py answer MODEL… --data DATA --work FOLDER
    python benchmarks/adapters.py ask --data DATA --work FOLDER
    python benchmarks/adapters.py report --work FOLDER

FOLDER is a workspace. ``answer`` asks 400 questions of SQuAD 2's four articles that the reader and the adapters never
saw, half of them without an answer, each on its own text; ``ask`` has questions written to words of contoso_hr's and the
demo's passages and looks whether the reader finds those words again. What was answered before is not asked anew.
"""

import argparse
import json
import random
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import scoville as sc
from scoville.answer.declines import declines
from scoville.answer.write_prompt import PromptWriter
from scoville.cases.generate import Rules
from scoville.cases.generate.clauses import clauses, small_words
from scoville.cases.generate.facts import MEASURE
from scoville.embed import open_embedder
from scoville.evaluate.judge.agreement import auroc
from scoville.evaluate.metrics.text import token_f1
from scoville.llm import Generation, open_llm
from scoville.llm.reader import shipped_reader
from scoville.sentences import content_words, sentences
from scoville.train.examples import Example
from scoville.train.reader.rows import Row, read_questions
from scoville.train.rows.gather import TrainingRows
from scoville.types import Hit, Message, Passage

HELD = ("Harvard University", "Immune system", "Normans", "Prime number")
"""Articles of SQuAD 2 that the reader was not trained on."""
BASE = "smollm2-135m-instruct"
GROUNDED, QUESTIONS = f"{BASE}+grounded", f"{BASE}+questions"
EACH = 200
MARKER = re.compile(r"\s*\[\d+\]")
LEANS = re.compile(
    r"\b(he|she|it|they|his|her|him|hers|their|them|its|this|these|those|that|here|article|passage|text|paragraph|author)\b",
    re.IGNORECASE,
)
"""Questions with such words are understood beside their text alone."""
SYSTEM = "Write the question that the marked words of the text answer."
MOST_CHARACTERS = 420
"""Of the text that is shown: the sentence with the words, and what stands before it as far as there is room."""
WRONGLY_REFUSED = 0.15
PASSAGES = 50
"""Of each set of documents."""


def write_files(data: Path, work: Path) -> None:
    """Write SQuAD 2 without the articles that are measured with, and the rows of ``questions``."""
    articles = json.loads((data / "squad_v2/train.json").read_text(encoding="utf-8"))["data"]
    others = [one for one in articles if one["title"].replace("_", " ") not in HELD]
    (work / "squad_v2.json").write_text(json.dumps({"data": others}), encoding="utf-8")
    found = [
        example
        for seed, (name, count) in enumerate(
            {"squad_v2.json": 700, "squad_v1_more/train.json": 700, "reading/squadshifts_new_wiki.jsonl.gz": 900,
             "reading/squad_v1_train_val5pct.jsonl.gz": 500}.items(), start=1)
        for example in asking_rows((work if name == "squad_v2.json" else data) / name, count, seed)
    ]  # fmt: skip
    train = [one for number, one in enumerate(found) if number % 50]
    random.Random(7).shuffle(train)
    grounded_rows(data, work)
    TrainingRows(train=tuple(train), dev=tuple(found[::50]), template="pointing", model=BASE).save(work / "questions")


def grounded_rows(data: Path, work: Path) -> None:
    """Write the rows of ``grounded``: passages with what the reader points at, and the answer with its passage's number."""
    prompt, search = {"template": "pointed", "style": "sentences"}, {"passages": 2}
    with sc.open(work / "grounding", llm={"model": BASE}, prompt=prompt, search=search) as bot:
        first = bot.training_rows(work / "squad_v2.json", count=900, refusals=0.25, dev=0, longest=320, seed=1)
        others = (data / "squad_v1_more/train.json", data / "reading/squadshifts_new_wiki.jsonl.gz")
        second = bot.training_rows(*others, count=330, refusals=0.2, dev=0, longest=320, seed=2)
    found = [*first.train, *second.train]
    random.Random(7).shuffle(found)
    replace(first, train=tuple(found[40:]), dev=tuple(found[:40]), skipped={}).save(work / "grounded")


def asking_rows(path: Path, count: int, seed: int) -> list[Example]:
    """Turn questions with their answers round: the text with the answer marked asks for the question."""
    rows = [row for row in read_questions(path) if row.answers]
    random.Random(seed).shuffle(rows)
    asked: Counter[str] = Counter()
    found: list[Example] = []
    for row in rows:
        start, end = row.answers[0]
        words = content_words(row.question)
        messages = pointing_messages(row.title, row.context, start, end)
        fits = row.question.endswith("?") and 4 <= len(row.question.split()) and len(row.question) <= 130
        told = len(words & content_words(messages[1].content)) >= len(words) / 2
        if (
            fits and told and end - start <= 80 and asked[row.context] < 3 and not LEANS.search(row.question)
            and not content_words(row.context[start:end]) <= words and len(messages[1].content) < 700
        ):  # fmt: skip
            asked[row.context] += 1
            reply = Message(role="assistant", content=row.question[0].upper() + row.question[1:])
            found.append(Example(id=row.id, messages=(*messages, reply), source=path.name,
                                 group=row.title or row.context[:40], kind="question"))  # fmt: skip
        if len(found) == count:
            break
    return found


def pointing_messages(heading: str, text: str, start: int, end: int) -> tuple[Message, ...]:
    """Ask for the question that ``text[start:end]`` answers, in the light of its sentence and of those before it."""
    first, last = shown(text, start, end)
    marked = f"{text[first:start]}**{text[start:end]}**{text[end:last]}"
    lines = (f"{heading}: " * bool(heading) + " ".join(marked.split()), f"Marked: {' '.join(text[start:end].split())}")
    return Message(role="system", content=SYSTEM), Message(role="user", content="\n".join(lines))


def shown(text: str, start: int, end: int) -> tuple[int, int]:
    """Give where the part of a text that is shown begins and ends."""
    found = list(sentences(text))
    holding = [number for number, one in enumerate(found) if one.start < end and start < one.end]
    if not holding:
        return start, end
    first, last = holding[0], found[holding[-1]].end
    while first and last - found[first - 1].start <= MOST_CHARACTERS:
        first -= 1
    return min(start, found[first].start), max(end, last)


def held_out(data: Path) -> list[Row]:
    """Draw the questions that are measured with."""
    rows = [row for row in read_questions(data / "squad_v2/train.json") if row.title in HELD]
    parts = (random.Random(0).sample([row for row in rows if bool(row.answers) is has], EACH) for has in (True, False))
    pairs = zip(*parts, strict=True)
    return [row for pair in pairs for row in pair]


def answer(rows: Sequence[Row], work: Path, models: Sequence[str], limit: int) -> None:
    """Ask models, and keep each reply as a line of FOLDER/MODEL.jsonl."""
    reader = shipped_reader(0)
    for model in models:
        place = work / f"{model}.jsonl"
        known = {one["id"] for one in read_lines(place)}
        template = "pointed" if model == GROUNDED else "auto"
        with sc.open(work, llm={"model": model}, prompt={"template": template, "style": "sentences"}) as bot:
            with closing(open_llm(bot.recipe.llm)) as llm, place.open("a", encoding="utf-8") as file:
                write = PromptWriter(llm, open_embedder(bot.recipe.embed), bot.recipe)
                for row in [row for row in rows[:limit] if row.id not in known]:
                    started = time.perf_counter()
                    if model == "reader":
                        span = reader.read(row.question, [row.context])[0]
                        said = {"text": row.context[span.start : span.end], "probability": span.probability}
                    else:
                        generation = Generation(max_tokens=64, stop=("\n\n",))
                        said = {"text": llm.generate(write(row.question, [hit_of(row)]).messages, generation).text}
                    seconds = time.perf_counter() - started
                    file.write(json.dumps({"id": row.id, **said, "seconds": seconds}) + "\n")
                    file.flush()


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def hit_of(row: Row) -> Hit:
    passage = Passage(
        id=row.id, source=row.title, document_id=row.id, title=row.title, media_type="text/plain", start=0,
        end=len(row.context), text=row.context, prefix=row.title, headings=(row.title,),
    )  # fmt: skip
    return Hit(passage=passage, score=1.0, legs={})


def scored(rows: Sequence[Row], said: dict[str, dict[str, Any]], odds: dict[str, float]) -> dict[str, float]:
    """Score replies: as they came, and with the reader's support as what refuses, at one rate of wrong refusals."""
    has = [row for row in rows if row.answers]
    replies = {key: MARKER.sub("", one["text"]).strip() for key, one in said.items()}
    declined = {row.id: declines(replies[row.id]) or not replies[row.id] for row in rows}
    f1 = {row.id: max(token_f1(replies[row.id], right) for right in row.texts) for row in has}
    given = {key: 0.0 if declined[key] else value for key, value in f1.items()}
    ranked = sorted(odds[row.id] for row in has)
    least = ranked[int(WRONGLY_REFUSED * len(ranked))]
    none = [row for row in rows if not row.answers]
    either = {row.id: odds[row.id] - 100 * declined[row.id] for row in rows}
    return {
        "n": len(rows), "f1": mean(given.values()), "wrongly_refused": mean(declined[row.id] for row in has),
        "rightly_refused": mean(declined[row.id] for row in none),
        "auroc_own": auroc([float(bool(row.answers)) for row in rows], [float(not declined[row.id]) for row in rows]) or 0,
        "auroc_support": auroc([float(bool(row.answers)) for row in rows], [odds[row.id] for row in rows]) or 0,
        "auroc_both": auroc([float(bool(row.answers)) for row in rows], [either[row.id] for row in rows]) or 0,
        "f1_at_15": mean(f1[row.id] if odds[row.id] >= least else 0.0 for row in has),
        "rightly_refused_at_15": mean(odds[row.id] < least for row in none),
        "words": mean(len(replies[row.id].split()) for row in has), "seconds": mean(one["seconds"] for one in said.values()),
    }  # fmt: skip


def mean(values: Any) -> float:
    found = [float(one) for one in values]
    return sum(found) / len(found) if found else 0.0


def documents(data: Path, work: Path) -> list[Passage]:
    """Index the HR documents and the demo's, and draw passages of each."""
    found: list[Passage] = []
    with as_file(files("scoville.demo").joinpath("documents")) as demo:
        for name, folder in {"contoso_hr": data / "contoso_hr/data", "demo": demo}.items():
            with sc.open(work / name) as bot:
                if not bot.workspace.built():
                    bot.add(folder)
                index = bot.open_index()
                every = [one for source in sorted(index.documents()) for one in index.neighbours(source, 0, 2**31 - 1)]
            long = [one for one in every if len(one.text.split()) >= 20]
            found += [replace(one, id=f"{name} {one.id}") for one in draw(long, PASSAGES)]
    return found


def draw(passages: Sequence[Passage], count: int) -> list[Passage]:
    return random.Random(0).sample(list(passages), min(count, len(passages)))


def spans(passages: Sequence[Passage]) -> Iterator[dict[str, Any]]:
    """Give what can be asked for: what the rules ask for with their question, else amounts, dates and predicates."""
    rules = Rules(passages)
    asked: set[str] = set()
    for one in rules.singles:
        start = one.place.passage.text.find(one.answer, one.place.start, one.place.end)
        if start >= 0:
            asked.add(one.place.passage.id)
            yield {
                "passage": one.place.passage.id,
                "start": start,
                "end": start + len(one.answer),
                "rule": one.question,
            }
    for passage in passages:
        found = [(one.start("answer"), one.end("answer")) for one in MEASURE.finditer(passage.text)]
        for clause in clauses(passage, small_words(passages)):
            start = passage.text.find(clause.rest, clause.place.start, clause.place.end)
            found += [(start, start + len(clause.rest))] * (start >= 0 and 2 <= len(clause.rest.split()) <= 9)
        if passage.id not in asked:
            for start, end in random.Random(passage.id).sample(found, min(2, len(found))):
                yield {"passage": passage.id, "start": start, "end": end, "rule": ""}


def ask(data: Path, work: Path) -> None:
    """Have a question written to each span, and let the reader look for its answer in the whole passage."""
    passages = {one.id: one for one in documents(data, work)}
    reader = shipped_reader(0)
    rows = list(spans(list(passages.values())))
    per: Counter[str] = Counter()
    rows = [one for one in rows if (per.update([one["passage"]]) or per[one["passage"]]) <= 2]
    with sc.open(work, llm={"model": QUESTIONS}) as bot, closing(open_llm(bot.recipe.llm)) as llm:
        for one in rows:
            passage = passages[one["passage"]]
            heading = passage.headings[-1] if passage.headings else passage.title
            messages = pointing_messages(heading, passage.text, one["start"], one["end"])
            one["adapter"] = llm.generate(messages, Generation(max_tokens=40, stop=("\n",))).text.strip()
            one["answer"], one["shown"] = passage.text[one["start"] : one["end"]], messages[1].content
            for author in ("rule", "adapter"):
                pointed = reader.read(one[author], [passage.content])[:1] if one[author] else []
                one[f"{author}_found"] = any(
                    token_f1(passage.content[s.start : s.end], one["answer"]) >= 0.5 for s in pointed
                )
    (work / "asked.json").write_text(json.dumps({"passages": len(passages), "rows": rows}, indent=1), encoding="utf-8")


def report(data: Path, work: Path) -> str:
    """Write the tables."""
    rows = held_out(data)
    odds = {one["id"]: one["probability"] for one in read_lines(work / "reader.jsonl")}
    lines = ["# Two adapters on SmolLM2-135M", "", "Made by `benchmarks/adapters.py`.", "", "## `grounded`", ""]
    names = {"n": "questions", "f1": "F1", "wrongly_refused": "wrongly refused", "rightly_refused": "rightly refused",
             "auroc_own": "AUROC, own refusals", "auroc_support": "AUROC, reader's support", "auroc_both": "both",
             "f1_at_15": "F1 at 15 %", "rightly_refused_at_15": "rightly refused at 15 %", "words": "words",
             "seconds": "seconds"}  # fmt: skip
    lines += ["| system | " + " | ".join(names.values()) + " |", "|---|" + "---|" * len(names)]
    for model in ("reader", "quote", BASE, GROUNDED):
        said = {one["id"]: one for one in read_lines(work / f"{model}.jsonl")}
        if said:
            told = scored([row for row in rows if row.id in said], said, odds)
            lines.append(f"| {model} | " + " | ".join(f"{told[key]:.3g}" for key in names) + " |")
    if (work / "asked.json").exists():
        asked = json.loads((work / "asked.json").read_text(encoding="utf-8"))
        both = [one for one in asked["rows"] if one["rule"]]
        lines += [
            "",
            "## `questions`",
            "",
            f"{asked['passages']} passages.",
            "",
            "| author | questions | reader finds the answer |",
            "|---|---|---|",
        ]
        for name, some, key in (("rules", both, "rule"), ("adapter, same words", both, "adapter"),
                                ("adapter, other passages", [one for one in asked["rows"] if not one["rule"]], "adapter")):  # fmt: skip
            lines.append(f"| {name} | {len(some)} | {mean(one[f'{key}_found'] for one in some):.2f} |")
        for name, key in (("rules", "rule"), ("adapter", "adapter")):
            covered = {one["passage"] for one in asked["rows"] if one[f"{key}_found"]}
            lines.append(f"\nPassages with a question that the reader answers so, {name}: {len(covered)}.")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("task", choices=["rows", "answer", "ask", "report"])
    parser.add_argument("models", nargs="*")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=2 * EACH)
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    if given.task == "rows":
        write_files(given.data, given.work)
    elif given.task == "answer":
        answer(held_out(given.data), given.work, given.models, given.limit)
    elif given.task == "ask":
        ask(given.data, given.work)
    else:
        text = report(given.data, given.work)
        (Path(__file__).parent / "results/adapters.md").write_text(text, encoding="utf-8")
        print(text)


if __name__ == "__main__":
    main()
