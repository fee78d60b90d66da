"""The pictures of an artifact: the card that stands beside a shared link, and the badge with the credential inside.

A credential is baked in as Open Badges 3.0 says (section 5.3): in a PNG as the text chunk `openbadgecredential`, in an SVG as an
element of that name.
"""

from __future__ import annotations

import html
import io
import re
import struct
import zlib
from pathlib import Path
from typing import Any, Final

from hornbook.errors import HornbookError

KEYWORD: Final = b"openbadgecredential"
SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
CARD: Final = (1200, 630)
BADGE: Final = 512
MAX_BAKED: Final = 8 << 20  # bytes of a badge that is read
MAX_INFLATED: Final = 1 << 20

_NIGHT, _PAPER, _HORN, _DIM = "#14201c", "#fdf8ec", "#e3a63b", "#b9c4bd"


def card(title: str, summary: str, facts: str, skills: tuple[str, ...]) -> bytes:
    """Return the PNG of 1200 by 630 points that shows what was achieved."""
    from PIL import Image, ImageDraw  # noqa: PLC0415 - heavy

    image = Image.new("RGB", CARD, _NIGHT)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 18, CARD[1]), fill=_HORN)
    _leaf(draw, 1010, 84, 120)
    draw.text((80, 84), "HORNBOOK", font=_font(26, bold=True), fill=_HORN)
    y = 150
    for line in _wrapped(draw, title, _font(64, bold=True), 860, 2):
        draw.text((80, y), line, font=_font(64, bold=True), fill=_PAPER)
        y += 80
    y += 14
    for line in _wrapped(draw, summary, _font(30), 880, 2):
        draw.text((80, y), line, font=_font(30), fill=_DIM)
        y += 44
    x = 80
    for skill in skills[:4]:
        width = draw.textlength(skill, font=_font(24))
        if x + width + 44 > CARD[0] - 80:
            break
        draw.rounded_rectangle((x, 456, x + width + 44, 504), radius=24, outline=_HORN, width=2)
        draw.text((x + 22, 464), skill, font=_font(24), fill=_PAPER)
        x += int(width) + 60
    draw.text((80, 548), facts, font=_font(26), fill=_DIM)
    return _png(image)


def badge(title: str) -> bytes:
    """Return the picture of the badge, a PNG without a credential yet."""
    from PIL import Image, ImageDraw  # noqa: PLC0415 - heavy

    image = Image.new("RGBA", (BADGE, BADGE), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((16, 16, 496, 496), radius=72, fill=_NIGHT, outline=_HORN, width=10)
    _leaf(draw, 176, 62, 160)
    lines = _wrapped(draw, title, _font(40, bold=True), 420, 3)
    y = 386 - 25 * (len(lines) - 1)
    for line in lines:
        draw.text((BADGE / 2, y), line, font=_font(40, bold=True), fill=_PAPER, anchor="mm")
        y += 50
    return _png(image)


def badge_svg(title: str, credential: bytes) -> bytes:
    """Return the badge as an SVG with the *credential* inside."""
    words = title if len(title) <= 40 else f"{title[:39]}…"  # noqa: PLR2004 - what fits
    baked = credential.decode().replace("]]>", "]]]]><![CDATA[>")
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:openbadges="https://purl.imsglobal.org/ob/v3p0" viewBox="0 0 512 512" role="img">'
        f"<openbadges:credential><![CDATA[{baked}]]></openbadges:credential>"
        f"<title>{html.escape(words)}</title>"
        f'<rect x="16" y="16" width="480" height="480" rx="72" fill="{_NIGHT}" stroke="{_HORN}" stroke-width="10"/>'
        f'<rect x="176" y="62" width="160" height="176" rx="14" fill="{_PAPER}" stroke="{_HORN}" stroke-width="9"/>'
        f'<rect x="238" y="238" width="36" height="56" rx="8" fill="{_HORN}"/>'
        f'<path d="M210 150l32 34 62-74" fill="none" stroke="{_NIGHT}" stroke-width="16" stroke-linecap="round" stroke-linejoin="round"/>'
        f'<text x="256" y="366" text-anchor="middle" font-family="system-ui, sans-serif" font-weight="700" font-size="34" fill="{_PAPER}" '
        f'textLength="{min(420, 20 * len(words))}" lengthAdjust="spacingAndGlyphs">{html.escape(words)}</text></svg>\n'
    ).encode()


