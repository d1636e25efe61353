"""The recipe's regular expressions give a document keys and values.

Enters: a document and rules. Leaves: typed values, and a warning for each rule that took too long. Knows no recipe
file.
"""

import re
from collections.abc import Sequence

from scoville.recipe import MetadataRule
from scoville.types import Document, Scalar

RULE_SECONDS = 0.5
"""The longest that one rule may take with one document: a rule such as ``(a+)+b`` could take for ever. The engine looks
at the clock now and then; such a rule ended after 2.4 s."""
TEXT_CHARACTERS = 1_000_000
VALUE_CHARACTERS = 300
WHOLE = re.compile(r"-?(?:0|[1-9]\d{0,14})")  # 007 is a name, and so is what has more digits than a float holds
DECIMAL = re.compile(r"-?\d{1,12}\.\d{1,9}")


def apply_rules(document: Document, rules: Sequence[MetadataRule]) -> tuple[dict[str, Scalar], list[str]]:
    """Give what the rules find, the later over the earlier, and what is to be said of those that took too long."""
    import regex  # the one engine that can be told when to stop

    found: dict[str, Scalar] = {}
    warnings: list[str] = []
    for rule in rules:
        place = document.source if rule.on == "source" else document.text[:TEXT_CHARACTERS]
        try:
            match = regex.compile(rule.match).search(place, timeout=RULE_SECONDS)
        except TimeoutError:
            warnings.append(
                f"metadata rule {rule.match!r:.80} took over {RULE_SECONDS} s and was left out; "
                "avoid repeats within repeats, such as (a+)+"
            )
            continue
        groups = match.groupdict() if match else {}
        found |= {key: _typed(value) for key, value in groups.items() if value and value.strip()}
    return found, warnings


def _typed(value: str) -> Scalar:
    value = " ".join(value.split())[:VALUE_CHARACTERS]
    if WHOLE.fullmatch(value):
        return int(value)
    return float(value) if DECIMAL.fullmatch(value) else value
