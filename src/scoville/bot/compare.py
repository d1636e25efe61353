"""Several systems are asked the same cases and become one table. Enters: systems, cases. Leaves: a comparison."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from scoville.bot.ask_systems import Asking, Named, ask_systems
from scoville.bot.check_cases import say_not_indexed
from scoville.bot.evaluate import Cases, Choice, name_of
from scoville.bot.open import open
from scoville.bot.opened import Opened
from scoville.bot.score import open_recipe_judge
from scoville.bot.systems import answering_recipe, known_as, open_system
from scoville.comparison.preference import Preference, prefer, preference_text
from scoville.comparison.questions import QuestionRow, question_rows, questions_text
from scoville.comparison.show_compare import compare_html, compare_json, compare_rows, compare_text, legend, part_rows
from scoville.comparison.side_by_side import Compared
from scoville.comparison.systems import Table, check_metric, compare_systems
from scoville.cost import Budget
from scoville.errors import UsageError
from scoville.evaluate.runs import Run, find_run
from scoville.evaluate.system import FunctionSystem, ServerSystem, askable
from scoville.html import pre, table
from scoville.recipe import Recipe
from scoville.storage import write_whole
from scoville.types import Case

Compareable = Opened | Recipe | Run | Named | Callable[..., Any] | Path | str
"""A bot or a variant of one, a recipe or its file, a run as it is or its id, a function, ``file.py:function`` or
``http(s)://…``."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Systems side by side, with the runs behind them."""

    table: Table
    systems: Sequence[Compared]
    preferences: Mapping[str, Preference] = field(default_factory=dict[str, Preference])
    """Which answers a judge prefers to the baseline's, by system; empty where it was not asked."""

    def __str__(self) -> str:
        """Write one table, how to read it, and what to blame."""
        return "\n\n".join([compare_text(self.table, self.systems), *self._preferred()])

    def all_text(self) -> str:
        """Write every column and the statistics of every test, too."""
        return "\n\n".join([compare_text(self.table, self.systems, every=True), *self._preferred()])

    def _preferred(self) -> list[str]:
        return [preference_text(name, self.table.baseline, one) for name, one in self.preferences.items()]

    def json(self) -> dict[str, Any]:
        """Give it for a program, best first, with every question of each system beside the baseline's."""
        questions = {name: [asdict(row) for row in self.questions(name)] for name in self.table.to_baseline}
        preferences = {name: asdict(one) for name, one in self.preferences.items()}
        more = {"preference": preferences} if preferences else {}
        return {**compare_json(self.table, self.systems), "questions": questions, **more}

    def questions(self, system: str) -> list[QuestionRow]:
        """Give a system and the baseline question by question, what got worse first."""
        named = {one.name: one for one in self.systems}
        if system not in self.table.to_baseline:
            raise UsageError(f"{system!r} is compared with no baseline; there are {', '.join(self.table.to_baseline)}")
        baseline, other = named[self.table.baseline], named[system]
        return question_rows(baseline.run, other.run, self.table.board.metric, (baseline.blamed, other.blamed))

    def questions_text(self) -> str:
        """Write every question whose score differs from the baseline's, what got worse first."""
        metric, baseline = self.table.board.metric, self.table.baseline
        return "\n\n".join(
            questions_text(self.questions(name), metric, (baseline, name)) for name in self.table.to_baseline
        )

    def write(self, path: Path | str) -> Path:
        """Write it as an HTML page that loads nothing, with every question and what each system said."""
        write_whole(Path(path), compare_html(self.table, self.systems))
        return Path(path)

    def _repr_html_(self) -> str:
        tables = [table(head, rows) for head, *rows in (compare_rows(self.table), part_rows(self.table, self.systems))]
        notes = "\n".join([legend(self.table), *self.table.notes])
        return f"<div>{''.join(tables)}{pre(notes)}</div>"


