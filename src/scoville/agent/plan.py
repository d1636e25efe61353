"""A question that takes several steps becomes a plan: what to search, and what to make of what is found.

Enters: a question. Leaves: simpler questions and one operation (plan first, as in ReWOO: Xu et al. 2023), or None where
its form calls for no plan. By rules for English questions, so that no model is needed. Knows no index.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from scoville.agent.calculate import DATE, find_date
from scoville.agent.couple import couple, share
from scoville.search.rewrite import add_words
from scoville.sentences import in_digits
from scoville.types import Message

Kind = Literal["difference", "sum", "compare", "both", "times", "after", "between", "age", "chain"]
LONGEST = 400
"""Characters; the rules take time that grows faster than a question."""
FIRST = "{1}"
"""Stands for the answer to the first question."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What to ask, and what to do with the answers."""

    kind: Kind
    asks: tuple[str, ...]
    """Questions in their order; one that holds ``{1}`` waits for the answer to the first."""
    names: tuple[str, ...] = ()
    """What each is about."""
    least: bool = False
    """Of a comparison: whether the least is wanted."""
    unit: str = ""
    """Of a product: what is counted, ``day``."""
    count: float = 0.0
    """Of a product: how often."""
    start: date | None = None
    """Of ``after``: the date in the question."""
    duration: str = ""
    """Of ``after``: how long after the date that is sought."""
    before: bool = False
    """Of ``after``: whether before it."""


MOST = r"more|higher|larger|greater|bigger|longer|older|dearer|later"
LEAST = r"less|lower|smaller|fewer|shorter|younger|cheaper|earlier|sooner"
COMPARATIVE = re.compile(rf"\b({MOST}|{LEAST})\b", re.IGNORECASE)
TOTAL = re.compile(
    r",?\s*\b(?:come to together|together|in total|altogether|combined|the (?:sum|total) of)\b(?:,\s*both\b)?", re.I
)
DIFFERENCE = re.compile(r"\bdifference (?:in [\w ]+? )?between (.+)", re.I)
THAN = re.compile(
    rf"^(?:by )?how (?:much|many)?(?P<unit>(?: [a-z]+){{0,2}}?) ?\b(?:{MOST}|{LEAST})\b(?P<first>.+?)"
    r"\s+than\s+(?P<second>.+)$",
    re.I,
)
EXCEED = re.compile(r"^by how (?:much|many (?P<unit>.+?)) (?:does|do) (?P<first>.+?) exceed (?P<second>.+)$", re.I)
VERB = re.compile(r"^ ?(?P<verb>is|are|was|may|can|must|should|does|do|will) (?P<rest>.+)$", re.I)
ASKS = re.compile(
    r"^(?P<lead>what (?:is|are|do|does|was)|how much(?: is| are| may| can| do| does| must| will)?) ", re.I
)
CHOICE = re.compile(r"^(?P<lead>which|what|who)\b(?P<what>.*?),\s*(?P<things>.+? or .+)$", re.I)
CHOICE_LAST = re.compile(r"^(?P<lead>is|are) (?P<what>.+?) (?P<than>for .+? or for .+)$", re.I)
IS_THAN = re.compile(rf"^(?:is|are) (?P<first>.+?) (?P<how>{MOST}|{LEAST}) than (?P<second>.+)$", re.I)
_ASKING = r"(?:by when|within how|how (?:much|many|long)|what|when|where|who|which)\b"
QUESTION = re.compile(_ASKING, re.I)
AND_QUESTION = re.compile(rf",?\s+and\s+(?={_ASKING})", re.I)
BY_DATE = re.compile(
    r"\b(?:(?:by|until|on|before|from) (?:what|which) (?:date|day)|(?:by|until) when|when)\b"
    r"|\bwhat is the (?:last|latest) (?:date|day)\b|\bwhat date\b",
    re.I,
)
DATE_PLACE = re.compile(rf"\s*\b(?:on|from|since) (?:{DATE.pattern})", re.I)
SENTENCE_START = re.compile(r"(?:^|\. )[a-z]")
AFTER = re.compile(r"^(?:what|which) (?:date|day) is (?P<duration>.+?) (?P<where>after|before) (?P<event>.+)$", re.I)
BETWEEN = re.compile(
    r"^how many (?P<unit>days|weeks|months|years) (?:lie |are there |pass )?(?:between|from) (?P<things>.+)$", re.I
)
AGE = re.compile(r"^how old (?:is|was|will) (?P<who>.+?)(?: be)? when (?P<event>.+)$", re.I)
COUNTED = re.compile(
    r"\b(?P<count>\d{1,4})\s+(?P<which>(?:[a-z]+ ){0,2}?)"
    r"(?P<unit>days|weeks|months|years|hours|nights|miles|visits)\b",
    re.I,
)
LIMIT = re.compile(r"\b(?:within|after|before|over|than|under|first|last|up to|at (?:least|most))\s+$", re.I)
"""Before a number that is no count."""
PLURAL = re.compile(r"^((?:[\w-]+ ){0,2}?[\w-]+?)(?:(?<=ss)es|(?<!s)s)(?= (?:of|for) )")
CHAIN = re.compile(
    r"\bthe (?P<noun>(?-i:[a-z]+[a-rt-z]))(?P<between>(?: [a-z]+){0,3}?) "
    r"(?P<how>(?:to|for|by|with|on|in) which|that|who|which) (?P<clause>.+)$",
    re.I,
)


