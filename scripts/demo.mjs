/**
 * `./temporal-dev.sh demo`: the main job without a person, told as it happens. It runs on ports and in a folder
 * of its own, emptied before, and leaves nothing running.
 */
import { readdir, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { tellStory } from './demo-story.mjs';
import { deployExamples } from './dev-deploy.mjs';
import { notesSettings, seedExamples } from './dev-notes.mjs';
import { root } from './dev-prepare.mjs';
import { stopOnSignals } from './dev-signals.mjs';
import { createStack } from './dev-stack.mjs';
import { freePort } from './ports.mjs';

const say = (line) => console.log(line);
const title = (line) => say(`\n── ${line}`);

/**
 * @param {string} state folder that is emptied before
 * @returns {Promise<number>} exit code
 */
export async function demo(state = join(root, '.warden', 'demo')) {
  const began = Date.now();
  const notes = notesSettings(state, {});
  title(`Starting Temporal and Warden, on free ports and in ${relative(root, state)}`);
  const stack = createStack(await demoPlan(state, notes), say);
  const signals = stopOnSignals(stack, say);
  try {
    await stack.start();
    title('Deploying the examples of config/');
    await deployExamples(stack.api, say);
    await tellStory({ api: stack.api, notes: notes.WARDEN_NOTES_FOLDER, state, say, title });
    title('Stopping');
  } catch (error) {
    if (signals.received() !== null) return 130;
    throw error;
  } finally {
    await stack.stop();
    signals.forget();
  }
  say(`Everything has ended. The demo took ${Math.round((Date.now() - began) / 1000)} s.`);
  say('\nNext: ./temporal-dev.sh starts a stack in which you decide.');
  return 0;
}

async function demoPlan(state, notes) {
  const api = await freePort();
  let temporal = api;
  while (temporal === api) temporal = await freePort();
  return {
    state,
    host: '127.0.0.1',
    ports: { api, temporal, ui: null },
    postgres: false,
    env: { ...(await withoutSettings()), ...notes, WARDEN_DATA_DIR: join(state, 'data') },
    async prepare() {
      for (const name of await readdir(state)) {
        if (!name.startsWith('stack.lock.') && name !== 'logs')
          await rm(join(state, name), { recursive: true, force: true });
      }
      await seedExamples(notes);
    },
  };
}

/** Nothing of the user's own stack is used: what the environment or `.env` sets is set to nothing. */
async function withoutSettings() {
  const { loadEnvironment } = await import('../dist/settings.js');
  const ours = /^(WARDEN|TEMPORAL|ENGINE|PROMPTS|POLICIES|SCHEMAS|COMPENSATIONS|DATABASE|DB|LOGGING|WORKER)_/;
  const kept = ['TEMPORAL_CLI_PATH', 'WARDEN_RUN_ID'];
  return Object.fromEntries(
    Object.entries(loadEnvironment(root)).map(([name, value]) => [
      name,
      ours.test(name) && !kept.includes(name) ? '' : value,
    ]),
  );
}
