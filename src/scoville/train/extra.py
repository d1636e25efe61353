"""What training needs before torch is imported. Imports nothing heavy itself."""

import os
from importlib.util import find_spec

from scoville.errors import MissingExtra

NEEDED = ("torch", "transformers", "accelerate", "peft")


def require_training() -> None:
    """Raise MissingExtra where a library is missing; have idle threads sleep.

    OpenMP's threads wait in a loop by default: where others use the machine, a step took eight times as long.
    """
    if missing := [name for name in NEEDED if not find_spec(name)]:
        raise MissingExtra(f"training needs {', '.join(missing)}: pip install 'scoville[train]'")
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
