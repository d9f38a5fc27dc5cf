"""How a prior draws tokens: the options and their checks. Loads nothing heavy."""

from __future__ import annotations

from typing import Any

from keras_transfer_gen import checks

OPTIONS = ("temperature", "top_k", "guidance")


def check_sampling(temperature: float = 1.0, top_k: int = 0, guidance: float = 1.0) -> dict[str, Any]:
    """The options as a dict in the order of `OPTIONS`.

    Args:
        temperature: above 0; less than 1 is safer and less varied.
        top_k: only the k most likely tokens of a place are drawn; 0 allows all.
        guidance: how strongly the class acts; 1 as learnt, more exaggerates it.

    Raises:
        UserError: for a value out of range.

    Example:
        >>> check_sampling(0.9)
        {'temperature': 0.9, 'top_k': 0, 'guidance': 1.0}
    """
    step = "Such as 0.9 (--temperature 0.9)."
    return {
        "temperature": checks.check_number("temperature", temperature, above=True, next_step=step),
        "top_k": checks.check_integer("top_k", top_k, least=0, next_step="0 (--top-k 0) allows all tokens."),
        "guidance": checks.check_number("guidance", guidance, next_step="1 (--guidance 1) changes nothing."),
    }


def check_draws_tokens(options: dict[str, Any], is_token_model: bool, is_exported: bool = False) -> None:
    """Refuses options where what generates takes none.

    Args:
        options: those that were given.
        is_token_model: whether it is a VQ-VAE.
        is_exported: whether it is one in an exported file, which draws in one way alone.

    Raises:
        UserError: that names the first of the options.
    """
    if not options or (is_token_model and not is_exported):
        return
    name, value = next(iter(options.items()))
    flag = f"--{name.replace('_', '-')}"
    step = (
        f"It is for token models (VQ-VAEs). Leave out {flag}; --truncation 0.7 makes other models' images less varied."
    )
    if is_token_model:
        step = "An exported model draws as its prior did before the export. Give its RUN folder or .keras file."
    raise checks.user_error(name, "left out for this model", value, step)
