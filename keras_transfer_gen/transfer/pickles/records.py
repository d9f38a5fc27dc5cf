"""What stands for the objects of a pickle: names, calls that were not made, references to storages."""

import dataclasses


@dataclasses.dataclass(frozen=True, eq=False)
class Name:
    """Something that the file would import.

    Args:
        text: "module.attribute".
    """

    text: str


@dataclasses.dataclass(eq=False)
class Call:
    """A call that the file would make, and what it would then set on the result.

    Args:
        name: "module.attribute" of what is called.
        args: tuple of its arguments.
        state: what the result's state would be set to, or None.
        items: dict of the text keys that would be set on the result.
    """

    name: str
    args: tuple
    state: object = None
    items: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, eq=False)
class Reference:
    """A reference to a storage that stands elsewhere in the file.

    Args:
        value: what the file says of it, a tuple.
    """

    value: object


# eq=False: comparing two records would walk through all that is in them.
