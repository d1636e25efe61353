"""Whether a larger quantised model beats a smaller one that is not: at equal memory, and at equal seconds.

    python benchmarks/model_size.py qwen DATA --out benchmarks/results/model_size.json
    python benchmarks/model_size.py smol-f16 DATA --out benchmarks/results/model_size.json
    python benchmarks/model_size.py smol-f16 DATA --demo --out benchmarks/results/model_size.json

DATA holds squad_v2. `qwen` is Qwen2.5-Coder-0.5B-Instruct as Q4_K_M, `smol-f16` SmolLM2-135M-Instruct as F16, `smol-q4`
the same as Q4_1 (its F16 weights are made of these: what it lost to quantisation once it has lost). Both run with
llama.cpp on one thread. Each is asked 60 questions of SQuAD over the three sentences of the paragraph that share most
words with the question, and with --demo the questions of the demo by the whole pipeline. Seconds are the processor's.
Where `qwen` was measured before, the smaller one also draws replies until it took as long, and gives the most frequent:
equal seconds. What is in the file of results is not asked again; --seconds ends early.
"""

import argparse
import json
import random
import re
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import scoville as sc
from scoville import recipe
from scoville.demo import demo_cases, is_right
from scoville.demo.run import add_demo
from scoville.evaluate.metrics.text import token_f1
from scoville.llm import Generation, Llm, open_llm
from scoville.llm.gguf_write import open_gguf
from scoville.llm.trained.forms import write_form
from scoville.models import locate_model
from scoville.sentences import content_words, sentences
from scoville.types import Message

SMALL = "smollm2-135m-instruct"
QUESTIONS = 60
SENTENCES = 3
MAX_TOKENS = 32
DRAWN_AT = 0.7
"""Temperature of the replies after the first."""


class Asked(NamedTuple):
    """A question over a paragraph, and the answers that are right."""

    context: str
    question: str
    answers: list[str]


def squad(data: Path) -> list[Asked]:
    """Draw questions with an answer, each of another paragraph."""
    articles = json.loads((data / "squad_v2/train.json").read_text(encoding="utf-8"))["data"]
    paragraphs = [paragraph for article in articles for paragraph in article["paragraphs"]]
    drawn = random.Random(0)
    drawn.shuffle(paragraphs)
    found = [
        Asked(
            nearest(paragraph["context"], (one := drawn.choice(whole))["question"]),
            one["question"],
            [answer["text"] for answer in one["answers"]],
        )
        for paragraph in paragraphs
        if (whole := [question for question in paragraph["qas"] if question["answers"]])
    ]
    return [asked for asked in found if holds(asked.context, asked.answers)][:QUESTIONS]


def name_of(model: str, folder: Path) -> str:
    """Give what a recipe calls a model; the F16 form is written first."""
    if model == "qwen":
        return "qwen2.5-coder-0.5b-instruct"
    if model == "smol-q4":
        return SMALL
    target = folder / "smol-f16.gguf"
    write_form(target, open_gguf(locate_model(SMALL, kind="llm").weights), "f16")
    return f"path:{target}"


def reply(llm: Llm, asked: Asked, seed: int) -> str:
    """Ask once; the first reply is the likeliest one, others are drawn."""
    messages = [Message(role="user", content=f"{asked.context}\n\n{asked.question} Answer in a few words.")]
    temperature = DRAWN_AT if seed else 0.0
    return llm.generate(messages, Generation(max_tokens=MAX_TOKENS, temperature=temperature, seed=seed)).text


def nearest(context: str, question: str) -> str:
    """Give the sentences that share most words with a question, in their order."""
    asked, found = content_words(question), [one.text for one in sentences(context)]
    ranked = sorted(range(len(found)), key=lambda number: -len(asked & content_words(found[number])))
    return " ".join(found[number] for number in sorted(ranked[:SENTENCES]))


def holds(text: str, answers: Sequence[str]) -> bool:
    """Say whether one of the answers stands in a reply."""
    return any(plain(answer) in plain(text) for answer in answers)


def plain(text: str) -> str:
    """Give a text in small letters, its words parted by one space."""
    return f" {' '.join(re.findall(r'[a-z0-9]+', text.lower()))} "


def ask_one(llm: Llm, asked: Asked, seconds: float) -> dict[str, Any]:
    """Ask once, and as often as ``seconds`` allow."""
    started = time.process_time()
    replies = [reply(llm, asked, 0)]
    took = time.process_time() - started
    while time.process_time() - started + took / 2 < seconds:
        replies.append(reply(llm, asked, len(replies)))
    voted = Counter(map(plain, replies)).most_common(1)[0][0]
    return {
        "right": holds(replies[0], asked.answers), "f1": max(token_f1(replies[0], one) for one in asked.answers),
        "seconds": took, "replies": len(replies), "voted_right": holds(voted, asked.answers), "reply": replies[0],
    }  # fmt: skip


def summed_up(rows: Sequence[dict[str, Any]]) -> str:
    """Write what came of the questions so far."""
    means = {name: sum(row[name] for row in rows) / len(rows) for name in rows[0] if name != "reply"}
    return f"{len(rows)} questions: " + ", ".join(f"{name} {value:.2f}" for name, value in means.items())


def on_demo(name: str, folder: Path) -> dict[str, Any]:
    """Ask the questions of the demo by the whole pipeline."""
    settings: dict[str, Any] = {"llm": name, "llm.runtime": "llamacpp", "llm.threads": 1}
    with sc.open(folder, **settings) as bot:
        add_demo(bot)
        started, cases = time.process_time(), demo_cases()
        rights = {True: 0, False: 0}
        for case in cases:
            answer = bot.ask(case.question)
            rights[case.answerable] += is_right(case, answer.text, refused=answer.refused)
        seconds = (time.process_time() - started) / len(cases)
    return {"answered_right": rights[True], "refused_right": rights[False], "questions": len(cases), "seconds": seconds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=["qwen", "smol-f16", "smol-q4"])
    parser.add_argument("data", type=Path)
    parser.add_argument("--demo", action="store_true")
    parser.add_argument("--seconds", type=float, default=1e9)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results/model_size.json")
    given = parser.parse_args()
    kept = json.loads(given.out.read_text()) if given.out.exists() else {}
    own = kept.setdefault(given.model, {"rows": []})
    ends = time.monotonic() + given.seconds
    with tempfile.TemporaryDirectory() as place:
        name = name_of(given.model, Path(place))
        if given.demo:
            own["demo"] = on_demo(name, Path(place) / "demo")
            given.out.write_text(json.dumps(kept, indent=1) + "\n")
            return
        llm = open_llm(recipe.Llm(model=name, runtime="llamacpp", threads=1))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        llm.load()
        others = kept["qwen"]["rows"] if given.model != "qwen" and "qwen" in kept else []
        for number, asked in list(enumerate(squad(given.data)))[len(own["rows"]) :]:
            if time.monotonic() > ends:
                break
            own["rows"].append(ask_one(llm, asked, others[number]["seconds"] if number < len(others) else 0.0))
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            own["memory_mb"] = max(own.get("memory_mb", 0), round(memory / 1024))
            given.out.write_text(json.dumps(kept, indent=1) + "\n")
        llm.close()
    print(given.model, own["memory_mb"], "MB,", summed_up(own["rows"]), flush=True)


if __name__ == "__main__":
    main()
