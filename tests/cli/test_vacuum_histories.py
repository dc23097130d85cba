"""Random days of two shops, of which one is vacuumed now and then: they go on alike, and kept releases never change."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.test_corner_shop import PIPELINE
from tests.cli.test_vacuum import Seen, assert_same_release, at_time, rows_of
from tests.lake import new_lake
from tests.pipelines.corner_shop_data import write_transactions
from tests.warehouse import assert_swept, mains, readable


@pytest.mark.parametrize("seed", [pytest.param(seed, marks=() if seed < 2 else pytest.mark.slow) for seed in range(16)])
def test_a_lake_that_was_vacuumed_now_and_then_goes_on_as_one_that_never_was(tmp_path: Path, seed: int) -> None:
    """Random days of two shops: one is vacuumed. Days pass between commands, and limits are small."""
    Twins(tmp_path, random.Random(seed)).live(14)


class Twins:
    """Two lakes that get the same commands, and a record of what each release of the vacuumed one held."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.chance = chance
        self.now = datetime.now(UTC)
        self.swept, self.plain = (new_lake(folder / name, PIPELINE) for name in ("swept", "plain"))
        self.rows = 0
        self.seen: Seen = {}

    def live(self, days: int) -> None:
        self.ingest()
        self.both("run-batch", "--promote")
        commands = [self.ingest, self.run, self.publish, self.rollback, self.withdraw, self.vacuum]
        for command in self.chance.choices(commands, weights=[3, 4, 2, 2, 1, 3], k=days):
            self.now += timedelta(days=self.chance.choice((0, 1, 3)), minutes=1)
            command()
        self.vacuum()
        self.now += timedelta(minutes=1)  # run ids sort by time
        self.ingest()
        self.both("run-batch", "--full-refresh", "--promote")

    def both(self, *words: str) -> None:
        """The same command on both; where the one has vacuumed what it asks for, it is refused, and not asked of the
        other.
        """
        mine = at_time(self.swept, self.now)(*words)
        if "vacuumed on" in mine.stderr:
            assert mine.exit_code == 3
            return
        other = at_time(self.plain, self.now)(*words)
        assert mine.exit_code == other.exit_code, (words, mine.stderr, other.stderr)
        assert mine.exit_code in (0, 2, 3), mine.stderr  # 2: a file is withdrawn already
        release = self.swept.release
        assert release.name == self.plain.release.name
        if release.number and release.name not in self.seen:
            self.seen[release.name] = rows_of(self.swept, release.name)
            assert_same_release(self.plain, release.name, self.seen[release.name], of_run=False)

    def ingest(self) -> None:
        count = self.chance.choice((40, 80))
        file = f"vendas{self.rows}.csv"
        for lake in (self.swept, self.plain):
            write_transactions(lake.folder / file, count, first_row=self.rows)
            if self.rows % 3 == 0:
                with (lake.folder / file).open("ab") as out:
                    out.write(b"not;a;receipt\r\n")
        self.rows += count
        self.both("ingest", file)

    def run(self) -> None:
        layer = self.chance.choice(("all", "all", "silver"))
        self.both("run-batch", layer, *self.chance.choice(((), ("--promote",), ("--promote",), ("--full-refresh",))))

    def publish(self) -> None:
        self.both("promote", self.chance.choice(("all", "silver", "gold")))

    def rollback(self) -> None:
        to = self.chance.choice(self.swept.ledger.releases()).name
        self.both(
            "rollback", self.chance.choice(("all", "all", "silver", "gold")), *self.chance.choice(((), ("--to", to)))
        )

    def withdraw(self) -> None:
        receipts = [receipt for ingest in self.swept.ledger.ingests() for receipt in ingest.receipts]
        self.both("withdraw", self.chance.choice(receipts).name)

    def vacuum(self) -> None:
        keep, days = self.chance.randint(1, 3), self.chance.choice((0, 2, 6))
        before, bronze = mains(self.swept), sorted((self.swept.root / "bronze").rglob("*"))
        releases, had = self.swept.ledger.releases(), set(readable(self.swept))
        words = ("vacuum", "--keep-releases", str(keep), "--keep-days", str(days), "--grace", "0", "--yes")
        done = at_time(self.swept, self.now + timedelta(hours=1))(*words)
        assert done.exit_code == 0, done.stderr
        assert mains(self.swept) == before and sorted((self.swept.root / "bronze").rglob("*")) == bronze
        left = set(readable(self.swept))
        young = {each.name for each in releases if self.now - each.at <= timedelta(days=days) - timedelta(hours=1)}
        assert ({each.name for each in releases[-keep:]} | young) & had <= left <= had
        for name in left:
            assert_same_release(self.swept, name, self.seen[name])
        for name in had - left:
            refused = at_time(self.swept, self.now)("query", "--as-of", name, "SELECT 1 FROM silver.transactions")
            assert refused.exit_code == 3 and "vacuumed on" in refused.stderr
        assert_swept(self.swept)
