"""A model that judges answers.

judge    the model, pinned apart from the one that answers       prompts  what it is asked
lane     what needs no judge                                     metrics  what it decides
check    its verdicts beside labels (labels, agreement)
"""
