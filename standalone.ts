/** Process entry: HTTP interface, worker and delivery in one process, on the embedded store. */
import { startApi } from './api/listen.ts';
import { createCrash } from './processes/crash.ts';
import { installRuntime } from './processes/poll.ts';
import { runProcess } from './processes/run.ts';
import { startDelivery } from './processes/start-delivery.ts';
import { startWorker } from './processes/start-worker.ts';
import { openStore } from './store/store.ts';

await runProcess('standalone', async (settings, env, log) => {
  installRuntime(log);
  const store = await openStore({ url: settings.databaseUrl ?? undefined, directory: settings.dataDir });
  const crash = createCrash(settings.crashPoint);
  const delivery = startDelivery(settings.temporal, { store, crash, log });
  const { roots, stdioAllow } = settings;
  const api = await startApi(settings, { store, roots, stdioAllow, temporal: delivery.temporal, log });
  log.info({ url: api.url }, `api ready on ${api.url}`);
  const worker = startWorker(settings, { store, env, dist: import.meta.dirname, crash, log });
  void worker.ready.then(() => log.info({}, 'worker ready'));
  return {
    failed: worker.ended,
    stop: async () => {
      await api.stop();
      await worker.stop();
      await delivery.stop();
      await store.close();
    },
  };
});
