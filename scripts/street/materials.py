"""Procedural Cycles materials, one for each kind; the colour comes from a face attribute, so that they are few."""

from __future__ import annotations

import bpy

# kind: (roughness, metallic, amount of noise, noise scale, bump)
LOOKS: dict[str, tuple[float, float, float, float, float]] = {
    "plain": (0.6, 0.0, 0.35, 5.0, 0.0),
    "gloss": (0.25, 0.0, 0.2, 4.0, 0.0),
    "paint": (0.18, 0.1, 0.08, 2.0, 0.0),
    "metal": (0.4, 0.8, 0.2, 6.0, 0.0),
    "fabric": (0.9, 0.0, 0.18, 5.0, 0.0),
    "stripe": (0.8, 0.0, 0.25, 6.0, 0.0),
    "check": (0.85, 0.0, 0.25, 6.0, 0.0),
    "wood": (0.7, 0.0, 0.6, 14.0, 0.0),
    "bark": (0.9, 0.0, 0.8, 7.0, 0.0),
    "leaf": (0.55, 0.0, 0.9, 3.0, 0.0),
    "carton": (0.85, 0.0, 0.3, 7.0, 0.0),
    "print": (0.4, 0.0, 0.25, 6.0, 0.0),
    "glass": (0.06, 0.0, 0.3, 1.2, 0.0),
    "skin": (0.5, 0.0, 0.15, 12.0, 0.0),
    "mesh": (0.5, 0.3, 0.4, 40.0, 0.0),
    "plaster": (0.9, 0.0, 0.45, 0.9, 0.0),
    "tile": (0.5, 0.0, 0.3, 1.5, 0.0),
    "brick": (0.85, 0.0, 0.4, 1.5, 0.0),
    "slab": (0.8, 0.0, 0.55, 0.8, 0.3),
    "cobble": (0.8, 0.0, 0.55, 1.1, 0.3),
    "square": (0.75, 0.0, 0.5, 0.9, 0.3),
    "asphalt": (0.85, 0.0, 0.4, 7.0, 0.25),
    "shelf": (0.6, 0.0, 0.3, 3.0, 0.0),
}
# kind: (brick width, row height, mortar, offset) in metres
BRICKS = {
    "tile": (0.2, 0.2, 0.012, 0.0),
    "brick": (0.24, 0.08, 0.012, 0.5),
    "slab": (0.6, 0.3, 0.012, 0.5),
    "cobble": (0.22, 0.11, 0.01, 0.5),
    "square": (0.4, 0.4, 0.012, 0.0),
}


def material(kind: str) -> bpy.types.Material:
    """The material of this kind, made once."""
    known = bpy.data.materials.get(kind)
    if known:
        return known
    mat = bpy.data.materials.new(kind)
    mat.use_nodes = True
    tree = mat.node_tree
    tree.nodes.clear()
    out = tree.nodes.new("ShaderNodeOutputMaterial")
    if kind == "lamp":
        shader = tree.nodes.new("ShaderNodeEmission")
        shader.inputs["Strength"].default_value = 6.0
        tree.links.new(_attribute(tree), shader.inputs["Color"])
    elif kind == "pane":
        shader = _pane(tree)
    else:
        shader = _surface(tree, kind)
    tree.links.new(shader.outputs[0], out.inputs["Surface"])
    return mat


def _attribute(tree: bpy.types.NodeTree) -> bpy.types.NodeSocket:
    node = tree.nodes.new("ShaderNodeAttribute")
    node.attribute_name = "tint"
    return node.outputs["Color"]


