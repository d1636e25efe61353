"""Cases: what a file may say, what is refused and why, what is wrong with a set, and how it is divided."""

import json
import random
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoville.cases.alike import alike
from scoville.cases.check import Problem, check
from scoville.cases.files import SPLITS, case_json, case_of, cases_of, digest, make_id, write_cases
from scoville.cases.parts import check_leakage, divide, groups, leaks, overlap
from scoville.errors import LeakageError, UsageError
from scoville.types import Case, Evidence, Message

SHARES = {"train": 0.6, "dev": 0.2, "test": 0.2}
TOPICS = "leave travel pension parking badges laptops catering safety training payroll".split()

filled = st.text(min_size=1, max_size=40).filter(str.strip)
evidences = st.builds(Evidence, document=filled, page=st.none() | st.integers(1, 999), quote=st.just("") | filled)
turns = st.builds(Message, role=st.sampled_from(["system", "user", "assistant"]), content=filled)
lists = st.lists(filled, max_size=3).map(tuple)
plain_cases = st.builds(
    Case, id=filled, question=filled, history=st.lists(turns, max_size=3).map(tuple), expected=lists,
    evidence=st.lists(evidences, max_size=3).map(tuple), answerable=st.booleans(), tags=lists,
    split=st.sampled_from(["", *SPLITS]), where=st.sampled_from(["", "page > 3"]),
)  # fmt: skip
choice_cases = plain_cases.map(lambda case: replace(case, choices=("red", "green"), expected=("B",)))
cases_strategy = plain_cases | choice_cases


def make(question: str, document: str = "", page: int | None = None, quote: str = "", **values: object) -> Case:
    evidence = [{"document": document, "page": page, "quote": quote}] if document else []
    return case_of({"question": question, "evidence": evidence, **values})


def write(path: Path, *lines: object) -> Path:
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), encoding="utf-8")
    return path


def kinds(problems: list[Problem]) -> list[str]:
    return [problem.kind for problem in problems]


@given(cases_strategy)
def test_a_case_is_the_same_after_writing_and_reading(case: Case):
    assert case_of(json.loads(json.dumps(case_json(case)))) == case


def test_a_filter_that_cannot_be_read_is_refused_with_its_line(tmp_path: Path):
    file = write(tmp_path / "a.jsonl", {"question": "Why?"}, {"question": "When?", "where": "page >"})
    with pytest.raises(UsageError, match="line 2.*page >"):
        cases_of(file)


@settings(max_examples=25)
@given(st.lists(cases_strategy, min_size=1, max_size=5, unique_by=lambda case: case.id))
def test_a_file_of_cases_is_the_same_after_writing_and_reading(
    tmp_path_factory: pytest.TempPathFactory, cases: list[Case]
):
    path = tmp_path_factory.mktemp("cases") / "new" / "some.jsonl"
    write_cases(path, cases)
    assert cases_of(path) == cases
    assert [file.name for file in path.parent.iterdir()] == ["some.jsonl"]


def test_only_the_question_must_be_given():
    case = case_of({"question": "How long is the leave?"})
    assert case == Case(id=make_id("How long is the leave?"), question="How long is the leave?")
    assert case_json(case) == {"id": case.id, "question": case.question}
    assert case_of({"question": "Q", "expected": "thirty", "id": 7}) == Case(id="7", question="Q", expected=("thirty",))


