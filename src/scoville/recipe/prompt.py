"""What a model is told: the anatomy of a prompt, each part a field, and the templates that fill them.

Enters: the ``prompt`` section of a recipe; a template that it names or points to. Leaves: an :class:`Anatomy`, without
gaps. Does not know passages: ``scoville.prompt`` writes the messages. A template is a YAML file with the same keys.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationError, ValidationInfo, model_validator

from scoville.recipe.read_yaml import load_yaml
from scoville.recipe.section import ANSWERS, PositiveInt, Section

ROLE = "You answer questions for the people of a company from their own documents."
PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
GIVEN = frozenset({"question", "context", "schema", "pointed"})
"""What every prompt is given; each step of a chain adds what it wrote, under its name. `pointed` are the words that the
reader points at, with how likely they answer."""
JSON_FORMAT = "Reply with one JSON value and no other text. It follows this JSON schema: {schema}"
PATH = re.compile(r"[/\\]|\.ya?ml$")


class Example(Section):
    """A question that is answered as all are to be answered."""

    context: str = ""
    """What it is answered from, in the form of the passages: `[1] A text.`; empty: nothing is shown."""
    question: str
    answer: str


class Parts(Section):
    """The parts of a prompt. The role, the instructions and the format open it; then come the examples, the
    conversation, and in the last turn context and task.
    """

    role: str | None = None
    """Who the model is. Default: the template's, or one who answers a company's people from its documents."""
    instructions: tuple[str, ...] = ()
    """One line each; those of a recipe are added to the template's."""
    context: str | None = None
    """What the passages are introduced with; `{context}` stands for them."""
    task: str | None = None
    """What is asked; `{question}` stands for the question."""
    format: str | None = None
    """How the answer is to look; `{schema}` stands for the JSON schema of a structured one."""
    examples: tuple[Example, ...] | None = None
    """Fixed examples; `[]` takes out those of the template (zero-shot)."""
    answer_after: str | None = None
    """What stands behind the last of these words in a reply is the answer; what stands before them is thought."""
    numbered: bool | None = None
    """Whether passages and sentences bear numbers, which the model is to cite."""
    steps: tuple["Step", ...] = ()
    """Prompts that come first, in this order: what each writes takes the place of `{NAME}` in those after it."""


