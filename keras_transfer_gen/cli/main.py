"""The entry point of `ktg`."""

import sys
from typing import Annotated

import typer

from keras_transfer_gen.cli import (
    compare,
    convert,
    doctor,
    exits,
    init,
    latents,
    launch,
    look,
    prepare,
    serve,
    train,
    tune,
    use,
    vae,
)
from keras_transfer_gen.cli.old_options import CommandWithOldOptions
from keras_transfer_gen.native_kernels import prefer_onednn
from keras_transfer_gen.version import __version__

app = typer.Typer(
    cls=exits.OneLineGroup,
    help="Transfer learning for image generators: adapt a pretrained generator to your images, measure it, ship it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
)
PANELS = {  # heading of `ktg --help`: its commands
    "Start": (init.init, train.finetune, look.info),
    "Train": (train.pretrain, train.grow, train.distill, launch.launch),
    "Use and measure": (use.generate, use.evaluate, use.export, convert.convert, compare.compare, serve.serve),
    "Latents of a generator": (latents.project, latents.mix, latents.directions, latents.walk, latents.explore),
    "VAEs": (vae.encode, vae.decode, vae.reconstruct, vae.interpolate, vae.edit, vae.restyle),
    "This machine": (doctor.doctor, doctor.cache, tune.tune),
}
for panel, commands in PANELS.items():
    for command in commands:
        app.command(cls=CommandWithOldOptions, rich_help_panel=panel)(command)
look.data_app.command(cls=CommandWithOldOptions)(prepare.prepare)
app.add_typer(look.models_app, name="models", rich_help_panel="Start")
app.add_typer(look.data_app, name="data", rich_help_panel="Start")


def _version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it and stop.")]


@app.callback()
def root(version: Version = False) -> None:
    """Options of `ktg` itself."""


def main() -> None:
    """Runs `ktg` as a process of its own."""
    exits.quiet_native_libraries()
    prefer_onednn()
    # A sign that the terminal can't show ends no command.
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    exits.preempted.clear()
    try:
        app()
    finally:
        exits.leave_if_preempted()
