"""The outcome of a finished run as a table."""

from keras_transfer_gen.recipes.training.family import family_of


def result_table(settings, metrics):
    """The `family.ResultTable` of a run.

    Args:
        settings: those that it was made with.
        metrics: what `fine_tune` or `pretrain` returned.
    """
    return family_of(settings).result_table(settings, metrics)
