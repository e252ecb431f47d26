"""How tests give a command."""

from collections.abc import Callable

# arguments in; exit code, standard output and standard error out
Command = Callable[..., tuple[int, str, str]]
