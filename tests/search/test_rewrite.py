from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoville.errors import UsageError
from scoville.recipe import Rewrite
from scoville.search import Rewriter, Rewritten
from scoville.search.rewrite import ASKS_BACK, add_words, leans, read_lines, rewrite_messages
from scoville.types import Message

LAW = settings(max_examples=100, deadline=None, derandomize=True, database=None)


def test_what_answers_a_question_that_was_asked_back_is_a_part_of_it():
    back = f"{ASKS_BACK} Annual, individual or Annual, household?"
    assert add_words("Household", turns("How much is annual cover?", back)) == "How much is annual cover: Household"
    asked = add_words("Who leads the company?", turns("How much is annual cover?", back))
    assert asked.startswith("Who leads the company?") and "Household" not in asked


def turns(*texts: str) -> list[Message]:
    return [Message(role="assistant" if n % 2 else "user", content=text) for n, text in enumerate(texts)]


LEAVE = turns("How much parental leave do staff of Fabrikam get?", "They get 16 weeks, says the Leave Policy.")


MARKS = {
    "standalone": "without the conversation", "phrasings": "other phrasings", "parts": "apart",
    "passage": "short passage",
}  # fmt: skip


class Model:
    """Replies by the task that its instructions name."""

    def __init__(self, **replies: str) -> None:
        self.replies = replies
        self.asked: list[Sequence[Message]] = []

    def __call__(self, messages: Sequence[Message]) -> str:
        self.asked.append(messages)
        return next(reply for task, reply in self.replies.items() if MARKS[task] in messages[0].content)


def rewrite(question: str, history: Sequence[Message] = (), model: Model | None = None, **keys: Any) -> Rewritten:
    return Rewriter(Rewrite(**keys), model).rewrite(question, history)


# Without a model


@pytest.mark.parametrize(
    "question",
    [
        "And for part-timers in the first year?",
        "Does it include weekends and holidays?",
        "Why?",
        "What about contractors?",
        "Can they be carried over into another calendar year?",
    ],
)
def test_a_question_with_pronouns_or_few_words_leans_on_the_one_before(question: str):
    assert leans(question)


@pytest.mark.parametrize(
    "question",
    [
        "How many weeks of parental leave do contractors receive at Contoso?",
        "Which deductible applies to dental surgery?",
    ],
)
def test_a_question_that_says_what_it_is_about_does_not_lean(question: str):
    assert not leans(question)
    assert add_words(question, LEAVE) == question


def test_the_words_of_the_question_before_and_the_names_of_its_answer_are_added():
    added = add_words("Does it include weekends?", LEAVE)
    assert added.startswith("Does it include weekends? ")
    assert {"parental", "leave", "Fabrikam"} <= set(added.split())
    assert "Leave Policy" in added
    assert "How" not in added.split()[4:]


def test_only_the_last_turn_counts_where_it_stands_alone():
    history = [*turns("What do wages depend on?", "On grades."), *LEAVE]
    assert "wages" not in add_words("Does it include weekends?", history)


def test_what_an_earlier_turn_is_about_is_kept_through_turns_that_lean_on_it():
    history = [*LEAVE, *turns("Is it paid?", "Yes, in full.")]
    assert {"parental", "leave", "Fabrikam"} <= set(add_words("And who approves it?", history).split())


@pytest.mark.parametrize(
    ("before", "question", "alone"),
    [
        ("How long is leave for an employee?", "And for a manager?", "How long is leave for a manager?"),
        ("What is the limit of Northwind Standard?", "And for Health Plus?", "What is the limit of Health Plus?"),
        ("What is the fee for a child in a year?", "And for two?", "What is the fee for two in a year?"),
        ("Does Fabrikam Basic cover teeth?", "What about Fabrikam Extra?", "Does Fabrikam Extra cover teeth?"),
    ],
)  # fmt: skip
def test_what_is_asked_instead_takes_the_place_of_the_like(before: str, question: str, alone: str):
    assert add_words(question, turns(before, "Yes.")) == alone


@pytest.mark.parametrize(
    ("before", "question"),
    [
        ("How long is leave for parents and for carers?", "And for others?"),
        ("Does Fabrikam Basic or Fabrikam Extra cover teeth?", "What about Contoso?"),
        ("How long is leave?", "And for managers who joined before the last merger of both companies?"),
    ],
)
def test_where_its_place_is_not_plain_words_are_added(before: str, question: str):
    assert add_words(question, turns(before, "Yes.")).startswith(question)


