"""Command line: `python -m scripts.street.render train|clips|day --out DIR --seed N ...`.

`clips` is `fixed`, `patrol` and `finish` (encode, track, truth) one after the other; `district` writes the
demonstration district's data files; `day` is a simulated camera's day for `jiexun simulate --rendered DIR`.
Only `train`, `fixed`, `patrol`, `clips` and `day` need `bpy`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from scripts.street import clips, demo, district, truth


def main() -> None:
    """Read the arguments and render."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["train", "fixed", "patrol", "finish", "clips", "district", "day"])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--work", type=Path, help="where clips keep rendered pictures (default: OUT/.work)")
    parser.add_argument(
        "--seed", type=int, default=7, help="of the training streets; the clips have their own"
    )
    parser.add_argument("--frames", type=int, default=300, help="training pictures")
    parser.add_argument("--first", type=int, default=0, help="patrol only: first frame")
    parser.add_argument(
        "--last", type=int, default=demo.PATROL_FRAMES, help="patrol only: frame after the last"
    )
    parser.add_argument("--camera", type=int, default=1, help="day only: number of the simulated camera")
    parser.add_argument("--every", type=float, default=300.0, help="day only: seconds between two looks")
    parser.add_argument("--samples", type=int, default=4)
    parser.add_argument("--width", type=int, help="pixels; 640 for training and day, 1280 fixed, 960 patrol")
    args = parser.parse_args()
    work = args.work or args.out / ".work"
    if args.what == "train":
        from scripts.street import train

        width = args.width or 640
        train.render(args.out, args.seed, args.frames, (width, width * 9 // 16), args.samples)
    if args.what in ("fixed", "clips"):
        frames = round(demo.FIXED_SECONDS / demo.FIXED_STEP)
        clips.render_fixed(work, args.width or 1280, args.samples, frames)
    if args.what in ("patrol", "clips"):
        clips.render_patrol(work, args.width or 960, args.samples, args.first, args.last)
    if args.what in ("finish", "clips"):
        clips.encode_all(work, args.out)
        truth.gpx(args.out)
        truth.write(work, args.out)
    if args.what == "district":
        district.write(args.out)
    if args.what == "day":
        from scripts.street import day

        day.render(args.out, args.seed, args.camera, args.every, args.width or 640, args.samples)


if __name__ == "__main__":
    main()
