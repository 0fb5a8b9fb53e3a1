"""A QR code (ISO/IEC 18004) as one SVG path: digits and letters only, so a template need mark nothing as safe."""

from __future__ import annotations

from typing import NamedTuple

QUIET = 4
"""Light modules around the code, as the standard demands."""


class Picture(NamedTuple):
    """`size` modules square, the quiet zone included; `path` is the `d` of an SVG path over the dark ones."""

    size: int
    path: str


def picture(text: str) -> Picture:
    """The code of `text`, with error correction M."""
    import segno  # only where a picture is drawn

    rows = segno.make(text, error="m", micro=False).matrix
    parts = []
    for y, row in enumerate(rows, start=QUIET):
        x = 0
        while x < len(row):
            width = 0
            while x + width < len(row) and row[x + width]:
                width += 1
            if width:
                parts.append(f"M{x + QUIET} {y}h{width}v1h-{width}z")
            x += width + 1
    return Picture(len(rows) + 2 * QUIET, "".join(parts))
