"""What the lane decides, what the judge sees, and what becomes of its words."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from scoville.errors import UsageError
from scoville.evaluate.judge.judge import Judge
from scoville.evaluate.judge.lane import claims_of, decide_correctness, stands_in
from scoville.evaluate.judge.metrics import METRICS, judge_result, preference
from scoville.evaluate.result import Result, Retrieved
from scoville.llm import FakeLlm
from scoville.types import Case, Evidence, Message, Score

FERRY = "The Heron carries nine cars. It leaves at a quarter past nine."


def case(*expected: str, **values: Any) -> Case:
    return Case(id="a", question="What does the Heron carry?", expected=expected, **values)


def result(text: str, *passages: str, **values: Any) -> Result:
    retrieved = tuple(Retrieved(id=str(at), document="d", pages=(), text=one) for at, one in enumerate(passages))
    return Result(case_id="a", text=text, passages=retrieved, **{"refused": False, **values})


class Oracle:
    """A judge that says what a function of the prompt's form and texts says, and keeps what it was shown."""

    def __init__(self, say: Callable[[str, Sequence[str]], Mapping[str, str]]) -> None:
        self.shown: list[str] = []
        self._say = say
        self.judge = Judge(FakeLlm(self._reply))

    def _reply(self, messages: Sequence[Message]) -> str:
        self.shown.append(messages[-1].content)
        form = json.loads(messages[0].content.rpartition("form: ")[2])
        return json.dumps(self._say(messages[-1].content, list(form)))


def always(word: str) -> Oracle:
    return Oracle(lambda _, keys: dict.fromkeys(keys, word))


def score(oracle: Oracle, metric: str, asked: Case, said: Result) -> Score | None:
    return next(iter(judge_result(oracle.judge, asked, said, [metric])), None)


def value(oracle: Oracle, metric: str, asked: Case, said: Result) -> float | None:
    found = score(oracle, metric, asked, said)
    assert found is not None
    return found.value


NEVER = always("nothing that counts")


class TestLane:
    @pytest.mark.parametrize(
        ("asked", "said", "expected"),
        [
            (case("Nine cars."), result("nine cars [1]"), 1),
            (case("Nine cars.", "The cars"), result("the cars"), 1),
            (case("20 days"), result("Twenty days."), 1),
            (case("two weeks"), result("14 days"), 1),
            (case("$1,200"), result("$1200.00"), 1),
            (case("Nine cars."), result(""), 0),
            (case("Nine cars."), result(" [1] "), 0),
            (case("Nine cars."), result("No.", refused=True), 0),
            (case("Nine cars."), result("I don't know."), 0),
            (case("Nine cars."), result("I don't know. Ask about cars at the pier."), 0),
            (case("Nine cars."), result("I don't know: nine cars?", refused=True), 0),
            (case("No."), result("The passages do not say."), 0),
            (case(answerable=False), result("I don't know."), 1),
            (case(answerable=False), result("", refused=True), 1),
            (case(answerable=False), result("Nine cars."), 0),
            (case("B", choices=("cars", "cows")), result("B. cows"), 1),
            (case("B", choices=("cars", "cows")), result("The answer is A."), 0),
        ],
    )
    def test_what_comparison_decides_is_not_shown_to_the_judge(self, asked: Case, said: Result, expected: float):
        found = score(NEVER, "correctness", asked, said)
        assert found and found.value == expected
        assert found.reason.startswith("lane: ")
        assert found.judge == ""
        assert not NEVER.shown

    @pytest.mark.parametrize(
        ("expected", "said"),
        [
            ("Nine cars.", "Not nine cars."),
            ("Nine cars.", "It is not the case that it carries nine cars."),
            ("1.5", "15"),
            ("20 days", "20 weeks"),
            ("20 days", "Not 20 days"),
            ("Nine cars.", "Neun Autos."),
            ("Nine cars.", "9"),
            ("Nine cars.", "I don't know for certain. However, most ferries of her kind carry nine cars."),
        ],
    )
    def test_what_only_looks_right_is_left_to_the_judge(self, expected: str, said: str):
        assert decide_correctness(case(expected), result(said)) is None

    def test_a_choice_that_is_not_clear_is_left_to_the_judge(self):
        assert decide_correctness(case("B", choices=("cars", "cows")), result("It depends.")) is None

    def test_claims_are_sentences_without_citations(self):
        assert claims_of("Nine cars [1]. It is blue [2].\n...\n") == ["Nine cars.", "It is blue."]
        assert claims_of("") == []

    def test_a_short_claim_needs_a_judge_wherever_it_stands(self):
        assert stands_in("It leaves at a quarter past nine", [FERRY])
        assert not stands_in("nine cars", [FERRY])
        assert not stands_in("The Heron carries nine carts.", [FERRY])


