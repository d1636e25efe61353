"""Write the documents of the demo's fictional company, Larkspur Excess Cover.

Enters: nothing but the facts and sentences below. Leaves: five files in ``src/scoville/demo/documents``, which are
committed, so run this again only after changing it: ``python scripts/make_demo_documents.py [FOLDER]``.
Does not know Scoville: the files are ordinary documents, as an office would write them.

The same script gives the same bytes: dates and ids are fixed, and PDF and DOCX are stored without compression, since
different builds of zlib compress differently (all five files together take 150 kB).
"""

import io
import sys
import zipfile
from collections.abc import Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

DOCUMENTS = Path(__file__).parents[1] / "src" / "scoville" / "demo" / "documents"

# Facts that more than one document states.
COMPANY = "Larkspur Excess Cover"
FICTIONAL = f"{COMPANY} is fictional. The company, its staff, its customers and their details were invented for a demo."
WORDING = "LEC/PW/03"
SERVICE_PHONE, CLAIMS_PHONE, COMPLAINTS_PHONE = "01632 960114", "01632 960127", "01632 960138"
SERVICE_HOURS = "Monday to Friday 8.30am to 6pm, Saturday 9am to 1pm"
CLAIMS_HOURS = "Monday to Friday 9am to 5pm"
SERVICE_EMAIL = "hello@larkspur.example.com"
CLAIMS_EMAIL = "claims@larkspur.example.com"
COMPLAINTS_EMAIL = "complaints@larkspur.example.com"
PER_CLAIM, PER_PERIOD = "£6,500", "£13,000"
LIMITS = (
    ("Clause", "Benefit", "Any one claim", "Annual policy, whole period", "Claim form"),
    ("3.1", "Excess", PER_CLAIM, PER_PERIOD, "LX1"),
    ("3.2", "Roof, glass, tyres and underbody", "Within 3.1", "Within 3.1", "LX1"),
    ("3.3", "Towing and recovery", "£500", "£1,000", "LX2"),
    ("3.4", "Misfuelling", "£750", "£1,500", "LX2"),
    ("3.5", "Lost or stolen keys", "£600", "£1,200", "LX2"),
    ("3.6", "Loss-of-use charges", "£480", "£960", "LX1"),
    ("3.7", "Hire cut short", "£300", "£300", "LX3"),
    ("3.8", "Late-arrival lock-out", "£150", "£300", "LX3"),
)
TERRITORY = (
    "Europe: the United Kingdom, Ireland, the countries of the European Union, Iceland, Norway, Switzerland, "
    "Liechtenstein, Andorra, Monaco, San Marino, Gibraltar, the Channel Islands and the Isle of Man, with Madeira, "
    "the Azores and the Canary Islands."
)

INK, ACCENT, TINT, RULE, GREY = "#1f2433", "#43408f", "#eceaf7", "#a9a6cf", "#5b6072"
PAGE_WIDTH, PAGE_HEIGHT, MARGIN = 595.28, 841.89, 48.0


# --- policy-schedule.pdf: a form of boxes, text fields and tick boxes ---------------------------------------------


class Entry(NamedTuple):
    """One labelled box of the schedule; ``field`` names it when it is a form field that can be filled in."""

    label: str
    value: str
    field: str = ""


SCHEDULE_ROWS: dict[str, tuple[tuple[Entry, ...], ...]] = {
    "Your policy": (
        (Entry("Policy number", "LEC-2048-7731"), Entry("Type of policy", "Annual Europe, individual")),
        (Entry("Cover starts", "1 March 2026, 00:01"), Entry("Cover ends", "28 February 2027, 23:59")),
        (Entry("Date of issue", "16 February 2026"), Entry("Policy wording", f"{WORDING}, January 2026")),
    ),
    "People": (
        (Entry("Policyholder", "Juniper Ashgrove"), Entry("Date of birth", "9 April 1987")),
        (Entry("Address", "14 Fernhollow Lane, Nether Quillbourne, ZZ4 8QN"),),
        (
            Entry("Second named driver", "Rowan Ashgrove", "second_named_driver"),
            Entry("Email for documents", "juniper@ashgrove.example.com", "email_for_documents"),
        ),
    ),
    "Limits": (
        (Entry("Excess, any one claim", PER_CLAIM), Entry("Excess, whole period of cover", PER_PERIOD)),
        (
            Entry("Loss-of-use charges", "£40 a day, at most 12 days"),
            Entry("Hire cut short", "£25 a day, at most 12 days"),
        ),
        (Entry("Longest single hire", "31 days"), Entry("Number of hires", "No limit")),
    ),
    "What you pay": (
        (Entry("Premium before tax", "£46.43"), Entry("Insurance premium tax (12%)", "£5.57")),
        (Entry("Total paid", "£52.00"), Entry("Paid by", "Card ending 4417, 16 February 2026")),
        (
            Entry("Automatic renewal", "No", "automatic_renewal"),
            Entry("Preferred contact", "Email", "preferred_contact"),
        ),
    ),
}
VEHICLES = (
    ("Cars", True),
    ("People carriers, up to nine seats", True),
    ("Electric and hybrid cars", True),
    ("Car-club and car-sharing vehicles", True),
    ("Vans up to 3.5 tonnes", False),
    ("Motorhomes and campervans", False),
)
ENDORSEMENTS = (
    (
        "E03",
        "Car clubs",
        "Exclusion 4.6 does not apply. Car-club and car-sharing vehicles are covered for up to 72 hours a booking.",
    ),
    (
        "E11",
        "Winter equipment",
        "Loss of or damage to hired winter tyres and snow chains is covered up to £200 for each hire. A roof box is "
        "not winter equipment.",
    ),
    (
        "E15",
        "Home-country hires",
        "Hires in the United Kingdom are covered only if they last at least two days and the car is collected more "
        "than 25 miles from the policyholder's home.",
    ),
)
COOLING_OFF = (
    "You have 14 days from the day you receive this schedule to change your mind. We refund everything you paid, "
    "as long as no hire has begun and you have not claimed. After that the refunds in section 11 of the policy "
    "wording apply."
)


