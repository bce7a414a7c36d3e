import { Client } from 'pg';

/** Every row of every table, as text. */
export const storedRows = async (url: string): Promise<{ table: string; text: string }[]> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ table: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS table FROM pg_tables
       WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
    );
    const found: { table: string; text: string }[] = [];
    for (const { table } of tables) {
      const { rows } = await client.query<{ text: string }>(`SELECT t::text AS text FROM ${table} t`);
      for (const { text } of rows) found.push({ table, text: `${text} ${decoded(text)}` });
    }
    return found;
  } finally {
    await client.end();
  }
};

/** What stands in columns of bytes, which a row as text shows in hex. */
const decoded = (text: string): string =>
  (text.match(/\\\\x[0-9a-f]+/g) ?? []).map((hex) => Buffer.from(hex.slice(3), 'hex').toString('latin1')).join(' ');