def baked(png: bytes, credential: bytes) -> bytes:
    """Return *png* with *credential* in it; one that was in it before is replaced."""
    text = KEYWORD + b"\0\0\0\0\0" + credential
    chunks = [(kind, data) for kind, data in _chunks(png) if not (kind == b"iTXt" and data.startswith(KEYWORD + b"\0"))]
    chunks.insert(1, (b"iTXt", text))
    return SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def extracted(picture: bytes) -> bytes:
    """Return the credential that is baked into *picture*, a PNG or SVG; raise `HornbookError` if there is not exactly one."""
    if len(picture) > MAX_BAKED:
        raise HornbookError("The picture is too big to be a badge.")
    if picture.startswith(SIGNATURE):
        found = [_itxt(data) for kind, data in _chunks(picture) if kind == b"iTXt" and data.startswith(KEYWORD + b"\0")]
    else:
        pattern = rb"<openbadges:credential(?:\s[^>]*)?>\s*<!\[CDATA\[(.*?)\]\]>\s*</openbadges:credential>"
        found = [part.replace(b"]]]]><![CDATA[>", b"]]>") for part in re.findall(pattern, picture, re.DOTALL)]
    if len(found) != 1:
        raise HornbookError("The picture has no credential inside." if not found else "The picture has more than one credential inside.")
    return found[0]


def _itxt(data: bytes) -> bytes:
    """Return the text of an iTXt chunk (PNG 11.3.3.4): keyword, two flags, language, translated keyword, text."""
    try:
        _, rest = data.split(b"\0", 1)
        compressed, rest = rest[0], rest[2:]
        _, _, text = rest.split(b"\0", 2)
        if not compressed:
            return text
        inflater = zlib.decompressobj()
        text = inflater.decompress(text, MAX_INFLATED)
        if inflater.unconsumed_tail:
            raise HornbookError("The credential in the picture is too big to be one.")
    except (ValueError, IndexError, zlib.error) as error:
        raise HornbookError("The credential in the picture cannot be read.") from error
    return text


def _chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    chunks = []
    place = len(SIGNATURE)
    while place < len(png):
        head = png[place : place + 8]
        length = int.from_bytes(head[:4])
        data = png[place + 8 : place + 8 + length]
        check = png[place + 8 + length : place + 12 + length]
        if len(check) != 4 or zlib.crc32(head[4:] + data) != int.from_bytes(check):  # noqa: PLR2004 - of a checksum
            raise HornbookError("The picture is broken: it is not a whole PNG.")
        chunks.append((head[4:], data))
        place += 12 + length
    return chunks


def _leaf(draw: Any, x: int, y: int, width: int) -> None:
    """Draw a hornbook: one leaf under horn, on a paddle, with a tick."""
    height = int(width * 1.1)
    edge = max(4, width // 18)
    draw.rounded_rectangle((x, y, x + width, y + height), radius=width // 11, fill=_PAPER, outline=_HORN, width=edge)
    draw.rounded_rectangle((x + width * 0.39, y + height, x + width * 0.61, y + height + width * 0.36), radius=width // 20, fill=_HORN)
    tick = [(x + width * a, y + height * b) for a, b in ((0.22, 0.5), (0.42, 0.7), (0.79, 0.27))]
    draw.line(tick, fill=_NIGHT, width=width // 10, joint="curve")


def _wrapped(draw: Any, text: str, font: Any, width: int, lines: int) -> list[str]:
    """Return *text* in at most that many *lines* of that *width*; what does not fit ends with an ellipsis."""
    made: list[str] = [""]
    for word in text.split():
        longer = f"{made[-1]} {word}".strip()
        if draw.textlength(longer, font=font) <= width or not made[-1]:
            made[-1] = longer
        else:
            made.append(word)
    kept = made[:lines]
    while kept and (len(made) > lines or draw.textlength(kept[-1], font=font) > width) and len(kept[-1]) > 1:
        if draw.textlength(f"{kept[-1].rstrip('…')}…", font=font) <= width:
            return [*kept[:-1], f"{kept[-1].rstrip('…')}…"]
        kept[-1] = kept[-1][:-1].rstrip()
    return kept


def _font(size: int, *, bold: bool = False) -> Any:
    """Return DejaVu Sans, which comes with matplotlib and writes more of the world's scripts than Pillow's own face."""
    from importlib.util import find_spec  # noqa: PLC0415 - only here

    from PIL import ImageFont  # noqa: PLC0415 - heavy

    spec = find_spec("matplotlib")
    folder = Path(spec.origin or "").parent if spec else Path()
    path = folder / "mpl-data/fonts/ttf" / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf")
    return ImageFont.truetype(str(path), size) if path.exists() else ImageFont.load_default(size)


def _png(image: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()
