"""A file whose pages are read side by side: its bytes in, a ParsedFile out.

Lays out batches of pages in child processes, sends those that need it to OCR or to a vision model, and has one child
join the pages to pieces. A batch that kills its child or takes too long is cut smaller until the bad page stands
alone; that page becomes a warning. Does not know PDF or pictures: the tasks do.
"""

import os
import pickle
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any

from scoville.errors import ReadFailure, StorageError
from scoville.read.assemble import ParsedFile
from scoville.read.ocr.page import Recognised, Source, Turn
from scoville.read.ocr.route import HARD, Doubt, Reason
from scoville.read.sandbox.children import CHILDREN, TaskFailed, TimedOut, process_count, too_long
from scoville.read.sandbox.frames import Task
from scoville.recipe.model import is_hosted
from scoville.storage import TEMPORARY

if TYPE_CHECKING:
    from scoville.read.assemble import Piece
    from scoville.read.ocr.scan import ScanModels
    from scoville.read.pdf.tasks import LaidOut, Opened
    from scoville.recipe import Read

BATCH_PAGES = 64
_PARTS = 8
"""A bad batch is cut into so many: 64 pages, 8, 1. Each step may cost a time-out."""
JOIN_SECONDS = 120


@dataclass(kw_only=True)
class PagedFile:
    """One file while it is read."""

    source: Source
    settings: "Read"
    processes: int
    deadline: float = 0.0
    kept: bool = False
    """Whether the first child has the pages in its memory: copying them costs a fifth of the time."""
    pages: dict[int, bytes] = field(default_factory=dict[int, bytes])
    pictures: list[bytes] = field(default_factory=list[bytes])
    turns: dict[int, Turn] = field(default_factory=dict[int, Turn])
    doubts: list[Doubt] = field(default_factory=list[Doubt])
    warnings: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    """With the page's number, to sort by."""
    lost: set[int] = field(default_factory=set[int])
    characters: int = 0
    models: "ScanModels | None" = None
    """What lays out scans; None: their words' geometry alone."""

    def __post_init__(self) -> None:
        self.deadline = monotonic() + self.settings.timeout_seconds

    def do(
        self,
        module: str,
        function: str,
        *arguments: Any,
        seconds: float | None = None,
        first: bool = False,
        **options: Any,
    ) -> Any:
        """Do a task in a child within a page's time, or ``seconds``, and the file's."""
        left = self.deadline - monotonic()
        limit = min(seconds or self.settings.page_timeout_seconds, left)
        try:
            if left <= 0:
                raise TimedOut
            return CHILDREN.do(Task(module, function, arguments, options, limit), most=self.processes, first=first)
        except TimedOut:
            if monotonic() < self.deadline:
                raise
            raise too_long(self.settings) from None

    def do_page(self, function: str, *arguments: Any) -> Any:
        """Do a task of ``ocr.page`` in a child. It takes as long as layout of 100 pages, so the file's limit is off."""
        task = Task("ocr.page", function, (self.source, *arguments), {}, self.settings.page_timeout_seconds)
        return CHILDREN.do(task, most=self.processes)

    def side_by_side(self, work: Callable[[Any], None], items: Sequence[Any]) -> None:
        """Work on items in as many threads as there are children; the first error ends it."""
        most = min(self.processes, len(items))
        if most < 2:
            for item in items:
                work(item)
            return
        with ThreadPoolExecutor(most) as threads:
            futures: list[Future[None]] = [threads.submit(copy_context().run, work, item) for item in items]
            try:
                for future in futures:
                    future.result()
            finally:
                for future in futures:
                    future.cancel()


def read_pdf_pages(data: bytes, *, password: str | None, settings: "Read") -> ParsedFile:
    """Read a PDF. Raises ReadFailure when it is encrypted, damaged or without text, or takes too long."""
    with _Stored(data, ".pdf") as path:
        file = _paged(Source("pdf", path, password), settings)
        opened: Opened = _surely(lambda: file.do("pdf.tasks", "open_pdf", path, password))
        if _sees_all(settings):
            file.doubts = _every_page(opened.pages, "always")
        else:
            lay_out_pages(file, opened.pages)
            if settings.ocr == "always":
                file.doubts += _every_page(opened.pages, "always")
        recognise_pages(file)
        pieces = join_pages(file, opened.pages)
    if not pieces:
        raise ReadFailure(_without_text(file, opened.pages))
    return ParsedFile(
        media_type="application/pdf",
        pieces=pieces,
        title=opened.title,
        pages=opened.pages,
        metadata=dict(opened.metadata),
        warnings=_said(file),
    )


