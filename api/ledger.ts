/** The ledger, one sealed entry a line. */
import { exportLedger } from '../store/export.ts';
import type { Store } from '../store/store.ts';
import { exportQuery, sealedEntry } from './contract-ledger.ts';
import { lineRoute, none, type Route } from './route.ts';

export function ledgerRoutes(store: Store): Route[] {
  return [
    lineRoute({
      method: 'get',
      path: '/v1/ledger/export',
      summary: 'Export the ledger in order, one entry a line',
      operation: 'exportLedger',
      status: 200,
      params: none,
      query: exportQuery,
      body: none,
      type: 'application/x-ndjson',
      line: sealedEntry,
      run: async function* ({ query }) {
        const wanted = {
          namespace: query.namespace ?? null,
          traceId: query.trace_id ?? null,
          afterSeq: query.after_seq,
        };
        for await (const entry of exportLedger(store, wanted)) yield `${JSON.stringify(entry)}\n`;
      },
    }),
  ];
}
