"""`scoville search --explain` and `--as`, `scoville graph`, and the steps that a search tells of."""

import re
from dataclasses import replace
from importlib.resources import files

import pytest
from test_cli import check

from conftest import Bench, Command
from scoville.errors import UsageError
from scoville.recipe import Recipe, Rewrite, Search
from scoville.search import Rewriter, Searcher, open_searcher
from scoville.types import Message

LEAVE = "# Leave\n\nThe Leave Office of Robin Miller grants thirty days of annual leave.\n"
WAGES = "# Wages\n\nWages are paid by the Pay Desk of Robin Miller on the last day of the month.\n"


@pytest.fixture
def filled(bench: Bench) -> Bench:
    bench.write("absence.md", LEAVE)
    bench.write("wages.md", WAGES)
    bench.write("copy.md", LEAVE)
    bench.add()
    return bench


def opened(bench: Bench, **keys: object) -> Searcher:
    recipe = bench.recipe.model_copy(update={"search": Search.model_validate(keys)})
    return open_searcher(bench.workspace, recipe)


# Steps


def test_every_step_that_was_taken_is_told_in_its_order(filled: Bench):
    found = opened(filled, graph_weight=0.5, mmr=0.5, fusion="weighted", min_score=0).search("annual leave")
    assert [step.name for step in found.steps] == [
        "rewrite", "embed", "dense", "bm25", "graph", "fuse", "min_score", "distinct", "mmr", "widen",
    ]  # fmt: skip
    assert all(step.seconds >= 0 for step in found.steps)
    alone = sum(step.seconds for step in found.steps if step.name != "bm25")  # which runs beside embed and dense
    assert alone <= found.seconds


def test_the_steps_say_what_they_left_out(filled: Bench):
    found = opened(filled).search("annual leave")
    steps = {step.name: step for step in found.steps}
    assert steps["distinct"].note == "1 left out"
    assert len(steps["fuse"].ranking) == len(steps["distinct"].ranking) + 1
    assert {hit.passage.source for hit in found.hits} >= {"docs/wages.md"}
    assert len(found.hits) == 2


def test_the_ranks_of_a_step_are_those_of_the_hit(filled: Bench):
    found = opened(filled).search("annual leave")
    for place, hit in enumerate(found.hits, start=1):
        assert found.steps[-1].ranking[hit.passage.id].rank == place
        for name, leg in hit.legs.items():
            assert next(step for step in found.steps if step.name == name).ranking[hit.passage.id] == leg


@pytest.mark.parametrize("question", ["???", "😀", "—"])
def test_a_leg_that_cannot_work_for_a_question_says_so(filled: Bench, question: str):
    assert opened(filled).search(question).notes == ("search by words found nothing: the question holds no word",)


def test_a_question_in_words_that_no_passage_holds_is_said_to_be_so(filled: Bench):
    (note,) = opened(filled).search("Urlaubsanspruch").notes
    assert note.startswith("search by words found nothing: no passage holds urlaub")
    assert opened(filled).search("annual leave").notes == ()


def test_scores_add_up_as_the_fusion_says(filled: Bench):
    """By hand: cosine as it is, and half of the share of the best BM25."""
    found = opened(filled, fusion="weighted", max_overlap=1.0).search("annual leave thirty")
    best = max(hit.legs["bm25"].score for hit in found.hits if "bm25" in hit.legs)
    for hit in found.hits:
        words = hit.legs["bm25"].score / best / 2 if "bm25" in hit.legs else 0.0
        assert hit.score == pytest.approx(hit.legs["dense"].score + words, abs=1e-5)


def test_the_cosine_of_what_only_bm25_found_counts_in_a_weighted_fusion(filled: Bench):
    found = opened(filled, fusion="weighted", candidates=1, passages=1, max_overlap=1.0).search(
        "wages annual leave thirty"
    )
    everything = opened(filled, fusion="weighted", max_overlap=1.0).search("wages annual leave thirty")
    known = {hit.passage.id: hit.score for hit in everything.hits}
    step = next(step for step in found.steps if step.name == "fuse")
    assert all(leg.score == pytest.approx(known[name], abs=1e-5) for name, leg in step.ranking.items())


# Rewriting in a search


def test_a_question_that_leans_on_the_one_before_finds_what_it_is_about(filled: Bench):
    history = [Message(role="user", content="When are wages paid?"), Message(role="assistant", content="Monthly.")]
    searcher = opened(filled)
    assert searcher.search("Who does that?", history=history).hits[0].passage.source == "docs/wages.md"
    assert searcher.search("Who does that?", history=history).question == "Who does that? wages paid"
    assert searcher.search("Who does that?").question == "Who does that?"


def test_phrasings_are_fused(filled: Bench):
    rewriter = Rewriter(Rewrite(phrasings=1), lambda _: "wages of the month")
    found = opened(filled).search("annual leave", rewrite=rewriter)
    step = next(step for step in found.steps if step.name == "rewrite")
    assert step.note == "annual leave | wages of the month"
    bm25 = next(step for step in found.steps if step.name == "bm25")
    assert len(bm25.ranking) == 3


def test_a_written_passage_moves_the_dense_leg_alone(filled: Bench):
    rewriter = Rewriter(Rewrite(passage=True), lambda _: "Wages are paid on the last day of the month.")
    found = opened(filled).search("zzz", limit=1, rewrite=rewriter)
    assert found.hits[0].passage.source == "docs/wages.md"
    assert "bm25" not in found.hits[0].legs


