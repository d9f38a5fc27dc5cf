"""The functions and signatures of a loaded SavedModel: what they take, and which of them is the training mode.

A function of a SavedModel can be called only in the forms in which it was traced. Each form is read here once, so that
inputs are matched, cast and, where they don't fit, refused in words, and a training mode is known before it is needed.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator
from typing import Any

import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.transfer.saved_model.inputs import describe, sort_inputs

FLAGS = ("training", "is_training", "train")  # what authors call the argument that switches to the training mode
DEFAULTS = ("serving_default", "default")  # TF2 and TF1; "default" in TF-Hub modules
TRAINING_NAME = re.compile(r"(^|_)train(ing)?(_|$)", re.IGNORECASE)
KERAS_2_LOSSES = "call_and_return_all_conditional_losses"  # a second __call__, which returns losses as well
EITHER = "either"
RANDOM = {  # operations that keep their own state; stateless ones take a seed
    "RandomUniform", "RandomUniformInt", "RandomStandardNormal", "TruncatedNormal", "ParameterizedTruncatedNormal",
    "RandomShuffle", "RandomGamma", "RandomPoisson", "RandomPoissonV2", "Multinomial",
}  # fmt: skip
REFERENCES = {"Variable", "VariableV2"}  # operations; a variable that TensorFlow 2 can train is a VarHandleOp


@dataclasses.dataclass(frozen=True)
class Form:
    """One traced form of a function.

    Args:
        inputs: {parameter: `tf.TensorSpec` or a dict, list or tuple of them}, in order.
        constants: {parameter: Python value that was traced in}, without the flag.
        positional: names of the parameters that are given by position.
        flag: name of the parameter that switches to the training mode, or None.
        mode: its value: True, False, `EITHER` where it is a tensor, or None where there is no flag.
        concrete: the `ConcreteFunction`.
    """

    inputs: dict
    constants: dict
    positional: tuple
    flag: str | None
    mode: bool | str | None
    concrete: Any

    def serves(self, training: bool) -> bool:
        """Whether the form can run in this mode (bool)."""
        return self.mode in ((True, EITHER) if training else (False, None, EITHER))

    def arguments(self, values: dict[str, Any], training: bool) -> Any:
        """(args, kwargs) of a call with `values`, {parameter: tensors}."""
        arguments = {**self.constants, **values}
        if self.flag:
            arguments[self.flag] = tf.constant(training) if self.mode == EITHER else training
        args = [arguments.pop(name) for name in self.positional if name in arguments]
        return args, arguments


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """A function of a SavedModel.

    Args:
        name: what the SavedModel calls it: "__call__", "serve", "serving_default", ...
        function: the function itself.
        forms: tuple of `Form`.
        labelled: whether only their names distinguish several inputs, as in a signature.
    """

    name: str
    function: Any
    forms: tuple
    labelled: bool

    def call(self, inputs: Any, training: bool = False) -> dict[str, tf.Tensor] | list[tf.Tensor] | tf.Tensor:
        """Runs the function.

        Args:
            inputs: one tensor, or a dict, list or tuple of tensors, as the function wants them; cast to its types.
            training: bool, the mode.

        Returns:
            What the function returns; where it returns a dict with one output, that output.

        Raises:
            UserError: where no traced form takes such inputs; the message lists the traced forms.
        """
        forms = [form for form in self.forms if form.serves(training)]
        for form in forms:
            values = sort_inputs(inputs, form.inputs, self.labelled)
            if values is not None:
                args, kwargs = form.arguments(values, training)
                return _unlabelled(self.function(*args, **kwargs))
        offered = " or ".join(dict.fromkeys(describe(_lone(form.inputs)) for form in forms))
        step = f"The SavedModel's function {self.name!r} takes nothing else; it was traced so when it was saved."
        raise checks.user_error("inputs", offered, _Unquoted(describe(inputs)), step)

    def same_interface(self, other: Endpoint) -> bool:
        """Whether another endpoint takes the same inputs and gives the same outputs, whatever they are called."""
        return any(_alike(a, b) for a in self.forms for b in other.forms)


@dataclasses.dataclass(frozen=True)
class Graph:
    """The endpoints that a layer calls.

    Args:
        inference: `Endpoint`.
        training: `Endpoint` of the training mode, or None where there is none.
    """

    inference: Endpoint
    training: Endpoint | None

    def variables(self) -> list[tf.Variable]:
        """Every `tf.Variable` that one of them reads or writes, each once."""
        return each_once(v for concrete in self.concrete_functions() for v in concrete.graph.variables)

    def concrete_functions(self) -> list[Any]:
        """The `ConcreteFunction`s of both."""
        both = [self.inference] + ([self.training] if self.training else [])
        return each_once(form.concrete for endpoint in both for form in endpoint.forms)


def read_graph(loaded: Any, signature: str | None = None, training_signature: str | None = None) -> Graph:
    """The functions of a loaded SavedModel that stand for it.

    Args:
        loaded: what `tf.saved_model.load` or `hub.load` returned.
        signature: name of a signature or function; None takes the object's own call, else `serve`, else the signature
            `serving_default` or `default`, else the only one there is.
        training_signature: name of the function of the training mode; None finds it.

    Returns:
        `Graph`. Its training mode is a traced `training=True`, or another function of the same inputs and outputs that
        is named after training (`call_training`, `train`) or is the only one that updates variables.

    Raises:
        UserError: where there is no such function, or no default.
    """
    functions, signatures = endpoints(loaded)
    every = {**functions, **signatures}
    if signature is None:
        inference = _default(functions, signatures)
    else:
        inference = every[checks.check_choice("signature", signature, every)]
    if not any(form.serves(False) for form in inference.forms):
        step = f"{inference.name!r} was traced only with training=True. Choose another with signature=."
        raise checks.user_error("signature", "a function with an inference mode", signature, step)
    if training_signature is not None:
        pool = functions if training_signature in functions and not inference.labelled else every
        chosen = pool[checks.check_choice("training_signature", training_signature, every)]
        return Graph(inference, _always_training(chosen))
    pool = signatures if inference.labelled else functions
    return Graph(inference, _training_mode(inference, pool.values()))


def endpoints(loaded: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What can be called: ({name: `Endpoint`} of functions, {name: `Endpoint`} of signatures), without private ones."""
    children = tf.train.TrackableView(loaded).children(loaded)
    functions = {}
    for name, child in children.items():
        public = name == "__call__" or not name.startswith("_")
        if public and name != KERAS_2_LOSSES and isinstance(child, tf.types.experimental.PolymorphicFunction):
            forms = tuple(_forms(child))
            if forms:
                functions[name] = Endpoint(name, child, forms, labelled=False)
    signatures = {
        name: Endpoint(name, function, (_signature_form(function),), labelled=True)
        for name, function in dict(children.get("signatures", {})).items()
    }
    return functions, signatures


