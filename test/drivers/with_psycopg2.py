# Calls migrate.apply() through psycopg2.  The server is that of PGHOST and so on.

import sys

import psycopg2


def print_rows(rows):
    for version, state in rows:
        print("row:", version, state, flush=True)


def apply():
    conn = psycopg2.connect("")
    conn.autocommit = True
    cur = conn.cursor()
    cur.execute("SELECT version, state FROM migrate.apply()")
    rows = cur.fetchall()
    for notice in conn.notices:
        print(notice.replace("NOTICE:  ", "notice: "), end="")
    print_rows(rows)


def target(*versions):
    conn = psycopg2.connect("")
    conn.autocommit = True
    cur = conn.cursor()
    for version in versions:
        cur.execute("SELECT version, state FROM migrate.apply(%s)", [version])
        print_rows(cur)


def transaction():
    conn = psycopg2.connect("")
    cur = conn.cursor()
    cur.execute("SELECT version, state FROM migrate.apply()")
    print_rows(cur)
    conn.rollback()
    cur.execute("SELECT version, state FROM migrate.apply()")
    print_rows(cur)
    conn.commit()


def block():
    conn = psycopg2.connect("")
    conn.autocommit = True
    with conn, conn.cursor() as cur:
        cur.execute("SELECT version, state FROM migrate.apply()")
        print_rows(cur)


pooled = apply

try:
    globals()[sys.argv[1]](*sys.argv[2:])
except psycopg2.Error as error:
    print("error:", error.pgcode, error.diag.message_primary)
    print("hint:", error.diag.message_hint)
print("end")
