"""The one tree of errors that feedrank raises on purpose.

::

    FeedrankError
    ├── SettingsError          a setting is missing, unknown or out of bounds
    ├── SourceError            the network's PostgreSQL
    │   ├── SourceUnreachable  it does not answer, or refuses the credentials
    │   ├── SourceMismatch     a table or column is missing, mapped twice or of a wrong type
    │   └── SourceEmpty        a table holds nothing to work with
    ├── QualityError           too large a share of the copied rows breaks a rule
    ├── WarehouseBusy          another run holds the warehouse
    ├── WarehouseUnreachable   the DuckLake's catalogue or its files do not answer
    ├── TrainingError          the data do not allow a ranker to be trained
    ├── SnapshotError          a snapshot as a whole
    │   ├── SnapshotNotFound   there is none by that id, or none at all
    │   ├── SnapshotDamaged    its files do not match its manifest
    │   │   └── SnapshotOfOtherVersion  its schema is of a version that this code does not read
    │   ├── SnapshotSlow       it takes too long to get ready to answer
    │   ├── SnapshotRaced      another publisher has switched `current` meanwhile
    │   └── StoreUnreachable   the snapshots' object storage does not answer
    ├── QueryRefused           a query of the page Data cannot be answered as it is
    ├── AccessError            an API key cannot be made, found or read as asked for
    ├── ExperimentError        an experiment cannot be started or changed like this
    ├── ServiceError           a server that the command line starts did not come up, or does not answer as it should
    ├── RunFailed              a flow run that the command line waited for did not complete
    └── NotFound               a user, post or report that was asked for does not exist

A message names the argument, its value, the bound, and what to do. No message carries a password.
"""


class FeedrankError(Exception):
    """Base of all errors raised on purpose; its text is meant to be shown to a person as it is."""


class SettingsError(FeedrankError):
    """Raised when a setting is missing, unknown or out of its bounds."""


class SourceError(FeedrankError):
    """Raised when the source database cannot be used."""


class SourceUnreachable(SourceError):
    """Raised when the source does not answer or refuses the credentials."""


class SourceMismatch(SourceError):
    """Raised when a source table or column is missing, mapped twice or of a type that cannot be used."""


class SourceEmpty(SourceError):
    """Raised when a source table has no usable rows."""


class QualityError(FeedrankError):
    """Raised when the share of rejected rows in a copy is over the limit; nothing has been published."""


class WarehouseBusy(FeedrankError):
    """Raised when another live process holds the warehouse's lock and the time to wait is over."""


class WarehouseUnreachable(FeedrankError):
    """Raised when the catalogue of a DuckLake does not answer, or its files cannot be reached."""


class TrainingError(FeedrankError):
    """Raised when the data do not allow a ranker to be trained, for example without a single like."""


class SnapshotError(FeedrankError):
    """Raised when a snapshot cannot be written, opened or switched to."""


class SnapshotNotFound(SnapshotError):
    """Raised when no snapshot has the id asked for, or nothing has been published yet."""


class SnapshotDamaged(SnapshotError):
    """Raised when a snapshot's files do not match its manifest."""


class SnapshotOfOtherVersion(SnapshotDamaged):
    """Raised when a snapshot's schema version is not ours."""


class SnapshotSlow(SnapshotError):
    """Raised when a snapshot takes longer to get ready than `api.warm_up_limit`."""


class SnapshotRaced(SnapshotError):
    """Raised when another publisher has switched the store's `current` since this one looked; nothing has changed."""


class StoreUnreachable(SnapshotError):
    """Raised when the object storage that snapshots are shared through does not answer, or refuses."""


class QueryRefused(FeedrankError):
    """Raised when a query over a snapshot is wrong, not allowed, or needs more than it may have."""


class AccessError(FeedrankError):
    """Raised when an API key cannot be made, found or read as asked for."""


class ExperimentError(FeedrankError):
    """Raised when an experiment cannot be started or changed as asked for; nothing has been recorded."""


class ServiceError(FeedrankError):
    """Raised when a server that the command line starts does not come up in time, ends early, or answers an error."""


class RunFailed(FeedrankError):
    """Raised when a flow run that the command line started and followed ends in any state but Completed."""


class NotFound(FeedrankError):
    """Raised when a user, a post or an experiment's report that was asked for does not exist."""
