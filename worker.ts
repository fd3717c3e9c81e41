/** Process entry: a worker process, which polls Temporal and runs the activities of sagas. */
import { createCrash } from './processes/crash.ts';
import { runProcess } from './processes/run.ts';

await runProcess('worker', async (settings, env, log) => {
  const url = settings.databaseUrl;
  if (url === null) {
    throw new Error(
      'expected DATABASE_URL: the embedded store belongs to one process, so it runs with "npm run start:standalone"',
    );
  }
  // The store is opened while the libraries are loaded: it waits for PostgreSQL, they for the processor.
  const { openStore } = await import('./store/store.ts');
  const [store, { installRuntime }, { startDelivery }, { startWorker }] = await Promise.all([
    openStore({ url, connections: settings.worker.connections }),
    import('./processes/poll.ts'),
    import('./processes/start-delivery.ts'),
    import('./processes/start-worker.ts'),
  ]);
  installRuntime(log);
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
