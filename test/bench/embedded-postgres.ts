/**
 * A program, not a test: prints the address of an empty database on the tests' own PostgreSQL, keeps the server
 * while its input is open, and then ends it. For `npm run bench -- … --store postgres` without DATABASE_URL.
 */
import { createDatabase, stopPostgres } from '../support/postgres.ts';

console.log(await createDatabase('bench'));
process.stdin.resume();
process.stdin.once('end', () => void stopPostgres());
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stopPostgres());