def make_schedule() -> bytes:
    """Draw the two pages of Juniper Ashgrove's policy schedule."""
    from reportlab.pdfgen.canvas import Canvas

    target = io.BytesIO()
    canvas = Canvas(target, pagesize=(PAGE_WIDTH, PAGE_HEIGHT), invariant=1, pageCompression=0, lang="en-GB")
    canvas.setTitle("Policy schedule LEC-2048-7731")
    canvas.setAuthor(COMPANY)
    y = _schedule_page(canvas, 1)
    y = _draw_paragraph(
        canvas,
        "This schedule shows what you chose and what you paid. Read it with the policy wording; together they are your "
        f"contract. If anything here is wrong, ring {SERVICE_PHONE} before your next hire.",
        y,
    )
    for title, rows in SCHEDULE_ROWS.items():
        y = _draw_section_title(canvas, title, y)
        for row in rows:
            y = _draw_row(canvas, row, y)
    canvas.showPage()
    y = _schedule_page(canvas, 2)
    y = _draw_section_title(canvas, "Vehicles covered", y)
    y = _draw_tick_boxes(canvas, y)
    y = _draw_paragraph(
        canvas, "A hired vehicle must be worth no more than £60,000 when new and be less than ten years old.", y
    )
    y = _draw_section_title(canvas, "Territory", y)
    y = _draw_paragraph(canvas, TERRITORY, y)
    y = _draw_section_title(canvas, "Endorsements", y)
    y = _draw_endorsements(canvas, y)
    y = _draw_section_title(canvas, "Cooling-off period", y)
    y = _draw_paragraph(canvas, COOLING_OFF, y)
    y = _draw_section_title(canvas, "Your declaration", y)
    for name, text in (
        ("licences_held", "Every driver has held a full driving licence for at least 12 months."),
        ("no_refusals", "No insurer has refused or cancelled cover for any driver in the last five years."),
    ):
        _draw_tick_box(canvas, MARGIN, y - 12, text, name, ticked=True)
        y -= 20
    canvas.showPage()
    canvas.save()
    return target.getvalue()


def _schedule_page(canvas: Any, number: int) -> float:
    canvas.setFillColor(ACCENT)
    canvas.rect(0, PAGE_HEIGHT - 62, PAGE_WIDTH, 62, stroke=0, fill=1)
    canvas.setFillColor("#ffffff")
    canvas.setFont("Helvetica-Bold", 17)
    canvas.drawString(MARGIN, PAGE_HEIGHT - 39, "Policy schedule")
    canvas.setFont("Helvetica", 11)
    canvas.drawRightString(PAGE_WIDTH - MARGIN, PAGE_HEIGHT - 38, COMPANY)
    canvas.setFillColor(GREY)
    canvas.setFont("Helvetica", 7.5)
    canvas.drawString(MARGIN, 30, FICTIONAL)
    canvas.drawRightString(PAGE_WIDTH - MARGIN, 30, f"Page {number} of 2")
    return PAGE_HEIGHT - 80


def _draw_section_title(canvas: Any, title: str, y: float) -> float:
    canvas.setFillColor(ACCENT)
    canvas.setFont("Helvetica-Bold", 12)
    canvas.drawString(MARGIN, y - 20, title)
    return y - 28


def _draw_paragraph(canvas: Any, text: str, y: float) -> float:
    from reportlab.platypus import Paragraph

    paragraph = Paragraph(text, _style("schedule", size=9.5, leading=13))
    height = paragraph.wrap(PAGE_WIDTH - 2 * MARGIN, PAGE_HEIGHT)[1]
    paragraph.drawOn(canvas, MARGIN, y - height)
    return y - height - 6


def _draw_row(canvas: Any, entries: Sequence[Entry], y: float) -> float:
    height, gap = 35.0, 5.0
    width = (PAGE_WIDTH - 2 * MARGIN - gap * (len(entries) - 1)) / len(entries)
    for index, entry in enumerate(entries):
        x = MARGIN + index * (width + gap)
        canvas.setStrokeColor(RULE)
        canvas.setFillColor("#ffffff")
        canvas.rect(x, y - height, width, height, fill=1)
        canvas.setFillColor(GREY)
        canvas.setFont("Helvetica", 7.5)
        canvas.drawString(x + 7, y - 11, entry.label)
        if entry.field:
            canvas.acroForm.textfield(
                value=entry.value, name=entry.field, tooltip=entry.label, x=x + 7, y=y - height + 4, height=14,
                width=width - 14, fontName="Helvetica", fontSize=10, borderWidth=0, fillColor=_colour(TINT),
                textColor=_colour(INK),
            )  # fmt: skip
        else:
            canvas.setFillColor(INK)
            canvas.setFont("Helvetica", 10.5)
            canvas.drawString(x + 7, y - 27, entry.value)
    return y - height - gap


