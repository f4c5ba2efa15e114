import type { ClientBase } from 'pg'

/** Any number will do, as long as every server that prepares a schema takes the same. */
const MIGRATION_LOCK = 7_210_341

/**
 * Makes the one table and its indexes, once for all servers that start together. Keys are compared by their bytes
 * (`COLLATE "C"`), so that lists have the order of every other driver.
 */
export async function prepareSchema(client: ClientBase, schema: string): Promise<void> {
  await client.query('BEGIN')
  await client.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK])
  await client.query(`
    CREATE SCHEMA IF NOT EXISTS "${schema}";
    CREATE TABLE IF NOT EXISTS "${schema}".vapor_record (
      key text COLLATE "C" PRIMARY KEY, value text NOT NULL, version bigint NOT NULL, expires bigint
    );
    CREATE INDEX IF NOT EXISTS vapor_record_expires ON "${schema}".vapor_record (expires) WHERE expires IS NOT NULL;
    CREATE SEQUENCE IF NOT EXISTS "${schema}".vapor_version;
  `)
  await client.query('COMMIT')
}
