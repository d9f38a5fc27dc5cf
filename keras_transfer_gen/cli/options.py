"""The options that are no settings of a training and that several commands share, each written once."""

from typing import Annotated

import typer

from keras_transfer_gen.cli.completion import complete_models
from keras_transfer_gen.cli.setting_options import option_parameters
from keras_transfer_gen.recipes.settings import fields
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
from keras_transfer_gen.transfer.fetching.address import HANDLE_FORMS

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout; progress stays on stderr.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
# Of the trainings, whose help is long: what matters first stands alone in the first panel.
TrainingJson = Annotated[
    bool, typer.Option("--json", help="Print JSON on stdout; progress stays on stderr.", rich_help_panel=fields.MACHINE)
]
TrainingDebug = Annotated[
    bool, typer.Option("--debug", help="Show the traceback of an error.", rich_help_panel=fields.MACHINE)
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check everything and say what would be done; write nothing.")]
SAVED_MODEL = f"SavedModel: a folder, a .tar.gz, {HANDLE_FORMS}"
KINDS = f"A preset, RUN folder, .keras file, StyleGAN2 file (.pkl, .pt) or {SAVED_MODEL}."
Model = Annotated[str, typer.Argument(help=KINDS, autocompletion=complete_models)]
OptionalModel = Annotated[str | None, typer.Argument(help=KINDS, autocompletion=complete_models)]
SavedModel = Annotated[str, typer.Argument(help=f"A {SAVED_MODEL}.", autocompletion=complete_models)]
Trust = option_parameters((FineTuneSettings,), ("trust",))["trust"].annotation
Offline = Annotated[
    bool,
    typer.Option("--offline", help="Make no request; take what was fetched earlier.", rich_help_panel=fields.SOURCE),
]
Sha256 = Annotated[
    str | None,
    typer.Option("--sha256", help="What the archive's SHA-256 must be, hex.", rich_help_panel=fields.SOURCE),
]
Data = Annotated[str, typer.Option("--data", help=r'Folder, zip, npz, npy or "tfds:NAME\[split]" of images.')]
Grid = Annotated[str | None, typer.Option("--grid", help="Also write a contact sheet to this PNG file.")]
