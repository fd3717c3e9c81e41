/**
 * The one environment of the template library in this process. It can neither read files nor run code, and
 * its fuel ends endless loops. A panic inside it leaves the whole library unusable, so it is loaded again.
 */
import { createRequire } from 'node:module';
import type { Environment } from 'minijinja-js';
import { ExpressionError, messageOf } from './error.ts';

interface Library {
  Environment: new () => Environment;
}

const FUEL = 1_000_000;
let current: Environment | null = null;

/** Runs `use` on the environment. Throws {@link ExpressionError}, with the line where the library names one. */
export function withEngine<T>(use: (environment: Environment) => T): T {
  current ??= load();
  try {
    return use(current);
  } catch (error) {
    const found = / \(in <[^>]*>:(\d+)\)/.exec(messageOf(error));
    if (found === null) current = null;
    const message = messageOf(error)
      .replace(/ \(in <[^>]*>:\d+\)[^]*$/, '')
      .slice(0, 500);
    throw new ExpressionError(message, found ? { line: Number(found[1]) } : {});
  }
}

function load(): Environment {
  const require = createRequire(import.meta.url);
  const path = require.resolve('minijinja-js');
  delete require.cache[path];
  const library: unknown = require(path);
  if (!isLibrary(library)) throw new Error(`expected ${path} to export Environment`);
  const environment = new library.Environment();
  environment.fuel = FUEL;
  environment.enablePyCompat();
  return environment;
}

function isLibrary(value: unknown): value is Library {
  return typeof value === 'object' && value !== null && 'Environment' in value;
}