def test_a_made_id_depends_on_what_is_asked_alone():
    turn = {"role": "user", "content": "Hello"}
    ids = [
        case_of({"question": "A?"}).id,
        case_of({"question": "B?"}).id,
        case_of({"question": "A?", "history": [turn]}).id,
        case_of({"question": "A?", "choices": ["x", "y"]}).id,
    ]
    assert len(set(ids)) == 4
    assert case_of({"question": "A?", "tags": ["x"], "split": "dev", "expected": ["1"]}).id == ids[0]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"question": "Q", "reply": "A"}, "unknown key 'reply'; the keys are id, question, history"),
        ({"expected": ["A"]}, "question: missing"),
        ({"question": "  "}, "question: '  '; expected a text"),
        ({"question": ["Q"]}, r"question: \['Q'\]; expected a text"),
        ({"question": "Q", "expected": [1]}, "expected: 1; expected a text"),
        ({"question": "Q", "expected": {"a": 1}}, "expected a list"),
        ({"question": "Q", "expected": ""}, "expected: '' is no answer; leave `expected` out where none is known"),
        ({"question": "Q", "expected": ["3", " "]}, "expected: ' ' is no answer"),
        ({"question": "Q", "expected": [None]}, 'None is no answer; .*say "answerable": false where the documents'),
        ({"question": "Q", "answerable": "no"}, "answerable: 'no'; expected true or false"),
        ({"question": "Q", "split": "validation"}, "split: 'validation'; expected one of train, dev, test"),
        ({"question": "Q", "history": [{"role": "bot", "content": "x"}]}, "role: 'bot'; expected one of system, user"),
        ({"question": "Q", "evidence": [{"page": 3}]}, "page 3 of no document"),
        ({"question": "Q", "evidence": [{"document": "a", "page": 0}]}, "page: 0; expected a number from 1"),
        ({"question": "Q", "evidence": [{"document": "a", "page": True}]}, "page: True"),
        ({"question": "Q", "evidence": [{"document": "a", "line": 3}]}, "unknown key 'line'; the keys are document"),
        ({"question": "Q", "choices": ["x", "y"], "expected": ["x"]}, "with 2 choices it is a letter, A to B"),
        ({"question": "Q", "choices": ["x"] * 27}, "27 choices; expected at most 26"),
        ({"question": "half \ud83d"}, "half a character"),
        (["Q"], r"a case is \['Q'\]; expected an object"),
    ],
)
def test_what_is_no_case_is_refused_with_the_reason(value: object, said: str):
    with pytest.raises(UsageError, match=said):
        case_of(value)


def test_the_line_of_a_wrong_case_is_named(tmp_path: Path):
    path = write(tmp_path / "a.jsonl", {"question": "A?"}, "", {"question": "B?", "sheet": 3})
    with pytest.raises(UsageError, match=r"a\.jsonl: line 3: a case has the unknown key 'sheet'"):
        cases_of(path)
    write(path, {"question": "A?"}, '{"question": "B?"')
    with pytest.raises(UsageError, match="line 2 is no JSON: Expecting"):
        cases_of(path)
    write(path, "[" * 100_000)
    with pytest.raises(UsageError, match="line 1 "):
        cases_of(path)


def test_an_id_given_twice_is_refused_with_both_lines(tmp_path: Path):
    path = write(tmp_path / "a.jsonl", {"id": "x", "question": "A?"}, {"question": "B?"}, {"id": "x", "question": "C?"})
    with pytest.raises(UsageError, match="line 3 has the id 'x' as line 1"):
        cases_of(path)
    write(path, {"question": "A?"}, {"question": "B?"}, {"question": "A?"})
    with pytest.raises(UsageError, match="line 3 has no id and asks the same as line 1"):
        cases_of(path)


def test_a_file_without_cases_is_refused(tmp_path: Path):
    for text in ("", "\n\n", "[]"):
        with pytest.raises(UsageError, match="holds no cases"):
            cases_of(write(tmp_path / "a.jsonl", text))
    with pytest.raises(UsageError, match=r"none\.jsonl: No such file"):
        cases_of(tmp_path / "none.jsonl")


def test_cases_are_written_as_json_lines_only(tmp_path: Path):
    with pytest.raises(UsageError, match=r"ends in \.jsonl"):
        write_cases(tmp_path / "a.csv", [make("Q?")])


def test_a_line_separator_within_a_text_ends_no_line(tmp_path: Path):
    write_cases(tmp_path / "a.jsonl", [make("one\u2028two\x85three")])
    assert cases_of(tmp_path / "a.jsonl")[0].question == "one\u2028two\x85three"


CSV = """\
id,question,expected,document,page,quote,answerable,tags
1,"How, long?",thirty days,hr.pdf,3,"30 ""days""\",,"a, b"
"""