class Step(Parts):
    """A prompt whose output goes into later ones. Role and context are the prompt's, unless it has its own."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    max_tokens: PositiveInt | None = None
    """The longest that it may write; default `llm.max_tokens`."""


@dataclass(frozen=True, kw_only=True)
class Anatomy:
    """The parts of a prompt, none left out."""

    role: str
    instructions: tuple[str, ...]
    context: str
    task: str
    format: str
    examples: tuple[Example, ...]
    answer_after: str
    numbered: bool
    steps: tuple[Step, ...]


def shipped() -> list[str]:
    """Name the templates that come with Scoville."""
    found = files("scoville.recipe").joinpath("prompts").iterdir()
    return sorted(item.name.removesuffix(".yaml") for item in found if item.name.endswith(".yaml"))


def _template(given: Any, info: ValidationInfo) -> Any:
    """Take a name as it is; put in place of a path what its file says, so that a recipe holds all that decides."""
    if isinstance(given, str) and PATH.search(given):
        return _read(Path((info.context or {}).get("folder") or "") / Path(given).expanduser(), given)
    if isinstance(given, str) and given != "auto" and given not in shipped():
        raise _wrong(f"expected auto, {', '.join(shipped())}, or the path of a YAML file")
    return _parsed(given) if isinstance(given, dict) else given


def _read(path: Path, given: str) -> Parts:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise _wrong(f"{path} cannot be read: {reason}") from None
    return _parsed(load_yaml(text, given))


def _parsed(values: Any) -> Parts:
    try:
        return Parts.model_validate_json(json.dumps(values))
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise _wrong(f"{said}; the keys of a template are {', '.join(Parts.model_fields)}") from None


def _wrong(reason: str) -> Exception:
    from pydantic_core import PydanticCustomError

    return PydanticCustomError("template", "{reason}", {"reason": reason})


@cache
def _shipped(name: str) -> Parts:
    text = files("scoville.recipe").joinpath("prompts", f"{name}.yaml").read_text(encoding="utf-8")
    return _parsed(load_yaml(text, name))


class Prompt(Parts):
    """What the model is told."""

    decides = ANSWERS
    template: Annotated[str | Parts, BeforeValidator(_template)] = "auto"
    """What fills the parts that are left out: `grounded`, `concise`, `chain-of-thought`, `few-shot`, `json`,
    `citations`, `sentences`, `pointed`, or the path of a YAML file with the same keys, from the folder of the recipe.
    `auto`: `sentences` for `style: sentences`, else `grounded`; for an answer of a schema `json`."""
    shots: Annotated[int, Field(ge=0, le=20)] = 0
    """So many more examples are chosen for each question: the most alike of the `train` part of the cases."""
    style: Literal["auto", "passages", "sentences"] = "auto"
    """What the model is given: whole passages, or only the sentences nearest to the question, which small models read
    better. `auto`: sentences for local models, passages for hosted ones."""
    sentences: Annotated[int, Field(ge=1, le=50)] = 3
    """For `style: sentences`: how many."""
    context_tokens: Annotated[int, Field(ge=64)] = 1200
    """The most tokens that the passages may take in the prompt."""

    def anatomy(self, default: str = "grounded") -> Anatomy:
        """Give all parts; ``default`` names the template where the recipe says `auto`."""
        name = default if self.template == "auto" else self.template
        base = _shipped(name) if isinstance(name, str) else name
        return _whole(self, base, (*base.instructions, *self.instructions))

    @model_validator(mode="after")
    def _chain_holds(self) -> Self:
        if not (self.steps or self.context or self.task or self.format or isinstance(self.template, Parts)):
            return self  # as it is shipped
        whole = self.anatomy()
        for problem in (*_unknown(whole, set(GIVEN)), *_unused(whole)):
            raise ValueError(problem)
        return self


def step_anatomy(step: Step, prompt: Anatomy) -> Anatomy:
    """Give all parts of a step."""
    shows = "{context}" in prompt.context  # else it shows what steps wrote
    inherited = Parts(role=prompt.role, context=prompt.context if shows else None, numbered=prompt.numbered)
    return _whole(step, inherited, step.instructions)


def _whole(own: Parts, base: Parts, instructions: tuple[str, ...]) -> Anatomy:
    """Take each part from where it is given."""

    def part(name: str, default: Any) -> Any:
        return next((value for one in (own, base) if (value := getattr(one, name)) is not None), default)

    return Anatomy(
        role=part("role", ROLE), instructions=instructions, context=part("context", "{context}"),
        task=part("task", "{question}"), format=part("format", ""), examples=part("examples", ()),
        answer_after=part("answer_after", ""), numbered=part("numbered", True), steps=own.steps or base.steps,
    )  # fmt: skip


def _unknown(part: Parts | Anatomy, known: set[str]) -> Iterator[str]:
    """Find what stands for nothing: only what comes before can be put in."""
    for step in part.steps:
        yield from _unknown(step, set(known))
        if step.name in known:
            yield f"steps: the name {step.name!r} is taken; give each step its own"
        known.add(step.name)
    for key in ("context", "task", "format"):
        for name in PLACEHOLDER.findall(getattr(part, key) or ""):
            if name not in known:
                yield f"{key}: {{{name}}} stands for nothing here; there are {', '.join(sorted(known))}"


def _unused(part: Parts | Anatomy) -> Iterator[str]:
    """Find steps that no later prompt takes anything from."""
    later = _texts(part)
    for step in reversed(part.steps):
        if f"{{{step.name}}}" not in later:
            yield f"steps: {step.name} is used by no later prompt; write {{{step.name}}} where its output goes"
        yield from _unused(step)
        later += _all_texts(step)


def _texts(part: Parts | Anatomy) -> str:
    return f"{part.context} {part.task} {part.format}"


def _all_texts(step: Step) -> str:
    return " ".join((_texts(step), *map(_all_texts, step.steps)))
