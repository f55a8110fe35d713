"""``python -m ninefold.bundles.trial <folder> <digest> <bytes> <seconds>``: load a bundle once, under limits, and score its golden rows."""

import resource
import sys
from pathlib import Path

from ninefold.bundles.load import opened
from ninefold.bundles.manifest import verified
from ninefold.errors import NinefoldError


def main() -> int:
    """0 when the bundle loads and its golden rows score as before; else 1, with the reason on the last line of stderr."""
    folder, digest, memory, seconds = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    for what, wanted in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(what)[1]
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(what, (limit, limit))
    try:
        manifest, files, found = verified(folder, digest)
        opened(folder, manifest, files, found)
    except NinefoldError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
