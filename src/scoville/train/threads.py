"""In what a step computes, and with how many threads.

Threads are measured: on a machine that others use, two that wait for each other were eight times slower than one.
"""

import os
import time
from functools import cache

import torch

from scoville.embed.network import computes_in

GAIN = 0.9
"""More threads are taken where they need less than this share of the time of fewer."""
ROUNDS = 3


@cache
def bf16_pays(device: str = "cpu") -> bool:
    """Say whether a device multiplies bfloat16 itself.

    A CPU that does not (AVX2 only) gave 1.3 GFLOP/s in bfloat16 for 90 in float32; a GPU before Ampere is slow, too.
    """
    if device == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device != "cpu" or computes_in() == "bf16"


def choose_threads(bf16: bool | None = None) -> int:
    """Set the number of threads by which products like those of a small model go fastest; give it.

    At most as many as torch was given, e.g. by ``OMP_NUM_THREADS``. By default in what this CPU is fastest in.
    """
    bf16 = bf16_pays() if bf16 is None else bf16
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
