/** Process entry: the HTTP interface, and delivery of what it accepts. */
import { createCrash } from '../processes/crash.ts';
import { runProcess } from '../processes/run.ts';
import { startHttp } from '../processes/start-http.ts';

await runProcess('api', async (settings, _env, log) => {
  const url = settings.databaseUrl;
  if (url === null) {
    throw new Error(
      'expected DATABASE_URL: the embedded store belongs to one process, so it runs with "npm run start:standalone"',
    );
  }
  const http = await startHttp(settings, { opened: { url }, crash: createCrash(settings.crashPoint), log });
  return {
    failed: new Promise<void>(() => undefined),
    stop: async () => {
      await http.stopListening();
      await http.stop();
    },
  };
});
