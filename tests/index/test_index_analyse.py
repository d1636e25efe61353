"""Texts become terms: folded, stemmed by language, in pairs where no spaces are, whole and in parts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoville.index.analyse import STEMMERS, analyse, question_terms

LAW = settings(max_examples=200, deadline=None, derandomize=True, database=None)


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "Leaving policies", "leave policy"),
        ("en", "ＦＵＬＬ ﬁne", "full fine"),
        ("en", "cafés naïve Ærø", "cafe naive aero"),
        ("en", "Ash’s", "Ash's"),
        ("de", "Häuser Straßen", "haus strasse"),
        ("de", "Müller", "mueller"),
        ("fr", "MANGÉ", "mange"),
        ("fr", "chevaux", "cheval"),
        ("es", "vacaciones", "vacación"),
        ("it", "ferie", "feria"),
        ("sv", "böckerna", "bocker"),
        ("ru", "отпуска ещё", "отпуск еще"),
        ("el", "Άδειες", "άδεια"),
        ("tr", "İZİN", "izin"),
        ("ar", "الإِجَازَة", "الإجازة"),
        ("", "leaving", "leave"),
    ],
)
def test_words_that_say_the_same_are_one_term(language: str, one: str, other: str):
    assert analyse(one, language) == analyse(other, language) != []


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("e-mail", "e mail email"), ("ISO/IEC-27001", "iso iec 27001 isoiec27001"),
        ("HR-2024-017", "hr 2024 017 hr2024017"), ("ISO27001", "iso27001 iso 27001"), ("v2.1.3", "v2 1 3 v2.1.3"),
        ("1,000,000", "1000000"), ("1.000.000", "1000000"),
        ("3.14", "3.14"), ("3,14.", "3.14"), ("2024-03-01", "2024 03 01 20240301"), ("12:30", "12 30 1230"),
        ("C++ C#", "c c++ c c#"), ("R&D", "r d rd"), ("U.S.A.", "u s a usa"), ("snake_case", "snake case snakecas"),
        ("don't", "don t"), ("a@b.com", "a b com abcom"), ("4f3a9c2b1d", "4f3a9c2b1d"), ("½", "1 2"),
    ],
)  # fmt: skip
def test_codes_and_numbers_are_whole_and_in_parts(text: str, terms: str):
    assert analyse(text, "en") == terms.split()


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("休暇", "休 暇 休暇"), ("年", "年"), ("휴가는", "휴 가 는 휴가 가는"), ("วันลา", "วั น ล า วัน นล ลา"),
        ("2024年に", "2024 年 に 年に"), ("カフェ", "カ フ ェ カフ フェ"),
    ],
)  # fmt: skip
def test_scripts_without_spaces_become_pairs(text: str, terms: str):
    assert analyse(text, "ja") == terms.split()


def test_marks_do_not_cut_words():
    assert len(analyse("हिन्दी में", "hi")) == 2
    assert analyse("soft\u00adhyphen", "en") == analyse("softhyphen", "en")


def test_an_acronym_is_not_the_common_word():
    assert "IT" in analyse("The IT department", "en")
    assert "IT" not in analyse("It is.", "en")
    assert question_terms("What is the IT policy of WHO?", ["en"]) == ["IT", "polici", "WHO"]


@pytest.mark.parametrize(
    ("question", "languages", "terms"),
    [
        ("What is the leave?", ["en"], "leav"),
        ("to be or not to be", ["en"], "to be or not"),
        ("Wie lange ist der Urlaub?", ["de"], "lang urlaub"),
        ("Wie lange ist der Urlaub?", ["en", "de"], "lang urlaub"),
        ("quelle est la durée du congé", ["fr"], "dur cong"),
        ("leaving houses", ["en", "de"], "leav hous leaving"),
        ("leave", [], "leav"),
        ("leave", ["", "en"], "leav"),
        ("休暇", ["ja"], "休暇"),
        ("年", ["ja"], "年"),
        ("leave leave", ["en"], "leav"),
        ("?!", ["en"], ""),
    ],
)
def test_a_question_is_searched_in_the_languages_of_the_index_without_common_words(
    question: str, languages: list[str], terms: str
):
    assert question_terms(question, languages) == terms.split()


@given(text=st.text(max_size=80), language=st.sampled_from(["", "xx", "ja", *STEMMERS]))
@LAW
def test_any_text_has_terms_without_white_space(text: str, language: str):
    terms = analyse(text, language)
    assert all(term and len(term) <= 64 * 4 and not any(sign.isspace() for sign in term) for term in terms)
    if any(sign.isascii() and sign.isalnum() for sign in text):
        assert terms


@given(text=st.text(max_size=60), language=st.sampled_from(["en", "de", "ja", "ru"]))
@LAW
def test_a_text_is_found_by_itself(text: str, language: str):
    terms = analyse(text, language)
    assert bool(set(question_terms(text, [language])) & set(terms)) == bool(terms)
