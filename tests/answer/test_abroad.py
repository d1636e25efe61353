"""Documents in languages that the reader does not know are answered with the sentence nearest to the question."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import scoville as sc
from scoville.answer.grounding import ground
from scoville.answer.support import is_readable
from scoville.cases.files import cases_of
from scoville.models import pull
from scoville.quantities import numeric_match
from scoville.sentences import sentences
from scoville.types import Hit, Passage

HANDBOOKS = Path(__file__).parents[1] / "data" / "languages"
CASES = cases_of(HANDBOOKS / "cases.jsonl")
RIGHT = {"de": 6, "fr": 4, "es": 6, "ru": 6, "ar": 6, "ja": 6, "zh": 7}
"""Of eight questions each, at least; refused are all but one of the two without an answer."""


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sc.Bot]:
    pull("multilingual-e5-small")
    values: dict[str, Any] = {"embed.model": "multilingual-e5-small"}
    with sc.open(tmp_path_factory.mktemp("handbooks"), **values) as opened:
        opened.add(*HANDBOOKS.glob("*.md"))
        yield opened


@pytest.mark.model
@pytest.mark.parametrize("language", RIGHT)
def test_a_handbook_is_answered_in_its_language(bot: sc.Bot, language: str):
    right = unfounded = 0
    for case in (one for one in CASES if one.id.startswith(language)):
        answer = bot.ask(case.question, where=f'language = "{language}"')
        if not case.answerable:
            unfounded += not answer.refused
        elif not answer.refused:
            (citation,) = answer.citations
            right += case.expected[0] in citation.quote
            assert citation.quote in answer.text
    assert (right >= RIGHT[language], unfounded <= 1) == (True, True), (right, unfounded)


@pytest.mark.model
def test_a_question_in_another_language_than_the_documents_finds_its_sentence(bot: sc.Bot):
    answer = bot.ask("How many characters does a password need?", where='language = "es"')
    assert "16 caracteres" in answer.text


def test_sentences_end_where_no_space_follows():
    text = "試用期間は3か月です。「はい。」と言った。OK? 次。"
    assert [one.text for one in sentences(text)] == ["試用期間は3か月です。", "「はい。」", "と言った。", "OK?", "次。"]
    dates = "Er verfällt am 31. März. Das gilt z. B. für 2026."
    assert [one.text for one in sentences(dates)] == ["Er verfällt am 31. März.", "Das gilt z. B. für 2026."]


def passage(text: str, language: str) -> Hit:
    return Hit(
        passage=Passage(
            id="p", source="p.md", document_id="d", title="", media_type="", start=0, end=len(text), text=text,
            language=language,
        ),
        score=1.0, legs={},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("language", "text", "reply"),
    [
        (
            "de",
            "In dieser Zeit beträgt die Kündigungsfrist zwei Wochen.",
            "Die Frist für Kündigungen: zwei Wochen. [1]",
        ),
        ("ja", "休暇の申請は、2週間前までに上長に提出してください。", "休暇は2週間前までに申請してください。[1]"),
        ("zh", "试用期为六个月。公司每天发放120元伙食补助。", "伙食补助每天120元。"),
        ("ru", "Пароль содержит не менее 17 знаков.", "В пароле должно быть 17 знаков [1]."),
        ("ar", "تتكون كلمة المرور من 11 حرفا على الأقل.", "The password has at least 11 characters [1]."),
    ],
)
def test_what_the_checks_cannot_read_is_not_checked_and_not_refused(language: str, text: str, reply: str):
    found = ground(reply, [passage(text, language)], 0.5)
    assert [citation.state for citation in found.citations] == ["unchecked"], found


def test_a_number_that_the_passage_does_not_have_is_refused_in_any_language():
    found = ground("Die Frist beträgt 4 Wochen [1].", [passage("Die Kündigungsfrist beträgt 2 Wochen.", "de")], 0.5)
    assert not found.found
    assert not ground("每天120元。", [passage("公司每天发放100元伙食补助。", "zh")], 0.5).found


@pytest.mark.parametrize(
    "written",
    [
        "am 5. März 2026",
        "le 5 mars 2026",
        "el 5 de marzo de 2026",
        "5 марта 2026 года",
        "5 مارس 2026",
        "在2026年3月5日进行",
    ],
)
def test_a_date_is_one_date_in_any_language(written: str):
    assert numeric_match(written, "2026-03-05") == 1.0
    assert numeric_match(written, "2026-03-06") == 0.0


def test_numbers_are_read_as_they_are_written_elsewhere():
    assert numeric_match("1.200 Euro im Jahr", "€1,200") == 1.0
    assert numeric_match("年間12万円まで", "120,000") == 1.0
    assert numeric_match("发放120元补助", "120") == 1.0


@pytest.mark.model
def test_words_of_another_language_count_little(bot: sc.Bot):
    question = "Wie lange dauert die Probezeit, und gilt die Kündigung per E-Mail?"
    steps = bot.searcher().search(question, where=['language = "fr"']).steps
    assert [step.name for step in steps].count("fuse") == 2
    steps = bot.searcher().search(question, where=['language = "de"']).steps
    assert [step.name for step in steps].count("fuse") == 1


def test_one_passage_whose_language_was_told_wrongly_does_not_keep_the_reader_from_the_others():
    english, catalan = passage("The notice period is two weeks.", "en"), passage("Notice: 2 weeks", "ca")
    question = "How long is the notice period?"
    assert is_readable(question, [english, english, catalan], "reader")
    assert not is_readable(question, [english, catalan, catalan], "reader")
    assert not is_readable("Wie lange dauert die Kündigungsfrist?", [english], "reader")
    assert is_readable("Wie lange dauert die Kündigungsfrist?", [catalan], "reader:own")
