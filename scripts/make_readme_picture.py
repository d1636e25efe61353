"""Draw docs/answer.png: a question, the default model's answer, and the page with the words of its citation boxed.

Enters: the demo's documents. Leaves: the picture. Run again after a change: ``python scripts/make_readme_picture.py``.
"""

import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pypdfium2
from PIL import Image, ImageDraw
from reportlab.pdfgen.canvas import Canvas

ROOT = Path(__file__).parents[1]
DOCUMENTS = ROOT / "src" / "scoville" / "demo" / "documents"
QUESTION = "What is the limit for any one misfuelling claim?"
SCALE = 1.5
HEAD = 110


def ask(folder: str) -> dict:
    def scoville(*words: str) -> str:
        command = [sys.executable, "-m", "scoville", *words, "-w", folder]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    scoville("add", str(DOCUMENTS))
    return json.loads(scoville("ask", "--json", QUESTION))


def heading(width: int, answer: str, place: str) -> Image.Image:
    """Write question, answer and place by PDF, whose standard fonts have every sign of them."""
    page = io.BytesIO()
    canvas = Canvas(page, pagesize=(width / SCALE, HEAD / SCALE))
    for y, size, colour, text in (
        (58, 13, "#222222", f"? {QUESTION}"),
        (37, 13, "#1b5e20", answer),
        (14, 10, "#c2185b", place),
    ):
        canvas.setFont("Helvetica", size)
        canvas.setFillColor(colour)
        canvas.drawString(16, y - 4, text)
    canvas.save()
    return pypdfium2.PdfDocument(page.getvalue())[0].render(scale=SCALE).to_pil().convert("RGB")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        answer = ask(folder)
    cited = answer["citations"][0]
    name = Path(cited["document"]).name
    page = pypdfium2.PdfDocument(DOCUMENTS / name)[cited["page"] - 1].render(scale=SCALE).to_pil().convert("RGB")
    page = page.crop((0, 0, page.width, 520))
    marks = ImageDraw.Draw(page)
    for box in cited["boxes"]:
        x0, y0, x1, y1 = (SCALE * box[side] for side in ("x0", "y0", "x1", "y1"))
        marks.rectangle((x0 - 3, y0 - 3, x1 + 3, y1 + 3), outline="#c2185b", width=3)
    picture = Image.new("RGB", (page.width, page.height + HEAD), "#ffffff")
    picture.paste(heading(page.width, answer["answer"], f"[1] {name}, page {cited['page']}"), (0, 0))
    picture.paste(page, (0, HEAD))
    picture.quantize(64).save(ROOT / "docs" / "answer.png", optimize=True)


if __name__ == "__main__":
    main()
