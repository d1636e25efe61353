"""A question in other words, and a statement turned into its opposite, by word lists.

Enters: a question or the predicate of a clause, a source of chance. Leaves: the other text, or nothing where no rule
fits. Asks no model.
"""

import random
import re

from scoville.metadata.text import MONTH

SYNONYMS = {
    "obtain": ("get",), "receive": ("get",), "purchase": ("buy",), "submit": ("hand in", "send in"),
    "assist": ("help",), "require": ("need",), "required": ("supposed",), "provide": ("give",),
    "ensure": ("make sure",),
    "intended": ("meant",), "designed": ("meant", "made"), "encouraged": ("urged",), "entitled": ("allowed",),
    "employees": ("staff", "people who work here"), "employee": ("member of staff",), "physician": ("doctor",),
    "location": ("place",), "vehicle": ("car",), "children": ("kids",),
    "additional": ("extra",), "approximately": ("about",), "located": ("to be found",), "begin": ("start",),
    "responsible": ("in charge",), "unable": ("not able",), 
    "assistance": ("help",), "regarding": ("about",), "concerns": ("worries",), "sure": ("certain",),
    "unsure": ("not certain",), "issues": ("problems",), 
    "contact": ("get in touch with",), "founded": ("set up",), "established": ("set up",),
    "establish": ("set up",), "permitted": ("allowed",), "selecting": ("choosing",),
    "select": ("choose",), "choose": ("pick",), "choosing": ("picking",), "disagree": ("not agree",),
    "denied": ("turned down",), "deny": ("turn down",), "considering": ("thinking about",), 
    "capture": ("take",), "conquer": ("take over",), "defeat": ("beat",), "create": ("make",), 
    "die": ("pass away",), "built": ("put up",),
}  # fmt: skip
FRAMES = (
    (re.compile(r"^What should you do (?P<rest>.+)\?$"), "What is the right thing to do {rest}?"),
    (re.compile(r"^What must you do (?P<rest>.+)\?$"), "What am I obliged to do {rest}?"),
    (re.compile(r"^What can you do (?P<rest>.+)\?$"), "What are my options {rest}?"),
    (re.compile(r"^What (?:do|does|did|can|may) (?P<rest>.+) include\?$"), "What is part of {rest}?"),
    (re.compile(r"^When (?P<rest>.+)\?$"), "On which date or in which year {rest}?"),
    (re.compile(r"^How much (?P<rest>.+)\?$"), "What sum {rest}?"),
    (re.compile(r"^Why (?P<rest>.+)\?$"), "For what reason {rest}?"),
)  # fmt: skip
DEFINITION = (re.compile(r"^(?:What|Who) (?:is|are) (?P<rest>.+)\?$"), "What is meant by {rest}?")
PERSONAL = re.compile(r"\b(?:do|must|should|can|if|when|before|after) you\b")
TO_FIRST_PERSON = {"you": "I", "your": "my", "yourself": "myself"}
OPPOSITES = {
    "before": "after", "after": "before", "largest": "smallest", "smallest": "largest", "first": "last",
    "mandatory": "optional", "optional": "mandatory", "annually": "weekly", "higher": "lower", "lower": "higher",
    "larger": "smaller", "smaller": "larger", "northern": "southern", "southern": "northern", "eastern": "western",
    "western": "eastern", "oldest": "youngest", "youngest": "oldest", "forbidden": "allowed",
}  # fmt: skip
"""Words of which only one can be true: who covers visits in one network may cover those in another."""
NUMBER = re.compile(
    r"(?<!section )(?<!page )(?<!chapter )(?<!article )(?<!part )(?<!clause )"
    r"(?<!call )(?<!dial )(?<!ring )(?<!type )(?<!grade )(?<!stage )(?<!phase )(?<!class )(?<!step )(?<!level )"
    r"(?<!form )(?<![\w.,/-])(?P<number>\d+(?:,\d{3})*)(?P<share>\s?%| percent)?(?![\w-]|[.,]\d)"
    r"(?! (?:hours|days|months) (?:a|per|each) (?:day|week|year))(?!/)"
)
NAMED = re.compile(rf"\b(?!(?:{MONTH})\b)[A-Z]\w+ $")
"""What stands before the number of a road or a form."""
ANY = re.compile(r"\bany (?P<next>\w+)(?P<after>(?: \w+)?)")
EXCEPTION = re.compile(r"\b(?:unless|except\w*|other than|apart from)\b")
PARTLY = re.compile(
    r"\b(?:certain|some|all|every\w*|always|only|necessarily|both|just|either|yet|until|longer|at all)\b"
)
"""What is not so of all may be so of some."""
NEGATION = re.compile(r"^not (?!only)|^(?:(?:only|just) )", re.IGNORECASE)


