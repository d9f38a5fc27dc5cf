"""A SavedModel of any origin as a Keras 3 layer that can be fine-tuned, frozen by name, saved and exported."""

from __future__ import annotations

import dataclasses
import os
import warnings
from typing import TYPE_CHECKING, Any, Self

import keras
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.transfer.provenance import name_of, note_variable
from keras_transfer_gen.transfer.saved_model import files as locations
from keras_transfer_gen.transfer.saved_model.graph import (
    Graph,
    draws_without_seed,
    holds_references,
    parts,
    read_graph,
)
from keras_transfer_gen.transfer.saved_model.variables import (
    NamedVariable,
    attach_losses,
    group_variables,
    inner_groups,
    name_variables,
)
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Config, PathLike


KINDS = {
    "training mode": "It can be trained: {trained} of {all} variables, in its own training mode.",
    "inference mode": "{trained} of {all} variables can be trained. It was saved without a training mode.",
    "statistics": (
        "{trained} of {all} variables can be trained, but it was saved without a training mode: batch normalisation "
        "keeps its statistics, and dropout stays off."
    ),
    "nothing": "It has no variables that can be trained. It can be run, and gradients reach its inputs.",
    "references": (
        "Its variables are TF1 reference variables, which TensorFlow 2 can't train: save it again with "
        "tf.compat.v1.enable_resource_variables(). It can be run, and gradients reach its inputs."
    ),
}
SOME_FROZEN = " {frozen} more were saved as not trainable."
ALL_FROZEN = " All of them were saved as not trainable: `ktg finetune`, or `freeze` with True, makes them trainable."


@dataclasses.dataclass(frozen=True)
class _Inside:
    """Attributes of the layer that Keras and TensorFlow must not track.

    Args:
        graph: the `Graph` that is called.
        named: list of `NamedVariable`.
        variables: {original name: `keras.Variable`}.
        folder: absolute path of the SavedModel, or None where the layer was made from an object.
    """

    graph: Graph
    named: list[NamedVariable]
    variables: dict
    folder: str | None