def _draw_tick_boxes(canvas: Any, y: float) -> float:
    column = (PAGE_WIDTH - 2 * MARGIN) / 2
    for index, (text, ticked) in enumerate(VEHICLES):
        name = "covered_" + "_".join(text.split(",")[0].lower().replace("-", " ").replace(".", "").split())
        _draw_tick_box(canvas, MARGIN + index % 2 * column, y - 12 - index // 2 * 20, text, name, ticked=ticked)
    return y - 20 * ((len(VEHICLES) + 1) // 2) - 2


def _draw_tick_box(canvas: Any, x: float, y: float, text: str, name: str, *, ticked: bool) -> None:
    canvas.acroForm.checkbox(
        name=name, tooltip=text, checked=ticked, x=x, y=y, size=12, buttonStyle="check", borderWidth=0.7,
        borderColor=_colour(ACCENT), fillColor=_colour("#ffffff"), textColor=_colour(ACCENT), fieldFlags="",
    )  # fmt: skip
    canvas.setFillColor(INK)
    canvas.setFont("Helvetica", 9.5)
    canvas.drawString(x + 19, y + 2.5, text)


def _draw_endorsements(canvas: Any, y: float) -> float:
    rows = (("Code", "Name", "What it changes"), *ENDORSEMENTS)
    table = _table(rows, (40, 100, PAGE_WIDTH - 2 * MARGIN - 140), size=9)
    height = table.wrap(PAGE_WIDTH - 2 * MARGIN, PAGE_HEIGHT)[1]
    table.drawOn(canvas, MARGIN, y - height)
    return y - height - 6


# --- policy-wording.pdf: two columns, numbered clauses, ruled tables, call-out boxes ------------------------------

COLUMN_GAP = 22.0
COLUMN_WIDTH = (PAGE_WIDTH - 2 * MARGIN - COLUMN_GAP) / 2


def make_wording() -> bytes:
    """Set the policy wording in two columns; the first page opens with a title over both."""
    from reportlab.platypus import BaseDocTemplate, FrameBreak, NextPageTemplate, Paragraph

    target = io.BytesIO()
    document = BaseDocTemplate(
        target, pagesize=(PAGE_WIDTH, PAGE_HEIGHT), invariant=1, pageCompression=0, lang="en-GB",
        title="Policy wording: car-hire excess cover", author=COMPANY,
    )  # fmt: skip
    full = PAGE_HEIGHT - 118
    document.addPageTemplates(
        [_page_template("title", wide=92), _page_template("columns"), _page_template("tables", wide=full)]
    )
    story: list[Any] = [
        NextPageTemplate("columns"),
        Paragraph("Policy wording", _style("title", size=24, leading=30, bold=True, colour=ACCENT)),
        Paragraph("Car-hire excess cover for Europe, annual and daily policies", _style("subtitle", 13, 18)),
        Paragraph(
            f"Reference {WORDING}, for policies issued from 1 January 2026. Insured by Quillmere Insurance Company.",
            _style("reference", size=9, leading=14, colour=GREY),
        ),
        FrameBreak(),
        *_wording_story(),
    ]
    document.build(story, canvasmaker=_page_counting_canvas())
    return target.getvalue()


def _page_template(name: str, wide: float = 0) -> Any:
    """Make a page with a frame of the height ``wide`` over both columns, and the columns below if there is room."""
    from reportlab.platypus import Frame, PageTemplate

    bottom, top = 58.0, PAGE_HEIGHT - 60
    edges: dict[str, Any] = {"leftPadding": 0, "rightPadding": 0, "topPadding": 0, "bottomPadding": 0}
    frames = [Frame(MARGIN, top - wide, PAGE_WIDTH - 2 * MARGIN, wide, **edges)] if wide else []
    if wide < top - bottom:
        for left in (MARGIN, MARGIN + COLUMN_WIDTH + COLUMN_GAP):
            frames.append(Frame(left, bottom, COLUMN_WIDTH, top - wide - bottom, **edges))
    return PageTemplate(name, frames, onPage=_wording_furniture)


def _wording_furniture(canvas: Any, document: Any) -> None:
    canvas.saveState()
    canvas.setFillColor(GREY)
    canvas.setStrokeColor(RULE)
    canvas.setFont("Helvetica", 8)
    canvas.drawString(MARGIN, PAGE_HEIGHT - 38, COMPANY)
    canvas.drawRightString(PAGE_WIDTH - MARGIN, PAGE_HEIGHT - 38, f"Policy wording {WORDING}")
    canvas.line(MARGIN, PAGE_HEIGHT - 44, PAGE_WIDTH - MARGIN, PAGE_HEIGHT - 44)
    canvas.line(MARGIN, 44, PAGE_WIDTH - MARGIN, 44)
    canvas.setFont("Helvetica", 7.5)
    canvas.drawString(MARGIN, 32, FICTIONAL)
    canvas.restoreState()


def _page_counting_canvas() -> type[Any]:
    """Give a canvas that writes "Page 2 of 5": the total is known only once all pages are set."""
    from reportlab.pdfgen.canvas import Canvas

    class PageCountingCanvas(Canvas):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self.finished_pages: list[dict[str, Any]] = []

        def showPage(self) -> None:
            self.finished_pages.append(dict(self.__dict__))
            self._startPage()  # pyright: ignore[reportAttributeAccessIssue]

        def save(self) -> None:
            for number, page in enumerate(self.finished_pages, start=1):
                self.__dict__.update(page)
                self.setFont("Helvetica", 7.5)
                self.setFillColor(GREY)
                self.drawRightString(PAGE_WIDTH - MARGIN, 32, f"Page {number} of {len(self.finished_pages)}")
                super().showPage()
            super().save()

    return PageCountingCanvas


def _wording_story() -> list[Any]:
    from reportlab.platypus import FrameBreak, NextPageTemplate, PageBreak

    return [
        *_wording_opening(),
        *_wording_cover(),
        PageBreak(),
        *_wording_exclusions(),
        FrameBreak(),
        *_wording_payment(),
        PageBreak(),
        *_wording_conditions(),
        FrameBreak(),
        *_wording_rights(),
        NextPageTemplate("tables"),
        PageBreak(),
        *_wording_tables(),
    ]


def _wording_opening() -> list[Any]:
    return [
        _section("1 About this policy"),
        *_clauses(
            1,
            "When you hire a car and it is damaged or stolen, the hire company makes you pay the first part of the "
            "cost. That part is the excess. This policy pays it back to you.",
            "The policy is made up of this wording, your schedule and any endorsement that the schedule lists. Where "
            "they differ, the schedule comes first.",
            "The claims guide says how to claim and what to send. Nothing in it takes away a right that this wording "
            "gives you.",
            "The tables of limits, refunds and telephone numbers are on the last page.",
        ),
        _callout(
            "Good to know",
            "You do not have to buy the hire company's own waiver. If you turn it down, it may hold a deposit of up "
            "to the whole excess on your card until you bring the car back.",
        ),
        _section("2 Definitions"),
        *_definitions(
            ("Excess", "the most you have to pay under the rental agreement when the hired car is damaged or stolen."),
            (
                "Hire",
                "the time from collecting the car until the rental agreement says that it has to be back, or until you "
                "return it if that is earlier.",
            ),
            ("Hire company", "a business that is licensed to rent out cars by the day. A private owner is not one."),
            ("Hired car", "a vehicle of a kind that is ticked on your schedule and is named in a rental agreement."),
            ("Misfuelling", "putting the wrong fuel, or the wrong fluid, into the tank of the hired car."),
            ("Period of cover", "the time between the two dates on your schedule."),
            ("Rental agreement", "the contract that you sign with the hire company when you collect the car."),
            ("We, us", "Larkspur Excess Cover, acting for Quillmere Insurance Company."),
            ("You", "the policyholder and every driver named on both the schedule and the rental agreement."),
        ),
    ]


def _wording_cover() -> list[Any]:
    return [
        _section("3 What is covered"),
        *_clauses(
            3,
            "Excess: we pay back the excess that the hire company charges you after damage to the hired car, fire, "
            "vandalism or theft, whoever was at fault.",
            "Roof, glass, tyres and underbody: hire companies often leave these parts out of their own cover. We treat "
            "the charge for them as part of the excess.",
            "Towing and recovery: we pay the cost of moving the car to the nearest repairer or to the hire company's "
            "nearest branch.",
            "Misfuelling: we pay for draining and flushing the tank, and for towing the car to where that is done.",
            "Lost or stolen keys: we pay for replacing a lost, stolen or broken key and, where needed, the lock.",
            "Loss-of-use charges: we pay £40 a day, for up to 12 days, when the hire company charges you for a car "
            "that is off the road for repair.",
            "Hire cut short: if a doctor tells you to stop driving, we pay £25 for each full day of the hire that you "
            "do not use, for up to 12 days.",
            "Late-arrival lock-out: if your flight or ferry is more than two hours late and the hire desk has shut, we "
            "pay for the night's lodging or the taxi that you need.",
        ),
    ]


def _wording_exclusions() -> list[Any]:
    return [
        _section("4 What is not covered"),
        *_clauses(
            4,
            "We do not pay for damage caused while the driver was over the legal limit for alcohol, or had taken a "
            "drug that affects driving, whether prescribed or not.",
            "We do not cover driving off a made-up road, in a race or a rally, or while carrying people or goods for "
            "payment.",
            "We do not cover vans, motorhomes, campervans, motorcycles or any car worth more than £60,000 when new.",
            "We do not pay for belongings that are stolen from the car, or for fittings that you brought yourself.",
            "We do not pay fines, tolls or parking charges, or what the hire company charges for passing them on.",
            "We do not cover car-club and car-sharing vehicles, unless endorsement E03 is on your schedule.",
            "We do not pay for wear and tear, for faults in the car or for cleaning, apart from the first £60 of a "
            "cleaning charge that follows an accident.",
            "We do not pay for damage that was there when you collected the car and that the check-out sheet shows.",
            "We do not pay for injury to anyone, or for damage to anything but the hired car. The rental agreement has "
            "to insure you for these.",
        ),
    ]


def _wording_payment() -> list[Any]:
    return [
        _section("5 How we work out what we pay"),
        *_clauses(
            5,
            "We pay back what the hire company has really charged and you have really paid, up to the limits. A "
            "deposit that is only blocked on your card is not a charge.",
            "We turn other currencies into pounds sterling at the exchange rate of the day on which your card was "
            "charged.",
            "If the hire company gives part of the money back, tell us. We take that part off, or ask you to repay it.",
            "We pay into a bank account in the United Kingdom that is in the name of a driver on the schedule.",
            "If you hire for business and can reclaim tax on the charge, we pay the amount without that tax.",
        ),
        _callout(
            "An example",
            "You return a car in Lisbon with a broken mirror and a dented door. The repair costs €2,300, and your "
            "excess is €1,800. The hire company takes €1,800 from your card, and €120 for three days in which nobody "
            "can hire the car. We pay back the excess in full and the three days up to £40 each.",
        ),
        _callout(
            "Important",
            "Report a theft or vandalism to the local police within 24 hours of finding it, and ask for a report "
            "number. Without the number we cannot pay your claim.",
        ),
    ]


def _wording_conditions() -> list[Any]:
    return [
        _section("6 Conditions"),
        *_clauses(
            6,
            "Drivers: each driver must be aged between 21 and 80, have held a full licence for at least 12 months, and "
            "live in the United Kingdom, the Channel Islands or the Isle of Man. A schedule names up to four drivers.",
            "Length of hire: on an annual policy one hire can last up to 31 days, and there is no limit to the number "
            "of hires. On a daily policy one hire can last up to 60 days.",
            f"Territory: the policy covers hires in {TERRITORY}",
            "Borders: you may cross a border within the territory if the rental agreement allows it in writing.",
            "Care: lock the car, keep the keys with you, and do not leave a key in an unattended car.",
            "Proof: send us what the claims guide asks for, within the number of days that it gives. If you are late "
            "and we can no longer check the claim, we may refuse it.",
            "Other insurance: if another policy covers the same cost, we pay our share of it.",
            "Recovery: if somebody else caused the damage, we may ask them to repay us, in your name and at our own "
            "cost. Tell us if they have paid you already.",
            "Honesty: if you knowingly give us false details, we may end the policy, keep the premium and recover what "
            "we have paid.",
        ),
        _callout(
            "Good to know",
            "Walk round the car before you drive away and again when you return it. Take at least eight photographs "
            "each time, with one of the fuel gauge.",
        ),
    ]


def _wording_rights() -> list[Any]:
    return [
        _section("7 How to complain"),
        *_clauses(
            7,
            f"Tell our complaints team first: {COMPLAINTS_PHONE} or {COMPLAINTS_EMAIL}. You can also ask any member of "
            "staff to write the complaint down for you.",
            "We acknowledge a complaint within three working days, name the person who deals with it, and send our "
            "final answer within eight weeks.",
            "If you do not agree with our answer, or eight weeks have passed, you can go to the Hire Cover Ombudsman, "
            "a body made up for this demo. It costs you nothing, and you have six months from the date of our answer.",
        ),
        _section("8 Law and personal data"),
        *_clauses(
            8,
            "The law of England and Wales applies, and we write to you in English.",
            "We keep your policy record for seven years after the policy ends, so that we can answer later questions "
            "about it.",
            "You can ask for a copy of what we hold about you. It is free, and we send it within one month.",
        ),
        _section("9 Changes"),
        *_clauses(
            9,
            "Tell us before your next hire if your name, your address or a named driver changes.",
            "Changing a named driver is free twice in a period of cover. Each further change costs £7.50.",
            "After a change we send you a new schedule by email. The one with the latest date of issue counts.",
            "An annual policy does not renew by itself unless your schedule says so. We write to you 28 days before it "
            "ends, with the new price.",
        ),
    ]


def _wording_tables() -> list[Any]:
    return [
        _section("10 Limits"),
        _paragraph(
            "The table shows the most that we pay for all drivers together. There is no part that you must pay first: "
            "this policy has no excess of its own. For a daily policy, the limits for any one claim are also the "
            "limits for the whole hire."
        ),
        _ruled(*LIMITS, widths=(48, 190, 82, 113.28, 66)),
        _section("11 How to cancel"),
        _paragraph(
            f"Ring {SERVICE_PHONE} or write to {SERVICE_EMAIL}. We need your policy number, and we cancel on the day "
            "we hear from you. The table shows what we refund on an annual policy if you have made no claim; after a "
            "claim there is no refund. We refund a daily policy in full until the hire begins, and nothing afterwards."
        ),
        _ruled(
            ("When you cancel an annual policy", "Refund"),
            ("Within 14 days of receiving the schedule, before any hire", "100%"),
            ("After that, in months one to three", "60%"),
            ("In months four to six", "30%"),
            ("From month seven", "None"),
            widths=(399.28, 100),
        ),
        _paragraph(
            "We may cancel if you have misled us. We then give you 21 days' notice by email and say what you can do."
        ),
        _section("12 How to reach us"),
        _ruled(
            ("Team", "Telephone", "Open"),
            ("Customer service", SERVICE_PHONE, SERVICE_HOURS),
            ("Claims", CLAIMS_PHONE, CLAIMS_HOURS),
            ("Complaints", COMPLAINTS_PHONE, CLAIMS_HOURS),
            widths=(120, 100, 279.28),
        ),
    ]


def _section(title: str) -> Any:
    from reportlab.platypus import Paragraph

    style = _style("section", size=13, leading=17, bold=True, colour=ACCENT, before=12, after=5)
    style.keepWithNext = 1
    return Paragraph(title, style)


def _clauses(section: int, *texts: str, first: int = 1) -> list[Any]:
    return [_paragraph(f"{section}.{first + index} {text}") for index, text in enumerate(texts)]


def _definitions(*entries: tuple[str, str]) -> list[Any]:
    return [_paragraph(f"“{word}” means {meaning}") for word, meaning in entries]


def _paragraph(text: str) -> Any:
    from reportlab.platypus import Paragraph

    return Paragraph(text, _style("body", after=8))


def _callout(title: str, text: str) -> Any:
    """Make a shaded box with a bar at its left edge."""
    from reportlab.platypus import KeepTogether, Paragraph, Spacer, Table

    heading = Paragraph(title, _style("callout title", bold=True, colour=ACCENT, after=2))
    box = Table([[[heading, Paragraph(text, _style("callout"))]]], colWidths=[COLUMN_WIDTH])
    box.setStyle(
        [
            ("BACKGROUND", (0, 0), (-1, -1), _colour(TINT)),
            ("LINEBEFORE", (0, 0), (0, -1), 3, _colour(ACCENT)),
            ("LEFTPADDING", (0, 0), (-1, -1), 10),
            ("RIGHTPADDING", (0, 0), (-1, -1), 8),
            ("TOPPADDING", (0, 0), (-1, -1), 6),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 8),
        ]
    )
    return KeepTogether([Spacer(1, 5), box, Spacer(1, 7)])


def _ruled(*rows: Sequence[str], widths: Sequence[float]) -> Any:
    from reportlab.platypus import KeepTogether, Spacer

    return KeepTogether([Spacer(1, 3), _table(rows, widths), Spacer(1, 9)])


def _table(rows: Sequence[Sequence[str]], widths: Sequence[float], *, size: float = 8.5) -> Any:
    """Make a table with rules on all sides and a dark header row."""
    from reportlab.platypus import Paragraph, Table

    head = _style("table head", size=size, leading=size + 3, bold=True, colour="#ffffff")
    body = _style("table body", size=size, leading=size + 3)
    cells = [[Paragraph(text, body if index else head) for text in row] for index, row in enumerate(rows)]
    table = Table(cells, colWidths=list(widths), repeatRows=1)
    table.setStyle(
        [
            ("GRID", (0, 0), (-1, -1), 0.6, _colour(RULE)),
            ("BACKGROUND", (0, 0), (-1, 0), _colour(ACCENT)),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 5),
            ("RIGHTPADDING", (0, 0), (-1, -1), 4),
            ("TOPPADDING", (0, 0), (-1, -1), 3),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 5),
        ]
    )
    return table


