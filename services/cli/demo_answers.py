"""The programme's questions, asked of the API and shown on the terminal."""

from collections import Counter
from typing import Any
from urllib.parse import quote

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from domain.vocabulary import ASSESSMENT_STATES, COMPLETION_STATES, PARTNERS
from services.cli.api_client import Api
from services.language.catalogue import SOURCE
from services.language.language import language
from services.report.figures import together_money
from services.report.sentences import (
    PACKAGE_STATES,
    QUESTION,
    of_attendance,
    of_classes,
    of_money,
    package_state,
    tells_attendance,
)
from services.report.words import moment, share

SHOWN = 5
ENGLISH = language(SOURCE)
"""The terminal's language."""


def records_read(api: Api) -> int:
    """How many records have their outcome."""
    read: int = api.ask("/v1/intake")["totals"]["offsets_read"]
    return read


def is_fresh(api: Api) -> bool:
    """Whether every answer follows everything that was read."""
    return bool(api.ask("/v1/intake")["freshness"]["events"] == 0)


def show(console: Console, api: Api) -> None:
    """Asks and prints: outcomes, states, packages, and one participant with the history of one class."""
    _show_outcomes(console, api)
    _show_states(console, api)
    _show_money(console, api)
    packages = list(api.rows("/v1/package-purchases"))
    _show_packages(console, packages)
    _show_participant(console, api, packages)


def _show_outcomes(console: Console, api: Api) -> None:
    intake = api.ask("/v1/intake")
    table = Table(title="What became of each Kafka record", show_footer=True)
    columns = ("offsets_read", "accepted", "duplicate", "rejected")
    table.add_column("Partner", footer="all")
    for column in columns:
        table.add_column(
            column.replace("_", " "), justify="right", footer=f"{intake['totals'][column]:,}"
        )
    for partner, name in PARTNERS.items():
        lanes = [lane for lane in intake["items"] if lane["partner"] == partner]
        table.add_row(name, *(f"{sum(lane[column] for lane in lanes):,}" for column in columns))
    console.print(table)
    open_lanes = [
        lane
        for lane in intake["items"]
        if lane["accepted"] + lane["duplicate"] + lane["rejected"] + lane["skipped"]
        != lane["next_offset"] - lane["first_offset"]
    ]
    if open_lanes:
        console.print(f"[red]{len(open_lanes)} lanes do not add up: {open_lanes}")
    else:
        console.print(
            f"Every record is accounted for: accepted + duplicate + rejected = offsets read, "
            f"on each of {len(intake['items'])} topic partitions.\n"
        )
    reasons = Counter(rejection["reason"] for rejection in api.rows("/v1/rejections"))
    table = Table(title="Why records were rejected")
    table.add_column("Reason")
    table.add_column("Records", justify="right")
    for reason, count in reasons.most_common():
        table.add_row(reason, f"{count:,}")
    console.print(table)


def _show_states(console: Console, api: Api) -> None:
    states: Counter[tuple[str, str]] = Counter()
    flags: Counter[str] = Counter()
    satisfied = 0
    for item in api.rows("/v1/purchased-classes"):
        states[item["completion"]["state"], item["assessment"]["state"]] += 1
        flags.update(item["flags"])
        satisfied += item["satisfied"]
    total = states.total()
    table = lined_table(QUESTION, show_footer=True)
    table.add_column("Completion", footer="all")
    for assessment in ASSESSMENT_STATES:
        count = sum(states[completion, assessment] for completion in COMPLETION_STATES)
        table.add_column(assessment, justify="right", footer=f"{count:,}")
    table.add_column("all", justify="right", footer=f"{total:,}")
    table.add_column("share", justify="right", footer=share(total, total, ENGLISH))
    for completion in reversed(COMPLETION_STATES):
        counts = [states[completion, assessment] for assessment in ASSESSMENT_STATES]
        table.add_row(
            completion,
            *(f"{n:,}" for n in counts),
            f"{sum(counts):,}",
            share(sum(counts), total, ENGLISH),
        )
    console.print(table)
    counts_of = {
        "purchased": total,
        "completed": sum(n for (state, _), n in states.items() if state == "completed"),
        "assessed": sum(n for (_, state), n in states.items() if state != "not_assessed"),
        "never_reported": sum(n for (state, _), n in states.items() if state == "never_reported"),
    }
    console.print(of_classes(counts_of, ENGLISH))
    console.print(
        f"{satisfied:,} of the {total:,} ({share(satisfied, total, ENGLISH)}) are satisfied by the rule of their class "
        "(move_on).\n"
    )
    table = Table(title="Flags on purchased classes; one class may have several")
    table.add_column("Flag")
    table.add_column("Purchased classes", justify="right")
    table.add_column(f"share of all {total:,}", justify="right")
    for flag, count in flags.most_common():
        table.add_row(flag, f"{count:,}", share(count, total, ENGLISH))
    console.print(table)


