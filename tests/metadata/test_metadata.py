import json
import time
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from scoville.metadata import describe_document
from scoville.metadata.text import own_date
from scoville.recipe import Metadata
from scoville.types import Document, Element, Scalar


def document(*paragraphs: str, source: str = "policies/hr/2024/leave.md", **known: Scalar) -> Document:
    text = "\n\n".join(paragraphs)
    elements: list[Element] = []
    start = 0
    for paragraph in paragraphs:
        elements.append(Element(kind="paragraph", start=start, end=start + len(paragraph)))
        start += len(paragraph) + 2
    return Document(
        id="0" * 64, source=source, media_type="text/markdown", title="Leave", text=text, elements=tuple(elements),
        metadata=known,
    )  # fmt: skip


def settings(*rules: dict[str, str], **keys: Any) -> Metadata:
    return Metadata.model_validate_json(json.dumps({"rules": rules, **keys}))


def described(read: Document, *rules: dict[str, str], **keys: Any) -> dict[str, Scalar]:
    return dict(describe_document(read, settings(*rules, **keys)).metadata)


# Rules


def test_the_named_groups_of_a_rule_become_keys_with_typed_values():
    rule = {"match": r"policies/(?P<department>\w+)/(?P<year>\d{4})"}
    found = described(document("Text."), rule)
    assert (found["department"], found["year"]) == ("hr", 2024)


@pytest.mark.parametrize(
    ("written", "value"),
    [("7", 7), ("-3", -3), ("2.50", 2.5), ("007", "007"), ("1.2.3", "1.2.3"), ("1" * 20, "1" * 20)],
)
def test_numbers_are_numbers_and_names_of_digits_are_not(written: str, value: Scalar):
    found = described(document(f"Clause {written} holds."), {"on": "text", "match": r"Clause (?P<clause>\S+)"})
    assert found["clause"] == value
    assert type(found["clause"]) is type(value)


def test_a_rule_that_finds_nothing_adds_nothing():
    assert "year" not in described(document("Text."), {"match": r"archive/(?P<year>\d+)"})
    assert "part" not in described(document("Text."), {"match": r"policies(?P<part>-\d+)?"})


def test_a_later_rule_beats_an_earlier_one_and_both_beat_the_file():
    rules = [{"match": "(?P<author>hr)"}, {"match": "(?P<author>policies)"}]
    assert described(document("Text.", author="Ada Example"), *rules)["author"] == "policies"


def test_a_rule_that_would_take_for_ever_is_left_out_with_a_warning():
    started = time.process_time()
    found = describe_document(
        document("a" * 5000), settings({"on": "text", "match": "(?P<key>(a|a|aa)+)$b"}, {"match": "(?P<top>policies)"})
    )
    assert time.process_time() - started < 5
    assert found.metadata["top"] == "policies"
    assert "key" not in found.metadata
    (warning,) = found.warnings
    assert "(a|a|aa)+" in warning and "left out" in warning


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"match": "("}, "no regular expression"),
        ({"match": "year"}, "no named group"),
        ({"match": "(?P<year>x)", "from": "y"}, "Extra inputs"),
    ],
)
def test_a_rule_that_cannot_work_is_refused_with_the_recipe(rule: dict[str, str], reason: str):
    with pytest.raises(ValidationError, match=reason):
        settings(rule)


# The text


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("Effective 1 March 2024, this policy", "2024-03-01"),
        ("Effective date: March 1, 2024", "2024-03-01"),
        ("Last updated 2024-03-01", "2024-03-01"),
        ("Version of March 2024", "2024-03"),
        ("Stand: 1. März 2024", "2024-03-01"),
        ("Stand 01.03.2024", "2024-03-01"),
        ("Publié le 3 août 2023", "2023-08-03"),
        ("Revised 25/12/2023", "2023-12-25"),
        ("Issued 12/25/2023", "2023-12-25"),
        ("Revised 03/04/2023", ""),
        ("Effective 2024-02-31 and updated 2024-03-02", "2024-03-02"),
        ("The battle of 1 March 1815 was long ago", ""),
        ("Updated 99/99/2024", ""),
        ("", ""),
    ],
)
def test_the_date_of_a_document_is_one_that_it_calls_its_own(text: str, date: str):
    assert own_date(text) == date


def test_names_amounts_and_identifiers_are_kept_by_frequency():
    found = described(
        document(
            "The Blue Harbour plan costs $1,250.00 a year. With Blue Harbour you pay £20 at each visit.",
            "Fernhill Mutual Ltd issues policy POL-2024-001. The Blue Harbour plan costs $1,250.00 for all.",
        )
    )
    assert found["entities"] == "Blue Harbour; Fernhill Mutual Ltd"
    assert found["amounts"] == "$1,250.00; £20"
    assert found["identifiers"] == "POL-2024-001"
    assert found["language"] == "en"


def test_no_more_entities_are_kept_than_asked():
    text = " ".join(f"We met Ada Example{number} and Ada Example{number}." for number in range(20))
    assert len(str(described(document(text), entities=3)["entities"]).split("; ")) == 3
    assert "entities" not in described(document(text), entities=0)


def test_what_the_file_says_beats_its_text():
    text = "Author: Ada Example\nEffective 2024-03-01. The plan is for all of us and for you."
    assert described(document(text))["author"] == "Ada Example"
    found = described(document(text, author="Bo Sample", language="en-GB"))
    assert (found["author"], found["date"], found["language"]) == ("Bo Sample", "2024-03-01", "en")


def test_the_text_is_left_alone_when_the_recipe_says_so():
    text = "Author: Ada Example\nEffective 2024-03-01. The plan is for all of us and for you."
    assert described(document(text), text=False) == {}


def test_the_number_of_pages_is_known():
    assert described(replace(document("Text."), pages=3))["pages"] == 3


# A model


def test_a_model_adds_what_stands_in_the_document():
    reply = (
        'Here it is: {"author": "Ada Example", "date": "2024-03-01", "subject": "Leave of staff", '
        '"entities": ["Fernhill", "Invented Company"]} Done.'
    )
    prompts: list[str] = []

    def ask(prompt: str) -> str:
        prompts.append(prompt)
        return reply

    read = document("Written by Ada Example for Fernhill.", author="python")
    found = describe_document(read, settings(), ask=ask)
    assert "Written by Ada Example" in prompts[0]
    assert found.metadata["author"] == "Ada Example"
    assert found.metadata["entities"] == "Fernhill"
    assert found.metadata["subject"] == "Leave of staff"
    assert not found.warnings


@pytest.mark.parametrize("reply", ["", "I cannot.", "{not json}", "{" * 1000, "[1]"])
def test_a_reply_that_cannot_be_read_is_a_warning(reply: str):
    found = describe_document(document("Text."), settings(), ask=lambda _prompt: reply)
    assert "no JSON object" in found.warnings[0]


def test_values_of_a_wrong_type_are_left_out():
    reply = '{"author": 3, "date": "soon", "subject": null, "entities": "Fernhill"}'
    found = describe_document(document("Fernhill."), settings(text=False), ask=lambda _prompt: reply)
    assert found.metadata == {}
