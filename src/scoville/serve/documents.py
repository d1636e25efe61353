"""/api/documents and /api/jobs: documents come and go. Enters: files. Leaves: jobs, and what is in the index.

Files are received on the disk, not in memory, and lie in ``uploads/KEY/`` of the workspace, so nobody replaces what
another has sent. Only the last part of a file's name is used. Who may read them are the groups of the key that sent
them, or fewer where the recipe says so.
"""

import glob
import os
import shutil
import unicodedata
from collections.abc import Sequence
from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.datastructures import UploadFile

from scoville.bot import Bot
from scoville.errors import EmptyIndex
from scoville.serve.callers import Caller
from scoville.serve.cited import ID_LENGTH
from scoville.serve.refused import Refused
from scoville.serve.service import Asker, Service, Writer, note, service_of
from scoville.serve.work import Stop
from scoville.storage import storage_errors

router = APIRouter(prefix="/api", tags=["Documents"])
UPLOADS = "uploads"
MOST_FILES = 1000
LONGEST_NAME = 200  # bytes; file systems take 255, and a temporary name is longer
FILES = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "array", "items": {"type": "string", "format": "binary"}}},
                }
            }
        },
    }
}


@router.get("/documents")
async def documents(request: Request, caller: Asker, bot: str | None = None) -> dict[str, Any]:
    """List the documents that the caller may read, and for who sees all what could not be read."""
    service = service_of(request)
    _, asked = service.bot(bot)

    def find(_: Stop) -> dict[str, Any]:
        try:
            known = sorted(asked.documents().items())
        except EmptyIndex:
            known = []
        listed = [
            {"id": state.document_id[:ID_LENGTH], "document": source, "passages": state.passages}
            | ({"groups": list(state.groups)} if caller.sees_all else {})
            for source, state in known
            if caller.reads(state.groups)
        ]
        failed = [{"file": one.path, "reason": one.reason} for one in asked.failures()] if caller.sees_all else []
        return {"documents": listed, "failed": failed}

    return await service.work.do(request, find)


@router.post("/documents", status_code=202, openapi_extra=FILES)
async def upload(request: Request, caller: Writer, bot: str | None = None) -> dict[str, Any]:
    """Receive files (`curl -F file=@handbook.pdf`) and add them; the job says how far that is and what failed."""
    service = service_of(request)
    _, asked = service.bot(bot)
    async with request.form(max_files=MOST_FILES, max_fields=MOST_FILES) as form:
        files = [one for _, one in form.multi_items() if isinstance(one, UploadFile) and one.filename]
        if not files:
            raise Refused(400, "no file came: expected multipart/form-data with files, as curl -F file=@handbook.pdf")
        folder = asked.workspace.root / UPLOADS / caller.name
        paths = [folder / file_name(one.filename or "") for one in files]
        note(request, ", ".join(path.name for path in paths)[:500])
        await service.work.do(request, lambda _: _keep(files, paths))
    what = f"add {len(paths)} files" if len(paths) > 1 else f"add {paths[0].name}"
    return service.jobs.begin(caller, what, lambda: _added(service, asked, paths, caller)).json


@router.delete("/documents/{document}", status_code=202)
async def remove(
    document: Annotated[str, Path(pattern=f"^[0-9a-f]{{{ID_LENGTH},64}}$")],
    request: Request,
    caller: Writer,
    bot: str | None = None,
) -> dict[str, Any]:
    """Remove a document from the index, and its file where it was uploaded; others come again with their source."""
    service = service_of(request)
    _, asked = service.bot(bot)

    def find(_: Stop) -> list[str]:
        found = [
            state.item
            for state in asked.documents().values()
            if state.document_id.startswith(document) and caller.reads(state.groups)
        ]
        if not found:
            raise Refused(404, "there is no such document, or it is not for you")
        return sorted(set(found))

    names = await service.work.do(request, find)
    note(request, ", ".join(names)[:500])
    return service.jobs.begin(caller, f"remove {', '.join(names)}", lambda: _removed(asked, names)).json


@router.get("/jobs")
async def jobs(request: Request, caller: Writer) -> dict[str, Any]:
    """List the jobs that the caller began, the newest first."""
    return {"jobs": [job.json for job in service_of(request).jobs.of(caller)]}


@router.get("/jobs/{id}")
async def job(id: str, request: Request, caller: Writer) -> dict[str, Any]:
    """Say how far a job is, and what came of it."""
    for one in service_of(request).jobs.of(caller):
        if one.id == id:
            return one.json
    raise Refused(404, "there is no such job, or it is not yours")


def file_name(given: str) -> str:
    """Give the last part of the name that a client gives a file; Refused for one that no file here may have."""
    name = unicodedata.normalize("NFC", given.replace("\\", "/").rpartition("/")[2]).strip()
    if not name or name.startswith(".") or any(unicodedata.category(one)[0] == "C" for one in name):
        raise Refused(400, f"file name {given!r:.80}: expected one that is visible and does not begin with a dot")
    if len(name.encode()) > LONGEST_NAME:
        raise Refused(400, f"file name {given!r:.80}: expected at most {LONGEST_NAME} bytes")
    return name


def _keep(files: Sequence[UploadFile], paths: Sequence[FilePath]) -> None:
    """Put what was received in its place, each file whole or not at all."""
    with storage_errors(paths[0].parent):
        paths[0].parent.mkdir(parents=True, exist_ok=True)
        for file, path in zip(files, paths, strict=True):
            part = path.with_name(f".{path.name}.part")
            try:
                with part.open("wb") as out:
                    shutil.copyfileobj(file.file, out)
                os.replace(part, path)
            finally:
                part.unlink(missing_ok=True)


def _added(service: Service, bot: Bot, paths: Sequence[FilePath], caller: Caller) -> dict[str, Any]:
    report = bot.add(*paths, groups=caller.groups or ())
    service.load()
    failed = [{"file": bot.workspace.path_of(one.path).name, "reason": one.reason} for one in report.failed]
    counts = ("added", "changed", "unchanged", "documents", "passages", "seconds")
    return {name: getattr(report, name) for name in counts} | {"failed": failed}


def _removed(bot: Bot, names: Sequence[str]) -> dict[str, Any]:
    removed = bot.remove(*map(glob.escape, names))  # each alone, whatever its name would mean as a pattern
    uploads = (bot.workspace.root / UPLOADS).resolve()
    for name in removed:
        file = bot.workspace.path_of(name)
        if file.is_file() and file.resolve().is_relative_to(uploads):
            file.unlink()
    return {"removed": list(removed)}
