"""Which snapshots stay: the newest of those that were live, and one that the gate refused."""

from core.errors import SnapshotDamaged, SnapshotError
from core.settings import Settings
from warehouse.shelf import FolderShelf, Shelf, shelf_of


def refused_ids(settings: Settings) -> set[str]:
    """Ids of the snapshots that the gate refused and nobody has promoted since."""
    return _refused(shelf_of(settings))


def retain(settings: Settings, keep: int, dry_run: bool) -> list[str]:
    """Remove all but the newest `keep` snapshots; gives the ids removed, or with `dry_run` those that would be.

    The current one always stays, and from `keep` = 2 on the one before it too, so that a rollback has somewhere to go.
    Snapshots that the gate refused do not count among the `keep`, or a week of them would leave nothing to roll back
    to; only the newest of them stays beside the others, to be looked at and promoted.
    """
    if keep < 1:
        raise SnapshotError(f"keep = {keep}; at least the current snapshot stays, so it must be 1 or more")
    removed = _retain(shelf_of(settings), keep, dry_run)
    if settings.snapshots.store is not None:
        _retain(FolderShelf(settings.snapshots_folder), keep, dry_run)
    return removed


def retain_copies(settings: Settings, keep: int) -> None:
    """The same for this machine's copies of what is in a store, which is left alone."""
    _retain(FolderShelf(settings.snapshots_folder), keep, dry_run=False)


def _refused(shelf: Shelf) -> set[str]:
    # a manifest that cannot be read says nothing of a gate; such a snapshot counts as one that was live
    lived = {switch.snapshot for switch in shelf.switches()} | {shelf.live()}
    refused = set()
    for name in shelf.ids():
        if name in lived:
            continue
        try:
            gate = shelf.manifest(name).gate
        except SnapshotDamaged:
            continue
        if gate is not None and not gate.promoted:
            refused.add(name)
    return refused


def _retain(shelf: Shelf, keep: int, dry_run: bool) -> list[str]:
    names = shelf.ids()
    refused = _refused(shelf)
    lived = [name for name in names if name not in refused]
    live = shelf.live()
    kept = {live} if live in names else set()
    if keep >= 2:
        kept.update([name for name in lived if live is not None and name < live][:1])
    for name in lived:
        if len(kept) < keep:
            kept.add(name)
    kept.update(sorted(refused)[-1:])
    removed = [name for name in names if name not in kept]
    if not dry_run:
        for name in removed:
            shelf.remove(name)
    return removed
