/** `npm run bench -- [suite…] [--json FILE]`: runs suites one after the other. Exit code 2: not understood. */
import { writeFile } from 'node:fs/promises';
import { cpus, release } from 'node:os';
import { testedCliVersion } from '#scripts/temporal-binaries.mjs';
import type { JsonObject } from '../domain/json.ts';
import { readOptions, usage, type Options } from './options.ts';
import { resume } from './resume.ts';
import { resumeFigures, resumeText } from './resume-report.ts';
import { startup } from './startup.ts';
import { startupFigures, startupText } from './startup-report.ts';

const suites: Readonly<Record<string, (options: Options) => Promise<JsonObject>>> = {
  resume: async (options) => {
    const result = await resume(options, (line) => console.error(line));
    for (const line of resumeText(result)) console.log(line);
    return resumeFigures(result);
  },
  startup: async (options) => {
    const result = await startup(options, (line) => console.error(line));
    for (const line of startupText(result)) console.log(line);
    return startupFigures(result);
  },
};

async function run(options: Options): Promise<void> {
  const names = options.suites.length === 0 ? Object.keys(suites) : options.suites;
  const unknown = names.filter((name) => !Object.hasOwn(suites, name));
  if (unknown.length > 0)
    throw new UsageError(`expected ${Object.keys(suites).join(', ')}, got ${unknown.join(', ')}`);
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${process.platform} ${release()}`;
  console.log(`${machine}; node ${process.version}; Temporal CLI ${testedCliVersion} or newer`);
  console.log(new Date().toISOString());
  const results: JsonObject = {};
  for (const name of names) results[name] = (await suites[name]?.(options)) ?? {};
  if (options.json !== null) await writeFile(options.json, `${JSON.stringify(results, null, 2)}\n`);
}

class UsageError extends Error {
  override name = 'UsageError';
}

function understand(): Options {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

try {
  await run(understand());
} catch (error) {
  const isUsage = error instanceof UsageError;
  console.error(isUsage ? `${error.message}\n\n${usage}` : error);
  process.exitCode = isUsage ? 2 : 1;
}
