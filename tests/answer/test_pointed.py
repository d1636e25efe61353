"""What a reader points at becomes an answer in the words of the passages, with exact citations."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from test_grounding import hit

from scoville.answer.doubt import nearest
from scoville.answer.pointed import Pointed, point
from scoville.answer.support import read_hits
from scoville.extract import Span
from scoville.types import Box, Hit, Region

EXCESS = "Every policy has an excess. The excess is £500 for each claim. It is paid by the hirer."
DUTIES = (
    "The manager has these duties. RESPONSIBILITIES:\n\n- Lead the team\n\n- Plan the budget\n\n"
    "- Report to the board Qualifications are listed below. A degree is one of them."
)
TABLE = "| Policy | Price | Hire |\n| --- | --- | --- |\n| Daily | £4 | 60 days |\n| Annual | £52 | 31 days |"


class Points:
    """A reader that finds the given words where they first stand, the first the likeliest."""

    def __init__(self, *words: str, apart: float = 1.0) -> None:
        self.words = words
        self.apart = apart

    def read(self, question: str, texts: Sequence[str]) -> list[Span]:
        return [
            Span(
                text=number,
                start=at,
                end=at + len(words),
                score=5 - place * self.apart,
                answerable=1.0,
                probability=0.9,
            )
            for place, words in enumerate(self.words)
            for number, text in enumerate(texts)
            if (at := text.find(words)) >= 0
        ]


def read(question: str, hits: Sequence[Hit], reader: Points) -> Pointed | None:
    return point(question, hits, read_hits(question, hits, reader))


def pointed(question: str, reader: Points, *texts: str) -> Pointed:
    answer = read(question, [hit(text, number) for number, text in enumerate(texts, start=1)], reader)
    assert answer
    return answer


def test_a_value_is_given_in_its_sentence():
    answer = pointed("How much is the excess?", Points("£500", "paid by the hirer"), "Nothing here.", EXCESS)
    assert answer.text == "The excess is **£500** for each claim. [2]"
    (citation,) = answer.citations
    assert (citation.quote, citation.verified, citation.marker) == ("The excess is £500 for each claim.", True, 2)


def test_a_question_whose_best_words_are_a_number_asks_for_a_value():
    assert pointed("What is the excess?", Points("£500", "paid by the hirer"), EXCESS).text.startswith("The excess is")
    assert pointed("What is the excess?", Points("paid by the hirer", "£500"), EXCESS).text.count("[1]") == 2


def test_other_questions_get_more_sentences_as_long_as_they_score_near_the_best():
    near = pointed("Why is there an excess?", Points("has an excess", "paid by the hirer"), EXCESS)
    assert near.text == "Every policy **has an excess**. [1] It is **paid by the hirer**. [1]"
    far = pointed("Why is there an excess?", Points("has an excess", "paid by the hirer", apart=9), EXCESS)
    assert far.text == "Every policy **has an excess**. [1]"


def test_words_within_another_word_are_not_those_pointed_at():
    text = "Please note that the plan is not for hire."
    at = text.index("not for")
    span = Span(text=0, start=at, end=at + 3, score=5, answerable=1.0, probability=0.9)
    answer = point("What is the plan?", [hit(text, 1)], [span])
    assert answer and answer.text == "Please note that the plan is **not** for hire. [1]"


def test_what_is_not_so_may_be_a_list_and_its_items_are_what_comes_closest():
    fees = "Some things are not paid for. These are:\n\n- Travel by car\n\n- Food and drink\n\n- Medical care"
    for question in ("What isn't covered?", "What is not covered?"):
        assert pointed(question, Points("not paid"), fees).text.count("\n- ") == 3
    assert [one.quote for one in nearest("Is food for pets allowed?", [hit(fees, 1)])] == ["- Food and drink"]


def test_a_list_is_given_whole_with_what_leads_it_in_and_nothing_behind_it():
    for words in ("RESPONSIBILITIES", "Plan the budget"):
        answer = pointed("What are the responsibilities of the manager?", Points(words), DUTIES)
        *most, last = answer.text.splitlines()
        assert most == ["RESPONSIBILITIES:", "- Lead the team", "- Plan the budget"]
        assert last == "- Report to the board Qualifications are listed below. [1]"
        assert answer.citations[0].verified


def test_a_value_in_a_list_is_its_item():
    assert pointed("When is the budget planned?", Points("Plan"), DUTIES).text == "**Plan** the budget [1]"


def test_a_row_of_a_table_names_its_columns():
    assert pointed("How much is annual cover?", Points("£52"), TABLE).text == "Policy: Annual; Price: **£52** [1]"
    whole = pointed("Describe annual cover.", Points("Annual"), TABLE)
    assert whole.text == "Policy: **Annual**; Price: £52; Hire: 31 days [1]"


def test_the_box_is_that_of_the_sentence():
    regions = tuple(Region(100 + 40 * n, 140 + 40 * n, Box(7, 10, 12.0 * n, 90, 12.0 * n + 10)) for n in range(3))
    found = replace(hit(EXCESS), passage=replace(hit(EXCESS).passage, regions=regions))
    answer = read("How much is the excess?", [found], Points("£500"))
    assert answer and [box.y0 for box in answer.citations[0].boxes] == [0.0, 12.0]


def test_words_of_the_headings_above_a_passage_are_no_answer():
    found = hit(EXCESS, prefix="Excess of £900")
    answer = read("How much is the excess?", [found], Points("£900", "£500"))
    assert answer and answer.text == "The excess is **£500** for each claim. [1]"


@pytest.mark.parametrize("texts", [[], ["Nothing here."]])
def test_no_words_no_answer(texts: list[str]):
    assert read("How much?", [hit(text) for text in texts], Points("£500")) is None


def test_a_row_whose_cells_have_their_own_labels_gives_the_cell():
    paid = "| Premium before tax £46.43 | Insurance premium tax (12%) £5.57 |\n| Total paid £52.00 | Paid by Card |"
    answer = pointed("How much is the tax?", Points("12%) £5.57"), paid)
    assert answer.text == "Insurance premium tax (12%) **£5.57** [1]"


def test_what_leads_in_a_list_says_nothing_without_it():
    cut = "These are covered. The plan also covers:"
    assert pointed("Why is it covered?", Points("also covers", "These are"), cut).text == "**These are** covered. [1]"
    assert pointed("How is the team led?", Points("RESPONSIBILITIES"), DUTIES).text.startswith(
        "RESPONSIBILITIES:\n- Lead"
    )


def test_money_is_given_for_how_much_and_a_time_for_how_long_where_they_score_nearly_as_well():
    answer = pointed("How much is annual cover?", Points("31 days", "£52"), TABLE)
    assert answer.text == "Policy: Annual; Price: **£52** [1]"
    assert "31 days" in pointed("How much is annual cover?", Points("31 days", "£52", apart=3), TABLE).text
    assert "31 days" in pointed("How long is an annual hire?", Points("£52", "31 days"), TABLE).text


def test_which_things_and_what_is_covered_ask_for_a_list():
    listed = "Lessons covered:\n\n- Skiing lessons\n\n- Surfing lessons"
    for question in ("Which lessons are paid for?", "What is covered?"):
        assert pointed(question, Points("Skiing"), listed).text.splitlines()[0] == "Lessons covered:"
    assert pointed("Which lesson is paid for?", Points("Skiing"), listed).text == "**Skiing** lessons [1]"


def test_the_passage_that_names_what_is_asked_about_is_preferred_where_both_score_nearly_alike():
    other, own = "The sales manager leads a team of five.", "The finance manager leads a team of nine."
    question = "How many people does the finance manager lead?"
    assert "nine" in pointed(question, Points("five", "nine", apart=0.5), other, own).text
    assert "five" in pointed(question, Points("five", "nine", apart=4), other, own).text


def test_the_cell_in_the_row_and_column_that_the_question_names_is_preferred():
    limits = (
        "| Clause | Benefit | Any one claim | Whole year |\n| --- | --- | --- | --- |\n"
        "| 3.4 | Misfuelling | £750 | £1,500 |\n| 3.5 | Keys | £600 | £1,200 |"
    )
    times = "| Claim | Send within |\n| --- | --- |\n| Misfuelling | 45 days |"
    answer = pointed(
        "What is the limit for any one misfuelling claim?", Points("45 days", "£750", apart=4), times, limits
    )
    assert answer.text == "Benefit: Misfuelling; Any one claim: **£750** [2]"


PAYCHECK = (
    "| | Cost per paycheck | |\n| | Standard | Health Plus |\n| --- | --- | --- |\n"
    "| Employee only | $45.00 | $55.00 |\n"
    "| Employee +1 | $65.00 | $71.00 |\n| Employee +2 or more | $78.00 | $89.00 |"
)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What does Health Plus cost per paycheck for employee +1?", "Employee +1; Health Plus: **$71.00** [1]"),
        ("How much is Standard for employee +2 or more?", "Employee +2 or more; Standard: **$78.00** [1]"),
    ],
)
def test_a_figure_beside_the_one_that_the_question_names_is_not_the_answer(question: str, answer: str):
    assert pointed(question, Points("$55.00"), PAYCHECK).text == answer


def test_rows_and_columns_are_told_apart_by_the_words_that_the_others_lack():
    plans = PAYCHECK.replace("Standard", "Northwind Standard").replace("Health Plus", "Northwind Health Plus")
    answer = pointed("How much is Health Plus for an employee only?", Points("$78.00"), plans)
    assert answer.text == "Employee only; Northwind Health Plus: **$55.00** [1]"


def test_an_example_is_given_where_one_is_asked_for():
    text = "Coinsurance is explained in your plan. For example, you pay $20 of $100 and the plan pays the rest."
    points = Points("explained in your plan", "you pay $20", apart=4)
    assert pointed("Can you give an example of how coinsurance works?", points, text).text.startswith("For example")
    assert pointed("Where is coinsurance explained?", points, text).text.startswith("Coinsurance is")


def test_a_sentence_that_only_announces_others_is_given_with_them():
    text = "There are a few exceptions to the rule. Travel is one. Emergencies are another. The rule is old."
    answer = pointed("What are the exceptions to the rule?", Points("a few exceptions"), text)
    assert answer.text == "There are **a few exceptions** to the rule. Travel is one. Emergencies are another. [1]"
    assert answer.citations[0].quote in text


def test_what_two_documents_say_alike_is_said_once():
    answer = pointed("Why is there an excess?", Points("has an excess"), EXCESS, EXCESS)
    assert answer.text == "Every policy **has an excess**. [1]"


def test_one_thing_with_a_verb_behind_it_asks_for_no_list():
    listed = "Tips:\n\n- Use the directory\n\n- Ask your doctor"
    assert pointed("What resource does the plan have?", Points("directory"), listed).text == "Use the **directory** [1]"
    assert pointed("What resources does the plan have?", Points("directory"), listed).text.startswith("Tips:\n-")


PERKS = (
    "What is Covered?\n\nThe program covers many activities, such as:\n\n- Yoga\n\n- Hiking\n\n"
    "What is Not Covered?\n\nThese include:\n\n- Travel\n\n- Food"
)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What is covered by the program?", "The program covers many activities, such as:\n- Yoga\n- Hiking [1]"),
        ("What does the program not cover?", "These include:\n- Travel\n- Food [1]"),
    ],
)
def test_what_is_covered_is_not_answered_with_what_is_not(question: str, answer: str):
    for points in (Points("Yoga", "Travel", apart=3.0), Points("Travel", "Yoga", apart=3.0)):
        assert pointed(question, points, PERKS).text == answer


def test_a_list_that_was_cut_goes_on_in_the_next_passage():
    first, second = hit("You can do this by:\n\n1. Telling your manager."), hit("2. Writing to us.\n\nThanks.", 2)
    after = replace(second.passage, start=first.passage.end + 2)
    question, points = "How do I report an accident?", Points("Telling your manager")
    answer = read(question, [first, replace(second, passage=after)], points)
    assert answer and answer.text == "Telling your manager. [1]\n\n2. Writing to us. [2]"
    assert [one.quote for one in answer.citations] == ["1. Telling your manager.", "2. Writing to us."]
    other = replace(after, document_id="another")
    answer = read(question, [first, replace(second, passage=other)], points)
    assert answer and answer.text == "Telling your manager. [1]"


def test_headings_are_no_part_of_an_answer_in_several_sentences():
    text = "Claims Handling\n\nClaims are handled within a week by the team."
    points = Points("Claims are handled", "Claims Handling")
    assert pointed("How are claims handled?", points, text).text.replace("**", "") == f"{text.splitlines()[2]} [1]"


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What is the salary of the director?", "5+ years of experience are needed."),
        ("How much does the director make?", "5+ years of experience are needed."),
        ("How much is the copay for a specialist?", "You may have to pay a copay for each day."),
        ("How many directors are there?", "Directors lead the team."),
        ("What percentage do I pay?", "You pay the rest of it."),
        ("Which plan is cheaper?", "These drugs can be cheaper than others."),
        ("What is the phone number of the director?", "Call the director when you are late."),
    ],
)
def test_what_is_of_another_kind_than_what_is_asked_for_is_no_answer(question: str, text: str):
    assert read(question, [hit(text)], Points(text.split()[0])) is None


def test_of_two_lines_the_one_of_the_kind_that_is_asked_for_answers_if_it_is_about_the_question():
    words = Points("less expensive", "$10", apart=0.5)
    texts = "Generic drugs are less expensive than others.", "The copay of generic drugs is $10.", "It is $10."
    asked = "How much do I pay for generic drugs?"
    assert pointed(asked, words, *texts[:2]).text == "The copay of generic drugs is **$10**. [2]"
    assert read(asked, [hit(texts[0]), hit(texts[2], 2)], words) is None


def test_an_address_is_given_by_the_line_that_names_whose_it_is():
    text = "1. Email the Compliance Officer at rules@example.com.\n\nWrite to the Privacy Officer at data@example.com."
    answer = pointed("What's the email of the privacy officer?", Points("rules@example.com"), text)
    assert answer.text == "Write to the Privacy Officer at data@example.com. [1]"


def test_a_line_of_a_form_is_given_by_its_label_below_whose_it_is():
    forms = [
        f"{role}\n\nReports to: {to}\n\nHours: 40 a week" for role, to in (("Wood buyer", "Ines"), ("Clerk", "Olu"))
    ]
    assert pointed("Who does the clerk report to?", Points("40 a week"), *forms).text == "Reports to: Olu [2]"
    assert pointed("How many hours?", Points("40 a week"), *forms).text == "Hours: **40 a week** [1]"


def test_who_somebody_is_by_name_is_answered_with_a_name():
    text = "Data\n\nWrite to the privacy officer. Our privacy officer is Ines Okafor. Everybody reads it."
    assert "**Ines** Okafor" in pointed("Who is the privacy officer?", Points("privacy officer", "Ines"), text).text
    assert read("Who is the privacy officer?", [hit(text.partition(". ")[0] + ".")], Points("privacy officer")) is None


def test_round_the_clock_counts_no_people_and_says_when():
    text = "Nurses answer the line 24/7 for members."
    assert read("How many nurses are there?", [hit(text)], Points("Nurses")) is None
    assert "24/7" in pointed("When do nurses answer the line?", Points("24/7"), text).text


def test_what_somebody_does_is_what_is_called_their_duties():
    text = "Wood buyer\n\nThe wood buyer may be asked to travel.\n\nDuties:\n\n- Buy wood\n\n- Count it"
    answer = pointed("What does the wood buyer do?", Points("may be asked to travel", "Buy wood", apart=2.0), text)
    assert answer.text == "Duties:\n- Buy wood\n- Count it [1]"


def test_what_stands_behind_the_very_question_in_a_document_answers_it():
    text = "Leave grows by a day a year. How long is sick leave? It is ten days. Rest is paid."
    answer = pointed("How long is sick leave?", Points("a day a year", "ten days", apart=3.0), text)
    assert answer.text == "It is **ten days**. [1]"


def test_a_list_led_in_by_what_is_asked_about_is_preferred():
    text = "We value hard work in all we do.\n\nCompany values:\n\n- Care\n\n- Truth"
    answer = pointed("What are the company's values?", Points("hard work", "Care", apart=3.0), text)
    assert answer.text == "Company values:\n- Care\n- Truth [1]"


def test_a_value_is_given_without_the_sentence_behind_it_that_a_span_reaches_into():
    text = "1. Keep the originals for six months. We ask to see them at times.\n\n2. Wait."
    answer = pointed("How long should I keep the originals?", Points("six months. We ask to see them at times."), text)
    assert answer.text == "Keep the originals for **six months.** [1]"
