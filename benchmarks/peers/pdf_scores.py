"""Three measures of Markdown made from a PDF page, as opendataloader-bench defines them, and a paired interval.

What enters: Markdown of a page and its hand-made truth. What leaves: NID (text and reading order), TEDS (tables) and
MHS (headings) in [0, 1], each None where the truth has nothing of the kind; overall is the mean of those that are
there, and a corpus' score the mean over its pages. Written anew after the evaluator's definition in
opendataloader-project/opendataloader-bench (src/evaluator*.py); TEDS is that of PubTabNet (arXiv:1911.10683).
Knows no engine. Needs rapidfuzz, apted, lxml and beautifulsoup4.
"""

import argparse
import html
import json
import random
import re
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from apted import APTED, Config
from bs4 import BeautifulSoup
from lxml import html as lxml_html
from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

EMPHASIS = re.compile(r"(\*{1,3}|~~|__|_)(\S(?:.*?\S)?)\1", re.DOTALL)
HEADING = re.compile(r"#{1,6}\s+(.*)$")
RESAMPLES = 10_000


class Scores(NamedTuple):
    """The scores of one page."""

    overall: float | None
    nid: float | None
    teds: float | None
    mhs: float | None


def score(truth: str, made: str) -> Scores:
    """Score the Markdown of one page."""
    truth, made = with_html_tables(truth), with_html_tables(made)
    parts = (nid(truth, made), teds(truth, made), mhs(truth, made))
    known = [part for part in parts if part is not None]
    return Scores(fmean(known) if known else None, *parts)


def nid(truth: str, made: str) -> float | None:
    """Give the normalised insertion-deletion similarity of the texts, without marks of emphasis."""
    truth = packed(without_emphasis(truth))
    return fuzz.ratio(truth, packed(without_emphasis(made))) / 100 if truth else None


def teds(truth: str, made: str) -> float | None:
    """Give the tree edit distance similarity of all tables together, in their order."""
    expected, found = tables(truth), tables(made)
    if not expected:
        return None
    if not found:
        return 0.0
    trees = [table_tree(expected), table_tree(found)]
    return 1 - APTED(*trees, Edits()).compute_edit_distance() / max(tree.size() - 1 for tree in trees)


def mhs(truth: str, made: str) -> float | None:
    """Give the tree edit distance similarity of headings, all of one level, with the text below each."""
    expected, found = heading_tree(truth), heading_tree(made)
    if not any(child.tag == "heading" for child in expected.children):
        return None
    if not any(child.tag == "heading" for child in found.children):
        return 0.0
    distance = APTED(expected, found, Edits()).compute_edit_distance()
    return min(1.0, max(0.0, 1 - distance / max(expected.size(), found.size())))


class Node:
    """A node of a tree to be edited."""

    def __init__(self, tag: str, text: str = "", spans: tuple[int, int] = (1, 1)) -> None:
        self.tag, self.text, self.spans = tag, text, spans
        self.children: list[Node] = []

    def size(self) -> int:
        """Count the nodes of the tree."""
        return 1 + sum(child.size() for child in self.children)


class Edits(Config):
    """What it costs to turn one node into another."""

    def children(self, node: Node) -> list[Node]:
        return node.children

    def rename(self, node1: Node, node2: Node) -> float:
        if node1.tag != node2.tag or node1.spans != node2.spans:
            return 1.0
        longest = max(len(node1.text), len(node2.text))
        return Levenshtein.distance(node1.text, node2.text) / longest if longest else 0.0


def packed(text: str) -> str:
    return " ".join(text.split())


def without_emphasis(text: str) -> str:
    before = None
    while before != text:
        before, text = text, EMPHASIS.sub(r"\2", text)
    return text


def tables(markdown: str) -> list[str]:
    return [str(table) for table in BeautifulSoup(markdown, "html.parser").find_all("table")]


def table_tree(found: Sequence[str]) -> Node:
    """Make one tree of all tables; row groups do not count, header cells are cells."""
    # lxml keeps tables within a table, which is how the bench compares all tables of a page at once.
    source = re.sub(r"</?(?:thead|tbody)>", "", "\n".join(found))
    parser = lxml_html.HTMLParser(remove_comments=True, encoding="utf-8")
    root = lxml_html.fromstring(f"<html><body><table>{source}</table></body></html>", parser=parser)
    return _node(root.xpath("body/table")[0])


def _node(element: Any) -> Node:
    if element.tag in {"td", "th"}:
        inner = (element.text or "") + "".join(
            lxml_html.tostring(child, encoding="unicode") for child in element.getchildren()
        )
        text = packed(re.sub(r"<br\s*/?>", "\n", html.unescape(inner)))
        return Node("td", text, (int(element.get("colspan", "1")), int(element.get("rowspan", "1"))))
    node = Node(element.tag)
    node.children = [_node(child) for child in element.getchildren()]
    return node


