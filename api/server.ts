/** Process entry: the HTTP interface, and delivery of what it accepts. */
import { createCrash } from '../processes/crash.ts';
import { runProcess } from '../processes/run.ts';
import { startDelivery } from '../processes/start-delivery.ts';
import { openStore } from '../store/store.ts';
import { startApi } from './listen.ts';

await runProcess('api', async (settings, _env, log) => {
  const url = settings.databaseUrl;
  if (url === null) {
    throw new Error(
      'expected DATABASE_URL: the embedded store belongs to one process, so it runs with "npm run start:standalone"',
    );
  }
  const store = await openStore({ url });
  const crash = createCrash(settings.crashPoint);
  const delivery = startDelivery(settings.temporal, { store, crash, log });
  const { roots, stdioAllow } = settings;
  const api = await startApi(settings, { store, roots, stdioAllow, temporal: delivery.temporal, log });
  log.info({ url: api.url }, `api ready on ${api.url}`);
  return {
    failed: new Promise<void>(() => undefined),
    stop: async () => {
      await api.stop();
      await delivery.stop();
      await store.close();
    },
  };
});
