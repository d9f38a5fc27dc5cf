"""The images that a run reads: training, reference and holdout; the check before a training."""