def read_picture_pages(data: bytes, *, settings: "Read") -> ParsedFile:
    """Read a picture file, a page for each frame. Raises ReadFailure when it is damaged or nothing could be read."""
    if settings.ocr == "never":
        raise ReadFailure("is a picture, and read.ocr is 'never'; set it to 'auto'")
    with _Stored(data, ".image") as path:
        file = _paged(Source("image", path), settings)
        count, media_type = _surely(lambda: file.do("ocr.image", "count_frames", path))
        file.doubts = _every_page(count, "no text")
        recognise_pages(file)
        pieces = join_pages(file, count)
    if not pieces:
        raise ReadFailure(_without_text(file, count))
    return ParsedFile(media_type=media_type, pieces=pieces, pages=count, warnings=_said(file))


def lay_out_pages(file: PagedFile, count: int) -> None:
    """Lay out all pages: in the first child's memory where one child is enough, else in the file's ``pages``."""
    batches = [range(start, min(start + BATCH_PAGES, count + 1)) for start in range(1, count + 1, BATCH_PAGES)]
    file.kept = file.processes == 1 or len(batches) == 1
    if file.kept:
        try:
            for batch in batches:
                if not _has_enough(file):
                    _take(file, _lay_out(file, batch))
            return
        except TaskFailed:
            file.kept = False
            file.characters = 0
            file.doubts.clear()
            file.warnings.clear()
    file.side_by_side(lambda batch: _lay_out_safely(file, batch), batches)


def recognise_pages(file: PagedFile) -> None:
    """Read doubtful pages by OCR or a vision model."""
    choice = file.settings.scan_layout
    if choice != "never" and any(not doubt.boxes and not _sees(file, doubt) for doubt in file.doubts):
        from scoville.read.ocr.scan import find_models

        file.models, reason = find_models(fetch=choice == "always")
        if reason:
            file.warnings.append((0, f"scans were laid out without the models of read.scan_layout: {reason}"))
    file.side_by_side(lambda doubt: _read_page(file, doubt), sorted(file.doubts))


def join_pages(file: PagedFile, count: int) -> "tuple[Piece, ...]":
    """Have one child join the pages to pieces."""
    missing = [number for number in range(1, count + 1) if number not in file.pages and number not in file.lost]
    pieces = _join(file, missing if file.kept and not _has_enough(file) else [])
    if pieces is None:  # the child that kept them is gone: it was another that read a bad page
        recognised, file.processes = file.pages, max(file.processes, 2)
        file.pages = {}
        file.warnings.clear()
        lay_out_pages(file, count)
        file.pages |= recognised
        pieces = _join(file, [])
    assert pieces is not None
    return pieces


def _paged(source: Source, settings: "Read") -> PagedFile:
    return PagedFile(source=source, settings=settings, processes=process_count(settings))


def _every_page(count: int, reason: Reason) -> list[Doubt]:
    return [Doubt(number, reason) for number in range(1, count + 1)]


def _surely(task: Callable[[], Any]) -> Any:
    """Do a task without which nothing of the file can be read."""
    try:
        return task()
    except TaskFailed as error:
        raise ReadFailure(str(error)) from None


def _has_enough(file: PagedFile) -> bool:
    """Tell whether there is more text than allowed: the assembler says so, there is no need to read on."""
    return file.characters > 2 * file.settings.max_characters


def _lay_out(file: PagedFile, batch: range) -> "LaidOut":
    return file.do(
        "pdf.tasks",
        "lay_out",
        file.source.path,
        file.source.password,
        batch[0],
        batch[-1],
        keep=file.kept,
        seek_doubts=file.settings.ocr == "auto",
        seek_hard=file.settings.pdf.model.startswith("auto+"),
        first=file.kept,
    )