def _style(
    name: str, size: float = 10, leading: float = 14, *, bold: bool = False, colour: str = INK, before: float = 0,
    after: float = 0,
) -> Any:  # fmt: skip
    from reportlab.lib.styles import ParagraphStyle

    return ParagraphStyle(
        name, fontName="Helvetica-Bold" if bold else "Helvetica", fontSize=size, leading=leading,
        textColor=_colour(colour), spaceBefore=before, spaceAfter=after, allowWidows=0, allowOrphans=0,
    )  # fmt: skip


def _colour(code: str) -> Any:
    from reportlab.lib.colors import HexColor

    return HexColor(code)


# --- faq.html: a page of a website, with its navigation and footer ------------------------------------------------

Block = str | tuple[str, ...] | list[tuple[str, ...]]
"""A paragraph, a bulleted list or a table whose first row is the header."""

FAQ: dict[str, tuple[tuple[str, tuple[Block, ...]], ...]] = {
    "Buying cover": (
        (
            "Which policy do I need?",
            (
                "Choose daily cover for one trip and annual cover if you hire more than about twice a year. All prices "
                "include insurance premium tax and cover hires in Europe.",
                [
                    ("Policy", "Price", "Longest single hire", "Who can drive"),
                    ("Daily", "£3.95 a day, at least three days", "60 days", "You and up to three named drivers"),
                    ("Annual, individual", "£52.00 a year", "31 days", "You and one named driver"),
                    ("Annual, household", "£79.00 a year", "31 days", "Up to four named drivers at one address"),
                ],
            ),
        ),
        (
            "I have already collected the car. Is it too late?",
            (
                "No. You can buy daily cover up to 48 hours after collecting the car, as long as nothing has happened "
                "to it yet. Cover then starts on the following day.",
            ),
        ),
        (
            "When will I get my documents?",
            (
                "We email the schedule and the policy wording within 15 minutes of your payment. If nothing has come, "
                "look in the junk folder first, then ring us.",
            ),
        ),
        (
            "Who can be covered?",
            (
                "Every driver must:",
                (
                    "be aged between 21 and 80 on the day the policy starts;",
                    "have held a full licence for at least 12 months;",
                    "live in the United Kingdom, the Channel Islands or the Isle of Man;",
                    "be named on our schedule and on the rental agreement.",
                ),
            ),
        ),
        (
            "Can I change my mind?",
            (
                "Yes. You have 14 days from receiving your schedule, and we refund everything if no hire has begun and "
                "you have not claimed. Section 11 of the policy wording shows what we refund later.",
            ),
        ),
    ),
    "At the hire desk": (
        (
            "The desk says that I must buy its cover. Must I?",
            (
                "No. Hire companies may not insist on their own waiver, but they may ask for a deposit instead. Show "
                "them your schedule if it helps, and keep enough credit free on your card.",
            ),
        ),
        (
            "Are electric cars covered?",
            (
                "Yes, and so are their charging cables while you have the car. The cable is covered up to £250, which "
                "counts towards your excess limit. We do not pay for running out of charge.",
            ),
        ),
    ),
    "When something happens": (
        (
            "What should I do first?",
            (
                "Make sure that everyone is safe, then:",
                (
                    "ring the hire company and follow its instructions;",
                    "take photographs of the damage and of where it happened;",
                    "keep every receipt, and ask for the final invoice;",
                    "read the claims guide before you send us anything.",
                ),
            ),
        ),
        (
            "Can you pay the hire company for me?",
            (
                "No. You pay the hire company and we pay you back, into a bank account in the United Kingdom and in "
                "pounds sterling. We use the exchange rate of the day on which your card was charged.",
            ),
        ),
        (
            "Are you a breakdown service?",
            (
                "No. The number for roadside help is on your rental agreement. We pay towing costs afterwards, within "
                "the limits of your policy.",
            ),
        ),
    ),
}