@keras.saving.register_keras_serializable(PACKAGE)
class SavedModelLayer(keras.layers.Layer):
    """A SavedModel as a Keras layer: run it, fine-tune it, freeze parts of it by name, save and export it.

    It takes SavedModels of `tf_keras` and Keras 2, of `model.export` and `keras.export.ExportArchive` of Keras 3, of a
    plain `tf.Module`, and SavedModels and TF-Hub modules of TensorFlow 1. The variables of the SavedModel are the
    layer's weights: shared, not copied. In `freeze` and `trainable_report` their paths are their original names, such
    as `generator/conv_1/kernel`; inside a model the layer's name comes first. Where several variables have one name, as
    in a plain `tf.Module`, the path is the place in the object, such as `layers/0/w`. Regularisation losses that were
    saved are in `losses` while the variable that they penalise is trained.

    `training=True` reaches batch normalisation and dropout where the SavedModel has a training mode. The mode is one
    switch for the whole graph. So the layer runs in inference mode where it is frozen as a whole, and also where any
    moving statistics are frozen: in training mode the frozen norm would normalise by the batch and change. To freeze
    weights while all statistics move, put `(".*/moving_.*", True)` before the rule that freezes.

    Under a `tf.distribute` strategy make the layer inside `strategy.scope()`; each replica normalises by its own part
    of the batch, and all get the mean of their statistics. The SavedModel computes in the types with which it was
    saved, whatever the policy; its floats are returned in the policy's type.

    A `.keras` file holds the weights and the path of the SavedModel, not its graph: keep the folder, or set the
    environment variable KTG_SAVED_MODEL_DIR to the folder to which it was moved.

    A SavedModel is a program that runs with your rights. Whoever writes an address into a Python program vouches for
    it, so it is fetched without `trust=`, by `fetch_saved_model`, with its limits and checks. The commands take an
    address as data and ask for `--trust`. Where you know the digest of the archive:
    `SavedModelLayer(fetch_saved_model(address, sha256=...))`. Loading a `.keras` file that names an address makes no
    request: call `SavedModelLayer(address)` first, or keep the model where it was.

    Args:
        source: a SavedModel's folder; an archive (`.tar.gz`, `.tgz`, `.tar`), a TF Hub or Kaggle handle or another
            https address (`address.HANDLE_FORMS`), which are fetched; or what `tf.saved_model.load` or `hub.load`
            returned (such a layer can't be saved as `.keras`).
        signature: name of a signature or function; None takes the SavedModel's own call, else `serve`, else
            `serving_default` or `default`.
        trainable: False freezes the whole layer.
        name: the layer's name.
        training_signature: name of the function of the training mode; None finds it.
        frozen: original names of what is frozen; None keeps the flags with which the SavedModel was saved. `freeze`
            is the usual way to set it.

    Attributes:
        has_training_mode: whether `training=True` makes a difference.
        trainable_kind: "training mode", "inference mode" (it can be trained, but norms and dropout work as in
            inference) or "nothing"; `trainable_words` says it in a sentence.
        named_variables: {original name: `keras.Variable`}.

    Raises:
        UserFileError: where there is no SavedModel or it can't be loaded.
        UserError: where `source` is something else; there is no such signature; `trainable=True` is asked of a
            SavedModel without variables that can be trained; at the first call, where inputs don't fit or the layer was
            made outside of the strategy's scope.

    Example:
        >>> import tempfile
        >>> folder = tempfile.mkdtemp() + "/cats"
        >>> inputs = keras.Input((3,))
        >>> hidden = keras.layers.Dense(2, name="conv_1")(inputs)
        >>> keras.Model(inputs, keras.layers.Dense(2, name="conv_2")(hidden)).export(folder, verbose=False)
        >>> layer = SavedModelLayer(folder)
        >>> layer(keras.ops.ones((4, 3))).shape
        TensorShape([4, 2])
        >>> from keras_transfer_gen.transfer.freezing.freeze import freeze
        >>> print(freeze(layer, {"conv_1/.*": False}))
        path           shape  parameters  trainable  source
        conv_1/kernel  3 x 2           6  no         cats
        conv_1/bias        2           2  no         cats
        conv_2/kernel  2 x 2           4  yes        cats
        conv_2/bias        2           2  yes        cats
        6 of 14 parameters are trainable (42.9%)
    """

    def __init__(
        self,
        source: Any,
        signature: str | None = None,
        trainable: bool = True,
        name: str | None = None,
        *,
        training_signature: str | None = None,
        frozen: list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        checks.check_backend()
        folder = kwargs.pop("folder", None)  # only from_config gives it
        # The graph has types of its own; casting before it would only lose precision.
        super().__init__(name=name, autocast=False, **kwargs)
        self.source = os.fspath(source) if isinstance(source, (str, os.PathLike)) else None
        self.signature = signature
        self.training_signature = training_signature
        self.supports_jit = False  # XLA lacks kernels for some graphs, and it is not known for which
        loaded, opened = _load(source, folder)
        graph = read_graph(loaded, signature, training_signature)
        named = name_variables(loaded, graph)
        self.loaded = loaded  # kept alive; tracked, so that tables and assets are exported as well
        with keras.name_scope(self.name):
            self.groups, variables = group_variables(named)
        self._inside = _Inside(graph, named, variables, opened)
        for variable in variables.values():
            note_variable(variable, "memory" if self.source is None else name_of(self.source))
        children = tf.train.TrackableView(loaded).children(loaded)
        attach_losses(children.get("regularization_losses") or (), variables.values())
        self._set_flags(trainable, frozen)
        self._build_at_init()
        if folder is None:
            self._check_trainable(trainable)

    def call(
        self, inputs: dict[str, tf.Tensor] | list[tf.Tensor] | tf.Tensor, training: bool | None = None
    ) -> dict[str, tf.Tensor] | list[tf.Tensor] | tf.Tensor:
        """Runs the SavedModel.

        Args:
            inputs: a tensor, or a dict, list or tuple of tensors, as the SavedModel wants them; a signature's inputs
                are given by name. Cast to its types; a float is not taken for an integer.
            training: bool.

        Returns:
            What the SavedModel returns, floats in the policy's type; where it returns a dict with one output, that
            output.
        """
        self._check_scope()
        self._watch_released()
        training = bool(training) and self._may_run_training_mode()
        graph = self._inside.graph
        outputs = (graph.training if training else graph.inference).call(inputs, training)
        if training:
            self._share_statistics()
        return tf.nest.map_structure(self._cast_output, outputs)

    @property
    def folder(self) -> str:
        """Absolute path of the SavedModel, a string, or None where the layer was made from an object."""
        return self._inside.folder

    def set_folder(self, folder: PathLike) -> None:
        """Sets the folder of the SavedModel, after it was copied there: what is saved names that one from now on."""
        self.source = os.fspath(folder)
        self._inside = dataclasses.replace(self._inside, folder=os.path.abspath(folder))

    @property
    def draws_without_seed(self) -> bool:
        """Whether something in it, such as dropout, draws other random numbers in each process (bool)."""
        return any(draws_without_seed(concrete) for concrete in self._inside.graph.concrete_functions())

    @property
    def frozen_by_author(self) -> set[int]:
        """{id of a `keras.Variable`} of variables that can be trained and were saved as not trainable."""
        return {id(self._inside.variables[item.name]) for item in self._inside.named if item.trained and item.frozen}

    @property
    def trained_by_author(self) -> list[str]:
        """Original names of the variables that were saved as trainable."""
        return [item.name for item in self._inside.named if item.trained and not item.frozen]

    @property
    def named_variables(self) -> dict[str, keras.Variable]:
        """{original name: `keras.Variable`}."""
        return dict(self._inside.variables)

    @property
    def has_training_mode(self) -> bool:
        """Whether `training=True` makes a difference."""
        return self._inside.graph.training is not None

    @property
    def trainable_kind(self) -> str:
        """What training can do: "training mode", "inference mode" or "nothing"."""
        if not any(item.trained for item in self._inside.named):
            return "nothing"
        return "training mode" if self.has_training_mode else "inference mode"

    @property
    def trainable_words(self) -> str:
        """A sentence that says what of the SavedModel can be trained."""
        named, kind = self._inside.named, self.trainable_kind
        if kind == "nothing":
            references = map(holds_references, self._inside.graph.concrete_functions())
            return KINDS["references" if any(references) else kind]
        trained, frozen = len(self.trained_by_author), len(self.frozen_by_author)
        words = KINDS["statistics" if self._keeps_statistics() else kind]
        words = words.format(trained=trained or frozen, all=len(named))
        return words + (SOME_FROZEN.format(frozen=frozen) if trained and frozen else ALL_FROZEN if frozen else "")

    def get_config(self) -> dict[str, Any]:
        folder = self._inside.folder
        if folder is None:
            step = "Make the layer from the SavedModel's folder or handle; save_weights and export work as it is."
            raise checks.user_error("source", "a path or handle to save the layer's configuration", "an object", step)
        return {
            **super().get_config(),
            "source": self.source if locations.needs_fetching(self.source) else locations.stored_folder(self.source),
            "signature": self.signature,
            "training_signature": self.training_signature,
            "frozen": self._frozen_names(),
            "folder": locations.stored_folder(folder),
            "digest": locations.graph_digest(folder),
        }

    @classmethod
    def from_config(cls, config: Config) -> Self:
        config = dict(config)
        folder = locations.find_again(config["source"], config.pop("folder"), config.pop("digest"))
        return cls(**config, folder=str(folder))

    def _set_flags(self, trainable: bool, frozen: list[str] | None) -> None:
        variables = self._inside.variables
        groups = list(inner_groups(self.groups))
        if frozen is not None:
            for name in frozen:
                checks.check_choice("frozen", name, variables)
            frozen_ids = {id(variables[name]) for name in frozen}
            for group in groups:
                group.trainable = any(id(v) not in frozen_ids for v in group.statistics() or group.own_variables())
                for variable in group.trained():
                    variable.trainable = id(variable) not in frozen_ids
        elif not any(variable.trainable for variable in variables.values()):
            for group in groups:
                group.trainable = False  # its author froze all of it
        if not trainable:
            self.trainable = False

    def _frozen_names(self) -> list[str]:
        names = {id(variable): name for name, variable in self._inside.variables.items()}
        frozen = []
        for group in inner_groups(self.groups):
            frozen += [v for v in group.trained() if not v.trainable]
            frozen += [] if group.trainable else group.statistics()
        return [names[id(variable)] for variable in frozen]

    def _keeps_statistics(self) -> bool:
        """Whether there are moving statistics that no training mode moves."""
        return not self.has_training_mode and any(item.is_statistic for item in self._inside.named)

    def _may_run_training_mode(self) -> bool:
        """Whether there is one and it would change nothing that is frozen."""
        groups = list(inner_groups(self.groups))
        has_frozen_statistics = any(group.statistics() and not group.trainable for group in groups)
        return self.has_training_mode and any(group.trainable for group in groups) and not has_frozen_statistics

    def _watch_released(self) -> None:
        """Makes gradient tapes record variables that were saved as not trainable and are trained now.

        A tape looks at the `tf.Variable`'s own flag and not at Keras'. There is no public setter.
        """
        for item in self._inside.named:
            if self._inside.variables[item.name].trainable and not item.variable.trainable:
                for part in (item.variable, *parts(item.variable)):
                    part._trainable = True

    def _share_statistics(self) -> None:
        """Gives all replicas of a strategy the mean of their moving statistics, as Keras' own layers do.

        The graph writes only to its replica's copy, so that the copies would drift apart and one of them be saved. A
        handle is that of the replica that runs; `assign` would need an aggregation, which was not saved.
        """
        statistics = [item.variable for item in self._inside.named if item.is_statistic]
        one_replica = tf.distribute.in_cross_replica_context() or tf.distribute.get_strategy().num_replicas_in_sync < 2
        if one_replica or not statistics:
            return
        own = [tf.raw_ops.ReadVariableOp(resource=v.handle, dtype=v.dtype) for v in statistics]
        means = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.MEAN, own)
        for variable, mean in zip(statistics, means, strict=True):
            tf.raw_ops.AssignVariableOp(resource=variable.handle, value=mean)

    def _check_scope(self) -> None:
        strategy = tf.distribute.get_strategy()
        if strategy.num_replicas_in_sync < 2 or not self._inside.named:
            return
        if not strategy.extended.variable_created_in_scope(self._inside.named[0].variable):
            step = "Make the layer, or load the object, inside `with strategy.scope():`."
            raise checks.user_error("strategy", "the one in whose scope the SavedModel was loaded", strategy, step)

    def _cast_output(self, output: tf.Tensor) -> tf.Tensor:
        floats = isinstance(output, tf.Tensor) and output.dtype.is_floating
        return tf.cast(output, self.compute_dtype) if floats else output

    def _check_trainable(self, trainable: bool) -> None:
        """Raises a `UserError` where nothing can be trained; warns where statistics can't."""
        if not trainable:
            return
        if self.trainable_kind == "nothing":
            step = f"{self.trainable_words} Pass trainable=False."
            raise checks.user_error("trainable", "False for this SavedModel", trainable, step)
        if self._keeps_statistics():
            warnings.warn(f"SavedModelLayer {self.name!r}: {self.trainable_words}", stacklevel=3)


def _load(source: Any, folder: str | None) -> tuple[Any, str | None]:
    """(loaded object, its folder as a string or None)."""
    if isinstance(source, (str, os.PathLike)):
        folder = folder or str(locations.open_source(source))
        return locations.load_saved_model(folder), folder
    if isinstance(source, keras.layers.Layer) or not isinstance(source, tf.__internal__.tracking.Trackable):
        step = "Give a folder, an https handle, or what tf.saved_model.load or hub.load returned."
        raise checks.user_error("source", "a SavedModel", source, step)
    return source, None
