/** Process entry: HTTP interface, worker and delivery in one process, on the embedded store. */
import { createCrash } from './processes/crash.ts';
import { runProcess } from './processes/run.ts';
import { startHttp } from './processes/start-http.ts';

await runProcess('standalone', async (settings, env, log) => {
  const crash = createCrash(settings.crashPoint);
  const opened = { url: settings.databaseUrl ?? undefined, directory: settings.dataDir };
  const http = await startHttp(settings, { opened, crash, log });
  // Loaded when it listens: the worker's libraries take as long as everything before.
  const [{ installRuntime }, { startWorker }] = await Promise.all([
    import('./processes/poll.ts'),
    import('./processes/start-worker.ts'),
  ]);
  installRuntime(log);
  const { store } = http;
  const worker = startWorker(settings, { store, env, dist: import.meta.dirname, crash, log });
  void worker.ready.then(() => log.info({}, 'worker ready'));
  return {
    failed: worker.ended,
    stop: async () => {
      await http.stopListening();
      await worker.stop();
      await http.stop();
    },
  };
});
