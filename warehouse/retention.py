"""Which snapshots stay: the newest of those that were live, and one that the gate refused."""

import shutil

from core.errors import SnapshotDamaged, SnapshotError
from core.settings import Settings
from warehouse.history import read_history
from warehouse.manifest import read_manifest
from warehouse.snapshot_folder import current_id, hidden, snapshot_ids


def refused_ids(settings: Settings) -> set[str]:
    """Ids of the snapshots that the gate refused and nobody has promoted since.

    A manifest that cannot be read says nothing of a gate; such a snapshot counts as one that was live.
    """
    folder = settings.snapshots_folder
    lived = {switch.snapshot for switch in read_history(folder)} | {current_id(folder)}
    refused = set()
    for name in snapshot_ids(folder):
        if name in lived:
            continue
        try:
            gate = read_manifest(folder / name).gate
        except SnapshotDamaged:
            continue
        if gate is not None and not gate.promoted:
            refused.add(name)
    return refused


def retain(settings: Settings, keep: int, dry_run: bool) -> list[str]:
    """Remove all but the newest `keep` snapshots; gives the ids removed, or with `dry_run` those that would be.

    The current one always stays, and from `keep` = 2 on the one before it too, so that a rollback has somewhere to go.
    Snapshots that the gate refused do not count among the `keep`, or a week of them would leave nothing to roll back
    to; only the newest of them stays beside the others, to be looked at and promoted.
    """
    if keep < 1:
        raise SnapshotError(f"keep = {keep}; at least the current snapshot stays, so it must be 1 or more")
    names = snapshot_ids(settings.snapshots_folder)
    refused = refused_ids(settings)
    lived = [name for name in names if name not in refused]
    live = current_id(settings.snapshots_folder)
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
            # renamed first: a kill in the middle of the removal leaves nothing that looks like a snapshot
            grave = settings.snapshots_folder / hidden("removed", name)
            (settings.snapshots_folder / name).rename(grave)
            shutil.rmtree(grave)
    return removed
