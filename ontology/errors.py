"""Everything that can go wrong, sorted by what the caller should do about it.

The command line turns an error into its `exit_code`, the service into its `status`; nobody else catches them.
"""


class KgrecError(Exception):
    """An error whose message is one clear sentence: where, what was found, what would work."""

    exit_code = 1
    status = 500
    title = "Internal error"


class InputError(KgrecError):
    """What was given is wrong: change it and try again."""

    exit_code = 2
    status = 400
    title = "The request is wrong"


class NotFoundError(KgrecError):
    """What was asked for is not there."""

    exit_code = 2
    status = 404
    title = "Not found"


class ConflictError(KgrecError):
    """What is there is not what the request rests on: get it again, and decide anew."""

    exit_code = 2
    status = 412
    title = "Precondition failed"


class NotReadyError(KgrecError):
    """A step has to run first; the message names it."""

    exit_code = 4
    status = 503
    title = "Not ready"


class StoreError(KgrecError):
    """The graph store, the journal or the disk failed; nothing is wrong with the request."""

    exit_code = 3
    status = 503
    title = "The store failed"
