"""Functions that tests run in worker processes."""

import os
import time


def pid() -> int:
    return os.getpid()


def wait(seconds: float) -> None:
    time.sleep(seconds)


def fail() -> None:
    raise ValueError("no")


def grab(size: int) -> int:
    return len(bytearray(size))


def die() -> None:
    os._exit(9)


def threads() -> str:
    return os.environ.get("OMP_NUM_THREADS", "") + os.environ.get("OMP_WAIT_POLICY", "")


class Odd(Exception):
    def __init__(self, one: int, two: int) -> None:
        super().__init__("odd")


def odd() -> None:
    raise Odd(1, 2)
