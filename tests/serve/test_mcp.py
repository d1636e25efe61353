"""The tools as a client of the protocol's own SDK sees them."""

import asyncio
import base64
import json
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from mcp import Client, StdioServerParameters, stdio_client
from serving import LEAVE, PAY, write_office

import scoville as sc
from conftest import set_fakes
from scoville.serve.tools import build_server

Call = Callable[..., Any]


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sc.Bot]:
    root = tmp_path_factory.mktemp("work")
    write_office(root)
    with pytest.MonkeyPatch.context() as patch:
        set_fakes(patch)
        with sc.open(root) as one:
            one.sync()
            yield one


def call(bot: sc.Bot, tool: str, *, groups: tuple[str, ...] = (), **given: Any) -> Any:
    async def called() -> Any:
        async with Client(build_server(bot, groups)) as client:
            return await client.call_tool(tool, given)

    return asyncio.run(called())


def test_ask_cites_and_open_page_shows_the_page(bot: sc.Bot):
    answer = json.loads(call(bot, "ask", question=LEAVE).content[0].text)
    assert answer["answer"].startswith("Parental leave takes 16 weeks.") and not answer["refused"]
    (citation,) = answer["citations"]
    assert (citation["document"], citation["page"], citation["state"]) == ("docs/handbook.pdf", 1, "supported")
    boxed = call(bot, "open_page", passage=citation["passage"], quote="16 weeks").content[0]
    assert boxed.mime_type == "image/png" and base64.b64decode(boxed.data).startswith(b"\x89PNG")


def test_what_a_group_may_not_read_is_in_no_tool(bot: sc.Bot):
    hits = call(bot, "search", groups=("board",), question=PAY)
    assert "250,000" in str(hits.content)
    passage = next(hit.passage.id for hit in bot.search(PAY) if "250,000" in hit.passage.text)
    assert "250,000" in str(call(bot, "open_page", groups=("board",), passage=passage).content)
    for tool, given in (("search", {"question": PAY}), ("ask", {"question": PAY}), ("open_page", {"passage": passage})):
        assert "250,000" not in str(call(bot, tool, **given).content)


def test_what_cannot_be_done_is_an_error_that_says_why(bot: sc.Bot):
    for tool, given, words in (
        ("search", {"question": "x", "limit": 0}, "expected 1 to 100"),
        ("open_page", {"passage": "none"}, "search again"),
        ("ask", {"question": " "}, "question"),
    ):
        done = call(bot, tool, **given)
        assert done.is_error and words in done.content[0].text


def test_the_command_speaks_the_protocol_on_its_streams(bot: sc.Bot):
    words = ["-m", "scoville", "mcp", "-w", str(bot.workspace.root)]
    parameters = StdioServerParameters(command=sys.executable, args=words, env=dict(os.environ))

    async def tools() -> list[str]:
        async with Client(stdio_client(parameters)) as client:
            return [tool.name for tool in (await client.list_tools()).tools]

    assert asyncio.run(tools()) == ["search", "ask", "open_page"]
