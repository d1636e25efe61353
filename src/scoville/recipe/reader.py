"""How a reader is trained, in one strict YAML file: from which questions, how often each is seen, and how it learns.

Enters: a file such as ``recipes/reader.yaml``. Leaves: a validated :class:`ReaderTraining`. Opens none of the files
that it names.
"""

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from scoville.errors import RecipeError
from scoville.recipe.read_yaml import load_yaml
from scoville.recipe.section import PositiveInt, Section

Share = Annotated[float, Field(ge=0, lt=1)]


class ReadingFile(Section):
    """A file of questions and how it is used."""

    path: str
    """Below the recipe's ``folder``; SQuAD JSON or JSON lines, plain or gzipped."""
    times: Annotated[float, Field(gt=0, le=100)] = 1.0
    """How often each of its questions is seen in all."""
    hold_out: tuple[str, ...] | Annotated[int, Field(ge=1)] | Share = 0.0
    """What is not trained on, but measured with: titles, a number of titles (drawn), or a share of the texts."""
    form: Literal["text", "markdown", "cells"] = "text"
    """How texts that are tables are shown: as they are, in Markdown, or in Markdown and asked about cell by cell, a
    quarter of the time about a row that was taken out."""
    licence: str = ""
    """Of the questions; it goes with the weights."""


class ReaderTraining(Section):
    """Every choice of a reader's training; the defaults are those of a model that learns a few files more."""

    base: str = "all-minilm-l6-v2"
    """An encoder, as `embed.model` names one, or the folder of a trained reader."""
    folder: str = "."
    """Where the files lie, seen from the recipe's own folder."""
    files: tuple[ReadingFile, ...] = ()
    seed: int = 7
    longest: Annotated[int, Field(ge=32, le=512)] = 320
    """Tokens of a window: question, text and three marks."""
    overlap: Annotated[int, Field(ge=0)] = 96
    """Tokens that neighbouring windows of a long text share."""
    batch_tokens: PositiveInt = 5120
    """Padded tokens of a batch."""
    made_unanswerable: Share = 0.12
    """Share of the answerable questions that are changed so that their text no longer answers them."""
    titled: Share = 0.3
    """Share of the texts that get their title as first line."""
    learning_rate: Annotated[float, Field(gt=0, lt=1)] = 1.5e-4
    warmup_steps: Annotated[int, Field(ge=0)] = 150
    """A tenth of all at most."""
    hold: Annotated[float, Field(ge=0, le=1)] = 0.7
    """Share of the steps after which the learning rate begins to fall to 0."""
    steps: PositiveInt | None = None
    """Default: as many as it takes to see each file as often as its ``times`` says."""
    keep_base: Share = 0.0
    """How much of the base stays: the weights are averaged with those it began with, which keeps what it knew (Wortsman
    et al. 2022, "Robust fine-tuning of zero-shot models"). For a base that is a reader."""
    score_every_steps: PositiveInt | None = None
    """How often the held-out questions are looked at while it learns: the best weights are kept. Default: ten times."""
    patience: Annotated[int, Field(ge=0)] = 0
    """Looks without a gain after which training ends; 0: it never ends early."""


def load_reader_training(path: Path) -> ReaderTraining:
    """Read how a reader is trained; RecipeError names the key that is wrong and what is valid."""
    try:
        value = load_yaml(path.read_text(encoding="utf-8-sig"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path} cannot be read ({error}); expected YAML such as recipes/reader.yaml") from None
    if not isinstance(value, dict):
        raise RecipeError(f"{path} holds {value!r:.80}; expected keys: {', '.join(ReaderTraining.model_fields)}")
    try:
        return ReaderTraining.model_validate_json(json.dumps(value))
    except ValidationError as error:
        problems = (
            f"{'.'.join(map(str, one['loc']))}: {one['msg'][:1].lower()}{one['msg'][1:]}" for one in error.errors()
        )
        keys = ", ".join(ReaderTraining.model_fields)
        raise RecipeError(f"{path}: {'; '.join(dict.fromkeys(problems))}. Valid keys: {keys}") from None
