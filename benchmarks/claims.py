"""How many false claims pass as supported and how many true ones are refused: claims about the HR documents and the demo's.

    python benchmarks/claims.py --data DATA/contoso_hr --before OLDER/src --out benchmarks/results/claims.md

The claims lie in benchmarks/claims: sentences of our own about a page or a section, half of them false by one edit. Each is
given to the grounding of an answer as if a model had written it, with the passages of that page alone. Halves are by the
hash of the question; the checks were written with half 0 in view, **half 1** was only counted. --before names the source of
an older Scoville, which is run on the same claims. Ablations leave out one check each.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

from scoville.answer.grounding import ground
from scoville.embed import open_embedder
from scoville.read import read_document
from scoville.recipe import Recipe
from scoville.split import split_document
from scoville.types import Hit, Passage

HERE = Path(__file__).parent
DEMO = HERE.parent / "src/scoville/demo/documents"
SUPPORTED, UNCHECKED, UNSUPPORTED = "supported", "unchecked", "unsupported"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder contoso_hr; without it only the demo is read")
    parser.add_argument("--before", type=Path, help="the `src` of an older Scoville")
    parser.add_argument("--out", type=Path, default=HERE / "results/claims.md")
    parser.add_argument("--states", action="store_true", help="write the state of every claim to stdout, and no report")
    given = parser.parse_args()
    rows = list(read_claims())
    passages = read_passages(given.data, {row["document"] for row in rows})
    hits = [found(row, passages) for row in rows]
    if given.states:
        json.dump(states(rows, hits), sys.stdout)
        return
    systems = {"before": earlier(given)} if given.before else {}
    started = time.perf_counter()
    systems["now"] = states(rows, hits)
    seconds = time.perf_counter() - started
    from scoville.llm.reader import shipped_reader  # an older Scoville, which only writes states, may have none

    reader = shipped_reader(1)
    ablations = {"every check": systems["now"], "with the reader": states(rows, hits, reader.read)}
    ablations |= dict(without_checks(rows, hits))
    text = "\n".join(report(rows, systems, ablations, seconds / len(rows)))
    given.out.write_text(f"{text}\n", encoding="utf-8")
    print(text)


def read_claims() -> Iterator[dict[str, Any]]:
    for path in sorted((HERE / "claims").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)


def half(row: Mapping[str, Any]) -> int:
    return hashlib.sha256(row["question"].encode()).digest()[0] & 1


def read_passages(data: Path, names: Iterable[str]) -> dict[str, list[Passage]]:
    recipe = Recipe()
    embedder = open_embedder(recipe.embed)
    paths = {path.name: path for folder in (DEMO, data / "data") for path in folder.iterdir()}
    documents = (read_document(paths[name], source=name, settings=recipe.read) for name in sorted(names))
    return {one.source: split_document(one, recipe.split, embedder) for one in documents}


def found(row: Mapping[str, Any], passages: Mapping[str, Sequence[Passage]]) -> list[Hit]:
    """Give the passages of the page or section of a claim."""
    kept = [
        one
        for one in passages[row["document"]]
        if (row["page"] in {one.page, *(box.page for box in one.boxes())} if "page" in row
            else any(row["heading"] in text for text in (*one.headings, one.text)))
    ]  # fmt: skip
    assert kept, row
    return [Hit(passage=one, score=1.0, legs={}) for one in kept]


def states(rows: Sequence[Mapping[str, Any]], hits: Sequence[Sequence[Hit]], *read: Any) -> list[str]:
    return [state(row, some, *read) for row, some in zip(rows, hits, strict=True)]


def state(row: Mapping[str, Any], hits: Sequence[Hit], *read: Any) -> str:
    """Say how a claim is shown; one that is left out of the answer is unsupported."""
    grounded = ground(row["claim"], hits, 0.5, row["question"], *read)
    if grounded.verified:
        return SUPPORTED
    return UNCHECKED if getattr(grounded, "found", False) else UNSUPPORTED


def earlier(given: argparse.Namespace) -> list[str]:
    command = [sys.executable, __file__, "--data", str(given.data), "--states"]
    environment = os.environ | {"PYTHONPATH": str(given.before)}
    return json.loads(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)


def without_checks(rows: Sequence[Mapping[str, Any]], hits: Sequence[Sequence[Hit]]) -> Iterator[tuple[str, list[str]]]:
    from scoville.answer import checks, evidence

    for name in checks.CHECKS:
        left = {key: check for key, check in checks.CHECKS.items() if key != name}
        with patch.object(checks, "CHECKS", left):
            yield f"without {name}", states(rows, hits)
    with patch.object(evidence, "NEAR", 9.0):
        yield "a weaker part may rescue", states(rows, hits)


def report(
    rows: Sequence[Mapping[str, Any]],
    systems: Mapping[str, Sequence[str]],
    ablations: Mapping[str, Sequence[str]],
    seconds: float,
) -> Iterator[str]:
    yield from ("# Claims that hold", "", "Made by `benchmarks/claims.py`; its docstring says how. A false claim passes when "
                "it is shown as supported; a true one is refused when it is shown as unsupported, or left out. *Unchecked*: "
                "the quote is shown, said not to be checked.", "")  # fmt: skip
    counted = Counter((half(row), row["true"]) for row in rows)
    yield f"{len(rows)} claims: " + "; ".join(
        f"half {one}: {counted[one, True]} true, {counted[one, False]} false" for one in (0, 1)
    )
    yield from ("", f"Checking takes {1000 * seconds:.1f} ms a claim, the passages read anew each time.", "")
    yield from (
        "| | half | false: pass | false: unchecked | true: refused | true: unchecked |",
        "|---|---|" + "---:|" * 4,
    )
    for name, said in systems.items():
        for one in (0, 1):
            yield f"| {name} | {'1, untouched' if one else '0, tuned on'} | {' | '.join(shares(rows, said, one))} |"
    for true in (False, True):
        yield from ("", f"## {'True claims refused' if true else 'False claims that pass'}, by kind", "")
        yield f"| kind | n, half 0 | {' | '.join(systems)} | n, half 1 | {' | '.join(systems)} |"
        yield "|---|---:|" + "---:|" * len(systems) + "---:|" + "---:|" * len(systems)
        yield from kinds(rows, systems, true)
    yield from ("", "## What each check brings", "")
    yield from (
        "| | half | false: pass | false: unchecked | true: refused | true: unchecked |",
        "|---|---|" + "---:|" * 4,
    )
    for name, said in ablations.items():
        for one in (0, 1):
            yield f"| {name} | {one} | {' | '.join(shares(rows, said, one))} |"


def shares(rows: Sequence[Mapping[str, Any]], said: Sequence[str], which: int) -> list[str]:
    cells: list[str] = []
    for true, wrong in ((False, SUPPORTED), (True, UNSUPPORTED)):
        some = [state for row, state in zip(rows, said, strict=True) if half(row) == which and row["true"] is true]
        cells += [f"{some.count(one) / len(some):.1%}" for one in (wrong, UNCHECKED)]
    return cells


def kinds(rows: Sequence[Mapping[str, Any]], systems: Mapping[str, Sequence[str]], true: bool) -> Iterator[str]:
    wrong = UNSUPPORTED if true else SUPPORTED
    for kind in sorted({row["kind"] for row in rows if row["true"] is true}):
        cells: list[str] = []
        for which in (0, 1):
            chosen = [at for at, r in enumerate(rows) if (r["true"], r["kind"], half(r)) == (true, kind, which)]
            cells += [str(len(chosen)), *(str(sum(said[at] == wrong for at in chosen)) for said in systems.values())]
        yield f"| {kind} | {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
