/** The search attributes of sagas in Temporal: an unregistered one would fail every workflow task. */
import type { NativeConnection } from '@temporalio/worker';
import proto from '@temporalio/proto';

const { INDEXED_VALUE_TYPE_KEYWORD, INDEXED_VALUE_TYPE_DATETIME } =
  proto.temporal.api.enums.v1.IndexedValueType;

/** Names and types as workflows/messages.ts has them. */
const ATTRIBUTES = {
  WardenStatus: INDEXED_VALUE_TYPE_KEYWORD,
  WardenNamespace: INDEXED_VALUE_TYPE_KEYWORD,
  WardenSaga: INDEXED_VALUE_TYPE_KEYWORD,
  WardenProject: INDEXED_VALUE_TYPE_KEYWORD,
  WardenStep: INDEXED_VALUE_TYPE_KEYWORD,
  WardenDue: INDEXED_VALUE_TYPE_DATETIME,
};

/** Registers the missing ones. Rejects, naming them and what to do, when this process may not. */
export async function ensureAttributes(
  connection: Pick<NativeConnection, 'operatorService'>,
  { namespace }: { namespace: string },
): Promise<void> {
  const missing = await missingAttributes(connection, namespace).catch(() => Object.keys(ATTRIBUTES));
  if (missing.length === 0) return;
  const searchAttributes = Object.fromEntries(
    Object.entries(ATTRIBUTES).filter(([name]) => missing.includes(name)),
  );
  try {
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
  } catch (error) {
    // Another worker process may have been faster.
    if ((await missingAttributes(connection, namespace).catch(() => missing)).length === 0) return;
    const why = error instanceof Error ? error.message : String(error);
    const flags = missing.map(
      (name) => `--name ${name} --type ${name === 'WardenDue' ? 'Datetime' : 'Keyword'}`,
    );
    throw new Error(
      `the search attributes ${missing.join(', ')} are not registered in namespace ${namespace} and could not be ` +
        `added (${why}); let an operator run: temporal operator search-attribute create ${flags.join(' ')}`,
      { cause: error },
    );
  }
}

async function missingAttributes(
  connection: Pick<NativeConnection, 'operatorService'>,
  namespace: string,
): Promise<string[]> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return Object.keys(ATTRIBUTES).filter((name) => !(name in customAttributes));
}