def plan(question: str) -> Plan | None:
    """Plan a question; None where its form calls for no plan, or where it is too long for the rules."""
    if len(question) > LONGEST:
        return None
    asked = " ".join(question.split()).rstrip(" ?.")
    return next((made for rule in RULES if (made := rule(asked))), None)


def _after(asked: str) -> Plan | None:
    """``X happened on DATE. By when must Y?`` and ``What date is 90 days after X?``."""
    if match := AFTER.match(asked):
        event = match["event"]
        return Plan(
            kind="after", asks=(f"What is the date of {event}?",), names=(event,), duration=match["duration"],
            before=match["where"].lower() == "before",
        )  # fmt: skip
    start = find_date(asked)
    if start is None or not BY_DATE.search(asked):
        return None
    without = " ".join(DATE_PLACE.sub("", asked).replace(" .", ".").split())
    ask = f"{BY_DATE.sub('within how many days', without, count=1)}?"
    return Plan(kind="after", asks=(SENTENCE_START.sub(lambda found: found[0].upper(), ask),), start=start)


def _between(asked: str) -> Plan | None:
    match = BETWEEN.match(asked)
    things = match and couple(re.sub(r"\bto\b", "and", match["things"], count=" and " not in match["things"]))
    if not match or not things:
        return None
    asks = tuple(f"What is the {_plain(one)}?" for one in things)
    return Plan(kind="between", asks=asks, names=tuple(things), unit=match["unit"].lower())


def _age(asked: str) -> Plan | None:
    match = AGE.match(asked)
    if not match:
        return None
    who, event = _plain(match["who"]), match["event"]
    asks = (f"What is the date of birth of the {who}?", f"On what date does {event}?")
    return Plan(kind="age", asks=asks, names=(who,))


def _times(asked: str) -> Plan | None:
    digits = in_digits(asked)
    counted = list(COUNTED.finditer(DATE.sub(lambda found: "#" * len(found[0]), digits)))
    if len(counted) != 1 or not re.match(r"(?:how (?:much|many)|what (?:do|does|is|are|will))\b", digits, re.I):
        return None
    match = counted[0]
    if LIMIT.search(digits[: match.start()]):
        return None
    unit = match["unit"].lower().removesuffix("s")
    ask = f"{digits[: match.start()]}a {match['which']}{unit}{digits[match.end() :]}?"
    return Plan(kind="times", asks=(ask,), unit=unit, count=float(match["count"]))


def _difference(asked: str) -> Plan | None:
    if (match := DIFFERENCE.search(asked)) and (things := couple(match[1])):
        return _values("difference", "How much is the", *things)
    if match := EXCEED.match(asked):
        return _values("difference", "How much is the", *share(match["first"], match["second"]))
    match = THAN.match(asked)
    if not match:
        return None
    unit, first, second = match["unit"].strip(), match["first"], match["second"]
    many = f"How many {unit}" if unit else "How much"
    verb = VERB.match(first)
    if verb is None:  # "How many more days of X than days of Y do staff have"
        tail = re.search(r"\s(?:do|does|may|can|must|are|is)\s.+$", second, re.I)
        said = tail[0] if tail else ""
        things = share(first, second.removesuffix(said))
        return Plan(kind="difference", asks=tuple(f"How many {one}{said}?" for one in things), names=tuple(things))
    if verb["verb"].lower() in ("is", "are", "was"):
        things = share(verb["rest"], second)
        lead = f"{many} is the"
        return _values("difference", lead, *things)
    subject, _, does = verb["rest"].rpartition(" ")
    names = (_plain(subject), _plain(second))
    return Plan(kind="difference", asks=tuple(f"{many} {verb['verb']} a {one} {does}?" for one in names), names=names)


def _sum(asked: str) -> Plan | None:
    if not TOTAL.search(asked):
        return None
    plain = TOTAL.sub("", asked)
    lead = ASKS.match(plain)
    if not lead or " and " not in plain:
        return None
    rest = plain[lead.end() :]
    first, _, second = rest.partition(" and ")
    if re.match(r"(?:what|how much) (?:is|are)\b|how much $", lead[0], re.I):
        things = couple(rest)
        return _values("sum", "How much is the", *things) if things else None
    if re.match(r"(?:the|an?|for|of|my|your)\s", second, re.I) or lead["lead"].lower().startswith("what"):
        subject = re.match(r"(?:i|we|you|they|staff|employees) ", first, re.I)
        own = subject[0] if subject else ""
        asks = _with_tails(lead[0], own, first.removeprefix(own), second)
        return Plan(kind="sum", asks=tuple(f"{one}?" for one in asks), names=(_plain(first), _plain(second)))
    subject = first.rpartition(" ")[0]  # "may X settle and pay"
    return Plan(kind="sum", asks=(f"{lead[0]}{first}?", f"{lead[0]}{subject} {second}?"), names=(first, second))


