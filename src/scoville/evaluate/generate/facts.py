"""Questions that one sentence answers, by its form: amounts, dates, definitions, lists, reasons, duties.

Enters: a clause. Leaves: questions with their answers, each a part of the sentence. Knows no kinds of cases.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from scoville.evaluate.generate.clauses import Clause
from scoville.evaluate.generate.draft import Place
from scoville.metadata.text import MONTH
from scoville.sentences import content_words

ANSWER_WORDS = 30
MOST_WORDS_BEFORE = 9
MOST_WORDS_AFTER = 14
QUESTION_WORDS = (4, 26)
_NUMBER = (
    r"(?:\d[\d,.]*\d|\d|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|sixty|ninety)"
)
_ABOUT = (
    r"(?:\b(?:at least|at most|up to|a maximum of|a minimum of|a total of|more than|less than|about|approximately"
    r"|roughly|nearly|almost) )?"
)
_PLACE = r"(?:\b(?P<preposition>in|on|within|for|to|by|after|at|from|until|with|over|since|between) )?"
MEASURE = re.compile(
    rf"{_PLACE}(?P<answer>{_ABOUT}(?:"
    rf"(?P<money>[$€£]\s?\d[\d,.]*\d(?: (?:thousand|million|billion))?|[$€£]\d)"
    rf"|(?P<percent>\d[\d.]*\s?%|\d[\d.]* percent)"
    rf"|(?P<date>(?:\d{{1,2}} )?(?:{MONTH})(?: \d{{1,2}},?)?(?: \d{{4}})?(?![\w-]))"
    rf"|(?P<year>1\d{{3}}|20\d{{2}})(?![\d,.%-]\d|[-–])"
    rf"|(?P<count>{_NUMBER}) (?P<unit>(?:(?:business|calendar|working|consecutive|full|additional|square) )?"
    r"(?P<noun>[a-z]{3,}s|people|percent|feet)))"
    r")(?![\w%])",
    re.IGNORECASE,
)
SUBORDINATE = re.compile(
    r"\b(?:which|that|who|whom|because|while|where|when|if|although|unless|than|as well as|or|and)\b"
)
PURPOSE = re.compile(
    r"(?P<stem>(?:only |usually |typically )?(?P<form>responsible for|based on|composed of|made up of|entitled to"
    r"|eligible for|subject to|limited to|known as|called|referred to as|committed to|located in|based in|situated in"
    r"|used for|designed to|intended to|used to|required to|expected to|encouraged to|allowed to)) (?P<answer>.+)"
)
DO = re.compile(r"(?:designed|intended|used|required|expected|encouraged|allowed) to$")
WHERE = re.compile(r"(?:located|based|situated) in$")
AGENT = re.compile(
    r"(?P<stem>(?:[a-z]+ly )?[a-z]+(?:ed|en|wn|lt|de|ht|un|ne)) by (?P<answer>(?:(?:the|a|an) )?[A-Z][^,]*)$"
)
DEFINES = re.compile(r"(?:an?|the|one of) \w+|to [a-z]{3,}|(?![a-z]+ly|often|not)[a-z]+ (?:that|which|used|designed) ")
DESCRIBES = re.compile(
    r"(?:the (?:same|most|least|only|first|last|[a-z]+(?:est|mary|main|key))\b"
    r"|an? (?:few|lot|number|variety|good|great|important|part of)|one of)\b"
)
"""What begins like a definition and says what is true of other things too."""
CONDITIONED = re.compile(r"(?P<answer>.{12,}?) (?P<condition>(?:if|when|before|after|in order to) .{8,80})")
DUTIES = frozenset({"must", "should", "can"})
PERSONAL = re.compile(
    r"\b(?:king|queen|duke|emperor|physicist|chemist|leader|writer|author|poet|politician|engineer|inventor|scientist|"
    r"mathematician|philosopher|president|professor|general|bishop|composer|architect|painter|man|woman|person|"
    r"employee|manager|director|officer|player|actor|actress|singer|lawyer|judge)\b"
)
BARE = re.compile(r"(?:the|your|a|an) [a-z]+")
"""A subject that says too little outside its section, unless it is being defined or a condition goes with it."""
VAGUE = re.compile(
    r"\b(?:it|they|them|this|these|those|he|she|his|her|hers|him|such|its|their|we|our|us|above|below|following|former"
    r"|latter)\b",
    re.IGNORECASE,
)
CLAUSE_END = re.compile(r",|\s(?:which|that|who|because|while|where|although|and(?! [A-Z])|but|or|so|both)\s")
GOES_ON = re.compile(r", (?:so|but|while|though|and (?:does|do|is|are|it|you|can)|which|as well as) ")
DANGLING = re.compile(r"\b(?:and|or|of|the|a|an|to|in|with|for|by|as|on|at|that|which|from|than|only|just|one)$")


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

    @property
    def expected(self) -> tuple[str, ...]:
        """The answer, and the other ways of writing it."""
        return tuple(dict.fromkeys((self.answer, *self.alike)))


def fact_of(clause: Clause) -> Fact | None:
    """Give a question that a clause answers: of the first form that fits."""
    if clause.denies:
        return None
    found = (next(iter(form(clause)), None) for form in FORMS)
    return next((fact for fact in found if fact and _is_sound(fact)), None)


def stands_alone(question: str, subject: str) -> bool:
    """Say whether a question can be understood without the section that it comes from."""
    least, most = QUESTION_WORDS
    return (
        least <= len(question.split()) <= most
        and not VAGUE.search(question)
        and not DANGLING.search(question.rstrip("?"))
        and not BARE.fullmatch(subject)
    )


def _measured(clause: Clause) -> Iterator[Fact]:
    """Turn "The cover ends within 30 days" into "Within how many days does the cover end?"."""
    found = list(MEASURE.finditer(clause.predicate))
    for match in found:
        before, after = clause.predicate[: match.start()], clause.predicate[match.end() :]
        kind = next(name for name in ("money", "percent", "date", "year", "count") if match[name])
        others = [one for one in found if one is not match and bool(one[kind]) and one["noun"] == match["noun"]]
        unclear = SUBORDINATE.search(before) or re.search(r"(?:ing|\ban?|\bof) $|,", before)
        if others or unclear or len(before.split()) > MOST_WORDS_BEFORE:
            continue
        asked = _asked_for(kind, match)
        if not asked or after.startswith(("-", " or ", " and ", " to ", "–")):
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
    if not match or clause.auxiliary not in ("is", "are", "was", "were") or match["answer"].count(",") > 6:
        return
    if WHERE.search(match["form"]):
        question = f"where {clause.asked(match['stem'].rpartition(' ')[0])}"
    elif DO.search(match["form"]):
        question = f"what {clause.asked(match['stem'])} do"
    else:
        question = f"what {clause.asked(match['stem'])}"
    yield Fact(_question(question, clause.lead), _first_part(match["answer"]), "purpose", clause)


def _defined(clause: Clause) -> Iterator[Fact]:
    """Turn "Balance billing is a practice ..." into "What is balance billing?"."""
    if clause.auxiliary not in ("is", "are") or clause.lead or clause.subject == "you":
        return
    if DEFINES.match(clause.rest):
        if DESCRIBES.match(clause.rest):
            return
        person = PERSONAL.search(" ".join(clause.rest.split(" ")[:6])) and clause.subject[0].isupper()
        question = _question(f"{'who' if person else 'what'} {clause.asked('')}")
        yield Fact(question, _first_part(clause.rest), "definition", clause)


def _listed(clause: Clause) -> Iterator[Fact]:
    """Turn "The kit includes A, B and C" into "What does the kit include?"."""
    match = re.fullmatch(r"(?P<verb>include|contain|comprise|exclude) (?P<answer>.+)", clause.predicate)
    if match and re.search(r",? (?:and|or) ", match["answer"]) and not VAGUE.match(match["answer"]):
        yield Fact(_question(f"what {clause.asked(match['verb'])}", clause.lead), match["answer"], "list", clause)


def _duty(clause: Clause) -> Iterator[Fact]:
    """Turn "If you are ill, you must call" into "What must you do if you are ill?"."""
    if clause.auxiliary not in DUTIES:
        return
    match = CONDITIONED.fullmatch(clause.rest)
    condition = clause.lead or (match["condition"] if match else "")
    answer = clause.rest if clause.lead or not match else match["answer"]
    is_condition = re.match(r"(?:if|when|once|before|after|in order to|to)\b", condition, re.IGNORECASE)
    if is_condition and re.match(r"(?!be |have |not |have been )[a-z]+ \w+", answer):
        yield Fact(_question(f"what {clause.asked('do')}", condition), _first_part(answer), "duty", clause)


def _reason(clause: Clause) -> Iterator[Fact]:
    """Turn "Tickets are free because the town pays" into "Why are tickets free?"."""
    match = re.fullmatch(r"(?P<stem>[^,]+?),? (?P<answer>because .+)", clause.predicate)
    if match:
        yield Fact(_question(f"why {clause.asked(match['stem'])}", clause.lead), match["answer"], "reason", clause)


def _agent(clause: Clause) -> Iterator[Fact]:
    """Turn "The abbey was founded by Hugh" into "Who was the abbey founded by?"."""
    match = AGENT.fullmatch(clause.predicate)
    if match and clause.auxiliary in ("is", "are", "was", "were") and not SUBORDINATE.search(match["answer"]):
        answer = re.split(r" (?:in|on|at|after|during|from|with|to) ", match["answer"])[0]
        yield Fact(_question(f"who {clause.asked(match['stem'] + ' by')}", clause.lead), answer, "agent", clause)


FORMS: Sequence[Callable[[Clause], Iterator[Fact]]] = (
    _measured, _dated_lead, _agent, _reason, _purpose, _duty, _defined, _listed,
)  # fmt: skip


def _cut(after: str) -> str | None:
    """Keep what belongs to the question of what follows the answer: up to the next clause; None where that is long."""
    kept = CLAUSE_END.split(after, maxsplit=1)[0]
    return kept if len(kept.split()) <= MOST_WORDS_AFTER else None


def _first_part(answer: str) -> str:
    """Leave out what goes on to say something else."""
    return GOES_ON.split(answer, maxsplit=1)[0]


def _question(asked: str, lead: str = "") -> str:
    text = f"{asked} {lead[:1].lower()}{lead[1:]}".strip()
    return f"{text[:1].upper()}{text[1:]}?"


def _is_sound(fact: Fact) -> bool:
    """Say whether question and answer can stand alone."""
    definition = fact.form == "definition"
    if definition:
        alone = not VAGUE.search(fact.question) and not re.fullmatch(r"the [a-z]+", fact.subject)
    else:
        alone = stands_alone(fact.question, "" if fact.form == "duty" else fact.subject)
    return (
        alone
        and len(fact.answer.split()) <= ANSWER_WORDS
        and not VAGUE.search(" ".join(fact.answer.split()[:3]))
        and bool(content_words(fact.answer))
        and len(content_words(fact.question)) >= (1 if definition else 2)
    )
