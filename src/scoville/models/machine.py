"""What this machine has that decides which models it can run: memory, cores, a GPU. Asks the system, loads nothing."""

import os
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

GPU_SECONDS = 5


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A machine that runs models."""

    memory_bytes: int
    cores: int
    gpu: str = ""
    """Name of the first NVIDIA GPU; empty without one."""
    gpu_bytes: int = 0


def this_machine() -> Machine:
    """Look at this machine."""
    gpu, gpu_bytes = _gpu()
    return Machine(memory_bytes=memory_bytes(), cores=_cores(), gpu=gpu, gpu_bytes=gpu_bytes)


def memory_bytes() -> int:
    """Give the memory of this machine, or the less that its container may have."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(whole, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    except (OSError, ValueError):
        return whole


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _gpu() -> tuple[str, int]:
    if command := shutil.which("nvidia-smi"):
        asked = [command, "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
        with suppress(OSError, ValueError, subprocess.SubprocessError):
            said = subprocess.run(asked, capture_output=True, text=True, timeout=GPU_SECONDS, check=True).stdout
            name, _, mebibytes = said.splitlines()[0].rpartition(",") if said.strip() else ("", "", "0")
            return name.strip(), int(mebibytes) << 20
    return "", 0
