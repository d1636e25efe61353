"""The recipe that a new workspace begins with. Enters: a folder. Leaves: a short commented file with the defaults."""

from pathlib import Path

from scoville.errors import UsageError
from scoville.recipe.recipe import FILE_NAME, Recipe

RECIPE = """\
# A Scoville recipe: every choice from reader to answer. What is left out has its default;
# `scoville recipe` prints all values and where each came from. Secrets come from the environment.
version: 1

split:
  by: section            # section: keeps headings and tables together; fixed: windows of `size` tokens
  size: {size}              # tokens of the embedder

embed:
  model: {embedder}   # or hf:ORG/NAME, path:FOLDER, ollama:NAME, vllm:NAME, openai:NAME

search:
  passages: {passages}            # how many passages an answer is built from

llm:
  model: {llm}   # or hf:ORG/NAME/FILE.gguf, path:FILE.gguf, ollama:NAME, vllm:NAME, openai:NAME, anthropic:NAME
  # base_url: https://llm.example/v1   # with openai:NAME: any compatible server; its key is in OPENAI_API_KEY
  temperature: {temperature}

answer:
  min_similarity: {min_similarity}   # below it, "I don't know" without asking the model
"""


def write_recipe(folder: Path, *, force: bool = False) -> Path:
    """Write the recipe with the defaults; UsageError when there is one already."""
    path = folder / FILE_NAME
    if path.exists() and not force:
        raise UsageError(f"{path} exists: use --force to replace it")
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; expected a folder")
    folder.mkdir(parents=True, exist_ok=True)
    recipe = Recipe()
    path.write_text(
        RECIPE.format(
            size=recipe.split.size,
            embedder=recipe.embed.model,
            passages=recipe.search.passages,
            llm=recipe.llm.model,
            temperature=recipe.llm.temperature,
            min_similarity=recipe.answer.min_similarity,
        ),
        encoding="utf-8",
    )
    return path
