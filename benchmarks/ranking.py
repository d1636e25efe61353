"""Whether measures of retrieval by document are those of the field: SciFact, beside ir-measures (trec_eval).

    python benchmarks/ranking.py --data DATA --work FOLDER --out FOLDER/ranking.json
    benchmarks/.venv/bin/python benchmarks/peers/ranking_scores.py FOLDER/ranking.json --data DATA

Enters: SciFact's abstracts and claims. Leaves: for each claim the documents in the order in which they were found, and
our measures of it, for the second script to compare. Which documents are found does not matter, so words alone search,
and passages are cut so short that a document has several.
"""

import argparse
import json
from pathlib import Path

import scoville as sc
from scoville.cases.importers.formats import import_cases
from scoville.evaluate.metrics.retrieval import DEPTH

NAMES = ("hit@1", "hit@5", "hit@10", "precision@5", "recall@5", "recall@10", "mrr@10", "map@10", "ndcg@10")
SETTINGS = {"embed": {"model": "fake"}, "search": {"dense_weight": 0.0, "max_overlap": 1.0}, "split": {"size": 80}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    documents = given.work / "abstracts"
    documents.mkdir(parents=True, exist_ok=True)
    for line in (given.data / "scifact/corpus.jsonl").open(encoding="utf-8"):
        row = json.loads(line)
        (documents / row["_id"]).with_suffix(".md").write_text(f"# {row['title']}\n\n{row['text']}\n", encoding="utf-8")
    cases = import_cases(given.data / "scifact").cases
    with sc.open(given.work, **SETTINGS) as bot:
        bot.add(documents)
        run = bot.evaluate([_in_files(case) for case in cases], system="cheat:always-refuse")
        results, scores = run.results(), run.scores()
    found = {
        case.id: {
            "ranking": list(dict.fromkeys(Path(one.document).stem for one in results[case.id].ranking))[:DEPTH],
            "ours": {name: scores[case.id][f"document_{name}"].value for name in NAMES},
        }
        for case in cases
    }
    given.out.write_text(json.dumps(found), encoding="utf-8")
    print(f"{len(found)} claims; {sum(len(one['ranking']) for one in found.values()) / len(found):.2f} documents each")


def _in_files(case: sc.Case) -> sc.Case:
    """Name the evidence as the files are named."""
    from dataclasses import replace

    return replace(case, evidence=tuple(replace(one, document=f"{one.document}.md") for one in case.evidence))


if __name__ == "__main__":
    main()