def test_cases_are_read_from_csv(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text(CSV + "2,Who?,,,,,no,\n\n", encoding="utf-8")
    first, second = cases_of(path)
    assert first == Case(
        id="1", question="How, long?", expected=("thirty days",), tags=("a", "b"),
        evidence=(Evidence(document="hr.pdf", page=3, quote='30 "days"'),),
    )  # fmt: skip
    assert second == Case(id="2", question="Who?", answerable=False)


def test_lists_stand_in_csv_as_json(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text(
        'question;expected;evidence;choices\nWhat?;"[""A"",""B""]";"[{""document"":""x"",""page"":2}]";"[""u"",""v""]"\n'
        "And [1]?;[1] is right;;\n"
    )
    first, second = cases_of(path)
    assert (first.expected, first.choices) == (("A", "B"), ("u", "v"))
    assert first.evidence == (Evidence(document="x", page=2),)
    assert second.expected == ("[1] is right",)


def test_the_delimiter_is_found_outside_quotes(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text('question,"expected"\n"a; b; c;\nd; e?",x\n')
    assert [case.question for case in cases_of(path)] == ["a; b; c;\nd; e?"]
    path.write_text('"question"\texpected\n"a, b"\tx\n')
    assert [case.expected for case in cases_of(path)] == [("x",)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-32"])
def test_the_encodings_of_spreadsheets_are_recognised(tmp_path: Path, encoding: str):
    path = tmp_path / "a.csv"
    path.write_bytes("question,expected\r\nWie groß?,Größe „M“ – 3 €\r\n".encode(encoding))
    assert cases_of(path) == [case_of({"question": "Wie groß?", "expected": ["Größe „M“ – 3 €"]})]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("question\nWie groß?\n".encode() + "Größe?\n".encode("cp1252"), "line 3 is no UTF-8 while line 2 is"),
        (b"question\nplain\nundefined \x81 here \xe9\n", "line 3 is no CP1252"),
        ("question\nWie?".encode("utf-16-le"), "NUL bytes"),
        (b"\xef\xbb\xbfquestion\nbad \xff\n", "line 2 is no UTF-8"),
        ("question\nWie?\n".encode("utf-16")[:-1], "is no UTF-16-LE"),
        (b'question,expected\nWho?,"never closed\nWhat?,x\n', "row that begins on line 2 is broken"),
        (b"question,expected\nWho?,a\nWhat?,x,y\n", "line 3 has 3 cells and the header 2"),
        (b'question,expected\n"two\nlines?",a\nWhat?\n', "line 4 has 1 cells"),
        (b"question,question\nWho?,a\n", "names 'question' twice"),
        (b"question,reply\nWho?,a\n", "unknown key 'reply'"),
        (b"question,answer,expected\nWho?,a,b\n", "two columns mean the same"),
        (b"question,page,document\nWho?,three,a.pdf\n", "line 2: page: 'three'"),
        (b"Question,Page\nWho?,3\n", "line 2: page 3 of no document: give the document, too"),
        (b"question,quote\nWho?,So it is.\n", "line 2: quote 'So it is.' of no document"),
        (b"question,answerable\nWho?,perhaps\n", "line 2: answerable: 'perhaps'"),
        (b"question,choices\nWho?,a|b\n", "line 2: choices: 'a|b' is no JSON"),
        (b"question\n", "holds no cases"),
    ],
)
def test_a_broken_csv_is_refused_with_line_and_reason(tmp_path: Path, data: bytes, said: str):
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=said.replace("|", r"\|")):
        cases_of(path)


@given(st.lists(cases_strategy, max_size=5), st.randoms())
def test_the_digest_depends_on_no_order(cases: list[Case], dice: random.Random):
    shuffled = list(cases)
    dice.shuffle(shuffled)
    assert digest(shuffled) == digest(cases)


def test_the_digest_changes_with_what_is_asked_or_expected_and_with_nothing_else():
    case = make("Q?", "a.pdf", 3, expected=["x"])
    for other in (replace(case, question="R?"), replace(case, expected=("y",)), replace(case, answerable=False)):
        assert digest([other]) != digest([case])
    assert digest([case, case]) != digest([case])
    assert digest([replace(case, tags=("reviewed",), split="test")]) == digest([case])


# -- alike -------------------------------------------------------------------------------------------------------------


def likeness(one: Case, other: Case) -> float | None:
    return next((pair.likeness for pair in alike([one, other])), None)


def test_questions_are_the_same_up_to_case_punctuation_and_space():
    assert likeness(make("How long is  LEAVE?"), make("how long is leave")) == 1
    assert likeness(make("How long is leave?"), make("Who pays for lunch?")) is None
    assert likeness(make("休暇は何日ですか？"), make("休暇は何日ですか")) == 1


def test_nearly_the_same_questions_have_a_jaccard_likeness():
    one, other = make("What is the limit for hotels in 2018?"), make("What is the limit for hotels in 2019?")
    # 36 characters give 33 shingles of 4; the last digit stands in one of them: 32 of 34
    assert likeness(one, other) == pytest.approx(32 / 34)


def test_follow_ups_and_choices_are_compared_with_what_they_go_with():
    history = [{"role": "user", "content": "Tell me of leave."}]
    follow_up = make("And for managers?", history=history)
    assert likeness(follow_up, make("And for managers?")) is None
    assert likeness(follow_up, make("And for managers!", history=history)) == 1
    assert likeness(make("Which is true?", choices=["a", "b"]), make("Which is true?", choices=["c", "d"])) is None
    assert likeness(make("Which is true?", choices=["a", "b"]), make("Which is true?")) == 1


def test_no_pair_is_missed():
    """Against comparing each with each."""
    dice = random.Random(5)
    words = "what is the limit of leave for staff in spring summer winter".split()
    cases = [make(" ".join(dice.choices(words, k=dice.randint(1, 7))), id=str(number)) for number in range(60)]
    found = {(pair.first, pair.second) for pair in alike(cases, 0.5)}
    copies: set[int] = set()
    for second, case in enumerate(cases):
        for first in range(second):
            if first in copies:
                continue
            pair = likeness_from(cases[first], case)
            assert ((first, second) in found) == (pair is not None and second not in copies), (first, second)
            if pair == 1:
                copies.add(second)


def likeness_from(one: Case, other: Case) -> float | None:
    from scoville.cases.alike import jaccard, plain, shingles_of

    if plain(one.question) == plain(other.question):
        return 1
    value = jaccard(shingles_of(plain(one.question)), shingles_of(plain(other.question)))
    return value if value >= 0.5 else None


def test_many_copies_take_no_time():
    cases = [make("The very same question?", id=str(number)) for number in range(3000)]
    started = time.thread_time()
    assert sum(1 for _ in alike(cases)) == 2999
    assert time.thread_time() - started < 2


# -- check -------------------------------------------------------------------------------------------------------------

DOCUMENTS = {
    "docs/hr.pdf": {
        1: "Contents",
        2: "Staff have thirty days\nof leave in a year.",
        3: "Hotels cost at most 120 euro a night in town, breakfast included.",
    },
    "docs/notes.md": {None: "Bring your own mug."},
}


@pytest.mark.parametrize(
    ("document", "page", "quote"),
    [
        ("hr.pdf", 2, "thirty days of leave"),
        ("docs/hr.pdf", None, "HOTELS cost at most 120 euro"),
        ("hr.pdf", 1, "Staff have thirty days of leave"),  # it may run on to the next page
        ("hr.pdf", 3, ""),
        ("hr.pdf", 3, "In town hotels cost 120 euro a night, breakfast included."),  # as a table may be read
        ("notes.md", None, "your own mug"),
    ],
)
def test_evidence_that_exists_is_no_problem(document: str, page: int | None, quote: str):
    assert check([make("Q?", document, page, quote)], DOCUMENTS) == []


@pytest.mark.parametrize(
    ("document", "page", "quote", "said"),
    [
        ("hr.pfd", 2, "", "hr.pfd is not in the index; did you mean hr.pdf?"),
        ("r.pdf", 2, "", "r.pdf is not in the index; did you mean hr.pdf?"),
        ("unlike-anything", None, "", "add it, or correct the name"),
        ("hr.pdf", 9, "", "there is no page 9; the last with a text is 3"),
        ("notes.md", 1, "", "it has no pages"),
        ("hr.pdf", 3, "thirty days of leave", "stands on page 2, not on page 3"),
        ("hr.pdf", 3, "In town hotels cost 150 euro a night, breakfast included.", "stands nowhere"),
        ("notes.md", None, "a mug for everyone", "stands nowhere"),
    ],
)
def test_evidence_that_does_not_exist_is_named(document: str, page: int | None, quote: str, said: str):
    case = make("Q?", document, page, quote)
    (problem,) = check([case], DOCUMENTS)
    assert (problem.kind, problem.cases, problem.blocks) == ("evidence", (case.id,), True)
    assert said in problem.detail


def test_evidence_is_not_checked_without_an_index():
    assert check([make("Q?", "gone.pdf", 3)]) == []


def test_duplicates_are_found_and_only_the_same_block():
    cases = [make("Is leave paid?", id="a", expected="yes"), make("is leave paid", id="b", expected="yes"),
             make("Is leave paid out?", id="c", expected="no")]  # fmt: skip
    problems = {(problem.kind, problem.cases, problem.blocks) for problem in check(cases)}
    assert problems == {("duplicate", ("a", "b"), True)}
    long = [make(f"What is the most that a hotel may cost in {year}?", expected="120") for year in (2018, 2019)]
    assert [(problem.kind, problem.blocks) for problem in check(long)] == [("near_duplicate", False)]


def test_a_wrong_encoding_is_seen():
    assert kinds(check([make("Wie groÃŸ ist es?", expected="x")])) == ["encoding"]
    assert kinds(check([make("Qui?", expected="l\ufffdt\ufffd")])) == ["encoding"]
    assert check([make("Où est l'Âge d'or, São Paulo?", expected="Â, Ã")]) == []


def test_a_set_without_answerable_cases_and_one_case_alone_are_checked():
    (problem,) = check([make("Who?", answerable=False)])
    assert (problem.kind, problem.blocks) == ("nothing_to_score", False)
    assert "always refuses" in problem.detail
    (problem,) = check([make("Who?")])
    assert "only a judge" in problem.detail
    assert check([make("Who?", expected="Ann")]) == []


# -- splits ------------------------------------------------------------------------------------------------------------


def corpus(pages: int = 60, each: int = 3) -> list[Case]:
    return [
        make(f"{TOPICS[(page + at) % 10]} {page * 7919 % 1000} {at}?", "hr.pdf", 2 * page, expected="x")
        for page in range(1, pages + 1)
        for at in range(each)
    ]


def by_id(cases: list[Case]) -> dict[str, str]:
    return {case.id: case.split for case in cases}


def test_cases_of_a_page_stay_together_and_nothing_leaks():
    divided = divide(corpus(), SHARES)
    assert {case.split for case in divided} == set(SPLITS)
    pages: dict[int | None, set[str]] = {}
    for case in divided:
        pages.setdefault(case.evidence[0].page, set()).add(case.split)
    assert all(len(splits) == 1 for splits in pages.values())
    assert leaks(divided) == []


def test_the_shares_hold_on_average():
    divided = divide(corpus(pages=600, each=1), SHARES)
    shares = {split: sum(case.split == split for case in divided) / len(divided) for split in SPLITS}
    assert shares == pytest.approx(SHARES, abs=0.06)


def test_a_division_depends_on_neither_the_order_nor_the_rest():
    cases = corpus()
    divided = by_id(divide(cases, SHARES))
    shuffled = random.Random(3).sample(cases, len(cases))
    assert by_id(divide(shuffled, SHARES)) == divided
    half = by_id(divide(cases[:90], SHARES))
    assert half == {name: divided[name] for name in half}
    assert by_id(divide(cases, SHARES, seed=1)) != divided


def test_adding_cases_moves_no_old_one():
    old = divide(corpus(), SHARES)
    new = [make(f"{page * 6007} and {TOPICS[page % 10]}?", "hr.pdf", 2 * page) for page in range(1, 80)]
    both = divide([*new, *old], SHARES)
    assert [case.split for case in both[len(new) :]] == [case.split for case in old]
    assert all(case.split for case in both)
    assert leaks(both) == []


def test_a_new_case_that_belongs_to_two_parts_gets_none():
    old = [make("One?", "a.pdf", 1, split="train"), make("Other thing?", "a.pdf", 3, split="test")]
    bridge = case_of({"question": "Both?", "evidence": [{"document": "a.pdf", "page": page} for page in (1, 3)]})
    divided = divide([*old, bridge], SHARES)
    assert [case.split for case in divided] == ["train", "test", ""]


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        (make("A?", "x.pdf", 1), make("B?", "x.pdf", 1), True),
        (make("A?", "x.pdf", 1), make("B?", "x.pdf", 2), True),  # a section runs on
        (make("A?", "x.pdf", 1), make("B?", "x.pdf", 3), False),
        (make("A?", "x.pdf", 1), make("B?", "y.pdf", 1), False),
        (make("A?", "x.pdf", 1), make("B?", "x.pdf"), True),  # the whole document
        (make("A?", "x.pdf", 1), make("B?", "docs/x.pdf", 1), True),
        (make("A?", "old/x.pdf", 1), make("B?", "new/x.pdf", 1), False),
        (make("A?", tags=["section:talk 1"]), make("B?", tags=["section:talk 1"]), True),
        (make("A?", tags=["hr"]), make("B?", tags=["hr"]), False),
        (make("What may a hotel cost in 2018?", "x.pdf", 1), make("What may a hotel cost in 2019?", "y.pdf", 1), True),
    ],
)
def test_what_belongs_together(one: Case, other: Case, together: bool):
    assert len(groups([one, other])) == (1 if together else 2)
    assert bool(overlap([one], [other])) == together


