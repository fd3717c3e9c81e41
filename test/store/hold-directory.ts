/**
 * A process of its own that opens the embedded store of a directory, or only its lock, says so, and stays until it
 * is ended: `node hold-directory.ts store|lock <directory>`.
 */
import { lockDirectory } from '../../store/lock.ts';
import { openStore } from '../../store/store.ts';
import { deployed, startedFrom } from './sagas.ts';
import { reason } from './definitions.ts';

const [what, directory = ''] = process.argv.slice(2);
try {
  if (what === 'lock') {
    lockDirectory(directory);
  } else {
    const store = await openStore({ directory });
    await startedFrom(store, await deployed(store, [reason('read')]));
  }
  console.log('open');
  setInterval(() => undefined, 60_000);
} catch (error) {
  console.log(String(error));
  process.exitCode = 1;
}
