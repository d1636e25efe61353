"""Stage 17: a system as it was at one moment, kept, measured and served under a name.

release   a release on disk, checked                    make      workspace → release, whole or not at all
models    what was trained here, kept in it             state     what each alias stands for, and the log
standing  whether it may be served                      serve     promoted, rolled back, removed
diff      what two of them do otherwise
"""

from scoville.release.diff import Difference, compare_releases
from scoville.release.make import make_release, remake_release, remove_unfinished
from scoville.release.models import opening_recipe
from scoville.release.release import Release, facts_of, find_release, is_release, releases_of
from scoville.release.serve import Served, promote, remove_release, replace_release, rollback
from scoville.release.standing import Standing
from scoville.release.state import PRODUCTION, State, Target, read_log, read_state, whoami

__all__ = [
    "PRODUCTION", "Difference", "Release", "Served", "Standing", "State", "Target", "compare_releases", "facts_of",
    "find_release", "is_release", "make_release", "opening_recipe", "promote", "read_log", "read_state", "releases_of",
    "remake_release", "remove_release", "remove_unfinished", "replace_release", "rollback", "whoami",
]  # fmt: skip
