"""Stage 13: everything of one workspace behind one object, for Python and for the commands alike.

bot      Bot: owns workspace, recipe, models, tracker      open     sc.open: a folder and values → Bot
stream   an answer as it is written                        hits     what was found, as a list
images   a citation → its page with the words boxed
"""

from scoville.bot.bot import Bot
from scoville.bot.hits import HitList
from scoville.bot.open import open
from scoville.bot.stream import Stream

__all__ = ["Bot", "HitList", "Stream", "open"]
