"""The process that makes items for an executor: a recipe and orders in, what was made out.

Run as ``python -m scoville.index.worker``; stops when its input ends.
"""

import os
import pickle
import signal
import sys
from typing import Any

from scoville.embed import open_embedder
from scoville.errors import MachineFault, ReadFailure
from scoville.faults import machine_fault
from scoville.guards import Guards
from scoville.index.executor import Order, versions
from scoville.index.making import Maker
from scoville.recipe import Recipe


class Making:
    """One recipe, and what it opens."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        embedder = open_embedder(recipe.embed)
        self._maker = Maker(recipe=recipe, embedder=embedder, guards=Guards(recipe.guards, embedder))

    def do(self, order: Order | None) -> Any:
        """Give what was made of an order, or the error it met, as one that can be pickled; without one the versions."""
        if order is None:
            return versions(self._recipe)
        try:
            return self._maker.embedded(self._maker.make(*order))
        except ReadFailure as error:
            fault = machine_fault(error)
            return MachineFault(str(fault)) if fault else ReadFailure(str(error))
        except Exception as error:  # a reader's fault must not end the ingest of a folder
            if fault := machine_fault(error):
                return MachineFault(str(fault))
            return ReadFailure(f"the reader failed ({type(error).__name__}: {error}); please report it")


def serve() -> None:
    """Do orders until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asks decides
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # so that nothing else can write into the results
    making: Making | None = None
    while True:
        try:
            given = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        if making is None:
            making = Making(given)
            continue
        pickle.dump(making.do(given), results)
        results.flush()


if __name__ == "__main__":
    serve()
