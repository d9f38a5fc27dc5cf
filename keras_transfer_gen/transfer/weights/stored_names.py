"""The names that a model's variables have in a `.weights.h5` file, such as `block_16/conv/0`."""

import keras

from keras_transfer_gen.transfer.paths import children, roots


def stored_names(model):
    """The variables of a model by their place in a `.weights.h5` file, as `read_weights` spells it.

    Keras writes down the layers' names but numbers the variables, so a name is that of each layer from the top down,
    and the number; the networks of a GAN go by their roles as well. A variable that Keras stores twice (the kernel
    under spectral normalisation) has two names.

    Args:
        model: a `GAN` or any built Keras model or layer.

    Returns:
        dict of name -> `keras.Variable`; a name that two variables would have is left out.

    Example:
        >>> inputs = keras.Input((3,))
        >>> model = keras.Model(inputs, keras.layers.Dense(2, name="logits")(inputs))
        >>> list(stored_names(model))
        ['logits/0', 'logits/1']
    """
    found, twice = {}, set()
    for role, root in roots(model):
        for prefix in {f"{root.name}/", f"{role}/"} if role else {""}:
            _walk(root, prefix, found, twice)
    return {name: variable for name, variable in found.items() if name not in twice}


def _walk(layer, prefix, found, twice):
    own = {}
    layer.save_own_variables(own)
    for key, variable in own.items():
        name = f"{prefix}{key}"
        if not isinstance(variable, keras.Variable):  # a layer that stores something else: no variable to be found by
            continue
        if found.setdefault(name, variable) is not variable:
            twice.add(name)
    for child in children(layer):
        _walk(child, f"{prefix}{child.name}/", found, twice)
