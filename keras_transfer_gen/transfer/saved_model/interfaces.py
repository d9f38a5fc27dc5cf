"""The functions and signatures of a SavedModel in words: what each takes and returns."""

from __future__ import annotations

from typing import Any

from keras_transfer_gen.transfer.saved_model.graph import endpoints
from keras_transfer_gen.transfer.saved_model.input_roles import named_leaves
from keras_transfer_gen.transfer.saved_model.inputs import describe


def interfaces(loaded: Any) -> list[dict[str, Any]]:
    """What can be called and how: [{"name", "kind", "mode", "inputs", "outputs"}], all in words.

    `kind` is "function" or "signature"; `mode` the traced mode, such as "training=True", or "". Inputs and outputs are
    {name: "float32 (None, 8)"}; where there is one output its name may be "".

    Args:
        loaded: what `tf.saved_model.load` or `hub.load` returned.
    """
    functions, signatures = endpoints(loaded)
    rows = []
    for kind, pool in (("function", functions), ("signature", signatures)):
        for endpoint in pool.values():
            for form in endpoint.forms:
                mode = "" if form.flag is None else f"{form.flag}={form.mode}"
                inputs = {name: describe(spec) for name, spec in named_leaves(form.inputs)}
                outputs = {name: describe(spec) for name, spec in named_leaves(form.concrete.structured_outputs)}
                rows.append({"name": endpoint.name, "kind": kind, "mode": mode, "inputs": inputs, "outputs": outputs})
    return rows


def list_interfaces(loaded: Any) -> str:
    """The same as one line, each function once, such as "serve(z: float32 (None, 8)) -> (float32 (None, 4, 4, 3))"."""
    listed, lines = set(), []
    for row in interfaces(loaded):
        types = tuple(row["inputs"].values()), tuple(row["outputs"].values())
        named, nameless = (row["name"], *types), ("", *types)
        # Two modes of a function are often alike, and so is its signature, whatever that calls inputs and outputs.
        if named not in listed and not (row["kind"] == "signature" and nameless in listed):
            lines.append(f"{row['name']}({_words(row['inputs'])}) -> ({_words(row['outputs'])})")
        listed |= {named, nameless} if row["kind"] == "function" else {named}
    return "; ".join(lines)


def _words(named: Any) -> str:
    return ", ".join(f"{name}: {words}" if name else words for name, words in named.items())
