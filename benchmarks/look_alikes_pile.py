"""A pile of documents that look alike, and questions that only one of them (or two) answers, made from a seed.

Enters: a seed. Leaves: files in a folder, and questions with the documents and pages that answer them. Two health plans
by year; a policy in the wording of twenty offices; quarterly reports of six companies, as PDF, HTML and text, whose
pages all begin with the same title, whose statements stand below a title of body size, and which name their company on
the cover only. All names are made up.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Literal, NamedTuple

Table = Sequence[Sequence[str]]
BOILERPLATE = "QUARTERLY REPORT PURSUANT TO SECTION 13 OR 15(d) OF THE SECURITIES REPORTING ACT"
YEARS = (2022, 2023)
ENDS = {1: "March 31", 2: "June 30", 3: "September 30", 4: "December 31"}
ORDINALS = {1: "first", 2: "second", 3: "third", 4: "last"}
COMPANIES = {
    "Halden Freight": ("HALDEN_{year}_{period}", "pdf", ("Road", "Rail", "Warehousing")),
    "Orla Devices": ("{year} {period} ORLA DEVICES", "pdf", ("Sensors", "Controllers", "Services")),
    "Tamsin Foods": ("Tamsin_Foods_{year}_{period}", "pdf", ("Bakery", "Dairy", "Frozen")),
    "Quill Software": ("QUILL_{year}_{period}", "html", ("Licences", "Cloud", "Support")),
    "Brackwater Energy": ("brackwater-{year}-{period}", "html", ("Wind", "Hydro", "Trading")),
    "Pellam Textiles": ("PELLAM_{period}_{year}", "txt", ("Apparel", "Home", "Technical")),
}
OFFICES = (
    "Bergen Lyon Porto Graz Turku Malmo Ghent Basel Derry Split Varna Cadiz Riga Brno Lucca Trier Delft Exeter Gdansk "
    "Nantes"
).split()
OPERATIONS = (
    "Revenue", "Cost of revenue", "Gross profit", "Selling, general and administrative", "Research and development",
    "Operating income", "Interest expense", "Income before income taxes", "Provision for income taxes", "Net income",
    "Diluted earnings per share",
)  # fmt: skip
BALANCE = (
    "Cash and cash equivalents", "Accounts receivable, net", "Inventories", "Prepaid expenses", "Property and equipment",
    "Goodwill", "Total assets", "Accounts payable", "Accrued liabilities", "Long-term debt", "Total liabilities",
    "Total shareholders' equity",
)  # fmt: skip
FLOWS = (
    "Depreciation and amortization", "Stock-based compensation", "Net cash provided by operating activities",
    "Capital expenditures", "Acquisitions, net of cash acquired", "Net cash used in investing activities",
    "Repayment of long-term debt", "Dividends paid", "Net cash used in financing activities",
)  # fmt: skip
REASONS = (
    "higher prices for raw materials", "the loss of a large customer", "two new contracts in the north",
    "a strike at a supplier", "the opening of a second plant", "weaker demand in export markets",
    "a warm winter", "the launch of a new product line", "the closing of an older site", "favourable exchange rates",
)  # fmt: skip
MATTERS = (
    "a patent on couplings", "unpaid overtime", "a late delivery", "the noise of a plant", "a supply contract",
    "the lease of a depot", "the recall of a batch", "misleading labels",
)  # fmt: skip
RISKS = (
    "The Company's results may fluctuate from quarter to quarter, and comparisons with earlier periods may not be a "
    "guide to those to come. Demand depends on the general state of the economy, on interest rates and on the budgets "
    "of customers, none of which the Company controls.",
    "The Company depends on a limited number of suppliers. An interruption at one of them could delay deliveries, raise "
    "costs and reduce revenue, gross profit, operating income and cash flows in the quarter in which it occurs.",
    "The Company is exposed to changes in currencies, in the price of energy and in the cost of labour. It hedges part "
    "of these risks, and there is no assurance that its hedges will be effective.",
    "Failures of information systems, whether by accident or by attack, could interrupt operations, disclose "
    "confidential data and lead to claims. The Company carries insurance that may not cover every loss.",
    "The Company's indebtedness could limit its flexibility. Covenants restrict additional debt, dividends, capital "
    "expenditures and the sale of assets, and a breach could make long-term debt due at once.",
)
POLICIES = (
    "The following discussion should be read together with the condensed consolidated financial statements and the notes "
    "to them in this report. It contains forward-looking statements, which involve risks and uncertainties.",
    "The preparation of financial statements requires estimates and assumptions that affect the reported amounts of "
    "assets, liabilities, revenue and expenses. Actual results could differ from those estimates.",
    "There were no changes in internal control over financial reporting during the quarter that materially affected, or "
    "are reasonably likely to materially affect, internal control over financial reporting.",
    "The accompanying statements are unaudited and have been prepared by the rules for interim reports; certain "
    "information normally included in annual statements has been condensed or left out.",
)
BENEFITS: dict[str, tuple[str, Callable[[random.Random], str], str]] = {
    "the annual deductible": ("annual deductible for an individual", lambda r: f"${r.randrange(10, 60) * 50:,}", "costs"),
    "the out-of-pocket maximum": (
        "out-of-pocket maximum for an individual", lambda r: f"${r.randrange(30, 90) * 100:,}", "costs"),
    "the copay for a primary care visit": ("copay for a primary care visit", lambda r: f"${r.randrange(10, 45)}", "visits"),
    "the copay for a specialist": ("copay for a specialist visit", lambda r: f"${r.randrange(45, 80)}", "visits"),
    "the copay for urgent care": ("copay for urgent care", lambda r: f"${r.randrange(80, 120)}", "visits"),
    "the copay for generic drugs": ("copay for generic drugs", lambda r: f"${r.randrange(5, 25)}", "drugs"),
    "the copay for brand-name drugs": ("copay for brand-name drugs", lambda r: f"${r.randrange(30, 75)}", "drugs"),
    "the daily charge for a hospital stay": (
        "daily charge for a hospital stay", lambda r: f"${r.randrange(20, 70) * 10}", "hospital"),
    "the charge for an ambulance": ("charge for an ambulance", lambda r: f"${r.randrange(75, 120) * 5}", "hospital"),
    "the allowance for glasses": ("yearly allowance for glasses", lambda r: f"${r.randrange(10, 60) * 5}", "extras"),
    "the yearly maximum for dental care": (
        "yearly maximum for dental care", lambda r: f"${r.randrange(65, 99) * 10:,}", "extras"),
}  # fmt: skip
CHAPTERS = {
    "costs": ("What you pay", "You pay these amounts before the plan pays. Costs of services that the plan does not "
              "cover do not count towards them, nor do premiums. Amounts start anew on the first of January."),
    "visits": ("Visits", "Choose a provider in the network. A visit outside of it costs more and needs a referral. "
               "Preventive care such as vaccinations and screenings is free of charge within the network."),
    "drugs": ("Prescription drugs", "The plan keeps a list of covered drugs in tiers. Some need approval before they "
              "are filled. A supply by mail lasts ninety days and costs twice the copay."),
    "hospital": ("Hospital and emergency", "Call the plan before a planned stay. In an emergency go to the nearest "
                 "hospital; the plan is to be told within two working days."),
    "extras": ("Vision, dental and hearing", "These benefits end with the year and are not carried over. Orthodontics "
               "and cosmetic treatment are not covered."),
}  # fmt: skip
RULES: dict[str, tuple[str, Callable[[random.Random], str]]] = {
    "How many days a week may people of the {office} office work from home?": (
        "Employees may work from home up to {} days a week, in agreement with their manager.", lambda r: f"{r.randrange(4, 9) / 2:g}"),
    "How many working days ahead must remote work be asked for in {office}?": (
        "A request is made at least {} working days ahead, in the portal.", lambda r: str(r.randrange(2, 30))),
    "What monthly allowance for internet does the {office} office pay?": (
        "The company pays {} euros a month for an internet connection.", lambda r: str(r.randrange(15, 60))),
    "What is the budget for home office equipment in {office}?": (
        "Chairs, desks and screens are paid for up to {} euros within three years.", lambda r: str(r.randrange(20, 90) * 10)),
    "For how many weeks a year can staff in {office} work from abroad?": (
        "Work from abroad is possible for up to {} weeks a year, within the same tax area.", lambda r: str(r.randrange(1, 13))),
    "From what hour must everyone in {office} be reachable?": (
        "Everybody is reachable from {} until the end of the core hours.",
        lambda r: f"{r.randrange(7, 11)}:{r.choice((15, 20, 30, 40, 45))}"),
}  # fmt: skip


class Place(NamedTuple):
    """Where an answer stands."""

    document: str
    page: int
    """From 1; counted for all formats, and true of PDF only."""
    needles: tuple[str, ...]
    """What a passage of another format must hold to be the place."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question and where its answer stands."""

    kind: str
    text: str
    places: tuple[Place, ...]


