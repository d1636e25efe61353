"""Everything that `docs` and the README claim about the six HR documents, measured in one run beside the usual stack.

    python benchmarks/contoso.py --data DATA --peers benchmarks/.venv/bin/python --out benchmarks/results/contoso.json

Runs in the project's environment; the peers run in theirs, as child processes. Writes a JSON file with every number and a
Markdown file beside it. See README.md here for the data.
"""

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import measure
import numpy as np

from scoville.answer import Answerer, open_answerer
from scoville.embed import open_embedder
from scoville.index import Workspace, add_paths, open_index
from scoville.llm import Generation, Llm, open_llm
from scoville.models import locate_model
from scoville.recipe import Llm as LlmSettings
from scoville.recipe import Recipe
from scoville.recipe.file import load_recipe
from scoville.search import open_searcher
from scoville.types import Message

HERE = Path(__file__).parent
PASSES = 3
MODEL = "smollm2-135m-instruct"
# Multiply-adds of all-MiniLM-L6-v2 for a token: six layers of four 384x384 and two 384x1536 products, and attention.
FLOPS_PER_TOKEN = 6 * 2 * (4 * 384 * 384 + 2 * 384 * 1536)
# By reading, these questions of the "dontknow" set are answered by the documents (numbers from 0).
ANSWERABLE_AFTER_ALL = {4, 5, 7, 8, 10, 11}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--peers", type=Path, default=HERE / ".venv/bin/python")
    parser.add_argument("--out", type=Path, default=HERE / "results/contoso.json")
    parser.add_argument("--only", nargs="*", choices=list(PARTS), default=list(PARTS))
    given = parser.parse_args()
    given.data = given.data.resolve()
    result: dict[str, Any] = json.loads(given.out.read_text()) if given.out.exists() else {}
    result["machine"] = {
        "python": platform.python_version(),
        "cores": len(__import__("os").sched_getaffinity(0)),
        "bf16_matmul_gflops": round(measure.bf16_matmul_gflops()),
        "precision": measure.matmul_precision(),
    }
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for part in given.only:
            print(part, flush=True)
            result[part] = PARTS[part](given, work, result)
            given.out.parent.mkdir(exist_ok=True)
            given.out.write_text(json.dumps(result, indent=1, ensure_ascii=False), encoding="utf-8")
    given.out.with_suffix(".md").write_text(report(result), encoding="utf-8")
    print(report(result))


def ingest(given: argparse.Namespace, work: Path, result: dict[str, Any]) -> dict[str, Any]:
    """Add the folder three times to an empty workspace; the fastest pass counts, as for the peer."""
    embedder = open_embedder(Recipe().embed)
    embedder.embed(["warm up"] * 8)
    peer = run_peer(given, work)
    ours = [timed_add(given, work / f"pass{number}") for number in range(PASSES)]
    best = min(ours, key=lambda one: one["seconds"])
    rates = [embedding_rate(given, work) for _ in range(PASSES)]
    rate = max(rates, key=lambda one: one["tokens_per_second"])
    gflops = rate["flops"] / rate["seconds"] / 1e9
    pages = peer["pages"]
    return {
        "scoville": {
            "seconds": best["seconds"],
            "pages_per_second": pages / best["seconds"],
            "tokens": best["tokens"],
            "tokens_per_second": best["tokens"] / best["seconds"],
            "all_passes_seconds": [one["seconds"] for one in ours],
            "embedding_tokens_per_second": rate["tokens_per_second"],
            "embedding_gflops": gflops,
            "share_of_matmul": gflops / result["machine"]["bf16_matmul_gflops"],
        },
        "langchain": {key: peer[key] for key in ("pages", "passages", "tokens", "seconds", "all_passes_seconds",
                                                 "pages_per_second", "tokens_per_second_embedded", "versions")},
        "end_to_end_ratio": peer["seconds"]["read_to_index"] / best["seconds"],
        "embedding_ratio": rate["tokens_per_second"] / peer["tokens_per_second_embedded"],
    }  # fmt: skip


