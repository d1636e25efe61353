"""How an answer looks in a terminal."""

import json

from scoville.cli.common import plain, style
from scoville.html import BOLD, REASONS, UNSURE, UNSURE_BELOW
from scoville.types import Answer, Citation, Finding

WORDS_SHOWN = 120


def answer_text(answer: Answer, *, show_withheld: bool = False) -> str:
    """Write an answer and its citations; a refusal and its reason, and if asked for what the model wrote."""
    if answer.refused:
        return _refusal_text(answer, show_withheld=show_withheld)
    text = answer.text if answer.data is None else json.dumps(json.loads(answer.text), indent=2, ensure_ascii=False)
    lines = [BOLD.sub(lambda found: style(found[1], bold=True), plain(text, keep="\n\t")), ""]
    lines += [_citation(citation) for citation in answer.citations]
    lines += [style(f"  {plain(step)}", dim=True) for step in answer.steps]
    if any(citation.method == "aligned" for citation in answer.citations):
        lines.append(style("  (citations found by matching the answer with the passages)", dim=True))
    if show_withheld and answer.withheld:
        lines.append(style(f"  left out, no passage supports it: {plain(answer.withheld)}", dim=True))
    if answer.reply and answer.reply.finish_reason == "length":
        lines.append(style("  (the reply was cut off at its limit: raise llm.max_tokens for the rest)", fg="yellow"))
    return "\n".join([*lines, *_found(answer)])


def _found(answer: Answer) -> list[str]:
    """Say what is to be known, and what guards found; of passages only in which documents: most have no part in it."""
    said = [*map(plain, answer.notes)]
    if not answer.refused and answer.probability is not None and answer.probability < UNSURE_BELOW:
        said.append(UNSURE)
    said += [finding_said(one) for one in answer.findings if one.place != "passages"]
    found = [one for one in answer.findings if one.place == "passages"]
    if found:
        documents = ", ".join(dict.fromkeys(plain(one.document or "") for one in found))
        said.append(f"kept from the model by guards: {len(found)} pieces of {documents} (--json lists them)")
    return [style(f"  {line}", fg="yellow") for line in said]


def finding_said(finding: Finding) -> str:
    """Say in one line what a guard found, and where."""
    page = f", page {finding.page}" if finding.page else ""
    where = f"{plain(finding.document)}{page}" if finding.document else f"the {finding.place}"
    words = plain(" ".join(finding.text.split()))
    done = "refused for" if finding.place == "question" else "kept out"
    return f'{done}: {finding.what} in {where}: "{words[:WORDS_SHOWN]}"'


def _refusal_text(answer: Answer, *, show_withheld: bool) -> str:
    """Write a refusal: what is said instead, why, and what comes closest."""
    meant = answer.refusal
    told = [answer.reason] if meant is None or meant.reason == "not_answered" else [meant.reason]
    lines = [
        style(plain(answer.text, keep="\n"), fg="yellow"),
        *(style(f"  ({REASONS[one]})", dim=True) for one in told if one),
    ]
    if show_withheld and answer.withheld:
        lines.append(style(f"  found no support: {plain(answer.withheld)}", dim=True))
    if meant and meant.citations:
        lines += ["", *(["  The closest is"] if meant.reason == "not_answered" else [])]
        lines += [_citation(citation) for citation in meant.citations]
    return "\n".join([*lines, *_found(answer)])


def usage_text(answer: Answer) -> str:
    """Say what an answer took, in one line."""
    if answer.reply is None:
        return f"{answer.total_seconds:.2f} s, no model asked"
    reply = answer.reply
    cost = "price unknown" if reply.cost_usd is None else f"${reply.cost_usd:.4f}" if reply.cost_usd else "$0"
    read, wrote = (sum(getattr(one, f"{name}_tokens") for one in answer.replies) for name in ("prompt", "completion"))
    tokens = f"{read} + {wrote} tokens"
    return f"{answer.total_seconds:.2f} s, {tokens}, {cost}, {plain(reply.model)} on {reply.runtime}"


def _citation(citation: Citation) -> str:
    where = f", page {citation.page}" if citation.page else f", {plain(citation.anchor)}" if citation.anchor else ""
    of = f"{plain(citation.pointer[1:])}: " if citation.pointer else ""
    place = f"{of}{plain(citation.document or '')}{where}"
    quote = plain(" ".join(citation.quote.split()))
    quote = f"{quote[:220]}..." if len(quote) > 220 else quote
    standing = citation.quoted.standing
    if citation.document is None:
        return style(f"  [{citation.marker}] {standing}", fg="red")
    if citation.state == "unsupported":
        return style(f"  [{citation.marker}] {place}: {standing}: ", fg="red") + f'"{quote}"'
    told = "" if citation.state == "supported" else style(f"{standing}: ", fg="yellow")
    return style(f"  [{citation.marker}] {place}: ", bold=True) + f'{told}"{quote}"'
