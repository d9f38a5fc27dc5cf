"""What a run tells: progress, model card, curves, contact sheets."""
