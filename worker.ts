/** Process entry: a worker process, which polls Temporal and runs the activities of sagas. */
import { createCrash } from './processes/crash.ts';
import { installRuntime } from './processes/poll.ts';
import { runProcess } from './processes/run.ts';
import { startDelivery } from './processes/start-delivery.ts';
import { startWorker } from './processes/start-worker.ts';
import { openStore } from './store/store.ts';

await runProcess('worker', async (settings, env, log) => {
  const url = settings.databaseUrl;
  if (url === null) {
    throw new Error(
      'expected DATABASE_URL: the embedded store belongs to one process, so it runs with "npm run start:standalone"',
    );
  }
  installRuntime(log);
  const store = await openStore({ url, connections: settings.worker.connections });
  const crash = createCrash(settings.crashPoint);
  const delivery = startDelivery(settings.temporal, { store, crash, log });
  const worker = startWorker(settings, { store, env, dist: import.meta.dirname, crash, log });
  void worker.ready.then(() => log.info({}, 'worker ready'));
  return {
    failed: worker.ended,
    stop: async () => {
      await worker.stop();
      await delivery.stop();
      await store.close();
    },
  };
});
