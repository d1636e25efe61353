"""Conversations: what was asked and answered before, kept without personal data, and what of it the next question gets.

turns         what is stored: turns by the id of their conversation    window    turns → messages, within a budget
conversation  one that is asked, and grows
"""

from scoville.memory.conversation import Conversation, turn_of
from scoville.memory.turns import Conversations, Listed, Turn
from scoville.memory.window import Window

__all__ = ["Conversation", "Conversations", "Listed", "Turn", "Window", "turn_of"]
