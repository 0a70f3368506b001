"""The lock of a dataset: a collection that fails removes what it has created, and nothing else."""

import contextlib
import threading

from dynax.data import locks


def test_a_failed_collection_keeps_the_folders_that_are_not_its_own(tmp_path):
    for keep in ("other", ".other.lock"):
        with contextlib.suppress(ValueError), locks.locked(tmp_path / "root" / "data"):
            (tmp_path / "root" / keep).touch()
            raise ValueError
    assert sorted(path.name for path in (tmp_path / "root").iterdir()) == [".other.lock", "other"]
    with locks.locked(tmp_path / "root" / "data"):
        pass
    assert (tmp_path / "root").exists()


def test_a_waiting_process_locks_again_after_a_failed_collection(tmp_path):
    """The failed collection removes the lock file and the folder, for which the other one waits."""
    path, held = tmp_path / "root" / "data", threading.Event()

    def wait():
        with locks.locked(path):
            held.set()
            path.mkdir()

    waiting = threading.Thread(target=wait)
    with locks.locked(path):
        waiting.start()
        assert not held.wait(0.3)
    waiting.join(60)
    assert held.is_set()
    assert path.exists()
