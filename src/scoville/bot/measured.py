"""What a system is worth: cases are made, checked and asked, recipes are tried, runs are scored and reported.

Enters: a workspace with its documents; cases. Leaves: runs, sweeps, reports. What does the work is imported when it is
called, so that asking begins sooner.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scoville.bot.documents import Documents
from scoville.types import Case

if TYPE_CHECKING:
    from scoville.answer.calibration import Fitted
    from scoville.bot.check_cases import CheckedCases
    from scoville.bot.check_judge import Checked
    from scoville.bot.evaluate import Cases
    from scoville.bot.generate import Author
    from scoville.bot.report import Report
    from scoville.bot.run import Run
    from scoville.bot.sweep import OnTrial, Sweep
    from scoville.bot.systems import Spec
    from scoville.cases.generate import Generated
    from scoville.evaluate.runs import Run as SavedRun
    from scoville.recipe import Judge


class Measured(Documents):
    """One workspace whose system can be measured."""

    def evaluate(
        self,
        cases: "Cases",
        *,
        system: "Spec" = "",
        name: str = "",
        split: str = "",
        tags: Sequence[str] = (),
        limit: int | None = None,
        against: Sequence[Path | str] = (),
        judge: bool = False,
        semantic: bool = False,
        perplexity: bool = False,
        baseline: "SavedRun | str | None" = None,
        timeout_seconds: float = 120.0,
        workers: int | None = None,
        no_limit: bool = False,
    ) -> "Run":
        """Ask every case of a file, or every one of some cases, and score the answers in a run that is kept.

        ``system`` answers in the bot's place: another recipe's file, a function, ``file.py:function`` or an address.
        ``split``, ``tags`` and ``limit`` choose cases; ``against`` are training cases of which none may be among them.
        The recipe's ``judge`` decides what comparison leaves open, ``semantic`` compares by embeddings, ``perplexity``
        asks the local model how likely it holds the expected answers. With a ``baseline`` cases that could not be
        compared with its own are refused. ``workers`` cases are asked at once, by default ``llm.concurrency``, or
        8 of a hosted model and 1 of a local one. ``no_limit`` may cost more than ``cost.limit_usd``.
        """
        from scoville.bot.evaluate import Asked, Choice, evaluate
        from scoville.bot.score import Scoring

        asked = Asked(
            system=system, name=name, timeout_seconds=timeout_seconds, workers=workers, baseline=self._found(baseline)
        )
        choice = Choice(split=split, tags=tags, limit=limit, against=against)
        scoring = Scoring(judge, semantic, perplexity, no_limit)
        return self._run(evaluate(self, cases, choice, asked, scoring))

    def resume(
        self,
        run: "SavedRun | str" = "latest",
        *,
        system: "Spec" = "",
        judge: bool = False,
        semantic: bool = False,
        perplexity: bool = False,
        baseline: "SavedRun | str | None" = None,
        timeout_seconds: float = 120.0,
        workers: int | None = None,
        no_limit: bool = False,
    ) -> "Run":
        """Go on with an evaluation that was interrupted; all else is that of :meth:`evaluate`."""
        from scoville.bot.evaluate import Asked, resume
        from scoville.bot.score import Scoring

        asked = Asked(system=system, timeout_seconds=timeout_seconds, workers=workers, baseline=self._found(baseline))
        scoring = Scoring(judge, semantic, perplexity, no_limit)
        return self._run(resume(self, self.run(run), asked, scoring))

    def score(
        self,
        run: "SavedRun | str" = "latest",
        *,
        judge: bool = False,
        semantic: bool = False,
        perplexity: bool = False,
        no_limit: bool = False,
    ) -> "Run":
        """Score a run again, without asking its system."""
        from scoville.bot.evaluate import score_again
        from scoville.bot.score import Scoring

        scoring = Scoring(judge, semantic, perplexity, no_limit)
        return self._run(score_again(self, self.run(run), scoring))

    def calibrate(self, cases: "Cases | None" = None) -> "Fitted":
        """Fit how likely an answer is right on the dev part of some cases, by default of those in ``cases/``.

        It is kept in the workspace: from then on ``answer.max_error`` says what share of the answers may be to
        questions that the documents do not answer. UsageError where there are too few cases of either kind.
        """
        from scoville.bot.calibrate import calibrate
        from scoville.bot.reading_cases import own_cases

        return calibrate(self, cases if cases is not None else own_cases(self))

    def sweep(
        self,
        cases: "Cases | None" = None,
        *,
        trials: int | None = None,
        split: str = "",
        limit: int | None = None,
        resume: str = "",
        no_limit: bool = False,
        on_trial: "OnTrial | None" = None,
    ) -> "Sweep":
        """Try the values of ``sweep`` in the recipe on the same cases; what recipes have in common is done once.

        It goes on where the same sweep was interrupted. ``resume`` names one that goes on as it was begun, whatever the
        recipe says now. With a ``split``, such as ``dev``, only its cases choose, and the best is measured once on
        those of ``test``. ``on_trial`` is told the recipe that is swept, and each trial as it ends.
        """
        from scoville.bot.sweep import sweep

        return sweep(
            self, cases, trials=trials, split=split, limit=limit, resume=resume, no_limit=no_limit, on_trial=on_trial
        )  # fmt: skip

    def sweeps(self) -> "list[Sweep]":
        """List the sweeps of the workspace, oldest first."""
        from scoville.bot.sweep import sweeps_of

        return sweeps_of(self)

    def best_recipe(self, sweep: str = "latest") -> str:
        """Write the best recipe of a sweep as YAML, with the scores as its reasons and the comments of the recipe."""
        from scoville.bot.sweep import best_recipe

        return best_recipe(self, sweep)

    def report(self, *runs: "SavedRun | str", out: Path | str = "report.html", metric: str = "quality") -> "Report":
        """Write runs of the same cases, by default the latest, as one HTML page that loads nothing."""
        from scoville.bot.report import write_report

        return write_report([self.run(run) for run in runs or ("latest",)], Path(out), metric)

    def check_cases(self, *files: Path | str) -> "list[CheckedCases]":
        """Look for what is wrong with files of cases: duplicates, evidence that is not in the index, leaks."""
        from scoville.bot.check_cases import check_cases

        return check_cases(self, files)

    def check_judge(
        self, labels: Path | str, settings: "Judge | None" = None, *, limit: int | None = None, no_limit: bool = False
    ) -> "Checked":
        """Compare a judge, by default the recipe's, with labels of people; the numbers are shown beside its scores.

        ``labels`` is JSONL with question, answer and label, answers graded 1 to 5, or MT-bench's human judgments.
        """
        from scoville.bot.check_judge import check

        return check(self, labels, settings or self.recipe.judge, limit=limit, no_limit=no_limit)

    def generate_cases(
        self,
        out: Path | str = "cases/generated.jsonl",
        *,
        count: int = 40,
        kinds: Sequence[str] = (),
        seeds: Sequence[Case] = (),
        generator: "Author" = "auto",
        seed: int = 0,
        no_limit: bool = False,
    ) -> "Generated":
        """Write test cases out of the documents into a file: checked, of several kinds, some without an answer.

        What was tried is kept beside the file, so that the same call goes on. ``seeds`` are cases that people wrote: a
        model is shown some of them, and none is repeated. The ``generator`` ``templates`` asks no model, ``model`` that
        of the recipe; ``auto`` takes ``model`` for a hosted one and else ``templates``, and has the model say what it
        knows without documents. Another ``seed`` gives other cases.
        """
        from scoville.bot.generate import generate

        return generate(
            self, Path(out), kinds, count=count, seeds=seeds, generator=generator, seed=seed, no_limit=no_limit
        )

    def runs(self) -> "list[Run]":
        """List the runs of the workspace, oldest first."""
        from scoville.evaluate.runs import list_runs

        return [self._run(run) for run in list_runs(self.workspace.folder / "runs")]

    def run(self, name: "SavedRun | str" = "latest") -> "Run":
        """Find a run by its id, the beginning or the end of it, or ``latest``."""
        from scoville.evaluate.runs import find_run

        return self._run(find_run(self.workspace.folder / "runs", name) if isinstance(name, str) else name)

    def _run(self, run: "SavedRun") -> "Run":
        from scoville.bot.run import Run

        return Run(run.folder, self)

    def _found(self, run: "SavedRun | str | None") -> "SavedRun | None":
        return None if run is None else self.run(run)
