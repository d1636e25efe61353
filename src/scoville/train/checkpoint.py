"""Tensors on disk, whole or not there.

Enters: a path and a tree of tensors and plain values. Leaves: the file, or what it holds. Nothing in a file is run.
"""

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from scoville.errors import StorageError, TrainingError


def save_tensors(path: Path, content: Mapping[str, Any]) -> None:
    """Write a file so that a kill, or a full disk, leaves the old one or the new one; StorageError when it is full."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            torch.save(dict(content), file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except (OSError, RuntimeError) as error:  # torch's writer raises RuntimeError for what the disk says
        raise StorageError(
            f"cannot write {path}: {getattr(error, 'strerror', None) or 'the disk is full or fails'}; free some space "
            "and run the command again: it goes on from the last checkpoint"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def load_tensors(path: Path, device: torch.device | str = "cpu") -> Any:
    """Read what `save_tensors` wrote; None where there is no file, TrainingError where it is damaged."""
    if not path.exists():
        return None
    try:
        return torch.load(path, map_location=device, weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, UnpicklingError, zipfile.BadZipFile) as error:
        said = " ".join(str(error).split())[:120]
        raise TrainingError(f"{path} is damaged or cut off ({said}); remove it to begin anew") from error
