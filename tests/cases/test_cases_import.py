"""Importers: what each format becomes, that its content shows it, and what is refused or passed over."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from scoville.cases.files import case_json, case_of
from scoville.cases.importers.documents import parse_truth
from scoville.cases.importers.formats import IMPORTERS, Imported, detect, import_cases
from scoville.errors import UsageError
from scoville.types import Case, Evidence, Message

DEPOT = "The depot opens at six. Its gate is shut at nine in the evening. Nobody sleeps there."


def lines(path: Path, *rows: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def one_json(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value, indent=1), encoding="utf-8")
    return path


def table(path: Path, *rows: list[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def imported(path: Path, kind: str, **options: Any) -> Imported:
    """Import what shows its format; what comes must be cases that a file may hold."""
    assert detect(path) == kind
    found = import_cases(path, **options)
    assert found.kind == kind
    assert all(case_of(case_json(case)) == case for case in found.cases)
    return found


def turn(role: Any, content: str) -> Message:
    return Message(role=role, content=content)


def test_squad_with_and_without_answers(tmp_path: Path):
    asked = [
        {"id": "a", "question": "When is the gate shut?", "is_impossible": False,
         "answers": [{"text": "nine", "answer_start": 44}, {"text": "nine", "answer_start": 44},
                     {"text": "at nine", "answer_start": 41}]},
        {"id": "b", "question": "Who sleeps there?", "is_impossible": True, "answers": [],
         "plausible_answers": [{"text": "Nobody", "answer_start": 66}]},
    ]  # fmt: skip
    data = [{"title": "Depot", "paragraphs": [{"context": DEPOT, "qas": asked}]}]
    found = imported(one_json(tmp_path / "dev.json", {"version": "v2.0", "data": data}), "squad")
    quote = "Its gate is shut at nine in the evening."
    assert found.cases == [
        Case(id="a", question="When is the gate shut?", expected=("nine", "at nine"),
             evidence=(Evidence(document="Depot", quote=quote),), tags=("section:Depot",)),
        Case(id="b", question="Who sleeps there?", answerable=False, tags=("section:Depot",)),
    ]  # fmt: skip
    del asked[0]["is_impossible"]
    del asked[1]
    assert len(imported(one_json(tmp_path / "v1.json", {"version": "1.1", "data": data}), "squad").cases) == 1


def test_beir_joins_queries_with_what_is_judged_relevant(tmp_path: Path):
    queries = lines(tmp_path / "queries.jsonl", *({"_id": str(n), "text": f"Query {n}?"} for n in range(4)))
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "train.tsv").write_text("query-id\tcorpus-id\tscore\n0\td7\t1\n0\td8\t2\n1\td7\t0\n")
    (tmp_path / "qrels" / "test.tsv").write_text("2 0 d9 1\n".replace(" ", "\t"))
    found = imported(tmp_path, "beir")
    assert found.cases == [
        Case(id="0", question="Query 0?", split="train",
             evidence=(Evidence(document="d7"), Evidence(document="d8"))),
        Case(id="2", question="Query 2?", split="test", evidence=(Evidence(document="d9"),)),
    ]  # fmt: skip
    assert found.skipped == {"no document is judged relevant": 2}
    assert imported(queries, "beir").cases == found.cases
    (tmp_path / "qrels" / "test.tsv").write_text("2\td9\thigh\nx\n")
    with pytest.raises(UsageError, match=r"test\.tsv: line 2: expected query-id"):
        import_cases(tmp_path)


@pytest.mark.parametrize(
    ("truth", "answer", "places"),
    [
        ("Thirty.[hr.pdf#page=7]", "Thirty.", [("hr.pdf", 7)]),
        ("Thirty [a b.pdf#page=7][c.docx] days [1, 2].", "Thirty days.", [("a b.pdf", 7), ("c.docx", None)]),
        ("Both. [a.pdf#page=1; b.pdf#3, a.pdf#page=1]", "Both.", [("a.pdf", 1), ("b.pdf", 3)]),
        ("Keep [sic] this.", "Keep [sic] this.", []),
    ],
)
def test_the_citations_of_an_answer_are_its_evidence(truth: str, answer: str, places: list[tuple[str, int | None]]):
    read = parse_truth(truth)
    assert read.answer == answer
    assert [(one.document, one.page) for one in read.places] == places


def test_question_and_truth(tmp_path: Path):
    path = lines(tmp_path / "qa.jsonl", {"question": "How long?", "truth": "Thirty days.[hr.pdf#page=7]"})
    (case,) = imported(path, "truth", tags=["hr"]).cases
    assert (case.expected, case.evidence, case.tags) == (
        ("Thirty days.",), (Evidence(document="hr.pdf", page=7),), ("hr",)
    )  # fmt: skip
    (case,) = import_cases(path, unanswerable=True).cases
    assert (case.answerable, case.expected, case.evidence) == (False, (), ())


@pytest.mark.parametrize(
    "truth",
    ["I don't know.", "Das weiß ich leider nicht.", "Unanswerable", "No answer.", "The documents do not mention it.",
     "Generated from this prompt: suggest 12 questions that are not directly answerable by the same sources."],
)  # fmt: skip
def test_a_question_whose_answer_says_that_there_is_none_is_unanswerable(tmp_path: Path, truth: str):
    path = lines(
        tmp_path / "qa.jsonl",
        {"question": "Who won?", "truth": truth},
        {"question": "How long?", "truth": "No, not 30 days, which is not the answer.[hr.pdf#page=7]"},
    )
    found = imported(path, "truth")
    assert [(one.answerable, bool(one.expected)) for one in found.cases] == [(False, False), (True, True)]
    assert found.said_unanswerable == 1
    assert [one.answerable for one in import_cases(path, unanswerable=False).cases] == [True, True]


def test_who_imports_is_asked_where_the_file_only_hints_that_there_is_no_answer(tmp_path: Path):
    row = {"question": "Who won?", "truth": "The red boat."}
    named = lines(tmp_path / "qa_dontknows.jsonl", row)
    shared = lines(
        tmp_path / "more.jsonl",
        *({"question": f"Who won race {at}?", "truth": "A question about something else"} for at in range(3)),
    )
    for path in (named, shared):
        with pytest.raises(UsageError, match="say with --unanswerable"):
            import_cases(path)
        assert not any(one.answerable for one in import_cases(path, unanswerable=True).cases)
        assert all(one.answerable for one in import_cases(path, unanswerable=False).cases)
    cited = lines(tmp_path / "dontknow.jsonl", row | {"truth": "The red boat.[a.pdf#page=1]"})
    assert import_cases(cited).cases[0].answerable


def test_short_answers_may_be_alike(tmp_path: Path):
    rows = [{"question": f"Is boat {at} red?", "truth": "Yes"} for at in range(5)]
    rows.append({"question": "Which calls are forwarded?", "truth": "Calls that are not answered in time."})
    assert all(one.answerable for one in import_cases(lines(tmp_path / "qa.jsonl", *rows)).cases)


def test_ragas_old_and_new(tmp_path: Path):
    new = {"user_input": "When?", "reference": "At nine.", "reference_contexts": [DEPOT], "retrieved_contexts": ["x"],
           "response": "At ten.", "synthesizer_name": "single_hop"}  # fmt: skip
    (case,) = imported(lines(tmp_path / "new.jsonl", new), "ragas").cases
    assert (case.question, case.expected, case.tags) == ("When?", ("At nine.",), ("single_hop",))
    assert [one.quote for one in case.evidence] == [DEPOT]
    old = {"question": "When?", "ground_truths": ["Nine.", "9"], "contexts": [DEPOT]}
    (case,) = imported(one_json(tmp_path / "old.json", [old]), "ragas").cases
    assert case.expected == ("Nine.", "9")
    assert [one.quote for one in case.evidence] == [DEPOT]
    (case,) = imported(lines(tmp_path / "run.jsonl", old | {"answer": "Ten."}), "ragas").cases
    assert case.evidence == ()  # what a system found is no evidence


def test_ragas_turns_and_csv(tmp_path: Path):
    turns = [{"type": "human", "content": "Hello"}, {"type": "ai", "content": "Hi"},
             {"type": "human", "content": "When?"}, {"type": "ai", "content": "Now"}]  # fmt: skip
    (case,) = imported(lines(tmp_path / "a.jsonl", {"user_input": turns, "reference": "Nine"}), "ragas").cases
    assert (case.history, case.question) == ((turn("user", "Hello"), turn("assistant", "Hi")), "When?")
    path = table(
        tmp_path / "a.csv", ["user_input", "reference", "reference_contexts"], ["When?", "9", "['It''s', \"b\"]"]
    )
    (case,) = imported(path, "ragas").cases
    assert [one.quote for one in case.evidence] == ["Its", "b"]


def test_alpaca_and_dolly(tmp_path: Path):
    rows = [{"instruction": "Spell it.", "input": "freind", "output": "friend"},
            {"instruction": "Spell it.", "input": float("nan"), "output": "it"},
            {"instruction": "", "output": "x"}]  # fmt: skip
    found = imported(one_json(tmp_path / "a.json", rows), "alpaca")
    assert [(case.question, case.expected) for case in found.cases] == [
        ("Spell it.\n\nfreind", ("friend",)), ("Spell it.", ("it",)),
    ]  # fmt: skip
    assert found.skipped == {"no question": 1}
    row = {"id": 5, "instruction": "Who?", "context": "Ann.", "response": "Ann", "category": "closed_qa"}
    (case,) = imported(lines(tmp_path / "dolly.jsonl", row), "alpaca").cases
    assert (case.id, case.question, case.expected, case.tags) == ("5", "Who?\n\nAnn.", ("Ann",), ("closed_qa",))


def test_a_conversation_is_asked_its_last_answered_question(tmp_path: Path):
    said = [("system", "Be brief."), ("human", "One?"), ("gpt", "1"), ("human", "Two?"), ("gpt", "2"), ("human", "3?")]
    rows = [{"id": "c", "conversations": [{"from": who, "value": what} for who, what in said]},
            {"id": "d", "conversations": [{"from": "human", "value": "Only me?"}]},
            {"id": "e", "conversations": [{"from": "tool", "value": "{}"}]}]  # fmt: skip
    found = imported(one_json(tmp_path / "a.json", rows), "sharegpt")
    history = (turn("user", "One?"), turn("assistant", "1"))
    assert found.cases == [Case(id="c", question="Two?", history=history, expected=("2",))]
    assert found.skipped == {"no question that is answered": 1, "a turn of the role 'tool'": 1}


def test_openai_messages(tmp_path: Path):
    parts = [{"type": "text", "text": "What is"}, {"type": "image_url"}, {"type": "text", "text": "this?"}]
    rows = [[{"role": "developer", "content": "Be brief."}, {"role": "user", "content": parts},
             {"role": "assistant", "content": "A mug."}],
            [{"role": "user", "content": "x"}, {"role": "assistant", "content": None}]]  # fmt: skip
    found = imported(lines(tmp_path / "a.jsonl", *({"messages": row} for row in rows)), "messages")
    (case,) = found.cases
    assert (case.question, case.expected, case.history) == ("What is\nthis?", ("A mug.",), ())
    assert found.skipped == {"no question that is answered": 1}


def test_mtrag(tmp_path: Path):
    said = [{"speaker": "user", "text": "Depot?"}, {"speaker": "agent", "text": "Yes."},
            {"speaker": "user", "text": "And when?"}]  # fmt: skip
    row = {"task_id": "c::2", "conversation_id": "c", "input": said, "targets": [{"text": "Nine."}],
           "contexts": [{"document_id": "d1", "text": DEPOT}], "answerability": ["PARTIAL"],
           "Collection": ["town"]}  # fmt: skip
    rows = [row, row | {"task_id": "c::3", "answerability": ["UNANSWERABLE"]}]
    first, second = imported(lines(tmp_path / "tasks.jsonl", *rows), "mtrag").cases
    assert first == Case(
        id="c::2", question="And when?", history=(turn("user", "Depot?"), turn("assistant", "Yes.")),
        expected=("Nine.",), evidence=(Evidence(document="d1", quote=DEPOT),), tags=("section:c", "partial", "town"),
    )  # fmt: skip
    assert (second.answerable, second.expected, second.evidence) == (False, (), ())


def test_mmlu_from_a_folder(tmp_path: Path):
    row = ["Which; of; these;\n; then?", "red", "green", "blue", "1,5", "C"]
    table(tmp_path / "test" / "high_school_art_test.csv", row, row[:1] + ["a", "b", "c", "d", "A"])
    table(tmp_path / "val" / "law_val.csv", row)
    found = imported(tmp_path, "mmlu")
    first = found.cases[0]
    assert (first.choices, first.expected, first.split) == (("red", "green", "blue", "1,5"), ("C",), "test")
    assert first.tags == ("high_school_art", "law")  # the same question in two files is one case
    assert len(found.cases) == 2
    file = tmp_path / "val" / "law_val.csv"
    assert [(case.split, case.tags) for case in imported(file, "mmlu").cases] == [("dev", ("law",))]
    table(file, row, row[:5])
    with pytest.raises(UsageError, match=r"law_val\.csv: line 3: expected a question, four choices"):
        import_cases(tmp_path)


def test_mmlu_as_objects(tmp_path: Path):
    row = {"question": "Which?", "subject": "art", "choices": ["a", "b"], "answer": 1}
    (case,) = imported(lines(tmp_path / "a.jsonl", row), "mmlu").cases
    assert (case.expected, case.choices, case.tags) == (("B",), ("a", "b"), ("art",))
    with pytest.raises(UsageError, match="line 1: the answer 3 is none of the choices"):
        import_cases(lines(tmp_path / "a.jsonl", row | {"answer": 3}))


def test_triviaqa_both_ways(tmp_path: Path):
    rows = [{"Question": "Who?", "QuestionId": "tc_1", "Answer": {"Value": "Ann", "Aliases": ["Anne", "Ann"]}},
            {"Question": "Test?", "QuestionId": "tc_2"}]  # fmt: skip
    found = imported(one_json(tmp_path / "a.json", {"Data": rows, "Domain": "Web"}), "triviaqa")
    assert found.cases == [Case(id="tc_1", question="Who?", expected=("Ann", "Anne"))]
    assert found.skipped == {"no answer is given": 1}
    row = {"question": "Who?", "question_id": "tc_1", "answer": {"value": "Ann", "aliases": ["Anne"]}}
    assert imported(lines(tmp_path / "a.jsonl", row), "triviaqa").cases == found.cases


def test_natural_questions_and_gsm8k(tmp_path: Path):
    (case,) = imported(lines(tmp_path / "nq.jsonl", {"question": "who", "answer": ["Ann", "Anne"]}), "nq_open").cases
    assert case.expected == ("Ann", "Anne")
    rows = [{"question": "How many?", "answer": "2 * 600 = <<2*600=1200>>1200\n#### 1,200"},
            {"question": "And now?", "answer": "none"}]  # fmt: skip
    found = imported(lines(tmp_path / "gsm.jsonl", *rows), "gsm8k")
    assert [case.expected for case in found.cases] == [("1200",)]
    assert found.skipped == {"no number after ####": 1}


def test_mt_bench_makes_a_case_of_each_turn(tmp_path: Path):
    rows = [{"question_id": 81, "category": "writing", "turns": ["Write.", "Rewrite."]},
            {"question_id": 101, "category": "math", "turns": ["1+1?", "And 2?"], "reference": ["2", "4"]}]  # fmt: skip
    path = lines(tmp_path / "question.jsonl", *rows)
    answer = {"question_id": 81, "choices": [{"turns": ["Once.", "Twice."]}]}
    lines(tmp_path / "reference_answer" / "gpt-4.jsonl", answer)
    cases = {case.id: case for case in imported(tmp_path, "mt_bench").cases}
    assert list(cases) == ["81-1", "81-2", "101-1", "101-2"]
    assert cases["81-2"] == Case(
        id="81-2", question="Rewrite.", history=(turn("user", "Write."),), expected=("Twice.",),
        tags=("section:81", "writing"),
    )  # fmt: skip
    assert cases["101-2"].expected == ("4",)
    assert list(cases.values()) == imported(path, "mt_bench").cases


def test_own_cases_are_imported_too(tmp_path: Path):
    table(tmp_path / "a.csv", ["question", "expected", "document"], ["How long?", "thirty", "hr.pdf"])
    (case,) = imported(tmp_path / "a.csv", "cases").cases
    assert case.evidence == (Evidence(document="hr.pdf"),)


def test_the_same_question_twice_is_one_case_with_both_answers(tmp_path: Path):
    rows = [{"question": "Who?", "answer": ["Ann"]}, {"question": "Who?", "answer": ["Bea"]}]
    found = import_cases(lines(tmp_path / "a.jsonl", *rows))
    assert [case.expected for case in found.cases] == [("Ann", "Bea")]
    assert found.skipped == {"a question that was there already": 1}
    rows = [{"id": 1, "question": "Who?", "truth": "Ann"}, {"id": 1, "question": "When?", "truth": "Now"}]
    with pytest.raises(UsageError, match="the id '1' is given to 'Who\\?' and to 'When\\?'"):
        import_cases(lines(tmp_path / "a.jsonl", *rows))


def test_what_is_in_no_known_form_is_refused_with_the_forms(tmp_path: Path):
    with pytest.raises(
        UsageError, match=r"has 'prompt, completion' that no importer knows; expected question.*--as: .*squad"
    ):
        detect(lines(tmp_path / "a.jsonl", {"prompt": "x", "completion": "y"}))
    with pytest.raises(UsageError, match="no such file"):
        detect(tmp_path / "none.jsonl")
    with pytest.raises(UsageError, match="no importer knows"):
        detect(tmp_path)
    with pytest.raises(UsageError, match="is empty"):
        detect(lines(tmp_path / "empty.jsonl"))
    with pytest.raises(UsageError, match="'squat' is no importer; there are cases, squad"):
        import_cases(tmp_path / "a.jsonl", "squat")


@pytest.mark.parametrize("kind", sorted(IMPORTERS))
@pytest.mark.parametrize(
    "row",
    [
        {"question": 5, "conversations": 5, "messages": {"a": 1}, "turns": 7, "data": [3], "answer": 1, "choices": "x"},
        {"question": None, "contexts": 3, "input": ["x"], "targets": [1], "answer": {"aliases": 5}, "turns": [[1]]},
        "a text",
        [],
        17,
    ],
)
def test_a_row_of_another_shape_is_refused_in_one_line(tmp_path: Path, kind: str, row: Any):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(row) + "\n")
    with pytest.raises(UsageError) as refused:
        import_cases(path, kind)
    assert "a.jsonl" in str(refused.value) or "queries.jsonl" in str(refused.value) or "qrels" in str(refused.value)
