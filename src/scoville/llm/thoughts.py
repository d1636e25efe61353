"""What a model thinks before it answers, taken out of its reply.

Enters: pieces of a reply. Leaves: the same without the thoughts that it begins with. Models mark them with tags that
their chat templates define; a tag later in a reply is text like any other.
"""

TAGS = {"<think>": "</think>", "<thinking>": "</thinking>", "[THINK]": "[/THINK]"}
"""Qwen, DeepSeek and most others; some fine-tunes; Mistral."""


class Thoughts:
    """Holds back what may be a thought until it is known."""

    def __init__(self) -> None:
        self.found = False
        """Whether the model thought."""
        self._close = ""
        self._held = ""
        self._is_over = False

    def take(self, piece: str) -> str:
        """Give what is surely no thought."""
        if self._is_over:
            return piece
        self._held += piece
        begun = self._held.lstrip()
        if not self._close:
            opened = next((tag for tag in TAGS if begun.startswith(tag)), None)
            if opened is None:
                return "" if any(tag.startswith(begun) for tag in TAGS) else self._let_go(self._held)
            self.found, self._close = True, TAGS[opened]
            begun = begun[len(opened) :]
        _, closed, answer = begun.partition(self._close)
        if not closed:
            self._held = self._held[-len(self._close) :]  # all that may be the beginning of its end
            return ""
        return self._let_go(answer) if answer.strip() else self._wait_for_words()

    def end(self) -> str:
        """Give what was held, now that nothing follows."""
        return "" if self.found else self._let_go(self._held)

    def _let_go(self, text: str) -> str:
        self._is_over, self._held = True, ""
        return text.lstrip() if self.found else text

    def _wait_for_words(self) -> str:
        """Drop the blank lines between thoughts and answer, however they are cut up."""
        self._held = self._close
        return ""


def without_thoughts(text: str) -> str:
    """Give a whole reply without thoughts, also where a template opened them and the reply only closes them."""
    thoughts = Thoughts()
    answer = thoughts.take(text) + thoughts.end()
    for opened, closed in TAGS.items():
        if not thoughts.found and closed in answer and opened not in answer:
            return answer.partition(closed)[2].lstrip()
    return answer
