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
    "Leider kann ich Ihre Frage nicht beantworten.",
    "Je n'ai pas trouvé cette information dans les documents.",
    "Les documents fournis ne contiennent pas cette information.",
    "No se menciona en los documentos.",
    "Non è specificato nei documenti.",
    "Isso não é mencionado nos documentos.",
    "Dat staat niet in de documenten.",
    "Ik kan deze vraag niet beantwoorden.",
    "En tiedä.",
    "Nem tudom.",
    "Nu știu.",
    "Δεν γνωρίζω.",
    "لا أعرف.",
    "לא יודע.",
    "Saya tidak tahu.",
    "Tôi không biết.",
    "मुझे नहीं पता।",
    "В документах это не указано.",
    "Документы не содержат информации об этом.",
    "W dokumentach nie ma informacji na ten temat.",
    "V dokumentech to není uvedeno.",
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
    "Das Dokument muss nicht unterschrieben werden, die Angabe des Datums genügt.",
    "In den Unterlagen steht nicht 20, sondern 25 Tage.",
    "Informationen werden nicht an Dritte weitergegeben.",
    "Ich kann die Reise nicht vor März antreten.",
    "Der Vertrag enthält keine Klausel zur Miete.",
    "Nous n'avons pas de cantine.",
    "Je n'ai pas de frais à payer.",
    "Les informations ne sont pas transmises à des tiers.",
    "No se puede responder por correo electrónico.",
    "No hay datos personales en el archivo.",
    "El texto no puede superar 200 palabras.",
    "Il documento non deve essere firmato.",
    "Документы не содержат персональных данных.",
    "Der Text darf nicht länger als 200 Wörter sein.",
    "文件不包括附件。",
    "Os documentos não precisam ser assinados.",
    "Dokumentet innehåller inga personuppgifter.",
    "Je ne sais pas, mais le délai est de 14 jours.",
    "Les documents ne contiennent pas d'amiante.",
    "Je ne peux pas annuler le contrat.",
]


@pytest.mark.parametrize("reply", REFUSALS)
def test_a_refusal_is_recognised_in_the_language_of_the_documents(reply: str):
    assert declines(reply)


def test_a_long_sentence_is_no_refusal_and_takes_no_time():
    started = time.thread_time()
    assert not declines("die dokumente nicht keine " * 2000)
    assert time.thread_time() - started < 2


@pytest.mark.parametrize("reply", ANSWERS)
def test_an_answer_that_says_no_is_no_refusal(reply: str):
    assert not declines(reply)
