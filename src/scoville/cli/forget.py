"""`scoville forget`: documents and people out of everything, with a signed receipt."""

from dataclasses import asdict
from pathlib import Path

import click

from scoville.cli.common import common_options, open_bot, plain, say, write, write_json


@click.command("forget")
@click.argument("names", nargs=-1)
@click.option("--person", is_flag=True, help="The name is a person's: a name, an address, a number, or /a pattern/.")
@click.option("--drop", multiple=True, help="With --person: forget this document, too, or all of a pattern.")
@click.option("--yes", is_flag=True, help="Do it. Without it is only said what would go.")
@click.option("--allow", is_flag=True, help="Let documents that were forgotten be added again.")
@click.option("--verify", type=click.Path(dir_okay=False, path_type=Path), help="Check the signature of a receipt.")
@common_options
def command(
    names: tuple[str, ...],
    person: bool,
    drop: tuple[str, ...],
    yes: bool,
    allow: bool,
    verify: Path | None,
    folder: Path | None,
    flags: tuple[str, ...],
    as_json: bool,
) -> None:
    r"""Take documents, or a person, out of all that is kept.

    NAMES are documents, folders, URLs, or patterns in quotes ("old/**"). The index with its old versions, traces,
    conversations, runs, cases, training rows and kept replies lose them; runs and models that were made with them are
    marked; the files themselves are yours and stay. What was forgotten is not added again.

    \b
    scoville forget handbook.pdf              what would go
    scoville forget handbook.pdf --yes        do it, and sign a receipt
    scoville forget "Maria Keller" --person   where a person is named
    scoville forget handbook.pdf --allow      let it in again
    """
    bot = open_bot(folder, flags)
    if verify:
        write_json(bot.verify_receipt(verify))
        say("The signature is that of this workspace, over just these words.")
        return
    if not names:
        raise click.UsageError("expected the name of a document, or of a person with --person")
    if allow:
        allowed = bot.allow(*names)
        write_json({"allowed": allowed}) if as_json else write("\n".join(map(plain, allowed)))
        return
    done = bot.forget_person(" ".join(names), drop=drop, yes=yes) if person else bot.forget(*names, yes=yes)
    if as_json:
        write_json(asdict(done))
    else:
        write(plain(str(done), keep="\n"))
    if not yes:
        say("Nothing was changed: --yes does it.")
    if done.left:
        raise SystemExit(1)
