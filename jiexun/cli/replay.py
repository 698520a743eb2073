"""``jiexun replay``: what other rules would have raised from the looks that are stored."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from casework.errors import Invalid
from casework.rules.preview import Ask, Preview
from jiexun.cli.common import AsJson, Home, console, moment, say
from jiexun.house import open_house
from jiexun.pipeline.replay import replay as run_again
from jiexun.warehouse import labels_of

RuleFile = Annotated[Path, typer.Option("--rule", help="Rules as TOML, as in detector/scene/rules.toml.")]
Since = Annotated[str, typer.Option("--from", help="Time in Asia/Shanghai, or with an offset.")]
Until = Annotated[str, typer.Option("--to", help="Time; what begins from then on is left out.")]
OfDevice = Annotated[str | None, typer.Option("--device", help="Only this device's looks.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(replay)


def replay(
    rule: RuleFile,
    since: Since,
    until: Until,
    device: OfDevice = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Judge stored looks again by other rules, without a model: what would be raised, gained and lost.

    Laid beside what was raised then and what people decided on it. Nothing is written.
    """
    show(rule, since, until, device, home, as_json)


def show(rule: Path, since: str, until: str, device: str | None, home: Path | None, as_json: bool) -> None:
    """Run it and report."""
    first, last = moment(since), moment(until)
    if first is None or last is None:  # pragma: no cover - both options are asked for
        raise Invalid("bad_span", zh="请给出起止时间", en="give --from and --to")
    with open_house(home) as house:
        found = run_again(house, Ask(text_of(rule), first, last, device), labels_of(house))
    if as_json:
        say(as_data(found), True)
        return
    rows = [
        {
            "": f.outcome,
            "type": f.type,
            "device": f.device,
            "from": f"{f.start:%Y-%m-%d %H:%M:%S}Z",
            "to": f"{f.end:%H:%M:%S}Z",
            "candidate": f.number or "–",
            "decided": f.verdict or "–",
        }
        for f in found.findings
        if f.outcome != "kept"
    ]
    if rows:
        say(rows, False)
    say({"looks": found.looks, "footage": found.footage, **found.counts}, False)
    for line in found.missing:
        console.print(f"left out: {line}", markup=False)


def as_data(found: Preview) -> dict[str, Any]:
    """For machines."""
    return {
        "looks": found.looks,
        "footage": found.footage,
        "missing": found.missing,
        "counts": found.counts,
        "findings": [asdict(f) for f in found.findings],
    }


def text_of(path: Path) -> str:
    """A rule file. Raises Invalid."""
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid("bad_file", zh=f"无法读取 {path}", en=f"{path} cannot be read: {error}") from error
