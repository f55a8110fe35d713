"""Make the virtual environment from a lock file, with uv where it is there, else with venv and pip. Standard library only.

    python3 scripts/setup.py .venv locks/core.txt
    python3 scripts/setup.py .venv-mlflow3 locks/mlflow3.txt --packages-only

The second has only what the lock names, not ninefold itself: clients that know nothing of us. A stamp with the digest of the
lock makes a second call return at once. A lock that includes another one's packages (dev includes core) satisfies it.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main(venv: Path, lock: Path, *, ours: bool = True) -> None:
    if sys.version_info < (3, 11):
        sys.exit(f"ninefold needs Python 3.11 or newer; this is {sys.version.split()[0]}. Try: make PYTHON=python3.12 ...")
    wanted = digest(lock)
    stamp = venv / ".ninefold-setup"
    stamped = stamp.read_text().split() if stamp.exists() else []
    if wanted in stamped:
        return
    venv.parent.mkdir(parents=True, exist_ok=True)
    with (venv.parent / f".{venv.name.lstrip('.')}.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # two makes at once take turns
        stamped = stamp.read_text().split() if stamp.exists() else []
        if wanted in stamped:
            return
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        python = venv / "bin" / "python"
        uv = shutil.which("uv")
        print(f"setting up {venv} from {lock} with {'uv' if uv else 'pip'} (once; one to three minutes)", flush=True)
        if not python.exists():
            run([uv, "venv", "-q", "--python", sys.executable, str(venv)] if uv else [sys.executable, "-m", "venv", str(venv)], environment)
        if uv:
            run([uv, "pip", "install", "-q", "--python", str(python), "--require-hashes", "--compile-bytecode", "-r", str(lock)], environment)
            install = [uv, "pip", "install", "-q", "--python", str(python)]
        else:
            pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "-q"]
            run([*pip, "--require-hashes", "-r", str(lock)], environment)
            install = pip
        if ours:
            run([*install, "--no-deps", "--no-build-isolation", "-e", str(ROOT)], environment)
            run([str(python), "-m", "compileall", "-q", str(ROOT / "ninefold")], environment)
        known = [digest(other) for other in sorted(lock.parent.glob("*.txt")) if pins(other) <= pins(lock)]
        stamp.write_text("\n".join(sorted({wanted, *known})) + "\n")


def run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, env=environment, check=False)
    if done.returncode:
        sys.exit(f"failed: {' '.join(command)}")


def digest(lock: Path) -> str:
    try:
        return hashlib.sha256(lock.read_bytes()).hexdigest()
    except FileNotFoundError:
        sys.exit(f"there is no lock file {lock}")


def pins(lock: Path) -> set[str]:
    return {line.split(";")[0].split()[0] for line in lock.read_text().splitlines() if "==" in line and not line.startswith((" ", "#"))}


if __name__ == "__main__":
    if len(sys.argv) != 3 and sys.argv[3:] != ["--packages-only"]:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]), ours=len(sys.argv) == 3)
