"""The guard against personal data (scoville.personal)."""

from collections.abc import Sequence

from scoville.embed import Embedder
from scoville.guards.guard import Span
from scoville.personal import find_personal

CONTACTS = frozenset({"e-mail", "phone"})


class PersonalData:
    """Finds numbers and addresses that name a person."""

    def __init__(self, allowed: frozenset[str]) -> None:
        """``allowed`` are the kinds that are not looked for."""
        self._allowed = allowed

    def find(self, texts: Sequence[str]) -> list[list[Span]]:
        """Give what names a person."""
        return [
            [Span(one.start, one.end, one.kind) for one in find_personal(text) if one.kind not in self._allowed]
            for text in texts
        ]


def open_personal(name: str, embedder: Embedder) -> PersonalData:
    """Open ``personal``, or ``personal:numbers``, which leaves what people ask for: e-mail addresses and telephones."""
    return PersonalData(CONTACTS if name == "numbers" else frozenset())
