/** JSON on its way into a jsonb column: always text with a cast, so that both drivers read it alike. */
import { sql, type RawBuilder } from 'kysely';

/** A value as a jsonb parameter; null becomes SQL NULL. Text that PostgreSQL cannot hold must be cleaned before. */
export function asJson<T>(value: T): RawBuilder<T extends null ? null : string> {
  return value === null ? sql`null::jsonb` : sql`${JSON.stringify(value)}::text::jsonb`;
}