def reword(question: str, source: random.Random, *, defines: bool = False) -> str:
    """Ask the same in other words; nothing when no word can be replaced."""
    changed = 0

    def other(match: re.Match[str]) -> str:
        nonlocal changed
        words = SYNONYMS.get(match[0])
        changed += bool(words)
        return source.choice(words) if words else match[0]

    text = re.sub(r"[a-z]+", other, question)
    for pattern, frame in [*([DEFINITION] if defines else []), *FRAMES]:
        if match := pattern.fullmatch(text):
            text, changed = frame.format(rest=match["rest"]), changed + 1
            break
    if not changed:
        return ""
    return _first_person(text) if PERSONAL.search(question) else text


def contradict(predicate: str, source: random.Random, *, numbers: bool = True) -> str:
    """Say something that cannot be true when the predicate is, and no more; nothing when no rule fits.

    ``numbers`` says whether one may be changed: what can be 100 can be 50.
    """
    if EXCEPTION.search(predicate):
        return ""
    if denied := NEGATION.match(predicate):
        if PARTLY.search(predicate):
            return ""
        return ANY.sub(_without_any, _first_clause(predicate[denied.end() :], 0))
    if numbers and (match := NUMBER.search(predicate)) and not NAMED.search(predicate[: match.start()]):
        other = _another(match, source)
        return _first_clause(f"{predicate[: match.start()]}{other}{predicate[match.end('number') :]}", match.start())
    for one, other in OPPOSITES.items():
        match = re.search(rf"(?<![\w-]){one}(?![\w-])", predicate)
        if match and other not in predicate.replace(one, ""):
            return _first_clause(f"{predicate[: match.start()]}{other}{predicate[match.end() :]}", match.start())
    return ""


def _without_any(match: re.Match[str]) -> str:
    """Write "bicycles" for "any bicycles", and "a bicycle" for "any bicycle"."""
    following = f"{match['next']}{match['after']}"
    if match["next"].endswith("s") or match["after"].endswith("s"):
        return following
    return f"{'an' if following[0] in 'aeiou' else 'a'} {following}"


def _first_clause(predicate: str, start: int) -> str:
    """Leave out the clauses behind the one that goes on at ``start``."""
    behind = re.compile(r", (?!\d)|;| (?:and|but|so|although|though|while) (?:can|is|are|was|were|it|they|the|to)\b")
    end = behind.search(predicate, start)
    return predicate[: end.start()] if end else predicate


def _another(match: re.Match[str], source: random.Random) -> str:
    number = match["number"]
    value = int(number.replace(",", ""))
    if 1000 <= value <= 2100 and "," not in number:  # a year
        return str(value + source.choice((-37, -24, -12, -11, -7)))
    if re.match(rf"\s(?:{MONTH})\b", match.string[match.end() :], re.IGNORECASE):
        return str((value + source.randrange(3, 25)) % 28 + 1)
    changed = int(value * source.choice((0.5, 1.5, 2.0, 3.0)))
    if match["share"] and changed > 100:
        changed = value // 2
    changed = changed if changed not in (0, value) else value + 2
    return f"{changed:,}" if "," in number else str(changed)


def _first_person(question: str) -> str:
    """Ask for oneself: "do you need" → "do I need"."""
    text = re.sub(r"\b(?:you are|you're)\b", "I am", question)
    text = re.sub(r"\b(?:to|with|for|by|of|from|at) you\b", lambda match: match[0].replace("you", "me"), text)
    return re.sub(r"\b(?:you|your|yourself)\b", lambda match: TO_FIRST_PERSON[match[0]], text)
