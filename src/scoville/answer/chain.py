"""Chains of prompts: what the model writes for one goes into those after it.

Enters: the steps of a prompt, what writes a prompt and what asks the model. Leaves: the outputs by the names of their
steps. A step may have steps of its own, which only it and each other see.
"""

from collections.abc import Callable, Mapping

from scoville.prompt import Rendered
from scoville.recipe import Anatomy
from scoville.recipe.prompt import step_anatomy

Write = Callable[[Anatomy, Mapping[str, str]], Rendered]
Ask = Callable[[Rendered, str, int | None], str]


def run_steps(prompt: Anatomy, values: Mapping[str, str], write: Write, ask: Ask, above: str = "") -> dict[str, str]:
    """Run the steps of a prompt, and give what later prompts may take from them, beside the values that there were.

    ``ask`` is given a prompt, the name of its step behind those that it is within, and the longest reply, if it has
    one of its own.
    """
    known = dict(values)
    for step in prompt.steps:
        name, anatomy = f"{above}/{step.name}", step_anatomy(step, prompt)
        within = run_steps(anatomy, known, write, ask, name)
        reply = ask(write(anatomy, within), name, step.max_tokens)
        known[step.name] = answer_part(reply, anatomy.answer_after)
    return known


def answer_part(reply: str, after: str) -> str:
    """Give what stands behind the last of the words that open the answer; all of it where they do not stand there."""
    place = reply.casefold().rfind(after.casefold()) if after else -1
    return reply[place + len(after) :].strip() if place >= 0 else reply.strip()
