"""A tuned model is asked beside its base: what was forgotten, what learned, and whether it declines when it should.

Enters: a bot, the folder of a tuned model, cases that it learned and others. Leaves: shares, before and after.
"""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from scoville.answer.declines import declines
from scoville.answer.write_prompt import PromptWriter
from scoville.bot.opened import Opened
from scoville.bot.phase_open import read_record
from scoville.comparison.forgetting import Forgetting, probe
from scoville.cost import Budget
from scoville.evaluate.metrics.correctness import correctness
from scoville.evaluate.metrics.right import RIGHT_FROM
from scoville.llm import Generation, Llm, open_llm
from scoville.llm.paid import within
from scoville.prompt import render_closed_book
from scoville.recipe import Recipe
from scoville.recipe.file import with_values
from scoville.train.rows.asked import CaseQuestions
from scoville.train.rows.grounded import Question
from scoville.train.rows.places import Places
from scoville.types import Case, Hit, Message, Passage

PROBED = 12
"""So many questions of each part."""
MOST_TOKENS = 48
GENERAL = (
    ("What is the capital of France?", "Paris"), ("What is the capital of Japan?", "Tokyo"),
    ("How many days are in a week?", "7|seven"), ("How many legs does a spider have?", "8|eight"),
    ("What is 2 + 3?", "5|five"), ("What colour is the sky on a clear day?", "blue"),
    ("Which planet is closest to the sun?", "Mercury"), ("Who wrote Romeo and Juliet?", "Shakespeare"),
    ("What is the opposite of hot?", "cold"), ("At what temperature in Celsius does water boil?", "100"),
    ("What is the largest ocean on Earth?", "Pacific"), ("What gas do plants take in from the air?", "carbon dioxide"),
)  # fmt: skip
"""Questions with the words that a right answer has."""


class _Asker:
    """One model, asked probes."""

    def __init__(self, bot: Opened, llm: Llm, recipe: Recipe) -> None:
        self.llm = llm
        self.recipe = recipe
        self._write = PromptWriter(llm, bot.searcher().embedder, recipe)

    def say(self, messages: Sequence[Message]) -> str:
        generation = Generation(max_tokens=MOST_TOKENS, temperature=0.0, seed=self.recipe.llm.seed, stop=("\n\n",))
        return self.llm.generate(messages, generation).text

    def read(self, asked: Question, passages: Sequence[Passage]) -> str:
        hits = [Hit(passage=passage, score=0.0, legs={}) for passage in passages]
        return self.say(self._write(asked.question, hits, asked.history, asked.searched).messages)

    def recall(self, asked: Question) -> str:
        return self.say(render_closed_book(asked.question, self.recipe.prompt, asked.history))

    def general(self) -> list[bool]:
        replies = [(self.say([Message(role="user", content=question)]), words) for question, words in GENERAL]
        return [any(word.lower() in reply.lower() for word in words.split("|")) for reply, words in replies]


def forgetting(bot: Opened, folder: Path, seen: Sequence[Case], unseen: Sequence[Case], budget: Budget) -> Forgetting:
    """Ask a tuned model and its base general questions, and of ``seen`` and ``unseen`` cases at most :data:`PROBED`
    each, with the passages that answer, with others, and with none.
    """
    base = str(read_record(folder)["base"])
    parts = {"seen": _questions(bot, seen), "unseen": _questions(bot, unseen)}
    found = [_probed(bot, model, parts, budget) for model in (base, folder.name)]
    probes = (probe(name, found[0][name], found[1][name]) for name in found[0])
    return Forgetting(model=folder.name, base=base, probes=tuple(probes))


def _questions(bot: Opened, cases: Sequence[Case]) -> list[Question]:
    """Give the first cases whose evidence is in the index, with passages."""
    asking = CaseQuestions(bot.searcher(), Places(bot.open_index()), ())
    found = (asking.of(case, case.id) for case in cases if case.answerable)
    kept = (one for one in found if isinstance(one, Question) and one.distractors)
    return [one for one, _ in zip(kept, range(PROBED), strict=False)]


def _probed(
    bot: Opened, model: str, parts: dict[str, list[Question]], budget: Budget
) -> dict[str, list[bool]]:  # fmt: skip
    recipe = with_values(bot.recipe, {"llm.model": model})
    bot.with_recipe(recipe).fetch_models(llm=True)
    with closing(within(open_llm(recipe.llm), recipe.llm, budget)) as llm:
        asker = _Asker(bot, llm, recipe)
        found = {"general questions, right": asker.general()}
        for part, questions in parts.items():
            read = [asker.read(one, one.evidence) for one in questions]
            found[f"evidence alone, {part}: right"] = list(map(_right, questions, read))
            found[f"evidence alone, {part}: declined, wrongly"] = list(map(declines, read))
            others = [asker.read(one, one.distractors) for one in questions]
            found[f"other passages, {part}: declined, rightly"] = list(map(declines, others))
            found[f"no passage, {part}: right"] = [_right(one, asker.recall(one)) for one in questions]
    return found


def _right(asked: Question, reply: str) -> bool:
    contexts = [passage.content for passage in asked.evidence]
    verdict = correctness(reply, [asked.answer], asked.question, contexts)
    return verdict is not None and verdict.value >= RIGHT_FROM
