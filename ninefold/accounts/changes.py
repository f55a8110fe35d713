"""A count of the changes that this process made to accounts: what was remembered under an older count is asked anew."""


class Changes:
    """Raised after each commit that changes an account, so that a revocation holds for the very next request of this process."""

    count = 0

    @classmethod
    def note(cls) -> None:
        """Something changed."""
        cls.count += 1
