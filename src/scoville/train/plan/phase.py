"""Which phase a workspace is ready for, and why.

Enters: what a workspace holds and where its last run went wrong. Leaves: :class:`Advice`. Reads nothing itself.

The phases, each dearer than the one before: a prompt over all of the text; retrieval; a tuned model with retrieval;
a model that has read on in the field's texts (continued pretraining); a model of one's own. A tuned model is never
advised for facts that it lacks: it learns them badly (Ovadia et al. 2023, arXiv 2312.05934), learns to invent beside
them (Gekhman et al. 2024, arXiv 2405.05904), and a document that changes makes it wrong.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Phase = Literal["prompt", "rag", "finetune+rag", "continued pretraining", "pretrain"]
Verdict = Literal["next", "stay", "not yet", "no"]
FACTS = ("not_read", "cut_badly", "not_found", "ranked_too_low")
"""Stages of blame at which the model never saw what it was asked for."""
BEHAVIOUR = ("misread", "invented", "refused_wrongly")
"""Stages at which it saw it and did the wrong thing."""
TUNING_ROWS = 1_000
"""Instruction tuning begins to pay here, and rarely needs more than 10,000."""
CONTINUED_TOKENS = 100_000_000
"""Continued pretraining: 100 million to a billion tokens of the field's text."""
PRETRAIN_TOKENS = 10**12
FEW_WRONG = 0.05
"""With no more wrong answers than this share, what is there is good enough to look elsewhere."""
FITTING = 0.5
"""The share of the model's context that all of the text may fill and still be read."""
EXAMPLE_ROOM = 600
"""Tokens that three worked examples take in a prompt."""
REPEATED = 0.5
"""With more of a prompt the same each time, tuning saves that much of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What is known of a workspace."""

    documents: int
    document_tokens: int
    """Of all text, estimated."""
    cases: int
    rows: int
    """Examples to train on: cases of the part ``train`` that have an answer, and what ``scoville train rows`` wrote."""
    context_tokens: int
    """What the model reads at once."""
    prompt_tokens: int
    """Of a question of the last run, on average; 0 where none was asked."""
    fixed_tokens: int
    """Of these, the words that are the same each time: role, instructions, examples; estimated."""
    answer_tokens: int
    """The longest answer."""
    instructions: int
    """Lines that the recipe adds to the standing instructions."""
    run: str = ""
    """The last scored run of a recipe of this workspace."""
    asked: int = 0
    wrong: Mapping[str, int] = field(default_factory=dict[str, int])
    """Its wrong answers by the stage that is to blame."""
    tuned: bool = False
    """Whether the model that answered was trained here."""

    def count(self, stages: tuple[str, ...]) -> int:
        """Count the wrong answers that these stages are to blame for."""
        return sum(self.wrong.get(stage, 0) for stage in stages)


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """One phase."""

    phase: Phase
    verdict: Verdict
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Advice:
    """What to do next, and what each phase is waiting for; as a text a list."""

    phase: Phase
    """Where to work now."""
    todo: tuple[str, ...]
    """What to do there, the first thing first."""
    phases: tuple[Judged, ...]
    facts: Facts

    def json(self) -> dict[str, Any]:
        """Give it for a program."""
        phases = [asdict(one) | {"reasons": list(one.reasons)} for one in self.phases]
        return {"phase": self.phase, "todo": list(self.todo), "phases": phases, "facts": asdict(self.facts)}

    def __str__(self) -> str:
        """Write it for a person."""
        lines = [f"Work on: {self.phase}", *(f"  {number}. {text}" for number, text in enumerate(self.todo, start=1))]
        for one in self.phases:
            lines += ["", f"{one.phase}: {one.verdict}", *(f"  - {reason}" for reason in one.reasons)]
        return "\n".join(lines)


def advise(facts: Facts) -> Advice:
    """Say which phase to work on now, and why not on the others."""
    phase, todo, reasons = _now(facts)
    judged: dict[Phase, tuple[Verdict, tuple[str, ...]]] = {
        "prompt": _prompt(facts), "rag": _rag(facts), "finetune+rag": _tuning(facts),
        "continued pretraining": _continued(facts), "pretrain": _pretrain(facts),
    }  # fmt: skip
    phases = tuple(
        Judged(phase=name, verdict="next", reasons=(*reasons, *found)) if name == phase
        else Judged(phase=name, verdict=verdict, reasons=found)
        for name, (verdict, found) in judged.items()
    )  # fmt: skip
    return Advice(phase=phase, todo=todo, phases=phases, facts=facts)


def _now(facts: Facts) -> tuple[Phase, tuple[str, ...], tuple[str, ...]]:
    """Give the phase to work on, what to do and the reasons."""
    if not facts.documents:
        return "prompt", ("add documents: scoville add PATH",), ("there is nothing to answer from yet",)
    base: Phase = "prompt" if _fits(facts) else "rag"
    if not facts.cases:
        make = "make questions to measure with: scoville cases generate -n 40, then scoville cases review"
        return base, (make, "scoville evaluate CASES"), ("without cases no phase can be told from another",)
    if not facts.run:
        return base, ("scoville evaluate CASES",), ("no run says yet what goes wrong",)
    wrong = sum(facts.wrong.values())
    if wrong <= FEW_WRONG * facts.asked:
        ask = "ask harder questions: scoville cases generate, or those of people"
        return base, (ask,), (f"{wrong} of {facts.asked} answers of {facts.run} are wrong: little is left to gain",)
    lacking, behaving = facts.count(FACTS), facts.count(BEHAVIOUR)
    if lacking >= behaving:
        return _mend_retrieval(facts, wrong, lacking)
    return _mend_behaviour(facts, base, wrong, behaving)


