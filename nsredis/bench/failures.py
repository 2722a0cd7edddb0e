"""Why something cannot be measured."""


class LoadFailed(Exception):
    """The server does not answer as it should; the text says how."""


class PeerMissing(Exception):
    """A peer is not installed here; the text says what would have to be."""
