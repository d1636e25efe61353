"""Seven small handbooks in seven languages, ten questions each: right, wrong, refused; and each asked in the others.

    python benchmarks/languages.py --work FOLDER [--name NAME] [--set KEY=VALUE]... [--show]

Enters: tests/data/languages. Leaves: a row of results/languages.json, and results/languages.md of all rows. Right: an
answer whose first citation holds the expected words, or the refusal of a question without an answer.
"""

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

import scoville as sc
from scoville.answer.abroad import nearest_support
from scoville.answer.support import Calibration
from scoville.cases.files import cases_of
from scoville.embed import open_embedder
from scoville.embed.remember import RememberingEmbedder
from scoville.models.languages import MULTILINGUAL
from scoville.recipe import Embed
from scoville.recipe.recipe import Answering
from scoville.types import Answer, Case, Hit, Passage

DATA = Path(__file__).parents[1] / "tests" / "data" / "languages"
RESULTS = Path(__file__).parent / "results"
LANGUAGES = ("de", "fr", "es", "ru", "ar", "ja", "zh")
CASES = cases_of(DATA / "cases.jsonl")
ACROSS = "questions in one language, documents in another (42 pairs), multilingual-e5-small"
NOTES = """Eight questions of each language have an answer, two have none. `before`: the reader that comes with Scoville read all
languages, as it was trained to read English. The weights of the sentence that stands in for it were fitted on these
questions and on SQuAD 2; fitted without the language that is measured, with multilingual-e5-small 44 of the 56 were right, 5
wrong, 7 refused, and 13 of 14 without an answer refused; by words alone 29, 3, 24 and 14. German questions on the English pages of
contoso_hr (12 of them): hit@5 2 with all-minilm-l6-v2, 9 with multilingual-e5-small; the English ones 10 and 11.
Typing errors, 101 questions of contoso_hr, all-minilm-l6-v2, hit@5 and MRR: none .881 and .756 (before and after); one in
each question .842 and .686 before, .891 and .764 after; one in every word .327 and .243 before, .871 and .699 after. Of 50
with one error 48 were answered (49 without errors), 36 with the right page (36).
"""


def verdict(case: Case, answer: Answer) -> str:
    """Say what an answer is: right, wrong or refused; of a question without an answer refused rightly or made up."""
    if not case.answerable:
        return "refused rightly" if answer.refused else "made up"
    if answer.refused:
        return "refused"
    return "right" if case.expected[0] in answer.citations[0].quote else "wrong"


def ask(work: Path, values: dict[str, Any], *, show: bool) -> dict[str, Counter[str]]:
    """Ask each language's questions of a bot with its handbook."""
    counts: dict[str, Counter[str]] = {}
    for language in LANGUAGES:
        with sc.open(work / "-".join([language, *values.values()]).replace("/", "_"), **values) as bot:
            bot.add(DATA / f"{language}.md")
            found = [(case, bot.ask(case.question)) for case in CASES if case.id.startswith(language)]
        counts[language] = Counter(verdict(case, answer) for case, answer in found)
        for case, answer in found if show else ():
            print(case.id, verdict(case, answer), answer.probability, case.question, "->", answer.text[:100])
    return counts


def across() -> Counter[str]:
    """Ask each language's questions of the others' handbooks, whose answers stand under the same numbers."""
    embedder = RememberingEmbedder(open_embedder(Embed(model=MULTILINGUAL)), 2000)
    calibration = Calibration.shipped(embedder.name, Answering().min_probability)
    cases = {case.id: case for case in CASES}
    counts: Counter[str] = Counter()
    for held_in in LANGUAGES:
        text = (DATA / f"{held_in}.md").read_text(encoding="utf-8")
        passage = Passage(
            id="", source="", document_id="", title="", media_type="", start=0, end=len(text), text=text,
            language=held_in,
        )  # fmt: skip
        for case in (one for one in CASES if not one.id.startswith(held_in)):
            same = cases[f"{held_in}-{case.id.partition('-')[2]}"]
            support, said = nearest_support(
                case.question, [Hit(passage=passage, score=1.0, legs={})], None, embedder, calibration
            )
            answers = said is not None and support.probability >= calibration.threshold
            if not same.answerable:
                counts["made up" if answers else "refused rightly"] += 1
            elif said is None or not answers:
                counts["refused"] += 1
            else:
                counts["right" if same.expected[0] in said.text else "wrong"] += 1
    return counts


def report(rows: dict[str, dict[str, dict[str, int]]]) -> str:
    """Write all rows as a table."""
    lines = [
        "# Languages",
        "",
        "Made by `benchmarks/languages.py`: right / wrong / refused, and made up of those without.",
        "",
    ]
    lines += [f"| recipe | {' | '.join(LANGUAGES)} | all | made up |", f"|---{'|---' * (len(LANGUAGES) + 2)}|"]
    for name, counts in rows.items():
        whole = sum(map(Counter, counts.values()), Counter[str]())
        cells = [_cell(counts[language]) if language in counts else "" for language in LANGUAGES]
        without = whole["made up"] + whole["refused rightly"]
        lines.append(f"| {name} | {' | '.join(cells)} | {_cell(whole)} | {whole['made up']} of {without} |")
    return "\n".join([*lines, "", NOTES])


def _cell(counts: dict[str, int]) -> str:
    return " / ".join(str(counts.get(name, 0)) for name in ("right", "wrong", "refused"))


def main() -> None:
    """Ask, and write down what came."""
    given = argparse.ArgumentParser()
    given.add_argument("--work", type=Path, required=True)
    given.add_argument("--name", default="default")
    given.add_argument("--set", action="append", default=[])
    given.add_argument("--show", action="store_true")
    options = given.parse_args()
    place = RESULTS / "languages.json"
    rows = json.loads(place.read_text(encoding="utf-8")) if place.exists() else {}
    rows[options.name] = ask(options.work, dict(one.split("=", 1) for one in options.set), show=options.show)
    rows.pop(ACROSS, None)  # it stands last
    rows[ACROSS] = {"all": across()}
    place.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    (RESULTS / "languages.md").write_text(report(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
