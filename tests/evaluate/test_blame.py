"""Which stage is to blame: each one on an index made by hand."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conftest import Bench
from scoville.evaluate.blame import DEEP, STAGES, Blame, Library, blame, count_stages
from scoville.evaluate.blame_run import blame_run
from scoville.evaluate.result import Cited, Result, Retrieved
from scoville.evaluate.runs import create_run
from scoville.evaluate.score_run import score_run
from scoville.types import Box, Case, Evidence, Passage, Region

QUOTE = "Parental leave lasts eighteen weeks after birth"
CASE = Case(
    id="a", question="How long is parental leave?", expected=("Eighteen weeks",),
    evidence=(Evidence(document="handbook.pdf", page=3, quote=QUOTE),),
)  # fmt: skip


def passage(name: str, text: str, page: int | None = 3, source: str = "docs/handbook.pdf") -> Passage:
    regions = (Region(0, len(text), Box(page, 0, 0, 10, 10)),) if page else ()
    return Passage(
        id=name, source=source, document_id="d", title="", media_type="application/pdf", start=0, end=len(text),
        text=text, page=page, regions=regions,
    )  # fmt: skip


class HandMade:
    """An index of these passages."""

    def __init__(self, *passages: Passage) -> None:
        self.given = passages
        self.reads = 0

    def documents(self) -> dict[str, Any]:
        return {one.source: None for one in self.given}

    def neighbours(self, source: str, first: int, last: int) -> list[Passage]:
        self.reads += 1
        return [one for one in self.given if one.source == source][first : last + 1]


def library(*passages: Passage, ranked: Sequence[str] | None = None) -> Library:
    by_id = {one.id: one for one in passages}
    order = list(by_id) if ranked is None else ranked
    return Library(HandMade(*passages), lambda _, limit: [by_id[name] for name in order][:limit])  # type: ignore[arg-type]


def result(*given: Passage, text: str = "Nine weeks.", **values: Any) -> Result:
    passages = tuple(Retrieved(id=one.id, document=one.source, pages=(), text=one.text) for one in given)
    return Result(case_id="a", text=text, refused=False, passages=passages, **values)


HOLDS = passage("holds", f"{QUOTE}.")
OTHER = passage("other", "Trains are preferred to planes.", page=9)
CITED = (Cited(document="docs/handbook.pdf", pages=(3,), quote="x", verified=True),)


class TestStages:
    def test_an_error_is_failed(self):
        found = blame(CASE, replace(result(), error="no answer within 9 s"), library(HOLDS))
        assert found == Blame("a", "failed", "no answer within 9 s")

    @pytest.mark.parametrize(
        ("passages", "detail"),
        [
            ([passage("x", QUOTE, source="docs/other.pdf")], "not in the index"),
            ([passage("x", QUOTE, source="docs/my-handbook.pdf")], "not in the index"),
            ([OTHER], "nothing was read on page 3"),
            ([passage("x", "Something else was read here.")], "stands nowhere"),
        ],
    )
    def test_what_is_not_in_the_index_was_not_read(self, passages: list[Passage], detail: str):
        found = blame(CASE, result(), library(*passages))
        assert (found.stage, detail in found.detail) == ("not_read", True)

    def test_a_quote_over_two_passages_was_cut_badly(self):
        halves = passage("x", "Parental leave lasts"), passage("y", "eighteen weeks after birth.", page=4)
        assert blame(CASE, result(*halves), library(*halves)).stage == "cut_badly"

    def test_a_passage_that_no_deep_search_gives_was_not_found(self):
        assert blame(CASE, result(OTHER), library(HOLDS, OTHER, ranked=["other"])).stage == "not_found"

    def test_a_passage_that_stands_deep_is_ranked_too_low(self):
        others = [passage(f"o{number}", "Trains.", page=9) for number in range(DEEP)]
        ranked = [one.id for one in others]
        found = blame(CASE, result(*others[:5]), library(HOLDS, *others, ranked=[*ranked[: DEEP - 1], "holds"]))
        assert found == Blame("a", "ranked_too_low", f"at rank {DEEP}, and 5 were given")
        deeper = library(HOLDS, *others, ranked=[*ranked, "holds"])
        assert blame(CASE, result(*others[:5]), deeper).stage == "not_found"

    def test_evidence_that_was_given_and_cited_was_misread_and_without_a_citation_invented(self):
        assert blame(CASE, result(HOLDS, citations=CITED), library(HOLDS)).stage == "misread"
        unverified = (replace(CITED[0], verified=False),)
        assert blame(CASE, result(HOLDS, citations=unverified), library(HOLDS)).stage == "invented"
        assert blame(CASE, result(HOLDS), library(HOLDS)).stage == "invented"

    def test_evidence_that_was_given_and_refused_was_refused_wrongly(self):
        refused = replace(result(HOLDS, reason="ungrounded"), refused=True)
        assert blame(CASE, refused, library(HOLDS)) == Blame("a", "refused_wrongly", "ungrounded")

    def test_a_refusal_without_the_evidence_is_the_fault_of_the_search(self):
        refused = replace(result(OTHER, reason="weak_evidence"), refused=True)
        assert blame(CASE, refused, library(HOLDS, OTHER, ranked=["other"])).stage == "not_found"

    def test_an_answer_where_there_is_none_was_invented_or_misread(self):
        case = replace(CASE, answerable=False, expected=(), evidence=())
        assert blame(case, result(HOLDS), library(HOLDS)).stage == "invented"
        assert blame(case, result(HOLDS, citations=CITED), library(HOLDS)).stage == "misread"

    def test_a_verdict_against_a_plain_comparison_is_the_judges(self):
        assert blame(CASE, result(HOLDS), library(HOLDS), overruled=True).stage == "judge_wrong"

    def test_without_evidence_only_a_refusal_is_known(self):
        case = replace(CASE, evidence=())
        assert blame(case, result(), library(HOLDS)).stage == "unknown"
        assert blame(case, replace(result(), refused=True), library(HOLDS)).stage == "refused_wrongly"

    def test_every_stage_has_something_to_try(self):
        assert all(STAGES.values())


class TestEvidence:
    def test_a_page_beside_the_right_one_is_near_enough(self):
        near = passage("x", QUOTE, page=4)
        assert blame(CASE, result(near, citations=CITED), library(near)).stage == "misread"

    def test_a_document_without_pages_is_near(self):
        near = passage("x", QUOTE, page=None)
        assert blame(CASE, result(near, citations=CITED), library(near)).stage == "misread"

    def test_the_same_words_in_another_passage_count_as_given(self):
        copy = passage("copy", QUOTE, source="docs/copy.pdf")
        assert blame(CASE, result(copy, citations=CITED), library(HOLDS, copy)).stage == "misread"

    def test_a_short_answer_stands_in_for_a_missing_quote(self):
        case = replace(CASE, evidence=(Evidence(document="handbook.pdf", page=3),))
        decoy = passage("decoy", "Nothing of it.")
        assert blame(case, result(decoy), library(HOLDS, decoy, ranked=["decoy"])).stage == "not_found"
        bare = replace(case, expected=())
        assert blame(bare, result(decoy, citations=CITED), library(HOLDS, decoy)).stage == "misread"

    def test_one_piece_of_evidence_that_was_given_blames_the_model(self):
        missing = Evidence(document="gone.pdf")
        both = replace(CASE, evidence=(missing, *CASE.evidence))
        assert blame(both, result(HOLDS, citations=CITED), library(HOLDS)).stage == "misread"
        neither = blame(both, result(OTHER), library(HOLDS, OTHER, ranked=["other"]))
        assert neither.stage == "not_read"

    def test_the_passages_of_a_document_are_read_once(self):
        index = HandMade(HOLDS)
        seen = Library(index, lambda *_: [])  # type: ignore[arg-type]
        for _ in range(3):
            assert seen.passages(Evidence(document="handbook.pdf")) == [HOLDS]
        assert index.reads == 1


def test_stages_are_counted_most_frequent_first():
    found = [Blame("a", "misread"), Blame("b", "not_read"), Blame("c", "not_read")]
    assert count_stages(found) == [("not_read", 2, STAGES["not_read"]), ("misread", 1, STAGES["misread"])]
    assert count_stages([]) == []


def test_a_run_over_a_real_index_is_blamed(bench: Bench, tmp_path: Path):
    from scoville.search import open_searcher

    bench.write("leave.md", f"# Leave\n\n{QUOTE}.\n")
    bench.write("travel.md", "# Travel\n\nTrains are preferred to planes.\n")
    bench.add()
    evidence = (Evidence(document="leave.md", quote=QUOTE),)
    gone = (Evidence(document="gone.md", quote=QUOTE),)
    cases = [
        replace(CASE, id="right", evidence=evidence),
        replace(CASE, id="low", question="Which leave?", evidence=evidence),
        replace(CASE, id="gone", question="What is gone?", evidence=gone), replace(CASE, id="down", question="Down?"),
        replace(CASE, id="unasked", question="Unasked?"),
    ]  # fmt: skip
    run = create_run(tmp_path, cases, {})
    with run.recording() as record:
        record("right", {"answer": "Eighteen weeks"})
        record("low", {"answer": "Nothing."})
        record("gone", {"answer": "Nothing."})
        record("down", {"answer": "", "error": "it was down"})
    score_run(run)
    found = blame_run(run, open_searcher(bench.workspace, bench.recipe))
    assert [(one.case_id, one.stage) for one in found] == [
        ("low", "ranked_too_low"), ("gone", "not_read"), ("down", "failed"),
    ]  # fmt: skip