def _default(functions: dict[str, Endpoint], signatures: dict[str, Endpoint]) -> Endpoint:
    named = [functions.get("__call__"), functions.get("serve"), *(signatures.get(name) for name in DEFAULTS)]
    first = next((endpoint for endpoint in named if endpoint), None)
    if first:
        return first
    pool = signatures or functions
    if len(pool) == 1:
        return next(iter(pool.values()))
    if pool:
        raise checks.user_error("signature", "one of " + ", ".join(map(repr, sorted(pool))), None, "It has no default.")
    step = "It holds only variables: save it with a traced function, or load its weights into a model of your own."
    raise checks.user_error(
        "source", "a SavedModel with a function to call", _Unquoted("a SavedModel without one"), step
    )


def _training_mode(inference: Endpoint, pool: Iterable) -> Endpoint | None:
    """The endpoint that serves `training=True` for `inference`, or None."""
    if any(form.serves(True) for form in inference.forms):
        return inference
    alike = [e for e in pool if e.function is not inference.function and inference.same_interface(e)]
    alike = [e for e in alike if any(form.serves(True) or form.mode is None for form in e.forms)]
    named = [e for e in alike if TRAINING_NAME.search(e.name) and "step" not in e.name.lower()]
    if not named and not _updates(inference):
        named = [e for e in alike if _updates(e)]
    return _always_training(named[0]) if named else None


def _always_training(endpoint: Endpoint) -> Endpoint:
    """The endpoint; forms that were traced without a flag count as its training mode."""
    forms = (dataclasses.replace(form, mode=True) if form.mode is None else form for form in endpoint.forms)
    return dataclasses.replace(endpoint, forms=tuple(forms))


def _updates(endpoint: Endpoint) -> bool:
    return any(assigned_variables(form.concrete) for form in endpoint.forms)


def assigned_variables(concrete: Any) -> list[tf.Variable]:
    """The `tf.Variable`s that a `ConcreteFunction` writes to, such as moving statistics in a training mode."""
    if not concrete.graph.variables:
        return []
    definition = concrete.graph.as_graph_def()
    library = {function.signature.name: function for function in definition.library.function}
    owners = {id(v): v for v in concrete.graph.variables}  # a strategy's variables are captured whole, others by handle
    owners |= {id(part.handle): v for v in concrete.graph.variables for part in parts(v)}
    captured = {inner.op.name: owners.get(id(outer)) for outer, inner in concrete.graph.captures}
    return each_once(v for v in _written(definition.node, captured, library) if v is not None)


def draws_without_seed(concrete: Any) -> bool:
    """Whether a `ConcreteFunction` draws other random numbers in each process, as dropout saved without a seed does."""
    definition = concrete.graph.as_graph_def()
    functions = [function.node_def for function in definition.library.function]
    return any(
        node.op in RANDOM and not (node.attr["seed"].i or node.attr["seed2"].i)
        for nodes in (definition.node, *functions)
        for node in nodes
    )


