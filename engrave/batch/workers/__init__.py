"""Workers for tasks of seconds, behind one interface: processes of this machine, or a Dask cluster."""

from engrave.batch.workers.local import LocalCrew
from engrave.batch.workers.running import Crew, Loss, pooled

__all__ = ["Crew", "LocalCrew", "Loss", "pooled"]
