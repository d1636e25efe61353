"""The sections of a recipe that say how the system is watched: judged, tracked, priced, varied.

Enters: values. Leaves: validated sections. None of them changes what the system says: all are operational.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from scoville.recipe.model import WritingModel
from scoville.recipe.section import OPERATIONAL, PositiveInt, Section


class Judge(WritingModel):
    """What judges answers where plain comparison cannot decide."""

    decides = OPERATIONAL
    model: str | None = None  # pyright: ignore[reportIncompatibleVariableOverride]  (the one that may be missing)
    """Named like `llm.model`, and another than it: models favour their own answers. Default: no judge."""
    base_url: Annotated[str | None, OPERATIONAL] = None
    """The endpoint, as in `llm`."""
    allow_same: bool = False
    """Whether the answering model may judge itself; that is announced."""
    repeat: Annotated[int, Field(ge=1, le=20)] = 1
    """How often each verdict is asked for, each time with another seed, to measure the judge's noise."""
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0
    """With `repeat` a local model needs more than 0."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Of the first verdict; each repeat has the next."""
    reasons: bool | None = None
    """Whether it writes a reason before its verdict. Default: hosted models do."""


def read_track(value: Any) -> Any:
    """Read the short forms; what a validator gives is Python, where a list is no tuple."""
    given = value if isinstance(value, dict) else {"to": [value] if isinstance(value, str) else value}
    return {**given, "to": tuple(given["to"])} if isinstance(given.get("to"), list) else value


class Track(Section):
    """Where runs are shown besides the workspace, and what is kept of questions."""

    decides = OPERATIONAL
    to: tuple[Annotated[str, Field(pattern=r"^(mlflow|wandb):.+$")], ...] = ()
    """`mlflow:URI` or `wandb:PROJECT`; `track: mlflow:URI` is short for it. W&B without `WANDB_API_KEY` stays
    offline."""
    traces: bool = True
    """Whether each question leaves a trace, with its words, in the workspace. The OTEL_EXPORTER_OTLP_* variables
    export them, without the words."""


class Cost(Section):
    """What work costs here, and what it may cost."""

    decides = OPERATIONAL
    hardware_usd_per_hour: Annotated[float, Field(ge=0)] = 0.10
    """What an hour of this machine costs, for work that nobody charges for. The default is that of two rented cores and
    8 GB, rounded up (EC2 on demand, us-east-1, 2026: m7g.large $0.0816, t3.large $0.0832): set yours, for a GPU its
    rent; 0 counts local work as free."""
    limit_usd: Annotated[float, Field(ge=0)] | None = 1.0
    """The most that one command, or one call from Python, pays for replies of models: it ends before that is crossed,
    and keeps what was done. `--yes` does without for once, null for ever. A price that is not known fits no limit.
    Single questions to `ask` and `chat` are not counted."""


class Evaluate(Section):
    """How answers are weighed."""

    decides = OPERATIONAL
    wrong_costs: Annotated[float, Field(ge=0)] = 1.0
    """What a wrong answer costs, where to refuse a question that has an answer costs 1. It weighs `quality`; how many
    are answered rightly and refused rightly is said apart from it."""


class Range(Section):
    """Numbers between two ends, both included."""

    low: int | float
    high: int | float
    step: Annotated[int | float, Field(gt=0)] | None = None
    """From one value to the next; a grid needs it unless both ends are whole numbers."""
    log: bool = False
    """Whether small numbers are tried as often as large ones."""

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low {self.low} must be below high {self.high}")
        if self.log and (self.step is not None or self.low <= 0):
            raise ValueError("log: needs a low above 0, and takes no step")
        return self

    @property
    def is_whole(self) -> bool:
        """Whether only whole numbers are in it."""
        return all(isinstance(number, int) for number in (self.low, self.high, 1 if self.step is None else self.step))


def _read_space(given: Any, place: str = "") -> Any:
    """Read lists of values and ranges by their dotted keys; sections may be nested."""
    if not isinstance(given, dict):
        return given
    space: dict[str, Any] = {}
    for key, value in given.items():
        name = f"{place}{key}"
        if isinstance(value, Range) or (isinstance(value, list | tuple) and value):
            space[name] = value if isinstance(value, Range) else tuple(value)
        elif isinstance(value, dict) and value.keys() & {"low", "high"}:
            try:
                space[name] = Range(**value)
            except ValidationError as error:
                problem = error.errors()[0]
                place_in = f"{name}.{problem['loc'][0]}" if problem["loc"] else name
                raise ValueError(f"{place_in}: {problem['msg'].removeprefix('Value error, ')}") from None
        elif isinstance(value, dict) and value:
            space |= _read_space(value, f"{name}.")
        else:
            raise ValueError(f"{name}: {value!r:.80}; expected a list of values, or low and high")
    return space


class Sweep(Section):
    """Which other values `scoville sweep` tries."""

    decides = OPERATIONAL
    cases: str | None = None
    """The file of cases that every trial answers, from the workspace's folder."""
    split: Literal["", "train", "dev", "test"] = ""
    """Only the cases of this part; the best recipe is then measured once on those of `test`, which chose nothing."""
    limit: PositiveInt | None = None
    """Only the first so many cases."""
    method: Literal["grid", "random", "tpe"] = "grid"
    """`grid`: every combination. `random`: combinations by chance. `tpe`: those that earlier trials speak for (Bergstra
    2011), with Optuna."""
    trials: PositiveInt | None = None
    """The most that are run. Default: the whole grid; 24 by the other methods."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """For `random` and `tpe`: the same seed, the same trials."""
    objectives: Annotated[tuple[str, ...], Field(min_length=1)] = ("quality",)
    """Metrics, or `seconds`, `tokens`, `usd` of a question; the first decides which trial is the best."""
    space: Annotated[dict[str, Any], BeforeValidator(_read_space)] = {}
    """For a key of the recipe its values, a list or `{low, high, step}` or `{low, high, log: true}`, e.g.
    `split.size: [100, 200]`. A section may be a key too, with some of its keys as each value."""
    prune: bool = True
    """Whether a trial ends early that is surely worse than one that is no dearer."""
    timeout_seconds: Annotated[float, Field(gt=0)] = 120.0
    """The longest that a case may take."""

    @model_validator(mode="after")
    def _objectives_differ(self) -> Self:
        if len(set(self.objectives)) < len(self.objectives):
            raise ValueError(f"objectives: {', '.join(self.objectives)}: one stands twice")
        return self