def holds_references(concrete: Any) -> bool:
    """Whether a `ConcreteFunction` keeps variables as TF1 did by default, which are no `tf.Variable`s once loaded."""
    return any(operation.type in REFERENCES for operation in concrete.graph.get_operations())


def _written(nodes: Any, bound: dict[str, tf.Variable | None], library: dict[str, Any]) -> Iterator[tf.Variable]:
    """Yields what of `bound`, {node or argument name: variable}, the nodes assign to, inner functions included."""
    for node in nodes:
        arguments = [bound.get(name.split(":")[0]) for name in node.input if not name.startswith("^")]
        if re.fullmatch(r"Assign\w*VariableOp", node.op):
            yield arguments[0]
        called = [attr.func.name for attr in node.attr.values() if attr.func.name in library]
        if node.op in ("If", "StatelessIf"):
            arguments = arguments[1:]  # the first one is the condition
        for function in (library[name] for name in called):
            names = [argument.name for argument in function.signature.input_arg]
            yield from _written(function.node_def, dict(zip(names, arguments, strict=False)), library)


def parts(variable: tf.Variable) -> tuple[tf.Variable, ...]:
    """The variable itself, or its copies on the replicas of a strategy."""
    return variable.values if isinstance(variable, tf.distribute.DistributedValues) else (variable,)


def _forms(function: Any) -> list[Form]:
    """The `Form`s of a function, those first whose constants are the function's own defaults."""
    spec = function.function_spec.fullargspec
    names = [name for name in spec.args if name != "self"]
    defaults = dict(zip(reversed(names), reversed(spec.defaults or ()), strict=False))
    forms = []
    for concrete in function.concrete_functions:
        args, kwargs = concrete.structured_input_signature
        positional = tuple(names[: len(args)])
        arguments = {**dict(zip(positional, args, strict=False)), **kwargs}
        forms.append(_form(arguments, positional, concrete))
    return sorted(forms, key=lambda f: sum(f.constants[n] != defaults[n] for n in f.constants if n in defaults))


def _form(arguments: dict[str, Any], positional: tuple[str, ...], concrete: Any) -> Form:
    flag = next((name for name in FLAGS if name in arguments and _is_flag(arguments[name])), None)
    mode = None if flag is None else EITHER if isinstance(arguments[flag], tf.TensorSpec) else arguments[flag]
    rest = {name: value for name, value in arguments.items() if name != flag}
    inputs = {name: value for name, value in rest.items() if _has_tensors(value)}
    constants = {name: value for name, value in rest.items() if name not in inputs}
    return Form(inputs, constants, positional, flag, mode, concrete)


def _is_flag(value: bool | tf.TensorSpec) -> bool:
    return isinstance(value, bool) or (isinstance(value, tf.TensorSpec) and value.dtype == tf.bool)


def _has_tensors(value: Any) -> bool:
    return any(isinstance(part, tf.TypeSpec) for part in tf.nest.flatten(value))


def _signature_form(function: Any) -> Form:
    return Form(dict(function.structured_input_signature[1]), {}, (), None, None, function)


def _alike(form: Form, other: Form) -> bool:
    """Whether two forms have the same inputs and outputs: structure, types and shapes, but for the inputs' names."""
    pairs = [
        (list(form.inputs.values()), list(other.inputs.values())),
        (form.concrete.structured_outputs, other.concrete.structured_outputs),
    ]
    for mine, theirs in pairs:
        try:
            tf.nest.assert_same_structure(mine, theirs, check_types=False)
        except (ValueError, TypeError):
            return False
        for a, b in zip(tf.nest.flatten(mine), tf.nest.flatten(theirs), strict=True):
            if a is None or b is None or a.dtype != b.dtype or not tf.TensorShape(a.shape).is_compatible_with(b.shape):
                return False
    return True


def _lone(inputs: dict[str, tf.TensorSpec]) -> dict[str, tf.TensorSpec] | tf.TensorSpec:
    return next(iter(inputs.values())) if len(inputs) == 1 else inputs


def _unlabelled(
    outputs: dict[str, tf.Tensor] | list[tf.Tensor] | tf.Tensor,
) -> dict[str, tf.Tensor] | list[tf.Tensor] | tf.Tensor:
    return next(iter(outputs.values())) if isinstance(outputs, dict) and len(outputs) == 1 else outputs


def each_once(items: Any) -> list[Any]:
    """A list of the items without repetitions; by identity, since variables can't be compared."""
    return list({id(item): item for item in items}.values())


class _Unquoted(str):
    """Text that an error shows as it is, without quotes."""

    __slots__ = ()
    __repr__ = str.__str__
