"""The one exception that users are meant to read."""


class UserError(Exception):
    """A mistake that the user can mend: one line saying what is wrong, where, and how to mend it."""