def run_peer(given: argparse.Namespace, work: Path) -> dict[str, Any]:
    model = locate_model("all-minilm-l6-v2", kind="embedder").folder
    out = work / "langchain.json"
    command = [given.peers, HERE / "peers/langchain_stack.py", "--documents", given.data / "data", "--questions",
               given.data / "qa/qa.jsonl", "--model", model, "--out", out, "--repeat", str(PASSES)]  # fmt: skip
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)
    peer = json.loads(out.read_text())
    peer["ranked"] = [[measure.Place(*place) for place in one["ranked"]] for one in peer["questions"]]
    work.joinpath("peer_ranked.json").write_text(json.dumps(peer["ranked"]))
    return peer


def timed_add(given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    folder.mkdir()
    started = time.perf_counter()
    report = add_paths(Workspace(folder), Recipe(), [given.data / "data"])
    return {"seconds": time.perf_counter() - started, "tokens": report.tokens}


def embedding_rate(given: argparse.Namespace, work: Path) -> dict[str, float]:
    texts = all_passages(workspace(given, work))
    embedder = open_embedder(Recipe().embed)
    embedder.embed(texts[:8])
    lengths = [min(len(spans), embedder.max_tokens) + 2 for spans in embedder.token_spans(texts)]
    started = time.perf_counter()
    embedder.embed(texts)
    seconds = time.perf_counter() - started
    flops = sum(length * (FLOPS_PER_TOKEN + 6 * 4 * 384 * length) for length in lengths)
    return {"seconds": seconds, "tokens_per_second": (sum(lengths) - 2 * len(lengths)) / seconds, "flops": flops}


def reference(given: argparse.Namespace, work: Path, result: dict[str, Any]) -> dict[str, Any]:
    """Compare our vectors with sentence-transformers' on every passage."""
    texts = all_passages(workspace(given, work))
    (work / "texts.json").write_text(json.dumps(texts))
    model = locate_model("all-minilm-l6-v2", kind="embedder").folder
    command = [given.peers, HERE / "peers/reference_embeddings.py", "--model", model, "--texts", work / "texts.json",
               "--out", work / "reference.npy"]  # fmt: skip
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)
    cosines = (np.load(work / "reference.npy") * open_embedder(Recipe().embed).embed(texts)).sum(axis=1)
    return {"texts": len(texts), "least_cosine": float(cosines.min()), "mean_cosine": float(cosines.mean())}


def retrieval(given: argparse.Namespace, work: Path, result: dict[str, Any]) -> dict[str, Any]:
    """Score both stacks' rankings of the same questions, with the paired difference."""
    if not (work / "peer_ranked.json").exists():
        run_peer(given, work)
    theirs = [[measure.Place(*place) for place in one] for one in json.loads((work / "peer_ranked.json").read_text())]
    rows = questions(given, "qa.jsonl")
    gold = [measure.parse_truth(row["truth"]) for row in rows]
    scores: dict[str, Any] = {"langchain": score(theirs, gold)}
    for name, flags in {
        "scoville": [], "dense only": ["search.bm25_weight=0"], "bm25 only": ["search.dense_weight=0"],
        "fixed windows": ["split.by=fixed"],
    }.items():  # fmt: skip
        recipe = load_recipe(None, environment={}, flags=flags).recipe
        searcher = open_searcher(workspace(given, work, recipe), recipe)
        ranked: list[list[measure.Place]] = []
        seconds: list[float] = []
        for row in rows:
            found = searcher.search(row["question"], limit=20)
            ranked.append([measure.Place(Path(hit.passage.source).name, hit.passage.page) for hit in found.hits])
            seconds.append(found.seconds)
        scores[name] = score(ranked, gold) | {"p50_ms": statistics.median(seconds) * 1000}
        if name == "scoville":
            scores["difference"] = differences(ranked, theirs, gold)
    return scores