def heading_tree(markdown: str) -> Node:
    root = section = Node("document")
    pending: list[str] = []

    def flush() -> None:
        if text := packed(" ".join(pending)):
            section.children.append(Node("content", text))
        pending.clear()

    for line in markdown.splitlines():
        if match := HEADING.match(line):
            flush()
            section = Node("heading", packed(match[1]))
            root.children.append(section)
        else:
            pending.append(line)
    flush()
    return root


def with_html_tables(markdown: str) -> str:
    """Turn pipe tables into HTML tables, row by row, as the bench does before it measures."""
    lines = markdown.splitlines(keepends=True)
    made: list[str] = []
    position = 0
    while position < len(lines):
        header = _cells(lines[position])
        rule = _cells(lines[position + 1]) if header and position + 1 < len(lines) else None
        if not header or not rule or not all(cell and set(cell.replace(" ", "")) <= set("-:") for cell in rule):
            made.append(lines[position])
            position += 1
            continue
        ending = "\n" if lines[position].endswith("\n") else ""
        width = max(len(header), len(rule))
        rows = [_fitted(header, width)]
        position += 2
        while position < len(lines) and (cells := _cells(lines[position])):
            rows.append(_fitted(cells, width))
            position += 1
        if not any(rows[0]) and len(rows) > 1:
            del rows[0]
        made.append(_html(rows) + ending)
    return "".join(made)


def _cells(line: str) -> list[str] | None:
    line = line.strip()
    if "|" not in line:
        return None
    cells = line.split("|")
    cells = cells[1:] if line.startswith("|") else cells
    cells = cells[:-1] if cells and line.endswith("|") else cells
    return [cell.strip() for cell in cells] or None


def _fitted(cells: list[str], width: int) -> list[str]:
    if len(cells) == 3 < width:  # the bench takes the middle one of three for a merged cell
        return [cells[0], *[cells[1]] * (width - 2), cells[2]]
    return [*cells, *[""] * (width - len(cells))][:width]


def _html(rows: Sequence[Sequence[str]]) -> str:
    lines = [
        "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in row)
        for row, tag in zip(rows, ["th", *["td"] * (len(rows) - 1)], strict=True)
    ]
    return "<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Give the 95 % bootstrap interval of a mean."""
    draw = random.Random(0)
    means = sorted(fmean(draw.choices(values, k=len(values))) for _ in range(RESAMPLES))
    return means[int(0.025 * RESAMPLES)], means[int(0.975 * RESAMPLES)]


def halves(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split pages into those that rules were developed on and those that they were checked on, by a fixed seed."""
    shuffled = random.Random(2013).sample(sorted(names), len(names))
    middle = len(shuffled) // 2
    return sorted(shuffled[:middle]), sorted(shuffled[middle:])


def mean_of(scores: Sequence[Scores], field: str) -> float:
    """Average a measure over the pages that have it."""
    return fmean(value for one in scores if (value := getattr(one, field)) is not None)


def main() -> None:
    """Score folders of Markdown against the truth; the first is what the others are compared with."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--truth", type=Path, required=True)
    parser.add_argument("--made", type=Path, nargs="+", required=True, help="folders of NAME.md")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    names = sorted(path.stem for path in given.truth.glob("*.md"))
    develop, check = halves(names)
    scored = {
        folder.name: {name: score(_read(given.truth, name), _read(folder, name)) for name in names}
        for folder in given.made
    }
    base = scored[given.made[0].name]
    lines = [
        "| engine | pages | overall | NID | TEDS | MHS | overall minus the first, 95 % interval |",
        "|---|" + "--:|" * 6,
    ]
    for engine, pages in scored.items():
        for label, group in (("all", names), ("developed on", develop), ("checked on", check)):
            chosen = [pages[name] for name in group]
            figures = " | ".join(f"{mean_of(chosen, field):.3f}" for field in Scores._fields)
            differences = [(pages[name].overall or 0) - (base[name].overall or 0) for name in group]
            low, high = interval(differences)
            versus = f"{fmean(differences):+.3f} [{low:+.3f}, {high:+.3f}]" if pages is not base else ""
            lines.append(f"| {engine} | {label}, {len(group)} | {figures} | {versus} |")
    print("\n".join(lines))
    if given.out:
        rows = {engine: {name: one._asdict() for name, one in pages.items()} for engine, pages in scored.items()}
        given.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def _read(folder: Path, name: str) -> str:
    path = folder / f"{name}.md"
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    main()
