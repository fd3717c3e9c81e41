/** `./temporal-dev.sh`: the development stack, until Ctrl-C. */
import { join } from 'node:path';
import { deployExamples } from './dev-deploy.mjs';
import { followLogs } from './dev-logs.mjs';
import { root } from './dev-prepare.mjs';
import { createStack, throwWhenEnded } from './dev-stack.mjs';
import { stopOnSignals } from './dev-signals.mjs';
import { notesSettings, seedExamples } from './dev-notes.mjs';

const say = (line) => console.log(line);

/** @returns {Promise<number>} exit code */
export async function up() {
  const { loadEnvironment, readSettings } = await import('../dist/settings.js');
  const env = loadEnvironment(root);
  const settings = readSettings(env);
  const state = join(root, '.warden');
  const notes = notesSettings(state, env);
  const stack = createStack(
    {
      state,
      host: settings.api.host,
      ports: { api: settings.api.port, temporal: settings.temporal.port, ui: settings.temporal.uiPort },
      postgres: settings.databaseUrl !== null,
      env: { ...env, ...notes },
      prepare: () => seedExamples(notes),
    },
    say,
  );
  const signals = stopOnSignals(stack, say);
  try {
    await stack.start();
    say('Deploying the examples of config/:');
    await deployExamples(stack.api, say);
    greet(stack, settings, notes);
    return await follow(stack, signals);
  } catch (error) {
    if (signals.received() !== null) return 0;
    throw error;
  } finally {
    await stack.stop();
    signals.forget();
  }
}

function greet(stack, settings, notes) {
  const store = settings.databaseUrl === null ? 'embedded, in .warden/data' : 'PostgreSQL (DATABASE_URL)';
  say(`
  API        ${stack.api}
  Web UI     ${stack.ui}   (Temporal's own)
  Temporal   127.0.0.1:${settings.temporal.port}
  store      ${store}
  notes      ${notes.WARDEN_NOTES_FOLDER}
  issues     ${notes.WARDEN_ISSUES_FILE}

A first thing to try, in another terminal in ${root}:

  export ENGINE_URL=${stack.api}
  alias warden="node ${join(root, 'dist', 'cli', 'warden.js')}"
  warden start saga -n changelog -v 1 --input '{"version": "1.2.0"}'
  warden review list
  warden review approve <trace_id> <step_span_id>     # both are in the list
  warden list steps --trace-id <trace_id>

Ctrl-C stops everything. Logs follow.
`);
}

/** Until a signal comes, or a process ends by itself, which ends the stack. */
async function follow(stack, signals) {
  // That Temporal's parts lose each other while it ends is no news.
  const shown = (line) => {
    if (signals.received() === null || !line.startsWith('temporal')) say(line);
  };
  const stopFollowing = followLogs(stack.children(), shown);
  try {
    await Promise.race([signals.stopped, ...stack.children().map(({ exited }) => exited)]);
    if (signals.received() === null) throwWhenEnded(stack.children());
    await stack.stop();
    say('Everything has ended.');
    return 0;
  } finally {
    stopFollowing();
  }
}
