"""The images of a run: before and after, learning curves, and a film from source to target."""

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from keras_transfer_gen import files, pixels

FRAME_MILLISECONDS = 180
LAST_MILLISECONDS = 2000
MARGIN = 24
INDENT = 4  # of a label


def before_after(before, after, real):
    """One sheet with three labelled parts: the source, the same latents after adapting, and real images.

    Args:
        before: uint8 `[N, S, S, C]`, or None where there is no source.
        after: uint8 `[N, S, S, C]`.
        real: uint8 `[M, S, S, C]`; as many as `after` has are shown, evenly spread.

    Returns:
        uint8 `[H, W, 3]`.
    """
    shown = np.linspace(0, len(real) - 1, min(len(real), len(after))).round().astype(int)
    parts = [("after", after), ("real", real[shown])]
    if before is not None:
        parts.insert(0, ("before", before))
    return side_by_side(parts)


def side_by_side(parts):
    """One sheet with labelled contact sheets in a row.

    Args:
        parts: list of (label, uint8 `[N, S, S, C]`).

    Returns:
        uint8 `[H, W, 3]`.
    """
    return labelled([(label, pixels.to_grid(images)) for label, images in parts])


def labelled(sheets):
    """Sheets in a row with labels above, each at least as wide as its label.

    Args:
        sheets: list of (label, uint8 `[H, W, C]`).

    Returns:
        uint8 `[H, W, 3]`.
    """
    sheets = [(label, pixels.to_rgb(sheet[None])[0]) for label, sheet in sheets]
    height = max(sheet.shape[0] for _, sheet in sheets)
    font = ImageFont.load_default()
    widths = [max(sheet.shape[1], int(font.getlength(label)) + 2 * INDENT) for label, sheet in sheets]
    canvas = Image.new("RGB", (sum(widths) + MARGIN * (len(sheets) - 1), height + MARGIN), "white")
    pen, left = ImageDraw.Draw(canvas), 0
    for (label, sheet), width in zip(sheets, widths, strict=True):
        pen.text((left + INDENT, 6), label, fill="black", font=font)
        canvas.paste(Image.fromarray(sheet), (left, MARGIN))
        left += width + MARGIN
    return np.asarray(canvas)


def write_film(path, sheets, last=LAST_MILLISECONDS):
    """Writes a GIF of contact sheets that starts again and again.

    Args:
        path: of the file.
        sheets: list of uint8 `[H, W, C]` of one size, in order.
        last: milliseconds for which the last one is shown.
    """
    frames = [Image.fromarray(pixels.to_rgb(sheet[None])[0]).quantize(128) for sheet in sheets]
    durations = [FRAME_MILLISECONDS] * (len(frames) - 1) + [last]
    stream = io.BytesIO()
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0)
    files.write_bytes(path, stream.getvalue())


def read_sheets(folder):
    """The contact sheets that `SampleGrid` wrote to a folder, in their order, as uint8 `[H, W, 3]`."""
    sheets = []
    for path in sorted(folder.glob("*kimg.png")):
        with Image.open(path) as image:
            sheets.append(np.asarray(image.convert("RGB")))
    return sheets


def write_curves(path, rows, records, scratch_records, kept=None):
    """Writes a figure of the losses and the scores over the images shown.

    Args:
        path: of the PNG.
        rows: rows of history.csv, dicts with "kimg", "d_loss" and "g_loss".
        records: scores of the run, dicts with "kimg" and "kid".
        scratch_records: the same of the run from scratch; may be empty.
        kept: kimg of the weights that the run keeps, for a ring around their score; None for the last ones.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogFormatter

    figure = Figure(figsize=(9, 3.4), layout="constrained")
    FigureCanvasAgg(figure)  # no window system is touched
    losses, kid = figure.subplots(1, 2)
    for name, colour in (("d_loss", "tab:blue"), ("g_loss", "tab:orange")):
        losses.plot([row["kimg"] for row in rows], [row[name] for row in rows], colour, label=name)
    losses.set(xlabel="kimg (thousands of real images shown)", ylabel="loss")
    for label, points, colour in (("this run", records, "tab:green"), ("from scratch", scratch_records, "tab:red")):
        if points:
            kid.plot([p["kimg"] for p in points], [p["kid"] for p in points], "o-", color=colour, label=label)
    rings = [point for point in records if point["kimg"] == kept]
    if rings:
        kid.plot([rings[-1]["kimg"]], [rings[-1]["kid"]], "o", ms=12, mfc="none", color="tab:green", label="kept")
    positive = all(point["kid"] > 0 for point in [*records, *scratch_records])  # an unbiased estimate may be negative
    kid.set(xlabel="kimg", ylabel="KID x 1000 to the training images", yscale="log" if positive else "linear")
    if positive:
        kid.yaxis.set_major_formatter(LogFormatter())  # 200, not 2 x 10^2
        kid.yaxis.set_minor_formatter(LogFormatter(labelOnlyBase=False, minor_thresholds=(2, 0.7)))
    for axes in (losses, kid):
        axes.grid(alpha=0.3)
        if axes.lines:
            axes.legend(frameon=False)
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=110)
    files.write_bytes(path, stream.getvalue())