def _lay_out_safely(file: PagedFile, batch: range) -> None:
    if _has_enough(file):
        return
    try:
        _take(file, _lay_out(file, batch))
    except TaskFailed as error:
        if len(batch) == 1:
            file.lost.add(batch[0])
            file.warnings.append((batch[0], f"page {batch[0]}: left out, it {error}"))
            return
        step = max(len(batch) // _PARTS, 1)
        for start in range(0, len(batch), step):
            _lay_out_safely(file, batch[start : start + step])


def _take(file: PagedFile, laid_out: "LaidOut") -> None:
    file.pages |= laid_out.pages
    file.characters += laid_out.characters
    file.doubts += laid_out.doubts
    file.warnings += laid_out.warnings


def _read_page(file: PagedFile, doubt: Doubt) -> None:
    """Read a doubtful page; where that fails it keeps its text layer, with a warning."""
    what = "pictures were not searched for text" if doubt.boxes else doubt.reason
    try:
        if _sees(file, doubt):
            _see(file, doubt)
        else:
            _recognise(file, doubt)
    except TaskFailed as error:
        file.warnings.append((doubt.page, f"page {doubt.page}: {what}; reading it as a picture failed: it {error}"))
    except ReadFailure as failure:
        file.warnings.append((doubt.page, f"page {doubt.page}: {what}: {failure}"))


def _sees_all(settings: "Read") -> bool:
    """Say whether a model reads every page."""
    return is_hosted(settings.pdf.model) and not settings.pdf.model.startswith("auto+")


def _sees(file: PagedFile, doubt: Doubt) -> bool:
    return _sees_all(file.settings) or doubt.reason in HARD


def _see(file: PagedFile, doubt: Doubt) -> None:
    from scoville.read.ocr.vision import read_page_with_model

    png, width, height = file.do_page("png_of", doubt.page)
    page = read_page_with_model(png, doubt.page, width, height, file.settings.pdf)
    file.pages[doubt.page] = pickle.dumps(page, pickle.HIGHEST_PROTOCOL)


def _recognise(file: PagedFile, doubt: Doubt) -> None:
    settings = file.settings
    arguments = (doubt, settings.ocr_engine, settings.ocr_languages, file.models)
    found: Recognised = file.do_page("recognise", *arguments)
    if found.pictures:
        file.pictures.append(found.pictures)
    if found.page and is_better(found, doubt):
        file.pages[doubt.page] = found.page
        if found.turn:
            file.turns[doubt.page] = found.turn
    elif not (found.letters or found.blank or doubt.boxes or doubt.letters):
        file.warnings.append((doubt.page, f"page {doubt.page}: no text found by OCR (a picture?)"))


def is_better(found: Recognised, doubt: Doubt) -> bool:
    """Tell whether recognised text replaces the text layer: one that is broken, or says less than the picture."""
    return doubt.reason in {"broken text", "always"} or found.letters > 1.2 * doubt.letters


def _join(file: PagedFile, missing: Sequence[int]) -> "tuple[Piece, ...] | None":
    arguments = (file.source.path, file.pages, missing, file.pictures, file.turns)
    return _surely(lambda: file.do("pdf.tasks", "join", *arguments, seconds=JOIN_SECONDS, first=file.kept))


def _said(file: PagedFile) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for _, text in sorted(file.warnings)))


def _without_text(file: PagedFile, count: int) -> str:
    reasons = "; ".join(_said(file)[:3])
    return f"has no text on its {count} page{'s' if count > 1 else ''}" + (f": {reasons}" if reasons else "")


class _Stored:
    """Bytes in a file of their own, which only this user may read, as long as the children need it."""

    def __init__(self, data: bytes, suffix: str) -> None:
        self._data = data
        self._suffix = suffix
        self._path = ""

    def __enter__(self) -> str:
        try:
            handle, self._path = tempfile.mkstemp(self._suffix, dir=TEMPORARY.path())
            with open(handle, "wb") as file:
                file.write(self._data)
        except OSError as error:
            self.__exit__()
            folder = tempfile.gettempdir()
            raise StorageError(f"{folder}: {error.strerror or error}; pages are read from a file there") from None
        return self._path

    def __exit__(self, *_: object) -> None:
        if self._path:
            os.unlink(self._path)
