"""The names of types: each has its meaning, and each can be looked up by a tool that reads hints."""

import ast
import os
import typing
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import aliases

NAMES = {
    "PathLike": str | os.PathLike[str],
    "Shape": tuple[int | None, ...],
    "Config": dict[str, typing.Any],
    "Array": np.ndarray | tf.Tensor,
    "Images": np.ndarray | tf.Tensor,
    "Latents": np.ndarray | tf.Tensor,
    "Labels": np.ndarray | tf.Tensor,
    "ImageSource": str | os.PathLike[str] | Sequence[typing.Any] | np.ndarray | tf.data.Dataset,
    "LabelSource": str | os.PathLike[str] | Sequence[typing.Any] | np.ndarray | bool,
    "Colour": str | tuple[int, ...],
    "Progress": Callable[[int, typing.Any], typing.Any],
    "Logits": tf.Tensor | list[tf.Tensor],
}


@pytest.mark.parametrize("name", NAMES)
def test_aliases_stand_for_their_types(name):
    def function(argument):
        pass

    function.__annotations__ = {"argument": getattr(aliases, name)}
    assert typing.get_type_hints(function, {**vars(aliases), "np": np, "tf": tf})["argument"] == NAMES[name]


def test_every_alias_is_documented_and_tested():
    body = ast.parse(Path(aliases.__file__).read_text("utf-8")).body
    names = [node.target.id for node in body if isinstance(node, ast.AnnAssign)]
    after = [body[body.index(node) + 1] for node in body if isinstance(node, ast.AnnAssign)]
    assert sorted(names) == sorted(NAMES)
    assert all(isinstance(node, ast.Expr) and isinstance(node.value.value, str) for node in after)