def _pane(tree: bpy.types.NodeTree) -> bpy.types.Node:
    """Thin window glass: mostly see-through, with a mirror's share by angle."""
    mix, clear, gloss = (
        tree.nodes.new(n)
        for n in ("ShaderNodeMixShader", "ShaderNodeBsdfTransparent", "ShaderNodeBsdfGlossy")
    )
    facing = tree.nodes.new("ShaderNodeLayerWeight")
    facing.inputs["Blend"].default_value = 0.25
    clear.inputs["Color"].default_value = (0.72, 0.78, 0.78, 1)
    gloss.inputs["Roughness"].default_value = 0.03
    tree.links.new(facing.outputs["Fresnel"], mix.inputs["Fac"])
    tree.links.new(clear.outputs[0], mix.inputs[1])
    tree.links.new(gloss.outputs[0], mix.inputs[2])
    return mix


def _surface(tree: bpy.types.NodeTree, kind: str) -> bpy.types.Node:
    """Principled shader: tint x pattern x noise, with optional bump."""
    rough, metallic, amount, scale, bump = LOOKS[kind]
    shader = tree.nodes.new("ShaderNodeBsdfPrincipled")
    shader.inputs["Roughness"].default_value = rough
    shader.inputs["Metallic"].default_value = metallic
    coords = tree.nodes.new("ShaderNodeTexCoord").outputs["Object"]
    noise = tree.nodes.new("ShaderNodeTexNoise")
    noise.inputs["Scale"].default_value = scale
    noise.inputs["Detail"].default_value = 3.0
    place = coords
    if kind in ("wood", "bark"):
        place = _math(tree, "MULTIPLY", coords, (0.15, 1.0, 1.0) if kind == "wood" else (1.0, 1.0, 0.35))
    tree.links.new(place, noise.inputs["Vector"])
    spread = tree.nodes.new("ShaderNodeMapRange")
    spread.inputs["From Min"].default_value, spread.inputs["From Max"].default_value = 0.3, 0.7
    spread.inputs["To Min"].default_value, spread.inputs["To Max"].default_value = (
        1 - amount,
        1 + amount * 0.35,
    )
    tree.links.new(noise.outputs["Fac"], spread.inputs["Value"])
    tint = _pattern(tree, kind, coords, _attribute(tree))
    tree.links.new(_mix(tree, "MULTIPLY", 1.0, tint, spread.outputs["Result"]), shader.inputs["Base Color"])
    if bump:
        node = tree.nodes.new("ShaderNodeBump")
        node.inputs["Strength"].default_value, node.inputs["Distance"].default_value = bump, 0.02
        grain = tree.nodes.new("ShaderNodeTexNoise")
        grain.inputs["Scale"].default_value, grain.inputs["Detail"].default_value = 90.0, 1.0
        tree.links.new(coords, grain.inputs["Vector"])
        tree.links.new(grain.outputs["Fac"], node.inputs["Height"])
        tree.links.new(node.outputs["Normal"], shader.inputs["Normal"])
    return shader


def _pattern(tree, kind: str, coords, tint):  # type: ignore[no-untyped-def]
    """The tint with joints, stripes, checks or printing over it, by kind."""
    if kind in BRICKS:
        node = tree.nodes.new("ShaderNodeTexBrick")
        wide, high, joint, offset = BRICKS[kind]
        node.offset = offset
        node.inputs["Scale"].default_value = 1.0
        node.inputs["Brick Width"].default_value, node.inputs["Row Height"].default_value = wide, high
        node.inputs["Mortar Size"].default_value = joint
        node.inputs["Color1"].default_value, node.inputs["Color2"].default_value = (
            (1, 1, 1, 1),
            (0.72, 0.72, 0.74, 1),
        )
        node.inputs["Mortar"].default_value = (0.4, 0.39, 0.38, 1)
        flat = coords if kind in ("slab", "cobble", "square") else _upright(tree, coords)
        tree.links.new(flat, node.inputs["Vector"])
        return _mix(tree, "MULTIPLY", 1.0, tint, node.outputs["Color"])
    if kind == "stripe":
        node = tree.nodes.new("ShaderNodeTexWave")
        node.inputs["Scale"].default_value = 1.6
        tree.links.new(coords, node.inputs["Vector"])
        return _mix(tree, "MIX", _step(tree, node.outputs["Fac"]), tint, (0.75, 0.74, 0.7, 1))
    if kind == "check":
        node = tree.nodes.new("ShaderNodeTexChecker")
        node.inputs["Scale"].default_value = 9.0
        tree.links.new(coords, node.inputs["Vector"])
        return _mix(tree, "MIX", node.outputs["Fac"], tint, (0.7, 0.69, 0.66, 1))
    if kind == "print":
        node = tree.nodes.new("ShaderNodeTexVoronoi")
        node.distance = "CHEBYCHEV"
        node.inputs["Scale"].default_value = 9.0
        tree.links.new(coords, node.inputs["Vector"])
        return _mix(tree, "MIX", 0.22, tint, node.outputs["Color"])
    if kind == "shelf":
        return _shelves(tree, coords, tint)
    return tint


