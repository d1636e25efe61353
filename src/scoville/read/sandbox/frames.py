"""What parent and child say to each other: a task down, a result up, each a frame with its length before it.

Tasks are pickled as they are: the child trusts its parent. A child that parses untrusted bytes may be made to send
anything, and a pickle can call any function, so results may hold nothing but plain values and this package's own value
types, each by its name and fields; whatever else a frame names ends the child.
"""

import importlib
import io
import pickle
import struct
from dataclasses import fields, is_dataclass
from functools import cache
from typing import IO, Any, Literal, NamedTuple

HEADER = struct.Struct("!Q")
MOST_BYTES = 2 << 30
"""Of a result; the parent would set aside what the header says."""


class Task(NamedTuple):
    """A function of this package to call."""

    module: str
    """Below ``scoville.read``."""
    function: str
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    timeout_seconds: float
    model_bytes: int = 0
    """What a model may use beside the memory that every task may."""


class Result(NamedTuple):
    """What it gave; or, in ``failure``, why it gave nothing."""

    value: Any = None
    failure: str | None = None
    blames: Literal["file", "machine"] | None = None
    """Whose fault it is; None where the task itself gave no reason."""


def send_task(stream: IO[bytes], task: Task) -> None:
    """Write a task."""
    _send(stream, pickle.dumps(tuple(task), pickle.HIGHEST_PROTOCOL))


def receive_task(stream: IO[bytes]) -> Task | None:
    """Read a task; None where the stream ends."""
    body = _receive(stream)
    return None if body is None else Task(*pickle.loads(body))


def send_result(stream: IO[bytes], result: Result) -> None:
    """Write a result."""
    body = io.BytesIO()
    _Writer(body, pickle.HIGHEST_PROTOCOL).dump(tuple(result))
    _send(stream, body.getbuffer())


def receive_result(stream: IO[bytes]) -> Result | None:
    """Read a result; None where the stream ends. Raises UnpicklingError for what is no result."""
    body = _receive(stream)
    return None if body is None else Result(*_Reader(io.BytesIO(body)).load())


def _send(stream: IO[bytes], body: bytes | memoryview) -> None:
    stream.write(HEADER.pack(len(body)))
    stream.write(body)
    stream.flush()


def _receive(stream: IO[bytes]) -> bytes | None:
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    (length,) = HEADER.unpack(header)
    if length > MOST_BYTES:
        raise pickle.UnpicklingError(f"a frame of {length} bytes")
    body = stream.read(length)
    return body if len(body) == length else None


class _Make:
    """Makes a value from the name of its type and its fields. Without attributes that a pickle could set."""

    __slots__ = ()

    def __call__(self, module: str, name: str, *values: Any) -> Any:
        kind, names = _kind(module, name)
        return kind(*values) if names is None else kind(**dict(zip(names, values, strict=True)))

    def __reduce__(self) -> str:
        return "MAKE"


MAKE = _Make()
_OURS = ("scoville.read.", "scoville.types")
_PLAIN = {"str": str, "float": float, "int": int}


@cache
def _kind(module: str, name: str) -> tuple[Any, tuple[str, ...] | None]:
    """Find a value type; with the names of its fields where it is a dataclass."""
    if module == "builtins" and name in _PLAIN:
        return _PLAIN[name], None
    if not module.startswith(_OURS):  # what is imported here runs; these modules hold nothing but definitions
        raise pickle.UnpicklingError(f"{module}.{name} is no value of this package")
    kind = getattr(importlib.import_module(module), name, None)
    if isinstance(kind, type) and is_dataclass(kind):
        return kind, tuple(field.name for field in fields(kind))
    if isinstance(kind, type) and issubclass(kind, tuple):
        return kind, None
    raise pickle.UnpicklingError(f"{module}.{name} is no value of this package")


class _Writer(pickle.Pickler):
    def reducer_override(self, obj: Any, /) -> Any:
        kind = type(obj)
        if kind is _Make:
            return NotImplemented
        if kind.__module__.startswith("scoville."):
            _, names = _kind(kind.__module__, kind.__qualname__)
            values = tuple(obj) if names is None else tuple([getattr(obj, name) for name in names])
            return MAKE, (kind.__module__, kind.__qualname__, *values)
        for name, plain in _PLAIN.items():  # lxml gives strings of types of its own, numpy floats
            if isinstance(obj, plain):
                return MAKE, ("builtins", name, plain(obj))
        return NotImplemented


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str, /) -> Any:
        if (module, name) == (__name__, "MAKE"):
            return MAKE
        raise pickle.UnpicklingError(f"{module}.{name} is no value of this package")
