"""Options and output that commands share."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Column, Table

from casework.errors import Invalid
from detector.backends import open_detector
from detector.detections import Detector
from jiexun.settings import Settings

Home = Annotated[
    Path | None, typer.Option("--home", help="Folder for everything that is kept (default: ./home).")
]
AsJson = Annotated[bool, typer.Option("--json", help="Report as JSON on standard output.")]
SHANGHAI = ZoneInfo("Asia/Shanghai")
console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


def say(data: Any, as_json: bool) -> None:
    """Report: JSON for machines, a table for people."""
    if as_json:
        typer.echo(json.dumps(data, ensure_ascii=False, indent=2, default=str))
    elif isinstance(data, list):
        console.print(table_of(data))
    else:
        table = Table(
            "", Column(overflow="fold"), show_header=False, box=None
        )  # Chinese has no blanks to wrap at
        for name, value in data.items():
            shown = "\n".join(map(str, value)) if isinstance(value, list) else str(value)
            table.add_row(name, shown)
        console.print(table)


def table_of(rows: list[dict[str, Any]]) -> Table:
    """Rows of the same keys as a table."""
    table = Table()
    for name in rows[0] if rows else ["nothing"]:
        table.add_column(name)
    for row in rows:
        table.add_row(*(str(v) for v in row.values()))
    return table


def moment(text: str | None) -> datetime | None:
    """A time from the command line: with its offset, or Asia/Shanghai when it has none. Aware UTC."""
    if text is None:
        return None
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(
            "bad_time",
            zh=f"时间 {text} 无法识别",
            en=f"--start {text}: write it as 2026-10-31T14:05:00 (Shanghai) or with an offset",
        ) from None
    return (value if value.tzinfo else value.replace(tzinfo=SHANGHAI)).astimezone(UTC)


def detector_of(settings: Settings, floor: float = 0.1) -> Detector:
    """The detector that the settings name. floor: least confidence that it returns."""
    return open_detector(
        settings.backend,
        settings.weights_dir,
        threads=settings.threads_at_recordings,
        floor=floor,
        memory=settings.backend_memory,
    )
