"""A callback that writes a training for TensorBoard: losses, scores, contact sheets and settings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.training import event_file
from keras_transfer_gen.training.callbacks import EveryKimg
from keras_transfer_gen.training.class_sheets import draw_sheet

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike


class TensorBoardLog(EveryKimg):
    """Writes losses, scores, contact sheets and settings to a folder; look at it with `tensorboard --logdir FOLDER`.

    The axis counts real images shown, so that runs with other batch sizes lie over each other. Writing needs no further
    package; looking at it needs `pip install tensorboard`.

    Args:
        folder: of the event files.
        kimg: thousands of images from one value of the losses to the next.
        image_kimg: thousands of images from one contact sheet to the next; by default ten times `kimg`.
        num: images on a sheet; 0 writes none.
        seed: of their latents.
        hyperparameters: {name: value} of the run's settings, or None.
        scores: the `ScoreEvery` of the same training, which stands before this one in the list of callbacks, or None.

    Raises:
        UserError: for intervals or numbers that can't be used.

    Example:
        >>> callback = TensorBoardLog("runs/a/tensorboard", kimg=0.5)
        >>> gan.fit(dataset, callbacks=[callback])  # doctest: +SKIP
    """

    def __init__(
        self,
        folder: PathLike,
        kimg: float = 0.25,
        image_kimg: float | None = None,
        num: int = 36,
        seed: int = 0,
        hyperparameters: Any = None,
        scores: Any = None,
    ) -> None:
        super().__init__(kimg)
        image_kimg = 10 * kimg if image_kimg is None else checks.check_number("image_kimg", image_kimg, above=True)
        self.image_every = max(round(1000 * image_kimg), 1)
        self.num = checks.check_integer("num", num, least=0)
        self.folder, self.seed, self.scores = os.fspath(folder), seed, scores
        self.hyperparameters = hyperparameters
        self._writer: Any = None
        self._sheet_at: int | None = None
        self._written = 0  # scores so far

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        super().on_train_begin(logs)
        self._writer = tf.summary.create_file_writer(self.folder)
        self._sheet_at = None
        self._written = 0
        if self.model.kimg and self.scores is not None:  # those up to here are in the files of the earlier part
            self._written = sum(record["kimg"] <= self.model.kimg for record in self.scores.records)
        with self._writer.as_default():
            if self.hyperparameters:
                event_file.write_hyperparameters(self.hyperparameters)
            if self.model.kimg == 0:
                self._write_sheet()

    def act(self, kimg: float, logs: dict[str, Any]) -> None:
        step = self._seen()
        with self._writer.as_default():
            for name, value in logs.items():
                event_file.write_scalar(f"loss/{name}", value, step)
            self._write_scores()
            if self._sheet_at is None or step // self.image_every > self._sheet_at // self.image_every:
                self._write_sheet()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        super().on_train_end(logs)
        with self._writer.as_default():
            self._write_scores()
        self._writer.close()

    def _write_scores(self) -> None:
        records = self.scores.records if self.scores is not None else []
        for record in records[self._written :]:
            for name, value in record.items():
                if name != "kimg" and isinstance(value, float):
                    event_file.write_scalar(f"score/{name}", value, round(1000 * record["kimg"]))
        self._written = len(records)

    def _write_sheet(self) -> None:
        self._sheet_at = self._seen()
        if self.num:
            event_file.write_image("images", draw_sheet(self.model, self.num, self.seed), self._sheet_at)
