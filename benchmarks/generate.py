"""How many cases `scoville cases generate` makes of real documents, of which kinds, and how good a reader finds them.

    python benchmarks/generate.py --data DATA --out benchmarks/results/generate.md [--model] [--show]

Three sets: six HR documents, the demo's documents, 400 abstracts of SciFact. Every draft that the rules give is tried,
so that the yields are what the documents hold; with ``--model`` the small model writes and checks ``MODEL_DRAFTS``
drafts of each kind too. ``--show`` prints a fixed sample, each case with its key; what a reader thought of it stands
in ``generate-judged.jsonl`` beside the result (key, kind, verdict; no text of the documents). See README.md here.
"""

import argparse
import hashlib
import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.resources import as_file, files
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from scoville.cases.files import case_json
from scoville.cases.generate import KINDS, Checks, Generated, Ledger, ModelGenerator, Templates, find_by_words
from scoville.cases.generate import generate_cases as generate
from scoville.cases.generate.checks import Ask
from scoville.cases.generate.draft import Generator, Kind, Slot
from scoville.embed import open_embedder
from scoville.read import read_document
from scoville.recipe import Llm, Recipe
from scoville.split import split_document
from scoville.types import Case, Passage

HERE = Path(__file__).parent
JUDGED = HERE / "results/generate-judged.jsonl"
ABSTRACTS = 400
SAMPLE = 7
"""Cases of each kind and set that are shown to a reader."""
MODEL_DRAFTS = 6
"""Drafts of each kind and set that the small model writes."""
ALL = 10**6


class Row(NamedTuple):
    """What one generator made of one set."""

    documents: str
    generator: str
    passages: int
    seconds: float
    made: Generated
    sample: Sequence[Case]


class First:
    """A generator of which only the first drafts of each kind are tried."""

    def __init__(self, generator: Generator, most: int) -> None:
        self.name = generator.name
        self.write = generator.write
        self._slots, self._most = generator.slots, most

    def slots(self, kind: Kind) -> Sequence[Slot]:
        return self._slots(kind)[: self._most]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder with contoso_hr and scifact")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--model", action="store_true", help="have the small model write too")
    parser.add_argument("--show", action="store_true", help="print the sample")
    given = parser.parse_args()
    rows: list[Row] = []
    for name, passages in sets(given.data):
        rows.append(row(name, Templates(passages), passages, None))
        if given.model:
            ask = small_model()
            rows.append(row(name, First(ModelGenerator(passages, ask, "small"), MODEL_DRAFTS), passages, ask))
        print(f"{name}: {rows[-1].seconds:.1f} s", flush=True)
    if given.show:
        show(rows)
    text = report(rows)
    print(text)
    if given.out:
        given.out.write_text(text, encoding="utf-8")


def sets(data: Path) -> Iterator[tuple[str, list[Passage]]]:
    yield "contoso_hr", read_folder(data / "contoso_hr/data")
    with as_file(files("scoville.demo") / "documents") as folder:
        yield "demo", read_folder(folder)
    with (data / "scifact/corpus.jsonl").open(encoding="utf-8") as lines:
        yield "scifact", [abstract(json.loads(line)) for line in islice(lines, ABSTRACTS)]


def read_folder(folder: Path) -> list[Passage]:
    """Read and split as `scoville add` does."""
    recipe = Recipe()
    embedder = open_embedder(recipe.embed)  # counts tokens
    documents = [
        read_document(path, source=path.name, settings=recipe.read)
        for path in sorted(folder.iterdir())
        if path.is_file()
    ]
    return [passage for document in documents for passage in split_document(document, recipe.split, embedder)]


def abstract(fields: dict[str, Any]) -> Passage:
    text = fields["text"]
    return Passage(
        id=fields["_id"], source=f"{fields['_id']}.txt", document_id=fields["_id"], title=fields["title"],
        media_type="text/plain", start=0, end=len(text), text=text,
    )  # fmt: skip


def small_model() -> Ask:
    from scoville.llm import open_llm

    llm = open_llm(Llm())
    return lambda messages, generation: llm.generate(messages, generation)


def row(name: str, generator: Generator, passages: Sequence[Passage], ask: Ask | None) -> Row:
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder) / "state", {})
        ledger.add = lambda tried: ledger.tried.__setitem__(tried.slot, tried)  # the disk is not measured
        made = generate(generator, Checks(find_by_words(passages), ask=ask), ledger, KINDS, ALL)
    seconds = time.perf_counter() - started
    sample: list[Case] = []
    for kind in KINDS:
        found = sorted((case for case in made.cases if kind in case.tags), key=key)
        sample += random.Random(0).sample(found, min(SAMPLE, len(found)))
    return Row(name, generator.name.split(":")[0], len(passages), seconds, made, sample)


