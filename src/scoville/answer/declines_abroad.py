"""How replies decline in languages other than English.

Enters: a sentence in small letters. Leaves: whether it says that its writer does not know, or that the documents do not
tell. A pattern names what is not known or not told ("keine Angaben", "nicht erwähnt"), so that "Es gibt keine Garage"
and "Der Plan deckt Zahnersatz nicht ab" stay answers.
"""

import re

LEAD = re.compile(
    r"(?:(?:es )?tut (?:mir|uns) leid|leider|entschuldigung|bedaure|(?:je suis )?désolée?|malheureusement|lo siento"
    r"|lamentablemente|desafortunadamente|mi dispiace|purtroppo|desculpe|lamento|infelizmente|helaas|sorry"
    r"|tyvärr|desværre"
    r"|dessverre|przykro mi|przepraszam|niestety|bohužel|üzgünüm|maalesef|к сожалению|извините|на жаль|很?抱歉|对不起"
    r"|申し訳(?:ありません|ございません)が|죄송합니다만?)(?:[,.、，:]? ?)"
    r"(?:(?:aber|mais|pero|ma|mas|maar|men|ale|но) )?"
)
_PATTERNS = (
    # German: Das weiß ich leider nicht. Die Dokumente enthalten dazu keine Angaben. Dazu liegen keine vor.
    r"(?:das |dies |es )?(?:weiß|weiss|wissen) (?:ich|wir)\b.*\bnicht\b|(?:ich|wir) (?:weiß|weiss"
    r"|wissen)\b.*\bnicht\b",
    r"(?:ich|wir|dazu|darüber|hierzu|das|diese frage|die frage)\b.*\b(?:nicht|nichts|keine?n?)\b(?: \w+)?"
    r" (?:sagen|beantworten|beantwortet|finden|gefunden|angaben?|informationen?|auskunft|antwort|bekannt"
    r"|hinweise?)\b",
    r"(?:kann|können) (?:ich|wir)\b.*\bnicht (?:beantworten|sagen|finden)\b",
    r"(?!.*\b(?:muss|müssen|darf|dürfen|soll|sollen|brauch\w*)\b)"
    r".*(?:dokument|unterlage|text|passage|kontext|quelle|auszüge|auszug|abschnitt)\w*\b.*\b(?:nicht|nichts"
    r"|keine?n?)\b.*"
    r"(?:angabe|information|auskunft|hinweis|antwort|erwähn|hervor|genannt|angegeben|beantwort|beschrieb|steh)\w*",
    r"(?:es|dazu|hierzu|darüber) (?:gibt|liegen|finde[nt] sich|lieg[et])\b.*\bkeine?\b.*(?:angabe|information"
    r"|auskunft|hinweis)\w*",
    r"(?:in|aus) den \w+ (?:steht|geht)\b.*\b(?:nicht|nichts)\b",
    # French: Je ne sais pas. Les documents ne le précisent pas. Aucune information n'est donnée.
    r"(?:je|nous) (?:ne |n['’])(?:l[ea] |l['’])?(?:sais|savons|connais)\w* (?:pas|rien)\b",
    r"(?:je|nous) (?:ne |n['’])(?:trouve|peux|pouvons|ai|avons|dispos)\w* (?:pas|aucune?|rien)\b.*"
    r"(?:information|réponse|répondre|trouv|connaissance|mention|préciser|donnée)",
    r".*(?:document|texte|passage|source|extrait|contexte)s?\b.* (?:ne |n['’]).*(?:mentionn|précis"
    r"|indiqu|di[ts]\b|répond"
    r"|(?:contien|contenn|fourni|permet|donn)\w*.*(?:information|réponse|répondre|mention|précision|détail))",
    r"(?:il n['’]y a |il n['’]existe )?(?:pas d['’]|aucune )(?:information|réponse|mention|indication)\b",
    # Spanish: No lo sé. Los documentos no lo mencionan. No hay información.
    r"(?:yo )?no (?:lo |te lo )?(?:sé|sabemos)\b|no (?:tengo|tenemos|encuentro|encontré|dispongo de|se encontró"
    r"|hay|existe)"
    r" (?:\w+ )?(?:información|respuesta|mención|datos)\b(?! personal)|no (?:puedo"
    r"|podemos) (?:responder|contestar|encontrar"
    r"|determinar)\b",
    r".*(?:documento|texto|pasaje|fuente|contexto)s? (?:\w+ )?no (?:\w+ ){0,2}"
    r"(?:mencion|indic|contien|dice|especific|proporcion|incluyen info|responde)\w*",
    # Italian: Non lo so. I documenti non lo dicono. Non ci sono informazioni.
    r"(?:io )?non (?:lo )?(?:so|sappiamo)\b|non (?:ho|abbiamo|trovo|ho trovato|ci sono|c['’]è|dispongo di) (?:\w+ )?"
    r"(?:informazion|rispost|menzion)\w*|non (?:posso|sono in grado di) (?:rispondere|trovare|determinare)\b",
    r".*(?:document|test|passagg|font|contest)[ioe]\b (?:\w+ )?non (?:\w+ ){0,2}"
    r"(?:menzion|indic|conteng|contien|dic|specific|forni|riport|rispond)\w*",
    # Portuguese: Não sei. Os documentos não mencionam. Não há informações.
    r"(?:eu )?não (?:o )?(?:sei|sabemos)\b|não (?:tenho|temos|encontrei|há|existem?) (?:\w+ )?(?:informaç"
    r"|respost|menç)\w*"
    r"|não (?:posso|consigo) (?:responder|encontrar|determinar)\b",
    r".*(?:documento|texto|trecho|fonte|contexto)s? (?:\w+ )?não (?:\w+ ){0,2}"
    r"(?:mencion|indic|cont[êeé]m|diz|especific|forne|respond)\w*",
    # Dutch: Dat weet ik niet. De documenten vermelden dat niet.
    r"(?:dat |het )?weet ik\b.*\bniet\b|(?:ik|we|wij) weten?\b.*\bniet\b"
    r"|(?:ik|we|wij|er) \w+ .*\bgeen (?:\w+ )?(?:informatie|antwoord|gegevens)\b",
    r".*(?:documenten?|teksten?|bronn?en|passages?)\b.*(?:vermeld|noem|bevat|zegg?|staa?n?|geven"
    r"|beantwoord)\w*\b.*\b(?:niet|geen|niets)\b",
    # Swedish, Danish, Norwegian: Jag vet inte. Dokumenten nämner det inte. Det ved jeg ikke.
    r"(?:det )?(?:jag|vi|jeg) (?:vet|ved)\b.*\b(?:inte|ikke)\b|det (?:vet|ved) (?:jag|jeg|vi)\b.*\b(?:inte|ikke)\b"
    r"|.*\b(?:ingen|inte någon|ikke nogen) (?:information|uppgift|oplysninger|informasjon)\w*",
    r".*(?:dokument|käll|kilde|tekst)\w* (?:nämner|innehåller|nævner|indeholder|nevner|inneholder|säger|siger"
    r"|sier)\b.*"
    r"\b(?:inte|ikke|ingen|inget)\b",
    # Polish, Czech: Nie wiem. Dokumenty nie zawierają informacji. Nevím.
    r"(?:tego )?nie (?:wiem|wiemy|wiadomo)\b|nie (?:mam|ma|znalazłem|znaleziono) (?:\w+ )?(?:informacji|odpowiedzi)\b"
    r"|.*dokument\w* nie (?:\w+ )?(?:zawiera|wspomina|podaj|określa|mówi)\w*",
    r"(?:to )?(?:nevím|nevíme)\b|.*dokument\w* (?:to )?(?:neobsahuj|neuvád|nezmiňuj)\w*",
    # Turkish, Russian, Ukrainian
    r".*\b(?:bilmiyorum|bilmiyoruz|bilgi (?:yok|bulunmuyor|bulamadım|içermiyor|yer almıyor))\b",
    r"(?:я |мы )?(?:этого )?не (?:знаю|знаем|располага\w+ информаци\w+|наш[её]л информаци\w+)|.*нет (?:\w+ "
    r")?информации\b"
    r"|.*документ\w* (?:это )?не (?:\w+ )?(?:указан|упомина|сказан"
    r"|содержа?\w* (?:\w+ )?(?:информаци|сведени|ответ))\w*",
    r"(?:я |ми )?(?:цього )?не (?:знаю|знаємо)|.*(?:немає|відсутня) (?:\w+ )?інформаці\w+"
    r"|.*документ\w* (?:це )?не (?:\w+ )?(?:вказан|згаду|міст|зазнач)\w*",
    # What is plainly "I do not know", and "it is not mentioned in the documents", in more words or languages.
    r"no se (?:menciona|indica|especifica|dice)\b.*(?:documento|texto|contexto|fuente)",
    r"non è (?:specificat|menzionat|indicat)[oaie]\b.*(?:document|test|font|contest)",
    r"(?:isso |isto )?não (?:é|está|foi) (?:mencionad|indicad|especificad)[oa]\b.*(?:documento|texto|contexto|fonte)",
    r"(?:dat|dit|het) staat niet in de (?:documenten|teksten|bronnen)|ik kan (?:deze|die|uw) vraag niet beantwoorden\b",
    r"(?:w \w+ )?nie ma informacji (?:na ten temat|o tym)|.*dokument\w* to není uveden\w*",
    r"(?:minä )?en tiedä\b|(?:ezt )?nem tudom\b|nu (?:știu|stiu)\b|δεν (?:γνωρίζω|ξέρω)\b|لا (?:أعرف|أعلم)\b"
    r"|(?:אני )?לא יודעת?\b|(?:saya )?tidak tahu\b|(?:tôi )?không biết\b|(?:मुझे )?(?:नहीं पता|पता नहीं)",
    # Chinese, Japanese, Korean
    r".*(?:我|我们)不(?:知道|清楚)|.*无法(?:回答|确定)|.*無法(?:回答|確定)|.*(?:没有|沒有|未)(?:提到|提及|说明|說明|相关信息|相關資訊|找到)",
    r".*(?:わかりません|分かりません|存じません|見つかりません(?:でした)?|記載(?:が|は|されて)?(?:ありません|いません)|情報(?:が|は)ありません)",
    r".*(?:모르겠|모릅니다|알 수 없|찾을 수 없|나와 있지 않|언급되지 않|언급이 없|정보가 없)",
)  # fmt: skip
LONGEST = 300
"""Characters: who does not know says so in a short sentence, and of long ones the patterns would take seconds."""
PATTERNS = tuple(map(re.compile, _PATTERNS))
GOES_ON = re.compile(r"[,;] ?(?:aber|sondern|jedoch|mais|cependant|pero|ma|mas|porém|maar|men|ale|но|однако|але)\b")


def declines_abroad(sentence: str) -> bool:
    """Say whether a sentence declines in one of these languages; one that goes on (", aber ...") is an answer."""
    if len(sentence) > LONGEST:
        return False
    said = LEAD.sub("", sentence, count=1)
    return not GOES_ON.search(said) and any(pattern.match(said) for pattern in PATTERNS)
