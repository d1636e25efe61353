"""Write docs/recipe.md: every key of a recipe, from the docstrings in scoville.recipe.

    python scripts/make_recipe_reference.py [--check]

With --check nothing is written, and the exit code is 1 where the page is not what would be written.
"""

import json
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

from scoville.recipe import Recipe
from scoville.recipe.reference import Key, keys, meaning_of, source_keys
from scoville.recipe.section import Mark
from scoville.recipe.sources import ENTRIES

PAGE = Path(__file__).parent.parent / "docs/recipe.md"
DECIDES = {Mark.INDEX: "index", Mark.ANSWERS: "answers", Mark.OPERATIONAL: "neither", None: ""}
TOUCH = {
    "version": "Never by hand.",
    "read": (
        "`scoville inspect FILE` shows a page wrong: scans in another language (`ocr_languages`), pages of "
        "pictures (`ocr: always`), flow charts that only a model that sees can read (`pdf`), recordings "
        "(`audio`)."
    ),
    "sources": (
        "Documents come from elsewhere than a folder you name by hand, or some people may not read all of "
        "them. Guides: [sources](sources.md), [permissions](permissions.md)."
    ),
    "metadata": (
        "People ask by year, department or product: rules turn folders and file names into keys, which "
        "`--where` filters by."
    ),
    "split": (
        "`report --blame` puts misses on splitting, or answers lack the section around them (`by: parent`). "
        "Measure with `scoville sweep`: sizes between 120 and 400 differ little."
    ),
    "embed": (
        "The documents are not in English, or a hosted embedder is allowed. `scoville models --for "
        "embeddings` says what this machine can run."
    ),
    "index": "More than 100,000 passages, or an index that several machines share (`url`).",
    "search": (
        "`report --blame` puts misses on finding. First `passages`, then the weights of the legs, then `rerank`."
    ),
    "rewrite": "Follow-up questions find nothing, or a model may spend tokens on several phrasings.",
    "prompt": (
        "Answers are right and have the wrong form or tone. See [prompts](prompts.md). With `llm.model: "
        "reader` there is no prompt."
    ),
    "llm": (
        "The reader's short answers do not do: people want text that is written. `scoville compare --phases "
        "CASES` says what that gains on your questions and what it costs."
    ),
    "answer": (
        "Too many refusals or too many wrong answers: `scoville calibrate`, then `max_error`. See "
        "[refusal](refusal.md)."
    ),
    "agent": "Comparisons and sums are answered from one passage only, or questions take too long.",
    "memory": "What is stored of conversations has to be less, or for a shorter time.",
    "guards": "People outside the company ask, or documents come from outside. See [guards](guards.md).",
    "evaluate": "A wrong answer is worse for you than a refusal.",
    "judge": (
        "Answers are free text that no comparison of words can weigh. Check it first with `scoville judge "
        "check LABELS`."
    ),
    "track": "Runs are to be seen in MLflow or W&B, or no question is to leave a trace.",
    "cost": "Models are paid, or the machine is not a small one.",
    "serve": "People log in elsewhere, or the audit log is to be kept for another time. See [serve](serve.md).",
    "on": "A service shall act by itself, or tell somebody. See [automations](automations.md).",
    "sweep": "You want to know which of many recipes is best on your cases. See [evaluate](evaluate.md).",
}
"""When a section is worth a change."""


def page() -> str:
    """Write the whole page."""
    lines = [
        "# Every key of a recipe", "",
        "Made by `scripts/make_recipe_reference.py` from the code. `scoville recipe` prints the values in "
        "force and where each comes from; `--set search.passages=8` and `SCOVILLE_SEARCH__PASSAGES=8` change "
        "one for a run. Every section can be left out.",
        "",
        "**Decides** says what another value changes: `index`: the documents are read or embedded anew by "
        "`scoville add --rebuild`; `answers`: the answers, at once; `neither`: time, places and limits only.",
        "",
    ]  # fmt: skip
    for name, group in groupby(keys(), key=lambda key: key.name.partition(".")[0]):
        section = Recipe.model_fields[name].annotation
        about = meaning_of(section) if name != "version" and isinstance(section, type) else ""
        lines += [
            f"## {name}",
            "",
            *([about, ""] if about else []),
            f"*When to touch it:* {TOUCH[name]}",
            "",
            *table(group),
        ]
        if name == "sources":
            for kind, entry in ENTRIES.items():
                lines += [f"### sources: {kind}", "", meaning_of(entry), "", *table(source_keys(kind))]
    return "\n".join(lines).rstrip() + "\n"


def table(found: Any) -> list[str]:
    """Write keys as a table."""
    return ["| Key | Default | May be | Decides | Meaning |", "|---|---|---|---|---|", *map(row, found), ""]


def row(key: Key) -> str:
    """Write one key."""
    default = "" if key.default is None else f"`{json.dumps(key.default, ensure_ascii=False)}`"
    cells = (f"`{key.name}`", default, key.values, DECIDES[key.mark], key.meaning)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def main() -> int:
    """Write the page, or say whether it is up to date."""
    written = page()
    if "--check" in sys.argv:
        return int(not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != written)
    PAGE.write_text(written, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