def key(case: Case) -> str:
    """Name a case by what a reader judges: the question, what is expected, and the evidence."""
    return hashlib.sha256(json.dumps(case_json(case), sort_keys=True).encode()).hexdigest()[:12]


def show(rows: Sequence[Row]) -> None:
    known = verdicts("now")
    for one in rows:
        for case in one.sample:
            turns = "".join(f"   {turn.role}: {turn.content}\n" for turn in case.history)
            held = "".join(f"   [{each.document} {each.page}] {each.quote}\n" for each in case.evidence)
            judged = f"   = {known[key(case)][1]}\n" if key(case) in known else ""
            print(f"{key(case)} {one.documents} {one.generator} {case.tags[-1]}\n{turns}   {case.question}")
            print(f"   -> {case.expected}\n{held}{judged}")


def verdicts(given: str) -> dict[str, tuple[str, str]]:
    """Give kind and verdict of each case that was read ``before`` or ``now``: ``good``, or what is wrong with it."""
    if not JUDGED.exists():
        return {}
    rows = [json.loads(line) for line in JUDGED.read_text(encoding="utf-8").splitlines()]
    return {each["key"]: (each["kind"], each["verdict"]) for each in rows if each["round"] == given}


def reader(rows: Sequence[Row]) -> list[str]:
    """Tell what a reader thought of the rules' cases before they were last changed, of theirs now, and of the model's."""
    now = verdicts("now")
    said = {"before": list(verdicts("before").values())}
    said["now"] = [now[key(case)] for one in rows for case in one.sample if key(case) in now]
    shown = sum(len(one.sample) for one in rows if one.generator == "templates")
    lines = [
        "", "## One reader's judgment", "",
        f"A fixed sample of the rules' cases, up to {SAMPLE} of each kind and set: {len(said['now'])} of {shown} were read, "
        f"and {len(said['before'])} of the rules before. Good: a colleague could have asked it, its evidence and nothing "
        "less answers it, what is expected is right, and it is of its kind. The judgments stand in "
        "`generate-judged.jsonl`.", "",
        "| kind | before | now | what was wrong before | what is wrong now |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for kind in (*KINDS, "all"):
        cells = [tally([verdict for of, verdict in said[name] if kind in (of, "all")]) for name in ("before", "now")]
        lines.append(f"| {kind.replace('_', ' ')} | {' | '.join(cell[0] for cell in cells)} | "
                     f"{' | '.join(cell[1] for cell in cells)} |")  # fmt: skip
    for name, told in (
        ("unseen", "Of cases that no rule was changed after (HR documents, SQuAD 2.0, tables and other formats)"),
        ("small model", "Of the small model's cases that passed the checks"),
    ):
        good, wrong = tally(list(verdict for _, verdict in verdicts(name).values()))
        lines += ["", f"{told}, {good or 'none'} were good; the others: {wrong or 'none'}."]
    return lines


def tally(said: Sequence[str]) -> tuple[str, str]:
    wrong = Counter(verdict for verdict in said if verdict != "good")
    good = f"{len(said) - wrong.total()} of {len(said)}" if said else ""
    return good, ", ".join(f"{count} {reason}" for reason, count in wrong.most_common())


def report(rows: Sequence[Row]) -> str:
    lines = [
        "# Cases made of documents", "", "Every draft of the rules, without a model; the small model's first drafts.",
        "", "| set | generator | passages | seconds | " + " | ".join(kind.replace("_", " ") for kind in KINDS) + " |",
        "|---" * (len(KINDS) + 4) + "|",
    ]  # fmt: skip
    for one in rows:
        counts = (f"{one.made.accepted.get(kind, 0)} of {one.made.tried.get(kind, 0)}" for kind in KINDS)
        lines.append(
            f"| {one.documents} | {one.generator} | {one.passages} | {one.seconds:.1f} | {' | '.join(counts)} |"
        )
    lines += ["", "## Dropped", "", "| set | generator | kind | reasons |", "|---|---|---|---|"]
    for one in rows:
        for kind, reasons in one.made.dropped.items():
            told = ", ".join(f"{count} {reason}" for reason, count in reasons.items())
            lines.append(f"| {one.documents} | {one.generator} | {kind.replace('_', ' ')} | {told} |")
    return "\n".join(lines + reader(rows)) + "\n"


if __name__ == "__main__":
    main()
