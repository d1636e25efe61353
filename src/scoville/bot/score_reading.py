"""A model answers questions from one text each, and is scored as SQuAD scores. Enters: a bot, a model, a file of
questions. Leaves: a scorecard.

A reader is asked for its spans; any other model in the bot's own prompt, as if that text alone had been found.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from scoville.answer.declines import declines
from scoville.answer.write_prompt import SMALL_RUNTIMES, PromptWriter
from scoville.at_once import in_order
from scoville.bot.opened import Opened
from scoville.embed import open_embedder
from scoville.errors import UnknownModel, UsageError
from scoville.extract import is_reader, open_reader
from scoville.llm import Generation, open_llm
from scoville.llm.paid import within
from scoville.llm.reader import SHIPPED
from scoville.models.locate import PATH_PREFIX
from scoville.models.trained import trained_folder
from scoville.train.reader.rows import Row, read_questions
from scoville.train.reader.score import Answered, Scorecard, score, with_reader
from scoville.types import Hit, Passage

READER = "reader"
BLANK_LINE = "\n\n"


def score_reading(bot: Opened, model: str, file: Path, *, limit: int | None, no_limit: bool) -> Scorecard:
    """Score a model on a file of questions, or on so many of them, taken evenly out of all."""
    rows = read_questions(file)
    if limit:
        rows = [rows[place * len(rows) // limit] for place in range(min(limit, len(rows)))]
    with ExitStack() as opened, bot.bars("questions") as progress:

        def told(answers: Iterator[Answered]) -> Iterator[Answered]:
            for number, one in enumerate(answers, start=1):
                progress(model, number, len(rows))
                yield one

        folder = reader_folder(model)
        if folder:
            reader = open_reader(folder)
            reader.load()
            answer: Callable[[Sequence[Row]], Iterator[Answered]] = with_reader(reader)
        else:
            answer = _generator(bot, model, len(rows), opened, no_limit=no_limit)
        return score(rows, lambda given: told(answer(given)))


def reader_folder(model: str) -> Path | None:
    """Find the folder of a reader: trained in this workspace, at a path, or the shipped one; None for other models."""
    given = Path(model.removeprefix(f"{READER}:").removeprefix(PATH_PREFIX)).expanduser()
    for folder in (trained_folder(model), given, SHIPPED if model == READER else None):
        if folder and is_reader(folder):
            return folder
    if model == READER:
        raise UnknownModel(f"'{READER}': there is none here; train one with `scoville train reader`")
    if given.is_dir() and not model.startswith(PATH_PREFIX):
        raise UsageError(f"{model!r} is a folder without a reader; name another model that lies there as path:{model}")
    return None


def _generator(
    bot: Opened, model: str, count: int, opened: ExitStack, *, no_limit: bool
) -> Callable[[Sequence[Row]], Iterator[Answered]]:
    """Give a function that asks a model that writes."""
    from scoville.recipe.file import with_values

    other = bot.with_recipe(with_values(bot.recipe, {"llm.model": model}))
    other.fetch_models(llm=True)
    settings, budget = other.recipe.llm, other.budget(no_limit=no_limit)
    other.say_price(count, budget)
    llm = within(opened.enter_context(closing(open_llm(settings))), settings, budget)
    write = PromptWriter(llm, open_embedder(other.recipe.embed), other.recipe)
    generation = Generation(
        max_tokens=settings.max_tokens, temperature=settings.temperature, top_p=settings.top_p, seed=settings.seed,
        stop=settings.stop if settings.stop is not None else (BLANK_LINE,) * (llm.runtime in SMALL_RUNTIMES),
    )  # fmt: skip

    def ask(row: Row) -> Answered:
        reply = llm.generate(write(row.question, [_hit(row)]).messages, generation).text
        refused = declines(reply) or not reply.strip()
        return Answered("" if refused else reply, float(not refused))

    return lambda rows: in_order(ask, rows, settings.at_once)


def _hit(row: Row) -> Hit:
    """Give the text of a row as if it had been found."""
    passage = Passage(
        id=row.id, source=row.title or row.id, document_id=row.id, title=row.title, media_type="text/plain", start=0,
        end=len(row.context), text=row.context,
    )  # fmt: skip
    return Hit(passage=passage, score=1.0, legs={})