def test_pages_next_to_each_other_stay_together():
    cases = [make(f"{TOPICS[page % 10]} {page * 7919}?", "hr.pdf", page) for page in range(1, 200) if page % 4]
    divided = {case.evidence[0].page or 0: case.split for case in divide(cases, SHARES)}
    assert all(divided[page] == divided[page + 1] for page in divided if page + 1 in divided)
    assert set(divided.values()) == set(SPLITS)


def test_a_document_that_is_asked_about_page_by_page_is_cut_and_nothing_leaks():
    cases = [make(f"{TOPICS[page % 10]} {page * 7919}?", "hr.pdf", page) for page in range(1, 200)]
    divided = divide(cases, SHARES)
    assert {case.split for case in divided} == {*SPLITS, ""}
    assert leaks(divided) == []
    without = {case.evidence[0].page or 0 for case in divided if not case.split}
    assert without and all(page % 10 == 0 for page in without)
    assert divide(divided, SHARES) == divided


def test_a_leak_from_the_page_beside_is_found():
    cases = [make("Who signs?", "a.pdf", 3, id="tested", split="test"), make("By when?", "a.pdf", 2, id="trained", split="train")]  # fmt: skip  # noqa: E501
    (leak,) = leaks(cases)
    assert (leak.case_id, leak.what) == ("tested", "evidence")
    assert leak.detail == "has its evidence in a.pdf#page=3, beside a.pdf#page=2, as trained of train"


