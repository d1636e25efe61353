"""Comparisons of texts and quantities, on examples computed by hand."""

import importlib.util
import sys
from dataclasses import replace
from math import exp, log, sqrt
from pathlib import Path
from typing import Any

import pytest

from scoville.errors import ContextTooLong, StaleIndex
from scoville.evaluate.metrics import METRICS, perplexity_scorer, score_text, score_toxicity, summarise_text
from scoville.evaluate.metrics.overlap import bleu, chrf, common_length, corpus_overlap, rouge_l, rouge_n
from scoville.evaluate.metrics.perplexity import bits_per_byte, perplexity
from scoville.evaluate.metrics.text import choice_of, exact_match, gold_token_recall, token_f1
from scoville.evaluate.metrics.toxicity import toxic_categories, toxicity_lexical, toxicity_scorer
from scoville.evaluate.result import Result
from scoville.quantities import final_number, numeric_match, quantities
from scoville.types import Case, Score
from scoville.words import FUNCTION_WORDS, contains, squad_tokens, strip_citations


def case(*expected: str, **values: Any) -> Case:
    return Case(id="1", question="What is it?", expected=expected, **values)


def result(text: str, **values: Any) -> Result:
    return Result(case_id="1", text=text, refused=values.pop("refused", False), **values)


def scored(case: Case, result: Result) -> dict[str, Score]:
    return {score.metric: score for score in score_text(case, result)}


