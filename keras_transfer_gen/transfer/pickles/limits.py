"""How much a pickle may ask for, and the error for one that asks for more or for something else. Standard library."""

FILE = 16_000_000_000  # bytes
OPCODES = 300_000  # networks of 1024 pixels with their optimizers need about 60,000
TEXT = 4_000_000  # characters of one text, in bytes
ALL_TEXT = 16_000_000  # of all texts of a pickle together
DIGITS = 16  # bytes of a whole number
NAME = 200  # characters of a name to import
DEPTH = 200  # of records in each other; networks need about 20
DIRECTORY = 4_000_000  # bytes of a zip file's list of members
DIMENSIONS = 8  # of an array


class RefusedPickle(ValueError):
    """A file that is not read, with the reason in a few words."""
