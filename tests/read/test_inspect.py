import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

from conftest import Command

EVIL = "<script>alert('run')</script> <img src=x onerror=alert(1)> </style> &amp; \"quoted\" 'single'"


class Tags(HTMLParser):
    """What a browser would build of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def write_pdf(path: Path, *pages: str) -> Path:
    canvas = Canvas(str(path), pagesize=(300, 400))
    canvas.setTitle("Leave policy")
    for text in pages:
        for number, line in enumerate(text.split("\n")):
            canvas.drawString(40, 350 - 16 * number, line)
        canvas.showPage()
    canvas.save()
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_elements_and_passages_are_shown_without_an_index(command: Command, here: Path):
    (here / "leave.md").write_text("# Leave\n\nStaff have thirty days.\n\n| Grade | Days |\n|---|---|\n| A | 30 |\n")
    done = command("inspect", "leave.md")
    assert done.code == 0
    assert "leave.md: text/markdown" in done.out
    assert re.search(r"heading 1 .*Leave", done.out)
    assert re.search(r"table .*\| Grade \| Days \|", done.out)
    assert "1 passages" in done.out
    assert list(here.iterdir()) == [here / "leave.md"]


def test_the_recipe_decides_the_passages(command: Command, here: Path):
    (here / "leave.md").write_text("Staff have thirty days of leave. " * 20)
    (here / "recipe.yaml").write_text(
        "split: {by: sentence, size: 20}\nmetadata: {rules: [{match: '(?P<about>leave)'}]}"
    )
    shown = command("inspect", "leave.md", "--json").json["documents"][0]
    assert len(shown["passages"]) == 10
    assert shown["metadata"]["about"] == "leave"
    assert shown["document"] == "leave.md"
    assert len(command("inspect", "leave.md", "--json", "--set", "split.size=70").json["documents"][0]["passages"]) == 2


def test_json_has_the_spans_of_elements_and_passages(command: Command, here: Path):
    write_pdf(here / "leave.pdf", "Staff have thirty days.", "Managers have forty days.")
    shown = command("inspect", "leave.pdf", "--json").json["documents"][0]
    assert (shown["media_type"], shown["pages"]) == ("application/pdf", 2)
    assert [element["text"] for element in shown["elements"]] == [
        "Staff have thirty days.",
        "Managers have forty days.",
    ]
    (passage,) = shown["passages"]
    assert passage["tokens"] > 8
    assert {box["page"] for box in passage["boxes"]} == {1, 2}
    assert passage["end"] - passage["start"] == len(passage["text"])


def test_one_page_can_be_shown(command: Command, here: Path):
    write_pdf(here / "leave.pdf", "Staff have thirty days.", "Managers have forty days.")
    shown = command("inspect", "leave.pdf", "--page", "2", "--json").json["documents"][0]
    assert [element["page"] for element in shown["elements"]] == [2]
    missing = command("inspect", "leave.pdf", "--page", "3")
    assert missing.code == 2
    assert "has 2 pages" in missing.err


def test_pages_are_drawn_with_boxes_of_elements_and_passages(command: Command, here: Path):
    write_pdf(here / "leave.pdf", "Staff have thirty days.", "Managers have forty days.")
    done = command("inspect", "leave.pdf", "--html", "out.html")
    assert (done.code, done.out) == (0, "")
    page = Tags((here / "out.html").read_text())
    images = page.all("img")
    assert [str(image["src"])[:22] for image in images] == ["data:image/png;base64,"] * 2
    boxes = [one for one in page.all("div") if one.get("class") == "box"]
    assert len(boxes) >= 2
    left, top, width = (
        float(re.search(rf"{edge}:([\d.]+)%", str(boxes[0]["style"]))[1]) for edge in ("left", "top", "width")
    )
    assert 10 < left < 16 and 8 < top < 14 and 30 < width < 60
    assert len([one for one in page.all("div") if one.get("class") == "cut"]) == 2


@pytest.mark.parametrize("name", ["evil.pdf", "evil.md", "evil.txt"])
def test_a_document_cannot_bring_a_script_into_the_page(command: Command, here: Path, name: str):
    if name.endswith("pdf"):
        write_pdf(here / name, EVIL.replace(" <", "\n<"))
    else:
        (here / name).write_text(f"# {EVIL}\n\n```\n{EVIL}\n```\n\n{EVIL}\n")
    assert command("inspect", name, "--html", "out.html").code == 0
    text = (here / "out.html").read_text()
    page = Tags(text)
    (policy,) = [one["content"] for one in page.all("meta") if "http-equiv" in one]
    assert "default-src 'none'" in str(policy)
    assert "script-src 'sha256-" in str(policy) and "unsafe-inline" not in str(policy).split("script-src")[1]
    assert len(page.all("script")) == 1
    assert text.count("alert(") == text.count("alert(&#x27;") + text.count("onerror=alert(1)&gt;")
    assert not any(key.startswith("on") for _, attributes in page.tags for key in attributes)
    assert any("alert('run')" in data for data in page.texts)
    assert not re.search(r"""(src|href)=(?!["']data:)""", re.sub(r"&lt;.*?&gt;", "", text))


def test_the_policy_allows_the_very_script_of_the_page(command: Command, here: Path):
    import base64
    import hashlib

    (here / "a.txt").write_text("Text.")
    command("inspect", "a.txt", "--html", "out.html")
    text = (here / "out.html").read_text()
    script = text.split("<script>")[1].split("</script>")[0]
    assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in text


def test_control_characters_do_not_reach_the_terminal(command: Command, here: Path):
    (here / "a.txt").write_bytes(b"Before \x1b[31m red \x07 after")
    done = command("inspect", "a.txt")
    assert "\x1b[31m" not in done.out and "\x07" not in done.out


@pytest.mark.parametrize("name", ["missing.pdf", "empty.txt"])
def test_a_file_that_cannot_be_read_is_one_line(command: Command, here: Path, name: str):
    (here / "empty.txt").write_text("")
    done = command("inspect", name)
    assert done.code == 1
    assert name in done.err
    assert done.err.count("\n") == 1


def test_a_format_without_pictures_of_its_pages_is_shown_as_text(command: Command, here: Path):
    (here / "leave.md").write_text("# Leave\n\nStaff have thirty days.\n")
    command("inspect", "leave.md", "--html", "out.html")
    page = Tags((here / "out.html").read_text())
    assert not page.all("img")
    kinds = [one["title"] for one in page.all("span") if "title" in one]
    assert kinds == ["heading", "paragraph"]
    assert "Staff have thirty days." in page.texts


def test_a_damaged_page_is_a_warning_in_the_page(command: Command, here: Path, monkeypatch: pytest.MonkeyPatch):
    from scoville.errors import ReadFailure
    from scoville.read.sandbox.children import CHILDREN
    from scoville.read.sandbox.frames import Task

    write_pdf(here / "leave.pdf", "Staff have thirty days.")
    do = CHILDREN.do

    def fail(task: Task, **options: int) -> object:
        if "png_of" in task:
            raise ReadFailure("cannot be drawn")
        return do(task, **options)

    monkeypatch.setattr(CHILDREN, "do", fail)
    assert command("inspect", "leave.pdf", "--html", "out.html").code == 0
    assert "page 1 cannot be drawn" in (here / "out.html").read_text()