def make_faq() -> bytes:
    """Write the FAQ page of the company's website."""
    sections = "\n".join(
        f'<section id="{_slug(title)}">\n<h2>{escape(title)}</h2>\n{_faq_questions(questions)}\n</section>'
        for title, questions in FAQ.items()
    )
    links = "".join(f'<li><a href="#{_slug(title)}">{escape(title)}</a></li>' for title in FAQ)
    return f"""<!DOCTYPE html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="Answers to common questions about car-hire excess cover.">
<title>Questions and answers | {COMPANY}</title>
<style>
body {{ font: 1rem/1.5 sans-serif; color: {INK}; margin: 0 auto; max-width: 46rem; padding: 1rem }}
nav ul {{ display: flex; flex-wrap: wrap; gap: 1rem; list-style: none; padding: 0 }}
a, h1, h2 {{ color: {ACCENT} }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ border: 1px solid {RULE}; padding: .4rem; text-align: left }}
footer {{ border-top: 1px solid {RULE}; color: {GREY}; font-size: .85rem; margin-top: 2rem }}
</style>
</head>
<body>
<header>
<nav aria-label="Main">
<ul>
<li><a href="/">Home</a></li>
<li><a href="/quote">Get a quote</a></li>
<li><a href="/claims">Claims</a></li>
<li><a href="/faq" aria-current="page">Questions</a></li>
<li><a href="/account">Sign in</a></li>
</ul>
</nav>
</header>
<main>
<h1>Questions and answers</h1>
<p>The short version of what people ask us most. Your schedule and the policy wording have the last word.</p>
<nav aria-label="On this page"><ul>{links}</ul></nav>
{sections}
<section id="contact">
<h2>Still not sure?</h2>
<p>Ring customer service on <a href="tel:{SERVICE_PHONE.replace(" ", "")}">{SERVICE_PHONE}</a>, {SERVICE_HOURS}, or
write to <a href="mailto:{SERVICE_EMAIL}">{SERVICE_EMAIL}</a>. We answer email within one working day.</p>
</section>
</main>
<footer>
<p>{FICTIONAL}</p>
<p><a href="/privacy">Privacy</a> <a href="/cookies">Cookies</a> <a href="/accessibility">Accessibility</a></p>
</footer>
</body>
</html>
""".encode()


