"""Rows of training out of a workspace: its documents, its cases, and files that people bring.

Enters: a bot and files. Leaves: rows whose prompts are the very ones that the bot would send. What is kept for testing
is in none of them: the ``test`` part of the files in ``cases/``, and the cases of files that are named.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from scoville.answer.shots import Shots
from scoville.answer.write_prompt import PromptWriter
from scoville.bot.opened import Opened
from scoville.bot.training_questions import MINED, Asked, RowSettings, tests_of
from scoville.cases.files import cases_of
from scoville.embed import open_embedder
from scoville.llm import Llm, open_llm
from scoville.prompt import render_closed_book, template_hash
from scoville.train.examples import Example, Text, example_id
from scoville.train.rows.chats import CHATS
from scoville.train.rows.files import form_of
from scoville.train.rows.gather import (
    TrainingRows,
    divide_rows,
    divide_texts,
    refuse_none,
    refuse_tested,
    sample,
    untested,
)
from scoville.train.rows.grounded import Prompts, Question, examples_of
from scoville.train.rows.places import Places
from scoville.train.rows.texts import chunks, joined, text_files
from scoville.types import Case, Message


def training_rows(
    bot: Opened, files: Sequence[Path], against: Sequence[Path], settings: RowSettings, generate: Callable[[], Path]
) -> TrainingRows:
    """Make rows of files, or where none is given of the documents, of which ``generate`` makes cases."""
    forms = {file: form_of(file) for file in files}
    own = [file for file, form in forms.items() if form == "cases"]
    tests = tests_of([*sorted((bot.workspace.root / "cases").glob("*.jsonl")), *own], against)
    bot.fetch_models(llm=True)
    with closing(open_llm(bot.recipe.llm)) as llm, bot.bars("rows") as progress:
        work = _Work(bot, llm, settings, tests, lambda what, done: progress(what, done, None))
        for file, form in forms.items():
            if form == "cases":
                work.take_cases(file.name, cases_of(file), given=True)
            elif form == "reading":
                work.take_readings(file)
            elif form == "text":
                work.take_texts(file)
            else:
                work.take_conversations(file, form)
        if not files and set(settings.kinds) - {"text"}:
            work.take_cases("", cases_of(generate()), given=False)
        if "text" in settings.kinds:
            work.take_documents()
        return work.finish()


class _Work:
    """Rows as they come."""

    def __init__(
        self, bot: Opened, llm: Llm, settings: RowSettings, tests: Sequence[Case], say: Callable[[str, int], None]
    ) -> None:
        self.bot = bot
        self.llm = llm
        self.settings = settings
        self.tests = tests
        self.say = say
        self.examples: list[Example] = []
        self.divided: dict[str, list[Example]] = {"train": [], "dev": []}
        """Those of cases that were divided before."""
        self.texts: list[Text] = []
        self.asked = Asked(bot, settings, tests, say)
        self.skipped = self.asked.skipped
        self._known: set[str] = set()
        self._write: PromptWriter | None = None

    @property
    def write(self) -> PromptWriter:
        """Give what writes the bot's prompts."""
        if self._write is None:
            has_index = self.bot.workspace.built() is not None
            embedder = self.bot.searcher().embedder if has_index else open_embedder(self.bot.recipe.embed)
            self._write = PromptWriter(self.llm, embedder, self.bot.recipe, Shots(self.bot.train_cases, embedder))
        return self._write

    def take_cases(self, name: str, cases: Sequence[Case], *, given: bool) -> None:
        """Take cases; see ``Asked.kept``."""
        kept, group = self.asked.kept(name, cases, given=given)
        split = {group[case.id]: case.split for case in kept}
        made: list[Example] = []
        if "closed-book" in self.settings.kinds:
            made += (self._closed_book(case, group[case.id]) for case in kept if case.answerable and case.expected)
        if "grounded" in self.settings.kinds:
            made += self._grounded(self.asked.questions(kept, group))
        if not given:
            made, leaks = untested(made, self.tests)
            self.skipped[MINED] += len(leaks)
        for example in made:
            self._keep(example, self.divided.get(split[example.group], self.examples))

    def take_readings(self, path: Path) -> None:
        """Take questions that bring their own text."""
        self._given(path, self._grounded(self.asked.readings(path)))

    def take_conversations(self, path: Path, form: str) -> None:
        """Take conversations as they are."""
        made: list[Example] = []
        for one in CHATS[form](path):
            if isinstance(one, str):
                self.skipped[one] += 1
            else:
                made.append(one)
        self._given(path, sample(made, self.settings.count, self.settings.seed))

    def take_texts(self, path: Path) -> None:
        """Take a text for continued pretraining."""
        found = list(text_files(path))
        self.skipped.update(one for one in found if isinstance(one, str))
        texts = [one for one in found if isinstance(one, Text)]
        refuse_tested(str(path), texts, self.tests)
        self.texts += texts

    def take_documents(self) -> None:
        """Take the documents' own texts: what is asked of them is for testing, they are not."""
        places = Places(self.bot.open_index())
        for source in places.sources():
            passages = places.passages(source)
            self.texts += chunks(joined((one.joint, one.text) for one in passages), source)

    def finish(self) -> TrainingRows:
        """Divide what there is into train and dev."""
        settings = self.settings
        train, dev = divide_rows(self.examples, settings.dev, settings.seed)
        texts, dev_texts = divide_texts(self.texts, settings.dev, settings.seed)
        rows = TrainingRows(
            train=(*train, *self.divided["train"]), dev=(*dev, *self.divided["dev"]),
            texts=tuple(texts), dev_texts=tuple(dev_texts),
            template=template_hash(self.bot.recipe.prompt), model=self.bot.recipe.llm.model, seed=settings.seed,
            skipped=dict((+self.skipped).most_common()),
        )  # fmt: skip
        refuse_none(rows)
        return rows

    def _grounded(self, questions: Sequence[Question]) -> Iterator[Example]:
        """Write the examples of questions, a share of them without what they ask for."""
        write = self.write
        prompts = Prompts(
            write=write, passages=self.bot.recipe.search.passages, numbered=write.anatomy.numbered,
            seed=self.settings.seed,
        )  # fmt: skip
        made = examples_of(questions, prompts, refusals=self.settings.refusals, seed=self.settings.seed)
        for number, one in enumerate(made, start=1):
            if isinstance(one, str):
                self.skipped[one] += 1
            else:
                self.say(one.source, number)
                yield one

    def _closed_book(self, case: Case, group: str) -> Example:
        prompt = render_closed_book(case.question, self.bot.recipe.prompt, case.history)
        messages = (*prompt, Message(role="assistant", content=case.expected[0]))
        source = case.evidence[0].document if case.evidence else ""
        return Example(
            id=f"{case.id}-closed-book", messages=messages, source=source, group=group, kind="closed_book"
        )  # fmt: skip

    def _given(self, path: Path, made: Iterator[Example] | Sequence[Example]) -> None:
        """Keep the examples of a file that somebody brings."""
        examples = [replace(one, group=f"{path.name}:{one.group}") for one in made]
        refuse_tested(str(path), examples, self.tests)
        for example in examples:
            self._keep(example, self.examples)

    def _keep(self, example: Example, part: list[Example]) -> None:
        longest = self.settings.longest or self.llm.context_tokens
        said = example_id(example.messages)
        if said in self._known:
            self.skipped["the same row was there already"] += 1
        elif self.llm.count_tokens(example.messages) > longest:
            self.skipped[f"longer than {longest:,} tokens"] += 1
        else:
            self._known.add(said)
            part.append(example)
