"""Everything that Scoville raises on purpose.

    ScovilleError
    ├── UsageError               what was asked cannot be meant: exit code 2
    │   ├── OverBudget           a reply could cost more than may be paid: nothing was sent
    │   └── RecipeError          a recipe with an unknown key, a bad value or a contradiction
    │       └── Contradiction    values that are valid, but not together
    ├── WorkspaceError           a folder that is no workspace, is newer than this version, or is locked
    │   ├── EmptyIndex           nothing has been added yet
    │   ├── StaleIndex           the index was built with other settings than the recipe's
    │   ├── DamagedIndex         files of the index cannot be read: `scoville add --rebuild` makes it anew
    │   └── DamagedRelease       a release is not what was written: another one has to be served
    ├── StorageError             the disk is full, read-only or failing
    ├── MachineFault             no memory, file handle, process or disk to work with; ends a run, drops nothing
    ├── ReadFailure              a file that cannot be read; recorded, never ends an ingest
    ├── SourceError              a place that documents come from refuses, or is not what it was said to be
    │   └── SourceUnavailable    it cannot be reached now (retryable): what came from it before is kept
    ├── MissingExtra             an optional dependency is not installed
    ├── NotPromoted              a release that nobody measured, or that fell: what is served stays
    ├── LeakageError             cases that were, or stand too near to what was, seen before: a score would mislead
    ├── TrainingError            training cannot begin or go on: rows, a base, or a checkpoint that does not fit
    │   └── Diverged             the loss is no number any more, and no good weights were saved
    ├── Drift                    what was exported does not reply as the trained model does
    ├── ModelError
    │   ├── UnknownModel
    │   ├── ModelIntegrity       a download whose hash is not the pinned one
    │   └── ModelUnavailable     not in the cache and not to be had
    └── ProviderError            a hosted or local model failed; ``retryable`` says whether trying again can help
        ├── ProviderAuth         401, 403
        ├── ProviderNotFound     404
        ├── ProviderRateLimited  429 (retryable)
        ├── ProviderTimeout      (retryable)
        ├── ProviderUnavailable  5xx, no connection (retryable)
        ├── ContextTooLong       the prompt does not fit the model
        └── InvalidReply         what it wrote is not of the schema that was asked for

Every message says what was given, what was expected and what to do next.
"""

from typing import ClassVar


class ScovilleError(Exception):
    """Base of all errors that are reported in one line."""

    exit_code: ClassVar[int] = 1
    retryable: ClassVar[bool] = False


class UsageError(ScovilleError):
    """What was asked cannot be meant."""

    exit_code = 2


class OverBudget(UsageError):
    """A reply could cost more than may be paid."""


class RecipeError(UsageError):
    """A recipe has an unknown key, a bad value or a contradiction."""


class Contradiction(RecipeError):
    """Values of a recipe are valid, but not together."""


class WorkspaceError(ScovilleError):
    """The folder is no usable workspace."""


class EmptyIndex(WorkspaceError):
    """Nothing has been added yet."""


class StaleIndex(WorkspaceError):
    """The index was built with other settings than the recipe's."""


class DamagedIndex(WorkspaceError):
    """Files of the index cannot be read."""


class DamagedRelease(WorkspaceError):
    """A release is not what was written."""


class StorageError(ScovilleError):
    """The disk is full, read-only or failing."""


class MachineFault(ScovilleError):
    """The machine has no memory, no file handle, no process or no working disk to go on with."""


class ReadFailure(ScovilleError):
    """A file cannot be read; the message is the reason, without the path."""


class SourceError(ScovilleError):
    """A place that documents come from refuses, or is not what it was said to be."""


class SourceUnavailable(SourceError):
    """A place that documents come from cannot be reached now."""

    retryable = True


class MissingExtra(ScovilleError):
    """An optional dependency is not installed."""


class NotPromoted(ScovilleError):
    """A release may not be served: it was not measured, or it did worse."""


class LeakageError(ScovilleError):
    """Cases share questions or evidence with what they must not."""


class TrainingError(ScovilleError):
    """Training cannot begin or go on."""


class Diverged(TrainingError):
    """The loss is no number any more."""


class Drift(ScovilleError):
    """What was exported does not reply as the trained model does."""


class ModelError(ScovilleError):
    """A model cannot be had or used."""


class UnknownModel(ModelError):
    """The name is in no catalogue."""

    exit_code = 2


class ModelIntegrity(ModelError):
    """A download does not have the pinned hash."""


class ModelUnavailable(ModelError):
    """A model is not in the cache and cannot be fetched."""


class ProviderError(ScovilleError):
    """A model failed to reply."""


class ProviderAuth(ProviderError):
    """The endpoint refused the key."""


class ProviderNotFound(ProviderError):
    """The endpoint knows no such model or path."""


class ProviderRateLimited(ProviderError):
    """The endpoint asks to slow down."""

    retryable = True


class ProviderTimeout(ProviderError):
    """The endpoint did not answer in time."""

    retryable = True


class ProviderUnavailable(ProviderError):
    """The endpoint failed, or could not be reached."""

    retryable = True


class ContextTooLong(ProviderError):
    """The prompt does not fit the model's context."""


class InvalidReply(ProviderError):
    """The reply is not of the schema that was asked for, nor was it when the model was told so."""