class TestCorrectness:
    @pytest.mark.parametrize(("word", "expected"), [("right", 1), ("partly", 0.5), ("wrong", 0)])
    def test_a_word_is_a_value(self, word: str, expected: float):
        oracle = always(word)
        found = score(oracle, "correctness", case("Nine cars."), result("As many as nine."))
        assert found and (found.value, found.reason, found.judge) == (expected, f"judge: {word}", "fake v1")

    def test_the_judge_sees_question_reference_history_and_answer(self):
        oracle = always("right")
        asked = case("Nine cars.", "9 cars", history=(Message(role="user", content="About the Heron?"),))
        value(oracle, "correctness", asked, result("As many as nine."))
        (shown,) = oracle.shown
        for text in ("user: About the Heron?", asked.question, "Nine cars.", "9 cars", "As many as nine."):
            assert f">\n{text}\n</" in shown

    def test_without_a_reference_passages_or_quotes_are_judged_by(self):
        oracle = always("right")
        quoted = case(evidence=(Evidence(document="d", quote="It carries nine cars."),))
        assert value(oracle, "correctness", case(), result("Nine.", FERRY)) == 1
        assert value(oracle, "correctness", quoted, result("Nine.")) == 1
        assert FERRY in oracle.shown[0] and "It carries nine cars." in oracle.shown[1]

    def test_without_anything_to_judge_by_it_is_unscored(self):
        found = score(NEVER, "correctness", case(), result("Nine."))
        assert found and found.value is None
        assert "neither an expected answer nor a passage" in found.reason

    def test_a_system_that_failed_is_unscored(self):
        scores = judge_result(NEVER.judge, case("Nine."), result("", error="it hung"))
        assert [one.metric for one in scores] == list(METRICS)
        assert {(one.value, one.reason) for one in scores} == {(None, "the system failed: it hung")}

    def test_an_unknown_metric_is_refused_with_the_known_ones(self):
        with pytest.raises(UsageError, match=r"'charm'.*correctness, hallucination"):
            judge_result(NEVER.judge, case("Nine."), result("Ten."), ["charm"])


class TestHallucination:
    def test_a_refusal_and_a_quotation_invent_nothing(self):
        assert value(NEVER, "hallucination", case("Nine."), result("I don't know.", FERRY)) == 0
        assert value(NEVER, "hallucination", case("Nine."), result("The Heron carries nine cars [1].", FERRY)) == 0
        assert not NEVER.shown

    def test_what_the_judge_finds_invented_counts_one(self):
        assert value(always("invented"), "hallucination", case("Nine."), result("Ten cars fit.", FERRY)) == 1
        assert value(always("supported"), "hallucination", case("Nine."), result("Nine cars fit.", FERRY)) == 0


