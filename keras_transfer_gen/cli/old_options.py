"""Options of an earlier release: they work for one release more, hidden, with one line of warning."""

import sys
from typing import Any

from typer.core import TyperCommand

from keras_transfer_gen.cli.setting_options import old_flags
from keras_transfer_gen.deprecation import renamed_text

WITHOUT_EFFECT = ("--trust",)  # of commands that fetch nothing, which took it nevertheless


class CommandWithOldOptions(TyperCommand):
    """A command that reads an option's old name as its new one, and drops options that had no effect."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        known = {name for parameter in self.params for name in parameter.opts}
        return super().parse_args(ctx, self._today(ctx, args, known))

    def _today(self, ctx: Any, args: list[str], known: set[str]) -> list[str]:
        """The arguments with the options of today; warns of each old one."""
        renamed = {old: new for old, new in old_flags().items() if new in known and old not in known}
        end = args.index("--") if "--" in args else len(args)  # what follows belongs to another command
        flags = {argument.partition("=")[0] for argument in args[:end]}
        current = []
        for argument in args[:end]:
            flag, equals, value = argument.partition("=")
            if flag in renamed:
                if renamed[flag] in flags:
                    ctx.fail(f"{flag} is the old name of {renamed[flag]}: give {renamed[flag]} alone.")
                warn(renamed_text(flag, renamed[flag]))
                current.append(f"{renamed[flag]}{equals}{value}")
            elif flag in WITHOUT_EFFECT and flag not in known:
                warn(no_effect_text(flag))
            else:
                current.append(argument)
        return current + args[end:]


def no_effect_text(flag: str) -> str:
    """What a command that fetches nothing says of an option about what is fetched."""
    return f"{flag} has no effect here: nothing is fetched. Leave it out."


def warn(text: str) -> None:
    """One line of warning on stderr."""
    print(f"warning: {text}", file=sys.stderr)
