"""Questions that one sentence answers, by its form: amounts, dates, definitions, lists, reasons, duties.

Enters: a clause. Leaves: questions with their answers, each a part of the sentence. Knows no kinds of cases.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from scoville.cases.generate.clauses import Clause
from scoville.cases.generate.draft import Place
from scoville.cases.generate.english import ENGLISH
from scoville.metadata.text import MONTH
from scoville.sentences import content_words
from scoville.types import Passage

QUESTION_WORDS = (4, 22)
BARE = re.compile(r"(?:the|your|a|an) [a-z]+")
"""A subject that says too little outside its section, unless it is being defined or a condition goes with it."""
VAGUE = re.compile(
    r"\b(?:it|they|them|this|these|those|he|she|his|her|hers|him|such|its|their|above|below|following|former"
    r"|latter|the other)\b",
    re.IGNORECASE,
)
DANGLING = re.compile(
    r"(?<!responsible )(?<!based )\b(?:and|or|of|the|a|an|to|in|with|for|by|as|on|at|that|which|from|than|only|just"
    r"|one)$"
)
LEANS_BACK = re.compile(
    r"\b(?:the|your|my|these|those|same) (?:request|decision|form|application|process|procedure|study|studie|patient"
    r"|method|cost|letter|notice|case|information|result|data|finding|analysis|section|table|figure|event|issue|matter|treatment"
    r"|emergency|group|sample|participant|subject|model|effect|person|individual)s?\b"
    r"(?! (?:of|for|to|from|that|in|about|on|by|with|who|which|[a-z]+ing)\b)(?! [a-z]+(?: [a-z]+)?\?)"
)
"""Words for what a sentence before was about."""
NAME = re.compile(rf"(?<=[a-z,] )(?!(?:I|{MONTH})\b)(?:[A-Z][\w-]*[a-z0-9][\w-]*|[A-Z]{{2,}}\b)")
"""A name inside a sentence."""
GENERIC = frozenset(content_words(ENGLISH["generic"]))
"""Words of which a subject alone says nothing definite."""
WEAK = GENERIC | content_words(ENGLISH["weak"])
"""Words of which a condition alone says nothing definite."""
PEOPLE = re.compile(
    r"(?:you|(?:the |an? |your |all )?(?:[a-z-]+ )?(?:employee|member|customer|manager|applicant|tenant|patient|student"
    r"|user|driver|visitor|guest|passenger|claimant|insured|worker|staff|physician|doctor|provider|supervisor|team)s?)"
)
PAST = frozenset({"was", "were", "did"})
ANSWER_WORDS = 30
MOST_WORDS_BEFORE = 9
MOST_WORDS_AFTER = 14
_NUMBER = (
    r"(?:\d[\d,.]*\d|\d|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|sixty|ninety)"
)
_ABOUT = (
    r"(?:\b(?:at least|at most|up to|a maximum of|a minimum of|a total of|more than|less than|about|around"
    r"|approximately|roughly|nearly|almost) )?"
)
_PLACE = r"(?:\b(?P<preposition>in|on|within|for|to|by|after|at|from|until|with|over|since|between) )?"
MEASURE = re.compile(
    rf"{_PLACE}(?<![\w.,$€£-])(?P<answer>{_ABOUT}(?:"
    rf"(?P<money>[$€£]\s?\d[\d,.]*\d(?: (?:thousand|million|billion))?|[$€£]\d)"
    rf"|(?P<percent>\d[\d.]*\s?%|\d[\d.]* percent)"
    rf"|(?P<date>(?:\d{{1,2}} )?(?:{MONTH})(?: \d{{1,2}},?)?(?: \d{{4}})?(?![\w-]))"
    rf"|(?P<year>1\d{{3}}|20\d{{2}})(?![\d,.%-]\d|[-–])"
    rf"|(?P<count>{_NUMBER}) (?P<unit>(?:(?:business|calendar|working|consecutive|full|additional|square) )?"
    r"(?P<noun>(?!times\b)[a-z]{2,}[a-rt-z]s|people|percent|feet)))"
    r")(?![\w%])",
    re.IGNORECASE,
)
NUMBERED = re.compile(
    r"\b(?:under|over|above|below|aged?|per|every|another|than|section|part|chapter|step|level|phase|type|grade|figure"
    r"|table|page|version|first|last|next|top|[a-z]+ing|an?|of) $|,",
    re.IGNORECASE,
)
"""What stands before a number that answers no "how many"."""
PART_OF_RATE = re.compile(r"['’]| (?:of age|old|or (?:older|more|less|younger))\b|-| or | and | to |–")
RATE = re.compile(r"hours (?:a|per|each) (?:day|week)|days (?:a|per|each) week")
"""What stands behind one: "24 hours a day"."""
BE = frozenset({"is", "are", "was", "were"})
PARTICIPLE = re.compile(
    r"(?:not |only |[a-z]+ly )*(?:[a-z-]+(?:ed|en|wn|lt|ght|un|ble)|due|open|valid|free|set|made|put|cut|held|paid|led"
    r"|sold|built)\b"
)
SUBORDINATE = re.compile(
    r"\b(?:which|that|who|whom|because|while|where|when|if|although|unless|than|as well as|or|and)\b"
)
PURPOSE = re.compile(
    r"(?P<stem>(?:be )?(?:only |usually |typically )?(?P<form>responsible for|(?:[a-z]+ed )?based on"
    r"|composed of|made up of|entitled to|eligible for|subject to|limited to|known as|called|referred to as"
    r"|committed to|used for|designed to|intended to|used to)) (?P<answer>.+)"
)
AIM = re.compile(r"(?:designed|intended|used) to$")
DEFINES = re.compile(r"(?:an?|the|one of) \w+|to [a-z]{3,}|(?![a-z]+ly|often|not)[a-z]+ (?:that|which|used|designed) ")
DESCRIBES = re.compile(
    r"(?:the (?:[\w']+ )??(?:same|single|most|least|only|first|last|mainstay|home|cent(?:re|er)"
    r"|[a-z]+(?:est|mary|main|key))\b"
    r"|an? (?:few|lot|number|variety|part of)|one of"
    r"|an?(?: [a-z]+)*? (?:very|more|most|[a-z]+ly|good|great|important|excellent|serious|ancient|key|common|useful"
    r"|critical|significant|major|powerful|effective|essential|valuable|proven|promising|ideal|leader|leading|integral"
    r"|crucial|vital|necessary|single|matter|popular|perfect|wonderful|challenging|difficult|potential|cause|result"
    r"|topic|feature|factor|problem|issue|example|candidate|mechanism|target|way|tool|role|part|experience)|to)\b"
)
"""What begins like a definition and says what is true of other things too."""
MODIFIED = re.compile(r" (?:that|which|who|of|for|in|by|with|where|when|to|you|designed|used|provided|given|between) ")
"""What makes one thing of a kind: "a card that is valid on all ferries"."""
VAGUE_ANSWER = re.compile(
    r"(?:(?:to )?(?:meet |include |provide |cover )?(?:certain|various|several|some"
    r"|an? (?:wide )?(?:range|variety|number))"
    r"|(?:to )?(?:consider|keep in mind|remember|be aware|take into|ask questions|think|make sure|try)|other)\b"
)
CONDITION_WORDS = 2
"""A condition says so much of itself; one more where it shares nothing with the heading that it stands below."""
HOLDING = frozenset({"have", "need", "get", "give"})
"""What people have or get is not said by the question alone."""
SUBJECT_WORDS = 3
"""An amount belongs to a subject that says so much: "the copayment for office visits"."""
DEFINING_WORDS = 3
AMOUNT = re.compile(r"\b(?:rate|amount|number|cost|price|fee|date|deadline|limit)$")
CONDITIONED = re.compile(r"(?P<answer>.{12,}?) (?P<condition>(?:if|when|before|after|in order to) .{8,80})")
BOILERPLATE = re.compile(r"\b(?:questions|need help|need assistance|concerns|complaint)\b")
DEED = re.compile(r"(?!be |have |not |have been )[a-z]+ \w+")
DUTIES = frozenset({"must", "should", "can"})
FIRST_PERSON = {"you": "I", "your": "my", "yourself": "myself"}
CLAUSE_END = re.compile(r",|\s(?:which|that|who|because|while|where|although|and(?! [A-Z])|but|or|so|both)\s")
GOES_ON = re.compile(
    r",? (?:so|but|while|though|yet|and (?:does|do|is|are|was|were|has|it|you|can|belongs)) "
    r"|, (?:which|as well as|meaning) |, (?:and )?(?:[a-z]+ ){1,2}(?:was|were|is|are) "
)


class Fact(NamedTuple):
    """A question with its answer, and the sentence that both come from."""

    question: str
    answer: str
    form: str
    """How the question was made: ``money``, ``date``, ``definition`` and so on."""
    clause: Clause
    alike: tuple[str, ...] = ()
    """Other ways of writing the answer."""

    @property
    def place(self) -> Place:
        """Where it stands."""
        return self.clause.place

    @property
    def subject(self) -> str:
        """What it is about."""
        return self.clause.subject


def fact_of(clause: Clause) -> Fact | None:
    """Give a question that a clause answers: of the first form that fits."""
    if clause.denies:
        return None
    is_part = re.search(r"\balso\b", clause.place.quote)  # of what is said of it, another sentence says more
    forms = (_measured, _dated_lead) if is_part else FORMS
    found = (next(iter(form(clause)), None) for form in forms)
    return next((fact for fact in found if fact and _is_sound(fact)), None)


def _measured(clause: Clause) -> Iterator[Fact]:
    """Turn "The cover ends within 30 days" into "Within how many days does the cover end?"."""
    found = list(MEASURE.finditer(clause.predicate))
    for match in found:
        before, after = clause.predicate[: match.start()], clause.predicate[match.end() :]
        kind = next(name for name in ("money", "percent", "date", "year", "count") if match[name])
        others = [other for other in found if bool(other[kind]) and _rivals(other, match)]
        unclear = SUBORDINATE.search(before) or NUMBERED.search(before)
        if others or unclear or len(before.split()) > MOST_WORDS_BEFORE:
            continue
        asked = _asked_for(kind, match)
        of_what = re.match(r" of\b", after)
        is_noun = clause.auxiliary in BE and before and not PARTICIPLE.match(before)
        says_little = not before and len(content_words(clause.subject)) < SUBJECT_WORDS and clause.auxiliary in BE
        says_little |= clause.verb in HOLDING and clause.subject in ("you", "we")
        if is_noun or says_little or (kind == "percent" and not before and not of_what):
            continue
        if not asked or PART_OF_RATE.match(after) or RATE.match(f"{match['noun']}{after}"):
            continue
        base = re.match(r" (?:of|from|after|before|prior to|following) [^,]+", after)
        if base and kind in ("count", "percent"):
            kept = _cut(base[0]) or ""
            asked, after = f"{asked}{kept}", after[len(kept) :]
        rest = _cut(after)
        if rest is None:
            continue
        question = _question(f"{asked} {clause.asked(before + rest)}", clause.lead)
        bare = re.sub(_ABOUT, "", match["answer"], count=1, flags=re.IGNORECASE)
        yield Fact(question, match["answer"], kind, clause, (bare,))


def _rivals(one: re.Match[str], other: re.Match[str]) -> bool:
    """Say whether two values may answer the same question: of one unit, in one clause."""
    if one is other or one["noun"] != other["noun"]:
        return False
    first, second = sorted((one, other), key=lambda match: match.start())
    return not re.search(r", (?:while|whereas|but|although) ", one.string[first.end() : second.start()])


def _asked_for(kind: str, match: re.Match[str]) -> str:
    preposition = (match["preposition"] or "").casefold()
    behind = f"{preposition} " if preposition else ""
    match kind:
        case "money":
            return f"{behind}what amount" if preposition else "how much"
        case "percent":
            return f"{behind}what percentage"
        case "date" | "year":
            if preposition not in ("in", "on", "by", "since", "until", "from", "after"):
                return ""
            return "when" if preposition in ("in", "on") else f"{behind}when"
        case _ if preposition in ("between", "from"):
            return ""
        case _:
            return f"{behind}how many {match['unit'].casefold()}"


def _dated_lead(clause: Clause) -> Iterator[Fact]:
    """Turn "In 1066, the Normans conquered England" into "When did the Normans conquer England?"."""
    match = re.fullmatch(rf"(?:In|On) (?P<answer>(?:\d{{1,2}} )?(?:{MONTH})?(?: ?\d{{1,2}},?)? ?\d{{4}})", clause.lead)
    said = _cut(clause.predicate)
    if match and said and not MEASURE.search(clause.predicate):
        yield Fact(_question(f"when {clause.asked(said)}"), match["answer"], "date", clause)


def _purpose(clause: Clause) -> Iterator[Fact]:
    """Turn "The office is responsible for permits" into "What is the office responsible for?"."""
    match = PURPOSE.fullmatch(clause.predicate)
    is_said = clause.auxiliary in BE or clause.auxiliary == "will"
    if not match or not is_said or match["answer"].count(",") > 6:
        return
    if not AIM.search(match["form"]):
        question = _question(f"what {clause.asked(match['stem'])}", clause.lead)
        yield Fact(question, _first_part(match["answer"]), "purpose", clause)
    elif clause.auxiliary in ("is", "are") and not clause.lead:  # once, in a study
        answer = f"to {_first_part(match['answer'])}"
        yield Fact(_question(f"what is the purpose of {clause.subject}"), answer, "purpose", clause)


def _defined(clause: Clause) -> Iterator[Fact]:
    """Turn "Balance billing is a practice ..." into "What is balance billing?"."""
    if clause.auxiliary not in ("is", "are") or clause.lead or clause.subject == "you" or AMOUNT.search(clause.subject):
        return
    if DEFINES.match(clause.rest):
        answer = _first_part(clause.rest)
        told = content_words(answer) - content_words(clause.subject)
        is_part = re.match(r"an? .* of ", clause.subject)
        if DESCRIBES.match(clause.rest) or not MODIFIED.search(clause.rest) or len(told) < DEFINING_WORDS or is_part:
            return
        yield Fact(_question(f"what {clause.asked('')}"), answer, "definition", clause)


def _listed(clause: Clause) -> Iterator[Fact]:
    """Turn "The kit includes A, B and C" into "What does the kit include?"."""
    match = re.fullmatch(r"(?P<verb>include|contain|comprise|exclude) (?P<answer>.+)", clause.predicate)
    is_definite = bool(content_words(clause.subject) - GENERIC) and not clause.lead
    if match and is_definite and re.search(r",? (?:and|or) ", match["answer"]) and not VAGUE.match(match["answer"]):
        yield Fact(_question(f"what {clause.asked(match['verb'])}"), match["answer"], "list", clause)


def _duty(clause: Clause) -> Iterator[Fact]:
    """Turn "If you are ill, you must call" into "What must you do if you are ill?"."""
    if clause.auxiliary not in DUTIES:
        return
    match = CONDITIONED.fullmatch(clause.rest)
    condition = clause.lead or (match["condition"] if match else "")
    answer = clause.rest if clause.lead or not match else match["answer"]
    leads_in = "(?:if|in order to|to)" if clause.auxiliary == "can" else "(?:if|when|once|before|after|in order to|to)"
    is_condition = re.match(rf"{leads_in}\b", condition, re.IGNORECASE) and not BOILERPLATE.search(condition)
    told = content_words(condition) - WEAK
    enough = CONDITION_WORDS if is_on_topic(clause.passage, condition) else CONDITION_WORDS + 1
    is_somebody = PEOPLE.fullmatch(clause.subject) or is_name(clause.subject)
    if is_condition and len(told) >= enough and is_somebody and DEED.match(answer):
        yield Fact(_question(f"what {clause.asked('do')}", condition), _first_part(answer), "duty", clause)


def _reason(clause: Clause) -> Iterator[Fact]:
    """Turn "Tickets are free because the town pays" into "Why are tickets free?"."""
    match = re.fullmatch(r"(?P<stem>[^,]+?),? (?P<answer>because .+)", clause.predicate)
    if match and (clause.lead or clause.subject not in ("you", "we")):
        yield Fact(_question(f"why {clause.asked(match['stem'])}", clause.lead), match["answer"], "reason", clause)


FORMS: Sequence[Callable[[Clause], Iterator[Fact]]] = (
    _measured, _dated_lead, _reason, _purpose, _duty, _defined, _listed,
)  # fmt: skip


def _cut(after: str) -> str | None:
    """Keep what belongs to the question of what follows the answer: up to the next clause; None where that is long."""
    kept = CLAUSE_END.split(after, maxsplit=1)[0]
    return kept if len(kept.split()) <= MOST_WORDS_AFTER else None


def _first_part(answer: str) -> str:
    """Leave out what goes on to say something else."""
    return GOES_ON.split(answer, maxsplit=1)[0]


def _question(asked: str, lead: str = "") -> str:
    text = first_person(f"{asked} {lead[:1].lower()}{lead[1:]}".strip())
    return f"{text[:1].upper()}{text[1:]}?"


def first_person(question: str) -> str:
    """Ask for oneself, as people do: "must you report" → "must I report"; not where the writer is in it too."""
    if re.search(r"\b(?:we|us|our)\b", question):
        return question
    text = re.sub(r"\b(?:you are|you're)\b", "I am", re.sub(r"\bare you\b", "am I", question))
    text = re.sub(r"\b(to|with|for|by|of|from|at|help|give|allow|require) you\b", r"\1 me", text)
    return re.sub(r"\b(?:you|your|yourself)\b", lambda match: FIRST_PERSON[match[0]], text)


def _is_sound(fact: Fact) -> bool:
    """Say whether question and answer can stand alone."""
    definition = fact.form == "definition"
    alone = stands_alone(fact.question, "" if fact.form == "duty" else fact.subject)
    if definition:
        alone = not VAGUE.search(fact.question) and not re.fullmatch(r"the [a-z]+", fact.subject)
    return (
        alone
        and is_placed(fact.clause, fact.question)
        and len(fact.answer.split()) <= ANSWER_WORDS
        and not VAGUE.search(" ".join(fact.answer.split()[:3]))
        and not VAGUE_ANSWER.match(fact.answer)
        and bool(content_words(fact.answer))
        and len(content_words(fact.question)) >= (1 if definition else 2)
    )


def stands_alone(question: str, subject: str) -> bool:
    """Say whether a question can be understood without the section that it comes from."""
    least, most = QUESTION_WORDS
    return (
        least <= len(question.split()) <= most
        and not VAGUE.search(question)
        and not DANGLING.search(question.rstrip("?"))
        and not BARE.fullmatch(subject)
    )


def is_placed(clause: Clause, question: str) -> bool:
    """Say whether it is clear of whom or of which time a question speaks: what happened once needs a name."""
    if LEANS_BACK.search(question):
        return False
    told = question.replace(clause.subject, clause.subject.partition(" ")[2])  # a sentence's first word may be no name
    return clause.auxiliary not in PAST or bool(NAME.search(told))


def is_on_topic(passage: Passage, question: str) -> bool:
    """Say whether a question shares a word with the heading that it stands below, and so does not need it."""
    topic = content_words(passage.headings[-1]) - GENERIC if passage.headings else set[str]()
    return not topic or bool(topic & content_words(question))


def is_name(subject: str) -> bool:
    """Say whether a subject is a name, with or without an article."""
    return bool(re.fullmatch(r"(?:the )?[A-Z]\S*(?: (?:of|and|for|the|[A-Z]\S*))*", subject))
