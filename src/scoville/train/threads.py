"""How many threads a step takes is measured: on a machine that others use, two threads that wait for each other were
eight times slower than one.
"""

import os
import time

import torch

GAIN = 0.9
"""More threads are taken where they need less than this share of the time of fewer."""
ROUNDS = 3


def choose_threads(bf16: bool) -> int:
    """Set the number of threads by which products like those of a small model go fastest; give it.

    At most as many as torch was given, e.g. by ``OMP_NUM_THREADS``.
    """
    most = min(torch.get_num_threads(), os.cpu_count() or 1)
    best, best_seconds, count = 1, _seconds(1, bf16), 2
    while count <= most:
        seconds = _seconds(count, bf16)
        if seconds < GAIN * best_seconds:
            best, best_seconds = count, seconds
        count *= 2
    torch.set_num_threads(best)
    return best


def _seconds(threads: int, bf16: bool) -> float:
    torch.set_num_threads(threads)
    dtype = torch.bfloat16 if bf16 else torch.float32
    left, right = torch.ones(1024, 576, dtype=dtype), torch.ones(576, 1536, dtype=dtype)
    torch.mm(left, right)
    measured: list[float] = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        torch.mm(left, right)
        measured.append(time.perf_counter() - started)
    return min(measured)
