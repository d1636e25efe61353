"""Fills the template of the page, whose style and script stand beside it.

Enters: what the template asks for. Leaves: one HTML file that loads nothing. All text is escaped; the page forbids
every script and style but these two, by their hashes, so that nothing in a document can run even where escaping failed.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scoville.comparison import plots
from scoville.comparison.asked import Said
from scoville.comparison.marked import blocks, markers
from scoville.evaluate.result import Result
from scoville.evaluate.shown import LABELS, unit_of, written
from scoville.html import REASONS, not_bold, shorten

if TYPE_CHECKING:
    from jinja2 import Environment

PAGE = Path(__file__).parent / "page"
STEPS = {"search": "searching", "first_token": "first token after", "generate": "writing", "total": "whole answer"}


def render(template: str, values: Mapping[str, Any]) -> str:
    """Fill a template of ``page/``. A figure of ours is given as ``Markup``, everything else is text."""
    from markupsafe import Markup

    tokens, style, script = (
        (PAGE / name).read_text(encoding="utf-8") for name in ("tokens.css", "page.css", "page.js")
    )
    style = tokens + style
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; base-uri 'none'; "
        "form-action 'none'"
    )
    own = {"style": Markup(style), "script": Markup(script), "policy": policy}
    return environment().get_template(template).render({**values, **own})


def environment(*more: Path) -> "Environment":
    """Give what fills the templates of ``page/``, and of ``more`` folders, which may include them."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    page = Environment(
        loader=FileSystemLoader([PAGE, *more]), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=StrictUndefined, finalize=_printable,
    )  # fmt: skip
    filters: dict[str, Callable[..., Any]] = {
        "blocks": blocks, "markers": markers, "pages": _pages, "document": _document, "shorten": shorten,
        "timeline": _timeline, "trace": _trace, "drawn": _drawn, "not_bold": not_bold,
        "words": lambda text: text.replace("_", " "),
        "reason": lambda key: REASONS.get(key, key), "seconds": lambda value: written(value, "seconds"),
    }  # fmt: skip
    page.filters.update(filters)
    return page


def _printable(value: Any) -> Any:
    """Give text without the signs that are not printed, such as those that turn the direction of writing."""
    if type(value) is not str or value.isprintable():  # not Markup, which is ours
        return value
    return "".join(sign if sign.isprintable() or sign in "\n\t" else " " for sign in value)


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _pages(pages: Sequence[int]) -> str:
    return f"page {'–'.join(str(page) for page in dict.fromkeys((pages[0], pages[-1])))}" if pages else ""


def _document(name: str) -> str:
    """Give a document's name, of a file elsewhere on the machine without its folders."""
    return name.rsplit("/", 1)[-1] if name.startswith("/") else name


def _timeline(result: Result) -> str:
    """Draw where the time of an answer went."""
    from markupsafe import Markup

    seconds = {name: value or 0.0 for name, value in result.seconds.items()}
    spent = [("search", seconds.get("search", 0.0)), ("writing", seconds.get("generate", 0.0))]
    rest = max(seconds.get("total", 0.0) - sum(value for _, value in spent), 0.0)
    return Markup(plots.parts([*spent, ("rest", rest)])) if spent[0][1] or spent[1][1] else ""


def _trace(said: Said) -> list[tuple[str, str]]:
    """Give what an answer took and how it was scored, in words."""
    result = said.result
    if result is None:
        return []
    rows = [(label, written(value, "seconds")) for step, label in STEPS.items() if (value := result.seconds.get(step))]
    if result.prompt_tokens or result.completion_tokens:
        rows.append(("tokens", f"{result.prompt_tokens:,} read, {result.completion_tokens:,} written"))
    if result.cost_usd:
        rows.append(("fee", written(result.cost_usd, "usd")))
    if result.confidence is not None:
        rows.append(("confidence", f"{result.confidence:.2f}"))
    rows += [
        (label, text)
        for label, text in (("model", result.model), ("trace", result.trace and f"scoville trace {result.trace}"))
        if text
    ]
    rows += [
        (LABELS[name], f"not scored: {score.reason}" if score.value is None else written(score.value, unit_of(name)))
        for name, score in said.scores.items()
        if name in LABELS
    ]
    return rows


def _drawn(figure: str) -> Any:
    """Take an SVG of ours as it is."""
    from markupsafe import Markup

    return Markup(figure)
