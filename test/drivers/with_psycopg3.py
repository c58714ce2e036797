# Calls migrate.apply() through psycopg 3.  The server is that of PGHOST and so on.

import sys

import psycopg


def print_notice(notice):
    print("notice:", notice.message_primary, flush=True)


def print_rows(rows):
    for version, state in rows:
        print("row:", version, state, flush=True)


def apply():
    conn = psycopg.connect(autocommit=True)
    conn.add_notice_handler(print_notice)
    rows = conn.execute("SELECT version, state FROM migrate.apply()").fetchall()
    print_rows(rows)


# one session for all, so that the statement is prepared in the server
def target(*versions):
    conn = psycopg.connect(autocommit=True)
    for version in versions:
        rows = conn.execute("SELECT version, state FROM migrate.apply(%s)", [version], prepare=True)
        print_rows(rows)


def transaction():
    conn = psycopg.connect()
    rows = conn.execute("SELECT version, state FROM migrate.apply()").fetchall()
    print_rows(rows)
    conn.rollback()
    print_rows(conn.execute("SELECT version, state FROM migrate.apply()"))
    conn.commit()


def block():
    conn = psycopg.connect(autocommit=True)
    with conn.transaction():
        print_rows(conn.execute("SELECT version, state FROM migrate.apply()"))


def cursor():
    conn = psycopg.connect(autocommit=True)
    with conn.cursor("name", withhold=True) as rows:
        print_rows(rows.execute("SELECT version, state FROM migrate.apply()"))


def pipeline_first():
    conn = psycopg.connect(autocommit=True)
    conn.add_notice_handler(print_notice)
    with conn.pipeline():
        rows = conn.execute("SELECT version, state FROM migrate.apply()")
        conn.execute("SELECT 1")
    print_rows(rows)


def pipeline_second():
    conn = psycopg.connect(autocommit=True)
    with conn.pipeline():
        conn.execute("SELECT 1")
        rows = conn.execute("SELECT version, state FROM migrate.apply()")
    print_rows(rows)


def pooled():
    conn = psycopg.connect(autocommit=True, prepare_threshold=None)
    for i in range(10):
        print_rows(conn.execute("SELECT version, state FROM migrate.apply(%s)", [None]))


try:
    globals()[sys.argv[1]](*sys.argv[2:])
except psycopg.Error as error:
    print("error:", error.sqlstate, error.diag.message_primary)
    print("hint:", error.diag.message_hint)
print("end")
