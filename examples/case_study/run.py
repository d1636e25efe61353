"""A known story told again: which part of a question-answering system makes its answers right?

    python examples/case_study/run.py --data contoso_hr

Asks one small model the same questions in several ways, with the same passages or as much of the right document as its
context holds, scores the answers and writes results.md. README.md here says what is compared and why.
"""

import argparse
import logging
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from systems import open_systems, whole_document

from scoville.cases.importers.formats import import_cases
from scoville.comparison.side_by_side import Compared, open_run
from scoville.comparison.stages import SharedStages
from scoville.comparison.systems import COST, Table, compare_systems
from scoville.cost import price_usd
from scoville.evaluate.judge.judge import open_judge
from scoville.evaluate.run_cases import run_cases
from scoville.evaluate.score_run import score_run
from scoville.index import Index, Workspace, add_paths
from scoville.llm import Llm
from scoville.recipe import Judge, Recipe
from scoville.recipe import Llm as LlmSettings
from scoville.track.ledger import Ledger
from scoville.types import Case, Message

HERE = Path(__file__).parent
ANSWERABLE_AFTER_ALL = {4, 5, 7, 8, 10, 11}
"""By reading, these of the questions that the set calls unanswerable are answered by the documents (from 0)."""
COLUMNS = (
    "answered rightly", "95 %", "refused rightly", "95 %", "answers given", "supported", "right page", "tokens",
    "seconds", "$ / 1,000 here", "$ / 1,000 hosted",
)  # fmt: skip


