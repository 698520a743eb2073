"""Write the API's OpenAPI document for the page's client: ``python -m scripts.openapi`` (see make api)."""

from __future__ import annotations

import json
from pathlib import Path

from api.app import make_app
from api.context import Context
from casework.db import Database
from casework.privacy.views import Views
from casework.storage import FileStore
from detector.privacy.finder import RegionFinder

TARGET = Path(__file__).resolve().parents[1] / "review_ui" / "openapi.json"


def document() -> str:
    """The document as it is committed."""
    nowhere = Path("nowhere")
    database, store = Database("sqlite:///unused.db"), FileStore(nowhere)
    app = make_app(
        Context(database, store, Views(database, store, store, RegionFinder()), nowhere, nowhere, nowhere)
    )
    return json.dumps(app.openapi(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    TARGET.write_text(document(), "utf-8")
