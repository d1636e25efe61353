"""Questions that are near to what the documents say, and that they do not answer.

Enters: singles. Leaves: drafts. Whether some passage answers one all the same is checked later. Asks no model.

The edits follow SQuAD 2.0 (Rajpurkar et al., 2018): an answerable question with one word changed.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from scoville.cases.generate.draft import DraftCase, without
from scoville.cases.generate.english import ENGLISH
from scoville.cases.generate.singles import MEASURED, Single, key

OPEN = 3
"""So many values of one column make a question that names no row a question of all."""


def left_out(singles: Sequence[Single]) -> Iterator[DraftCase]:
    """Ask a real question, and keep its evidence from whoever is asked (leave one out)."""
    for one in singles:
        if one.topic:  # what a heading asks is often answered in other words elsewhere
            yield one.draft("left_out", one.question, original=one.answer, where=without(one.place.passage))


def edited(singles: Sequence[Single]) -> Iterator[DraftCase]:
    """Change one word of a real question, so that it asks what nobody wrote down; not one of a name."""
    for one in singles:
        fixed = one.thing if one.kind == "table" or one.thing[:1].isupper() else ""
        for word, other in ENGLISH["edits"].items() if one.topic else ():
            question = re.sub(rf"(?<![\w-]){word}(?![\w'’-])", other, one.question, count=1)
            if question != one.question and fixed in question and other not in one.question.casefold():
                question = re.sub(r"\b([Aa])(?= [aeiou])", r"\1n", re.sub(r"\b([Aa])n(?= [^aeiou])", r"\1", question))
                yield one.draft("edited", question, subject=other, topic=other)


def unknown_entities(singles: Sequence[Single]) -> Iterator[DraftCase]:
    """Ask of something of the same kind that the documents do not name."""
    for one in singles:
        for stranger in one.strangers:
            yield one.draft("unknown_entity", one.of(stranger), subject=stranger)


def missing_attributes(singles: Sequence[Single], said: Collection[str]) -> Iterator[DraftCase]:
    """Ask of a thing what is only said of others of its group; what is ``said`` has an answer all the same."""
    groups: dict[str, dict[str, Single]] = defaultdict(dict)
    frames: dict[str, dict[str, Single]] = defaultdict(dict)
    said = {*said, *(one.question for one in singles)}
    for one in singles:
        if one.group and one.thing:
            groups[one.group].setdefault(one.thing, one)
            frames[one.group].setdefault(one.frame, one)
    for group, things in groups.items():
        for thing, one in things.items():
            for frame, other in frames[group].items():
                absurd = frame == "When is * open?" and not thing.endswith(("team", "department", "office"))
                vague = group == "documents" and other.topic not in MEASURED
                if other.of(thing) not in said and other.topic != "definition" and not absurd and not vague:
                    yield one.draft(
                        "missing_attribute", other.of(thing), topic=other.topic,
                        original=one.source if group == "documents" else "",
                    )  # fmt: skip


def underspecified(singles: Sequence[Single]) -> Iterator[DraftCase]:
    """Ask without saying of which thing, so that there are several answers."""
    open_frames: dict[str, list[Single]] = defaultdict(list)
    for one in singles:
        if one.group == "documents":
            asked = re.sub(r"^(?:Under|According to) \*, (.)", lambda match: match[1].upper(), one.frame)
        else:
            asked = one.of(one.generic) if one.generic else "*"
        if "*" not in asked:
            open_frames[asked].append(one)
    for question, found in open_frames.items():
        if len({key(one.answer) for one in found}) >= (OPEN if found[0].kind == "table" else 2):
            yield found[0].draft("underspecified", question, subject=found[0].topic)
