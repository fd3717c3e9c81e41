/**
 * What temporal-dev.sh runs: `up`, `demo` or `test`. Dependencies are installed and sources built first when
 * they changed, so nothing that comes from a package is imported before that.
 */
import { buildWhenChanged, installWhenChanged } from './dev-prepare.mjs';

const say = (line) => console.log(line);
const [command] = process.argv.slice(2);

try {
  await installWhenChanged(say);
  // The tests build for themselves: it is one of their parts.
  if (command !== 'test') await buildWhenChanged(say);
  process.exitCode = await run(command);
} catch (error) {
  console.error(`ERROR: ${error.message}`);
  process.exitCode = 1;
}

async function run(name) {
  switch (name) {
    case 'up':
      return await (await import('./dev-up.mjs')).up();
    case 'demo':
      return await (await import('./demo.mjs')).demo();
    case 'test':
      return await (await import('./dev-test.mjs')).test();
    default:
      throw new Error(`expected up, demo or test, got "${name}"; run ./temporal-dev.sh help`);
  }
}
