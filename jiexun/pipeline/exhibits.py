"""Pictures and manifest statement of a violation, ready to be sealed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import cv2
import numpy as np

from casework.devices.tables import Device
from casework.evidence.service import Exhibit
from casework.footage.tables import Footage
from casework.places.queries import PictureLine
from casework.places.tables import DOOR_LINE
from casework.rules.tables import RuleSet
from detector.scene import calendar as calendars
from detector.scene.boxes import iou
from detector.scene.model import Rule, Space, Violation, Zone
from detector.scene.zones import to_dict
from ingest.frame import Frame, Position
from jiexun.pipeline.lookbook import Book, Look

PNG_LEVEL = 3  # of 9: half the time of the default and within some percent of its size


def pictures(violation: Violation, book: Book, zones: list[Zone], lines: list[PictureLine]) -> list[Exhibit]:
    """The original pictures at the violation's key times: first, middle ..., latest.

    A picture file stays as it came; a frame of a video is kept as PNG, which loses nothing.
    """
    found = []
    drawn = [*_outlines(zones), *_door_lines(lines)]
    last = len(violation.key_times) - 1
    for i, at in enumerate(violation.key_times):
        look = book.at(at)
        if look is None:
            continue
        role = "first" if i == 0 else "latest" if i == last else "middle"
        data, media_type = original(look.frame)
        found.append(Exhibit("picture", role, data, media_type, at, _meta(look, violation, drawn)))
    return found


def original(frame: Frame) -> tuple[bytes, str]:
    """A frame as evidence keeps it: bytes and media type."""
    return (frame.encoded, frame.media_type or "") if frame.encoded else (_png(frame), "image/png")


def described(look: Look) -> dict[str, Any]:
    """What the manifest says of a picture that is about no violation."""
    return _meta(look, None, [])


def _png(frame: Frame) -> bytes:
    done, data = cv2.imencode(".png", frame.image, [cv2.IMWRITE_PNG_COMPRESSION, PNG_LEVEL])
    if not done:  # pragma: no cover - a BGR array always encodes
        raise RuntimeError("OpenCV cannot encode PNG; reinstall opencv-python-headless")
    return data.tobytes()


def _outlines(zones: list[Zone]) -> list[dict[str, Any]]:
    return [
        {"code": z.code, "kind": z.kind.value, "polygon": z.polygon.round(5).tolist(), "shop": z.shop}
        for z in zones
        if z.space is Space.IMAGE
    ]


def _door_lines(lines: list[PictureLine]) -> list[dict[str, Any]]:
    return [
        {"code": one.code, "kind": DOOR_LINE, "polygon": np.round(one.points, 5).tolist(), "shop": one.shop}
        for one in lines
    ]


def _meta(look: Look, violation: Violation | None, drawn: list[dict[str, Any]]) -> dict[str, Any]:
    """drawn: zones and door lines on the reference picture. Everything is said as it lies on this very picture,
    which may be shifted; a zone may then reach over its edge."""
    frame, (right, down) = look.frame, look.shift
    width, height = frame.size
    return {
        "device": frame.device_id,
        "frame": frame.index,
        "width": width,
        "height": height,
        "time_source": frame.time_source.value,
        "position": _position(frame.position),
        "boxes": _boxes(look, violation),
        "zones": [
            {**zone, "polygon": [[round(x + right, 5), round(y + down, 5)] for x, y in zone["polygon"]]}
            for zone in drawn
        ],
        "shift": [round(right, 5), round(down, 5)],
    }


def _boxes(look: Look, violation: Violation | None) -> list[dict[str, Any]]:
    """Everything seen in the picture, 0-1; the one that the violation is about is marked."""
    frame, seen = look.frame, look.seen
    scale = np.array([*frame.size, *frame.size], np.float32)
    places = np.clip(look.on_picture(seen.xyxy) / scale, 0, 1)
    subject = -1
    times = violation.sighting.times if violation is not None else ()
    if violation is not None and frame.captured_at in times and len(seen):
        own = violation.sighting.xyxy[times.index(frame.captured_at)]
        overlap = iou(own[None].astype(np.float64), seen.xyxy.astype(np.float64))[0]
        subject = int(overlap.argmax()) if overlap.max() > 0.5 else -1
    return [
        {
            "label": seen.label(i),
            "confidence": round(float(seen.confidence[i]), 3),
            "xyxy": [round(float(v), 4) for v in places[i]],
            "subject": i == subject,
        }
        for i in range(len(seen))
    ]


def _position(position: Position | None) -> dict[str, Any] | None:
    return {**asdict(position), "source": position.source.value} if position is not None else None


def statement(
    violation: Violation,
    device: Device,
    footage: Footage,
    rule: Rule,
    zones: list[Zone],
    model: dict[str, str],
    rule_set: RuleSet,
) -> dict[str, Any]:
    """What the manifest says beside its files: enough to judge the same pictures again."""
    sighting, named = violation.sighting, {code for code, _ in violation.zones}
    return {
        "device": {
            "code": device.code,
            "kind": device.kind,
            "latitude": device.latitude,
            "longitude": device.longitude,
            "heading": device.heading,
            "mounting": device.mounting,
            "approvals": [
                {
                    "kind": a.kind,
                    "from": a.valid_from.isoformat(),
                    "to": a.valid_to.isoformat(),
                    "document": a.document,
                    "person": a.person,
                }
                for a in device.approvals
            ],
        },
        "footage": {"sha256": footage.sha256, "name": footage.name, "size": footage.size},
        "model": model,
        "rule": {
            **asdict(rule),
            "zone_kinds": [k.value for k in rule.zone_kinds],
            "labels": list(rule.labels),
            "calendar": calendars.to_dict(rule.calendar),
        },
        "rule_set": {"version": rule_set.version, "sha256": rule_set.sha256},
        "zones": [to_dict(z) for z in zones if z.code in named],
        "violation": {
            "type": violation.type,
            "shop": violation.shop,
            "start": violation.start.isoformat(),
            "end": violation.end.isoformat(),
            "proven": violation.proven,
            "label": sighting.label,
            "observed_s": sighting.observed_s,
            "inferred_s": sighting.inferred_s,
            "looks": violation.looks,
            "ground": asdict(sighting.ground) if sighting.ground else None,
            "facts": violation.facts,
        },
    }
