"""On a worker of a Dask cluster: documents that were handed out once, for tasks that only name them."""

from distributed import WorkerPlugin, get_worker  # noqa: TID253 - a module that whoever needs it imports inside a function


class Holding(WorkerPlugin):  # type: ignore[misc] # its base has no types for mypy
    """A document that a worker keeps as long as the run lasts that handed it out."""

    def __init__(self, document: bytes) -> None:
        self.document = document


def held(name: str) -> bytes:
    """The document of that name."""
    plugin = get_worker().plugins[name]
    document: bytes = plugin.document
    return document
