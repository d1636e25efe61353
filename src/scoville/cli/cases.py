"""`scoville cases`: import, check, divide, list and review the questions that a system is measured with."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scoville.cli.cases_generate import command as generate
from scoville.cli.common import common_options, json_option, open_bot, plain, say, style, write, write_json

if TYPE_CHECKING:
    from scoville.bot.check_cases import CheckedCases
    from scoville.types import Case

FOLDER = "cases"
SHOWN = 20
"""Problems of a kind that are printed; --json has all."""

KINDS = """\b
KIND is one of
  cases     JSON lines or CSV        truth     question, truth citing [file#page=n]
  squad     SQuAD 1, 2               beir      queries.jsonl and qrels/*.tsv
  ragas     test sets of Ragas       mtrag     tasks.jsonl
  messages  OpenAI messages          sharegpt  conversations
  alpaca    instructions             mt_bench  question.jsonl
  mmlu      CSV, or a folder         triviaqa  JSON
  nq_open   JSON lines               gsm8k     JSON lines
"""

file_argument = click.argument("file", type=click.Path(path_type=Path))


@click.group("cases")
def command() -> None:
    """Make, check and list the cases that systems are measured with.

    A case is a question with what is known of its answer, a line of JSON in a file in the folder `cases`.
    """


command.add_command(generate)


@command.command("import", epilog=KINDS)
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--as", "kind", default="", metavar="KIND", help="The format. Default: what the content shows.")
@click.option("--out", type=click.Path(path_type=Path), help="Default: cases/NAME.jsonl in the workspace.")
@click.option("--tag", "tags", multiple=True, help="Give every case this tag; may be given several times.")
@click.option(
    "--unanswerable/--answerable",
    default=None,
    help="The right answer to all is a refusal, or the one that stands there. Default: what the file says.",
)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@common_options
def import_command(
    source: Path,
    kind: str,
    out: Path | None,
    tags: tuple[str, ...],
    unanswerable: bool | None,
    force: bool,
    folder: Path | None,
    flags: tuple[str, ...],
    as_json: bool,
) -> None:
    """Turn a file or folder of questions into cases."""
    from scoville.cases.files import digest, write_cases
    from scoville.cases.importers.formats import import_cases
    from scoville.errors import UsageError

    imported = import_cases(source, kind, tags=tags, unanswerable=unanswerable)
    path = out or open_bot(folder, flags).workspace.root / FOLDER / f"{source.resolve().stem}.jsonl"
    if path.exists() and not force:
        raise UsageError(f"{path} exists: use --force to replace it, or --out for another name")
    write_cases(path, imported.cases)
    counts = _counts(imported.cases)
    skipped = dict(imported.skipped)
    if as_json:
        file = {"file": str(path), "kind": imported.kind, "digest": digest(imported.cases)}
        write_json(file | counts | {"skipped": [{"reason": reason, "rows": rows} for reason, rows in skipped.items()]})
    say(f"Wrote {path}: {_counted(counts)}, read as {imported.kind}.")
    if imported.said_unanswerable:
        say(f"  {imported.said_unanswerable} have no answer, as the file says in its place; else use --answerable")
    if imported.without_answer:
        say(
            f"  {imported.without_answer} have no answer in the file and count as answerable, without one that is "
            'known: where the documents hold none, say so, with "no" in a column `answerable`'
        )
    for reason, rows in skipped.items():
        say(f"  {rows} rows made no case: {plain(reason)}")


@command.command("check")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@common_options
def check_command(files: tuple[Path, ...], folder: Path | None, flags: tuple[str, ...], as_json: bool) -> None:
    """Look for what is wrong with the cases of FILES.

    That is: duplicates, evidence that is not in the index, and questions that stand in two parts or files. Exits 1 when
    there is anything that must be mended; what may be meant so is only said.
    """
    from scoville.cases.files import digest

    checked = open_bot(folder, flags).check_cases(*files)
    if as_json:
        write_json([
            {"file": str(one.file), "digest": digest(one.cases), **_counts(one.cases)}
            | {"evidence_checked": one.evidence_checked}
            | {"problems": [problem._asdict() | {"cases": list(problem.cases)} for problem in one.problems]}
            | {"overlaps": [leak._asdict() for leak in one.overlaps]}
            for one in checked
        ])  # fmt: skip
    else:
        for one in checked:
            write(_problems_text(one))
    if any(one.blocks for one in checked):
        raise SystemExit(1)


@command.command("split")
@file_argument
@click.option("--train", type=click.FloatRange(0, 1), default=0.6, show_default=True)
@click.option("--dev", type=click.FloatRange(0, 1), default=0.2, show_default=True)
@click.option("--test", type=click.FloatRange(0, 1), default=0.2, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--anew", is_flag=True, help="Divide all again; without, a case keeps the split that it has.")
@json_option
def split_command(file: Path, train: float, dev: float, test: float, seed: int, anew: bool, as_json: bool) -> None:
    """Divide the cases of FILE into train, dev and test.

    Cases of the same page or pages next to each other, of one conversation or article, and nearly the same questions,
    stay together. The shares hold on average; a case that would leak wherever it went gets no split.
    """
    from dataclasses import replace

    from scoville.cases.files import cases_of, digest, write_cases
    from scoville.cases.parts import divide, groups

    given = cases_of(file)
    cases = [replace(case, split="") for case in given] if anew else given
    divided = divide(cases, {"train": train, "dev": dev, "test": test}, seed)
    write_cases(file, divided)
    sizes = [len(group) for group in groups(cases)]
    counts = _counts(divided)
    if as_json:
        write_json(
            {"file": str(file), "digest": digest(divided), **counts, "groups": len(sizes), "largest": max(sizes)}
        )
    say(f"Wrote {file}: {_counted(counts)}; {len(sizes)} groups, the largest of {max(sizes)}.")
    empty = [name for name, share in (("train", train), ("dev", dev), ("test", test)) if share and not counts[name]]
    if empty:
        say(f"  Nothing came to {' and '.join(empty)}: too few groups to divide.")
    if counts["undivided"]:
        say(f"  {counts['undivided']} cases belong to cases of two parts and got no split.")


@command.command("list")
@common_options
def list_command(folder: Path | None, flags: tuple[str, ...], as_json: bool) -> None:
    """List the files of cases, with what is in them."""
    from scoville.cases.files import cases_of, digest
    from scoville.errors import UsageError

    place = open_bot(folder, flags).workspace.root / FOLDER
    found: list[dict[str, Any]] = []
    for file in sorted(path for path in place.glob("*") if path.suffix.lower() in {".jsonl", ".csv", ".tsv"}):
        try:
            cases = cases_of(file)
        except UsageError as error:  # one bad file hides no others
            say(f"scoville: {error}")
            continue
        found.append({"file": file.relative_to(place.parent).as_posix(), "digest": digest(cases), **_counts(cases)})
    if as_json:
        write_json(found)
        return
    if not found:
        say(f"No cases in {place}: scoville cases import FILE, or scoville cases generate")
    for row in found:
        write(f"{plain(row['file']):<32} {row['digest']}  {_counted(row)}")


@command.command("review")
@file_argument
@click.option("--all", "again", is_flag=True, help="Show those that were accepted before, too.")
@json_option
def review_command(file: Path, again: bool, as_json: bool) -> None:
    """Show one case of FILE after another, to accept or mend it.

    Keys: accept (a), edit (e), drop (d), skip (s), quit (q). Each decision is written at once. What is accepted gets
    the tag `reviewed` and is not shown again.
    """
    from scoville.cli.cases_review import review

    done = review(file, again=again)
    if as_json:
        write_json({"file": str(file), **done})
    say(f"{done['accepted']} accepted, {done['edited']} edited, {done['dropped']} dropped; {done['left']} to be seen.")


def _counts(cases: Sequence["Case"]) -> dict[str, int]:
    splits = Counter(case.split for case in cases)
    return {
        "cases": len(cases),
        "answerable": sum(case.answerable for case in cases),
        "with_evidence": sum(bool(case.evidence) for case in cases),
        "reviewed": sum("reviewed" in case.tags for case in cases),
        "train": splits["train"],
        "dev": splits["dev"],
        "test": splits["test"],
        "undivided": splits[""],
    }


def _counted(counts: Mapping[str, int]) -> str:
    parts = [f"{counts[part]} {part}" for part in ("train", "dev", "test") if counts[part]]
    return ", ".join(
        [
            f"{counts['cases']} cases",
            f"{counts['answerable']} answerable",
            f"{counts['with_evidence']} with evidence",
            *([f"{counts['reviewed']} reviewed"] if counts["reviewed"] else []),
            *parts,
        ]
    )


def _problems_text(checked: "CheckedCases") -> str:
    lines = [f"{style(plain(str(checked.file)), bold=True)}: {_counted(_counts(checked.cases))}"]
    by_kind: dict[str, list[str]] = {}
    for problem in sorted(checked.problems, key=lambda problem: not problem.blocks):
        kind = problem.kind if problem.blocks else f"{problem.kind} (may be meant so)"
        named = ", ".join(problem.cases[:3]) + (", …" if len(problem.cases) > 3 else "")
        by_kind.setdefault(kind, []).append(f"{named}: {problem.detail}")
    if checked.overlaps:
        by_kind["overlap"] = [f"{leak.case_id}: {leak.detail}" for leak in checked.overlaps]
    for kind, details in by_kind.items():
        lines.append(f"  {kind}: {len(details)}")
        lines += [f"    {plain(detail)}" for detail in details[:SHOWN]]
        lines += [f"    … and {len(details) - SHOWN} more: --json lists all"] if len(details) > SHOWN else []
    return "\n".join(lines if by_kind else [*lines, "  nothing to mend"])
