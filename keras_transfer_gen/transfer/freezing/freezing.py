"""Which variables of a model are trained: `freeze` applies ordered (regular expression, trainable) rules."""

import re
from collections.abc import Mapping, Sequence

from keras_transfer_gen import checks
from keras_transfer_gen.spectral_norm import guard_spectral_norms
from keras_transfer_gen.transfer.freezing.freeze_rules import RuleMaker, check_rule
from keras_transfer_gen.transfer.freezing.trainable_report import trainable_report
from keras_transfer_gen.transfer.paths import children, leaves, roots


def freeze(model, rules):
    """Sets what is trained, by rules on paths.

    A rule fits a variable where the regular expression matches its layer's path (`generator/block_16/conv`) or its own
    (`generator/block_16/conv/kernel`) from end to end, so `block_1` never fits `block_10`. The first rule that fits
    decides; what no rule fits stays as it is. Moving statistics and the vectors of spectral normalisation are never
    trained; a rule that freezes them holds them still (a norm layer then runs in inference mode). `{".*": True}` undoes
    every freezing.

    Args:
        model: a `GAN` or any built Keras model or layer.
        rules: ordered dict of regex -> bool; a list of (regex, bool); a rule maker such as `freeze_d(blocks=2)`; or a
            list of pairs and rule makers (`rule_makers`).

    Returns:
        `Report`, a table of every variable; `print` it.

    Raises:
        UserError: for a rule that is malformed or fits nothing. The model is then unchanged.

    Example:
        >>> import keras
        >>> inputs = keras.Input((3,))
        >>> model = keras.Model(inputs, keras.layers.Dense(2, name="logits")(inputs))
        >>> freeze(model, {"logits/kernel": False}).trainable_parameters
        2
    """
    found = leaves(model)
    if not found:
        raise checks.user_error("model", "a model with weights", model, "Build it first: call it on a batch.")
    pairs = _ordered_rules(rules, found)
    _check_used(pairs, found)
    wanted = _decide(pairs, found)
    _release_containers(model, wanted)
    whole = [root for _, root in roots(model) if children(root)]
    for leaf in found:  # outer layers come first: setting a layer's flag sets those of all its sublayers
        _apply(leaf, wanted, whole)
    guard_spectral_norms(model)
    return trainable_report(model)


def _ordered_rules(rules, found):
    """The rules as a list of checked (regex, bool), with rule makers resolved on the paths of layers and variables."""
    if isinstance(rules, RuleMaker):
        rules = [rules]
    if isinstance(rules, Mapping):
        rules = list(rules.items())
    if isinstance(rules, str) or not isinstance(rules, Sequence):
        step = 'Such as {"generator/block_4/.*": False} or freeze_d(blocks=2).'
        raise checks.user_error("rules", "a dict, a list of pairs or a rule maker", rules, step)
    variables = [path for leaf in found for path in leaf.variable_paths()]
    paths = [leaf.path for leaf in found if leaf.path]
    resolved = [rule.rules(paths, variables) if isinstance(rule, RuleMaker) else [rule] for rule in rules]
    return [check_rule(rule) for group in resolved for rule in group]


def _fits(pattern, layer_path, variable_path):
    return re.fullmatch(pattern, layer_path) or re.fullmatch(pattern, variable_path)


def _check_used(pairs, found):
    places = [(leaf.path, path) for leaf in found for path in leaf.variable_paths()]
    for pattern, _ in pairs:
        if not any(_fits(pattern, *place) for place in places):
            choices = dict.fromkeys(path for place in places for path in place)
            like = checks.nearest(pattern, choices) or ", ".join(list(choices)[:3])
            step = (
                f"Nearest paths: {like}. trainable_report(model) or `ktg info MODEL --layers` lists all. "
                "A rule (rules= or --freeze) must match a path from end to end: block_1 does not match block_10, "
                "block_1/.* all in it."
            )
            raise checks.user_error("rules", "regular expressions that match a layer or a variable", pattern, step)


def _decide(pairs, found):
    """{id(variable): whether it shall move}, from the rules or, where none fits, from the flags as they are now.

    A variable that is never trained, such as a moving mean, has no flag of its own: it moves where its layer's is on.
    """
    wanted = {}
    for leaf in found:
        for variable, path in zip(leaf.variables, leaf.variable_paths(), strict=True):
            kept = variable.trainable or (leaf.layer.trainable and not _is_trained(leaf.layer, variable))
            wanted[id(variable)] = next((flag for regex, flag in pairs if _fits(regex, leaf.path, path)), kept)
    return wanted


def _is_trained(layer, variable):
    """Whether a variable is trained by nature: it was made with `trainable=True`, whatever its flag is now.

    Keras keeps that in this list alone; the public `trainable_weights` shows the present flags.
    """
    return any(variable is other for other in layer._trainable_variables)


def _apply(leaf, wanted, whole):
    """Sets the flags of one layer and its own variables.

    The layer's flag puts a norm into inference mode, so where there are moving statistics it follows them: one that is
    to be held still holds all. A model as a whole keeps its flag, since Keras trains nothing in one that is off.
    """
    statistics = [v for v in leaf.variables if not _is_trained(leaf.layer, v)]
    if not any(leaf.layer is root for root in whole):
        trained = [wanted[id(v)] for v in statistics or leaf.layer.weights]
        leaf.layer.trainable = all(trained) if statistics else any(trained)
    for variable in leaf.variables:
        if _is_trained(leaf.layer, variable):
            variable.trainable = wanted[id(variable)]


def _release_containers(model, wanted):
    """Switches on models and blocks that someone had switched off whole, where something in them shall be trained."""
    for _, root in roots(model):
        for layer in root._flatten_layers():  # outer ones first; private, see `paths.children`
            if not layer.trainable and any(wanted.get(id(variable)) for variable in layer.weights):
                layer.trainable = True