def compare(
    systems: Sequence[Compareable],
    cases: Cases | None = None,
    *,
    baseline: str = "",
    metric: str = "quality",
    split: str = "",
    limit: int | None = None,
    judge: bool = False,
    preference: bool = False,
    fresh: bool = False,
    timeout_seconds: float = 120.0,
    no_limit: bool = False,
    budget: Budget | None = None,
    bot: Opened | None = None,
) -> Comparison:
    """Ask systems the same cases, and say which is better, surely or not, and at what price.

    Runs are kept in the workspace of ``bot``, by default the first of the systems or that of this folder, and taken
    again where recipe, cases and index are the same, unless ``fresh``. Another index than the workspace's is built
    beside it. Without ``cases`` those of the first run are taken. ``baseline`` is the name of the system that the
    others are tested against, by default the first; ``metric`` is what they are ranked by. With ``preference`` the
    recipe's judge says which answers it prefers to the baseline's, each pair in both orders. ``budget`` takes the
    place of what ``no_limit`` says.
    """
    bot = bot or next((one for one in systems if isinstance(one, Opened)), None) or open()
    named = _distinct([_named(bot, one, timeout_seconds) for one in systems])
    compared_with = _baseline(named, baseline)
    check_metric(metric)
    if preference and bot.recipe.judge.model is None:
        raise UsageError("preference: the recipe names no judge; set judge.model, e.g. --set judge.model=openai:NAME")
    outside = any(isinstance(one.of, FunctionSystem | ServerSystem) for one in named)
    chosen = askable(_cases(named, cases, Choice(split=split, limit=limit)), any_filter=not outside)
    if any(isinstance(one.of, Recipe) for one in named):
        say_not_indexed(bot, chosen)
    budget = budget or bot.budget(no_limit=no_limit)
    compared = ask_systems(bot, named, chosen, Asking(
        fresh=fresh, judged=judge, timeout_seconds=timeout_seconds, budget=budget,
        cases_file=name_of(cases) if cases else "",
    ))  # fmt: skip
    usd_per_hour = bot.recipe.cost.hardware_usd_per_hour
    made = compare_systems(compared, baseline=compared_with, metric=metric, usd_per_hour=usd_per_hour)
    return Comparison(
        table=made, systems=compared, preferences=_preferences(bot, made, compared, budget) if preference else {}
    )


def _preferences(bot: Opened, table: Table, compared: Sequence[Compared], budget: Budget) -> dict[str, Preference]:
    """Ask the recipe's judge which answers it prefers, system by system, and enter what that cost."""
    runs = {one.name: one.run for one in compared}
    judge = open_recipe_judge(bot, budget)
    found: dict[str, Preference] = {}
    try:
        for name in table.to_baseline:
            asked = len(judge.replies)
            with bot.bars("pairs") as progress:
                found[name] = prefer(
                    judge, runs[table.baseline], runs[name],
                    on_done=lambda done, total, name=name: progress(name, done, total),
                )  # fmt: skip
            for reply in judge.replies[asked:]:
                bot.tracker(runs[name].id).replied("judging", reply)
    finally:
        judge.close()
    return found


def _distinct(found: Sequence[Named]) -> list[Named]:
    """Refuse a system that is named twice; one whose name is taken gets the one that it was given by."""
    specs = [one.spec for one in found]
    if len(set(specs)) < max(2, len(specs)):
        raise UsageError(f"{', '.join(specs)}: name at least two systems, each once")
    named: list[Named] = []
    for one in found:
        taken = {other.name for other in named}
        named.append(one._replace(name=one.spec) if one.name in taken else one)
    return named


def _named(bot: Opened, one: Compareable, timeout_seconds: float) -> Named:
    """Open what is asked for, under a name."""
    if isinstance(one, Named):
        return one
    if isinstance(one, Opened):
        if one.workspace.folder != bot.workspace.folder:
            raise UsageError(
                f"{one!r} and {bot!r} are of two workspaces: evaluate each on the cases, and compare the runs"
            )
        return Named(one.name, f"{one.name} {one.recipe.hash}", one.recipe)
    if isinstance(one, Recipe):
        return Named(f"recipe {one.hash[:6]}", one.hash, one)
    if isinstance(one, Run):
        return Named(f"{one.header.get('system', 'run')} {one.id[-4:]}", one.id, one)
    if callable(one):
        system = open_system(bot, one, timeout_seconds)
        return Named(system.name, f"{system.name} {id(one)}", system)
    spec, path = str(one), Path(one)
    if path.is_file() and path.suffix in (".yaml", ".yml"):
        recipe = answering_recipe(bot, path)
        assert recipe
        return Named(path.stem, spec, recipe)
    if path.suffix in (".yaml", ".yml"):
        raise UsageError(f"{spec}: there is no such recipe here; give the path of a recipe's file")
    if ":" in spec:
        return Named(known_as(spec), known_as(spec), open_system(bot, spec, timeout_seconds))
    try:
        run = find_run(bot.workspace.folder / "runs", spec)
    except UsageError as error:
        raise UsageError(
            f"{error}; else a recipe's file, file.py:function, http(s)://…, or what a system has to beat, such as "
            "cheat:quote"
        ) from None
    return _named(bot, run, timeout_seconds)._replace(spec=spec)


def _baseline(named: Sequence[Named], given: str) -> str:
    """Give the name of the baseline, which may be named as it was given; UsageError before anything is asked."""
    found = next((one.name for one in named if given in (one.name, one.spec)), "" if given else named[0].name)
    if not found:
        raise UsageError(f"baseline {given!r} is none of the systems: {', '.join(one.name for one in named)}")
    return found


def _cases(named: Sequence[Named], given: Cases | None, choice: Choice) -> list[Case]:
    if given:
        return choice.of(given)
    run = next((one.of for one in named if isinstance(one.of, Run)), None)
    if run is None:
        raise UsageError("no cases to ask: give a file of cases, or name a run whose cases are taken")
    return choice.of(run.cases())
