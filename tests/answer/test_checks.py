"""What a passage says otherwise than a claim that has its words."""

from collections.abc import Sequence

import pytest

from scoville.answer.grounding import Grounded, ground
from scoville.evaluate.result import result_of
from scoville.extract.reader import Span
from scoville.types import Hit, Passage

DEDUCTIBLE = "The calendar year deductible is $1,500 for individuals and $3,000 for families."
COPAY = "Primary care visits cost about $20, while specialist visits have a copayment of about $50."
TABLE = """| Benefit | Any one claim | Whole period |
| --- | --- | --- |
| Towing | £500 | £1,000 |
| Keys | £600 | £1,200 |"""
LIMITS = "| Cover starts 1 March 2026, 00:01 | Cover ends 28 February 2027, 23:59 |"
PLANS = "Larkspur Plus covers generic and specialty drugs, while Larkspur Basic only covers generic drugs."
LISTED = "What is not covered?\n\nThese are not covered:\n\n- Food and supplements\n\n- Medical treatment\n\nAsk us."


def hit(text: str, language: str = "") -> Hit:
    passage = Passage(
        id="p", source="a.pdf", document_id="d", title="", media_type="", start=0, end=len(text), text=text,
        language=language,
    )  # fmt: skip
    return Hit(passage=passage, score=1.0, legs={})


def said(claim: str, text: str, question: str = "", language: str = "") -> Grounded:
    return ground(f"{claim} [1]", [hit(text, language)], 0.5, question)


@pytest.mark.parametrize(
    ("text", "true", "false", "reason"),
    [
        ("You can expense up to $1000 for gyms.", "You can expense up to $1,000 for gyms.",
         "You can expense up to $1,000 every month for gyms.", "period"),
        ("Reviews are conducted annually.", "Reviews are conducted once a year.", "Reviews are conducted quarterly.",
         "period"),
        ("The plan pays $1,500 every 3 years for aids.", "The plan pays $1,500 every three years for aids.",
         "The plan pays $1,500 every year for aids.", "period"),
        (DEDUCTIBLE, "The deductible is $1,500 for individuals and $3,000 for families.",
         "The deductible is $3,000 for individuals and $1,500 for families.", "row"),
        (DEDUCTIBLE, "A family has a deductible of $3,000.", "A family has a deductible of $1,500.", "row"),
        (COPAY, "Specialist visits have a copayment of about $50.", "Specialist visits have a copayment of about $20.",
         "row"),
        (TABLE, "Towing costs up to £500 in any one claim.", "Towing costs up to £1,000 in any one claim.",
         "row"),
        (TABLE, "Keys cost up to £600 in any one claim.", "Keys cost up to £500 in any one claim.",
         "row"),
        (LIMITS, "Cover starts on 2026-03-01.", "Cover ends on March 1, 2026.", "row"),
        ("Last Updated: 2023-03-05", "It was last updated on 5 March 2023.", "It was last updated on 3 May 2023.",
         "number"),
        ("Send it within two weeks.", "Send it within 14 days.", "Send it within 15 days.", "number"),
        ("Keep calls for 24 months.", "Calls are kept for two years.", "Calls are kept for one year.", "number"),
        ("The office opens on Tuesday.", "The office opens on Tuesday.", "The office opens on Thursday.", "number"),
        ("Ask at least four weeks ahead.", "Ask at least 28 days ahead.", "Ask at most 28 days ahead.", "bound"),
        ("Refusals of more than £2,000 need a reader.", "Refusals of more than £2,000 need a reader.",
         "Refusals of less than £2,000 need a reader.", "bound"),
        ("You can buy cover up to 48 hours after collecting the car.",
         "Cover can be bought up to two days after collecting the car.",
         "Cover can be bought up to two days before collecting the car.", "order"),
        ("If you choose to report anonymously, you may do so by calling the hotline.",
         "You may report anonymously by calling the hotline.",
         "You may not report anonymously by calling the hotline.", "negation"),
        ("Preventive care is exempt from the deductible.", "Preventive care is exempt from the deductible.",
         "Preventive care is not exempt from the deductible.", "negation"),
        ("The COO reports to the CEO and works with the board.", "The COO reports to the CEO.",
         "The CEO reports to the COO.", "contradiction"),
        ("Larkspur Plus offers more cover than Larkspur Basic.", "Larkspur Plus offers more cover than Larkspur Basic.",
         "Larkspur Basic offers more cover than Larkspur Plus.", "contradiction"),
        (PLANS, "Larkspur Plus covers specialty drugs.", "Larkspur Basic covers specialty drugs.", "name"),
        (LISTED, "Food and supplements are not covered.", "Food and supplements are covered.", "negation"),
    ],
)  # fmt: skip
def test_a_claim_holds_until_one_thing_of_it_is_changed(text: str, true: str, false: str, reason: str):
    (held,), (doubted,) = said(true, text).citations, said(false, text).citations
    assert (held.state, held.reason) == ("supported", "")
    assert (doubted.state, doubted.reason, doubted.verified) == ("unsupported", reason, False)


