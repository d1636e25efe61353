"""Plain text and Markdown."""

from scoville.read.assemble import ParsedFile, assemble
from scoville.read.text.markdown import read_markdown
from scoville.read.text.plain import read_text
from scoville.types import Document


def assembled(draft: ParsedFile) -> Document:
    return assemble(draft, id="0", source="s", name="file", max_characters=10**6)


def shown(draft: ParsedFile) -> list[tuple[str, str]]:
    document = assembled(draft)
    return [(element.kind, document.text[element.start : element.end]) for element in document.elements]


def test_paragraphs_are_split_at_blank_lines() -> None:
    text = "One\ntwo.\r\n \t\r\nThree.\n\n\n\n\x0cFour."
    assert shown(read_text(text)) == [("paragraph", "One\ntwo."), ("paragraph", "Three."), ("paragraph", "Four.")]


def test_markdown_becomes_typed_elements() -> None:
    text = """# Title

Some *text* with [a link](https://example.com), `code`
and a break.

- one
- two
  1. three

     more

| A | B |
|---|:-:|
| 1 | x \\| y |

```python
x = 1
```
<details><summary>More</summary>Hidden <b>text</b></details>

<!-- nothing -->
"""
    assert shown(read_markdown(text)) == [
        ("heading", "Title"),
        ("paragraph", "Some text with a link, code\nand a break."),
        ("list_item", "- one"),
        ("list_item", "- two"),
        ("list_item", "1. three"),
        ("list_item", "more"),
        ("table", "| A | B |\n| --- | --- |\n| 1 | x | y |"),
        ("code", "x = 1"),
        ("paragraph", "More"),
        ("paragraph", "Hidden text"),
    ]


def test_markdown_anchors_are_lines_and_lists_have_depths() -> None:
    document = assembled(read_markdown("---\ntitle: T\n---\n# H\n\n- a\n  - b\n"))
    assert [(element.anchor, element.level) for element in document.elements] == [
        ("line 4", 1),
        ("line 6", 1),
        ("line 7", 2),
    ]


def test_front_matter_becomes_metadata() -> None:
    text = "---\ntitle: Leave policy\ndate: 2024-05-01\nversion: 3\ndraft: false\ntags: [a, b]\nsee: {a: 1}\n---\nText"
    document = assembled(read_markdown(text))
    assert document.title == "Leave policy"
    assert document.metadata == {"date": "2024-05-01", "version": 3, "draft": False, "tags": "a, b"}
    assert document.text == "Text"


def test_front_matter_that_is_no_mapping_is_text() -> None:
    for text in ("---\nA line.\n---\nText", "---\n{[: no\n---\nText", "---\nwhen: 2024-13-45\n---\nText"):
        assert "Text" in assembled(read_markdown(text)).text
        assert read_markdown(text).metadata == {}


def test_deep_nesting_is_read() -> None:
    deep = read_markdown("> " * 5_000 + "quoted\n\n" + "[" * 5_000 + "\n\nThe end.")
    assert shown(deep)[-1] == ("paragraph", "The end.")
