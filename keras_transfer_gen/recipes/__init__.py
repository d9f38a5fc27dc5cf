"""Whole stories: load, fine-tune, pretrain, generate, evaluate, export. The only place where layers meet."""
