"""Meshes from primitives, free of Blender, so that footprints and boxes are computed from the very same vertices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import cos, pi, sin

import numpy as np
from numpy.typing import NDArray

Material = tuple[object, ...]
"""A hashable description of a surface: (kind, sRGB hex colour, extra...); `materials.py` makes the nodes."""
Array = NDArray[np.float64]
Vector = Sequence[float] | Array


class Shape:
    """Vertices (N, 3) in metres, faces as vertex indices, a material and a smooth flag for each face."""

    def __init__(self) -> None:
        self._blocks: list[Array] = []
        self.faces: list[tuple[int, ...]] = []
        self.materials: list[Material] = []
        self.smooth: list[bool] = []
        self._count = 0

    @property
    def vertices(self) -> Array:
        """All vertices, (N, 3) metres."""
        return np.concatenate(self._blocks) if self._blocks else np.zeros((0, 3))

    def add(
        self, vertices: Array, faces: Iterable[Sequence[int]], material: Material, smooth: bool = False
    ) -> None:
        """Append a block of vertices (N, 3) and faces that index into that block."""
        start = self._count
        self._blocks.append(np.asarray(vertices, float))
        self._count += len(vertices)
        for face in faces:
            self.faces.append(tuple(start + i for i in face))
            self.materials.append(material)
            self.smooth.append(smooth)

    def merge(self, other: Shape, at: Vector = (0, 0, 0), turn: float = 0.0, scale: float = 1.0) -> Shape:
        """Add a copy of `other`, scaled, turned by `turn` radians anticlockwise about z, moved to `at`."""
        start = self._count
        self._blocks.append(placed(other.vertices * scale, at, turn))
        self._count += other._count
        self.faces += [tuple(start + i for i in face) for face in other.faces]
        self.materials += other.materials
        self.smooth += other.smooth
        return self

    def box(
        self, centre: Vector, size: Vector, material: Material, turn: float = 0.0, taper: float = 1.0
    ) -> None:
        """A box of `size` about `centre`; `taper` scales its bottom face (a crate is narrower below)."""
        corners = np.array([(x, y, z) for z in (-0.5, 0.5) for y in (-0.5, 0.5) for x in (-0.5, 0.5)])
        corners[:4, :2] *= taper
        corners = placed(corners * np.asarray(size, float), centre, turn)
        faces = [(0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5)]
        self.add(corners, faces, material)

    def tube(
        self, start: Vector, end: Vector, r0: float, r1: float, material: Material, sides: int = 10
    ) -> None:
        """A closed cylinder or cone from `start` (radius r0) to `end` (radius r1)."""
        a, b = np.asarray(start, float), np.asarray(end, float)
        axis = (b - a) / max(float(np.linalg.norm(b - a)), 1e-9)
        side = np.cross(axis, (0.0, 0.0, 1.0) if abs(axis[2]) < 0.9 else (1.0, 0.0, 0.0))
        side /= np.linalg.norm(side)
        up = np.cross(axis, side)
        angle = np.arange(sides) * 2 * pi / sides
        ring = np.cos(angle)[:, None] * side + np.sin(angle)[:, None] * up
        self.add(
            np.concatenate([a + r0 * ring, b + r1 * ring]),
            [(i, (i + 1) % sides, sides + (i + 1) % sides, sides + i) for i in range(sides)],
            material,
            sides > 6,
        )
        self.add(a + r0 * ring, [tuple(range(sides))[::-1]], material)
        self.add(b + r1 * ring, [tuple(range(sides))], material)

    def loft(
        self, rings: Sequence[Array], material: Material, smooth: bool = True, closed: bool = True
    ) -> None:
        """A skin over rings (each (K, 3), same K), with end caps when `closed`."""
        k = len(rings[0])
        faces: list[Sequence[int]] = []
        for j in range(len(rings) - 1):
            faces += [
                (j * k + i, j * k + (i + 1) % k, (j + 1) * k + (i + 1) % k, (j + 1) * k + i) for i in range(k)
            ]
        if closed:
            faces += [tuple(range(k))[::-1], tuple((len(rings) - 1) * k + i for i in range(k))]
        self.add(np.concatenate(list(rings)), faces, material, smooth)

    def ball(self, centre: Vector, radii: Vector, material: Material, turn: float = 0.0, n: int = 8) -> None:
        """An ellipsoid with half-axes `radii`."""
        rings = []
        for j in range(1, n // 2 + 2):
            lat = -pi / 2 + pi * (j - 0.5) / (n // 2 + 1)
            rings.append(ellipse(0, 0, sin(lat), cos(lat), cos(lat), n))
        points = placed(np.concatenate(rings) * np.asarray(radii, float), centre, turn)
        self.loft(np.split(points, len(rings)), material)

    def wheel(self, centre: Vector, radius: float, width: float, rim: Material, tyre: Material) -> None:
        """A wheel standing in the x-z plane: tyre disc with a brighter hub on both sides."""
        c = np.asarray(centre, float)
        half = np.array([0, width / 2, 0])
        self.tube(c - half, c + half, radius, radius, tyre, 20)
        self.tube(c - 1.04 * half, c + 1.04 * half, 0.62 * radius, 0.62 * radius, rim, 14)

    def ring(self, centre: Vector, radius: float, thick: float, material: Material, n: int = 22) -> None:
        """A thin torus in the x-z plane, e.g. a bicycle tyre."""
        rings = []
        for i in range(n + 1):
            a = 2 * pi * i / n
            out = np.array([cos(a), 0, sin(a)])
            sections = [
                out * (radius + thick * cos(b)) + (0, thick * sin(b), 0) for b in np.arange(5) * 2 * pi / 5
            ]
            rings.append(np.array(sections) + np.asarray(centre, float))
        self.loft(rings, material, closed=False)


def ellipse(x: float, y: float, z: float, rx: float, ry: float, n: int = 12) -> Array:
    """A horizontal ellipse of `n` points about (x, y, z), (n, 3) metres."""
    a = np.arange(n) * 2 * pi / n
    return np.stack([x + rx * np.cos(a), y + ry * np.sin(a), np.full(n, z)], 1)


def placed(points: Array, at: Vector, turn: float) -> Array:
    """Turn points (N, 3) by `turn` radians anticlockwise about z, then move them to `at`."""
    c, s = cos(turn), sin(turn)
    return points @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1.0]]) + np.asarray(at, float)
