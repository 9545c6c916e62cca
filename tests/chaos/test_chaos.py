"""Whatever is killed, filled or damaged: the study ends as if nothing had been, and no label is bought again."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from chaos.harness import Chaos, Place

TIMES = {"quick": 3, "slow": 14}
"""Disturbances of one story."""


def disturb_drivers(chaos: Chaos, chance: random.Random, times: int) -> None:
    """The driver is killed, again and again; between two runs, at times, things are damaged."""
    while times > 0:
        with chaos.nothing_lost():
            driver = chaos.start()
            if not chaos.await_progress(driver, chance.randint(1, 12)):
                chaos.ended(driver, [0])
                chaos.note("to its end")
                chaos.damage(chance)
                times -= 1
                continue
            time.sleep(chance.choice([0, 0, 0.02, 0.1]))
            number = chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
            chaos.kill_driver(driver, number)
        times -= 1
        if chance.random() < 0.5:
            chaos.check_nobody_left()
        if chance.random() < 0.5:
            chaos.damage(chance)
            times -= 1


def disturb_workers(chaos: Chaos, chance: random.Random, times: int) -> None:
    """Workers and what keeps them are killed under a driver that goes on."""
    while times > 0:
        with chaos.nothing_lost():
            driver = chaos.start()
            while times > 0 and chaos.await_progress(driver, chance.randint(0, 8)):
                time.sleep(chance.choice([0, 0, 0.02, 0.1]))
                before = len(chaos.happened)
                chaos.kill_one(driver, chance)
                times -= len(chaos.happened) - before
            chaos.ended(driver, [0])
        if times > 0:
            chaos.damage(chance)
            times -= 1


STORIES = {"drivers": disturb_drivers, "workers": disturb_workers}


def tell(peace: Chaos, folder: Path, place: Place, story: str, seed: int, times: int) -> None:
    chaos = Chaos(folder, place)
    chaos.note(f"{story}, seed {seed}")
    STORIES[story](chaos, random.Random(seed), times)
    chaos.to_the_end()
    chaos.check_end(peace)


@pytest.mark.parametrize("story", STORIES)
def test_a_few_disturbances(peace: Chaos, tmp_path: Path, place: Place, story: str) -> None:
    tell(peace, tmp_path, place, story, 1, TIMES["quick"])


@pytest.mark.slow
@pytest.mark.parametrize("seed", [11, 12])
@pytest.mark.parametrize("story", STORIES)
def test_many_disturbances(peace: Chaos, tmp_path: Path, place: Place, story: str, seed: int) -> None:
    tell(peace, tmp_path, place, story, seed, TIMES["slow"])


@pytest.mark.slow
@pytest.mark.parametrize("seed", [21, 22, 23])
def test_two_drivers_of_one_store(peace: Chaos, tmp_path: Path, place: Place, seed: int) -> None:
    """Both run to their ends, or one is killed and the other finishes."""
    chance = random.Random(seed)
    chaos = Chaos(tmp_path, place)
    chaos.note(f"two drivers, seed {seed}")
    one = chaos.start()
    chaos.await_progress(one, chance.randint(0, 20))
    other = chaos.start()
    if seed % 2 and chaos.await_progress(one, chance.randint(1, 15)):
        chaos.kill_driver(one, chance.choice([signal.SIGKILL, signal.SIGTERM]))
    else:
        chaos.ended(one, [0])
    chaos.ended(other, [0])
    chaos.to_the_end()
    chaos.check_end(peace)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [31, 32])
def test_a_disk_that_is_full_again_and_again(peace: Chaos, place: Place, seed: int, small_disk: Path) -> None:
    chance = random.Random(seed)
    subprocess.run(["mount", "-o", "remount,size=16m", small_disk], check=True)
    chaos = Chaos(small_disk, place)
    chaos.note(f"a full disk, seed {seed}")
    ballast = small_disk / "ballast"
    for _ in range(5):
        room = 4096 * chance.randint(0, 40)
        free = int(subprocess.check_output(["df", "--output=avail", "-B1", small_disk], text=True).split()[1])
        with ballast.open("wb") as file:
            file.write(bytes(max(0, free - room)))
        with chaos.nothing_lost():
            driver = chaos.start()
            said = chaos.ended(driver, [0, 2])
            chaos.may_be_twice += 2
            chaos.note(f"{room} bytes free: {driver.returncode}")
            if driver.returncode:
                assert "the disk is full" in said, chaos.told(said)
            ballast.unlink()
    chaos.to_the_end()
    chaos.check_end(peace)
