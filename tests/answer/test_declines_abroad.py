"""Refusals in the languages of the documents."""

import time

import pytest

from scoville.answer.declines import declines

REFUSALS = [
    "Das weiß ich leider nicht.",
    "Leider weiß ich das nicht.",
    "Die Dokumente enthalten dazu keine Angaben.",
    "Dazu liegen mir keine Informationen vor.",
    "Es gibt in den Unterlagen keine Informationen darüber.",
    "Diese Frage kann ich anhand der Dokumente nicht beantworten.",
    "In den Dokumenten steht dazu nichts.",
    "Aus den Unterlagen geht das nicht hervor.",
    "Je ne sais pas.",
    "Désolé, je ne trouve pas cette information.",
    "Les documents ne précisent pas ce point.",
    "Aucune information n'est disponible à ce sujet.",
    "No lo sé.",
    "Lo siento, no tengo información sobre eso.",
    "Los documentos no mencionan este tema.",
    "Non lo so.",
    "I documenti non contengono questa informazione.",
    "Não sei.",
    "Os documentos não mencionam isso.",
    "Dat weet ik niet.",
    "De documenten vermelden dit niet.",
    "Jag vet inte.",
    "Det ved jeg ikke.",
    "Dokumenten innehåller ingen information om detta.",
    "Nie wiem.",
    "Dokumenty nie zawierają informacji na ten temat.",
    "Nevím.",
    "Bu konuda bilgi bulunmuyor.",
    "Я не знаю.",
    "К сожалению, в документах нет информации об этом.",
    "文档中没有提到这一点。",
    "我不知道。",
    "申し訳ありませんが、わかりません。",
    "문서에 언급되지 않았습니다.",
    "As an AI language model, I do not have access to real-time information.",
    "It is not clear whether the plan covers it.",
    "Das kann ich nicht sagen.",
    "Nie mam informacji na ten temat.",
]
ANSWERS = [
    "Es gibt keine Garage.",
    "Der Plan deckt Zahnersatz nicht ab.",
    "Wir haben keine Kantine.",
    "Dazu ist keine Genehmigung nötig.",
    "Die Dokumente müssen nicht unterschrieben werden.",
    "Nein, das ist nicht erlaubt.",
    "On ne peut pas annuler.",
    "Le plan ne couvre pas les soins dentaires.",
    "No hay estacionamiento.",
    "El plan no cubre dentistas.",
    "Non c'è parcheggio.",
    "Il piano non copre i denti.",
    "Não há estacionamento.",
    "O plano não cobre.",
    "De documenten hoeven niet ondertekend te worden.",
    "Planen täcker inte tandvård.",
    "Nie ma parkingu.",
    "Документы не нужно подписывать.",
    "计划不包括牙科。",
    "歯科は含まれません。",
    "Ich habe 20 Tage Urlaub, aber keine Sonderzahlung.",
    "The plan does not cover dental.",
    "Les documents ne doivent pas être signés.",
    "Ich weiß das Datum nicht genau, aber die Frist beträgt 14 Tage.",
    "In den Dokumenten steht, dass 20 Tage gelten.",
    "Les documents indiquent 20 jours.",
]


@pytest.mark.parametrize("reply", REFUSALS)
def test_a_refusal_is_recognised_in_the_language_of_the_documents(reply: str):
    assert declines(reply)


def test_a_long_sentence_is_no_refusal_and_takes_no_time():
    started = time.perf_counter()
    assert not declines("die dokumente nicht keine " * 2000)
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize("reply", ANSWERS)
def test_an_answer_that_says_no_is_no_refusal(reply: str):
    assert not declines(reply)
