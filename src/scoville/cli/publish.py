"""Where a run is written down besides its folder: the workspace's database, lineage, other trackers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from scoville.cli.common import say

if TYPE_CHECKING:
    from scoville.cli.common import Session
    from scoville.evaluate.runs import Run
    from scoville.evaluate.system import System


def publish_run(session: "Session", run: "Run") -> None:
    """Write a run that was scored into the database, with what it was made of, and into the recipe's trackers."""
    from scoville.errors import ScovilleError
    from scoville.track.lineage import Artifact, run_of
    from scoville.track.mirror import MirroredRun, open_mirror
    from scoville.track.runs import save_run
    from scoville.track.store import FILE_NAME, Store

    header = run.header
    tracked = _tracked(run, header)
    store = Store(session.workspace.folder / FILE_NAME)
    try:
        save_run(store, tracked)
        models: Mapping[str, str] = header.get("models", {})
        run_of(
            store, run.id, recipe_hash=header.get("recipe_hash", ""),
            cases=Artifact(kind="cases", name=header.get("cases_file", "cases"), digest=header["cases_digest"]),
            index=Artifact(kind="index", name="index", digest=header["index"]) if header.get("index") else None,
            models=[name for key, name in models.items() if key != "runtime"],
        )  # fmt: skip
    finally:
        store.close()
    for target in session.recipe.track.to:
        shown = MirroredRun(
            run=tracked, table=_table(run), folder=run.folder, group=session.workspace.root.name,
            trace_ids=[trace for saved in run.saved().values() if (trace := saved.get("trace"))],
        )  # fmt: skip
        try:
            say(f"{target}: {open_mirror(target, session.workspace.folder).publish(shown)}")
        except ScovilleError as error:  # the run itself is safe
            say(f"{target}: not written: {error}; again with scoville evaluate --score {run.id}")


def note_index(session: "Session", system: "System") -> str:
    """Write down what the index is made of that a system answers from, and name it; empty where it has none."""
    from scoville.evaluate.system import RecipeSystem
    from scoville.search import open_current_index
    from scoville.track.lineage import index_of
    from scoville.track.store import FILE_NAME, Store

    if not isinstance(system, RecipeSystem):
        return ""
    made = system.describe()
    documents = open_current_index(session.workspace, session.recipe).documents()
    store = Store(session.workspace.folder / FILE_NAME)
    try:
        return index_of(
            store, {source: state.document_id for source, state in documents.items()},
            recipe_hash=made["build_hash"], embedder=made["models"]["embedder"],
        ).digest  # fmt: skip
    finally:
        store.close()


def _tracked(run: "Run", header: Mapping[str, Any]) -> Any:
    from scoville.track.runs import TrackedRun

    summary = run.summary()
    means = {name: found["mean"] for name, found in summary["metrics"].items()}
    return TrackedRun(
        id=run.id, kind="evaluation", name=str(header.get("system", "")), status=header["status"],
        started=datetime.fromisoformat(header["started"]).timestamp(), recipe_hash=header.get("recipe_hash", ""),
        summary=summary["counts"], params=_flat(header.get("recipe", {})), metrics={**means, **summary["sets"]},
    )  # fmt: skip


def _table(run: "Run") -> Sequence[Mapping[str, Any]]:
    """Give a row for each case, all with the same columns."""
    results, scores = run.results(), run.scores()
    names = list(dict.fromkeys(name for found in scores.values() for name in found))
    rows: list[Mapping[str, Any]] = []
    for case in run.cases():
        result, found = results.get(case.id), scores.get(case.id, {})
        values = {name: found[name].value if name in found else None for name in names}
        rows.append({
            "id": case.id, "question": case.question, "expected": " / ".join(case.expected),
            "answer": result.text if result else "", "refused": bool(result and result.refused),
            "error": result.error if result else "not asked", **values,
        })  # fmt: skip
    return rows


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) and value else {f"{prefix}{key}": value}
    return flat
