"""Questions that one search does not answer: planned first, then worked off, every step cited.

plan       a question's form → simpler questions, and what to make of their answers    couple   "X and Y" → X, Y
calculate  numbers and dates                          run      single-shot first; the plan where that has little support
"""

from scoville.agent.plan import Plan, plan
from scoville.agent.run import AgentAnswerer, make_answerer

__all__ = ["AgentAnswerer", "Plan", "make_answerer", "plan"]