def _faq_questions(questions: Sequence[tuple[str, tuple[Block, ...]]]) -> str:
    return "\n".join(
        f'<h3 id="{_slug(question)}">{escape(question)}</h3>\n' + "\n".join(_html_block(block) for block in blocks)
        for question, blocks in questions
    )


def _html_block(block: Block) -> str:
    if isinstance(block, str):
        return f"<p>{escape(block)}</p>"
    if isinstance(block, tuple):
        return "<ul>\n" + "\n".join(f"<li>{escape(item)}</li>" for item in block) + "\n</ul>"
    head, *body = block
    return f"<table>\n<thead>\n{_html_row(head, 'th')}\n</thead>\n<tbody>\n" + (
        "\n".join(_html_row(row, "td") for row in body) + "\n</tbody>\n</table>"
    )


def _html_row(cells: Sequence[str], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"


def _slug(title: str) -> str:
    return "-".join("".join(letter for letter in title.lower() if letter.isalnum() or letter == " ").split())


# --- claims-guide.docx: headings, numbered steps, a table and a note ----------------------------------------------

CLAIM_STEPS = (
    "Tell the hire company at once and follow its instructions. Do not agree to any repair yourself.",
    "Take photographs of the damage, the number plate and the place. If somebody else was involved, note the name and "
    "the insurer.",
    "When you return the car, ask for the check-in sheet with the damage marked on it, signed by the hire desk.",
    "Wait for the final invoice. An estimate or a blocked deposit is not enough: we pay back what was really charged.",
    f"Fill in the right form from the table below and send it with the documents to {CLAIMS_EMAIL}. One PDF or several "
    "photographs are equally welcome, up to 20 MB in one message.",
    "Keep the originals for six months after we have paid. We ask to see them in about one claim in twenty.",
)
CLAIM_DOCUMENTS = (
    ("Kind of claim", "Form", "Documents we need", "Send within"),
    (
        "Damage to the car",
        "LX1",
        "Rental agreement, check-in sheet, final invoice, card statement, photographs",
        "60 days",
    ),
    ("Theft or vandalism", "LX1", "As for damage, and the police report with its number", "60 days"),
    ("Misfuelling", "LX2", "Rental agreement, invoice of the garage, fuel receipt", "45 days"),
    ("Lost or stolen keys", "LX2", "Rental agreement, invoice for the new key", "30 days"),
    ("Towing and recovery", "LX2", "Rental agreement, invoice of the towing firm, reason for the tow", "45 days"),
    (
        "Hire cut short",
        "LX3",
        "Rental agreement, doctor's letter with dates, refund note of the hire company",
        "21 days",
    ),
    (
        "Late-arrival lock-out",
        "LX3",
        "Proof of the delay from the airline or ferry line, hotel or taxi receipt",
        "14 days",
    ),
)


def make_claims_guide() -> bytes:
    """Write the claims guide as a Word document."""
    from docx import Document

    document = Document()
    _set_properties(document)
    _prune_template(document)
    document.add_heading("Claims guide", level=0)
    document.add_paragraph(
        f"This guide shows how to claim under a {COMPANY} policy, what to send and how long we take. It explains the "
        "policy wording and does not replace it."
    )
    document.add_heading("How to claim in six steps", level=1)
    for step in CLAIM_STEPS:
        document.add_paragraph(step, style="List Number")
    document.add_heading("What to send, and when", level=1)
    document.add_paragraph(
        "The number of days counts from the day on which the hire ended. For a late arrival it counts from the day on "
        "which you should have collected the car."
    )
    _add_word_table(document, CLAIM_DOCUMENTS)
    note = document.add_paragraph(style="Intense Quote")
    note.add_run("Note. ").bold = True
    note.add_run(
        "If you cannot get a document in time, send the form without it before the last day and tell us what is "
        "missing. We then keep the claim open for another 90 days."
    )
    document.add_heading("How long we take", level=1)
    for line in (
        "We confirm that we have your claim within two working days and give you a claim number.",
        "We decide within ten working days of having everything. If we need longer, we ring you and say why.",
        "We pay within five working days of our decision, by bank transfer.",
    ):
        document.add_paragraph(line, style="List Bullet")
    document.add_heading("If we say no", level=1)
    document.add_paragraph(
        "We give the reason in writing and name the clause of the policy wording. You can ask for a second look by "
        "somebody who did not decide the first time; that takes up to 15 working days. You can also complain, as "
        "section 7 of the policy wording describes."
    )
    document.add_heading("Ask us", level=1)
    document.add_paragraph(
        f"The claims team answers on {CLAIMS_PHONE}, {CLAIMS_HOURS}. Have your claim number or policy number ready. If "
        "you find forms hard to fill in, we gladly do it with you on the telephone."
    )
    document.sections[0].footer.paragraphs[0].text = FICTIONAL
    target = io.BytesIO()
    document.save(target)
    return _repack(target.getvalue())


def _set_properties(document: Any) -> None:
    from docx.shared import Pt

    properties = document.core_properties
    properties.title, properties.author, properties.comments = "Claims guide", COMPANY, ""
    properties.last_modified_by, properties.revision, properties.language = COMPANY, 1, "en-GB"
    properties.created = properties.modified = datetime(2026, 1, 5, 9, 0)
    document.styles["Normal"].font.name = "Calibri"
    document.styles["Normal"].font.size = Pt(11)


def _prune_template(document: Any) -> None:
    """Drop what the library's template brings and this document does not use: 800 kB of table styles, a picture."""
    from docx.enum.style import WD_STYLE_TYPE

    for relations, ending in ((document.part.package.rels, "/thumbnail"), (document.part.rels, "/stylesWithEffects")):
        for key in [key for key, relation in relations.items() if relation.reltype.endswith(ending)]:
            del relations[key]
    for style in list(document.styles):
        if style.type == WD_STYLE_TYPE.TABLE and style.name not in ("Normal Table", "Table Grid"):
            style.delete()


def _add_word_table(document: Any, rows: Sequence[Sequence[str]]) -> None:
    from docx.oxml import OxmlElement
    from docx.shared import Cm

    table = document.add_table(rows=0, cols=len(rows[0]), style="Table Grid")
    table.autofit = False
    for index, row in enumerate(rows):
        cells = table.add_row().cells
        for cell, text, width in zip(cells, row, (3.6, 1.5, 8.0, 2.4), strict=True):
            cell.width = Cm(width)
            cell.paragraphs[0].add_run(text).bold = index == 0
    header = OxmlElement("w:tblHeader")
    table.rows[0]._tr.get_or_add_trPr().append(header)
    document.add_paragraph()


def _repack(package: bytes) -> bytes:
    """Store the parts of a DOCX in the order of their names, uncompressed and with one fixed time."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as source, zipfile.ZipFile(target, "w") as result:
        # The content types come first, as Word writes them.
        for name in sorted(source.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            entry = zipfile.ZipInfo(name, (2026, 1, 5, 9, 0, 0))
            entry.create_system = 3  # else Windows would write another byte
            result.writestr(entry, source.read(name))
    return target.getvalue()


# --- handbook.md: the staff handbook, with front matter -----------------------------------------------------------

HANDBOOK = f"""---
title: Staff handbook
company: {COMPANY}
owner: People and Operations
version: "7.2"
effective: 2026-01-05
review_due: 2026-12-01
audience: staff only
---

# Staff handbook

> {FICTIONAL}

This handbook says how we work. Where it and a policy document disagree, the policy document binds us towards the
customer, and you tell People and Operations about the mistake.

## 1. Handling claims

### 1.1 Time targets

Customers read our promises in the claims guide. The targets below are tighter, so that a busy week does not break a
promise.

| Step | Target | Promise to the customer |
|---|---|---|
| Confirm receipt | 1 working day | 2 working days |
| Ask for missing documents | 3 working days | none |
| Decide | 7 working days | 10 working days |
| Order the payment | 2 working days | 5 working days |

A claim without any action for 12 working days turns red on the board. The team manager takes it over on that day.

### 1.2 Authority limits

Nobody settles a claim above their own limit, and nobody splits a claim to stay below it. A goodwill payment is money
that the policy does not oblige us to pay.

| Role | Settle a claim up to | Goodwill payment up to | Refer to |
|---|---|---|---|
| Claims handler | £1,000 | £50 | Senior claims handler |
| Senior claims handler | £3,500 | £150 | Claims team manager |
| Claims team manager | {PER_CLAIM} | £500 | Head of Claims |
| Head of Claims | {PER_PERIOD} | £2,000 | Claims committee |

Every refusal of more than £2,000 needs a second reader, whatever the role of the first.

### 1.3 Signs of fraud

Refer a claim to the review desk when two or more of these are true:

- the invoice has no tax number or no address;
- the photographs were taken before the hire began;
- the bank account is not in the name of a driver on the schedule;
- the same damage appears in an earlier claim.

Never tell a customer that we suspect fraud. Say that we need longer and give a date.

## 2. Tone of voice

We write as a helpful person talks. Short words, one thought to a sentence, and the answer first.

1. Say what happens next and by when.
2. Say "you" and "we", never "the insured" or "the undersigned".
3. Name the clause when you refuse, and quote it.
4. Apologise once, for something definite, without "any inconvenience".
5. No exclamation marks in letters about money.

Instead of *"Your claim has been declined due to insufficient documentation"* write *"We cannot pay yet because the
final invoice is missing. Please send it by 12 June."*

## 3. Vulnerable customers

About one caller in eight is dealing with something that makes insurance harder: illness, bereavement, money trouble, or
simply a first language that is not English. You need no proof and no diagnosis to help.

- Ask: "Is there anything that would make this easier for you?"
- With the customer's consent, set flag **V** on the record and note the help that is wanted, not the reason.
- Ring back a flagged customer within one working day.
- You may double any time limit of the claims guide for a flagged customer without asking your manager.
- Offer large print, a call at a fixed time, or a trusted person as contact.

The lead for vulnerable customers, Bramble Tansley, holds a clinic every Wednesday from 2pm to 3pm.

## 4. Telephone and records

Customer service is open {SERVICE_HOURS}. Claims is open {CLAIMS_HOURS}. We aim to answer eight calls in ten within 40
seconds.

We record calls and keep the recordings for 24 months. Pause the recording while a customer reads out a card number.
Never write a card number down, not even on paper.

## 5. Where and when we work

### 5.1 Office and home

Full-time staff work 36 hours a week. Tuesdays and Thursdays are office days; on the others you choose. Core hours are
10am to 3pm.

### 5.2 Working from abroad

You may work from abroad for up to 20 working days in a calendar year, once your probation of six months is over.

- Ask your manager on form HR-7 at least four weeks before you leave.
- The country must be in the territory of our Europe policies, because the IT desk blocks sign-ins from elsewhere.
- Use the company laptop and never a shared computer.
- You carry the costs of the stay, and your own insurance.

### 5.3 Leave and sickness

Annual leave is 26 days plus bank holidays; up to five unused days move into the next year and must be taken by
31 March. If you are ill, tell your manager before 9.30am. We need a doctor's note from the eighth day.

## 6. Expenses

Claim within 60 days on form EX-2. We pay 45p a mile for your own car, up to £32 for an evening meal, and up to £140 for
a hotel night. Alcohol is not an expense. Amounts above £250 need approval before you spend the money.

## 7. Security

Lock your screen when you stand up. Report a lost laptop or a message sent to the wrong person to the security desk
within one hour, at any time of day, on 01632 960152. Nobody is blamed for a quick report.
"""


def make_handbook() -> bytes:
    """Give the staff handbook as Markdown."""
    return HANDBOOK.encode()


MAKERS = {
    "policy-schedule.pdf": make_schedule,
    "policy-wording.pdf": make_wording,
    "faq.html": make_faq,
    "claims-guide.docx": make_claims_guide,
    "handbook.md": make_handbook,
}


def write_documents(folder: Path) -> list[Path]:
    """Write all documents into ``folder`` and give their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in MAKERS]
    for path in paths:
        path.write_bytes(MAKERS[path.name]())
    return paths


if __name__ == "__main__":
    for written in write_documents(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCUMENTS):
        print(f"{written}: {written.stat().st_size:,} bytes")
