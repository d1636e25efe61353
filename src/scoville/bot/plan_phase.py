"""What a workspace holds, as the advice on phases needs it. Enters: a bot. Leaves: facts. Loads no model that answers.

Text is counted in characters, four to a token: a plan needs the size and not the number.
"""

from collections import Counter
from collections.abc import Iterator

from scoville.bot.opened import Opened
from scoville.bot.run import blame_answers
from scoville.cases.files import cases_of
from scoville.errors import EmptyIndex, ScovilleError
from scoville.evaluate.runs import Run, list_runs
from scoville.index import Index
from scoville.prompt import render_focus, system_text
from scoville.recipe.model import is_hosted
from scoville.train.plan.phase import Facts
from scoville.types import Case

CHARACTERS_OF_TOKEN = 4
SAMPLED_PASSAGES = 2_000
"""Of larger indexes the first so many passages stand for all."""
LOCAL_CONTEXT, HOSTED_CONTEXT = 8_192, 128_000
"""What is assumed where the recipe names no context."""


def gather(bot: Opened) -> Facts:
    """Look at the documents, the cases, the rows, the recipe and the last scored run."""
    recipe = bot.recipe
    documents, tokens = _documents(bot)
    cases = list(_cases(bot))
    run = next((one for one in reversed(_runs(bot)) if one.scores()), None)
    context = recipe.llm.context_tokens or (HOSTED_CONTEXT if is_hosted(recipe.llm.model) else LOCAL_CONTEXT)
    trained = bot.workspace.folder / "models" / recipe.llm.model
    results = [one for one in run.results().values() if one.prompt_tokens] if run else []
    return Facts(
        documents=documents, document_tokens=tokens, cases=len(cases), rows=_rows(bot, cases), context_tokens=context,
        prompt_tokens=sum(one.prompt_tokens for one in results) // len(results) if results else 0,
        fixed_tokens=_fixed_tokens(bot), answer_tokens=recipe.llm.max_tokens,
        instructions=len(recipe.prompt.instructions), run=run.id if run else "",
        asked=run.header["cases"] if run else 0,
        wrong=dict(Counter(one.stage for one in blame_answers(bot, run))) if run else {},
        tuned=trained.is_dir(),
    )  # fmt: skip


def _documents(bot: Opened) -> tuple[int, int]:
    """Count the documents and the tokens of their text."""
    try:
        index = bot.open_index()
    except EmptyIndex:
        return 0, 0
    documents = index.documents()
    sampled = characters = 0
    for source, state in documents.items():
        if sampled >= SAMPLED_PASSAGES:
            break
        sampled += state.passages
        characters += _characters(index, source)
    whole = sum(state.passages for state in documents.values())
    return len(documents), round(characters * whole / max(1, sampled) / CHARACTERS_OF_TOKEN)


def _characters(index: Index, source: str) -> int:
    return sum(len(passage.joint) + len(passage.text) for passage in index.neighbours(source, 0, SAMPLED_PASSAGES))


def _cases(bot: Opened) -> Iterator[Case]:
    for file in sorted((bot.workspace.root / "cases").glob("*.jsonl")):
        try:
            yield from cases_of(file)
        except ScovilleError:  # `scoville cases check` tells of it
            continue


def _rows(bot: Opened, cases: list[Case]) -> int:
    """Count what there is to train on."""
    files = (place / "rows" / "train.jsonl" for place in (bot.workspace.folder, bot.workspace.root))
    written = sum(1 for file in files if file.is_file() for line in file.read_bytes().splitlines() if line.strip())
    return written + sum(case.split == "train" and bool(case.expected or not case.answerable) for case in cases)


def _runs(bot: Opened) -> list[Run]:
    """Give the runs of recipes of this workspace, oldest first."""
    return [run for run in list_runs(bot.workspace.folder / "runs") if run.header.get("kind") == "recipe"]


def _fixed_tokens(bot: Opened) -> int:
    """Estimate the words that stand in every prompt."""
    settings = bot.recipe.prompt
    small = settings.style == "sentences" or (settings.style == "auto" and not is_hosted(bot.recipe.llm.model))
    messages = [one.content for one in render_focus("", (), settings)] if small else [system_text(settings)]
    return sum(map(len, messages)) // CHARACTERS_OF_TOKEN
