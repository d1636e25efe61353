"""The measures that decide: whether an answer is right, and whether its texts hold what it claims."""

import time

import pytest

from scoville.answer.claims import claims, faithfulness
from scoville.answer.contradiction import contradiction
from scoville.evaluate.metrics.correctness import correctness

QUESTION = "How long is parental leave at Larkspur?"
EXPECTED = "Parental leave takes 16 weeks and is fully paid; the notice is given to the manager two months before."
PASSAGES = (
    "Parental leave takes 16 weeks and is fully paid. The notice is given to the manager two months before the leave "
    "begins. Whoever adopts a child has adoption leave of 12 weeks, which may be split into three parts. During the "
    "leave the health plan goes on as before, and the employer pays its share of the premium each month.",
    "Bicycles may be left in the yard behind the main building. The yard is locked at eight in the evening, and the "
    "key is kept at the reception. Repairs are paid by the owner. Electric bicycles are charged in the cellar, where "
    "twelve sockets stand ready; a card opens the door. Cars park in the street, for which the town sells permits.",
)


def right(answer: str, *expected: str, question: str = QUESTION, **more: list[str]) -> float:
    verdict = correctness(
        answer, expected or (EXPECTED,), question, more.get("contexts", PASSAGES), more.get("facts", ())
    )
    assert verdict is not None
    assert 0 <= verdict.value <= 1
    return verdict.value


class TestCheats:
    """Nothing is gained by saying more, or less, than the answer."""

    HONEST = "It takes 16 weeks and is fully paid."

    @pytest.mark.parametrize(
        "cheat",
        [
            QUESTION,
            f"You ask: {QUESTION}",
            PASSAGES[0],
            "\n".join(PASSAGES),
            "\n".join(PASSAGES[::-1]),
            "I do not know.",
            "",
        ],
    )
    def test_a_cheat_is_worth_less_than_half_an_answer(self, cheat: str):
        assert right(cheat) < 0.05 < 0.5 < right(self.HONEST)

    @pytest.mark.parametrize("answer", [EXPECTED, HONEST])
    @pytest.mark.parametrize("padding", [*PASSAGES, "\n".join(PASSAGES), PASSAGES[1][:200], "Ask the moon and stars."])
    def test_padding_lowers(self, answer: str, padding: str):
        assert right(f"{answer}\n{padding}") < right(answer)
        assert right(f"{padding}\n{answer}") < right(answer)

    def test_what_no_text_holds_costs_more_than_what_one_does(self):
        held, invented = (
            "The employer pays its share of the premium.",
            "The chairman sends flowers and chocolate boxes.",
        )
        assert right(f"{self.HONEST} {invented}") < right(f"{self.HONEST} {held}") < right(self.HONEST)

    def test_the_expected_answer_is_right_even_where_it_is_a_passage(self):
        assert right(PASSAGES[0], PASSAGES[0]) == 1


class TestWhatIsExpected:
    def test_the_expected_answer_itself_is_1(self):
        assert right(EXPECTED) == right(f"{EXPECTED} [1]") == 1

    @pytest.mark.parametrize(
        ("answer", "expected", "question"),
        [
            ("You get $500.", "$500", "What is the deductible?"),
            ("The deductible is 500 dollars a year.", "$500", "What is the deductible?"),
            ("It lasts 14 days.", "two weeks", "How long does it last?"),
            ("Conrad Röntgen got it.", "Wilhelm Conrad Rontgen", "Who got the first Nobel Prize?"),
            ("It is part of the Himalayan range.", "Himalayas", "Which range is Mount Everest part of?"),
            ("Yes, it is covered.", "Yes", "Is dental care covered?"),
            ("Dental care is covered.", "Yes", "Is dental care covered?"),
            ("It is not covered.", "No", "Is dental care covered?"),
            ("The Who played it.", "The Who", "Which band played it?"),
            ("Zwei Wochen, also 14 Tage.", "14 Tage", "Wie lange dauert es?"),
            ("有給休暇は二十日です。", "二十日", "有給休暇は何日ですか。"),
        ],
    )
    def test_short_answers_are_compared_as_such(self, answer: str, expected: str, question: str):
        assert right(answer, expected, question=question, contexts=[]) > 0.75

    @pytest.mark.parametrize(
        ("answer", "expected", "question"),
        [
            ("It lasts 15 days.", "two weeks", "How long does it last?"),
            ("No, it is not.", "Yes", "Is dental care covered?"),
            ("It is not covered.", "Yes", "Is dental care covered?"),
            ("It is covered in full.", "No", "Is dental care covered?"),
            ("Is dental care covered?", "Yes", "Is dental care covered?"),
            ("No, employees pay all of it.", "Yes, employees pay all of it.", "Do employees pay?"),
            ("Employees may not take their leave in parts.", "Employees may take their leave in parts.", "How?"),
            ("The fee is higher in winter than in summer.", "The fee is lower in winter than in summer.", "When?"),
        ],
    )
    def test_the_opposite_is_wrong(self, answer: str, expected: str, question: str):
        assert right(answer, expected, question=question, contexts=[]) <= 0.25

    def test_another_number_is_worse_than_none(self):
        wrong, vague = right("It takes 18 weeks and is fully paid."), right("It takes weeks and is fully paid.")
        assert wrong < vague < right("It takes 16 weeks and is fully paid.")

    def test_of_several_expected_answers_the_best_counts(self):
        assert right("It takes 16 weeks.", "Twelve months", "16 weeks") == right("It takes 16 weeks.", "16 weeks") > 0.8

    def test_a_text_without_full_stops_takes_no_time(self):
        started = time.thread_time()
        right("alpha beta gamma " * 3000, "alpha beta x y z", contexts=["alpha beta delta " * 3000])
        assert time.thread_time() - started < 5

    def test_every_fact_must_be_there(self):
        facts = ["It takes 16 weeks.", "Notice is given two months before."]
        both, one, none = (
            right(answer, facts=facts)
            for answer in (
                "It takes 16 weeks, and notice is given two months before.",
                "It takes 16 weeks.",
                "It is paid by the manager.",
            )
        )
        assert none < one < both
        assert both > 0.9
        assert one < 0.7

    def test_nothing_expected_is_unscored(self):
        assert correctness("16 weeks", (), QUESTION) is correctness("16 weeks", ("  ",), QUESTION) is None
        assert correctness("16 weeks", (), QUESTION, facts=["16 weeks"])

    def test_a_false_premise_corrected_is_right(self):
        question = "How many days of sabbatical do staff get after the first year?"
        expected = "There is no sabbatical after the first year; it is given after the fifth."
        contexts = ["A sabbatical of 20 days is given after the fifth year."]
        corrected = "Staff get no sabbatical after the first year; it is only given after the fifth year."
        assert right(corrected, expected, question=question, contexts=contexts) > 0.6
        taken = "Staff get 20 days of sabbatical after the first year."
        assert right(taken, expected, question=question, contexts=contexts) < 0.3


