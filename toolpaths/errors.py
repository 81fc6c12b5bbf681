"""The one root of what this package raises."""


class ToolpathError(ValueError):
    """A value or a file that cannot be planned, written or read; the message says what, where and what to do."""
