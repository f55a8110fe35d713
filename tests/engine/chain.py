"""A chain of steps in a process of its own, for tests that kill it: each step writes a file and notes that it ran."""

import sys
from collections.abc import Mapping
from pathlib import Path

from ninefold.engine import Output, Runner, Step
from ninefold.ids import digest
from ninefold.ledger import Ledger
from ninefold.storage import durable


def steps(folder: Path, count: int) -> list[Step]:
    def make(number: int) -> Step:
        def run(needs: Mapping[str, Output]) -> Output:
            before = Path(needs[str(number - 1)].ref["path"]).read_bytes() if number else b""
            data = digest(before + str(number).encode()).encode() * 500
            path = folder / f"{number}.out"
            durable.write(path, data)
            with (folder / "ran.log").open("a") as log:
                log.write(f"{number}\n")
            return Output(digest(data), {"path": str(path)})

        return Step(str(number), run, needs=(str(number - 1),) if number else ())

    return [make(number) for number in range(count)]


def main(folder: Path, count: int) -> None:
    with Ledger.open(f"sqlite:///{folder / 'ledger.db'}", home=folder, anchors=folder / "anchors") as ledger:
        result = Runner(ledger, folder, "chain").run(steps(folder, count))
        print(result.outputs[str(count - 1)].content)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