class TestShares:
    def test_faithfulness_is_the_share_of_supported_claims_and_quotations_need_no_judge(self):
        oracle = Oracle(lambda _, keys: {key: ("supported", "unsupported")[at] for at, key in enumerate(keys)})
        said = result("The Heron carries nine cars [1]. It has nine places. It is painted blue.", FERRY)
        assert value(oracle, "judged_faithfulness", case("Nine."), said) == pytest.approx(2 / 3)
        (shown,) = oracle.shown
        assert "<claim_1-" in shown and "<claim_2-" in shown and "<claim_3-" not in shown

    def test_an_answer_of_quotations_is_faithful_without_a_judge(self):
        found = score(NEVER, "judged_faithfulness", case("Nine."), result("The Heron carries nine cars.", FERRY))
        assert found and (found.value, found.judge) == (1, "")

    @pytest.mark.parametrize("said", [result("I don't know.", FERRY), result("", FERRY), result("Nine cars fit it.")])
    def test_faithfulness_does_not_apply_to_refusals_nor_without_passages(self, said: Result):
        assert score(NEVER, "judged_faithfulness", case("Nine."), said) is None

    def test_many_claims_are_judged_in_parts(self):
        oracle = Oracle(lambda _, keys: {key: "supported" if int(key[6:]) % 5 else "unsupported" for key in keys})
        text = " ".join(f"There are {number} of that kind." for number in range(1, 26))
        assert value(oracle, "judged_faithfulness", case("x"), result(text, FERRY)) == pytest.approx(20 / 25)
        assert len(oracle.shown) == 3

    def test_one_part_without_a_verdict_leaves_the_whole_unscored(self):
        oracle = Oracle(lambda _, keys: dict.fromkeys(keys, "supported") if len(keys) == 10 else {})
        text = " ".join(f"There are {number} of that kind." for number in range(1, 13))
        assert value(oracle, "judged_faithfulness", case("x"), result(text, FERRY)) is None

    def test_context_precision_rewards_useful_passages_at_the_top(self):
        """Useful at ranks 1 and 3: (1/1 + 2/3) / 2."""
        oracle = Oracle(lambda _, keys: dict(zip(keys, ("useful", "useless", "useful"), strict=True)))
        said = result("Nine.", FERRY, "Weather.", "More cars.")
        assert value(oracle, "judged_context_precision", case("Nine."), said) == pytest.approx((1 + 2 / 3) / 2)
        assert value(always("useless"), "judged_context_precision", case("Nine."), said) == 0

    def test_context_recall_is_the_share_of_the_reference_that_was_found(self):
        asked = case("Nine.", "The Heron carries nine cars. It is painted blue.")
        assert value(always("missing"), "judged_context_recall", asked, result("x", FERRY)) == 0.5
        assert value(always("found"), "judged_context_recall", asked, result("x", FERRY)) == 1

    @pytest.mark.parametrize("metric", ["judged_context_precision", "judged_context_recall", "judged_answer_relevance"])
    def test_an_unanswerable_case_has_no_such_scores(self, metric: str):
        assert score(NEVER, metric, case(answerable=False), result("Nine.", FERRY)) is None

    def test_a_refusal_does_not_address_the_question(self):
        assert value(NEVER, "judged_answer_relevance", case("Nine."), result("I don't know.")) == 0
        assert value(always("partly"), "judged_answer_relevance", case("Nine."), result("Cars.")) == 0.5


class TestPreference:
    BETTER, WORSE = result("As many as nine cars."), result("It carries things.")

    def prefer(self, oracle: Oracle, first: Result = BETTER, second: Result = WORSE) -> Score:
        return preference(oracle.judge, case("Nine cars."), first, second)

    def test_a_win_is_one_in_both_orders(self):
        """It reads which answer stands first."""

        def sees(shown: str, keys: Sequence[str]) -> dict[str, str]:
            return {keys[0]: "first" if shown.index("nine cars.") < shown.index("things") else "second"}

        oracle = Oracle(lambda shown, keys: sees(shown.partition("<first")[2], keys))
        assert self.prefer(oracle).value == 1
        assert self.prefer(oracle, self.WORSE, self.BETTER).value == 0
        assert len(oracle.shown) == 4

    @pytest.mark.parametrize("word", ["first", "second"])
    def test_a_judge_that_goes_by_the_place_gives_ties(self, word: str):
        found = self.prefer(always(word))
        assert found.value == 0.5
        assert f"{word} in one order, {word} in the other" in found.reason

    def test_a_win_in_one_order_and_a_tie_in_the_other_is_a_tie(self):
        words = iter(("first", "tie"))
        assert self.prefer(Oracle(lambda _, keys: {keys[0]: next(words)})).value == 0.5

    def test_an_order_without_a_verdict_leaves_it_unscored(self):
        words = iter(("first", "?", "?", "?"))
        assert self.prefer(Oracle(lambda _, keys: {keys[0]: next(words)})).value is None

    @pytest.mark.parametrize(
        ("first", "second", "expected"),
        [
            (result("Nine cars"), result("I don't know."), 1),
            (result(""), result("nine cars."), 0),
            (result("Ten boats."), result("ten boats"), 0.5),
            (result("I don't know."), result("", refused=True), 0.5),
        ],
    )
    def test_the_lane_decides_first(self, first: Result, second: Result, expected: float):
        assert self.prefer(NEVER, first, second).value == expected
        assert not NEVER.shown

    def test_a_system_that_failed_is_not_compared(self):
        assert self.prefer(NEVER, self.BETTER, result("", error="it hung")).value is None
