"""Importing the runtimes without what they do at import: both report to their makers and write into the home
directory. A bureau's server does neither.
"""

from __future__ import annotations

import os
import sys
from typing import Any


def onnxruntime() -> Any:
    """The package ``onnxruntime``. Raises ModuleNotFoundError."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when its library is loaded
    import onnxruntime

    return onnxruntime


def openvino() -> Any:
    """The package ``openvino``. Raises ModuleNotFoundError."""
    if "openvino" not in sys.modules:
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # it then takes its own stub
    import openvino

    return openvino
