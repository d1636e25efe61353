"""What is planned of a question, and what is not."""

import time

import pytest

from scoville.agent import plan
from scoville.agent.couple import couple


@pytest.mark.parametrize(
    ("question", "kind", "asks"),
    [
        (
            "What is the difference between the family and the individual yearly fee of Fabrikam?", "difference",
            ("family yearly fee of Fabrikam?", "individual yearly fee of Fabrikam?"),
        ),
        (
            "How much higher is the limit for a theft than for a dent?", "difference",
            ("How much is the limit for a theft?", "How much is the limit for a dent?"),
        ),
        (
            "How much more may a head clerk spend than a clerk?", "difference",
            ("How much may a head clerk spend?", "How much may a clerk spend?"),
        ),
        (
            "By how many points does the winter rate exceed the summer rate of Fabrikam?", "difference",
            ("How much is the winter rate of Fabrikam?", "How much is the summer rate of Fabrikam?"),
        ),
        (
            "What are the fees for a copy and for a letter together?", "sum",
            ("How much is the fee for a copy?", "How much is the fee for a letter?"),
        ),
        (
            "Which plan has the lower fee for a child, Fabrikam or Contoso?", "compare",
            ("How much is the fee for a child of Fabrikam?", "How much is the fee for a child of Contoso?"),
        ),
        (
            "Who needs more years, the Head of Sales or the Head of Law?", "compare",
            ("How many years does Head of Sales need?", "How many years does Head of Law need?"),
        ),
        (
            "When does the office open, and who has the key?", "both",
            ("When does the office open?", "Who has the key? office open"),
        ),
        ("How much is paid for three nights in a hotel?", "times", ("How much is paid for a night in a hotel?",)),
        (
            "The hire ended on 3 June 2026. By what date must I claim?", "after",
            ("The hire ended. Within how many days must I claim?",),
        ),
        ("What date is 90 days after the last audit?", "after", ("What is the date of the last audit?",)),
        (
            "How many days lie between the date of issue and the start of the lease?", "between",
            ("What is the date of issue?", "What is the start of the lease?"),
        ),
        ("How old is the tenant when the lease starts?", "age",
         ("What is the date of birth of the tenant?", "On what date does the lease starts?")),
        (
            "What may be spent by the role to which a clerk refers?", "chain",
            ("To which role does clerk refers?", "What may be spent by {1}?"),
        ),
        ("When is the team open that answers letters?", "chain", ("Which team answers letters?", "When is {1} open?")),
    ],
)  # fmt: skip
def test_questions_of_several_steps_are_taken_apart(question: str, kind: str, asks: tuple[str, ...]):
    made = plan(question)
    assert made is not None and made.kind == kind
    assert all(one.endswith(end) for one, end in zip(made.asks, asks, strict=True)), made.asks


@pytest.mark.parametrize(
    "question",
    [
        "How many days of leave do staff have?",
        "What is not covered by the policy?",
        "Must a claim be sent within 30 days?",
        "How much is paid after 30 days in hospital?",
        "Who leads research and development?",
        "What are the rules that everyone follows?",
        "When was the handbook last updated?",
        "May I bring my own car or bicycle?",
        "What happens between Christmas and New Year?",
        "",
        "?" * 500,
    ],
)
def test_ordinary_questions_are_not(question: str):
    assert plan(question) is None


@pytest.mark.parametrize(
    "piece", ["how much more ", "the a ", "which a, b or ", "1 day ", "of and ", "between ", "by "]
)
def test_hostile_questions_take_no_time(piece: str):
    started = time.thread_time()
    plan(f"How much more {piece * (380 // len(piece))}")
    plan(piece * 1000)
    assert time.thread_time() - started < 0.2


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        ("the price of a yearly pass and a monthly pass", "price of a yearly pass", "price of monthly pass"),
        (
            "the fee for a copy and the in-house one under law",
            "fee for a copy under law",
            "in-house for a copy under law",
        ),
        ("a dent and a theft in a year", "dent in a year", "theft in a year"),
        ("the Head of Sales and the Head of Law", "Head of Sales", "Head of Law"),
        ("the teams of Berlin and of Rome", "teams of Berlin", "teams of Rome"),
    ],
)
def test_each_of_two_things_gets_the_words_that_are_meant_for_both(text: str, first: str, second: str):
    assert couple(text) == (first, second)


def test_three_things_are_no_couple():
    assert couple("a and b and c") is None and couple("a") is None
