"""Single-shot answers against planned ones: questions that take several steps, and ordinary ones that do not.

    python benchmarks/multihop.py --data DATA --work FOLDER --out benchmarks/results/multihop.json

DATA is that of contoso.py. The questions are in multihop/questions.jsonl, written for this by reading the HR documents
and those of the demo; the rules were made with those of the split ``dev`` in sight. Both systems are the default recipe
with the reader, over one index of both sets.

Writes a JSON file with every answer, and a Markdown file beside it.
"""

import argparse
import json
import re
import statistics
from collections.abc import Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import measure

import scoville
from scoville.agent import plan
from scoville.quantities import quantities, same_quantity
from scoville.types import Answer

HERE = Path(__file__).parent
QUESTIONS = HERE / "multihop/questions.jsonl"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="keeps the index; made where there is none")
    parser.add_argument("--out", type=Path, default=HERE / "results/multihop.json")
    given = parser.parse_args()
    is_new = not (given.work / ".scoville").exists()
    with scoville.open(given.work, agent={"use": False}) as single:
        if is_new:
            with as_file(files("scoville.demo") / "documents") as demo:
                single.add(given.data / "data", demo)
        agent = single.variant({"agent.use": True})
        single.ask("warm up")
        hops = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
        everyday = ordinary(given.data)
        planned = [row for row in everyday if plan(row["question"])]
        result = {
            "multihop": [row | asked(row["question"], single, agent) for row in hops],
            "ordinary": {
                "n": len(everyday),
                "planned": [row | asked(row["question"], single, agent) for row in planned],
            },
        }
    given.out.write_text(json.dumps(result, indent=1, ensure_ascii=False), encoding="utf-8")
    given.out.with_suffix(".md").write_text(report(result), encoding="utf-8")
    print(report(result))


def ordinary(data: Path) -> list[dict[str, Any]]:
    lines = (data / "qa/qa.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def asked(question: str, single: scoville.Bot, agent: scoville.Bot) -> dict[str, Any]:
    return {"single": told(single.ask(question)), "agent": told(agent.ask(question))}


def told(answer: Answer) -> dict[str, Any]:
    hops = [stage for stage in answer.stages if re.fullmatch(r"hop\d|calculate", stage.name)]
    return {
        "text": answer.text,
        "refused": answer.refused,
        "documents": sorted({Path(one.document or "").name for one in answer.citations}),
        "probability": answer.probability,
        "tokens": answer.reply.prompt_tokens + answer.reply.completion_tokens if answer.reply else 0,
        "seconds": answer.total_seconds,
        "steps": [f"{stage.name}: {stage.note}" for stage in hops],
    }


def is_right(row: dict[str, Any], answer: dict[str, Any]) -> bool:
    """Say whether an answer holds the value (``all``: every value) that is expected, or names the right one first."""
    text = " ".join(answer["text"].replace("**", "").casefold().split())
    if answer["refused"]:
        return False
    if "others" in row:
        first = {name: match.start() for name in (*row["answers"], *row["others"])
                 if (match := re.search(rf"\b{re.escape(name.casefold())}\b", text))}  # fmt: skip
        return bool(first) and min(first, key=first.__getitem__) in row["answers"]
    said = [_says(text, value) for value in row["answers"]]
    return all(said) if row.get("all") else any(said)


def _says(text: str, value: str) -> bool:
    wanted = [one for one in quantities(value) if one.unit.base]
    return value.casefold() in text or any(same_quantity(one, other) for one in wanted for other in quantities(text))


def report(result: dict[str, Any]) -> str:
    lines = ["# Several steps", "", (__doc__ or "").split("\n\n")[2].replace("\n", " ").strip(), ""]
    lines += ["| Questions | n | single-shot | agent | difference (95 %) | only expected documents cited | tokens | p50 s |",
              "|---|---|---|---|---|---|---|---|"]  # fmt: skip
    rows = result["multihop"]
    kinds = sorted({row["kind"] for row in rows})
    groups = [
        ("dev", [r for r in rows if r["split"] == "dev"]),
        ("**test**", test := [r for r in rows if r["split"] == "test"]),
    ]
    groups += [(f"test, {kind}", [row for row in test if row["kind"] == kind]) for kind in kinds]
    lines += [_line(name, group) for name, group in groups]
    lines += ["", *_ordinary(result["ordinary"]), ""]
    return "\n".join(lines)


def _line(name: str, rows: Sequence[dict[str, Any]]) -> str:
    single = [float(is_right(row, row["single"])) for row in rows]
    agent = [float(is_right(row, row["agent"])) for row in rows]
    difference = measure.paired_difference(agent, single)
    right = [row for row, one in zip(rows, agent, strict=True) if one]
    cited = sum(
        bool(row["agent"]["documents"]) and set(row["agent"]["documents"]) <= set(row["documents"]) for row in right
    )
    tokens, seconds = (
        " / ".join(f"{statistics.median(row[which][what] for row in rows):{form}}" for which in ("single", "agent"))
        for what, form in (("tokens", ",.0f"), ("seconds", ".2f"))
    )
    return (
        f"| {name} | {len(rows)} | {statistics.mean(single):.2f} | {statistics.mean(agent):.2f} | "
        f"{difference.mean:+.2f} ({difference.low:+.2f} to {difference.high:+.2f}) | {cited} of {len(right)} | {tokens} | {seconds} |"
    )


def _ordinary(result: dict[str, Any]) -> list[str]:
    planned = [row for row in result["planned"] if row["agent"]["steps"]]
    changed = [row for row in planned if row["agent"]["text"] != row["single"]["text"]]
    if not changed:
        return [f"Of {result['n']} ordinary questions {len(planned)} were planned, and no answer changed."]
    agent, single = (
        [measure.gold_token_f1(row[which]["text"], row["truth"]) for row in changed] for which in ("agent", "single")
    )
    one = measure.paired_difference(agent, single)
    return [
        f"Of {result['n']} ordinary questions (qa.jsonl) {len(planned)} were planned and {len(changed)} answers changed; in these "
        f"the token F1 with the reference is {statistics.mean(single):.2f} single-shot and {statistics.mean(agent):.2f} planned, "
        f"{one.mean:+.2f} ({one.low:+.2f} to {one.high:+.2f})."
    ]  # fmt: skip


if __name__ == "__main__":
    main()
