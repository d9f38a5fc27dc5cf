"""Which variables of a model are trained: `freeze` applies ordered (regular expression, trainable) rules."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks, tables
from keras_transfer_gen.protocols import LipschitzBounded
from keras_transfer_gen.spectral_norm import guard_spectral_norms
from keras_transfer_gen.transfer.freezing.rules import ModelLayout, RuleMaker, check_rule
from keras_transfer_gen.transfer.freezing.trainable_report import trainable_report
from keras_transfer_gen.transfer.paths import children, leaves, roots

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.transfer.freezing.trainable_report import TrainableReport
    from keras_transfer_gen.transfer.paths import Leaf
    from keras_transfer_gen.transfer.saved_model.layer import SavedModelLayer


FROM_LATENTS = ("generator", "decoder")  # networks that end with the image, where others begin with it


def freeze(
    model: keras.Model, rules: Mapping[str, bool] | RuleMaker | Sequence[tuple[str, bool] | RuleMaker]
) -> TrainableReport:
    """Sets what is trained, by rules on paths.

    A rule matches a variable where the regular expression matches its layer's path (`generator/block_16/conv`) or its
    own (`generator/block_16/conv/kernel`) from end to end, so `block_1` never matches `block_10`. The first rule that
    matches decides; what no rule matches stays as it is. Moving statistics and the vectors of spectral normalisation
    are never trained, but training moves them; a rule that freezes them stops that (a norm layer then runs in
    inference mode). `{".*": True}` undoes every freezing.

    Args:
        model: a `GAN` or any built Keras model or layer.
        rules: ordered dict of regex -> bool; a list of (regex, bool); a rule maker such as `freeze_d(blocks=2)`; or a
            list of pairs and rule makers.

    Returns:
        `TrainableReport`, a table of every variable; `print` it.

    Raises:
        UserError: for a rule that is malformed or matches nothing. The model is then unchanged.

    Example:
        >>> import keras
        >>> inputs = keras.Input((3,))
        >>> model = keras.Model(inputs, keras.layers.Dense(2, name="logits")(inputs))
        >>> freeze(model, {"logits/kernel": False}).trainable_parameters
        2
    """
    model_leaves = leaves(model)
    if not model_leaves:
        raise checks.user_error("model", "a model with weights", model, "Build it first: call it on a batch.")
    pairs = _ordered_rules(rules, model_layout(model))
    _check_used(pairs, model_leaves)
    trained = _decide(pairs, model_leaves)
    _release_containers(model, trained)
    whole = [root for _, root in roots(model) if children(root)]
    for leaf in model_leaves:  # outer layers come first: setting a layer's flag sets those of all its sublayers
        _apply(leaf, trained, whole)
    guard_spectral_norms(model)
    return trainable_report(model)


def model_layout(model: keras.Model) -> ModelLayout:
    """The `ModelLayout` of a `GAN` or any Keras model or layer."""
    model_leaves = leaves(model)
    layers = tuple(leaf.path for leaf in model_leaves if leaf.path)
    return ModelLayout(
        layers=layers,
        variables=tuple(path for leaf in model_leaves for path in leaf.variable_paths()),
        blocks=_stated_blocks(model, layers),
        heads=tuple(
            f"{role}/{layer.name}" if role else layer.name  # type: ignore[attr-defined]
            for role, root in roots(model)
            for layer in children(root)
            if isinstance(layer, LipschitzBounded)
        ),
    )


def _stated_blocks(model: keras.Model, layers: tuple[str, ...]) -> dict[str, list[str]]:
    """{role: paths of the network's blocks, from its input on} as the model's architecture states them."""
    spec = getattr(model, "spec", None)
    architecture = tables.architecture_of(spec) if spec is not None else None
    if architecture is None:
        return {}
    blocks = {role: architecture.blocks(role, layers) for role, _ in roots(model)}
    return {role: names[::-1] if role in FROM_LATENTS else names for role, names in blocks.items()}


def _ordered_rules(rules: Any, layout: ModelLayout) -> list[tuple[str, bool]]:
    """The rules as a list of checked (regex, bool); rule makers are asked for theirs."""
    if isinstance(rules, RuleMaker):
        rules = [rules]
    if isinstance(rules, Mapping):
        rules = list(rules.items())
    if isinstance(rules, str) or not isinstance(rules, Sequence):
        step = 'Such as {"generator/block_4/.*": False} or freeze_d(blocks=2).'
        raise checks.user_error("rules", "a dict, a list of pairs or a rule maker", rules, step)
    groups = [rule.rules(layout) if isinstance(rule, RuleMaker) else [rule] for rule in rules]
    return [check_rule(rule) for group in groups for rule in group]


def _matches(pattern: str, layer_path: str, variable_path: str) -> Any:
    return re.fullmatch(pattern, layer_path) or re.fullmatch(pattern, variable_path)


def _check_used(pairs: list[tuple[str, bool]], model_leaves: list[Leaf]) -> None:
    paths = [(leaf.path, path) for leaf in model_leaves for path in leaf.variable_paths()]
    for pattern, _ in pairs:
        if not any(_matches(pattern, *pair) for pair in paths):
            choices = dict.fromkeys(path for pair in paths for path in pair)
            like = checks.nearest(pattern, choices) or ", ".join(list(choices)[:3])
            step = (
                f"Nearest paths: {like}. trainable_report(model) or `ktg info MODEL --layers` lists all. "
                "A rule (rules= or --freeze) must match a path from end to end: block_1 does not match block_10, "
                "block_1/.* all in it."
            )
            raise checks.user_error("rules", "regular expressions that match a layer or a variable", pattern, step)


def _decide(pairs: list[tuple[str, bool]], model_leaves: list[Leaf]) -> dict[int, bool]:
    """{id(variable): whether training moves it}, from the rules or, where none matches, from the flags as they are.

    A variable that is never trained, such as a moving mean, has no flag of its own: it moves where its layer's is on.
    """
    trained = {}
    for leaf in model_leaves:
        for variable, path in zip(leaf.variables, leaf.variable_paths(), strict=True):
            now = variable.trainable or (leaf.layer.trainable and not _is_weight(leaf.layer, variable))
            trained[id(variable)] = next((flag for regex, flag in pairs if _matches(regex, leaf.path, path)), now)
    return trained


def _is_weight(layer: Any, variable: keras.Variable) -> bool:
    """Whether a variable is there to be trained: it was made with `trainable=True`, whatever its flag is now.

    Keras keeps that in this list alone; the public `trainable_weights` shows the present flags.
    """
    return any(variable is other for other in layer._trainable_variables)


def _apply(
    leaf: Leaf, trained: dict[int, bool], whole: list[SavedModelLayer | keras.Model | keras.layers.Layer]
) -> None:
    """Sets the flags of one layer and its own variables.

    The layer's flag puts a norm into inference mode, so where there are moving statistics it follows them: one frozen
    statistic freezes all of the layer. A model as a whole keeps its flag, since Keras trains nothing in one that is
    off.
    """
    statistics = [v for v in leaf.variables if not _is_weight(leaf.layer, v)]
    if not any(leaf.layer is root for root in whole):
        flags = [trained[id(v)] for v in statistics or leaf.layer.weights]
        leaf.layer.trainable = all(flags) if statistics else any(flags)
    for variable in leaf.variables:
        if _is_weight(leaf.layer, variable):
            variable.trainable = trained[id(variable)]


def _release_containers(model: keras.Model, trained: dict[int, bool]) -> None:
    """Switches on models and blocks that were switched off as a whole, where something in them shall be trained."""
    for _, root in roots(model):
        for layer in root._flatten_layers():  # outer ones first; private, see `paths.children`
            if not layer.trainable and any(trained.get(id(variable)) for variable in layer.weights):
                layer.trainable = True