def score(ranked: list[list[measure.Place]], gold: list[list[measure.Place]]) -> dict[str, Any]:
    return {name: interval._asdict() for name, interval in measure.score_ranked(ranked, gold).items()}


def differences(
    ours: list[list[measure.Place]], theirs: list[list[measure.Place]], gold: list[list[measure.Place]]
) -> dict[str, Any]:
    """Ours minus theirs, question by question, with a bootstrap interval over questions."""
    ranks = {"page": measure.page_rank, "file": measure.file_rank}
    values: dict[str, Callable[[int | None], float]] = {
        "hit@1": lambda rank: measure.hit(rank, 1),
        "hit@5": lambda rank: measure.hit(rank, 5),
        "mrr@10": lambda rank: measure.reciprocal_rank(rank, 10),
    }
    return {
        f"{kind}_{name}": measure.paired_difference(
            [value(rank(one, right)) for one, right in zip(ours, gold, strict=True)],
            [value(rank(one, right)) for one, right in zip(theirs, gold, strict=True)],
        )._asdict()
        for kind, rank in ranks.items()
        for name, value in values.items()
    }


def answers(given: argparse.Namespace, work: Path, result: dict[str, Any]) -> dict[str, Any]:
    """Ask every question with MODEL, in both styles of prompt."""
    return {
        style: score_answers(
            given, work, load_recipe(None, environment={}, flags=[f"prompt.style={style}", f"llm.model={MODEL}"]).recipe
        )
        for style in ("sentences", "passages")
    }


def score_answers(given: argparse.Namespace, work: Path, recipe: Recipe) -> dict[str, Any]:
    answerer = open_answerer(workspace(given, work, recipe), recipe)
    rows = [(row, True) for row in questions(given, "qa.jsonl")]
    unknown = questions(given, "qa_dontknows.jsonl")
    rows += [(row, False) for number, row in enumerate(unknown) if number not in ANSWERABLE_AFTER_ALL]
    given_answers = [(row, known, answerer.ask(row["question"])) for row, known in rows]
    f1: list[float] = []
    recall: list[float] = []
    cited: list[float] = []
    for row, known, answer in given_answers:
        if known:
            gold, truth = measure.parse_truth(row["truth"]), measure.strip_citations(row["truth"])
            text = "" if answer.refused else measure.strip_citations(answer.text)
            f1.append(measure.gold_token_f1(text, truth))
            recall.append(measure.gold_token_recall(text, truth) or 0.0)
            places = [measure.Place(Path(c.document or "").name, c.page) for c in answer.citations if c.verified]
            cited.append(float(any(measure.is_page(place, gold) for place in places)))
    refusals = measure.refusals([a.refused for _, _, a in given_answers], [not known for _, known, _ in given_answers])
    asked = [answer for _, _, answer in given_answers if answer.reply]
    overhead = [a.total_seconds - a.search_seconds - a.reply.total_seconds for a in asked if a.reply]
    return {
        "questions": len(given_answers),
        "answerable": sum(known for _, known, _ in given_answers),
        "gold_token_f1": measure.bootstrap_interval(f1)._asdict(),
        "gold_token_recall": measure.bootstrap_interval(recall)._asdict(),
        "citation_page_hit": measure.bootstrap_interval(cited)._asdict(),
        "refusal_precision": refusals.precision,
        "refusal_recall": refusals.recall,
        "answerable_refused": sum(a.refused for _, known, a in given_answers if known),
        "p50_seconds": statistics.median(answer.total_seconds for _, _, answer in given_answers),
        "p50_first_token_seconds": statistics.median(a.first_token_seconds or 0.0 for a in asked),
        "p50_prompt_tokens": statistics.median(a.reply.prompt_tokens for a in asked if a.reply),
        "p50_overhead_ms": statistics.median(overhead) * 1000,
        "p95_overhead_ms": sorted(overhead)[int(0.95 * len(overhead))] * 1000,
    }


