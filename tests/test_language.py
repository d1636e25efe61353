import pytest

from conftest import quickest
from scoville.language import detect_language

SENTENCES = {
    "en": "The policy covers damage to your home and its contents, unless it was caused by wear and tear.",
    "de": "Die Versicherung ersetzt den Schaden an Ihrem Haus, wenn er nicht durch Abnutzung entstanden ist.",
    "fr": "L'assurance couvre les dommages à votre maison, sauf s'ils sont dus à l'usure normale des biens.",
    "es": "El seguro cubre los daños en su casa, siempre que no sean causados por el uso normal de los bienes.",
    "it": "La polizza copre i danni alla casa, ma non quelli che sono causati dall'uso normale degli oggetti.",
    "pt": "O seguro cobre os danos à sua casa, desde que não sejam causados pelo uso normal dos bens e também da água.",
    "nl": "De verzekering vergoedt de schade aan uw huis, maar niet als deze door slijtage is ontstaan.",
    "sv": "Försäkringen ersätter skador på ditt hus, om de inte har uppstått genom normalt slitage och är plötsliga.",
    "da": "Forsikringen dækker skader på dit hus, hvis de ikke er sket ved slid, og hvad der ellers blev nævnt af os.",
    "no": "Forsikringen dekker skader på huset ditt, hvis de ikke er oppstått av slitasje og hva som ellers ble nevnt.",
    "fi": "Vakuutus korvaa talon vahingot, jos ne eivät ole aiheutuneet kulumisesta tai jos se on niin.",
    "pl": "Ubezpieczenie pokrywa szkody w domu, jeśli nie są one spowodowane przez normalne zużycie, i to jest ważne.",
    "cs": "Pojištění kryje škody na domě, pokud nejsou způsobeny běžným opotřebením, které je podle smlouvy už možné.",
    "hu": "A biztosítás megtéríti a házban keletkezett kárt, ha az nem a használat miatt van, és ezt kell igazolni.",
    "ro": "Asigurarea acoperă daunele la casă, dacă nu sunt cauzate de uzură, și este valabilă pentru toate camerele.",
    "tr": "Sigorta, evinizdeki hasarı karşılar, ancak bu hasar kullanım için değil ve çok sonra ise ödeme olmaz.",
    "vi": "Bảo hiểm bồi thường thiệt hại cho ngôi nhà của bạn, nếu không phải do hao mòn và được báo trong một tháng.",
    "id": "Asuransi ini menanggung kerusakan pada rumah Anda, jika tidak disebabkan oleh keausan yang wajar dan usia.",
    "ru": "Страховка покрывает ущерб вашему дому, если он не был вызван износом, и это было указано в договоре.",
    "uk": "Страховка покриває збитки вашого будинку, якщо він не був пошкоджений через знос, і це було вказано.",
    "ar": "يغطي التأمين الأضرار التي لحقت بالمنزل في هذا العام، إلى أن ينتهي العقد مع الشركة.",
    "fa": "بیمه خسارت خانه را می‌پردازد، اما نه آن را که از کهنگی است و در این قرارداد یک شرط دارد.",
    "el": "Η ασφάλιση καλύπτει τις ζημιές στο σπίτι σας.",
    "he": "הביטוח מכסה את הנזק לבית שלך.",
    "hi": "बीमा आपके घर के नुकसान को कवर करता है।",
    "th": "ประกันภัยคุ้มครองความเสียหายต่อบ้านของคุณ",
    "ja": "保険は、あなたの家の損害を補償します。",
    "ko": "보험은 주택의 손해를 보상합니다.",
    "zh": "保险赔偿您房屋的损失，磨损除外。",
}


@pytest.mark.parametrize("language", SENTENCES)
def test_a_sentence_tells_its_language(language: str):
    assert detect_language(SENTENCES[language]) == language


@pytest.mark.parametrize("language", SENTENCES)
def test_capitals_do_not_matter(language: str):
    assert detect_language(SENTENCES[language].upper()) in (language, "")


@pytest.mark.parametrize("text", ["", " \n", "1,250.00 | 3/4", "😀 😀", "Xyzzy Plugh", "\ud800", "\x00" * 50, "QX-20"])
def test_what_is_no_language_is_told_as_none(text: str):
    assert detect_language(text) == ""


def test_a_foreign_word_does_not_change_the_language_of_a_page():
    assert detect_language(f"{SENTENCES['en']} The German word is Versicherungsbedingungen. {SENTENCES['en']}") == "en"
    assert detect_language(f"{SENTENCES['en']} 保险") == "en"


@pytest.mark.parametrize("question", ["wat is covered?", "Wat is vision coverage", "wat is the deductible?", "Wat is"])
def test_what_may_be_misspelt_is_not_taken_for_dutch(question: str):
    assert detect_language(question) in ("en", "")


@pytest.mark.parametrize("question", ["Wat is mijn eigen risico?", "Wat kost een paspoort?", "Wat is een dienst?"])
def test_a_short_question_in_dutch_is_dutch(question: str):
    assert detect_language(question) == "nl"


def test_a_long_text_takes_no_longer_than_its_sample():
    text = SENTENCES["fr"] * 100_000
    assert detect_language(text) == "fr"
    assert quickest(lambda: detect_language(text)) < 0.1
