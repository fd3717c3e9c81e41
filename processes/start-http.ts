/**
 * The HTTP side of a process: the store, the interface, and delivery. What takes long is done at once: the store opens
 * while the interface is loaded, and Temporal's client is loaded when the interface answers already. What is accepted
 * meanwhile is a row, which delivery finds.
 */
import type { Logger } from 'pino';
import type { CrashPoint, Settings } from '../settings.ts';
import { openStore, type Store, type StoreOptions } from '../store/store.ts';
import type { Delivering } from './start-delivery.ts';

export interface Http {
  store: Store;
  /** Takes no more requests; those under way are answered. */
  stopListening(): Promise<void>;
  /** Ends delivery and closes the store. */
  stop(): Promise<void>;
}

/** Rejects when the store cannot be opened or the port is taken; nothing is left open then. */
export async function startHttp(
  settings: Settings,
  parts: { opened: StoreOptions; crash: (point: CrashPoint) => void; log: Logger },
): Promise<Http> {
  const { opened, crash, log } = parts;
  const [store, { startApi }] = await Promise.all([openStore(opened), import('../api/listen.ts')]);
  let told = (_delivery: Delivering): void => undefined;
  const delivering = new Promise<Delivering>((resolve) => {
    told = resolve;
  });
  const { roots, stdioAllow } = settings;
  const temporal = async () => (await delivering).temporal();
  try {
    const api = await startApi(settings, { store, roots, stdioAllow, temporal, log });
    log.info({ url: api.url }, `api ready on ${api.url}`);
    const { startDelivery } = await import('./start-delivery.ts');
    const delivery = startDelivery(settings.temporal, { store, crash, log });
    told(delivery);
    return {
      store,
      stopListening: () => api.stop(),
      stop: async () => {
        await delivery.stop();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}
