"""Importable builders next to the tests (``--import-mode=importlib`` adds no paths)."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