def test_a_name_that_was_asked_about_is_not_added_again_from_the_answer():
    added = add_words(
        "Does it roll over?", turns("What is the fee of Contoso Basic?", "The fee of Contoso Basic is $9.")
    )
    assert added == "Does it roll over? fee Contoso Basic"


def test_how_many_is_no_word_that_is_added():
    assert "many" not in add_words("Can they be carried over?", turns("How many days of leave are there?", "Thirty."))


def test_no_word_is_added_twice():
    added = add_words("Is the leave it gives parental?", LEAVE)
    assert added.casefold().count("parental") == 1


def test_the_first_question_stays_as_it_is():
    assert rewrite("Why is that?", standalone="words") == Rewritten(question="Why is that?")


def test_words_are_added_by_default_and_can_be_left_out():
    assert rewrite("Does it?", LEAVE).question != "Does it?"
    assert rewrite("Does it?", LEAVE, standalone="none").question == "Does it?"


@given(question=st.text(min_size=1, max_size=300), before=st.text(max_size=30_000), answer=st.text(max_size=300))
@LAW
def test_what_is_made_of_a_question_is_bounded(question: str, before: str, answer: str):
    assert len(add_words(question, turns(before, answer))) <= 20_000


# With a model


def test_a_model_makes_the_question_stand_alone_from_the_conversation():
    model = Model(standalone="Does parental leave include weekends?")
    asked = rewrite("Does it include weekends?", LEAVE, model, standalone="model")
    assert asked.questions == ("Does parental leave include weekends?",)
    assert "Answer: They get 16 weeks" in model.asked[0][1].content
    assert model.asked[0][1].content.endswith("Last question: Does it include weekends?")


def test_without_a_conversation_no_model_is_asked_for_it():
    model = Model()
    assert rewrite("Why is that so?", (), model, standalone="model").question == "Why is that so?"
    assert not model.asked


def test_phrasings_parts_and_a_passage_are_searched_beside_the_question():
    model = Model(
        phrasings='1. "How long is leave?"\n2) Length of holidays\n3. One too many',
        parts="- How long is leave?\n- Who grants leave?",
        passage="Leave is\n25 days.",
    )
    asked = rewrite("How long is leave and who grants it?", (), model, phrasings=2, parts=3, passage=True)
    assert asked.questions == (
        "How long is leave and who grants it?", "How long is leave?", "Who grants leave?", "Length of holidays",
    )  # fmt: skip
    assert asked.passage == "Leave is 25 days."
    assert "at most 3" in model.asked[0][0].content
    assert "2 other" in model.asked[1][0].content


@pytest.mark.parametrize("reply", ["", "\n\n", "???", "the " * 400, "1.\n2."])
def test_a_reply_in_vain_leaves_the_question(reply: str):
    model = Model(standalone=reply, phrasings=reply)
    asked = rewrite("Does it include weekends?", LEAVE, model, standalone="model", phrasings=2)
    assert asked.questions == ("Does it include weekends?",)


def test_the_question_itself_is_no_other_phrasing():
    model = Model(phrasings="HOW LONG IS LEAVE?\nLength of leave")
    assert rewrite("How long is leave?", (), model, phrasings=3).others == ("Length of leave",)


@pytest.mark.parametrize("keys", [{"standalone": "model"}, {"phrasings": 1}, {"parts": 2}, {"passage": True}])
def test_what_needs_a_model_is_refused_without_one(keys: dict[str, Any]):
    with pytest.raises(UsageError, match="need a model"):
        Rewriter(Rewrite(**keys))


def test_long_conversations_are_cut_in_the_prompt():
    (_, asked) = rewrite_messages("standalone", "Why?", history=turns(*["word " * 1000] * 20))
    assert len(asked.content) < 4000


@given(reply=st.text(max_size=500), count=st.integers(1, 5))
@LAW
def test_lines_are_read_from_any_reply(reply: str, count: int):
    lines = read_lines(reply, count)
    assert len(lines) <= count
    assert all(line.strip() == line != "" for line in lines)