class Piece(NamedTuple):
    """A part of a page."""

    kind: Literal["heading", "title", "text", "table"]
    """``title``: of a table, in bold, of body size."""
    text: str = ""
    rows: Table = ()


Pages = list[list[Piece]]


def make_pile(folder: Path, seed: int = 0) -> list[Question]:
    """Write the files and give the questions."""
    folder.mkdir(parents=True, exist_ok=True)
    draw = random.Random(seed)
    return [*_reports(folder, draw), *_plans(folder, draw), *_offices(folder, draw)]


def _reports(folder: Path, draw: random.Random) -> Iterator[Question]:
    for company, (stem, form, segments) in COMPANIES.items():
        made: dict[tuple[int, int], tuple[str, dict[str, str]]] = {}
        for year in YEARS:
            for quarter in ENDS:
                period = "10K" if quarter == 4 else f"Q{quarter}"
                name = f"{stem.format(year=year, period=period)}.{form}"
                figures = _figures(draw, segments)
                _write(folder / name, _report(draw, company, year, quarter, segments, figures), BOILERPLATE)
                made[year, quarter] = name, figures
                yield from _about_report(draw, company, year, quarter, name, figures, segments)
        yield from _comparisons(draw, company, made)


def _figures(draw: random.Random, segments: Sequence[str]) -> dict[str, str]:
    """Give a value for each row, now and (behind ``~``) a year before; and what the prose says."""
    figures = {row: f"{draw.randrange(1_000, 900_000):,}" for rows in (OPERATIONS, BALANCE, FLOWS) for row in rows}
    figures["Diluted earnings per share"] = f"{draw.randrange(10, 600) / 100:.2f}"
    figures |= {f"{segment} revenue": f"{draw.randrange(1_000, 400_000):,}" for segment in segments}
    figures |= {f"~{row}": f"{draw.randrange(1_000, 900_000):,}" for row in list(figures)}
    figures |= {"headcount": f"{draw.randrange(900, 20_000):,}", "reason": draw.choice(REASONS)}
    return figures | {"matter": draw.choice(MATTERS), "claim": f"${draw.randrange(110, 990) / 10:.1f} million"}


