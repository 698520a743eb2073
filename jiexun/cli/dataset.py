"""``jiexun dataset``: checking, counting, drawing, converting labelled pictures, and making them from reviews."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from casework.datasets.service import Exported, Order, export_reviews
from casework.statistics.figures import month_of
from detector.datasets.check import ERROR, check
from detector.datasets.coco import coco_files, read_coco, write_coco
from detector.datasets.entries import keep_sources, write_yolo, yolo_entries
from detector.datasets.layout import items, open_dataset
from detector.datasets.sheets import chosen, write_sheets
from detector.datasets.statistics import statistics
from jiexun.cli.common import AsJson, Home, console, say
from jiexun.house import open_house

ACTOR = "command-line"
MOST_GROUPS = 10
"""Groups in the table for people; JSON has all."""

dataset = typer.Typer(no_args_is_help=True, help="Labelled pictures for training and measuring.")
Folder = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="A folder with data.yaml, or pictures and their labels.")
]


class Form(StrEnum):
    """What a data set can be converted to."""

    COCO = "coco"
    YOLO = "yolo"


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    app.add_typer(dataset, name="dataset")


@dataset.command("check")
def check_(folder: Folder, as_json: AsJson = False) -> None:
    """Find what is wrong with it, duplicates and leaks between splits included; exit code 1 on errors."""
    data = open_dataset(folder)
    found = check(data)
    counts = dict(Counter(f.severity for f in found))
    if as_json:
        say({"folder": str(folder), "counts": counts, "findings": [asdict(f) for f in found]}, True)
    else:
        for f in found:
            console.print(f"{f.severity}: {f.file}: {f.what}; {f.mend}", markup=False, soft_wrap=True)
        told = ", ".join(f"{n} {severity}{'s' * (n != 1)}" for severity, n in counts.items()) or "nothing"
        console.print(f"{folder}: {told} found")
    if ERROR in counts:
        raise typer.Exit(1)


@dataset.command("statistics")
def statistics_(folder: Folder, as_json: AsJson = False) -> None:
    """Count pictures, negatives and boxes by class, split, view, light and group; sizes of boxes."""
    found = statistics(open_dataset(folder))
    if as_json:
        say(found, True)
        return
    say([{"": "all", **_flat(found)}, *({"": k, **_flat(v)} for k, v in found["by_split"].items())], False)
    for name in ("view", "light", "group"):
        rows = sorted(found[f"by_{name}"].items(), key=lambda row: -row[1]["pictures"])
        say([{name: k, **_flat(v)} for k, v in rows[:MOST_GROUPS]], False)
        if len(rows) > MOST_GROUPS:
            console.print(f"and {len(rows) - MOST_GROUPS} more ({len(rows)} in all)")
    sizes = {name: s["width"] for name, s in found["sizes"].items() if s}
    if sizes:
        heads = ("least", "1st quartile", "median", "3rd quartile", "greatest")
        say([{"width, share": n, **dict(zip(heads, v, strict=True))} for n, v in sizes.items()], False)
    say([{"boxes on a picture": k, "pictures": v} for k, v in found["boxes_per_picture"].items()], False)


def _flat(count: dict[str, Any]) -> dict[str, Any]:
    return {"pictures": count["pictures"], "negatives": count["negatives"], **count["boxes"]}


@dataset.command("sheet")
def sheet(
    folder: Folder,
    out: Annotated[Path, typer.Option("--out", help="Folder for the sheets.")],
    split: Annotated[str, typer.Option("--split", help="train, val, test or all.")] = "all",
    class_name: Annotated[
        str | None, typer.Option("--class", help="Only pictures that hold this class.")
    ] = None,
    only_negatives: Annotated[
        bool, typer.Option("--only-negatives", help="Only pictures that show nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Draw contact sheets (JPEG), nine pictures each, with boxes and file names."""
    data = open_dataset(folder)
    members = chosen(data, items(data, split), class_name, only_negatives)
    name = "-".join(part for part in (split, class_name, "negatives" if only_negatives else None) if part)
    written = write_sheets(data, members, out, name)
    say({"pictures": len(members), "sheets": [str(path) for path in written]}, as_json)


@dataset.command("convert")
def convert(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A YOLO or COCO folder.")],
    to: Annotated[Form, typer.Option("--to")],
    out: Annotated[Path, typer.Option("--out", help="A new folder.")],
    copy: Annotated[bool, typer.Option("--copy", help="Copy the pictures; else they are linked.")] = False,
    as_json: AsJson = False,
) -> None:
    """Convert between YOLO and COCO (instances); sources.csv comes along."""
    if coco_files(folder):
        names, entries = read_coco(folder)
    else:
        data = open_dataset(folder)
        names, entries = data.names, yolo_entries(data)
    write = write_coco if to is Form.COCO else write_yolo
    pictures = write(out, names, entries, copy=copy)
    keep_sources(folder, out)
    boxes = sum(len(entry.labels) for entry in entries)
    say({"pictures": pictures, "boxes": boxes, "classes": list(names.values()), "out": str(out)}, as_json)


@dataset.command("export")
def export(
    out: Annotated[Path, typer.Option("--out", help="A new folder.")],
    purpose: Annotated[str, typer.Option("--purpose", help="What the pictures are for; goes on record.")],
    from_reviews: Annotated[
        bool, typer.Option("--from-reviews", help="From decided candidates (the one source so far).")
    ] = False,
    since: Annotated[str | None, typer.Option("--from", help="First month, YYYY-MM, Asia/Shanghai.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Last month, YYYY-MM, Asia/Shanghai.")] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Make a data set of sealed pictures from what reviewers decided. Faces and plates are not blurred."""
    if not from_reviews:
        raise typer.BadParameter("say where from: --from-reviews")
    order = Order(
        ACTOR, purpose, month_of(since).start if since else None, month_of(until).end if until else None
    )
    with open_house(home) as house:
        done = export_reviews(house.database, house.store, out, order)
    say({**_told(done), "out": str(out)}, as_json)


def _told(done: Exported) -> dict[str, Any]:
    notes = ["faces and plates are not blurred: keep the folder where the evidence may be kept"]
    if done.unreviewed:
        notes.append(
            f"{done.unreviewed} boxes that nobody decided on are in no label: see 'unreviewed' in sources.csv"
        )
    if len(done.splits) < 2:
        notes.append("all pictures come from one place: there is no second split to measure on")
    return {
        "pictures": done.pictures,
        "positives": done.positives,
        "hard_negatives": done.negatives,
        "corrected_by_reviewers": done.corrected,
        "boxes": dict(done.boxes),
        "splits": dict(done.splits),
        "places": done.places,
        "left_out": dict(done.left_out),
        "notes": notes,
    }
