"""/api/documents and /api/jobs: documents come and go. Enters: files. Leaves: jobs, and what is in the index.

Files are received on the disk, not in memory, and lie in ``uploads/KEY/`` of the workspace, so nobody replaces what
another has sent. Of a file's name the path within the folder that was sent is kept; of one that leads elsewhere the
last part. Who may read them are the groups of the key that sent them, or fewer where the recipe says so.
"""

import errno
import glob
import json
import os
import secrets
import shutil
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from io import BytesIO
from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.datastructures import UploadFile

from scoville.bot import Bot
from scoville.errors import EmptyIndex, MachineFault, StorageError
from scoville.index import AddReport
from scoville.serve.callers import Caller
from scoville.serve.cited import ID_LENGTH
from scoville.serve.jobs import Job
from scoville.serve.refused import Refused
from scoville.serve.service import Asker, Service, Writer, note, service_of
from scoville.serve.work import Stop
from scoville.storage import storage_errors

router = APIRouter(prefix="/api", tags=["Documents"])
UPLOADS, PENDING = "uploads", ".pending"
MOST_FILES = 1000
JOINERS = "\u200c\u200d"  # invisible as what is refused, but of Persian words and of emoji
DEEPEST = 20
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
        folder, names = asked.workspace.root / UPLOADS / caller.name, [file_name(one.filename or "") for one in files]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise Refused(400, f"two files are named {twice!r:.80}: send one after the other, or with their folders")
        note(request, ", ".join(names)[:500])
        pending = await service.work.do(request, lambda _: _keep(files, names, folder, caller))
    try:
        return _begin(service, asked, [folder / name for name in names], caller, pending).json
    except Refused:
        pending.unlink()
        raise


def resume(service: Service) -> None:
    """Do what was left undone when the server was killed: add what it had received, drop what it had in part."""
    for bot in service.bots.values():
        uploads = bot.workspace.root / UPLOADS
        for part in uploads.rglob(".*.part"):
            part.unlink(missing_ok=True)
        for pending in uploads.glob(f"*/.*{PENDING}"):
            told = json.loads(pending.read_text("utf-8"))
            caller = Caller(name=pending.parent.name, scopes=frozenset(), groups=tuple(told["groups"]))
            paths = [path for name in told["files"] if (path := pending.parent / name).is_file()]
            if not paths:
                pending.unlink()
                continue
            with suppress(Refused):  # too many wait: the next start goes on with this one
                _begin(service, bot, paths, caller, pending)


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
    """Give the path of a file in the folder that a client sends, or its last part where it leads elsewhere.

    Refused for one that no file here may have.
    """
    parts = unicodedata.normalize("NFC", given.replace("\\", "/")).split("/")
    if any(part in ("", ".", "..") or part.endswith(":") for part in parts):
        parts = parts[-1:]
    parts = [part.strip() for part in parts]
    for name in parts:
        hidden = any(unicodedata.category(one)[0] == "C" for one in name if one not in JOINERS)
        if not name or name.startswith(".") or hidden:
            raise Refused(400, f"file name {given!r:.80}: expected one that is visible and does not begin with a dot")
        if len(name.encode()) > LONGEST_NAME:
            raise Refused(400, f"file name {given!r:.80}: expected at most {LONGEST_NAME} bytes")
    if len(parts) > DEEPEST:
        raise Refused(400, f"file name {given!r:.80}: expected at most {DEEPEST} folders")
    return "/".join(parts)


def _keep(files: Sequence[UploadFile], names: Sequence[str], folder: FilePath, caller: Caller) -> FilePath:
    """Put what was received in its place, all of it or nothing; give the note of what is to be added."""
    note = json.dumps({"files": names, "groups": caller.groups or ()}).encode()
    pending = folder / f".{secrets.token_hex(8)}{PENDING}"
    received = [(folder / name, one.file) for name, one in zip(names, files, strict=True)]
    parts: dict[FilePath, FilePath] = {}
    with storage_errors(folder):
        try:
            for path, file in (*received, (pending, BytesIO(note))):
                path.parent.mkdir(parents=True, exist_ok=True)
                if path.is_dir():
                    raise FileExistsError(errno.EEXIST, "a folder", path)
                parts[path] = path.with_name(f".{secrets.token_hex(8)}.part")  # another may be sending the same
                with parts[path].open("wb") as out:
                    shutil.copyfileobj(file, out)
            for path, part in parts.items():
                os.replace(part, path)
        except (FileExistsError, NotADirectoryError) as error:
            name = FilePath(error.filename).name
            raise Refused(409, f"{name!r:.80} is there, as a folder in place of a file or the reverse") from None
        finally:
            for part in parts.values():
                part.unlink(missing_ok=True)
    return pending


def _begin(service: Service, bot: Bot, paths: Sequence[FilePath], caller: Caller, pending: FilePath) -> Job:
    """Begin to add files; the note of it goes when that has ended, or stays for the next start: the machine failed."""

    def add() -> dict[str, Any]:
        machine_failed = False
        try:
            return _added(service, bot, paths, caller)
        except (StorageError, MachineFault):
            machine_failed = True
            raise
        finally:
            if not machine_failed:
                pending.unlink(missing_ok=True)

    return service.jobs.begin(caller, f"add {len(paths)} files" if len(paths) > 1 else f"add {paths[0].name}", add)


def _added(service: Service, bot: Bot, paths: Sequence[FilePath], caller: Caller) -> dict[str, Any]:
    report = bot.add(*paths, groups=caller.groups or ())
    service.load()
    return counted(bot, report)


def counted(bot: Bot, report: AddReport) -> dict[str, Any]:
    """Say what came of documents that were added, and which could not be read."""
    failed = [{"file": _sent_name(one.path), "reason": one.reason} for one in report.failed]
    counts = ("added", "changed", "unchanged", "documents", "passages", "seconds")
    remarks = [{"file": source.rpartition("/")[2], "remarks": count} for source, count in report.remarks.items()]
    return {name: getattr(report, name) for name in counts} | {"failed": failed, "remarks": remarks}


def _sent_name(document: str) -> str:
    """Give the name by which a file was sent, without where it lies; of others the last part."""
    first, *rest = FilePath(document).parts
    return "/".join(rest[1:]) if first == UPLOADS else FilePath(document).name


def _removed(bot: Bot, names: Sequence[str]) -> dict[str, Any]:
    removed = bot.remove(*map(glob.escape, names))  # each alone, whatever its name would mean as a pattern
    uploads = (bot.workspace.root / UPLOADS).resolve()
    for name in removed:
        file = bot.workspace.path_of(name)
        if file.is_file() and file.resolve().is_relative_to(uploads):
            file.unlink()
    return {"removed": list(removed)}
