# Calls migrate.apply() through asyncpg.  The server is that of PGHOST and so on.

import asyncio
import sys

import asyncpg


def print_notice(conn, notice):
    print("notice:", notice.message, flush=True)


def print_rows(rows):
    for version, state in rows:
        print("row:", version, state, flush=True)


async def apply():
    conn = await asyncpg.connect()
    conn.add_log_listener(print_notice)
    rows = await conn.fetch("SELECT version, state FROM migrate.apply()")
    print_rows(rows)
    # listeners are called from the loop
    await asyncio.sleep(0)


async def target(*versions):
    conn = await asyncpg.connect()
    for version in versions:
        print_rows(await conn.fetch("SELECT version, state FROM migrate.apply($1)", version))


async def transaction():
    conn = await asyncpg.connect()
    block = conn.transaction()
    await block.start()
    print_rows(await conn.fetch("SELECT version, state FROM migrate.apply()"))
    await block.rollback()
    async with conn.transaction():
        print_rows(await conn.fetch("SELECT version, state FROM migrate.apply()"))


# asks for one row only
async def one_row():
    conn = await asyncpg.connect()
    print_rows([await conn.fetchrow("SELECT version, state FROM migrate.apply()")])


async def pooled():
    conn = await asyncpg.connect(statement_cache_size=0)
    print_rows(await conn.fetch("SELECT version, state FROM migrate.apply()"))


async def main(case, *arguments):
    try:
        await globals()[case](*arguments)
    except asyncpg.PostgresError as error:
        print("error:", error.sqlstate, error.message)
        print("hint:", error.hint)
    print("end")


asyncio.run(main(*sys.argv[1:]))