def _show_money(console: Console, api: Api) -> None:
    """What was paid for classes that were not finished, by partner."""
    partners = list(api.rows("/v1/partners"))
    table = lined_table(
        "What was paid for classes and not refunded, million rupiah", show_footer=True
    )
    everything = together_money([each["money"] for each in partners])
    table.add_column("Partner", footer="all")
    columns = ("net", "completed", "in_progress", "never_reported", "not attended")
    for column in columns:
        name = column.replace("_", " ")
        table.add_column(name, justify="right", footer=_millions(everything, column))
    for each in partners:
        table.add_row(each["name"], *(_millions(each["money"], column) for column in columns))
    console.print(table)
    console.print(of_money(everything, ENGLISH))
    console.print(of_attendance(everything, [each["money"] for each in partners], ENGLISH) + "\n")


def _millions(of: Any, column: str) -> str:
    if column == "not attended":
        value = of["net_not_attended"]
        if not tells_attendance(of):
            return "not known"
    else:
        value = of["net"] if column == "net" else of["net_by_completion"][column]
    return f"{value / 1_000_000:,.2f}"


def _show_packages(console: Console, packages: list[Any]) -> None:
    sold = len(packages)
    states = Counter(package_state(p) for p in packages)
    after = [p for p in packages if p["after_sales_end"]]
    table = Table(title="Packages: one purchase, several classes", show_footer=True)
    table.add_column("Package purchases", footer="sold")
    table.add_column("", justify="right", footer=f"{sold:,}")
    table.add_column("share of sold", justify="right", footer=share(sold, sold, ENGLISH))
    for state, meaning in PACKAGE_STATES.items():
        table.add_row(
            f"{state}: {meaning}", f"{states[state]:,}", share(states[state], sold, ENGLISH)
        )
    console.print(table)
    console.print(
        f"{len(after):,} of the {sold:,} ({share(len(after), sold, ENGLISH)}) were sold after the sale of packages had "
        "ended.\n"
    )
    begun = [
        p
        for p in packages
        if package_state(p) == "incomplete" and len(p["missing"]) < len(p["classes"])
    ]
    _list_packages(console, "Begun and incomplete packages, the first few (days in WIB)", begun)
    _list_packages(console, "Packages sold after the sales end, the first few (days in WIB)", after)


def _list_packages(console: Console, title: str, packages: list[Any]) -> None:
    table = lined_table(title)
    for column in ("Partner", "Purchase", "Participant", "Paid", "Completed"):
        table.add_column(column, no_wrap=True)
    table.add_column("Missing")
    for p in packages[:SHOWN]:
        completed = sum(c["completion"] == "completed" for c in p["classes"])
        table.add_row(
            p["partner"],
            p["purchase_id"],
            p["participant_id"],
            moment(p["purchased_at"])[:10],
            "" if p["unresolved"] else f"{completed} of {len(p['classes'])}",
            "not published" if p["unresolved"] else ", ".join(p["missing"]),
        )
    console.print(table)


def lined_table(title: str, *, show_footer: bool = False) -> Table:
    """A table without frames: its columns fit a terminal of 80."""
    return Table(title=title, box=box.SIMPLE_HEAD, pad_edge=False, show_footer=show_footer)


def _show_participant(console: Console, api: Api, packages: list[Any]) -> None:
    """One participant with a package of which some classes were completed and others not; anybody otherwise."""
    begun = [p for p in packages if 0 < len(p["missing"]) < len(p["classes"])]
    example = max(begun or packages, key=lambda p: len(p["classes"]), default=None)
    if example is None:
        console.print(
            "No package was sold in this season; ask for more --events to see one followed."
        )
        return
    who = example["participant_id"]
    classes = api.ask(f"/v1/participants/{quote(who, safe='')}/classes")["items"]
    table = lined_table(f"Participant {who}: every purchased class, across partners")
    for column in ("Partner", "Class", "Package", "Completion", "Assessment", "Satisfied"):
        table.add_column(column, no_wrap=True)
    for item in classes:
        packages_of = {p["package_code"] for p in item["purchases"]} - {None}
        table.add_row(
            item["partner"],
            item["class_code"],
            ", ".join(sorted(packages_of)),
            item["completion"]["state"],
            item["assessment"]["state"],
            "yes" if item["satisfied"] else "no",
        )
    console.print(table)
    mine = [item for item in classes if item["partner"] == example["partner"]]
    item = max(mine, key=lambda each: each["completion"]["state"] == "completed")
    _show_history(console, api, item)


def _show_history(console: Console, api: Api, item: Any) -> None:
    place = [quote(item[key], safe="") for key in ("participant_id", "partner", "class_code")]
    path = f"/v1/participants/{place[0]}/classes/{place[1]}/{place[2]}/history"
    table = lined_table(
        f"The events behind one answer, {item['class_code']}: tuntas.partner.{item['partner']}, partition:offset"
    )
    for column in ("Happened (WIB)", "Event", "Kafka", "Completion", "Assessment"):
        table.add_column(column, no_wrap=True)
    for event in api.ask(path)["items"]:
        style = "strike dim" if event["voided_at"] else ""
        table.add_row(
            moment(event["happened"]),
            Text(event["type"].removeprefix("id.tuntas.").removesuffix(".v1"), style=style),
            f"{event['partition']}:{event['offset']}",
            event["state"]["completion"]["state"],
            event["state"]["assessment"]["state"],
        )
    console.print(table)
    console.print(f"[dim]GET {path}[/dim]", highlight=False, soft_wrap=True)