def _report(
    draw: random.Random, company: str, year: int, quarter: int, segments: Sequence[str], figures: dict[str, str]
) -> Pages:
    ended = f"{ENDS[quarter]}, {year}"
    columns = ("", f"{ENDS[quarter]}, {year}", f"{ENDS[quarter]}, {year - 1}")
    more, risks = (iter(draw.sample(texts * 3, len(texts) * 3)) for texts in (POLICIES, RISKS))

    def table(title: str, rows: Sequence[str]) -> list[Piece]:
        body = [(row, figures[row], figures[f"~{row}"]) for row in rows]
        return [Piece("title", f"{title} (in thousands, unaudited)"), Piece("table", rows=(columns, *body))]

    def text(words: str) -> Piece:
        return Piece("text", words)

    return [
        [
            Piece("heading", BOILERPLATE),
            text(f"For the period ended {ended}. {company}, Inc. (exact name of registrant as specified in its charter)."),
            text(next(more)),
        ],
        [
            Piece("heading", "Item 1. Financial Statements"),
            text(next(more)),
            *table("CONDENSED CONSOLIDATED BALANCE SHEETS", BALANCE),
            text("See the accompanying notes to the condensed consolidated financial statements."),
        ],
        table("CONDENSED CONSOLIDATED STATEMENTS OF OPERATIONS", OPERATIONS)
        + [text("See the accompanying notes."), *table("CONDENSED CONSOLIDATED STATEMENTS OF CASH FLOWS", FLOWS)],
        [
            Piece("heading", "Notes to the Statements"),
            text(next(more)),
            text(next(risks)),
            *table("Revenue by segment", [f"{segment} revenue" for segment in segments]),
            text(
                f"Legal proceedings. A claim about {figures['matter']} was filed against the Company, seeking "
                f"{figures['claim']}. The Company believes that it is without merit and intends to defend itself."
            ),
        ],
        [
            Piece("heading", "Item 2. Management's Discussion and Analysis"),
            text(next(more)),
            text(
                f"Revenue of the quarter was ${figures['Revenue']} thousand, against ${figures['~Revenue']} thousand a "
                f"year before. The change is mainly the result of {figures['reason']}. The Company had "
                f"{figures['headcount']} employees at the end of the quarter."
            ),
            text(next(risks)),
            text(next(more)),
        ],
        [Piece("heading", "Item 1A. Risk Factors"), *(text(next(risks)) for _ in range(5))],
    ]  # fmt: skip


