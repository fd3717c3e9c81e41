/** What every process that has a store does beside its own work: tells Temporal of requests, and seals the ledger. */
import { Client, Connection } from '@temporalio/client';
import { createDelivery } from '../delivery/delivery.ts';
import { temporalState } from '../delivery/readiness.ts';
import { RECONNECT } from '../delivery/temporal.ts';
import type { CrashPoint } from '../settings.ts';
import { startSealer } from '../store/sealer.ts';
import type { Store } from '../store/store.ts';

interface DeliveryLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface Delivering {
  temporal(): Promise<{ reachable: boolean; workers: number }>;
  stop(): Promise<void>;
}

/** Starts without waiting for Temporal: what cannot be told now is told when it is there. */
export function startDelivery(
  temporal: { address: string; namespace: string; taskQueue: string },
  parts: { store: Store; crash: (point: CrashPoint) => void; log: DeliveryLog },
): Delivering {
  const { address, namespace, taskQueue } = temporal;
  const connection = Connection.lazy({ address, channelArgs: RECONNECT });
  const client = new Client({ connection, namespace });
  const delivery = createDelivery({ ...parts, client, taskQueue });
  const sealer = startSealer(parts);
  delivery.start();
  return {
    temporal: () => temporalState(client, taskQueue),
    stop: async () => {
      await delivery.stop();
      await sealer.stop();
      await connection.close();
    },
  };
}
