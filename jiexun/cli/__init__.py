"""The command line. Exit codes: 0 done, 2 bad input, 1 failed."""

from __future__ import annotations

import sys

import typer
from pydantic import ValidationError
from rich.console import Console

from casework.db import DatabaseDown
from casework.errors import CaseworkError, StorageFull
from detector.errors import BadOutput, BadWeights, DetectorError
from ingest.errors import IngestError
from jiexun.cli import (
    admin,
    algorithm,
    bench,
    bench_cameras,
    bench_file,
    bench_review,
    bench_rules,
    calibrate,
    cameras,
    dataset,
    demo,
    look,
    model,
    places,
    replay,
    report,
    rule,
    serve,
    simulate,
    stream,
    train,
    upload,
    work,
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="jiexun 街巡: street cameras and patrol vehicles, people's confirmation, lawful cases.",
)
for module in (
    look,
    report,
    demo,
    serve,
    model,
    dataset,
    bench,
    bench_cameras,
    bench_file,
    bench_review,
    bench_rules,
    algorithm,
    calibrate,
    simulate,
    train,
    places,
    cameras,
    stream,
    rule,
    replay,
    upload,
    work,
):
    module.register(app)
admin.register(app)
FAILED = (StorageFull, BadWeights, BadOutput)


def main() -> None:
    """Run a command; every expected error is one line on standard error."""
    try:
        app()
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        _end(f"settings cannot be used (jiexun.toml, JIEXUN_*): {faults}", 2)
    except FAILED as error:
        _end(str(error), 1)
    except (CaseworkError, IngestError, DetectorError) as error:
        _end(str(error), 2)
    except DatabaseDown as error:
        _end(f"the database does not answer: {str(error.orig).splitlines()[0]}", 1)
    except OSError as error:
        _end(f"{error.strerror or error}: {error.filename or ''}", 1)


def _end(message: str, code: int) -> None:
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"jiexun: {message}", markup=False)
    sys.exit(code)
