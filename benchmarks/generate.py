"""A hundred cases that `scoville cases generate` makes of real documents, and what a reader thinks of each.

    python benchmarks/generate.py --data DATA [--show] [--out benchmarks/results/generate.md]

Three workspaces: six HR documents, the demo's documents, an article and a sheet of figures. Rules write the cases; no
model is asked but the embedder. ``--show`` prints those that nobody has judged yet, with what they were made of; a
verdict is a line of ``generate-judged.jsonl`` beside the result: the case's key, ``good`` or what is wrong with it, and
why. Good: somebody at work could ask it in these words, the evidence and nothing else answers it (or nothing does,
where it has no answer), what is expected is right, and it is of its kind. See README.md here.
"""

import argparse
import hashlib
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import NamedTuple

import scoville as sc
from scoville.cases.files import case_json
from scoville.cases.generate import KINDS
from scoville.types import Case

JUDGED = Path(__file__).parent / "results/generate-judged.jsonl"
SHARES = {"contoso_hr": 50, "demo": 38, "docling": 12}
"""So many cases of each set are read: a hundred in all."""
DOCLING = ("md/sources/wiki.md", "xlsx/sources/xlsx_02_sample_sales_data.xlsm")


class Made(NamedTuple):
    """A case, and the set that it is of."""

    documents: str
    case: Case

    @property
    def key(self) -> str:
        """Name it by what a reader judges."""
        return hashlib.sha256(json.dumps(case_json(self.case), sort_keys=True).encode()).hexdigest()[:12]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder with contoso_hr and docling_tests")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--show", action="store_true", help="print what nobody has judged")
    given = parser.parse_args()
    made: list[Made] = []
    documents: dict[str, int] = {}
    for name, paths in sets(given.data):
        found, documents[name] = generate(paths, SHARES[name])
        made += [Made(name, case) for case in found]
    known = verdicts()
    for one in made if given.show else ():
        if one.key not in known:
            show(one)
    text = report(made, documents, known)
    print(text)
    if given.out:
        given.out.write_text(text, encoding="utf-8")


def sets(data: Path) -> Iterator[tuple[str, list[Path]]]:
    yield "contoso_hr", sorted((data / "contoso_hr/data").iterdir())
    with as_file(files("scoville.demo") / "documents") as folder:
        yield "demo", sorted(path for path in folder.iterdir() if path.is_file())
    yield "docling", [data / "docling_tests" / name for name in DOCLING]


def generate(paths: Sequence[Path], count: int) -> tuple[tuple[Case, ...], int]:
    """Index documents in a new workspace, and make cases of them."""
    with tempfile.TemporaryDirectory() as folder, sc.open(folder) as bot:
        docs = Path(folder) / "docs"
        docs.mkdir()
        for path in paths:
            shutil.copy(path, docs)
        bot.add(docs)
        made = bot.generate_cases(Path(folder) / "cases.jsonl", count=count, generator="templates")
    return made.cases, len(paths)


def verdicts() -> dict[str, tuple[str, str]]:
    rows = [json.loads(line) for line in JUDGED.read_text(encoding="utf-8").splitlines()] if JUDGED.exists() else []
    return {row["key"]: (row["verdict"], row.get("why", "")) for row in rows}


def show(one: Made) -> None:
    case = one.case
    turns = "".join(f"   {turn.role}: {turn.content}\n" for turn in case.history)
    held = "".join(f"   [{each.document} {each.page}] {each.quote[:300]}\n" for each in case.evidence)
    print(
        f"{one.key} {one.documents} {' '.join(case.tags[1:])}\n{turns}   {case.question}\n   -> {case.expected}\n{held}"
    )


def report(made: Sequence[Made], documents: dict[str, int], known: dict[str, tuple[str, str]]) -> str:
    judged = [known[one.key][0] for one in made if one.key in known]
    good = judged.count("good")
    easy = sum("easy" in one.case.tags for one in made)
    answerable = sum(one.case.answerable for one in made)
    lines = [
        "# Cases made of documents", "",
        f"{len(made)} cases by rules, without a model, of six HR documents (`contoso_hr`), the demo's five, an article and a "
        f"sheet of figures (`docling`); {len(judged)} of them were read by one strict reader, and **{good} are good**. Good: "
        "somebody at work could ask it in these words, its evidence and nothing else answers it (or nothing does, where it "
        "has no answer), what is expected is right, and it is of its kind.", "",
        f"{answerable} have an answer; of these {easy} are easy: the nearest sentence alone gives it.", "",
        "| kind | cases | good |", "|---|---|---|",
    ]  # fmt: skip
    for kind in KINDS:
        told = [known.get(one.key, ("",))[0] for one in made if kind in one.case.tags]
        lines.append(f"| {kind.replace('_', ' ')} | {len(told)} | {told.count('good')} |")
    lines += ["", "| set | document | cases |", "|---|---|---|"]
    for name, count in documents.items():
        asked = Counter(
            document for one in made if one.documents == name for document in {e.document for e in one.case.evidence}
        )
        lines += [f"| {name} | {Path(document).name} | {cases} |" for document, cases in sorted(asked.items())]
        assert len(asked) <= count
    wrong = Counter(verdict for verdict in judged if verdict != "good")
    told = ", ".join(f"{count} {reason}" for reason, count in wrong.most_common()) or "nothing"
    lines += ["", f"What was wrong: {told}.", "", "| set | kind | question | verdict |", "|---|---|---|---|"]
    for one in made:
        verdict, why = known.get(one.key, ("not read", ""))
        asked_before = f"{one.case.history[0].content} … " if one.case.history else ""
        question = f"{asked_before}{one.case.question}".replace("|", "\\|")
        easy_mark = " (easy)" if "easy" in one.case.tags else ""
        reason = f": {why}" if why else ""
        lines.append(
            f"| {one.documents} | {one.case.tags[1].replace('_', ' ')}{easy_mark} | {question} | {verdict}{reason} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
