/**
 * The HTTP side of a process: the store, the interface, and delivery. What takes long is done at once: the store opens
 * while the interface is loaded, and Temporal's client is loaded when the interface answers already. What is accepted
 * meanwhile is a row, which delivery finds.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { CrashPoint, Settings } from '../settings.ts';
import type { Store, StoreOptions } from '../store/store.ts';
import type { Delivering } from './start-delivery.ts';

export interface Http {
  store: Store;
  /** Takes no more requests; those under way are answered. */
  stopListening(): Promise<void>;
  /** Ends delivery and closes the store. */
  stop(): Promise<void>;
}

interface HttpParts {
  opened: StoreOptions;
  crash: (point: CrashPoint) => void;
  log: Logger;
}

/** Rejects when the store cannot be opened or the port is taken; nothing is left open then. */
export async function startHttp(settings: Settings, parts: HttpParts): Promise<Http> {
  sayWhatIsCreated(parts);
  const [store, { startApi }] = await Promise.all([open(parts.opened), import('../api/listen.ts')]);
  try {
    return await serve(settings, parts, store, startApi);
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Nothing else is said in these seconds. */
function sayWhatIsCreated({ opened: { url, directory }, log }: HttpParts): void {
  if (url !== undefined || !directory || existsSync(join(directory, 'PG_VERSION'))) return;
  log.info(
    { directory },
    `creating the embedded store in ${directory}, which takes some seconds the first time`,
  );
}

async function open(options: StoreOptions): Promise<Store> {
  const { openStore } = await import('../store/store.ts');
  return await openStore(options);
}

async function serve(
  settings: Settings,
  { crash, log }: HttpParts,
  store: Store,
  startApi: typeof import('../api/listen.ts').startApi,
): Promise<Http> {
  const { roots, stdioAllow } = settings;
  let tell = (_delivery: Delivering): void => undefined;
  const delivering = new Promise<Delivering>((resolve) => {
    tell = resolve;
  });
  const temporal = async () => (await delivering).temporal();
  const api = await startApi(settings, { store, roots, stdioAllow, temporal, log });
  log.info({ url: api.url }, `api ready on ${api.url}`);
  try {
    const [{ startDelivery }, { loadAll }] = await Promise.all([
      import('./start-delivery.ts'),
      import('../api/on-demand.ts'),
    ]);
    const delivery = startDelivery(settings.temporal, { store, crash, log });
    tell(delivery);
    void loadAll().catch((error: unknown) =>
      log.error({ err: error }, 'a part of the interface could not be loaded'),
    );
    return {
      store,
      stopListening: () => api.stop(),
      stop: async () => {
        await delivery.stop();
        await store.close();
      },
    };
  } catch (error) {
    await api.stop();
    throw error;
  }
}
