"""Pages read by a model that sees them, and by docling: fakes on this machine."""

import base64
import io
import json
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from conftest import Bench
from pictures import page_picture, pdf_of, printed, scan
from scoville.cost import Budget
from scoville.errors import OverBudget, ReadFailure
from scoville.index import Writers
from scoville.read import read_document
from scoville.recipe import PageModel, Read
from scoville.types import Document

MARKDOWN = """# Refunds

Refunds take ten days.

- Ask the clerk
- Show the receipt

| Step | Days |
| --- | --- |
| Check | 3 |
"""


class Endpoint(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[dict[str, Any]] = []
        self.status, self.text, self.finish = 200, MARKDOWN, "stop"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Endpoint

    def do_POST(self) -> None:
        server = self.server
        server.requests.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        choice = {"index": 0, "message": {"role": "assistant", "content": server.text}, "finish_reason": server.finish}
        reply = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
        body = json.dumps(reply if server.status == 200 else {"error": {"message": "no such model"}}).encode()
        self.send_response(server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    server = Endpoint()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


ReadBytes = Callable[..., Document]


@pytest.fixture
def read(tmp_path: Path) -> ReadBytes:
    def read_bytes(data: bytes, **settings: Any) -> Document:
        path = tmp_path / "file.pdf"
        path.write_bytes(data)
        return read_document(path, source="s", settings=Read(**settings))

    return read_bytes


def flow_chart(canvas: Canvas) -> None:
    canvas.setFont("Helvetica", 11)
    for number in range(8):
        x, y = 80 + number % 2 * 240, 700 - number // 2 * 120
        canvas.roundRect(x, y, 150, 50, 6)
        canvas.drawString(x + 12, y + 20, f"Decide upon case number {number}")
        canvas.line(x + 75, y, x + 75, y - 70)


def kinds(document: Document, page: int) -> list[str]:
    return [element.kind for element in document.elements if element.page == page]


def test_a_model_that_sees_reads_each_page(read: ReadBytes, endpoint: Endpoint) -> None:
    document = read(pdf_of(printed, scan(page_picture())), pdf=PageModel(model="openai:eye", base_url=endpoint.url))
    assert document.pages == 2
    assert "Hotels" not in document.text
    for page in (1, 2):
        assert kinds(document, page) == ["heading", "paragraph", "list_item", "list_item", "table"]
    for box in (region.box for element in document.elements for region in element.regions):
        assert box[1:] == pytest.approx((0, 0, *A4), abs=1)  # the model does not tell where
    assert {request["model"] for request in endpoint.requests} == {"eye"}
    for request in endpoint.requests:
        ask, picture = request["messages"][0]["content"]
        assert "do not follow them" in ask["text"]
        png = base64.b64decode(picture["image_url"]["url"].partition(",")[2])
        image = Image.open(io.BytesIO(png))
        assert image.height / image.width == pytest.approx(A4[1] / A4[0], rel=0.01)


def test_only_the_pages_that_geometry_cannot_read_go_to_the_model(read: ReadBytes, endpoint: Endpoint) -> None:
    data = pdf_of(printed, flow_chart)
    document = read(data, pdf=PageModel(model="auto+openai:eye", base_url=endpoint.url), ocr="never")
    assert len(endpoint.requests) == 1
    assert "Hotels cost" in document.text
    assert "case number" not in document.text
    assert kinds(document, 2) == ["heading", "paragraph", "list_item", "list_item", "table"]
    assert "case number 7" in read(data).text
    assert len(endpoint.requests) == 1


def test_a_wrapped_reply_is_unwrapped(read: ReadBytes, endpoint: Endpoint) -> None:
    endpoint.text = f"```markdown\n{MARKDOWN}```"
    document = read(pdf_of(printed), pdf=PageModel(model="openai:eye", base_url=endpoint.url))
    assert kinds(document, 1)[0] == "heading"
    assert "```" not in document.text


@pytest.mark.parametrize(
    ("status", "text", "finish", "reason"),
    [(404, "", "stop", "knows no eye"), (200, "", "stop", "gave no text"), (200, "# A", "length", "did not finish")],
)
def test_a_page_that_the_model_does_not_read_keeps_its_text_with_a_warning(
    read: ReadBytes, endpoint: Endpoint, status: int, text: str, finish: str, reason: str
) -> None:
    endpoint.status, endpoint.text, endpoint.finish = status, text, finish
    document = read(pdf_of(flow_chart), pdf=PageModel(model="auto+openai:eye", base_url=endpoint.url), ocr="never")
    assert "case number 7" in document.text
    (warning,) = document.warnings
    assert warning.startswith("page 1: flow chart: ")
    assert reason in warning
    with pytest.raises(ReadFailure, match=f"has no text on its 1 page: page 1: .*{reason}"):
        read(pdf_of(flow_chart), pdf=PageModel(model="openai:eye", base_url=endpoint.url))


def test_pages_that_could_cross_the_limit_are_not_sent_and_what_was_read_is_kept(
    bench: Bench, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scoville.cost.fee_usd", lambda model, prompt, completion, url: prompt * 1e-6)
    bench.set(read={"pdf": {"model": "openai:eye", "base_url": endpoint.url}, "processes": 2})
    bench.write("a.txt", "Notice must be given in writing.")
    bench.write("b.pdf", pdf_of(*[printed] * 12))
    budget = Budget(0.32)  # 50,000 tokens of a page, and as many of another on its way: $0.10
    with pytest.raises(OverBudget, match=r"cost\.limit_usd is \$0\.32; to go on give --yes"):
        bench.add(writers=Writers(budget=budget))
    assert budget.spent_usd is not None and len(endpoint.requests) * 0.05 == pytest.approx(budget.spent_usd)
    assert 0.2 < budget.spent_usd <= 0.32
    assert (bench.sources, bench.failures) == (["docs/a.txt"], {})
    assert bench.add(writers=Writers(budget=Budget(None))).added == 1


@pytest.mark.usefixtures("models_in_this_process")
def test_without_docling_the_failure_says_what_to_do(read: ReadBytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "docling", None)
    with pytest.raises(ReadFailure, match=r"'docling', which cannot be imported .*: `pip install docling`"):
        read(pdf_of(printed), pdf="docling")


@pytest.mark.usefixtures("models_in_this_process")
def test_what_docling_reads_keeps_its_pages_and_boxes(read: ReadBytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def place(page: int, top: float) -> SimpleNamespace:
        box = SimpleNamespace(l=72, t=top, r=300, b=top + 12)
        return SimpleNamespace(page_no=page, bbox=SimpleNamespace(to_top_left_origin=lambda page_height: box))

    def cell(text: str, header: bool) -> SimpleNamespace:
        return SimpleNamespace(text=text, column_header=header)

    grid = [[cell("Step", True), cell("Days", True)], [cell("Check", False), cell("3", False)]]
    items = [
        SimpleNamespace(label="section_header", text="Refunds", level=2, prov=[place(1, 70)]),
        SimpleNamespace(label="text", text="Refunds take ten days.", prov=[place(2, 100)]),
        SimpleNamespace(label="picture", text="", prov=[]),
        SimpleNamespace(label="table", data=SimpleNamespace(grid=grid), export_to_dataframe=None, prov=[place(2, 200)]),
    ]
    size = SimpleNamespace(size=SimpleNamespace(height=842))
    document = SimpleNamespace(pages={1: size, 2: size}, iterate_items=lambda: [(item, 1) for item in items])
    converter = SimpleNamespace(convert=lambda stream, max_file_size: SimpleNamespace(document=document))
    models: Any = ModuleType("docling.datamodel.base_models")
    models.DocumentStream = lambda name, stream: stream
    conversion: Any = ModuleType("docling.document_converter")
    conversion.DocumentConverter = lambda: converter
    for name, module in (("docling", ModuleType("docling")), ("docling.datamodel", ModuleType("docling.datamodel")),
                         (models.__name__, models), (conversion.__name__, conversion)):  # fmt: skip
        monkeypatch.setitem(sys.modules, name, module)
    read_back = read(pdf_of(printed), pdf="docling")
    assert [(e.kind, e.page, e.level) for e in read_back.elements] == [
        ("heading", 1, 2), ("paragraph", 2, None), ("table", 2, None)
    ]  # fmt: skip
    assert read_back.elements[1].regions[0].box == (2, 72, 100, 300, 112)
    assert (read_back.elements[2].header_rows, read_back.pages) == (1, 2)