def test_what_a_model_writes_makes_no_question_look_answerable(filled: Bench):
    alone = opened(filled).search("zzz").similarity
    for settings in (Rewrite(passage=True), Rewrite(phrasings=1)):
        rewriter = Rewriter(settings, lambda _: "Wages are paid on the last day of the month.")
        assert opened(filled).search("zzz", rewrite=rewriter).similarity == alone


def test_a_recipe_that_needs_a_model_is_refused_without_one(filled: Bench):
    recipe = filled.recipe.model_copy(update={"rewrite": Rewrite(phrasings=2)})
    with pytest.raises(UsageError, match="need a model"):
        open_searcher(filled.workspace, recipe)


# The commands


def test_explain_shows_steps_times_and_places(filled: Bench, command: Command):
    done = command("search", "annual leave", "--explain", "-w", filled.workspace.root)
    assert done.code == 0
    assert re.search(r"dense #1 [\d.]+ > bm25 #1 [\d.]+ > fuse #1 [\d.]+ > distinct #1 [\d.]+ > widen #1", done.out)
    assert re.search(r"^distinct +[\d.]+ ms +2 passages  1 left out$", done.out, re.MULTILINE)
    assert re.search(r"^all +[\d.]+ ms$", done.out, re.MULTILINE)


def test_explain_in_json_adds_steps_to_the_hits(filled: Bench, command: Command):
    root = filled.workspace.root
    plain = command("search", "annual leave", "--json", "-w", root).json
    explained = command("search", "annual leave", "--json", "--explain", "-w", root).json
    assert [{key: value for key, value in hit.items() if key != "steps"} for hit in explained["hits"]] == plain
    assert explained["hits"][0]["steps"][0] == {"step": "dense", "rank": 1, "score": plain[0]["legs"]["dense"]["score"]}
    assert {step["step"] for step in explained["steps"]} >= {"embed", "dense", "bm25", "fuse", "widen"}
    assert explained["question"] == "annual leave"
    assert explained["seconds"] >= max(step["seconds"] for step in explained["steps"])


def test_what_explain_writes_in_json_is_documented(filled: Bench, command: Command):
    demo = files("scoville.demo") / "documents"
    filled.write("policy-schedule.pdf", (demo / "policy-schedule.pdf").read_bytes())
    filled.write("deep.md", "# Handbook\n\n## Leave\n\nMore about annual leave of the policy holder.\n")
    filled.add()
    questions = "annual leave", "policy schedule cover"
    check("search QUESTION --explain --json", [
        command("search", question, "-n", 9, "--explain", "--json", "-w", filled.workspace.root).json
        for question in questions
    ])  # fmt: skip


def test_a_dead_leg_is_said_on_stderr(filled: Bench, command: Command):
    done = command("search", "???", "-w", filled.workspace.root)
    assert done.code == 0
    assert "search by words found nothing: the question holds no word" in done.err


def test_as_a_group_only_what_it_may_read_is_found(filled: Bench, command: Command):
    index = filled.index
    (secret,) = [one for one in index.passages(_ids(filled)) if one.source == "docs/wages.md"]
    (build,) = {state.build for state in index.documents().values()}
    index.replace(["docs/wages.md"], [replace(secret, groups=("pay",))], index.vectors([secret.id]), build)
    root = filled.workspace.root
    found = {
        group: {hit["document"] for hit in command("search", "wages", "--json", "-w", root, *group).json}
        for group in ((), ("--as", "staff"), ("--as", "staff", "--as", "pay"))
    }
    assert "docs/wages.md" not in found["--as", "staff"]
    assert "docs/wages.md" in found[()] & found["--as", "staff", "--as", "pay"]
    assert "pay desk" not in command("graph", "Robin Miller", "--as", "staff", "-w", root).out
    assert "pay desk" in command("graph", "Robin Miller", "-w", root).out


def _ids(bench: Bench) -> list[str]:
    return [mention.id for mention in bench.index.mentions(["robin miller"], 10)]


def test_graph_shows_what_is_connected(filled: Bench, command: Command):
    root = filled.workspace.root
    done = command("graph", "robin miller", "-w", root)
    assert done.code == 0
    assert done.out.startswith("robin miller: in 3 passages of\n")
    told = command("graph", "Robin Miller", "--json", "-w", root).json
    assert told["entity"] == "robin miller"
    check("graph NAME --json", [told])
    assert {edge["entity"]: edge["together"] for edge in told["edges"]}["leave office"] == 2
    assert {one["document"] for one in told["documents"]} == {"docs/absence.md", "docs/wages.md", "docs/copy.md"}


def test_graph_of_an_unknown_name_is_one_line_and_exit_code_2(filled: Bench, command: Command):
    done = command("graph", "Nobody Special", "-w", filled.workspace.root)
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "scoville: 'Nobody Special': no passage names it; expected a name, a code or a term of the documents\n"
    )


def test_search_asks_the_model_that_the_recipe_names(filled: Bench, command: Command):
    done = command(
        "search", "annual leave", "--set", "search.rerank=llm", "--set", "llm.model=fake:[2] > [1]", "--json",
        "-w", filled.workspace.root,
    )  # fmt: skip
    assert done.code == 0
    assert done.json[0]["legs"]["rerank"]["rank"] == 1
    assert done.json[0]["legs"]["dense"]["rank"] != 1


def test_the_default_recipe_reads_nothing_twice():
    search = Recipe().search
    assert (search.rerank, search.mmr, search.neighbours, search.graph_weight) == ("none", 1, 0, 0)
    assert not Recipe().rewrite.asks_model
