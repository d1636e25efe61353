"""A question that wants a yes or a no gets it where a sentence surely decides, and else the sentences alone."""

import pytest
from test_grounding import hit
from test_pointed import Points, pointed

from scoville.answer.yes_no import decide

RULES = """\
Alcohol is not an expense.
You can buy daily cover up to 48 hours after collecting the car, as long as nothing has happened to it.
Only managers may sign contracts.
The plan does not cover certain types of dental care.
No insurer has refused cover.
In addition to emergency care, the plan also covers non-emergency transport.
- Use the company laptop and never a shared computer.
Amounts above £250 need approval.
Leave is 26 days a year."""
FAQ = """\
Can I change my mind? Yes. You have 14 days.
Are electric cars covered? Yes, and so are their cables.
I have already collected the car. Is it too late? No. You can buy cover up to 48 hours later."""


@pytest.mark.parametrize(
    ("question", "text", "said"),
    [
        ("Is alcohol an expense?", RULES, "**No.** Alcohol is not an expense."),
        ("Can I buy daily cover after collecting the car?", RULES, "**Yes.** You can buy daily cover up to 48 hours"),
        ("May I use a shared computer?", RULES, "**No.** Use the company laptop and never a shared computer."),
        ("Can I change my mind?", FAQ, "**Yes**. You have 14 days."),
        ("Are electric cars covered", FAQ, "**Yes**, and so are their cables."),
        ("Can I buy cover 48 hours later?", FAQ, "**Yes.** You can buy cover up to 48 hours later."),
    ],
)
def test_a_sentence_that_says_it_decides(question: str, text: str, said: str):
    answer = pointed(question, Points("26 days", "14 days"), "Nothing here.", text)
    assert answer.text.startswith(said)
    assert answer.text.endswith(" [2]")
    (citation,) = answer.citations
    assert citation.quote in text and citation.verified


@pytest.mark.parametrize(
    "question",
    [
        "What is alcohol?",  # wants something else
        "Is alcohol an expense or a gift?",
        "Is there no daily cover?",
        "May staff sign contracts?",  # only, certain, above, another number: words do not show what these do
        "Does the plan cover dental care?",
        "Do amounts above £100 need approval?",
        "Is leave 20 days a year?",
        "Do amounts need approval?",
        "Does the plan cover emergency care and transport to the hospital abroad?",  # too little of it
        "Does the plan also cover emergency transport abroad?",  # the word that is missing is the thing asked about
        "Is it?",
    ],
)
def test_what_words_do_not_show_is_left_to_the_sentences(question: str):
    assert decide(question, [hit(RULES, 1)]) is None


def test_passages_that_say_yes_and_no_decide_nothing():
    yes, no = hit("The plan covers dental care.", 1), hit("The plan does not cover dental care.", 2)
    question = "Does the plan cover dental care?"
    assert decide(question, [yes]) and decide(question, [no])
    assert decide(question, [yes, no]) is None


PERKS = """\
What is Covered?

The program covers many activities, including but not limited to:

- Yoga and Pilates classes

- Outdoor trips (such as rock climbing, hiking, and kayaking) There is more. Other lessons covered include:

- Skiing and snowboarding lessons

What is Not Covered?

These are not covered:

- Travel expenses (unless related to a fitness program)
- Drugs for hair loss The company's aim is health.

Duties of the trainer:

- Lead the team"""


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ("Does the program pay for ski lessons?", "**Yes.** Other lessons covered include: Skiing and"),
        ("Can I go rock climbing with it?", "**Yes.** The program covers many activities, including but"),
        ("Can I get yoga paid by the company?", "**Yes.** The program covers many"),
        ("Will they reimburse travel?", "**No.** These are not covered: Travel expenses (unless related"),
    ],
)
def test_a_list_of_what_is_covered_decides_and_so_does_one_of_what_is_not(question: str, says: str):
    decided = decide(question, [hit(PERKS)])
    assert decided and decided.text.startswith(says)
    assert PERKS[decided.start : decided.end] in decided.text


@pytest.mark.parametrize(
    "question",
    [
        "Does the program pay for dance lessons?",  # not all of it is in one item
        "Are drugs covered?",  # the item is about certain ones
        "Do I have to lead the team?",  # a list of something else
        "Isn't yoga covered?",
    ],
)
def test_a_list_of_other_things_decides_nothing(question: str):
    assert decide(question, [hit(PERKS), hit("Covered:\n- \n \n\n")]) is None


@pytest.mark.parametrize(
    ("question", "text", "says"),
    [
        ("Does the Basic plan cover glasses?", "Basic only offers coverage for eye tests and glasses.", "Yes"),
        ("Does the plan cover hospice care?", "Hospice care services are covered without prior authorization.", "Yes"),
        ("Do I need prior authorization?", "Hospice is covered without prior authorization.", "No"),
        ("Is emergency care covered?", "Ambulances are covered, to help you in an emergency.", ""),
        ("Is a walk-in clinic covered?", "This means that you may pay for a walk-in clinic that is covered.", ""),
        ("Is cosmetic surgery covered?", "These may include cosmetic surgery.", ""),  # of what is not said
        ("Is physiotherapy covered?", "Physiotherapy may take many weeks.", ""),  # says nothing of cover
        ("Is there a plan with no deductible?", "Preventive care is covered with no deductible.", ""),
        ("Is care covered?", "We do not cover care that is not necessary.", ""),  # some only
    ],
)
def test_what_a_question_is_about_must_be_granted_or_denied(question: str, text: str, says: str):
    decided = decide(question, [hit(text)])
    assert decided.text.startswith(f"**{says}.**") if decided else not says, decided


def test_a_heading_and_a_row_of_a_table_decide_nothing():
    assert decide("Is dental care covered?", [hit("Dental care covered\n\n| Dental care | covered |", 1)]) is None
