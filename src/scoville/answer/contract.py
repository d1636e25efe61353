"""The JSON of answers and hits: a contract that is documented in docs/json.md. Fields may be added, never changed."""

import json
from collections.abc import Sequence
from typing import Any

from scoville.types import Answer, Box, Citation, Hit, Refusal, Reply


def hit_json(hit: Hit) -> dict[str, Any]:
    """Write a hit."""
    passage = hit.passage
    return {
        "id": passage.id,
        "document": passage.source,
        "title": passage.title,
        "page": passage.page,
        "anchor": passage.anchor,
        "headings": list(passage.headings),
        "text": passage.text,
        "boxes": [box_json(box) for box in passage.boxes()],
        "score": hit.score,
        "legs": {name: {"rank": leg.rank, "score": leg.score} for name, leg in sorted(hit.legs.items())},
    }


def ranked_json(hit: Hit) -> dict[str, Any]:
    """Write a hit of a deep ranking: only what measures of a ranking look at."""
    whole = hit_json(hit)
    pages = sorted({box["page"] for box in whole["boxes"]})
    return {key: whole[key] for key in ("id", "document", "page", "text")} | {"pages": pages}


def box_json(box: Box) -> dict[str, float]:
    """Write a box: page from 1, edges in PDF points from the top left."""
    return {"page": box.page, **{edge: round(getattr(box, edge), 1) for edge in ("x0", "y0", "x1", "y1")}}


def citation_json(citation: Citation) -> dict[str, Any]:
    """Write a citation."""
    return {
        "marker": citation.marker,
        "document": citation.document,
        "page": citation.page,
        "anchor": citation.anchor,
        "boxes": [box_json(box) for box in citation.boxes],
        "quote": citation.quote,
        "verified": citation.verified,
        "state": citation.state,
        "reason": citation.reason,
        "method": citation.method,
        **({"pointer": citation.pointer} if citation.pointer else {}),
        "passage": citation.passage_id,
    }


def refusal_json(refusal: Refusal) -> dict[str, Any]:
    """Write what a refusal means."""
    return {
        "reason": refusal.reason,
        "citations": [citation_json(citation) for citation in refusal.citations],
        "choices": list(refusal.choices),
    }


def total_cost(replies: Sequence[Reply]) -> float | None:
    """Add up what replies cost; None when the price of one is not known."""
    costs = [reply.cost_usd for reply in replies]
    return None if None in costs else sum(cost or 0.0 for cost in costs)


def answer_json(answer: Answer, *, show_withheld: bool = False) -> dict[str, Any]:
    """Write an answer. ``cost_usd`` is null when the price of a hosted model is not known.

    ``show_withheld`` adds what the model wrote where it is not the answer: for those who look after the system, since
    no passage supports it.
    """
    reply = answer.reply
    replies = answer.replies
    first = answer.first_token_seconds
    return {
        "question": answer.question,
        "searched": answer.searched or answer.question,
        "answer": answer.text,
        "refused": answer.refused,
        "notes": list(answer.notes),
        "golden": answer.golden,
        "reason": answer.reason,
        **({"withheld": answer.withheld} if show_withheld else {}),
        "confidence": None if answer.similarity is None else round(answer.similarity, 4),
        "probability": None if answer.probability is None else round(answer.probability, 4),
        "signals": {name: round(value, 4) for name, value in answer.signals.items()},
        **({"refusal": refusal_json(answer.refusal)} if answer.refusal else {}),
        **({"data": json.loads(answer.text)} if answer.data is not None and not answer.refused else {}),
        "citations": [citation_json(citation) for citation in answer.citations],
        "passages": [hit_json(hit) for hit in answer.hits],
        **({"ranking": [ranked_json(hit) for hit in answer.ranking]} if answer.ranking else {}),
        "usage": {
            "prompt_tokens": sum(reply.prompt_tokens for reply in replies),
            "completion_tokens": sum(reply.completion_tokens for reply in replies),
        },
        "cost_usd": total_cost(replies),
        "model": reply.model if reply else None,
        "runtime": reply.runtime if reply else None,
        "seconds": {
            "search": round(answer.search_seconds, 4),
            "first_token": None if first is None else round(first, 4),
            "generate": round(reply.total_seconds, 4) if reply else 0.0,
            "total": round(answer.total_seconds, 4),
        },
        "stages": [
            {
                "stage": stage.name,
                "started": round(stage.started, 4),
                "seconds": round(stage.seconds, 4),
                "note": stage.note,
            }
            for stage in answer.stages
        ],
        "findings": [finding._asdict() for finding in answer.findings],
    }