def latency(given: argparse.Namespace, work: Path, result: dict[str, Any]) -> dict[str, Any]:
    """Time a cold `scoville ask` to its first token, a warm one on a long prompt, and both runtimes' reading."""
    place = workspace(given, work)
    command = [
        sys.executable,
        "-m",
        "scoville",
        "ask",
        "What does Northwind Standard pay for eye exams?",
        "--stream",
        "-w",
    ]
    cold: list[dict[str, float]] = []
    for style in ("sentences", "passages") * 5:
        started = time.perf_counter()
        words = [*command, str(place.root), "--set", f"prompt.style={style}"]
        with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as asked:
            assert asked.stderr is not None
            asked.stderr.read(1)  # nothing stands there before the first token
            first_token = time.perf_counter() - started
            asked.stderr.read()
        cold.append({"style": style, "first_token": first_token, "whole": time.perf_counter() - started})
    readings = {
        "openvino": reading(open_llm(LlmSettings(model=MODEL))),
        "llamacpp, all cores": reading(open_llm(load_recipe(None, environment={}, flags=[
            f"llm.model={MODEL}", "llm.runtime=llamacpp", f"llm.threads={result['machine']['cores']}"]).recipe.llm)),
    }  # fmt: skip
    return {
        "cold_first_token_seconds": {
            style: min(one["first_token"] for one in cold if one["style"] == style)
            for style in ("sentences", "passages")
        },
        "cold_runs": cold,
        "reading": readings,
        "reading_ratio": readings["openvino"]["tokens_per_second"]
        / readings["llamacpp, all cores"]["tokens_per_second"],
        "warm_chat_first_token": warm_first_token(open_answerer(place, Recipe())),
    }


def reading(llm: Llm) -> dict[str, float]:
    """Read fresh prompts of about 1,300 tokens; the median of five."""
    llm.load()
    words = " ".join(f"Clause {number} covers item {number * 7}." for number in range(400))
    rates: list[float] = []
    firsts: list[float] = []
    for number in range(6):
        text = f"Prompt {number}. {words}"
        while llm.count_tokens([Message(role="user", content=text)]) > 1300:
            text = text[: int(len(text) * 0.97)]
        reply = llm.generate([Message(role="user", content=text)], Generation(max_tokens=2))
        firsts.append(reply.first_token_seconds)
        rates.append(reply.prompt_tokens / reply.first_token_seconds)
    llm.close()
    return {"tokens_per_second": statistics.median(rates[1:]), "first_token_seconds": statistics.median(firsts[1:])}


def warm_first_token(answerer: Answerer) -> float:
    texts = [
        "What is the deductible?",
        "Who can join PerksPlus?",
        "What does a sales manager do?",
        "Is dental covered?",
    ]
    return statistics.median(answerer.ask(text).first_token_seconds or 0.0 for text in texts)


def workspace(given: argparse.Namespace, work: Path, recipe: Recipe | None = None) -> Workspace:
    recipe = recipe or Recipe()
    folder = work / f"workspace-{recipe.build_hash}"
    if not folder.exists():
        folder.mkdir()
        add_paths(Workspace(folder), recipe, [given.data / "data"])
    return Workspace(folder)


def all_passages(place: Workspace) -> list[str]:
    index = open_index(place, Recipe().index, place.require_built())
    return [one.content for source in index.documents() for one in index.neighbours(source, 0, 1_000_000)]


