import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoville.personal import HIDDEN, find_personal, redact

LAW = settings(max_examples=200, deadline=None, derandomize=True, database=None)


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("Write to ada.finch+hr@post.example.co.uk, please.", "Write to [e-mail], please."),
        ("Pay to DE89 3704 0044 0532 0130 00 today", "Pay to [IBAN] today"),
        ("my IBAN is GB82WEST12345698765432.", "my IBAN is [IBAN]."),
        ("card 4111 1111 1111 1111, or 5500-0000-0000-0004", "card [card], or [card]"),
        ("My SSN is 078-05-1120.", "My SSN is [social security number]."),
        ("NI number QQ 12 34 56 C and AB123456C", "NI number QQ 12 34 56 C and [national insurance number]"),
        ("ring 01632 960114 or +44 1632 960152 or (425) 555-0143", "ring [phone] or [phone] or [phone]"),
        ("ring +1-425-555-0143, 425.555.0143 or 030/1234567", "ring [phone], [phone] or [phone]"),
    ],
)
def test_each_kind_is_found_in_the_forms_that_people_write(text: str, hidden: str):
    assert redact(text) == hidden


@pytest.mark.parametrize(
    "text",
    [
        "The deductible is $1,000 for 2026-01-05, 12/31/2026 and 31.12.2026.",
        "Policy LX-2024-000123, clause 4.2.1, page 12, version 7.2",
        "GB82WEST12345698765431 has a wrong check digit, and so has 4111 1111 1111 1112",
        "Between 2019 and 2024 revenue rose from 1,234,567,890 to 2 345 678 901.",
        "It takes 10-14 days; form EX-2; 9am to 5pm; 000-12-3456 is no number of a person.",
        "0.123456789 and 3.14159265358979",
    ],
)
def test_dates_sums_codes_and_wrong_check_digits_stay(text: str):
    assert redact(text) == text


def test_names_of_a_list_are_found_as_whole_words_in_any_case():
    names = ("Juniper Ashgrove", "Ash")
    assert redact("Did JUNIPER  ashgrove or Ash pay? Ashes.", names) == "Did [name] or [name] pay? Ashes."


@given(text=st.text(alphabet="a1 @.+-()/[]0AB9DE8é\n", max_size=120), names=st.lists(st.just("a1"), max_size=1))
@LAW
def test_what_was_hidden_is_not_hidden_again_and_spans_do_not_overlap(text: str, names: list[str]):
    found = find_personal(text, names)
    assert all(one.end <= after.start for one, after in zip(found, found[1:], strict=False))
    assert len(HIDDEN.findall(redact(text, names))) >= len(found)


@pytest.mark.parametrize("piece", ["1", "1 ", "a", "a.", "a@", "(0", "+1", "AB12", "DE89 3704 ", "-"])
def test_hostile_texts_take_linear_time(piece: str):
    started = time.thread_time()
    redact(piece * (20_000 // len(piece)))
    assert time.thread_time() - started < 0.5
