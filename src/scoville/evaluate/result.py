"""What a system said to one case, in the form in which a run keeps it.

Enters: the JSON of an answer (docs/json.md), whoever wrote it. Leaves: a :class:`Result`. Knows no metric, no system.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scoville.html import standing


@dataclass(frozen=True, kw_only=True, slots=True)
class Retrieved:
    """A passage that the system was given, in the order in which it was given."""

    id: str
    document: str
    pages: tuple[int, ...]
    """All that it touches; empty in formats without pages."""
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Cited:
    """A citation of the answer."""

    document: str
    pages: tuple[int, ...]
    quote: str
    verified: bool
    marker: str = ""
    """The number by which the answer names it, if the system tells."""
    state: str = ""
    """How far it holds, of ``html.STATES``, if the system tells."""
    reason: str = ""
    """What speaks against it, of ``html.DOUBTS``."""

    @property
    def standing(self) -> str:
        """How far it holds, in words; empty where it is supported."""
        return "" if self.verified else standing(self.state or "unsupported", self.reason)


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """An answer as it was saved; ``error`` is set where the system gave none."""

    case_id: str
    text: str
    refused: bool
    reason: str = ""
    """Why it refused: `no_documents`, `weak_evidence`, `model_declined`, `ungrounded`, `cut_off`, or what the
    system calls it."""
    withheld: str = ""
    """What the model of a system wrote where the answer is a refusal, if the system tells."""
    citations: tuple[Cited, ...] = ()
    passages: tuple[Retrieved, ...] = ()
    ranking: tuple[Retrieved, ...] = ()
    """What the search found, deeper than what was given, where the system tells; the passages stand first."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None
    """None: not known."""
    seconds: Mapping[str, float | None] = field(default_factory=dict[str, float | None])
    """``search``, ``first_token``, ``generate``, ``total``, each where the system tells; ``total`` always."""
    confidence: float | None = None
    """How sure the system was, on any scale where more is surer; for risk–coverage."""
    model: str = ""
    trace: str = ""
    """The id under which `scoville trace` shows it."""
    error: str = ""


def result_of(case_id: str, saved: Mapping[str, Any]) -> Result:
    """Read the JSON of an answer; a missing field counts as empty, one of another type is a TypeError or its like."""
    usage, seconds = saved.get("usage") or {}, saved.get("seconds") or {}
    return Result(
        case_id=case_id,
        text=str(saved.get("answer") or ""),
        refused=bool(saved.get("refused")),
        reason=str(saved.get("reason") or ""),
        withheld=str(saved.get("withheld") or ""),
        citations=tuple(
            Cited(
                document=str(citation.get("document") or ""),
                pages=_pages(citation),
                quote=str(citation.get("quote") or ""),
                verified=bool(citation.get("verified", True)),
                marker=str(citation.get("marker") or ""),
                state=str(citation.get("state") or ""),
                reason=str(citation.get("reason") or ""),
            )
            for citation in saved.get("citations") or ()
        ),
        passages=_retrieved(saved.get("passages")),
        ranking=_retrieved(saved.get("ranking")),
        prompt_tokens=int(usage.get("prompt_tokens") or 0),
        completion_tokens=int(usage.get("completion_tokens") or 0),
        cost_usd=_number(saved.get("cost_usd")),
        seconds={name: _number(value) for name, value in seconds.items()},
        confidence=_number(saved.get("confidence") if (sure := saved.get("probability")) is None else sure),
        model=str(saved.get("model") or ""),
        trace=str(saved.get("trace") or ""),
        error=str(saved.get("error") or ""),
    )


def _retrieved(saved: Any) -> tuple[Retrieved, ...]:
    return tuple(
        Retrieved(
            id=str(one.get("id") or number),
            document=str(one.get("document") or ""),
            pages=_pages(one),
            text=str(one.get("text") or ""),
        )
        for number, one in enumerate(saved or ())
    )


def _number(value: Any) -> float | None:
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise TypeError(f"{value!r}; expected a number or null")


def _pages(place: Mapping[str, Any]) -> tuple[int, ...]:
    pages = {box["page"] for box in place.get("boxes") or ()} | {place.get("page"), *(place.get("pages") or ())}
    return tuple(sorted(page for page in pages if isinstance(page, int)))