def questions(given: argparse.Namespace, name: str) -> list[dict[str, Any]]:
    lines = (given.data / "qa" / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


PARTS = {"ingest": ingest, "reference": reference, "retrieval": retrieval, "answers": answers, "latency": latency}


def report(result: dict[str, Any]) -> str:
    """Write the tables of the README and the docs."""
    machine = result["machine"]
    lines = [
        "# Six HR documents, 263 pages", "",
        f"{machine['cores']} CPU cores, {machine['bf16_matmul_gflops']} GFLOPS in {machine['precision']} matrix products. "
        "Made by `benchmarks/contoso.py`; both stacks in one run.", "",
    ]  # fmt: skip
    if "ingest" in result:
        ours, peer = result["ingest"]["scoville"], result["ingest"]["langchain"]
        lines += [
            "| Adding | Scoville | LangChain | ratio |", "|---|---|---|---|",
            f"| end to end, s | {ours['seconds']:.1f} | {peer['seconds']['read_to_index']:.1f} | {result['ingest']['end_to_end_ratio']:.1f}x |",
            f"| pages/s | {ours['pages_per_second']:.1f} | {peer['pages_per_second']:.1f} | |",
            f"| tokens/s embedded | {ours['embedding_tokens_per_second']:,.0f} | {peer['tokens_per_second_embedded']:,.0f} "
            f"| {result['ingest']['embedding_ratio']:.1f}x |",
            f"| share of the machine's matmul rate | {ours['share_of_matmul']:.0%} | | |", "",
        ]  # fmt: skip
    if "reference" in result:
        found = result["reference"]
        lines += [
            f"Least cosine to sentence-transformers over {found['texts']} passages: {found['least_cosine']:.5f}.",
            "",
        ]
    if "retrieval" in result:
        names = ("page_hit@1", "page_hit@5", "page_mrr@10", "file_hit@1", "file_hit@5", "file_mrr@10")
        lines += [f"| Retrieval, 101 questions | {' | '.join(names)} |", "|---|" + "---|" * len(names)]
        for stack in ("scoville", "dense only", "bm25 only", "fixed windows", "langchain"):
            row = result["retrieval"][stack]
            lines.append(f"| {stack} | " + " | ".join(f"{row[name]['mean']:.3f}" for name in names) + " |")
        gained = result["retrieval"]["difference"]
        spans = (f"{one['mean']:+.3f} [{one['low']:+.3f}, {one['high']:+.3f}]" for one in gained.values())
        short = dict(zip(gained, spans, strict=True))
        keys = [name.replace("_hit", "_hit") for name in names]
        lines += ["| scoville − langchain, 95 % | " + " | ".join(short[key] for key in keys) + " |", ""]
    if "answers" in result:
        lines += ["| Answers, SmolLM2-135M | sentences | passages |", "|---|---|---|"]
        for key in ("gold_token_f1", "gold_token_recall", "citation_page_hit", "refusal_precision", "refusal_recall",
                    "answerable_refused", "p50_seconds", "p50_first_token_seconds", "p50_prompt_tokens",
                    "p50_overhead_ms", "p95_overhead_ms"):  # fmt: skip
            cells = (result["answers"][style][key] for style in ("sentences", "passages"))
            lines.append(f"| {key} | " + " | ".join(_cell(cell) for cell in cells) + " |")
        lines.append("")
    if "latency" in result:
        one = result["latency"]
        cold = one["cold_first_token_seconds"]
        lines += [
            f"Cold `scoville ask` to the first token: {cold['sentences']:.2f} s (sentences), {cold['passages']:.2f} s (passages). "
            f"Warm: {one['warm_chat_first_token']:.2f} s.", "",
            "| Reading a 1,300-token prompt | tokens/s | first token, s |", "|---|---|---|",
            *(f"| {name} | {row['tokens_per_second']:,.0f} | {row['first_token_seconds']:.2f} |" for name, row in one["reading"].items()),
            f"| ratio | {one['reading_ratio']:.1f}x | |", "",
        ]  # fmt: skip
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value['mean']:.3f} [{value['low']:.3f}, {value['high']:.3f}]"
    return "—" if value is None else f"{value:.3g}"


if __name__ == "__main__":
    main()
