"""The names that a model's variables have in a `.weights.h5` file, such as `block_16/conv/0`."""

from __future__ import annotations

from typing import Any

import keras

from keras_transfer_gen.transfer.paths import children, roots


def stored_names(model: keras.layers.Layer) -> dict[str, keras.Variable]:
    """The variables of a model by their place in a `.weights.h5` file, with the names of `read_weights`.

    Keras stores the layers' names but numbers the variables, so a name consists of each layer's name from the top down
    and the number; the networks of a GAN have names with their roles too. A variable that Keras stores twice (the
    kernel under spectral normalisation) has two names.

    Args:
        model: a `GAN` or any built Keras model or layer.

    Returns:
        dict of name -> `keras.Variable`; a name that belongs to two variables is left out.

    Example:
        >>> inputs = keras.Input((3,))
        >>> model = keras.Model(inputs, keras.layers.Dense(2, name="logits")(inputs))
        >>> list(stored_names(model))
        ['logits/0', 'logits/1']
    """
    variables, twice = {}, set()
    for role, root in roots(model):
        for prefix in {f"{root.name}/", f"{role}/"} if role else {""}:
            _walk(root, prefix, variables, twice)
    return {name: variable for name, variable in variables.items() if name not in twice}


def _walk(layer: Any, prefix: str, variables: dict[str, keras.Variable], twice: set[str]) -> None:
    own = {}
    layer.save_own_variables(own)
    for key, variable in own.items():
        name = f"{prefix}{key}"
        if not isinstance(variable, keras.Variable):  # some layers store other things
            continue
        if variables.setdefault(name, variable) is not variable:
            twice.add(name)
    for child in children(layer):
        _walk(child, f"{prefix}{child.name}/", variables, twice)
