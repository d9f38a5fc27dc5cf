"""How the result of a benchmark says what made it, and when."""

import datetime
import shlex


def made_by(script, options, without=()):
    """What stands at the head of a result.

    Args:
        script: file name of the benchmark, such as `restyle.py`.
        options: `argparse.Namespace`, each option a value or a list. None and an empty list are left out.
        without: names of options that are no flags.

    Returns:
        {"date": str, "command": str that makes the result again}.
    """
    words = ["python", f"benchmarks/{script}"]
    for name, value in vars(options).items():
        if name not in without and value is not None and value != []:
            values = value if isinstance(value, list | tuple) else [value]
            words += [f"--{name.replace('_', '-')}", *(shlex.quote(f"{item}") for item in values)]
    return {"date": datetime.date.today().isoformat(), "command": " ".join(words)}
