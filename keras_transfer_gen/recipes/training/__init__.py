"""Whole trainings: fine-tune, pretrain, plan, finalize; what a family supplies is in gan/ and vae/."""
