"""An Office formula (OMML) in, one line of readable text out: ``(a+b)/2``, ``x^2``, ``√(x)``, ``∑_(i=1)^n i``."""

from collections.abc import Callable
from typing import Any, NamedTuple

from scoville.read.text.xml_tree import attribute, child, name_of

_SKIPPED = frozenset(
    "rPr ctrlPr fPr sSupPr sSubPr sSubSupPr radPr naryPr dPr mPr funcPr limLowPr limUppPr accPr barPr boxPr "
    "borderBoxPr eqArrPr groupChrPr sPrePr phantPr oMathParaPr argPr".split()
)
_SCRIPTS = frozenset({"sSub", "sSup", "sSubSup", "limLow", "limUpp"})
_MOST_NESTED = 60


def math_text(element: Any, depth: int = 0) -> str:
    """Write a formula in a line; brackets stand where a line needs them and two dimensions did not."""
    if depth > _MOST_NESTED:
        return ""
    if name_of(element) == "t":
        return element.text or ""
    parts = {name_of(node): node for node in element if isinstance(node.tag, str)}
    inner = {name: math_text(node, depth + 1) for name, node in parts.items() if name in _ARGUMENTS}
    form = _FORMS.get(name_of(element))
    if form:
        bound = {name: _bracketed(text) for name, text in inner.items()}
        return form(_Parts(inner, bound, parts.get(f"{name_of(element)}Pr")))
    match name_of(element):
        case "d":
            return _delimited(element, parts.get("dPr"), depth)
        case "mr":
            return "  ".join(_each(element, "e", depth))
        case "m" if "mr" in parts:
            return "; ".join(_each(element, "mr", depth))
        case "eqArr":
            return "; ".join(_each(element, "e", depth))
        case _:
            return _joined(element, depth)


def _joined(element: Any, depth: int) -> str:
    text = ""
    after_script = False
    for node in element:
        if name_of(node) and name_of(node) not in _SKIPPED:
            part = math_text(node, depth + 1)
            text += f" {part}" if after_script and part[:1].isalnum() else part  # a_n cos, not a_ncos
            after_script = name_of(node) in _SCRIPTS
    return text


class _Parts(NamedTuple):
    """The parts of a form, by their names."""

    inner: dict[str, str]
    bound: dict[str, str]
    """In brackets where they need them."""
    properties: Any

    def of(self, name: str) -> str:
        return self.inner.get(name, "")

    def scripts(self, base: str, low: str = "", high: str = "") -> str:
        below, above = self.bound.get(low, ""), self.bound.get(high, "")
        return f"{base}{'_' + below if below else ''}{'^' + above if above else ''}"


def _fraction(parts: _Parts) -> str:
    if _character(parts.properties, "type", "bar") == "noBar":
        return f"({parts.of('num')} choose {parts.of('den')})"
    return f"{parts.bound.get('num', '')}/{parts.bound.get('den', '')}"


def _root(parts: _Parts) -> str:
    degree = f"[{parts.of('deg')}]" if parts.of("deg") else ""
    return f"√{degree}({parts.of('e')})"


def _function(parts: _Parts) -> str:
    argument = parts.of("e")
    return parts.of("fName") + (argument if argument.startswith("(") else f"({argument})")


def _operator(parts: _Parts) -> str:
    return f"{parts.scripts(_character(parts.properties, 'chr', '∫'), 'sub', 'sup')} {parts.of('e')}"


def _accent(parts: _Parts) -> str:
    return parts.of("e") + _character(parts.properties, "chr", "")


_FORMS: dict[str, Callable[[_Parts], str]] = {
    "f": _fraction,
    "rad": _root,
    "func": _function,
    "nary": _operator,
    "acc": _accent,
    "groupChr": _accent,
    "sSup": lambda parts: parts.scripts(parts.bound.get("e", ""), "", "sup"),
    "sSub": lambda parts: parts.scripts(parts.bound.get("e", ""), "sub"),
    "sSubSup": lambda parts: parts.scripts(parts.bound.get("e", ""), "sub", "sup"),
    "sPre": lambda parts: parts.scripts(parts.bound.get("e", ""), "sub", "sup"),
    "limLow": lambda parts: parts.scripts(parts.of("e"), "lim"),
    "limUpp": lambda parts: parts.scripts(parts.of("e"), "", "lim"),
}
_ARGUMENTS = frozenset({"e", "num", "den", "sub", "sup", "deg", "lim", "fName"})


def _each(element: Any, name: str, depth: int) -> list[str]:
    return [math_text(node, depth + 1) for node in element.iterchildren(f"{{*}}{name}")]


def _delimited(element: Any, properties: Any, depth: int) -> str:
    inside = _character(properties, "sepChr", "|").join(_each(element, "e", depth))
    if inside.startswith("(") and inside.endswith(")") and " choose " in inside:
        return inside
    return f"{_character(properties, 'begChr', '(')}{inside}{_character(properties, 'endChr', ')')}"


def _character(properties: Any, name: str, default: str) -> str:
    found = child(properties, name)
    return attribute(found, "val") if found is not None else default


def _bracketed(text: str) -> str:
    text = text.strip()
    is_whole = len(text) <= 1 or text.isalnum() or (text[0] == "(" and text.find(")") == len(text) - 1)
    return text if is_whole else f"({text})"