def _about_report(
    draw: random.Random,
    company: str,
    year: int,
    quarter: int,
    name: str,
    figures: dict[str, str],
    segments: Sequence[str],
) -> Iterator[Question]:
    when = draw.choice((f"in Q{quarter} {year}", f"in the {ORDINALS[quarter]} quarter of {year}"))
    when = when if quarter < 4 else f"in fiscal year {year}"
    by = f"{ENDS[quarter]}, {year}"

    def about(kind: str, text: str, page: int, *rows: str) -> Question:
        needles = tuple(needle for row in rows for needle in (row, figures[row]))
        return Question(kind=kind, text=text, places=(Place(name, page, needles),))

    flow, held, made = draw.choice(FLOWS[2:]), draw.choice(BALANCE), draw.choice(OPERATIONS[1:])
    segment, which = draw.choice(segments), draw.randrange(3)
    yield about("statement", f"What was the {_lower(made)} of {company} {when}?", 3, made)
    yield about("statement", f"What did {company} report for {_lower(held)} as of {by}?", 2, held)
    if which == 0:
        yield about("statement", f"What was the {_lower(flow)} of {company} {when}?", 3, flow)
        yield about("ratio", f"What was {company}'s gross margin {when}?", 3, "Revenue", "Gross profit")
    elif which == 1:
        yield about(
            "segment", f"How much revenue did the {segment} segment of {company} make {when}?", 4, f"{segment} revenue"
        )
        yield about("ratio", f"What is the debt to equity ratio of {company} as of {by}?", 2, "Long-term debt",
                    "Total shareholders' equity")  # fmt: skip
    else:
        prose = Place(name, 5, (figures["headcount"],))
        yield Question(kind="prose", text=f"Why did {company}'s revenue change {when}?", places=(prose,))
        yield Question(
            kind="prose", text=f"What claim was {company} facing {when}?", places=(Place(name, 4, (figures["claim"],)),)
        )


def _comparisons(
    draw: random.Random, company: str, made: dict[tuple[int, int], tuple[str, dict[str, str]]]
) -> Iterator[Question]:
    for quarter in draw.sample((1, 2, 3), 2):
        row = draw.choice(("Net income", "Operating income", "Research and development"))
        places = tuple(Place(name, 3, (row, figures[row])) for name, figures in (made[year, quarter] for year in YEARS))
        text = f"How did {company}'s {_lower(row)} change from Q{quarter} {YEARS[0]} to Q{quarter} {YEARS[1]}?"
        yield Question(kind="comparison", text=text, places=places)


def _lower(row: str) -> str:
    return row[0].lower() + row[1:]


