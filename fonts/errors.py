"""The one root of what this package raises."""


class FontError(ValueError):
    """A typeface or a text that cannot be used; the message says what, where and what to do."""