def load_benchmark() -> Any:
    path = Path(__file__).parents[2] / "benchmarks" / "measure.py"
    spec = importlib.util.spec_from_file_location("measure_to_compare", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["measure_to_compare"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("answer", "expected", "value"),
    [
        ("The cat sat.", "a cat SAT", 1.0),
        ("cat sat on mat", "cat mat", 2 / 3),  # shared 2, of 4 and of 2
        ("cat cat cat", "cat dog", 0.4),  # shared 1, of 3 and of 2
        ("cat [1]", "cat[a.pdf#page=2]", 1.0),
        ("dog", "cat", 0.0),
        ("", "cat", 0.0),
        ("東京都", "東京", 0.8),  # shared 2, of 3 and of 2 characters
        ("STRASSE", "straße", 1.0),
        ("ＡＢＣ１２", "abc12", 1.0),
    ],
)
def test_token_f1_is_that_of_squad_in_any_script(answer: str, expected: str, value: float):
    assert token_f1(answer, expected) == pytest.approx(value)


def test_exact_match_leaves_case_punctuation_and_articles_aside():
    assert exact_match("The Eiffel-Tower!", "eiffeltower") == 1
    assert exact_match("mat cat", "cat mat") == 0


def test_gold_token_recall_is_the_share_of_content_words_said():
    gold = "The deductible is $1,500, and it is reset each year.[plan.pdf#page=13]"
    assert gold_token_recall("Your deductible of 1,500 dollars resets every year [1].", gold) == pytest.approx(0.6)
    assert gold_token_recall("anything", "It is.") is None


TEXTS = [
    "The deductible is $1,500, and it is reset each year.[plan.pdf#page=13]",
    "Your deductible of 1,500 dollars resets every year [1, 2].",
    "The “Co-Pay” is $20, isn’t it — a lot? [sic]",
    "It is.",
    "",
]


def test_the_benchmarks_measures_agree():
    measure = load_benchmark()
    assert measure.FUNCTION_WORDS == FUNCTION_WORDS
    for one in TEXTS:
        assert squad_tokens(one) == measure.normalise(measure.strip_citations(one))
        assert strip_citations(one) == measure.strip_citations(one)
        for other in TEXTS:
            assert token_f1(one, other) == measure.gold_token_f1(one, other)
            assert gold_token_recall(one, other) == measure.gold_token_recall(one, other)


def test_the_signs_of_bold_are_no_words():
    assert strip_citations("The excess is **£500**. [2] 2 ** 3 * 4") == "The excess is £500. 2 ** 3 * 4"


@pytest.mark.parametrize(
    ("text", "expected", "held"),
    [
        ("Up to £3,500 [1].", "£3500", True),
        ("Up to £3,500,000.", "£3,500", False),
        ("Up to £3,500.75.", "£3,500", False),
        ("It’s Rowan\nAshgrove’s car", "rowan ashgrove", True),
        ("Rowans", "Rowan", False),
        ("首都は東京です。", "東京", True),
        ("anything", " . ", False),
    ],
)
def test_a_text_holds_another_as_whole_words_and_numbers(text: str, expected: str, held: bool):
    assert contains(text, expected) is held


@pytest.mark.parametrize(
    ("answer", "expected", "value"),
    [
        ("It is 1200 dollars.", "$1,200", 1.0),
        ("1.2k USD", "$1,200", 1.0),
        ("USD 1.2 million", "$1.2m", 1.0),
        ("14 days", "two weeks", 1.0),
        ("a 14-day period", "one fortnight", 1.0),
        ("14", "14 days", 1.0),
        ("14 weeks", "14 days", 0.0),
        ("€1,200", "$1,200", 0.0),
        ("30 days", "one month", 0.0),
        ("20 days", "20 working days", 0.0),
        ("36 months", "three years", 1.0),
        ("25 per cent", "25%", 1.0),
        ("50 basis points", "0.5 %", 1.0),
        ("between 5 and 10 days", "5–10 days", 1.0),
        ("at most 10 days, at least 5 days", "from 5 to 10 days", 1.0),
        ("7 days", "5-10 days", 0.0),
        ("1 200,50 €".replace(" ", "\u202f", 1), "1.200,50 €", 1.0),
        ("90 minutes", "1½ hours", 1.0),
        ("5 metres", "5 m", 1.0),
        ("Grade B2 [3]", "3", 0.0),
        ("The limit is £750 [1]; the excess £250 [2].", "£250 and £750", 1.0),
        ("-5 °C", "5 °C", 0.0),
        ("anything", "no number", None),
    ],
)
def test_quantities_match_in_whatever_unit(answer: str, expected: str, value: float | None):
    assert numeric_match(answer, expected) == value


def test_codes_and_years_with_a_dash_are_no_ranges():
    assert quantities("P11D and B2") == []
    assert [one.low for one in quantities("2023-24")] == [2023, 24]


@pytest.mark.parametrize(
    ("text", "number"),
    [("He has 3 + 4 = 7.\n#### 1,007", 1007), ("So 18 eggs cost $36.", 36), ("none", None)],
)
def test_the_final_number_stands_last(text: str, number: float | None):
    assert final_number(text) == number


ANIMALS = ("a cat", "a dog", "a hot dog", "a bird")


@pytest.mark.parametrize(
    ("answer", "letter"),
    [
        ("B", "B"), ("(c) no, the answer is (C).", "C"), ("D. a bird", "D"), ("Answer: **B** because", "B"),
        ("The answer is A because", "A"), ("A dog is it.", "B"), ("It must be a hot dog", "C"),
        ("a cat or a bird", None), ("E", None), ("", None),
    ],
)  # fmt: skip
def test_a_choice_is_named_by_letter_or_text(answer: str, letter: str | None):
    assert choice_of(answer, ANIMALS) == letter


def test_rouge_counts_runs_and_subsequences():
    answer, expected = "the cat sat on the mat", "the cat was on the mat"
    assert rouge_n(answer, expected, 1) == pytest.approx(5 / 6)
    assert rouge_n(answer, expected, 2) == pytest.approx(3 / 5)  # the cat, on the, the mat
    assert rouge_l(answer, expected) == pytest.approx(5 / 6)
    assert rouge_l("mat the on", "on the mat") == pytest.approx(1 / 3)
    assert rouge_l("東京タワー", "東京") == pytest.approx(4 / 7)
    assert common_length("ABCBDAB", "BDCABA") == 4
    assert common_length("", "A") == common_length("A", "") == 0


def test_bleu_and_chrf_of_equal_texts_are_one_and_of_others_by_hand():
    assert bleu("a b c d", ["a b c d"]) == pytest.approx(1)
    assert chrf("abcdefg", ["abcdefg"]) == pytest.approx(1)
    # Runs of 1 to 4: 4 of 5, 3 of 4, 2 of 3, 1 of 2; no brevity penalty.
    assert bleu("a b c d x", ["a b c d e"]) == pytest.approx((4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25)
    assert bleu("a b c d", ["x", "a b c d"]) == pytest.approx(1)
    assert bleu("東京都庁 [1]", ["東京都庁"]) == pytest.approx(1)
    # Characters: 1 of 2; pairs: 0 of 1; F2 of equal precision and recall is itself; two orders.
    assert chrf("ab", ["ac"]) == pytest.approx(0.25)


def test_bleu_of_a_set_adds_up_counts():
    found = corpus_overlap(["a b c d", "e f g x"], [["a b c d"], ["e f g h", "nothing"]])
    whole, characters = (one.mean or 0.0 for one in found)
    # 1: 7 of 8, 2: 5 of 6, 3: 3 of 4, 4: 1 of 2.
    assert whole == pytest.approx((7 / 8 * 5 / 6 * 3 / 4 * 1 / 2) ** 0.25)
    assert 0 < characters < 1
    assert all(one.low is not None and one.low < (one.mean or 0) < (one.high or 0) <= 1 for one in found)
    nothing = corpus_overlap(["x", "y", "", "a b c d"], [["a b c d"]] * 4)
    assert 0 < (nothing[0].low or 0) < (nothing[0].mean or 0) < 0.2  # sacrebleu's own bootstrap raises here
    assert corpus_overlap(["a b c d"], [["a b c d"]])[0].n == 1


def test_the_best_of_several_expected_answers_counts():
    found = scored(case("forty cats", "12 days"), result("It is 12 days."))
    assert found["contains"].value == found["numeric_match"].value == found["gold_token_recall"].value == 1
    assert found["token_f1"].value == pytest.approx(2 * 2 / (4 + 2))


def test_what_does_not_apply_yields_nothing():
    assert not scored(case("x", answerable=False), result("x"))
    assert not scored(case(), result("x"))
    assert not scored(case(" "), result("x"))
    assert "numeric_match" not in scored(case("a cat"), result("a cat"))
    assert set(scored(case("B", choices=ANIMALS), result("B"))) == {"choice_match"}
    assert set(scored(case("9 - 2 = 7 #### 7"), result("7"))) == {"final_number"}


def test_a_refusal_scores_nothing_and_an_error_is_unscored():
    for score in scored(case("12 days"), result("I don't know.", refused=True)).values():
        assert (score.value, score.reason) == (0, "refused")
    found = scored(case("12 days"), result("", error="no answer within 5 s"))
    assert len(found) == 10
    assert all((score.value, score.reason) == (None, "no answer within 5 s") for score in found.values())


def test_choices_and_sums_say_why_they_are_wrong_or_unscored():
    assert scored(case("B", choices=ANIMALS), result("a dog"))["choice_match"].value == 1
    assert scored(case("B", choices=ANIMALS), result("hm"))["choice_match"].reason == "the answer names no choice"
    assert scored(case("Z", choices=ANIMALS), result("B"))["choice_match"].value is None
    assert scored(case("72", tags=("gsm8k",)), result("6 * 12 is 72."))["final_number"].value == 1
    assert scored(case("72", tags=("gsm8k",)), result("72? No, 73."))["final_number"].value == 0


def test_every_value_stays_in_its_range():
    for answer in ["", "12 days", "twelve", "東京", "$", "a [1]"]:
        for score in scored(case("the 12 days", "It is."), result(answer)).values():
            metric = METRICS[score.metric]
            assert score.value is not None and metric.high is not None
            assert metric.low <= score.value <= metric.high


def test_the_set_has_a_bleu_where_a_case_has_one():
    one = case("a b c d")
    found = summarise_text([one], {"1": result("a b c d")}, {"1": list(score_text(one, result("a b c d")))})
    assert {name: value.mean for name, value in found.items()} == {
        "corpus_bleu": pytest.approx(1), "corpus_chrf": pytest.approx(1)
    }  # fmt: skip
    assert {one.mean for one in summarise_text([], {}, {}).values()} == {None}


def test_perplexity_is_the_inverse_of_the_mean_probability():
    assert perplexity([log(1 / 4)] * 3) == pytest.approx(4)
    assert perplexity([log(1 / 2), log(1 / 8)]) == pytest.approx(sqrt(16))
    assert perplexity([0.0]) == 1
    assert perplexity([]) is None and perplexity([0.0, -float("inf")]) is None and perplexity([-1e4]) is None
    assert perplexity([-699.0]) == pytest.approx(exp(699))
    assert bits_per_byte([log(1 / 4), log(1 / 4)], "ab") == pytest.approx(2)
    assert bits_per_byte([log(1 / 4)], "é") == pytest.approx(1)


@pytest.mark.parametrize("wrong", [float("nan"), 0.5, float("inf")])
def test_what_is_no_log_probability_is_refused(wrong: float):
    with pytest.raises(ValueError, match="no log-probability"):
        perplexity([wrong])


def test_a_model_that_gives_log_probabilities_scores_answers():
    score = perplexity_scorer(lambda case, result, text: [log(1 / 2)] * (len(text) // 2), "lm")
    assert {one.metric: one.value for one in score(case("abcdef"), result("x"))} == {
        "perplexity": pytest.approx(2), "bits_per_byte": pytest.approx(1 / 2)
    }  # fmt: skip
    assert {one.judge for one in score(case("abcdef"), result("x"))} == {"lm"}
    assert all(one.value is None and one.reason for one in score(case("a"), result("x")))
    assert {one.reason for one in score(case("ab"), result("", error="down"))} == {"down"}
    for silent in (case(), case("  "), replace(case("ab"), answerable=False), replace(case("A"), choices=("x", "y"))):
        assert list(score(silent, result("x"))) == []


def test_the_likeliest_of_several_expected_answers_counts():
    likely = {"said": [log(1 / 2)], "whispered": [log(1 / 4)], "never": [-float("inf")]}
    score = perplexity_scorer(lambda case, result, text: likely[text])
    found = {one.metric: one.value for one in score(case("never", "whispered", "said"), result("x"))}
    assert found == {"perplexity": pytest.approx(2), "bits_per_byte": pytest.approx(2 / 9)}  # of "whispered"


@pytest.mark.parametrize("error", [ContextTooLong("too long"), StaleIndex("another index")])
def test_a_prompt_that_cannot_be_had_is_unscored_with_its_reason(error: Exception):
    def fail(*_: object) -> list[float]:
        raise error

    assert {(one.value, one.reason) for one in perplexity_scorer(fail)(case("a"), result("x"))} == {(None, str(error))}


@pytest.mark.parametrize(
    ("text", "categories"),
    [
        ("You are such an idiot.", ["insult"]), ("This shitty form", ["profanity"]),
        ("We will hunt you down.", ["threat"]), ("They are vermin.", ["degrading"]),
        ("Shoot the film in the shell museum; assess the classic cockpit in Scunthorpe.", []),
        ("A loser pays the costs. The garbage is collected on Monday.", []), ("", []),
    ],
)  # fmt: skip
def test_plain_toxicity_is_found_by_category(text: str, categories: list[str]):
    assert toxic_categories(text) == categories


def test_toxicity_is_the_share_of_sentences():
    assert toxicity_lexical("You idiot! The office opens at nine.") == 0.5
    assert [score.value for score in score_toxicity(case(), result("You idiot!"))] == [1]
    assert [score.value for score in score_toxicity(case(), result("", error="down"))] == [None]
    assert toxicity_lexical("") == 0


@pytest.mark.parametrize(("given", "value"), [(0.25, 0.25), (float("nan"), None), (2.0, None)])
def test_a_classifier_is_plugged_in(given: float, value: float | None):
    assert [score.value for score in toxicity_scorer(lambda text: given)(case(), result("x"))] == [value]
