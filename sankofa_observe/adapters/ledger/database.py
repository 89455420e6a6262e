"""The database under the ledger: connections, transactions, its file, and the revision of its tables."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.exc import DatabaseError as SqlDatabaseError

from sankofa_observe.adapters.ledger.checksums import Unreadable
from sankofa_observe.adapters.ledger.file import LedgerFile
from sankofa_observe.adapters.ledger.records import where_is
from sankofa_observe.adapters.ledger.tables import REVISION, REVISIONS
from sankofa_observe.errors import InvalidInput, InvariantBroken, SankofaError, Unavailable, Unfit
from sankofa_observe.scope import EVERYBODY, OPERATOR, Scope

BUSY_SECONDS = 10
QUICKLY_CHECKED_BYTES = 64 * 2**20  # a larger file is checked by `ledger check` only: it is read to its end
_WRITES = {"sankofa_writes": True}
_LOCK = "SELECT pg_advisory_xact_lock(5340)"


class Database:
    """Transactions on a SQLAlchemy URL. Every one says who asks: PostgreSQL itself shows a tenant nothing of others."""

    def __init__(self, url: str, *, new: bool = True) -> None:
        """Without `new`, a file that is not there is told, and not made."""
        self.engine = _engine(url)
        self.url = _shown(self.engine.url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self.file: LedgerFile | None = None
        if self.is_sqlite:
            self.file = LedgerFile(_file(self.engine), new=new)
            event.listen(self.engine, "connect", _on_connect)
            event.listen(self.engine, "begin", _on_begin)
            event.listen(self.engine, "before_cursor_execute", _on_execute)

    def close(self) -> None:
        self.engine.dispose()

    def open(self, *, new: bool = True) -> None:
        """Check the file and the revision of its tables; make the tables of a new database, where it may be new.

        Raises:
            InvalidInput: it is damaged, or its tables are of another release; the text names the command that helps.
        """
        with self.reading() as connection:
            self._check_quickly(connection)
            found, empty = revision(connection), not inspect(connection).get_table_names()
        if found is None and empty and not new:
            raise InvalidInput(
                f"ledger {self.url}: it is empty; expected one that was served, see ledger_url in the settings"
            )
        if found is None and empty:
            self.upgrade()
        elif found != REVISION:
            raise InvalidInput(f"ledger {self.url}: {other_revision(found)}")

    def upgrade(self) -> str | None:
        """Bring the tables to `REVISION`, all or nothing, one process at a time; answers what they were at before."""
        with self.writing() as connection:
            if not self.is_sqlite:
                connection.exec_driver_sql(_LOCK)
            found = revision(connection)
            if found == REVISION:
                return found  # Alembic is a third of what opening a ledger costs, and has nothing to do
            known = found in REVISIONS if found is not None else not inspect(connection).get_table_names()
            if not known:
                raise InvalidInput(f"ledger {self.url}: {other_revision(found)}")
            from sankofa_observe.adapters.ledger.migrations import upgrade

            upgrade(connection)
            return found

    @contextmanager
    def reading(self, scope: Scope = OPERATOR) -> Iterator[Connection]:
        with self._telling(), self._reader().begin() as connection:
            self._show(connection, scope)
            yield connection

    def copy_into(self, file: Path) -> None:
        """All of it as it is at one moment, without what SQLite has beside the file."""
        with self.reading() as connection:  # that it is there, and whole enough to be read
            revision(connection)
        with self._telling():
            raw = self.engine.raw_connection()
            try:
                raw.cursor().execute("VACUUM INTO ?", (str(file),))
            except sqlite3.Error as error:
                raise Unavailable(f"ledger {self.url}: {error}; no backup was made, try again") from error
            finally:
                raw.close()

    def forget(self) -> bool:
        """Leave nothing of what was overwritten in the files of SQLite; False while somebody reads an older picture. A server sees to its own."""
        if not self.is_sqlite:
            return True
        with self._telling(), self.engine.connect() as connection:
            raw: Any = connection.connection.driver_connection
            try:
                busy, _, _ = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            except sqlite3.Error as error:
                raise Unavailable(f"ledger {self.url}: {error}; try again") from error
            return not busy

    def _reader(self) -> Engine:
        """One picture for all statements of a read: SQLite gives none else, PostgreSQL where it is asked for."""
        return self.engine if self.is_sqlite else self.engine.execution_options(isolation_level="REPEATABLE READ")

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with self._telling(), self.engine.execution_options(**_WRITES).begin() as connection:
            self._show(connection, OPERATOR)
            yield connection

    def _show(self, connection: Connection, scope: Scope) -> None:
        """Tell PostgreSQL whose rows this transaction may see; without it, it sees none."""
        if self.file:
            self.file.still_there()
        else:
            whose = EVERYBODY if scope.sees_all else scope.tenant
            connection.execute(text("SELECT set_config('sankofa.tenant', :whose, true)"), {"whose": whose})

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except Unreadable as error:
            raise damaged(self.url, str(error)) from error
        except UnicodeDecodeError as error:
            raise damaged(self.url, self._no_text(error)) from error
        except (UnicodeEncodeError, OverflowError) as error:
            raise InvalidInput(f"ledger: a value that no database holds ({error}); nothing was written") from error
        except IntegrityError as error:
            if not _is_double(error):
                raise InvariantBroken(f"ledger {self.url}: {error.orig}; nothing was written") from error
            # Another writer was quicker: the next run sees what it wrote.
            raise Unavailable(f"ledger: written by another process at the same time ({error.orig})") from error
        except DataError as error:
            raise InvalidInput(f"ledger {self.url}: {error.orig}; nothing was written") from error
        except SqlDatabaseError as error:
            raise self._told(error) from error
        except DBAPIError as error:
            raise Unavailable(f"ledger {self.url}: {error.orig}; nothing was written, try again") from error
        except SQLAlchemyError as error:  # every connection is taken, for one
            raise Unavailable(f"ledger {self.url}: {error}; nothing was written, try again") from error

    def _no_text(self, error: UnicodeDecodeError) -> str:
        """Where text stands that is no UTF-8; what SQLite says of the definition of a table stands in no row."""
        where = ""
        with suppress(SQLAlchemyError, UnicodeDecodeError), self.engine.connect() as connection, any_text(connection):
            where = where_is(connection, error.object)
        around = error.object[max(error.start - 20, 0) : error.start + 20]
        return f"{where or 'the definitions of its tables'}: {around!r} is no UTF-8"

    def _told(self, error: SqlDatabaseError) -> SankofaError:
        """What the database answered, by who has to act."""
        if _is_damage(error):
            return damaged(self.url, str(error.orig))
        if str(error.orig) == "integer overflow":  # of SQLite's sum(); it is the same at every try
            return InvariantBroken(f"ledger {self.url}: a sum is beyond {2**63 - 1}; nothing was written")
        if _is_gone(error):
            return Unfit(
                f"ledger {self.url}: {error.orig}: a table of this release was changed or removed; nothing was written. Restore the "
                "last backup, and see `sankofa-observe ledger check`"
            )
        return Unavailable(f"ledger {self.url}: {error.orig}; nothing was written, try again")

    def _check_quickly(self, connection: Connection) -> None:
        if self.file and self.file.path.stat().st_size <= QUICKLY_CHECKED_BYTES:
            found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
            if found != "ok":
                raise damaged(self.url, str(found))


def _file(engine: Engine) -> Path:
    name = engine.url.database
    if not name or name == ":memory:" or name.startswith("file:"):
        raise InvalidInput(
            f"ledger_url {_shown(engine.url)}: records in memory end with the process; expected the path of a file, like "
            "sqlite:////var/lib/sankofa/ledger.sqlite"
        )
    return Path(name)


def revision(connection: Connection) -> str | None:
    """What the tables are at, or None for a database without them."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = list(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())
    if len(found) > 1:
        raise Unfit(
            f"ledger {_shown(connection.engine.url)}: its table alembic_version names {len(found)} revisions, "
            f"{', '.join(map(repr, found))}, and no ledger has more than one: another program wrote to it; restore the last backup"
        )
    return found[0] if found else None


