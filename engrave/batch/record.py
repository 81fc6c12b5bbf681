"""The registry's part in a batch: codes given out before work begins, and on record what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from engrave.base.errors import raise_faults
from engrave.batch.folder import Binding, is_finished, name_of, recorded_files
from engrave.batch.orders import Naming, Order, Orders
from engrave.code.mark import Mark, mark_with_id
from engrave.code.profiles import Profile, profile_by_name
from engrave.job import Job

if TYPE_CHECKING:
    from engrave.registry.chain import Stamp
    from engrave.registry.connection import Registry
    from engrave.registry.issuing import Claim, Issued, Pin


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Record:
    """An open registry, and who works with it; ``identity`` is what names the registry for good."""

    registry: "Registry"
    identity: str
    stamp: "Stamp"

    def bound(self, job: Job) -> Job:
        """The job as one whose codes this registry gives.

        Raises InputError where one of its ranges is not on record: a reading would be named otherwise there.
        """
        from engrave.registry.connection import reading  # noqa: PLC0415 - start-up
        from engrave.registry.store import recorded_ranges  # noqa: PLC0415 - start-up

        with reading(self.registry) as connection:
            known = {entry.range.with_ends() for entry in recorded_ranges(connection) if entry.range is not None}
        raise_faults(
            [
                f"ranges[{index}] ({entry.maker}, {entry.model}): is not on record in {self.registry.name}; "
                "`pin-engrave registry import` puts a job's ranges there"
                for index, entry in enumerate(job.ranges)
                if entry.normalised().with_ends() not in known
            ]
        )
        return replace(job, registry=self.identity)

    def naming(self, job: Job, folder: Path | None, binding: Binding) -> Naming:
        """The marks that pins have on record, or would be given; nothing is written.

        Without a folder nothing is said of pins that were engraved in another.
        """
        from engrave.registry.issuing import foresee  # noqa: PLC0415 - start-up

        profile = profile_by_name(job.layout.profile)
        claim = None if folder is None else _claim(job, folder, binding, name=name_of(folder))
        made = set(recorded_files(folder)) if folder is not None and is_finished(folder) else None

        def named(orders: Sequence[Order]) -> list[Mark | tuple[str, ...]]:
            foreseen = foresee(self.registry, [_pin(order) for order in orders], claim)
            answers: list[Mark | tuple[str, ...]] = []
            for order in orders:
                faults = tuple(foreseen.faults.get(_pin(order), ()))
                mark = None if faults else _mark(foreseen.marks[_pin(order)], profile)
                if mark is not None and made is not None and mark.characters not in made:
                    faults = (f"serial {order.serial!r}: was reissued since {folder} was made; name another folder",)
                answers.append(faults if mark is None or faults else mark)
            return answers

        return named

    def allocate(self, orders: Orders, job: Job, folder: Path, binding: Binding, *, name: str) -> Orders:
        """The orders with marks that are on record as engraved in this folder, all in one transaction.

        Raises InputError where another call was given a code, or engraved a pin, since the orders were read.
        """
        from engrave.registry.issuing import issue  # noqa: PLC0415 - start-up

        pins = [_pin(order) for order, _ in orders.good]
        lots = [order.lot for order, _ in orders.good]
        claim = _claim(job, folder, binding, name=name)
        issued = issue(self.registry, pins, self.stamp, claim=claim, lots=lots)
        profile = profile_by_name(job.layout.profile)
        good = ((order, _mark(mark, profile)) for (order, _), mark in zip(orders.good, issued, strict=True))
        return replace(orders, good=tuple(good))

    def report(self, pins: Sequence[tuple[Mark, bool]], *, manifest_sha256: str) -> None:
        """Put on record that these pins were made, and which of them passed; what is there already is passed over.

        Raises InputError where one is on record as made by another manifest: the folder was altered since.
        """
        from engrave.registry.becoming import advance  # noqa: PLC0415 - start-up
        from engrave.registry.citing import made_otherwise  # noqa: PLC0415 - start-up
        from engrave.registry.connection import reading  # noqa: PLC0415 - start-up

        with reading(self.registry) as connection:
            other = made_otherwise(connection, [mark.id for mark, _ in pins], manifest_sha256)
        raise_faults(
            [
                f"serial {mark.serial!r} of ({mark.maker}, {mark.model}): is on record by another manifest, "
                f"{other[mark.id]}; put the folder back as it was made"
                for mark, _ in pins
                if mark.id in other
            ]
        )
        told = {"manifest": manifest_sha256}
        advance(self.registry, [mark.id for mark, _ in pins], "rendered", told, self.stamp)
        advance(self.registry, [mark.id for mark, passed in pins if passed], "verified", told, self.stamp)


def _claim(job: Job, folder: Path, binding: Binding, *, name: str) -> "Claim":
    from engrave.registry.issuing import Claim  # noqa: PLC0415 - start-up

    return Claim(binding=binding.sha256, profile=job.layout.profile, fresh=not is_finished(folder), folder=name)


def _pin(order: Order) -> "Pin":
    return order.maker, order.model, order.serial


def _mark(issued: "Issued", profile: Profile) -> Mark:
    return mark_with_id(
        identifier=issued.id, serial=issued.serial, maker=issued.maker, model=issued.model, profile=profile
    )
