"""Where two answers cannot both be meant, or a question supposes what is not so, that is said instead of an answer."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from test_grounding import hit
from test_pointed import PAYCHECK, Points

from scoville.answer.doubt import Doubt, find_doubt, nearest
from scoville.answer.support import read_hits
from scoville.types import Hit, Metadata

PRICES = (
    "| Policy | Price | Hire |\n| --- | --- | --- |\n| Daily | £4 a day | 60 days |\n"
    "| Annual, individual | £52 a year | 31 days |\n| Annual, household | £79 a year | 31 days |"
)


def document(text: str, title: str, metadata: Metadata | None = None) -> Hit:
    found = hit(text)
    source = f"{title.casefold().replace(' ', '-')}.md"
    return replace(
        found, passage=replace(found.passage, title=title, source=source, metadata=metadata or {}, id=source)
    )


def doubt(question: str, hits: Sequence[Hit], *words: str, likely: bool = True) -> Doubt | None:
    reader = Points(*words)
    spans = read_hits(question, hits, reader)
    return find_doubt(question, hits, spans, lambda other: read_hits(other, hits, reader), likely=likely)


def test_rows_that_fit_a_question_alike_are_the_choices_that_it_is_asked_back_with():
    found = doubt("How much is annual cover?", [hit(PRICES)], "£52 a year")
    assert found and found.reason == found.refusal.reason == "underspecified"
    assert found.refusal.choices == ("Annual, individual", "Annual, household")
    assert found.text.splitlines() == [
        "Which is meant: Annual, individual or Annual, household?",
        "- Annual, individual: £52 a year [1]",
        "- Annual, household: £79 a year [1]",
    ]
    assert [one.quote for one in found.citations] == PRICES.splitlines()[3:]


def test_a_row_whose_every_word_is_in_the_question_is_meant_and_one_of_which_some_are_may_be():
    assert doubt("What does Standard cost for an employee only?", [hit(PAYCHECK)], "$45.00") is None
    found = doubt("What is the price of Standard for an employee and family?", [hit(PAYCHECK)], "$45.00")
    assert found and found.choices == ("Employee only", "Employee +1", "Employee +2 or more")


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("How much is annual household cover?", "£79 a year"),  # one row alone
        ("How much is daily cover?", "£4 a day"),
        ("How long may a hire last with annual cover?", "31 days"),  # both rows say the same
        ("How much is the cheapest annual cover?", "£52 a year"),  # about the rows together
        ("Who has annual cover?", "Annual, individual"),  # what names the row
        ("How much is cover?", "£52 a year"),  # no row is named: more may be meant than these
        ("Is there annual cover?", "£52 a year"),
    ],
)
def test_rows_that_do_not_are_none(question: str, words: str):
    assert doubt(question, [hit(PRICES)], words) is None


def test_a_row_named_whole_is_the_one_although_another_cell_of_the_other_row_names_it_too():
    limits = (
        "| Role | Settle up to | Refer to |\n| --- | --- | --- |\n| Claims handler | £1,000 | Senior claims handler |\n"
        "| Senior claims handler | £3,500 | Claims manager |"
    )
    assert doubt("Up to what amount may a senior claims handler settle?", [hit(limits)], "£3,500") is None


LEAVE = "Annual leave is {} days for full-time staff."


def test_documents_that_say_another_number_are_both_given_the_newer_first():
    hits = [document(LEAVE.format(24), "Handbook 2021"), document(LEAVE.format(26), "Handbook 2024")]
    found = doubt("How many days of leave are there?", hits, "24 days", "26 days")
    assert found and found.reason == "conflict"
    assert found.text.splitlines() == [
        "The documents do not agree:",
        "- Annual leave is 26 days for full-time staff. [2] (2024, newer)",
        "- Annual leave is 24 days for full-time staff. [1] (2021, older)",
    ]
    assert [one.document for one in found.citations] == ["handbook-2024.md", "handbook-2021.md"]


def test_the_date_that_a_document_gives_itself_says_which_is_newer():
    hits = [
        document(LEAVE.format(24), "Handbook", {"date": "2024-05-01"}),
        document(LEAVE.format(26), "Handbook of staff", {"date": "2023-05-01"}),
    ]
    found = doubt("How many days of leave are there?", hits, "26 days", "24 days")
    assert found and "24 days for full-time staff. [1] (2024-05-01, newer)" in found.text.splitlines()[1]


def test_without_dates_neither_is_called_newer():
    hits = [document(LEAVE.format(24), "Handbook"), document(LEAVE.format(26), "Handbook of staff")]
    found = doubt("How many days of leave are there?", hits, "24 days", "26 days")
    assert found and "newer" not in found.text


def test_documents_about_different_things_are_the_choices_unless_the_question_names_one():
    cost = "Your deductible is ${} a year."
    hits = [document(cost.format("2,000"), "Standard plan"), document(cost.format("1,000"), "Gold plan")]
    found = doubt("How much is the deductible?", hits, "$2,000", "$1,000")
    assert found and (found.reason, found.choices) == ("underspecified", ("Standard plan", "Gold plan"))
    assert doubt("How much is the deductible of the Gold plan?", hits, "$2,000", "$1,000") is None


@pytest.mark.parametrize(
    "other",
    [
        LEAVE.format(24),  # the same
        "Annual leave is 26 days for part-time teachers in Scotland.",  # of others
        "Annual leave is 26 weeks for full-time staff.",  # counted otherwise
        "Annual leave is long for full-time staff.",
    ],
)
def test_documents_that_do_not_contradict_are_no_conflict(other: str):
    hits = [document(LEAVE.format(24), "Handbook 2021"), document(other, "Handbook 2024")]
    assert doubt("How many days of leave are there?", hits, "24 days", "26 days", "26 weeks", "long") is None


def test_nothing_unlikely_is_a_conflict():
    hits = [document(LEAVE.format(24), "Handbook 2021"), document(LEAVE.format(26), "Handbook 2024")]
    assert doubt("How many days of leave are there?", hits, "24 days", "26 days", likely=False) is None


ABROAD = "Staff may work from abroad for up to 20 working days in a year."


@pytest.mark.parametrize(
    "question",
    [
        "Why may staff work from abroad for 30 working days a year?",
        "When do the 30 working days of work from abroad end?",
        "Why may staff work from abroad for thirty working days?",
    ],
)
def test_an_amount_that_a_question_takes_for_granted_is_corrected(question: str):
    found = doubt(question, [hit(ABROAD)], "20 working days", likely=False)
    assert found and found.reason == "false_premise"
    assert found.text == f"The documents do not say 30: {ABROAD} [1]"
    assert found.citations[0].quote == ABROAD


@pytest.mark.parametrize(
    "question",
    [
        "Why may staff work from abroad for 20 working days a year?",  # so it is
        "May staff work from abroad for 30 working days a year?",  # asked, not supposed
        "If I work from abroad for the 30 working days of a project, who pays?",
        "Why are there 30 parking spaces?",
        "Why does it take 30 working days to repair a bicycle?",
    ],
)
def test_an_amount_that_is_right_or_asked_for_or_of_something_else_is_not(question: str):
    assert doubt(question, [hit(ABROAD)], "20 working days") is None


def test_the_nearest_line_shares_most_words_with_the_question():
    hits = [hit("Cancel by letter. Pay by card."), hit("Important\n\nYou may pay the excess by card abroad.")]
    (citation,) = nearest("Can the excess be paid by bitcoin?", hits)
    assert (citation.marker, citation.quote) == (2, "You may pay the excess by card abroad.")
    assert nearest("Who painted the Mona Lisa?", hits) == ()


def test_a_row_that_no_word_of_the_question_tells_from_others_is_asked_back():
    found = doubt("What does Health Plus cost for an employee and spouse?", [hit(PAYCHECK)], "$45.00")
    assert found and found.choices == ("Employee only", "Employee +1", "Employee +2 or more")
    assert "- Employee +1: $71.00 [1]" in found.text


NAMED = "Under the Basic plan, emergency services are covered."
DENIES = "Emergency services: the Basic plan does not cover emergency services."


@pytest.mark.parametrize(
    "question", ["Does Basic cover emergency room visits?", "Can I go to the emergency room with the Basic plan?"]
)
def test_documents_of_which_one_grants_what_the_other_denies_are_both_given_the_newer_first(question: str):
    hits = [document(NAMED, "Guide", {"date": "2024-01-01"}), document(DENIES, "Terms", {"date": "2025-01-01"})]
    found = doubt(question, hits, likely=False)
    assert found and found.reason == "conflict" and [one.quote for one in found.citations] == [DENIES, NAMED]
    assert found.text.splitlines() == [
        "The documents do not agree:",
        f"- **No.** {DENIES} [2] (2025-01-01, newer)",
        f"- **Yes.** {NAMED} [1] (2024-01-01, older)",
    ]


@pytest.mark.parametrize(
    "other",
    [
        "The Plus plan does not cover emergency services.",  # another plan
        "The Basic plan does not cover emergency services that are abroad.",  # some only
        "Emergency services are not covered.",  # of what, it does not say
        "The Basic plan does not cover dental services.",
    ],
)
def test_what_denies_something_else_is_no_conflict(other: str):
    hits = [document(NAMED, "Guide"), document(other, "Terms")]
    assert doubt("Are emergency rooms covered by Basic?", hits) is None


def test_an_age_is_no_amount_that_a_question_takes_for_granted():
    text = "The plan pays for a hearing aid every 3 years."
    assert doubt("Does the plan pay for a hearing aid for my 10 year old?", [hit(text)], "3 years") is None
    assert doubt("Does the plan pay for my 10 years of hearing aid?", [hit(text)], "3 years")


def test_what_one_plan_grants_and_another_denies_is_asked_back_and_no_conflict():
    said = [
        hit("With the Rowan Basic plan towing is not covered."),
        hit("With the Rowan Gold plan towing is covered.", 2),
    ]
    found = doubt("Is towing covered?", said, "towing")
    assert found and (found.reason, set(found.choices)) == ("underspecified", {"Rowan Basic", "Rowan Gold"})
    same = [said[0], hit("With the Rowan Basic plan towing is covered.", 2)]
    found = doubt("Is towing covered?", same, "towing")
    assert found and found.reason == "conflict"


def test_headings_in_capitals_are_no_names_of_what_is_meant():
    said = [
        hit("Towing At Rowan, we are glad to say that towing is covered."),
        hit("Towing By Others such as garages is not covered.", 2),
    ]
    found = doubt("Is towing covered?", said, "towing")
    assert found is None or found.reason == "conflict"
