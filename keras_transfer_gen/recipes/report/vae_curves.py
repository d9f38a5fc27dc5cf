"""The learning curves of a VAE's run."""

import io

from keras_transfer_gen import files

COLOURS = {"reconstruction_loss": "tab:blue", "kl_loss": "tab:orange"}


def write_curves(path, rows, records, scratch_records):
    """Writes a figure of both parts of the loss and of the bound over the images shown.

    Args:
        path: of the PNG.
        rows: rows of history.csv, dicts with "kimg", "reconstruction_loss" and "kl_loss"; may be empty.
        records: points of the run, dicts with "kimg" and "elbo"; may be empty.
        scratch_records: the same of the run from scratch; may be empty.
    """
    stream = io.BytesIO()
    draw_curves(rows, records, scratch_records).savefig(stream, format="png", dpi=110)
    files.write_bytes(path, stream.getvalue())


def draw_curves(rows, records, scratch_records):
    """The `matplotlib.figure.Figure` that `write_curves` writes, of the same arguments."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.4), layout="constrained")
    FigureCanvasAgg(figure)  # no window system is touched
    losses, bound = figure.subplots(1, 2)
    for name, colour in COLOURS.items():
        losses.plot([row["kimg"] for row in rows], [row[name] for row in rows], colour, label=name.replace("_", " "))
    losses.set(xlabel="kimg (thousands of real images shown)", ylabel="nats per image, in training")
    for label, points, colour in (("this run", records, "tab:green"), ("from scratch", scratch_records, "tab:red")):
        if points:
            bound.plot([p["kimg"] for p in points], [p["elbo"] for p in points], "o-", color=colour, label=label)
    bound.set(xlabel="kimg (thousands of real images shown)", ylabel="ELBO, nats per image\n(images not learnt)")
    if any(point["elbo"] < 0 for point in [*records, *scratch_records]):
        bound.set_yscale("symlog", linthresh=1000.0)
    for axes in (losses, bound):
        axes.grid(alpha=0.3)
        if axes.lines:
            axes.legend(frameon=False)
    return figure