def _plans(folder: Path, draw: random.Random) -> Iterator[Question]:
    for plan in ("Plus", "Standard"):
        for year in (2022, 2023, 2024):
            name = f"Alder_Health_{plan}_{year}.pdf"
            values = {asked: value(draw) for asked, (_, value, _) in BENEFITS.items()}
            pages: Pages = [[Piece("heading", "Summary of Benefits and Coverage"),
                             Piece("text", f"Alder Health {plan}. This summary holds from January to December {year}.")]]  # fmt: skip
            for chapter, (heading, words) in CHAPTERS.items():
                rows = [(said, values[asked]) for asked, (said, _, where) in BENEFITS.items() if where == chapter]
                sentences = " ".join(f"The {said} is {value}." for said, value in rows)
                pages.append([Piece("heading", heading), Piece("text", words), Piece("text", sentences)])
            _write(folder / name, pages, "Summary of Benefits and Coverage")
            for asked in draw.sample(sorted(BENEFITS), 6):
                said, _, chapter = BENEFITS[asked]
                place = Place(name, 2 + list(CHAPTERS).index(chapter), (said, values[asked]))
                text = f"What is {asked} in the Alder Health {plan} plan of {year}?"
                yield Question(kind="plan", text=text, places=(place,))


def _offices(folder: Path, draw: random.Random) -> Iterator[Question]:
    for number, office in enumerate(OFFICES):
        name = f"remote-work-policy-{office.lower()}.{('pdf', 'html', 'txt')[number % 3]}"
        said = {asked: words.format(value(draw)) for asked, (words, value) in RULES.items()}
        first, second = list(said.values())[:3], list(said.values())[3:]
        intro = "This policy sets out how people work outside of the office. It applies to all employees whose tasks allow it."
        rest = (
            "Whoever works from home keeps papers locked away and calls the service desk at once if a device is lost."
        )
        pages: Pages = [
            [Piece("heading", "Remote Work Policy"), Piece("text", intro), *(Piece("text", one) for one in first)],
            [Piece("heading", "Equipment and hours"), Piece("text", rest), *(Piece("text", one) for one in second)],
        ]
        _write(folder / name, pages, "Remote Work Policy")
        for asked in draw.sample(list(RULES), 2):
            place = Place(name, 1 if said[asked] in first else 2, (said[asked],))
            yield Question(kind="policy", text=asked.format(office=office), places=(place,))


def _write(path: Path, pages: Pages, running: str) -> None:
    match path.suffix:
        case ".pdf":
            _write_pdf(path, pages, running)
        case ".html":
            body = "".join(map(_html, (piece for page in pages for piece in page)))
            path.write_text(f"<html><head><title>{escape(running)}</title></head><body>{body}</body></html>", "utf-8")
        case _:
            path.write_text("\n\n".join(_plain(piece) for page in pages for piece in page), "utf-8")


def _html(piece: Piece) -> str:
    if piece.kind == "table":
        rows = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in piece.rows)
        return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"
    inside = escape(piece.text)
    return {"heading": f"<h2>{inside}</h2>", "title": f"<p><b>{inside}</b></p>"}.get(piece.kind, f"<p>{inside}</p>")


def _plain(piece: Piece) -> str:
    if piece.kind == "table":
        return "\n".join(
            "".join(cell.ljust(44 if at == 0 else 22) for at, cell in enumerate(row)).rstrip() for row in piece.rows
        )
    return piece.text.upper() if piece.kind == "heading" else piece.text


def _write_pdf(path: Path, pages: Pages, running: str) -> None:
    """Write each page on one sheet, below a line that all pages share."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Flowable, PageBreak, Paragraph, SimpleDocTemplate, Spacer
    from reportlab.platypus import Table as Drawn

    styles = getSampleStyleSheet()
    flow: list[Flowable] = []
    for page in pages:
        flow.append(Paragraph(f"<b>{escape(running)}</b>", styles["Heading3"]))
        for piece in page:
            if piece.kind == "table":
                flow.append(Drawn([list(row) for row in piece.rows], hAlign="LEFT"))
            else:
                words = f"<b>{escape(piece.text)}</b>" if piece.kind == "title" else escape(piece.text)
                flow.append(Paragraph(words, styles["Heading2" if piece.kind == "heading" else "BodyText"]))
            flow.append(Spacer(1, 6))
        flow.append(PageBreak())
    drawn = SimpleDocTemplate(str(path), pagesize=A4, title=running, invariant=1)
    drawn.build(flow)
    assert drawn.page == len(pages), f"{path.name}: {drawn.page} sheets for {len(pages)} pages"