class TestRefusals:
    @pytest.mark.parametrize(
        "refusal",
        [
            "I don't know.", "Das weiß ich leider nicht.", "Die Dokumente enthalten dazu keine Angaben.",
            "Je ne sais pas.", "Los documentos no lo mencionan.", "I documenti non contengono questa informazione.",
        ],
    )  # fmt: skip
    def test_a_refusal_is_no_right_answer(self, refusal: str):
        assert right(refusal) == 0
        assert right(refusal, "The documents do not say it.") == 1

    def test_what_follows_a_refusal_counts(self):
        assert right("I do not know exactly. However, it takes 16 weeks and is fully paid.") > 0.5


class TestContradiction:
    EVIDENCE = "Northwind Standard members pay a copay of $30 after the deductible is met."

    @pytest.mark.parametrize(
        ("claim", "reason"),
        [
            ("Northwind Standard members pay a copay of $40 after the deductible is met.", "number"),
            ("Contoso Premium members pay a copay of $30 after the deductible is met.", "name"),
            ("Northwind Standard members do not pay a copay of $30 after the deductible is met.", "negation"),
            ("Northwind Standard members pay a copay of $30 before the deductible is met.", "comparison"),
            ("Northwind Standard members pay a copay of $30 once the deductible is met.", ""),
            ("Members of Northwind Standard pay $30.", ""),
        ],
    )
    def test_what_a_claim_says_otherwise_is_named(self, claim: str, reason: str):
        assert contradiction(claim, self.EVIDENCE, self.EVIDENCE) == reason
        assert contradiction(self.EVIDENCE, self.EVIDENCE, self.EVIDENCE) == ""

    @pytest.mark.parametrize(
        ("claim", "turned"),
        [
            ("It is more affordable to see an out-of-network provider than an in-network provider.", True),
            ("It is more affordable to see an in-network provider than an out-of-network provider.", False),
            ("Out-of-network providers charge lower rates than in-network providers.", True),
            ("Out of network providers charge higher rates than in network providers.", False),
        ],
    )
    def test_which_of_two_is_more_is_seen(self, claim: str, turned: bool):
        evidence = "In-network providers charge lower rates than out-of-network providers."
        assert bool(contradiction(claim, evidence)) == turned


class TestClaims:
    TEXTS = (
        "Staff at Larkspur have 30 days of leave. Leave must be taken by March.",
        "The canteen is open from 11 to 14. It does not serve dinner.",
    )

    def test_a_claim_is_held_by_a_sentence_of_the_texts(self):
        (one,) = claims("Staff at Larkspur have 30 days of leave [1].", self.TEXTS)
        assert (one.support, one.reason, one.supported) == (1.0, "", True)

    @pytest.mark.parametrize(
        ("claim", "reason"),
        [
            ("Staff at Larkspur have 25 days of leave.", "number"),
            ("The canteen does serve dinner.", "negation"),
            ("No leave must be taken by March.", "negation"),
            ("Leave must be taken by April.", "name"),
            ("Bicycles are welcome in the yard.", "not found"),
        ],
    )
    def test_a_claim_that_the_texts_do_not_hold_says_why(self, claim: str, reason: str):
        (one,) = claims(claim, self.TEXTS)
        assert (one.reason, one.supported) == (reason, False)

    def test_faithfulness_is_the_mean_support_by_words(self):
        answer = "Staff at Larkspur have 30 days of leave. Unicorns dance every night until morning. Is that clear?"
        assert faithfulness(answer, self.TEXTS) == pytest.approx(5 / 10)

    def test_what_claims_nothing_has_no_faithfulness(self):
        assert faithfulness("I don't know.", self.TEXTS) is None
        assert faithfulness("", self.TEXTS) is None
        assert faithfulness("The canteen is open.", ()) == 0