@pytest.mark.parametrize("heading", ["What is Not Covered?", "Medical treatment that is not covered"])
def test_a_heading_is_no_evidence(heading: str):
    text = f"{heading}\n\nThe plan pays for visits to a doctor."
    assert not said("Medical treatment is not covered.", text, "Is medical treatment covered?").found


def test_a_weaker_sentence_does_not_rescue_what_the_best_one_denies():
    text = "We will not sell your personal information. We use personal information to improve our services."
    assert not said("We will sell your personal information.", text).found


def test_a_word_that_no_passage_has_leaves_a_claim_unchecked():
    (citation,) = said(
        "We pay within five days of our decision by cheque.", "We pay within five days of our decision by transfer."
    ).citations  # noqa: E501
    assert (citation.state, citation.verified) == ("unchecked", False)
    assert citation.quote.endswith("by transfer.")


def test_what_is_in_another_language_is_not_checked():
    text = "Der Selbstbehalt beträgt 500 Euro je Schaden."
    assert said("Der Selbstbehalt beträgt 500 Euro.", text, language="de").citations[0].state == "unchecked"


def test_one_quote_is_cited_once():
    hits = [hit("You may cancel within 14 days of buying the policy.")]
    found = ground("You may cancel within 14 days [1]. The policy may be cancelled within 14 days.", hits, 0.5)
    assert [(one.marker, one.method) for one in found.citations] == [(1, "model")]


def test_an_answer_without_words_of_its_own_leads_in_the_next_sentence():
    hits = [hit("You pay the hire company and we pay you back.")]
    assert ground("No. You pay the hire company.", hits, 0.5).text == "No. You pay the hire company. [1]"


def test_sentences_that_are_left_out_can_be_seen():
    found = ground("You may cancel within 14 days. Pigs fly at noon.", [hit("You may cancel within 14 days.")], 0.5)
    assert (found.text, found.left_out) == ("You may cancel within 14 days. [1]", ("Pigs fly at noon.",))


def test_a_list_is_evidence_as_a_whole():
    items = "\n\n".join(f"- {name} lessons" for name in ("Skiing", "Surfing", "Riding", "Diving", "Dancing"))
    text = f"The plan covers these:\n\n{items}\n\nAsk us first."
    (citation,) = said("The plan covers skiing, surfing, riding, diving and dancing lessons.", text).citations
    assert citation.state == "supported"
    assert citation.quote.startswith("The plan covers these:") and citation.quote.endswith("Dancing lessons")


def test_a_claim_that_denies_by_the_way_is_not_the_opposite():
    text = "The plan protects you from balance billing when you visit a provider of the network."
    claim = "The plan protects you from balance billing, so you are not responsible for unexpected costs."
    assert said(claim, text).found


@pytest.mark.parametrize(
    ("number", "score", "state"),
    [("$50", 3.0, "unchecked"), ("$20", 3.0, "supported"), ("$50", -1.0, "supported")],
)
def test_the_reader_gives_a_second_opinion_on_numbers(number: str, score: float, state: str):
    asked: list[str] = []

    def read(question: str, texts: Sequence[str]) -> list[Span]:
        asked.append(question)
        at = texts[0].index(number)
        return [Span(text=0, start=at, end=at + 3, score=score, answerable=1.0, probability=0.9)]

    (citation,) = ground("Primary care visits cost about $20 [1].", [hit(COPAY)], 0.5, "", read).citations
    assert (citation.state, citation.reason) == (state, "reader" if state == "unchecked" else "")
    assert asked == ["primary care visits cost about how much?"]


def test_a_saved_citation_says_how_it_stands():
    saved = {"answer": "x", "seconds": {}, "citations": [
        {"document": "a.pdf", "quote": "q", "verified": False, "state": "unsupported", "reason": "row"},
        {"document": "a.pdf", "quote": "q", "verified": True},
    ]}  # fmt: skip
    assert [one.standing for one in result_of("c", saved).citations] == [
        "unsupported: the number is said of something else", "",
    ]  # fmt: skip
