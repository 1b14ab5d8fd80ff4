"""Database migrations in a change, and whether there is a way back."""

import pytest

from aqe.agents.deployment_readiness.migrations import is_migration, migrations_in
from aqe.core.records.decisions.rollback_plan import Migration, Way

ALEMBIC = "def upgrade():\n    op.add_column('a', x)\n\ndef downgrade() -> None:\n    "


def one(path: str, text: str | None, *others: str) -> Migration:
    (found,) = migrations_in({path: text}, others)
    return found


@pytest.mark.parametrize(
    ("path", "tool"),
    [
        ("alembic/versions/3f_add.py", "alembic"),
        ("shop/migrations/versions/3f_add.py", "alembic"),
        ("shop/migrations/0002_price.py", "django"),
        ("db/migrate/20260101120000_add_price.rb", "rails"),
        ("src/main/resources/db/migration/V2__price.sql", "flyway"),
        ("prisma/migrations/20260101_price/migration.sql", "prisma"),
        ("db/changelog.xml", "liquibase"),
        ("migrations/20260101120000-price.js", "knex"),
        ("db/000002_price.up.sql", "golang-migrate"),
        ("migrations/2_price.sql", "sql"),
    ],
)
def test_a_migration_is_told_by_its_path(path: str, tool: str) -> None:
    assert one(path, None).tool == tool


@pytest.mark.parametrize(
    "path",
    ["shop/migrations/__init__.py", "CHANGELOG.md", "tests/test_migrations.py", "db/000002_price.down.sql", "a.sql"],
)
def test_other_files_are_none(path: str) -> None:
    assert not is_migration(path)


@pytest.mark.parametrize(
    ("path", "text", "way"),
    [
        ("alembic/versions/a.py", ALEMBIC + "op.drop_column('a', 'x')", Way.WRITTEN),
        ("alembic/versions/a.py", ALEMBIC + "pass", Way.EMPTY),
        ("alembic/versions/a.py", ALEMBIC + '"""No."""\n    pass', Way.EMPTY),
        ("alembic/versions/a.py", ALEMBIC + "raise NotImplementedError", Way.EMPTY),
        ("alembic/versions/a.py", "def upgrade(): ...", Way.MISSING),
        ("alembic/versions/a.py", None, Way.UNKNOWN),
        ("m/migrations/0001_a.py", "operations = [migrations.AddField(...)]", Way.WRITTEN),
        ("m/migrations/0001_a.py", "operations = [migrations.RunPython(forwards)]", Way.MISSING),
        ("m/migrations/0001_a.py", "migrations.RunPython(forwards, reverse_code=backwards)", Way.WRITTEN),
        ("db/migrate/1_a.rb", "def up\n drop_table :a\nend\n", Way.MISSING),
        ("db/migrate/1_a.rb", "def change\n add_column :a, :b\nend\n", Way.WRITTEN),
        ("db/migration/V1__a.sql", "CREATE TABLE a (id int);", Way.MISSING),
    ],
)
def test_the_way_back_is_read_from_the_file(path: str, text: str | None, way: Way) -> None:
    assert one(path, text).way_back is way


@pytest.mark.parametrize(
    ("path", "down"),
    [
        ("db/2_a.up.sql", "db/2_a.down.sql"),
        ("db/migration/V2__a.sql", "db/migration/U2__a.sql"),
        ("migrations/2_a.sql", "migrations/2_a.down.sql"),
    ],
)
def test_the_way_back_may_be_a_file_of_its_own(path: str, down: str) -> None:
    assert one(path, "ALTER TABLE a ADD b int;", down).way_back is Way.WRITTEN
    assert one(path, "ALTER TABLE a ADD b int;").way_back is Way.MISSING


def test_what_would_be_thrown_away_is_named() -> None:
    assert one("alembic/versions/a.py", ALEMBIC + "op.drop_column('a', 'x')").loses == ("op.drop_column('a', 'x')",)
    assert one("db/migration/V1__a.sql", "DROP TABLE a; TRUNCATE b;").loses == ("DROP TABLE a", "TRUNCATE b")
