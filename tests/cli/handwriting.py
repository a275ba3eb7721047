#!/usr/bin/env python3
"""handwriting.py DIR: draws digits that were never MNIST's: DIR/FONT/DIGIT-WAY.png, DIR/sheet.png.
handwriting.py --packages: prints the Debian packages of the fonts.

The fonts are of packages that call themselves handwriting. WAY is how a digit is put on its picture: from 14 pixels
to 600, inverted, off-centre, on grey, transparent, noisy. Everything is a function of this file and the fonts.
Exit code 77, and a line on stderr that says which: no Pillow, or fewer than four of the fonts.
"""
import pathlib
import random
import sys

FONTS = {  # file below /usr/share/fonts: its package
    "truetype/breip/Breip.ttf": "fonts-breip",
    "truetype/rufscript/Rufscript010.ttf": "fonts-rufscript",
    "truetype/fifthhorseman/dkg.ttf": "fonts-dkg-handwriting",
    "truetype/sjfonts/SteveHand.ttf": "fonts-sjfonts",
    "truetype/humor-sans/Humor-Sans.ttf": "fonts-humor-sans",
    "truetype/femkeklaver/femkeklaver.ttf": "fonts-femkeklaver",  # outlines of digits, not strokes
    "truetype/ecolier-court/Ecolier-court.ttf": "fonts-ecolier-court",  # hairlines
}
HOME = pathlib.Path("/usr/share/fonts")

if sys.argv[1:] == ["--packages"]:
    print(*sorted(set(FONTS.values())))
    sys.exit()
try:
    from PIL import Image, ImageDraw, ImageFont
except ImportError:
    print(f"handwriting.py: {sys.executable} has no Pillow (Debian: python3-pil)", file=sys.stderr)
    sys.exit(77)

top = pathlib.Path(sys.argv[1])
present = [name for name in FONTS if (HOME / name).exists()]
if len(present) < 4:
    print(f"handwriting.py: {len(present)} of the fonts are in {HOME}, expected at least 4 (Debian:",
          " ".join(sorted(set(FONTS.values()))) + ")", file=sys.stderr)
    sys.exit(77)


def draw(name, text, size, ink, paper, margin=(0.3, 0.3, 0.3, 0.3), mode="L"):
    """margins: left, top, right, bottom, in sizes"""
    font = ImageFont.truetype(str(HOME / name), size)
    left, upper, right, lower = font.getbbox(text)
    wide, high = right - left, lower - upper
    m = [round(size * part) for part in margin]
    image = Image.new(mode, (wide + m[0] + m[2], high + m[1] + m[3]), paper)
    ImageDraw.Draw(image).text((m[0] - left, m[1] - upper), text, font=font, fill=ink)
    return image


def noisy(image, seed):
    noise = random.Random(seed)
    pixels = [max(0, min(255, round(v + noise.gauss(0, 12)))) for v in image.getdata()]
    image.putdata(pixels)
    return image


def scan(name, digit):
    """grey paper, grey pen, noise, a few specks"""
    image = noisy(draw(name, digit, 90, 60, 205), digit + name)
    for x, y in ((3, 4), (image.width - 5, 9), (7, image.height - 6)):
        image.putpixel((x, y), 70)
    return image


WAYS = {
    "black": lambda n, d: draw(n, d, 120, 0, 255),
    "small": lambda n, d: draw(n, d, 24, 0, 255),
    "tiny": lambda n, d: draw(n, d, 14, 0, 255),
    "huge": lambda n, d: draw(n, d, 600, 0, 255),
    "inverted": lambda n, d: draw(n, d, 64, 255, 0),
    "corner": lambda n, d: draw(n, d, 72, 20, 240, (0.1, 0.1, 3.0, 2.0)),
    "grey": lambda n, d: draw(n, d, 100, 90, 170),
    "bright-on-grey": lambda n, d: draw(n, d, 100, 230, 110),
    "alpha": lambda n, d: draw(n, d, 80, (0, 0, 0, 255), (0, 0, 0, 0), mode="RGBA"),
    "alpha-white": lambda n, d: draw(n, d, 80, (255, 255, 255, 255), (255, 255, 255, 0), mode="RGBA"),
    "blue": lambda n, d: draw(n, d, 80, (30, 60, 190), (250, 245, 220), mode="RGB"),
    "scan": scan,
}

for name in present:
    folder = top / pathlib.Path(name).stem
    folder.mkdir(parents=True, exist_ok=True)
    for way, picture in WAYS.items():
        for digit in "0123456789":
            picture(name, digit).save(folder / f"{digit}-{way}.png")
# a number on a line, digits set wide enough not to touch
sheet = Image.new("L", (900, 160), 235)
x = 30
for i, digit in enumerate("3141592653"):
    image = draw(present[0], digit, 90, 40, 235, (0, 0, 0, 0))
    sheet.paste(image, (x, 30 + (i * 7) % 20))
    x += image.width + 18
sheet.save(top / "sheet.png")
