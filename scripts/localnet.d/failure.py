"""The one exception that ends the program with a line instead of a trace."""


class Failure(Exception):
    """The chain or the build failed: exit code 1."""

    exit_code = 1


class WrongInput(Failure):
    """What the user asked for cannot be: exit code 2."""

    exit_code = 2
