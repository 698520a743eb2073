"""Blender behind one class: put shapes on a stage, light it, render linear colours and object ids with Cycles."""

from __future__ import annotations

import tempfile
from math import radians
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix
from numpy.typing import NDArray

from scripts.street.camera import Camera
from scripts.street.facade import Sign
from scripts.street.materials import material
from scripts.street.shape import Shape, Vector

FONTS = Path("/usr/share/fonts/opentype/noto")
"""Where Debian's fonts-noto-cjk lies; without it signs stay plain coloured boards."""


def linear(hexa: str) -> tuple[float, float, float]:
    """sRGB hex to linear RGB."""
    c = np.array([int(hexa[i : i + 2], 16) for i in (0, 2, 4)]) / 255
    r, g, b = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return float(r), float(g), float(b)


class Stage:
    """One Blender scene. Only one may exist in a process, as `bpy` holds the scene globally."""

    def __init__(self, width: int, height: int, samples: int) -> None:
        bpy.ops.wm.read_factory_settings(use_empty=True)
        self.scene = bpy.context.scene
        self._folder = tempfile.TemporaryDirectory()
        self._configure(width, height, samples)
        self._passes()
        self.sun = bpy.data.objects.new("sun", bpy.data.lights.new("sun", "SUN"))
        self.camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
        for obj in (self.sun, self.camera):
            self.scene.collection.objects.link(obj)
        self.scene.camera = self.camera
        self.scene.world = bpy.data.worlds.new("world")
        self.scene.world.use_nodes = True
        tree = self.scene.world.node_tree
        self._sky = tree.nodes.new("ShaderNodeTexSky")
        self._sky.sky_type, self._sky.sun_disc = "NISHITA", False
        self._grey = tree.nodes.new("ShaderNodeMix")
        self._grey.data_type = "RGBA"
        tree.links.new(self._sky.outputs[0], self._grey.inputs[6])
        tree.links.new(self._grey.outputs[2], tree.nodes["Background"].inputs["Color"])
        self.scene.world.cycles.sampling_method = "MANUAL"
        self.scene.world.cycles.sample_map_resolution = 128

    def _configure(self, width: int, height: int, samples: int) -> None:
        render, cycles = self.scene.render, self.scene.cycles
        render.engine = "CYCLES"
        render.resolution_x, render.resolution_y, render.resolution_percentage = width, height, 100
        render.use_persistent_data = True
        cycles.device, cycles.samples = "CPU", samples
        cycles.use_adaptive_sampling = False
        cycles.use_denoising, cycles.denoiser = True, "OPENIMAGEDENOISE"
        cycles.denoising_prefilter, cycles.denoising_quality = "FAST", "BALANCED"
        cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 3, 2, 1
        cycles.transmission_bounces, cycles.transparent_max_bounces = 0, 4
        cycles.caustics_reflective = cycles.caustics_refractive = False
        cycles.sample_clamp_indirect = 4.0
        cycles.pixel_filter_type, cycles.filter_width = "BLACKMAN_HARRIS", 1.3

    def _passes(self) -> None:
        """Write linear colour and object index of each render to files of half floats."""
        self.scene.view_layers[0].use_pass_object_index = True
        self.scene.use_nodes = True
        tree = self.scene.node_tree
        tree.nodes.clear()
        layers = tree.nodes.new("CompositorNodeRLayers")
        final = tree.nodes.new("CompositorNodeComposite")
        out = tree.nodes.new("CompositorNodeOutputFile")
        out.base_path = self._folder.name
        out.format.file_format, out.format.color_depth = "OPEN_EXR", "16"
        out.format.exr_codec = "NONE"
        out.file_slots.clear()
        out.file_slots.new("rgb")
        out.file_slots.new("ids")
        tree.links.new(layers.outputs["Image"], final.inputs[0])
        tree.links.new(layers.outputs["Image"], out.inputs[0])
        tree.links.new(layers.outputs["IndexOB"], out.inputs[1])

    def mesh(self, shape: Shape) -> bpy.types.Mesh:
        """A Blender mesh of the shape, its colours in the face attribute `tint`."""
        mesh = bpy.data.meshes.new("shape")
        mesh.from_pydata(shape.vertices, [], shape.faces)
        kinds = sorted({str(m[0]) for m in shape.materials})
        slot = {k: i for i, k in enumerate(kinds)}
        for kind in kinds:
            mesh.materials.append(material(kind))
        mesh.polygons.foreach_set("material_index", [slot[str(m[0])] for m in shape.materials])
        mesh.polygons.foreach_set("use_smooth", shape.smooth)
        colours = {m: linear(str(m[1])) for m in set(shape.materials)}
        tint = mesh.attributes.new("tint", "FLOAT_COLOR", "FACE")
        tint.data.foreach_set(
            "color", np.array([(*colours[m], 1.0) for m in shape.materials], np.float32).ravel()
        )
        return mesh

    def put(
        self, mesh: bpy.types.Mesh, at: Vector = (0, 0, 0), turn: float = 0.0, index: int = 0
    ) -> bpy.types.Object:
        """An object of the mesh at `at`, turned by `turn` radians, with object index `index` (0 is unlabelled)."""
        obj = bpy.data.objects.new("thing", mesh)
        obj.location, obj.rotation_euler = tuple(float(v) for v in at), (0, 0, turn)
        obj.pass_index = index
        self.scene.collection.objects.link(obj)
        return obj

    def letter(self, sign: Sign) -> None:
        """Flat lettering that faces south (-y); nothing where the font is missing."""
        path = FONTS / "NotoSansCJK-Bold.ttc"
        if not path.exists():
            return
        curve = bpy.data.curves.new("sign", "FONT")
        curve.font = bpy.data.fonts.load(str(path), check_existing=True)
        curve.body, curve.size, curve.align_x, curve.extrude = sign.text, sign.height, "CENTER", 0.01
        ink = bpy.data.materials.get("ink" + sign.colour) or bpy.data.materials.new("ink" + sign.colour)
        ink.use_nodes = True
        ink.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = (*linear(sign.colour), 1)
        curve.materials.append(ink)
        obj = bpy.data.objects.new("sign", curve)
        obj.location, obj.rotation_euler = (sign.x, sign.y, sign.z), (radians(90), 0, 0)
        self.scene.collection.objects.link(obj)
        bpy.context.view_layer.update()
        if obj.dimensions.x > sign.width:
            obj.scale.x = sign.width / obj.dimensions.x

    def light(self, elevation: float, azimuth: float, sun: float, sky: float, overcast: float) -> None:
        """Sun at `elevation` and `azimuth` (degrees, clockwise from north), strengths, and grey cloud share 0-1."""
        self.sun.data.energy = sun * (1 - 0.97 * overcast)
        self.sun.data.angle = radians(0.6 + 12 * overcast)
        warm = max(0.0, 1 - elevation / 35)
        self.sun.data.color = (1.0, 0.95 - 0.18 * warm, 0.88 - 0.38 * warm)
        self.sun.rotation_euler = (radians(90 - elevation), 0, radians(180 - azimuth))
        self._sky.sun_elevation, self._sky.sun_rotation = radians(elevation), radians(azimuth)
        self._sky.dust_density = 2.0
        self._grey.inputs[0].default_value = overcast
        self._grey.inputs[7].default_value = (9.0, 9.4, 10.0, 1)
        self.scene.world.node_tree.nodes["Background"].inputs["Strength"].default_value = sky

    def look(self, camera: Camera) -> None:
        """Point Blender's camera exactly as `camera` says."""
        right, up, forward = camera.axes()
        axes = np.eye(4)
        axes[:3, 0], axes[:3, 1], axes[:3, 2] = right, up, -forward
        axes[:3, 3] = camera.x, camera.y, camera.height
        self.camera.matrix_world = Matrix(axes.tolist())
        self.camera.data.sensor_fit, self.camera.data.angle = "HORIZONTAL", radians(camera.hfov)
        self.camera.data.clip_start, self.camera.data.clip_end = 0.05, 600

    def region(self, rect: tuple[int, int, int, int] | None) -> None:
        """Render only the pixels x0, y0, x1, y1 (y down, the rest comes out black), or all of them again."""
        render = self.scene.render
        render.use_border, render.use_crop_to_border = rect is not None, False
        if rect:
            w, h = render.resolution_x, render.resolution_y
            render.border_min_x, render.border_max_x = rect[0] / w, rect[2] / w
            render.border_min_y, render.border_max_y = 1 - rect[3] / h, 1 - rect[1] / h

    def lamps(self, strength: float) -> None:
        """Strength of the lit ceilings in the shops."""
        node = next(n for n in material("lamp").node_tree.nodes if n.type == "EMISSION")
        node.inputs["Strength"].default_value = strength

    def render(self) -> tuple[NDArray[np.float32], NDArray[np.uint16]]:
        """Linear RGB (H, W, 3) and object ids (H, W) of the stage as it stands."""
        bpy.ops.render.render()
        rgb = self._read("rgb")[:, :, :3]
        ids = self._read("ids")[:, :, 0]
        return rgb, np.rint(ids).astype(np.uint16)

    def _read(self, name: str) -> NDArray[np.float32]:
        path = next(Path(self._folder.name).glob(f"{name}*.exr"))
        image = bpy.data.images.load(str(path))
        image.colorspace_settings.name = "Non-Color"
        pixels = np.empty(image.size[0] * image.size[1] * 4, np.float32)
        image.pixels.foreach_get(pixels)
        pixels = pixels.reshape(image.size[1], image.size[0], 4)[::-1]
        bpy.data.images.remove(image)
        path.unlink()
        return pixels
