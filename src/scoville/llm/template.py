"""From messages to the text that a local model reads.

Enters: messages and a chat template in Jinja, as it came with the model. Leaves: the prompt. Does not know tokens.
A template is a program by a stranger: it runs in Jinja's sandbox, with bounds on its size, its loops over numbers and
its output. A message is data: special tokens in it are broken up, so no document can end its turn or open another.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from scoville.errors import ModelError
from scoville.llm.thoughts import TAGS
from scoville.types import Message

if TYPE_CHECKING:
    import jinja2

MAX_TEMPLATE_CHARACTERS = 100_000
MAX_LOOP = 10_000
MAX_OVERHEAD_CHARACTERS = 100_000
"""How much longer than its messages a prompt may be."""
PLAIN = "{% for message in messages %}{{ message['content'] }}\n\n{% endfor %}"
"""For models without a template, which were not trained to chat."""


@dataclass(frozen=True, kw_only=True)
class ChatTemplate:
    """How one model wants to be spoken to."""

    source: str | None
    """None when the model came without one."""
    bos_token: str = ""
    eos_token: str = ""
    special_tokens: tuple[str, ...] = ()
    thinking: bool | None = None
    """Whether the model is to think before it answers; None: as it does by itself."""

    @property
    def thinks(self) -> bool:
        """Whether the model may think before it answers."""
        return self.thinking is not False and any(mark in (self.source or "") for mark in ("enable_thinking", *TAGS))

    def render(self, messages: Sequence[Message]) -> str:
        """Write the prompt, up to where the reply begins.

        A template that refuses the role ``system`` gets those instructions in the first turn of the user.
        """
        import jinja2

        turns = [{"role": message.role, "content": self.defuse(message.content)} for message in messages]
        limit = 2 * sum(len(turn["content"]) for turn in turns) + MAX_OVERHEAD_CHARACTERS
        try:
            try:
                return self._run(turns, limit)
            except jinja2.TemplateError:
                if len(turns) < 2 or turns[0]["role"] != "system":
                    raise
                first, second, *others = turns
                merged = {"role": second["role"], "content": f"{first['content']}\n\n{second['content']}"}
                return self._run([merged, *others], limit)
        except (jinja2.TemplateError, ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as error:
            roles = ", ".join(message.role for message in messages)
            raise ModelError(f"the model's chat template failed on messages of {roles or 'nobody'}: {error}") from error

    def defuse(self, content: str) -> str:
        """Put a space into each special token of a message."""
        return self._special.sub(r"\1 ", content) if self._special else content

    @cached_property
    def _special(self) -> re.Pattern[str] | None:
        tokens = sorted({token for token in self.special_tokens if len(token) > 1}, key=len, reverse=True)
        if not tokens:
            return None
        # The look-ahead finds overlapping tokens too: a space goes in wherever one begins.
        return re.compile(f"(?=(?:{'|'.join(re.escape(token) for token in tokens)}))(.)", re.DOTALL)

    def _run(self, turns: list[dict[str, str]], limit: int) -> str:
        pieces: list[str] = []
        length = 0
        template = _compile(PLAIN if self.source is None else self.source)
        switch = {} if self.thinking is None else {"enable_thinking": self.thinking}
        for piece in template.generate(
            messages=turns, bos_token=self.bos_token, eos_token=self.eos_token, add_generation_prompt=True, **switch
        ):
            pieces.append(piece)
            length += len(piece)
            if length > limit:
                raise ValueError(f"it wrote more than {limit} characters")
        return self._without_open_thought("".join(pieces))

    def _without_open_thought(self, prompt: str) -> str:
        """Take off a tag that opens the thoughts: the model writes it itself, so that they can be told apart."""
        begun = prompt.rstrip()
        for opened, closed in TAGS.items():
            if self.source and begun.endswith(opened):
                return f"{begun}\n\n{closed}\n\n" if self.thinking is False else begun.removesuffix(opened)
        return prompt


@lru_cache(maxsize=8)
def _compile(source: str) -> "jinja2.Template":
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    if len(source) > MAX_TEMPLATE_CHARACTERS:
        raise ValueError(f"it has {len(source)} characters; at most {MAX_TEMPLATE_CHARACTERS} are run")

    class Environment(ImmutableSandboxedEnvironment):
        """Refuses what could fill the memory in one step."""

        intercepted_binops = frozenset({"*", "**"})

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            """Multiply what is small."""
            if any(
                (abs(value) if isinstance(value, int | float) else len(value)) > MAX_LOOP for value in (left, right)
            ):
                raise jinja2.TemplateRuntimeError(f"{operator} takes numbers and texts up to {MAX_LOOP} here")
            return super().call_binop(context, operator, left, right)

    def raise_exception(message: str) -> None:
        raise jinja2.TemplateError(message)

    def to_json(value: Any, indent: int | None = None) -> str:
        return json.dumps(value, ensure_ascii=False, indent=None if indent is None else min(indent, 8))

    environment = Environment(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"])
    environment.filters["tojson"] = to_json

    def now(form: str) -> str:
        return datetime.now().strftime(form)

    own: dict[str, Any] = {"range": _short_range, "raise_exception": raise_exception, "strftime_now": now}
    environment.globals.update(own)
    # `generation` marks the reply for training; transformers has this tag, Jinja has not.
    return environment.from_string(re.sub(r"(\{%-?\s*)(?:generation|(end)generation)(\s*-?%\})", _as_condition, source))


def _as_condition(tag: re.Match[str]) -> str:
    return f"{tag[1]}{'endif' if tag[2] else 'if true'}{tag[3]}"


def _short_range(*bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > MAX_LOOP:
        raise ValueError(f"it counts to {len(numbers)}; at most {MAX_LOOP} is run")
    return numbers
