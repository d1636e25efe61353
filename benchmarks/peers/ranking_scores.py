"""Scores the rankings of `benchmarks/ranking.py` by ir-measures and says how far our numbers are from its.

python benchmarks/peers/ranking_scores.py ranking.json --data DATA
"""

import argparse
import json
from collections import defaultdict
from pathlib import Path

import ir_measures

NAMES = {
    "hit@1": "Success@1", "hit@5": "Success@5", "hit@10": "Success@10", "precision@5": "P@5", "recall@5": "R@5",
    "recall@10": "R@10", "mrr@10": "RR@10", "map@10": "AP@10", "ndcg@10": "nDCG@10",
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rankings", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    given = parser.parse_args()
    found = json.loads(given.rankings.read_text(encoding="utf-8"))
    judged: dict[str, dict[str, int]] = defaultdict(dict)
    for file in sorted((given.data / "scifact/qrels").glob("*.tsv")):
        for line in file.read_text(encoding="utf-8").splitlines()[1:]:
            query, document, grade = line.split()
            judged[query][document] = int(grade)
    run = {
        query: {document: float(-rank) for rank, document in enumerate(one["ranking"])} for query, one in found.items()
    }
    measures = [ir_measures.parse_measure(name) for name in NAMES.values()]
    theirs = {
        (scored.query_id, str(scored.measure)): scored.value
        for scored in ir_measures.iter_calc(measures, {query: judged[query] for query in found}, run)
    }
    for ours, name in NAMES.items():
        gaps = [abs(one["ours"][ours] - theirs.get((query, name), 0.0)) for query, one in found.items()]
        mean = sum(one["ours"][ours] for one in found.values()) / len(found)
        print(f"document_{ours:12} {mean:.6f}  {name:10} largest difference of {len(gaps)} claims {max(gaps):.2e}")


if __name__ == "__main__":
    main()
