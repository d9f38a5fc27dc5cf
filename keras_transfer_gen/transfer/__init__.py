"""Where weights come from and which of them may move."""