def other_revision(found: str | None) -> str:
    """What is wrong with tables that are not of this release, and what helps."""
    if found is None:
        return "it has tables, and none of them says its revision: this is another program's database; name one that is empty"
    if found in REVISIONS:
        return f"its tables are at revision {found}, this release needs {REVISION}; run sankofa-observe ledger upgrade"
    return (
        f"its tables are at revision {found!r}, which this release does not know: it makes {REVISION}; install the release that made "
        "them, or restore a backup of this one"
    )


def damaged(url: str, why: str) -> Unfit:
    return Unfit(
        f"ledger {url} is damaged: {why}; nothing was written. Keep the file, restore the last backup, and see "
        "`sankofa-observe ledger check`"
    )


def _is_damage(error: SqlDatabaseError) -> bool:
    """SQLite says so with a plain DatabaseError; every kind of it that means something else is a subclass."""
    return type(error.orig) is sqlite3.DatabaseError


def _is_gone(error: SqlDatabaseError) -> bool:
    """Whether the tables are not those that we ask, which no waiting brings back; of that SQLite has no code but its most general one."""
    told = getattr(error.orig, "sqlite_errorname", "") or getattr(error.orig, "sqlstate", "")
    return told in {"SQLITE_ERROR", "42P01", "42703"}


def _is_double(error: IntegrityError) -> bool:
    """Whether a unique name was taken, and not a rule of the tables broken."""
    told = getattr(error.orig, "sqlite_errorname", "") or getattr(error.orig, "sqlstate", "")
    return told in {"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "23505"}


def _engine(url: str) -> Engine:
    """An engine for the URL; what is wrong with the setting is told without the password in it."""
    try:
        return create_engine(url)
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as error:
        scheme = url.partition(":")[0] if "://" in url else "no"
        raise InvalidInput(
            f"ledger_url: a {scheme} address of a database, {type(error).__name__}; expected one that is installed here, "
            "like sqlite:////var/lib/sankofa/ledger.sqlite or postgresql+psycopg://user@host/database"
        ) from None


def _shown(url: URL) -> str:
    """Where it is; a password may stand in the userinfo and in the query alike."""
    place = URL.create(url.drivername, host=url.host, port=url.port, database=url.database)
    return place.render_as_string()


@contextmanager
def any_text(connection: Connection) -> Iterator[None]:
    """Read text that is no UTF-8 as well: each byte that is none becomes a surrogate, which no text that was written has."""
    driver: Any = connection.connection.driver_connection
    is_sqlite = connection.dialect.name == "sqlite"
    if is_sqlite:
        driver.text_factory = partial(bytes.decode, errors="surrogateescape")
    try:
        yield
    finally:
        if is_sqlite:
            driver.text_factory = bytes.decode


def _on_connect(connection: Any, _: Any) -> None:
    """Transactions are begun by us; WAL lets the API read while the scheduler writes; FULL keeps a row over a power cut."""
    connection.isolation_level = None
    connection.text_factory = bytes.decode  # raises UnicodeDecodeError with the text itself, by which its row is found
    # What a row was before it was erased is overwritten in the file (secure_delete).
    for pragma in (f"busy_timeout={BUSY_SECONDS * 1000}", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")
    _write_ahead(connection)


def _on_begin(connection: Connection) -> None:
    """Who writes takes the lock at once: a reader that becomes a writer would be refused without waiting."""
    writes = connection.get_execution_options().get("sankofa_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _on_execute(_: Any, __: Any, ___: str, parameters: Any, *____: Any) -> None:
    """A text with NUL is none on PostgreSQL, asked for or written; here it would be taken."""
    every = parameters if isinstance(parameters, list) else [parameters]
    if any(isinstance(value, str) and "\0" in value for row in every for value in row):
        raise InvalidInput("ledger: a text with the character NUL, which no database holds; nothing was written")


def _write_ahead(connection: Any) -> Any:
    """Turned on once in a file's life, and while another turns it on SQLite answers "locked" without its busy timeout."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            return connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.02)
