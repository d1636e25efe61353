"""Replies that people called right and wrong; the rules have to agree with each."""

from pathlib import Path

import pytest

from scoville.demo import demo_cases, is_right
from scoville.demo.grade import DemoCase

KEYS = DemoCase(
    id="keys", question="How long do I have to send in a claim for lost keys?", answers=("30 days",),
    says="You have 30 days to send in a claim for lost or stolen keys.",
    about=(r"\b(you|I)\b.*\bclaim\b.*\bkeys\b", r"\bclaims?\b.*\bkeys\b.*\bsent\b"), at_most=True,
)  # fmt: skip
END = DemoCase(
    id="end", question="When does Juniper Ashgrove's cover end?", answers=("28 February 2027",),
    says="Cover ends on 28 February 2027, 23:59.", about=(r"\bcover\b.*\bends?\b",),
)  # fmt: skip

AGE = DemoCase(
    id="age", question="How old must a driver be?", answers=("between 21 and 80", "21 to 80"),
    says="Every driver must be aged between 21 and 80 years, have held a full licence for at least 12 months, and "
    "live in the United Kingdom, the Channel Islands or the Isle of Man.",
    about=(r"\bdrivers?\b.*\b(21|aged?|old)\b",),
)  # fmt: skip
CASES = {case.id: case for case in (*demo_cases(), KEYS, END, AGE)}
REPLIES = [
    line.split("\t") for line in Path(__file__).with_name("replies.tsv").read_text(encoding="utf-8").splitlines()
]


@pytest.mark.parametrize(("verdict", "case", "reply"), REPLIES)
def test_the_rules_agree_with_people(verdict: str, case: str, reply: str):
    assert is_right(CASES[case], reply, refused=False) == (verdict == "right")


def test_the_table_holds_many_of_both():
    assert min(sum(verdict == one for verdict, _, _ in REPLIES) for one in ("right", "wrong")) >= 30


def test_the_model_sentence_of_every_case_is_right():
    for case in CASES.values():
        assert not case.answerable or is_right(case, case.says, refused=False), case.id


def test_a_refusal_is_right_only_where_the_documents_do_not_say():
    for case in CASES.values():
        assert is_right(case, "I don't know.", refused=True) == (not case.answerable)
        assert case.answerable or not is_right(case, "In 1999.", refused=False)
