"""Machines to train and serve on: what they hold, how fast they are, and what an hour costs.

Enters: nothing, or this machine. Leaves: :class:`Hardware`. Rates of GPUs are those of NVIDIA's data sheets (dense, no
sparsity) and prices a list price with its date; this machine is measured when it is asked for.
"""

import time
from dataclasses import dataclass
from typing import Any

from scoville.models.machine import memory_bytes

PRICES = "modal.com/pricing, GPU alone, per second, July 2026"
"""Where the prices are from. Other offers of the same GPU cost from half to three times as much."""
GPU_UTILISATION = 0.35
"""The share of the data sheet's rate that training reaches: an assumption, good within a factor of two."""
MEASURED_UTILISATION = 0.40
"""The share of the rate that was measured here for one large matrix product."""
THIS_MACHINE = "this machine"
MEASURED_SIZE = 1024
"""Rows and columns of the product that measures this machine."""
BLOCK_BYTES = 64 << 20
"""What is copied to measure how fast memory is: more than a cache holds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hardware:
    """A machine, or one GPU of one."""

    name: str
    memory_bytes: int
    """As it is sold: 1 GB is 10⁹ bytes, so that what fits here fits what the driver leaves."""
    flops: float
    """Products and sums a second of matrices in bfloat16; in float16 on a T4, in float32 on a CPU without bfloat16."""
    bytes_per_second: float
    """Of its memory."""
    usd_per_hour: float
    utilisation: float = GPU_UTILISATION
    """The share of ``flops`` that training reaches."""
    is_gpu: bool = True
    note: str = ""


def _gpu(name: str, gigabytes: int, teraflops: float, bandwidth: int, usd_per_second: float) -> Hardware:
    return Hardware(
        name=name, memory_bytes=gigabytes * 10**9, flops=teraflops * 1e12, bytes_per_second=bandwidth * 1e9,
        usd_per_hour=round(usd_per_second * 3600, 4),
    )  # fmt: skip


GPUS = (
    _gpu("T4 16 GB", 16, 65, 320, 0.000164),
    _gpu("A10 24 GB", 24, 125, 600, 0.000306),
    _gpu("A100 40 GB", 40, 312, 1555, 0.000583),
    _gpu("A100 80 GB", 80, 312, 2039, 0.000694),
    _gpu("H100 80 GB", 80, 989, 3350, 0.001097),
    _gpu("H200 141 GB", 141, 989, 4800, 0.001261),
)


def known_hardware(usd_per_hour: float) -> tuple[Hardware, ...]:
    """Give this machine, measured, at what an hour of it costs, and the GPUs."""
    return (measure_machine(usd_per_hour), *GPUS)


def measure_machine(usd_per_hour: float) -> Hardware:
    """Measure this machine in less than a second: by torch, on its GPU where it has one, else by NumPy in float32."""
    try:
        import torch
    except ImportError:
        return _by_numpy(usd_per_hour)
    return _by_torch(torch, usd_per_hour)


def _by_torch(torch: Any, usd_per_hour: float) -> Hardware:
    from scoville.train.threads import bf16_pays

    gpu = bool(torch.cuda.is_available())
    device = torch.device("cuda" if gpu else "cpu")
    size = MEASURED_SIZE * (8 if gpu else 1)
    dtype = torch.bfloat16 if bf16_pays(device.type) else torch.float32
    one = torch.ones(size, size, dtype=dtype, device=device)
    block = torch.ones(BLOCK_BYTES * (16 if gpu else 1), dtype=torch.uint8, device=device)
    other = block.clone()

    def wait() -> None:
        if gpu:
            torch.cuda.synchronize()

    seconds = _quickest(lambda: (one @ one, wait()))
    copying = _quickest(lambda: (other.copy_(block), wait()))
    if gpu:
        name, memory = torch.cuda.get_device_name(), int(torch.cuda.get_device_properties(0).total_memory)
        note = f"{name}, measured in {str(dtype)[6:]}"
    else:
        threads, memory = torch.get_num_threads(), memory_bytes()
        note = f"{threads} {'threads' if threads > 1 else 'thread'}, measured in {str(dtype)[6:]}"
    return _measured(memory, 2 * size**3 / seconds, 2 * block.numel() / copying, usd_per_hour, note, is_gpu=gpu)


def _by_numpy(usd_per_hour: float) -> Hardware:
    import numpy as np

    one = np.ones((MEASURED_SIZE, MEASURED_SIZE), np.float32)
    block = np.ones(BLOCK_BYTES, np.uint8)
    other = block.copy()
    seconds = _quickest(lambda: one @ one)
    copying = _quickest(lambda: np.copyto(other, block))
    note = "measured in float32: pip install 'scoville[train]' has bfloat16, twice as fast where the CPU has it"
    rate = 2 * MEASURED_SIZE**3 / seconds
    return _measured(memory_bytes(), rate, 2 * BLOCK_BYTES / copying, usd_per_hour, note, is_gpu=False)


def _measured(memory: int, flops: float, bandwidth: float, usd: float, note: str, *, is_gpu: bool) -> Hardware:
    return Hardware(
        name=THIS_MACHINE, memory_bytes=memory, flops=flops, bytes_per_second=bandwidth, usd_per_hour=usd,
        utilisation=MEASURED_UTILISATION, is_gpu=is_gpu, note=note,
    )  # fmt: skip


def _quickest(call: Any, times: int = 4) -> float:
    """Give the seconds of the quickest of some calls: others use the machine too."""
    found: list[float] = []
    for _ in range(times):
        started = time.perf_counter()
        call()
        found.append(time.perf_counter() - started)
    return max(min(found), 1e-9)