def _mend_retrieval(facts: Facts, wrong: int, lacking: int) -> tuple[Phase, tuple[str, ...], tuple[str, ...]]:
    if not lacking:
        todo = "say where the answers stand (evidence of the cases): then what is to blame can be told"
        return "rag", (todo,), (f"of {wrong} wrong answers none can be blamed on a stage",)
    worst = max(FACTS, key=lambda stage: facts.wrong.get(stage, 0))
    todo = (f"mend {worst.replace('_', ' ')} first: scoville report {facts.run} --blame says what to try",)
    why = f"of {wrong} wrong answers {lacking} lacked the fact: the model was not given it"
    return "rag", todo, (why,)


def _mend_behaviour(
    facts: Facts, base: Phase, wrong: int, behaving: int
) -> tuple[Phase, tuple[str, ...], tuple[str, ...]]:
    why = f"of {wrong} wrong answers {behaving} had the fact before the model, which misread, invented or refused"
    if not facts.instructions and not facts.tuned and _room(facts) >= EXAMPLE_ROOM:
        todo = (
            "say in prompt.instructions what it gets wrong, with two or three worked examples",
            "measure it: scoville evaluate CASES --baseline RUN",
        )
        room = f"nothing was tried in the prompt yet, and {_room(facts):,} tokens of the context are free"
        return base, todo, (why, f"{room}: instructions and examples cost nothing to try")
    if facts.rows >= TUNING_ROWS:
        todo = (
            "what it takes: scoville plan train", "scoville train lora",
            "the same questions before and after: scoville compare --phases rag,finetune+rag=NAME --cases CASES",
        )  # fmt: skip
        return "finetune+rag", todo, (why, "what is wrong is behaviour, which tuning changes")
    todo = (
        f"gather {TUNING_ROWS - facts.rows:,} more rows: scoville train rows, scoville cases generate",
        "meanwhile try a stronger llm.model",
    )
    return base, todo, (why, f"{facts.rows:,} rows are too few to tune with")


def _fits(facts: Facts) -> bool:
    return 0 < facts.document_tokens <= FITTING * facts.context_tokens


def _room(facts: Facts) -> int:
    return facts.context_tokens - max(facts.prompt_tokens, facts.fixed_tokens) - facts.answer_tokens


def _prompt(facts: Facts) -> tuple[Verdict, tuple[str, ...]]:
    if not facts.document_tokens:
        return "not yet", ()
    text = f"all text has about {facts.document_tokens:,} tokens, the model reads {facts.context_tokens:,} at once"
    if _fits(facts):
        return "stay", (f"{text}: all of it fits into every prompt (raise search.passages, prompt.context_tokens)",)
    return "no", (f"{text}: it does not fit",)


def _rag(facts: Facts) -> tuple[Verdict, tuple[str, ...]]:
    if not facts.document_tokens or _fits(facts):
        return "not yet", ("it pays when the text is more than fits into a prompt",)
    return "stay", ("what changes is read again in seconds, and answers cite it",)


def _tuning(facts: Facts) -> tuple[Verdict, tuple[str, ...]]:
    return "not yet", tuple(_tuning_reasons(facts))


def _tuning_reasons(facts: Facts) -> Iterator[str]:
    behaving, lacking = facts.count(BEHAVIOUR), facts.count(FACTS)
    if not facts.run:
        yield "no run says whether behaviour is what goes wrong"
    elif lacking >= behaving:
        yield (
            f"{lacking} wrong answers lack a fact and {behaving} are behaviour: tuning teaches behaviour, not facts; "
            "facts come from retrieval"
        )
    yield f"{facts.rows:,} rows at hand; instruction tuning takes 1,000 to 10,000"
    share = facts.fixed_tokens / facts.prompt_tokens if facts.prompt_tokens else 0.0
    if share >= REPEATED:
        yield (
            f"in its favour: {share:.0%} of each prompt ({facts.fixed_tokens} tokens) are the same words every time, "
            "which a tuned model needs no more"
        )


def _continued(facts: Facts) -> tuple[Verdict, tuple[str, ...]]:
    have = f"about {facts.document_tokens:,} tokens of text; it takes {CONTINUED_TOKENS:,} to 1,000,000,000"
    if facts.document_tokens < CONTINUED_TOKENS:
        return "no", (have,)
    if not facts.tuned:
        return "not yet", (have, "a tuned model has not been measured yet, and is cheaper")
    return "not yet", (have, "it pays where the field's words are what a tuned model still misreads")


def _pretrain(facts: Facts) -> tuple[Verdict, tuple[str, ...]]:
    have = f"about {facts.document_tokens:,} tokens of text; a model of one's own takes {PRETRAIN_TOKENS:,}"
    return ("not yet" if facts.document_tokens >= PRETRAIN_TOKENS else "no"), (have,)