def test_one_case_alone_can_be_divided():
    (case,) = divide([make("Who?", answerable=False)], SHARES)
    assert case.split in SPLITS
    assert divide([], SHARES) == []


@pytest.mark.parametrize(
    "shares", [{"train": 0.5}, {"train": 1.5, "test": -0.5}, {"train": float("nan")}, {"all": 1.0}]
)
def test_shares_that_are_not_all_of_it_are_refused(shares: dict[str, float]):
    with pytest.raises(UsageError, match="together|is no part"):
        divide(corpus(2), shares)


def test_a_leak_within_a_file_is_found_with_the_case_that_is_worth_less():
    cases = [
        make("What may a hotel cost?", "a.pdf", 2, id="tested", split="test"),
        make("Are trains paid?", "a.pdf", 2, id="trained", split="train"),
        make("Who pays for lunch?", "a.pdf", 9, id="other", split="test"),
        make("Who pays for lunch", id="new"),
    ]
    (leak,) = leaks(cases)
    assert leak[:3] == ("tested", "trained", "evidence")
    assert leak.detail == "has its evidence in a.pdf#page=2, as trained of train"
    assert kinds(check(cases)) == ["duplicate", "leak", "nothing_to_score"]


def test_every_copy_of_a_leaked_question_leaks():
    cases = [make("Who pays for lunch?", id=name, split=split)
             for name, split in (("a", "test"), ("b", "test"), ("c", "train"))]  # fmt: skip
    assert [(leak.case_id, leak.other) for leak in leaks(cases)] == [("a", "c"), ("b", "c")]
    near = make("Who pays for lunches?", id="d", split="train")
    assert [(leak.case_id, leak.other) for leak in leaks([*cases[:2], near])] == [("a", "d"), ("b", "d")]


LONG = "Employees of the depot may carry over five days of leave until the end of March."


def test_texts_of_training_are_searched_for_questions_and_quotes():
    cases = [
        make("How many days may be carried over?", "hr.pdf", 4, LONG, id="quoted"),
        make("Who signs the travel request of a manager?", id="asked"),
        make("Is parking free?", "hr.pdf", 5, "Free.", id="clean"),
    ]
    texts = [
        "user: who signs the travel request of a manager\nassistant: The director.",
        f"Answer from the passages.\n[1] {LONG}\nWhat is carried over?",
        "Free. Nothing of all this. " * 50,
    ]
    found = {leak.case_id: (leak.other, leak.what) for leak in overlap(cases, texts)}
    assert found == {"asked": ("text 1", "question"), "quoted": ("text 2", "evidence")}


def test_a_leak_blocks_a_run():
    train, test = make("Who pays for lunch?", id="a"), make("Who pays for lunch", id="b")
    with pytest.raises(LeakageError, match="1 of 1 cases leak: b: asks the same as a.*scoville cases split"):
        check_leakage([train], [test])
    check_leakage([make("Is parking free?")], [test])