def _with_tails(lead: str, subject: str, first: str, second: str) -> Iterator[str]:
    """``What do A and B cost under C`` → ``What do A cost under C``, ``What do B cost under C``."""
    verb = re.search(r"\s(?:cost|come|amount|add|bring|take)\b.*$", second, re.I)
    tail = verb[0] if verb else ""
    things = share(first, second.removesuffix(tail))
    yield from (f"{lead}{subject}{one}{tail}" for one in things)


def _compare(asked: str) -> Plan | None:
    if match := IS_THAN.match(asked):
        first, second = share(match["first"], match["second"])
        return _values("compare", _lead(match["how"]), first, second, least=_is_least(match["how"]), unit="yes")
    match = CHOICE.match(asked)
    what, things = (match["what"], match["things"]) if match else ("", "")
    if not match and (last := CHOICE_LAST.match(asked)):
        what, things = last["what"], last["than"]
    how = COMPARATIVE.search(what)
    sides = re.split(r"\s+or\s+", things, flags=re.I)
    if not how or len(sides) != 2:
        return None
    names = [re.sub(r"^(?:that|those) (?=of )", "", side.strip()) for side in sides]
    names = list(share(*names)) if not names[0].startswith("of ") else [re.sub("^of ", "", name) for name in names]
    ask = _measure(what, how, names[0])
    labels = [re.sub(r"^for ", "", name) for name in names]
    asks = tuple(ask.replace("{}", name) for name in names)
    return Plan(kind="compare", asks=asks, names=tuple(labels), least=_is_least(how[1]))


def _measure(what: str, how: re.Match[str], things: str) -> str:
    """Write the question for what is compared, with ``{}`` for each of the things."""
    before, after = what[: how.start()].strip(), what[how.end() :].strip()
    word = how[1].lower()
    if word in ("earlier", "sooner", "later"):
        verb = before.split()[-1] if before else "is"
        return "When is {} open?" if verb.startswith("open") else f"When {verb} {{}} {after}?"
    if "has the" in before or "have the" in before:
        return f"How much is the {after} of {{}}?"
    noun = re.sub(r"\s*\b(?:is|are|can|be|has|have|needs?|covers?|costs?|the|has the)\b\s*", " ", before).strip()
    if after and word in ("more", "fewer") and re.match(r"[a-z]+s\b", after, re.I):
        verb = "need" if "need" in before else "have"
        return f"How many {after} does {{}} {verb}?"
    if word in ("longer", "shorter"):
        return "How long can {} be?"
    if "cover" in before:
        return f"How much does {{}} cover {after}?"
    if "cost" in before:
        return f"How much does {{}} cost {after}?"
    if noun:
        joint = "" if things.startswith("for ") else "of "
        return f"How much is the {noun} {after} {joint}{{}}?".replace("  ", " ")
    return "How much is the {}?"


def _both(asked: str) -> Plan | None:
    """Two questions in one, or one about two things of the same form: ``of A and of B``."""
    halves = AND_QUESTION.split(asked)
    if len(halves) == 2 and QUESTION.match(halves[0]):
        first, second = halves
        second = add_words(f"{second[0].upper()}{second[1:]}?", [Message(role="user", content=first)])
        return Plan(kind="both", asks=(f"{first}?", second))
    match = re.match(r"^what (?:is|are) (?P<things>.*\b(of|for) .+ and \2 .+)$", asked, re.I)
    things = match and couple(match["things"])
    return _values("both", "What is the", *things) if things else None


def _chain(asked: str) -> Plan | None:
    match = CHAIN.search(asked)
    if not match or match.start() == 0 or " and " in match[0]:
        return None
    noun, how, clause = match["noun"], match["how"].lower(), match["clause"]
    inner = f"{how.split()[0]} which {noun} does {_plain(clause)}" if " " in how else f"Which {noun} {clause}"
    outer = f"{asked[: match.start()]}{FIRST}{match['between']}?"
    return Plan(kind="chain", asks=(f"{inner[0].upper()}{inner[1:]}?", outer), names=(noun,))


RULES: tuple[Callable[[str], Plan | None], ...] = (
    _after, _between, _age, _chain, _difference, _sum, _compare, _both, _times,
)  # fmt: skip


def _values(kind: Kind, lead: str, first: str, second: str, *, least: bool = False, unit: str = "") -> Plan:
    names = tuple(PLURAL.sub(r"\1", _plain(thing)) for thing in (first, second))
    return Plan(kind=kind, asks=tuple(f"{lead} {name}?" for name in names), names=names, least=least, unit=unit)


def _lead(how: str) -> str:
    return f"How {'long' if how.lower() in ('longer', 'shorter') else 'much'} is the"


def _is_least(how: str) -> bool:
    return re.fullmatch(LEAST, how, re.I) is not None


def _plain(thing: str) -> str:
    return re.sub(r"^(?:the|an?)\s+", "", thing.strip(), flags=re.I)