def main() -> None:
    """Run the study."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder with data/*.pdf and qa/*.jsonl")
    parser.add_argument("--limit", type=int, default=30, help="answerable questions, spread over the documents")
    parser.add_argument("--unanswerable", type=int, default=8)
    parser.add_argument("--document-tokens", type=int, default=3000, help="of a whole document, at most")
    parser.add_argument("--hosted", default="gpt-4o-mini", help="the OpenAI model at whose prices tokens are reckoned")
    parser.add_argument("--judge", default=None, metavar="MODEL", help="e.g. openai:NAME; default: no judge")
    parser.add_argument("--work", type=Path, default=Path(".case_study"), help="where index and runs are kept")
    parser.add_argument("--out", type=Path, default=HERE / "results.md")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    recipe = Recipe(llm=LlmSettings(model="smollm2-135m-instruct"))
    workspace = Workspace(given.work)
    workspace.root.mkdir(parents=True, exist_ok=True)
    report = add_paths(workspace, recipe, [(given.data / "data").resolve()])
    sys.stderr.write(f"{report.documents} documents, {report.passages} passages\n")
    cases = [
        *spread(import_cases(given.data / "qa/qa.jsonl").cases, given.limit),
        *truly_unanswerable(given.data / "qa/qa_dontknows.jsonl")[: given.unanswerable],
    ]
    stages = SharedStages(workspace, recipe)
    try:
        compared = ask_all(stages, recipe, cases, given)
        table = compare_systems(compared, metric="answered_right", usd_per_hour=recipe.cost.hardware_usd_per_hour)
        gain = document_tokens(stages.searcher(recipe).index, stages.llm(recipe.llm), cases)
    finally:
        stages.close()
    given.out.write_text(results(table, compared, cases, gain, given), encoding="utf-8")
    sys.stderr.write(f"wrote {given.out}\n")


def spread(cases: Sequence[Case], limit: int) -> list[Case]:
    """Take cases from every document in turn, in their order, until there are enough; then one document's together.

    Prompts that begin with the same document share what was computed for it.
    """
    waiting: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        waiting[case.evidence[0].document].append(case)
    rounds = [
        (number, document, case) for document, found in waiting.items() for number, case in enumerate(found)
    ]  # fmt: skip
    taken = sorted(rounds, key=lambda one: one[0])[:limit]
    return [case for _, _, case in sorted(taken, key=lambda one: one[1])]


def truly_unanswerable(path: Path) -> list[Case]:
    """Read the questions without an answer, less those that the documents do answer."""
    cases = import_cases(path, unanswerable=True).cases
    return [case for number, case in enumerate(cases) if number not in ANSWERABLE_AFTER_ALL]


def ask_all(stages: SharedStages, recipe: Recipe, cases: Sequence[Case], given: argparse.Namespace) -> list[Compared]:
    """Ask every system, or take the run in which it was asked before; score all."""
    judge = open_judge(Judge(model=given.judge), answering_model=recipe.llm.model) if given.judge else None
    runs, index = stages.workspace.folder / "runs", stages.index_digest(recipe)
    build = stages.build_cost(recipe, Ledger(recipe.cost.hardware_usd_per_hour))
    compared: list[Compared] = []
    for system in open_systems(stages, recipe, given.document_tokens):
        header = {"system": system.name, "index": index, "seed": recipe.llm.seed}
        run, origin = open_run(system, cases, runs, header)
        if origin != "reused":
            run_cases(system, cases, run, timeout_seconds=600)
        score_run(run, judge=judge)
        sys.stderr.write(f"{system.name}: {origin}, {run.header.get('seconds', 0):.0f} s\n")
        compared.append(Compared(name=system.name, run=run, origin=origin, build=build))
    return compared


def document_tokens(index: Index, llm: Llm, cases: Sequence[Case]) -> Mapping[str, float]:
    """Count what whole documents would take of a prompt: that of each case, and all of them.

    In pieces: the tokenizer of a local model counts to the end of its context only.
    """
    frame = llm.count_tokens([Message(role="user", content="")])

    def count(name: str) -> int:
        text = whole_document(index, name).text
        pieces = (text[start : start + 8000] for start in range(0, len(text), 8000))
        return sum(llm.count_tokens([Message(role="user", content=piece)]) - frame for piece in pieces)

    sizes = {source: count(source) for source in index.documents()}
    asked = [case.evidence[0].document for case in cases if case.evidence]
    own = [next(size for source, size in sizes.items() if source.endswith(name)) for name in asked]
    return {"own": sum(own) / len(own), "all": float(sum(sizes.values()))}


def results(
    table: Table, compared: Sequence[Compared], cases: Sequence[Case], gain: Mapping[str, float],
    given: argparse.Namespace,
) -> str:  # fmt: skip
    """Write what was found."""
    rows = {row.system: row for row in table.board.rows}
    answerable = sum(case.answerable for case in cases)
    machine = compared[0].run.header["machine"]
    judge = (
        f"Judged by {given.judge}."
        if given.judge
        else "No judge: whether an answer is right is told by its words, `correctness_words`."
    )
    lines = [
        "# Results", "",
        f"{answerable} answerable and {len(cases) - answerable} unanswerable questions; "
        f"{compared[0].run.header['models']['llm']}; {machine['cores']} cores, {machine['processor']}. {judge}", "",
        f"| system | {' | '.join(COLUMNS)} |", f"|---{'|--:' * len(COLUMNS)}|",
    ]  # fmt: skip
    for one in compared:
        cells = _cells(one, cases, float(rows[one.name].columns[COST] or 0.0), given.hosted)
        lines.append(f"| {one.name} | {' | '.join(cells)} |")
    board = replace(table.board, rows=tuple(replace(row, columns={}) for row in table.board.rows))
    lines += ["", "## Who is better, surely", "", board.markdown, "", "## Whole documents against passages", ""]
    return "\n".join([*lines, *_gain(compared, gain, given.hosted)]) + "\n"


def _cells(one: Compared, cases: Sequence[Case], usd_here: float, hosted: str) -> list[str]:
    results, summary = one.run.results(), one.run.summary()
    metrics = summary["metrics"]
    asked = [results[case.id] for case in cases if case.answerable]
    read, written = _tokens(one)
    price = price_usd(hosted, round(1000 * read), round(1000 * written), provider="openai")
    return [
        *_counted(metrics["answered_right"]), *_counted(metrics["refused_right"]),
        f"{sum(not result.refused for result in asked)} of {len(asked)}",
        _percent(metrics.get("faithfulness")), _percent(metrics.get("page_hit@5")), f"{read:,.0f} + {written:,.0f}",
        f"{summary['sets']['seconds_total_p50']:.2f}", f"{usd_here:.3f}",
        "not known" if price is None else f"{price:.3f}",
    ]  # fmt: skip


def _counted(found: Mapping[str, float]) -> list[str]:
    """Write a share as the cases that it counts, with its interval in percent."""
    return [f"{found['mean'] * found['n']:.0f} of {found['n']}", f"{found['low']:.0%} to {found['high']:.0%}"]


def _tokens(one: Compared) -> tuple[float, float]:
    """Give the mean tokens of a prompt and of a reply, over the questions that a model was asked."""
    asked = [result for result in one.run.results().values() if result.prompt_tokens] or [None]
    return (
        sum(result.prompt_tokens for result in asked if result) / len(asked),
        sum(result.completion_tokens for result in asked if result) / len(asked),
    )


def _percent(found: Mapping[str, float | None] | None) -> str:
    if not found or found["mean"] is None:
        return "–"
    limits = "" if found["low"] is None else f" ({found['low']:.0%} to {found['high']:.0%})"
    return f"{found['mean']:.0%}{limits}"


def _gain(compared: Sequence[Compared], gain: Mapping[str, float], hosted: str) -> list[str]:
    """Say what retrieval saves against whole documents in the prompt, at a hosted model's prices."""
    read, written = next(_tokens(one) for one in compared if one.name == "grounded prompt")

    def usd(tokens: float) -> float | None:
        return price_usd(hosted, round(1000 * tokens), round(1000 * written), provider="openai")

    rows = (("passages", read), ("the right document", gain["own"]), ("all documents", gain["all"]))
    first = usd(read)
    lines = [f"| in the prompt | tokens | $ / 1,000 at {hosted} | × |", "|---|--:|--:|--:|"]
    for name, tokens in rows:
        price = usd(tokens)
        known = f"{price:,.2f} | {price / first:,.0f}" if price and first else "not known | –"
        lines.append(f"| {name} | {tokens:,.0f} | {known} |")
    return lines


if __name__ == "__main__":
    main()
