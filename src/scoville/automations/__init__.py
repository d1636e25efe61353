"""What happened by itself, and who is told. Enters: events. Leaves: a log, and signed messages to a webhook.

Knows no bot: what is due, and doing it, is the bot's (`bot/automations.py`).
"""

from scoville.automations.outbox import secret_of, send_due
from scoville.automations.state import LONGEST_REST, Kept, locked, read_log

__all__ = ["LONGEST_REST", "Kept", "locked", "read_log", "secret_of", "send_due"]