def _shelves(tree, coords, tint):  # type: ignore[no-untyped-def]
    """Rows of muted packets on dark shelves."""
    cells, rows = tree.nodes.new("ShaderNodeTexVoronoi"), tree.nodes.new("ShaderNodeTexBrick")
    cells.distance = "CHEBYCHEV"
    cells.inputs["Scale"].default_value = 1.0
    tree.links.new(_math(tree, "MULTIPLY", coords, (4.0, 0.0, 2.7)), cells.inputs["Vector"])
    rows.offset = 0.0
    rows.inputs["Scale"].default_value, rows.inputs["Mortar Size"].default_value = 1.0, 0.012
    rows.inputs["Brick Width"].default_value, rows.inputs["Row Height"].default_value = 0.17, 0.37
    rows.inputs["Color1"].default_value, rows.inputs["Color2"].default_value = (
        (0.95, 0.93, 0.9, 1),
        (0.45, 0.42, 0.4, 1),
    )
    rows.inputs["Mortar"].default_value = (0.3, 0.28, 0.26, 1)
    tree.links.new(_upright(tree, coords), rows.inputs["Vector"])
    mixed = _mix(tree, "MIX", 0.35, tint, cells.outputs["Color"])
    return _mix(tree, "MULTIPLY", 1.0, mixed, rows.outputs["Color"])


def _upright(tree, coords):  # type: ignore[no-untyped-def]
    """Coordinates (x + y, z) for walls along x or y."""
    split, join = tree.nodes.new("ShaderNodeSeparateXYZ"), tree.nodes.new("ShaderNodeCombineXYZ")
    add = tree.nodes.new("ShaderNodeMath")
    tree.links.new(coords, split.inputs[0])
    tree.links.new(split.outputs[0], add.inputs[0])
    tree.links.new(split.outputs[1], add.inputs[1])
    tree.links.new(add.outputs[0], join.inputs[0])
    tree.links.new(split.outputs[2], join.inputs[1])
    return join.outputs[0]


def _step(tree, value):  # type: ignore[no-untyped-def]
    node = tree.nodes.new("ShaderNodeMath")
    node.operation = "GREATER_THAN"
    node.inputs[1].default_value = 0.5
    tree.links.new(value, node.inputs[0])
    return node.outputs[0]


def _math(tree, operation: str, a, b):  # type: ignore[no-untyped-def]
    node = tree.nodes.new("ShaderNodeVectorMath")
    node.operation = operation
    tree.links.new(a, node.inputs[0])
    node.inputs[1].default_value = b
    return node.outputs[0]


def _mix(tree, blend: str, factor, a, b):  # type: ignore[no-untyped-def]
    """A colour mix; each of factor, a, b is a socket or a value."""
    node = tree.nodes.new("ShaderNodeMix")
    node.data_type, node.blend_type = "RGBA", blend
    for socket, value in ((node.inputs[0], factor), (node.inputs[6], a), (node.inputs[7], b)):
        if isinstance(value, bpy.types.NodeSocket):
            tree.links.new(value, socket)
        else:
            socket.default_value = value
    return node.outputs[2]
